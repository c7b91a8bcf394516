"""A private note is never mailed: whatever is done to it, by whatever way it was made, its words reach no mail server."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from channels.email.compose import compose
from channels.email.notice_mail import NoticeMail
from channels.notices import Notices
from channels.notify import Notifier
from core import clock as clocks
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import DeskError, NotFound
from core.scheduler import run_due
from core.storage import Storage
from staff.models import Agent
from tests import factories
from tests.channels.email.test_outbox import TOKENS, Desk
from tickets import delivery, drafts
from tickets.intake import Person
from tickets.models import Delivery, Draft, Message
from tickets.reply import NoteContent, ReplyContent, note, reply, system_note

SECRET = "margin-is-forty-percent"
STATES = ("queued", "sending", "sent", "delivered", "failed", "unknown", "bounced", "cancelled")
Step = Callable[["Play", AsyncSession], Awaitable[None]]


class Play:
    """A random play around one note and its (impossible) delivery rows."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk = desk
        self.chance = random.Random(seed)
        self.number = 0

    async def notes(self, session: AsyncSession) -> int:
        """Some note of the ticket."""
        found = list(await session.scalars(select(Message.id).where(Message.kind == "note")))
        return self.chance.choice(found)

    async def row(self, session: AsyncSession) -> int:
        """Some delivery of a note; one is written by hand when there is none."""
        statement = select(Delivery.id).join(Message, Message.id == Delivery.message_id).where(Message.kind == "note")
        found = list(await session.scalars(statement))
        if not found:
            await by_hand(self, session)
            found = list(await session.scalars(statement))
        return self.chance.choice(found)

    async def go(self) -> None:
        """One step, as the note's author; what the desk refuses is refused."""
        step = self.chance.choice(STEPS)
        actor = factories.actor(self.desk.agent)
        try:
            async with unit_of_work(self.desk.db, actor) as session:
                await step(self, session)
        except DeskError:
            pass
        if step in (send, recover):
            for number in await self._ids():
                await self.desk.outbound.deliver(number)

    async def _ids(self) -> list[int]:
        async with self.desk.db.sessions() as session:
            return list(await session.scalars(select(Delivery.id)))


async def write(play: Play, session: AsyncSession) -> None:
    """A note in an ordinary way."""
    play.number += 1
    content = NoteContent(client_key=f"n{play.number}", html=f"<p>{SECRET}</p>", mentions=[play.desk.agent.id])
    await note(session, play.desk.first.ticket_id, content)


async def by_system(play: Play, session: AsyncSession) -> None:
    """A note in the desk's own name."""
    await system_note(session, play.desk.first.ticket_id, "Desk", SECRET)


async def by_hand(play: Play, session: AsyncSession) -> None:
    """A delivery row for a note, as only a broken program could write it, with recipients."""
    message = await session.get_one(Message, await play.notes(session))
    taken = await session.scalar(select(Delivery.id).where(Delivery.message_id == message.id))
    message.to = [{"name": "Asha", "address": "asha@customer.example"}]
    now = clocks.now()
    if taken is None:
        session.add(
            Delivery(
                message_id=message.id, ticket_id=message.ticket_id, channel="email", state=play.chance.choice(("queued",) * len(STATES) + STATES),
                attempts=0, send_at=now, created_at=now, changed_at=now, scheduled=play.chance.random() < 0.3,
            )
        )  # fmt: skip
        await session.flush()


async def ask(play: Play, session: AsyncSession) -> None:
    """Ask for the send."""
    await delivery.request_send(session, await session.get_one(Delivery, await play.row(session)))


async def again(play: Play, session: AsyncSession) -> None:
    """Retry, to whomever."""
    to = play.chance.choice([None, [Person("", "friend@customer.example")]])
    await delivery.retry(session, await play.row(session), to)


async def now(play: Play, session: AsyncSession) -> None:
    """Send at once."""
    await delivery.send_now(session, await play.row(session))


async def later(play: Play, session: AsyncSession) -> None:
    """After a temporary failure."""
    await delivery.retry_later(session, await play.row(session), "451", 0)


async def undo(play: Play, session: AsyncSession) -> None:
    """Take it back."""
    await delivery.undo(session, await play.row(session))


async def move(play: Play, session: AsyncSession) -> None:
    """Any state."""
    await delivery.move(session, await play.row(session), play.chance.choice(STATES), only_from=STATES)


async def customer(play: Play, session: AsyncSession) -> None:
    """The customer writes: what is scheduled is taken back."""
    await factories.received(session, token_ticket_id=play.desk.first.ticket_id)


async def answer(play: Play, session: AsyncSession) -> None:
    """An ordinary reply in the same ticket; it is sent."""
    play.number += 1
    await reply(session, play.desk.first.ticket_id, ReplyContent(client_key=f"r{play.number}", html="<p>Yes.</p>"))


async def mixed_up(play: Play, session: AsyncSession) -> None:
    """The same key as a note, in another mode."""
    content = ReplyContent(client_key=f"n{max(1, play.number)}", html="<p>Yes.</p>")
    await reply(session, play.desk.first.ticket_id, content)


async def wait(play: Play, session: AsyncSession) -> None:
    """Time passes, timers ring."""
    play.desk.clock.advance(timedelta(seconds=play.chance.choice([1, 40, 4000])))
    await run_due(play.desk.db)


async def send(play: Play, session: AsyncSession) -> None:
    """The worker takes everything it can."""


async def recover(play: Play, session: AsyncSession) -> None:
    """A process died."""
    await play.desk.outbound.recover()


STEPS: tuple[Step, ...] = (
    write, by_system, by_hand, ask, again, now, later, undo, move, customer, answer, mixed_up, wait, send, recover,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
async def test_a_private_note_can_never_be_mailed(
    db: Database, storage: Storage, clock: ManualClock, seed: int
) -> None:
    """Sixty steps in any order; then everything that waits is sent. No mail holds the note, nor does a reply's draft."""
    desk = Desk(db, storage, clock)
    await desk.open()
    play = Play(desk, seed)
    async with unit_of_work(db, factories.actor(desk.agent)) as session:
        await write(play, session)
    for _ in range(60):
        await play.go()
    async with unit_of_work(db, factories.actor(desk.agent)) as session:
        await answer(play, session)
    clock.advance(timedelta(days=2))
    for number in await play._ids():
        await desk.outbound.deliver(number)
    assert desk.sender.mails, "replies are sent"
    for mail in desk.sender.mails:
        assert SECRET not in mail.text + mail.html + mail.subject
        assert SECRET.encode() not in compose(mail)
    async with db.sessions() as session:
        kept = list(await session.scalars(select(Draft.html).where(Draft.mode == "reply")))
        sent = await session.scalar(
            text(
                "select count(*) from deliveries d join messages m on m.id = d.message_id "
                "where m.kind = 'note' and d.provider_id is not null"
            )
        )
    assert not [html for html in kept if SECRET in html]
    assert sent == 0


async def test_taking_back_makes_no_reply_of_a_note(desk_with_note: Desk, db: Database, clock: ManualClock) -> None:
    """A row that should not be there does not turn a note into the draft of an answer."""
    async with unit_of_work(db) as session:
        noted = (await session.scalars(select(Message).where(Message.kind == "note"))).one()
        at = clock.now()
        row = Delivery(
            message_id=noted.id, ticket_id=noted.ticket_id, channel="email", state="queued", attempts=0, send_at=at,
            created_at=at, changed_at=at, scheduled=True,
        )  # fmt: skip
        session.add(row)
        author = await session.get_one(Agent, noted.author_agent_id)
    async with unit_of_work(db, factories.actor(author)) as session:
        with pytest.raises(NotFound):
            await delivery.undo(session, row.id)
    async with unit_of_work(db) as session:
        await factories.received(session, token_ticket_id=noted.ticket_id)
    async with db.sessions() as session:
        assert list(await session.scalars(select(Draft.id).where(Draft.mode == "reply"))) == []


async def test_the_mail_about_a_note_has_none_of_its_words(desk_with_note: Desk, db: Database) -> None:
    """The colleague who is named is told that there is a note, and nothing of it."""
    sender = desk_with_note.sender
    async with unit_of_work(db) as session:
        await session.execute(text("update agents set notify = '{\"mentioned\": true}'"))
        noted = (await session.scalars(select(Message).where(Message.kind == "note"))).one()
        await Notifier("http://desk").send(session, "mentioned", noted.ticket_id, noted.id, noted.mentions)
        number = await session.scalar(text("select id from notices"))
    await Notices(db, NoticeMail(TOKENS, sender, "http://desk")).send(number)  # type: ignore[arg-type]
    (mail,) = sender.mails
    assert "named you" in mail.text
    assert SECRET.encode() not in compose(mail)
    assert mail.reply_to is None
    assert TOKENS.marked_agent(mail.text) is None


@pytest.fixture
async def desk_with_note(db: Database, storage: Storage, clock: ManualClock) -> Desk:
    """A desk with a note that names somebody."""
    desk = Desk(db, storage, clock)
    await desk.open()
    async with unit_of_work(db) as session:
        author = await factories.agent(session)
    async with unit_of_work(db, factories.actor(author)) as session:
        content = NoteContent(client_key="n", html=f"<p>{SECRET}</p>", mentions=[desk.agent.id])
        await note(session, desk.first.ticket_id, content)
        await drafts.save(session, desk.first.ticket_id, "note", f"<p>{SECRET}</p>", 1)
    return desk
