"""A desk with a widget, an agent and a mail server's stand-in, and visitors who talk through the ledger."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import select

from channels import inbound
from channels.chat import conversations, following, presence, stream, visitors, widgets
from channels.chat.conversations import Beginning
from channels.chat.identity import VisitorTokens
from channels.chat.models import Chat, ChatVisitor, Widget
from channels.chat.outbox import ChatOutbox
from channels.chat.reader import ChatPost, ChatReader, incoming
from channels.chat.stream import Entry
from channels.chat.widgets import WidgetChange
from channels.email.compose import OutgoingMail
from channels.email.outbox import EmailOutbox
from channels.email.reader import EmailReader
from channels.email.send import Receipt
from channels.email.tokens import Tokens
from channels.inbound import Inbound, Incoming
from channels.outbound import Outbound
from core import events
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.scheduler import run_due
from core.storage import Storage
from core.vault import Vault
from staff.models import Agent
from tests import factories
from tickets.events import MessageReceived, TicketRead
from tickets.models import Delivery, Message, Ticket
from tickets.reply import ReplyContent, reply

SECRET = "test-secret-of-the-suite"
TOKENS = VisitorTokens(SECRET)
VAULT = Vault(SECRET)
MAIL_TOKENS = Tokens(SECRET, "desk.example")


class Sender:
    """An SMTP side that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[OutgoingMail] = []

    async def deliver(self, mail: OutgoingMail, before_handover: Callable[[], Awaitable[None]]) -> Receipt:
        """Take everything."""
        await before_handover()
        self.mails.append(mail)
        return Receipt("250 ok")


class Desk:
    """Both sides of the window."""

    def __init__(self, db: Database, storage: Storage, clock: ManualClock) -> None:
        self.db = db
        self.clock = clock
        self.sender = Sender()
        mail = EmailOutbox(storage, MAIL_TOKENS, self.sender)  # type: ignore[arg-type]  # a stand-in
        self.outbound = Outbound(db, {"email": mail, "chat": ChatOutbox(db, mail)})
        reader, mail_reader = ChatReader(storage), EmailReader(storage, MAIL_TOKENS)
        self.inbound = Inbound(
            {"chat": reader, "email": mail_reader},
            {"chat": reader.could_not_read, "email": mail_reader.could_not_read},
        )
        self.agent = Agent()
        self.widget = Widget()
        self.account_id = self.mailbox_id = 0
        self._numbers = 0

    async def open(self, **change: Any) -> None:
        """Make mailbox, agent and widget."""
        async with unit_of_work(self.db) as session:
            self.mailbox_id = (await factories.mailbox(session)).id
            self.agent = await factories.agent(session, name="Neha Iyer", present="available")
            wanted = WidgetChange(name="Shop", origins=["https://shop.example"], **change)
            self.widget = await widgets.create(session, VAULT, wanted)
            self.account_id = self.widget.account_id

    async def visitor(self) -> ChatVisitor:
        """A browser that has agreed to chat."""
        _, name_hash = TOKENS.anonymous(self.widget.id)
        async with unit_of_work(self.db) as session:
            return await visitors.anonymous(session, self.widget, name_hash)

    async def begin(self, visitor: ChatVisitor | None = None, **beginning: Any) -> Chat:
        """A conversation of a visitor."""
        known = visitor or await self.visitor()
        async with unit_of_work(self.db) as session:
            merged = await session.merge(known)
            return await conversations.begin(session, self.widget, merged, Beginning(**beginning))

    async def say(self, chat: Chat, text: str, client_id: str | None = None, **more: Any) -> int | None:
        """The visitor writes; returns the ledger's row, None when it was there already."""
        self._numbers += 1
        post = ChatPost(chat_id=chat.id, client_id=client_id or f"c{self._numbers}", text=text, **more)
        return await self.process(incoming(self.account_id, await self.chat(chat), post))

    async def process(self, item: Incoming) -> int | None:
        """Store and process something."""
        item_id = await inbound.store(self.db, item)
        if item_id is not None:
            async with unit_of_work(self.db) as session:
                await self.inbound.process(session, item_id)
        return item_id

    async def chat(self, chat: Chat) -> Chat:
        """The conversation as it is now."""
        async with reading(self.db) as session:
            return await session.get_one(Chat, chat.id)

    async def newest(self) -> Chat:
        """The newest conversation."""
        async with reading(self.db) as session:
            return (await session.scalars(select(Chat).order_by(Chat.id.desc()).limit(1))).one()

    async def ticket(self, chat: Chat) -> Ticket:
        """Its ticket."""
        async with reading(self.db) as session:
            ticket_id = (await session.get_one(Chat, chat.id)).ticket_id
            return (await session.scalars(select(Ticket).where(Ticket.id == ticket_id))).one()

    async def answer(self, chat: Chat, words: str, *, send: bool = True) -> Delivery:
        """The agent writes; returns the delivery after the worker has looked at it."""
        self._numbers += 1
        ticket = await self.ticket(chat)
        async with unit_of_work(self.db, factories.actor(self.agent)) as session:
            content = ReplyContent(client_key=f"agent-{self._numbers}", html=f"<p>{words}</p>", undo_seconds=0)
            said = await reply(session, ticket.id, content)
        if send:
            await self.work()
        return await self.delivery(said.id)

    async def work(self) -> None:
        """Have the worker look at everything that is queued and due."""
        await run_due(self.db)
        async with reading(self.db) as session:
            waiting = list(await session.scalars(select(Delivery.id).where(Delivery.state == "queued")))
        for each in waiting:
            await self.outbound.deliver(each)

    async def delivery(self, message_id: int) -> Delivery:
        """The delivery of a message as it is now."""
        async with reading(self.db) as session:
            return (await session.scalars(select(Delivery).where(Delivery.message_id == message_id))).one()

    async def window(self, chat: Chat, after: int = 0) -> list[Entry]:
        """What the visitor's browser gets."""
        async with reading(self.db) as session:
            return await stream.after(session, chat.id, after)

    async def texts(self, chat: Chat) -> list[str]:
        """The words in the window."""
        return [each.data["text"] for each in await self.window(chat) if each.kind == "said"]

    async def messages(self, chat: Chat) -> list[Message]:
        """The messages of the ticket."""
        ticket = await self.ticket(chat)
        async with reading(self.db) as session:
            statement = select(Message).where(Message.ticket_id == ticket.id).order_by(Message.id)
            return list(await session.scalars(statement))

    async def beat(self, chat: Chat) -> None:
        """A tab of the visitor gives a sign of life."""
        async with unit_of_work(self.db) as session:
            await presence.beat(session, chat.id)

    async def pass_time(self, seconds: float) -> None:
        """Let time go by, with the desk's sweeps."""
        self.clock.advance(timedelta(seconds=seconds))
        async with unit_of_work(self.db) as session:
            await presence.sweep(session)

    async def events(self, kind: str) -> list[dict[str, Any]]:
        """The data of all events of a kind."""
        rows = await self.db.fetch("select data::text as data from events where kind = $1 order by id", kind)
        return [events_data(row["data"]) for row in rows]


def events_data(text: str) -> dict[str, Any]:
    """An event's facts."""
    found: dict[str, Any] = msgspec.json.decode(text)
    return found


async def opened(db: Database, storage: Storage, clock: ManualClock) -> Desk:
    """A desk that is open, with the chat's handlers in place."""
    events.subscribe({MessageReceived: (following.on_message_received,), TicketRead: (following.on_read,)})
    made = Desk(db, storage, clock)
    await made.open()
    return made
