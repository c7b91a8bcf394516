"""Mails of people whose address is of no use: each is a person of her own, and nobody answers into the void."""

import pytest
from sqlalchemy import func, select, text

from channels.email.filters import TOO_BIG_HEADER
from channels.inbound import Incoming, reprocess, store
from channels.models import InboundItem, Notice
from core.db import Database, unit_of_work
from core.errors import Invalid
from core.storage import Storage
from customers import consent
from customers.models import ContactPoint, Customer
from tests import factories
from tests.channels.email.test_reader import Post
from tickets.intake import Person
from tickets.models import Message, Ticket
from tickets.reply import NewTicket, ReplyContent, open_ticket, reply

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def post(db: Database, storage: Storage) -> Post:
    """The post."""
    return Post(db, storage)


def nameless(head: str, words: str) -> bytes:
    """A mail whose sender cannot be told."""
    return f"{head}\r\nTo: support@desk.example\r\nSubject: Machine\r\n\r\n{words}\r\n".encode()


HEADS = ["X-None: 1", "From:", "From: Ravi Kumar", "From: <>", "From: @customer.example", "From: undisclosed:;"]


@pytest.mark.parametrize("head", HEADS)
async def test_each_is_a_person_of_her_own(post: Post, head: str) -> None:
    """Nobody reads in one ticket what another wrote, and the same mail is still known again."""
    box = await post.box()
    rows = [await arrives(post, box, nameless(head, words), "") for words in ("One", "Two", "Two")]
    assert [each.outcome for each in rows] == ["ticket", "ticket", "duplicate"]
    async with post.db.sessions() as session:
        tickets = list(await session.scalars(select(Ticket).order_by(Ticket.id)))
        assert len({each.customer_id for each in tickets}) == 2
        assert await session.scalar(select(func.count()).select_from(ContactPoint)) == 0
        names = set(await session.scalars(select(Customer.name)))
        assert names == {{HEADS[2]: "Ravi Kumar", HEADS[4]: "@customer.example"}.get(head, "Unknown sender")}
        assert set(await session.scalars(select(Message.author_address))) == {None}


async def arrives(post: Post, box: int, raw: bytes, envelope: str):
    """One mail comes in whose envelope had this sender."""
    async with unit_of_work(post.db) as session:
        number = await session.scalar(text("select coalesce(max(id), 0) + 1 from inbound_items"))
        incoming = Incoming(box, "email", f"8:{number}", raw, envelope)
    item_id = await store(post.db, incoming)
    async with unit_of_work(post.db) as session:
        await post.inbound.process(session, item_id)
    return await post.one(InboundItem, item_id)


async def test_an_answer_needs_an_address(post: Post) -> None:
    """The composer is told so; an address that the agent knows will do."""
    box = await post.box()
    row = await arrives(post, box, nameless("From: Ravi", "Hello"), "")
    async with unit_of_work(post.db) as session:
        agent = await factories.agent(session)
    rights = factories.AGENT_RIGHTS | {"tickets:read_all"}
    content = ReplyContent(client_key="k", html="<p>We come.</p>")
    with pytest.raises(Invalid) as refused:
        async with unit_of_work(post.db, factories.actor(agent, rights=rights)) as session:
            await reply(session, row.ticket_id, content)
    assert str(refused.value.detail) == "to: No e-mail address of this customer is known."
    known = ReplyContent(client_key="k", html="<p>We come.</p>", to=[Person("Ravi", "ravi@customer.example")])
    async with unit_of_work(post.db, factories.actor(agent, rights=rights)) as session:
        sent = await reply(session, row.ticket_id, known)
    assert [each["address"] for each in sent.to] == ["ravi@customer.example"]


@pytest.mark.parametrize("address", ["unknown@sender.invalid", "x@INVALID", "a@b.c.invalid."])
async def test_nobody_is_written_to_where_nobody_can_be(post: Post, address: str) -> None:
    """Names under .invalid never exist: a message to one would only seem to be sent."""
    await post.box()
    async with unit_of_work(post.db) as session:
        agent = await factories.agent(session)
        assert not (await consent.may_write(session, kind="email", value=address, purpose="service")).allowed
    with pytest.raises(Invalid, match="Nobody can be reached|No e-mail address"):
        async with unit_of_work(post.db, factories.actor(agent, rights=factories.AGENT_RIGHTS)) as session:
            wanted = NewTicket(client_key="k", subject="Order", html="<p>Hi</p>", customer_email=address)
            await open_ticket(session, wanted)


async def test_who_wrote_to_a_ticket_is_not_made_twice(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail that is read at the second try belongs to the person that stood for its author meanwhile."""
    box = await post.box()
    with monkeypatch.context() as broken:
        broken.setattr("channels.email.reader.parse_mail", lambda _: 1 / 0)
        first = await arrives(post, box, nameless("From: Ravi", "Hello"), "")
    assert first.outcome == "unreadable"
    async with unit_of_work(post.db) as session:
        await reprocess(session, first.id)
    async with unit_of_work(post.db) as session:
        await post.inbound.process(session, first.id)
    again = await post.one(InboundItem, first.id)
    assert (again.ticket_id, again.matched_by) == (first.ticket_id, "reprocessed")
    async with post.db.sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Customer)) == 1


async def test_who_cannot_be_reached_is_not_told_that_a_mail_was_too_big(post: Post) -> None:
    """There is nobody to tell."""
    box = await post.box()
    big = f"{TOO_BIG_HEADER}: 99000000\r\n".encode() + nameless("From: Ravi", "")
    assert (await arrives(post, box, big, "")).outcome == "too_big"
    async with post.db.sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Notice)) == 0
