"""The outbox: every way a send can end, and that two workers never send one mail twice."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.outbound import Outbound, Send, Unknown
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import NotFound, Permanent, Temporary
from core.scheduler import run_due
from staff.models import Agent
from tests import factories
from tickets import delivery
from tickets.models import Delivery
from tickets.reply import ReplyContent, reply


class Provider:
    """A channel whose provider does what the test says."""

    def __init__(self, *answers: Exception | str) -> None:
        self.answers = list(answers)
        self.accepted = 0

    async def prepare(self, _session: object, _sending: Delivery) -> Send:
        """Nothing to compose."""

        async def send(before_handover: Callable[[], Awaitable[None]]) -> str:
            answer = self.answers.pop(0)
            if isinstance(answer, Permanent | Temporary):
                raise answer
            await before_handover()
            self.accepted += 1
            if isinstance(answer, Exception):
                raise answer
            return answer

        return send


@pytest.fixture
async def queued(db: Database, clock: ManualClock) -> tuple[int, Agent]:
    """A reply whose time to be undone is over, and its author."""
    async with unit_of_work(db) as session:
        agent = await factories.agent(session)
        first = await factories.received(session)
    async with unit_of_work(db, factories.actor(agent)) as session:
        message = await reply(session, first.ticket_id, ReplyContent(client_key="k", html="<p>Yes.</p>"))
        sending = await session.scalar(select(Delivery.id).where(Delivery.message_id == message.id))
    clock.advance(timedelta(seconds=6))
    assert sending is not None
    return sending, agent


async def state(db: Database, delivery_id: int) -> Delivery:
    """The row as it is now."""
    async with db.sessions() as session:
        return await session.get_one(Delivery, delivery_id)


Queued = tuple[int, Agent]


async def test_a_send_is_recorded_with_the_providers_id(db: Database, queued: Queued) -> None:
    """Queued → sending → sent, each step kept."""
    await Outbound(db, {"email": Provider("250 id-1")}).deliver(queued[0])
    row = await state(db, queued[0])
    assert (row.state, row.provider_id, row.attempts) == ("sent", "250 id-1", 1)
    assert [entry["state"] for entry in row.history] == ["queued", "sending", "sent"]


async def test_two_workers_send_once(db: Database, queued: Queued) -> None:
    """Both take the same delivery; only one hands it over."""
    provider = Provider("a", "b", "c")
    outbound = Outbound(db, {"email": provider})
    await asyncio.gather(*(outbound.deliver(queued[0]) for _ in range(3)))
    assert provider.accepted == 1


async def test_the_slower_worker_leaves_the_state_alone(db: Database, queued: Queued) -> None:
    """While one worker hands a message over, another that comes too late must not call it failed."""
    prepared, handed_over, given_up = asyncio.Event(), asyncio.Event(), asyncio.Event()

    class Slower(Provider):
        async def prepare(self, session: object, sending: Delivery) -> Send:
            send = await super().prepare(session, sending)

            async def late(before_handover: Callable[[], Awaitable[None]]) -> str:
                prepared.set()
                await handed_over.wait()
                return await send(before_handover)

            return late

    class Faster(Provider):
        async def prepare(self, _session: object, _sending: Delivery) -> Send:
            async def send(before_handover: Callable[[], Awaitable[None]]) -> str:
                await before_handover()
                handed_over.set()
                await given_up.wait()
                return "250 id-1"

            return send

    async def slower() -> None:
        await Outbound(db, {"email": Slower("twice!")}).deliver(queued[0])
        given_up.set()

    async def faster() -> None:
        await prepared.wait()
        await Outbound(db, {"email": Faster()}).deliver(queued[0])

    await asyncio.gather(slower(), faster())
    row = await state(db, queued[0])
    assert (row.state, row.provider_id) == ("sent", "250 id-1")


@pytest.mark.parametrize("problem", [NotFound("The file is no longer stored."), ValueError("odd")])
async def test_what_cannot_be_prepared_is_shown(db: Database, queued: Queued, problem: Exception) -> None:
    """A message that cannot be put together has failed for its author to see; it does not wait in the queue for ever."""

    class Broken(Provider):
        async def prepare(self, _session: object, _sending: Delivery) -> Send:
            raise problem

    await Outbound(db, {"email": Broken()}).deliver(queued[0])
    row = await state(db, queued[0])
    assert row.state == "failed"
    assert str(problem) in (row.error or "")


async def test_an_unforeseen_error_after_the_handover_is_unknown(db: Database, queued: Queued) -> None:
    """Nobody can say whether the message left, so the agent is asked; before the hand-over it has plainly failed."""
    await Outbound(db, {"email": Provider(ValueError("odd"))}).deliver(queued[0])
    row = await state(db, queued[0])
    assert (row.state, row.error) == ("unknown", "ValueError: odd")


async def test_a_temporary_refusal_is_tried_again_later(db: Database, queued: Queued, clock: ManualClock) -> None:
    """4xx: back in the queue with a timer and the server's sentence; then it goes."""
    provider = Provider(Temporary("451 come back"), "ok")
    outbound = Outbound(db, {"email": provider})
    await outbound.deliver(queued[0])
    row = await state(db, queued[0])
    assert (row.state, row.error) == ("queued", "451 come back")
    await outbound.deliver(queued[0])
    assert provider.accepted == 0
    clock.advance(timedelta(seconds=31))
    assert await run_due(db) >= 1
    await outbound.deliver(queued[0])
    assert (await state(db, queued[0])).state == "sent"


async def test_waiting_for_a_turn_is_no_try(db: Database, queued: Queued, clock: ManualClock) -> None:
    """However often a mail has to wait for the provider's pace, it is not given up, and can still be taken back."""
    waits = [Temporary("20 a minute", 3, counts=False) for _ in range(len(delivery.RETRY_DELAYS) + 3)]
    outbound = Outbound(db, {"email": Provider(*waits, "ok")})
    for _ in waits:
        await outbound.deliver(queued[0])
        row = await state(db, queued[0])
        assert (row.state, row.attempts) == ("queued", 0)
        assert row.send_at == clock.now() + timedelta(seconds=3)
        clock.advance(timedelta(seconds=3))
    await outbound.deliver(queued[0])
    assert (await state(db, queued[0])).state == "sent"


async def test_a_refused_sign_in_is_tried_for_a_night(db: Database, queued: Queued, clock: ManualClock) -> None:
    """A person must mend it, and may sleep: every five minutes for as long as any other mail is tried, then given up."""
    pause, answers = 300.0, 400
    outbound = Outbound(db, {"email": Provider(*[Temporary("535 no", pause) for _ in range(answers)])})
    began = clock.now()
    while (row := await state(db, queued[0])).state == "queued":
        clock.advance(max(timedelta(0), row.send_at - clock.now()))
        await outbound.deliver(queued[0])
    assert (row.state, row.error) == ("failed", "Given up: 535 no")
    lasted = (clock.now() - began).total_seconds()
    assert abs(lasted - sum(delivery.RETRY_DELAYS)) <= 2 * pause


async def test_a_permanent_refusal_is_shown_and_can_be_mended(db: Database, queued: Queued) -> None:
    """5xx: failed on message and ticket; an agent's retry sends it."""
    outbound = Outbound(db, {"email": Provider(Permanent("550 no such user"), "ok")})
    await outbound.deliver(queued[0])
    row = await state(db, queued[0])
    assert (row.state, row.error) == ("failed", "550 no such user")
    async with unit_of_work(db, factories.actor(queued[1])) as session:
        await delivery.retry(session, queued[0])
    await outbound.deliver(queued[0])
    assert (await state(db, queued[0])).state == "sent"


async def test_a_lost_answer_is_unknown_and_never_sent_again(db: Database, queued: Queued) -> None:
    """The connection died after the content: shown as unknown, left alone until an agent decides."""
    provider = Provider(Unknown("the connection was lost"), "twice!")
    outbound = Outbound(db, {"email": provider})
    await outbound.deliver(queued[0])
    await outbound.deliver(queued[0])
    assert (await state(db, queued[0])).state == "unknown"
    assert provider.accepted == 1


async def test_what_a_dead_process_left_behind_becomes_unknown(
    db: Database, queued: Queued, clock: ManualClock
) -> None:
    """A row that stays in sending is found after a while; one forgotten in the queue is asked for again."""
    async with unit_of_work(db) as session:
        await delivery.move(session, queued[0], "sending", only_from=("queued",))
    outbound = Outbound(db, {"email": Provider()})
    assert await outbound.recover() == 0
    clock.advance(timedelta(minutes=4))
    assert await outbound.recover() == 1
    row = await state(db, queued[0])
    assert row.state == "unknown"
    assert "may have arrived" in (row.error or "")


async def test_an_undone_reply_is_not_sent(db: Database, clock: ManualClock) -> None:
    """The timer of an undone reply finds nothing to do."""
    async with unit_of_work(db) as session:
        agent = await factories.agent(session)
        first = await factories.received(session)
    async with unit_of_work(db, factories.actor(agent)) as session:
        message = await reply(session, first.ticket_id, ReplyContent(client_key="k", html="<p>Oops.</p>"))
        sending = await session.scalar(select(Delivery.id).where(Delivery.message_id == message.id))
        assert sending is not None
        await delivery.undo(session, sending)
    clock.advance(timedelta(seconds=10))
    provider = Provider("no!")
    await Outbound(db, {"email": provider}).deliver(sending)
    assert provider.accepted == 0
