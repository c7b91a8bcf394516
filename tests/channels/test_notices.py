"""Notices: an outbox of their own, with every state, every way to end, and no second send after a crash."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from channels import notices
from channels.email.compose import OutgoingMail, compose
from channels.email.notice_mail import NoticeMail
from channels.email.parse import parse_mail
from channels.email.send import Receipt
from channels.email.tokens import Tokens
from channels.models import Notice
from channels.notices import Notices
from channels.outbound import Send, Unknown
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import Permanent, Temporary
from core.scheduler import run_due
from staff import agents
from staff.models import Agent
from tests import factories
from tickets.delivery import RETRY_DELAYS

TOKENS = Tokens("secret", "desk.example")


class Provider:
    """A channel whose provider does what the test says."""

    def __init__(self, *answers: Exception | str) -> None:
        self.answers = list(answers)
        self.accepted = 0

    async def prepare_notice(self, _session: object, _notice: Notice) -> Send:
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


async def queued(db: Database, **values: object) -> int:
    """A notice that waits to be sent."""
    given: dict[str, object] = {
        "kind": "assigned", "to_address": "neha@desk.test", "to_name": "Neha", "subject": "A ticket", "text": "It is yours.",
    }  # fmt: skip
    async with unit_of_work(db) as session:
        made = await notices.create(session, **(given | values))  # type: ignore[arg-type]
    assert made is not None
    return made


async def row(db: Database, notice_id: int) -> Notice:
    """The notice as it is now."""
    async with unit_of_work(db) as session:
        found = await session.get(Notice, notice_id)
    assert found is not None
    return found


async def test_a_notice_is_sent_once(db: Database, clock: ManualClock) -> None:
    """Three workers take it; one hands it over, and the provider's words are kept."""
    number = await queued(db)
    provider = Provider("250 a", "250 a", "250 a")
    work = Notices(db, provider)
    await asyncio.gather(*(work.send(number) for _ in range(3)))
    now = await row(db, number)
    assert (now.state, now.provider_id, now.sent_at, provider.accepted) == ("sent", "250 a", clock.now(), 1)


async def test_a_notice_goes_with_its_transaction(db: Database, clock: ManualClock) -> None:
    """Rolled back: neither row nor job."""
    with pytest.raises(ZeroDivisionError):
        async with unit_of_work(db) as session:
            await notices.create(session, kind="assigned", to_address="a@b.example", to_name="", subject="s", text="t")
            raise ZeroDivisionError
    async with db.sessions() as session:
        assert (
            await session.scalar(text("select (select count(*) from notices) + (select count(*) from jobs.pgqueuer)"))
            == 0
        )


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (Permanent("550 no such user"), "failed", "550 no such user"),
        (Unknown("the line broke"), "unknown", "the line broke"),
        (ValueError("odd"), "unknown", "ValueError: odd"),
    ],
)
async def test_every_end_is_on_record(
    db: Database, clock: ManualClock, answer: Exception, state: str, words: str
) -> None:
    """Refused, or nobody knows: told in words, and not tried again."""
    number = await queued(db)
    provider = Provider(answer, "twice!")
    await Notices(db, provider).send(number)
    await Notices(db, provider).send(number)
    now = await row(db, number)
    assert (now.state, now.error) == (state, words)
    assert len(provider.answers) == 1


async def test_temporary_refusals_come_back_and_end(db: Database, clock: ManualClock) -> None:
    """The delays of deliveries, then given up; waiting for a turn is no try."""
    number = await queued(db)
    provider = Provider(Temporary("turn", 3, counts=False), *[Temporary("451")] * 9)
    work = Notices(db, provider)
    await work.send(number)
    assert (await row(db, number)).attempts == 0
    clock.advance(timedelta(seconds=3))
    assert await run_due(db) == 1
    for delay in RETRY_DELAYS:
        await work.send(number)
        now = await row(db, number)
        assert (now.state, now.error) == ("queued", "451")
        clock.advance(timedelta(seconds=delay - 1))
        assert await run_due(db) == 0
        clock.advance(timedelta(seconds=1))
        assert await run_due(db) == 1
    await work.send(number)
    now = await row(db, number)
    assert (now.state, now.error) == ("failed", "Given up: 451")


async def test_what_a_dead_process_left_behind(db: Database, clock: ManualClock) -> None:
    """Half handed over is unknown; forgotten is asked for again; what a timer holds is left alone."""
    half, forgotten, timed = [await queued(db, subject=word) for word in ("a", "b", "c")]
    work = Notices(db, Provider(Temporary("later", 7200)))
    await work.send(timed)
    async with unit_of_work(db) as session:
        await session.execute(update(Notice).where(Notice.id == half).values(state="sending"))
        await session.execute(text("delete from jobs.pgqueuer"))
    assert await work.recover() == 0
    clock.advance(timedelta(minutes=4))
    assert await work.recover() == 2
    assert [(await row(db, each)).state for each in (half, forgotten, timed)] == ["unknown", "queued", "queued"]
    async with db.sessions() as session:
        assert await session.scalar(text("select count(*) from jobs.pgqueuer")) == 1


async def test_a_bounce_marks_the_notice_and_the_agent(db: Database, clock: ManualClock) -> None:
    """Hard: bounced, and no mail to her any more; soft: only the words are kept. No ticket comes of either (field 14)."""
    async with unit_of_work(db) as session:
        agent = await factories.agent(session)
    number = await queued(db, agent_id=agent.id)
    async with unit_of_work(db) as session:
        assert not await notices.bounced(session, number, "too early: it never left")
    await Notices(db, Provider("ok")).send(number)
    async with unit_of_work(db) as session:
        assert await notices.bounced(session, number, "4.2.2 mailbox full", hard=False)
    assert ((await row(db, number)).state, (await row(db, number)).error) == ("sent", "4.2.2 mailbox full")
    async with unit_of_work(db) as session:
        assert await notices.bounced(session, number, "5.1.1 no such user")
        assert not await notices.bounced(session, 999, "nobody's")
    async with db.sessions() as session:
        failed = await session.scalar(select(Agent.address_failed).where(Agent.id == agent.id))
        tickets = await session.scalar(text("select count(*) from tickets"))
    assert ((await row(db, number)).state, failed, tickets) == ("bounced", "5.1.1 no such user", 0)
    async with unit_of_work(db) as session:
        await agents.change_preferences(session, agent.id, agents.Preferences(notify=frozenset({"assigned"})))
        assert await session.scalar(select(Agent.address_failed).where(Agent.id == agent.id)) is None


class Sender:
    """An SMTP side that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[OutgoingMail] = []

    async def deliver(self, mail: OutgoingMail, before_handover: Callable[[], Awaitable[None]]) -> Receipt:
        """Take everything."""
        await before_handover()
        self.mails.append(mail)
        return Receipt("250 ok")


async def test_a_notice_to_an_agent_can_be_answered_and_ended(db: Database, clock: ManualClock) -> None:
    """Token in Reply-To and at the end, ours by its id, automatic by its headers, with the way to the preferences."""
    async with unit_of_work(db) as session:
        other = await factories.mailbox(session, address="other@desk.example")
        box = await factories.mailbox(session)
        agent = await factories.agent(session)
        first = await factories.received(session, account_id=box.id)
        assert other.id < box.id
    number = await queued(
        db, agent_id=agent.id, ticket_id=first.ticket_id, to_address=agent.email, html="<p>It is yours.</p>"
    )
    sender = Sender()
    await Notices(db, NoticeMail(TOKENS, sender, "https://desk.example")).send(number)  # type: ignore[arg-type]
    mail = sender.mails[0]
    read = parse_mail(compose(mail))
    assert mail.account.address == "support@desk.example"
    assert TOKENS.agent_in([mail.reply_to or ""]) == (agent.id, first.ticket_id)
    assert TOKENS.marked_agent(read.text) == TOKENS.marked_agent(mail.html) == (agent.id, first.ticket_id)
    assert TOKENS.marked_ticket(read.text) is None
    assert TOKENS.own_notice(read.message_id) == number
    assert read.auto_submitted == "auto-generated"
    assert b"List-Unsubscribe: <https://desk.example/console/preferences>" in compose(mail)
    assert (await row(db, number)).state == "sent"


@pytest.mark.parametrize(("kind", "options"), [("mentioned", {}), ("assigned", {"agent_answers": "off"})])
async def test_not_every_notice_can_be_answered(
    db: Database, clock: ManualClock, kind: str, options: dict[str, str]
) -> None:
    """Who answers a colleague's note must not write to the customer; nor anybody where answers by mail are off."""
    async with unit_of_work(db) as session:
        box = await factories.mailbox(session)
        box.options = options
        agent = await factories.agent(session)
        first = await factories.received(session, account_id=box.id)
    number = await queued(db, kind=kind, agent_id=agent.id, ticket_id=first.ticket_id, to_address=agent.email)
    sender = Sender()
    await Notices(db, NoticeMail(TOKENS, sender, "")).send(number)  # type: ignore[arg-type]
    assert sender.mails[0].reply_to is None
    assert TOKENS.marked_agent(sender.mails[0].text) is None


async def test_a_refusal_answers_the_mail_it_refuses(db: Database, clock: ManualClock) -> None:
    """Auto-replied, in the refused mail's thread, without a token: nobody can post by answering it (field 24)."""
    async with unit_of_work(db) as session:
        await factories.mailbox(session)
    number = await queued(db, kind="too_big", to_address="a@customer.example", in_reply_to="big@customer.example")
    sender = Sender()
    await Notices(db, NoticeMail(TOKENS, sender, "")).send(number)  # type: ignore[arg-type]
    mail = sender.mails[0]
    read = parse_mail(compose(mail))
    assert (read.auto_submitted, read.in_reply_to, mail.reply_to) == ("auto-replied", "big@customer.example", None)
    assert b"List-Unsubscribe" not in compose(mail)


async def test_no_notice_goes_to_ourselves_or_from_nowhere(db: Database, clock: ManualClock) -> None:
    """An agent whose address is a mailbox of ours would make a loop (field 27); without a mailbox the reason is shown."""
    number = await queued(db)
    mail = NoticeMail(TOKENS, Sender(), "")  # type: ignore[arg-type]
    await Notices(db, mail).send(number)
    assert "No mailbox" in ((await row(db, number)).error or "")
    async with unit_of_work(db) as session:
        await factories.mailbox(session)
    number = await queued(db, to_address="Support+x@desk.example")
    await Notices(db, mail).send(number)
    assert ((await row(db, number)).state, (await row(db, number)).error) == ("failed", "The address is our own.")
