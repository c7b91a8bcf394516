"""Erasing a customer: nothing says who she was any more, anywhere in the database; numbers and others' words stay."""

import json
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import select, text

from channels import erasing, inbound, notices
from channels.chat import conversations, stream, visitors, widgets
from channels.chat.conversations import Beginning
from channels.chat.widgets import WidgetChange
from channels.erasing import Forgetting
from channels.inbound import Incoming
from channels.models import ChannelAccount, InboundRaw
from core import clock as clocks
from core import events, search
from core.actor import Actor
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.errors import Invalid, NotFound
from core.jobs import Definition, Registry, Worker
from core.search import Query
from core.search_feed import Feed
from core.storage import Storage
from core.vault import Vault
from customers import consent, privacy, sessions
from customers import erasing as people
from customers.models import Customer
from customers.privacy import AlreadyHandled
from knowledge_base import files, publishing, writing
from knowledge_base.events import ArticleDeleted
from knowledge_base.writing import Properties, Text
from products import recalls, registering
from products.recalls import RecallInput
from routing import promising
from routing.promising import Words
from sampark import searching
from tests import factories
from tests.products import rows
from tickets import lifecycle, policy, satisfaction
from tickets.intake import InboundMessage, NewAttachment, Person, receive
from tickets.lifecycle import TicketChange
from tickets.models import Attachment, Message, Ticket
from tickets.policy import Policy
from tickets.reply import NoteContent, ReplyContent, note, reply

ASHA, RAVI = "asha.unique@customer.example", "ravi@elsewhere.example"
PERSONAL = ("asha.unique", "Asha Unique", "dripping-secret", "birthday-secret", "comment-secret")


@pytest.fixture
async def agent(db: Database, clock: ManualClock) -> Actor:
    """An agent."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        return factories.actor(await factories.agent(session, team), team)


@pytest.fixture
async def wish(db: Database, agent: Actor, storage: Storage) -> int:
    """Somebody with much to forget, who wants it; and a stranger in whose ticket she takes part."""
    async with unit_of_work(db) as session:
        account = ChannelAccount(channel="web", name="web", address="", display_name="", created_at=clocks.now())
        session.add(account)
        await session.flush()
        raw = Incoming(account.id, "web", "one", b"raw bytes of asha.unique: dripping-secret", envelope_from=ASHA)
        item_id = await inbound.add(session, raw)
        keys = [await storage.put(each) for each in (b"her own file", b"a file that both have")]
        files = [NewAttachment("plate.png", "image/png", 3, "x", key) for key in keys]
        said = InboundMessage(
            channel="web", account_id=account.id, inbound_item_id=item_id, sender=Person("Asha Unique", ASHA),
            subject="dripping-secret", text="dripping-secret", attachments=files,
        )  # fmt: skip
        own = await receive(session, said)
        await factories.received(
            session, RAVI, text="Ravi's words", attachments=files[1:], cc=[Person("Asha Unique", ASHA)]
        )
        customer_id = own.customer_id
        await consent.say(
            session, kind="email", value=ASHA, purpose="news", granted=True, source="x", customer_id=customer_id
        )
        await sessions.start(session, customer_id, ASHA, "127.0.0.1", "browser", 30)
        await notices.create(session, kind="survey", to_address=ASHA, to_name="Asha Unique", subject="s", text="t")
        await session.execute(text("update notices set state = 'sent'"))
    async with unit_of_work(db, agent) as session:
        await reply(session, own.ticket_id, ReplyContent(client_key="r", html="<p>Dear Asha Unique</p>"))
        await note(session, own.ticket_id, NoteContent(client_key="n", html="<p>Asha Unique: birthday-secret</p>"))
        tomorrow = clocks.now() + timedelta(days=1)
        await promising.make(session, own.ticket_id, Words(text="Asha Unique gets dripping-secret", due_at=tomorrow))
        await lifecycle.change(session, own.ticket_id, TicketChange(status="solved", subject="dripping-secret again"))
        await satisfaction.rate(session, own.ticket_id, satisfaction.Rating(score=2, comment="comment-secret"))
        await session.execute(
            text("update customers set notes = 'birthday-secret' where id = :id"), {"id": customer_id}
        )
        return (await privacy.ask(session, customer_id, "deletion")).id


async def dump(db: Database) -> str:
    """Every row of every table, as text."""
    connection = await asyncpg.connect(db.url)
    try:
        names = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        rows = [await connection.fetch(f'select t::text from "{name[0]}" t') for name in names]
        raw = [bytes(row[0]).decode() for row in await connection.fetch("select content from inbound_raw")]
        return "\n".join([row[0] for table in rows for row in table] + raw)
    finally:
        await connection.close()


async def test_nothing_says_who_she_was(db: Database, agent: Actor, wish: int, storage: Storage) -> None:
    """No table holds her name, address or words; the ticket, its score and the other's ticket stay."""
    before = await dump(db)
    assert all(each in before for each in PERSONAL)
    async with unit_of_work(db, agent) as session:
        await erasing.erase(session, wish, "You are forgotten.")
    after = await dump(db)
    left = [line for line in after.splitlines() if any(each in line for each in PERSONAL)]
    assert left == []
    assert "Ravi's words" in after
    async with reading(db) as session:
        tickets = (await session.execute(select(Ticket.status, Ticket.subject).order_by(Ticket.id))).all()
        score = await session.scalar(text("select score from satisfaction"))
        row = (await session.scalars(select(Customer).order_by(Customer.id))).first()
        data = await session.scalar(text("select data from events where kind = 'customer.erased'"))
        counts = await session.scalar(text("select count(*) from customer_sessions"))
        keys = list(await session.scalars(select(Attachment.storage_key)))
    assert (tickets[0], len(tickets), score, counts) == (("solved", "(erased)"), 2, 2, 0)
    assert (row.name, row.do_not_contact) == (people.NOBODY, True)
    assert (data["counts"]["tickets"], data["counts"]["files"]) == (1, 2)
    with pytest.raises(AlreadyHandled):
        async with unit_of_work(db, agent) as session:
            await erasing.erase(session, wish)
    forgetting = Forgetting(storage)
    args = await forgotten_keys(db)
    for _ in range(2):
        async with unit_of_work(db) as session:
            await forgetting.files(session, args)
    assert await storage.get(keys[0]) == b"a file that both have"
    for key in set(args) - set(keys):
        with pytest.raises(NotFound):
            await storage.get(key)


async def test_the_search_forgets_her_too(db: Database, agent: Actor, wish: int, storage: Storage) -> None:
    """Her tickets, and one of somebody else in which she only took part, are not found by her any more."""
    feed = Feed(db, searching.FOLLOWERS, searching.REBUILD_JOBS)
    registry = Registry((*searching.DEFINITIONS, Definition(erasing.FORGET_JOB, Forgetting(storage).files)))
    await feed.step()
    await Worker(db, registry).drain()
    found = Query(index="tickets", words="unique", rights=("all_tickets",))
    async with reading(db) as session:
        assert len((await search.find(session, found)).hits) >= 2
    async with unit_of_work(db, agent) as session:
        await erasing.erase(session, wish, "You are forgotten.")
    await feed.step()
    await Worker(db, registry).drain()
    async with reading(db) as session:
        assert (await search.find(session, found)).hits == ()
        kept = await session.scalars(
            text("select t::text from search_tickets t union select c::text from search_customers c")
        )
        assert [line for line in kept if any(each in line for each in PERSONAL)] == []


async def forgotten_keys(db: Database) -> list[str]:
    """The arguments of the job that forgets files."""
    async with reading(db) as session:
        payload = await session.scalar(
            text("select payload from jobs.pgqueuer where entrypoint = :name"), {"name": erasing.FORGET_JOB}
        )
    return json.loads(payload)["args"]["keys"]


async def test_by_policy_only_who_said_it_is_erased(db: Database, agent: Actor, wish: int) -> None:
    """The words stay, for a desk that must keep them; their author is nobody."""
    async with unit_of_work(db, agent) as session:
        await policy.write(session, Policy(erase_words=False))
        await erasing.erase(session, wish)
    async with reading(db) as session:
        message = (await session.scalars(select(Message).order_by(Message.id))).first()
        raw = (await session.scalars(select(InboundRaw))).one()
    assert (message.text, message.author_name, message.author_address) == ("dripping-secret", people.NOBODY, None)
    assert raw.content != b""


async def test_the_words_of_a_chat_go_with_those_of_its_ticket(db: Database, agent: Actor, wish: int) -> None:
    """The window has copies of what was said; nobody finds her in them, and the conversation keeps its shape."""
    async with unit_of_work(db) as session:
        ticket = (await session.scalars(select(Ticket).order_by(Ticket.id))).first()
        widget = await widgets.create(session, Vault("secret"), WidgetChange(name="Chat"))
        visitor = await visitors.anonymous(session, widget, "hash")
        visitor.customer_id = ticket.customer_id
        chat = await conversations.begin(session, widget, visitor, Beginning(name="Asha Unique", email=ASHA))
        chat.ticket_id = ticket.id
        await session.flush()
        await stream.append(session, chat, "said", {"by": "visitor", "text": "dripping-secret", "files": [{"id": 1}]})
        await stream.append(session, chat, "mailed", {"address": "asha.unique@…"})
        chat_id = chat.id
    async with unit_of_work(db, agent) as session:
        await erasing.erase(session, wish)
    after = await dump(db)
    assert not any(each in after for each in PERSONAL)
    async with reading(db) as session:
        entries = await stream.latest(session, chat_id, 10)
    assert [(each.kind, each.data) for each in entries] == [
        ("said", {"by": "visitor", "text": "", "files": []}),
        ("mailed", {}),
    ]


async def test_what_she_said_of_products_goes(db: Database, agent: Actor, wish: int, storage: Storage) -> None:
    """Her words in a claim, and those about her own product in a recall."""
    async with unit_of_work(db) as session:
        asha = (await session.scalars(select(Ticket).order_by(Ticket.id))).first().customer_id
        other = await rows.person(session, "Ravi Menon")
        product = (await rows.product(session)).id
        await rows.register(session, product, other, "TF123456")
        claim = rows.wanted(product, asha, "TF123456", words="birthday-secret")
        await registering.register(session, claim, [await rows.bill(storage)])
        own = (await rows.register(session, product, asha, "TF123457")).registration.id
        recall = await recalls.save(session, RecallInput(title="Fuse", text="Stop.", product_id=product))
        await recalls.start(session, recall.id)
        await recalls.answer(session, own, "dripping-secret")
    assert "birthday-secret" in await dump(db)
    async with unit_of_work(db, agent) as session:
        await erasing.erase(session, wish)
    after = await dump(db)
    assert not any(each in after for each in PERSONAL)


async def test_only_who_wants_it_is_erased(db: Database, agent: Actor, wish: int) -> None:
    """A wish for something else erases nobody, nor does one that is not there."""
    async with unit_of_work(db, agent) as session:
        other = (await privacy.ask(session, (await privacy.lock(session, wish)).customer_id, "correction", "x")).id
    for request_id, refusal in ((other, Invalid), (999, NotFound)):
        with pytest.raises(refusal):
            async with unit_of_work(db, agent) as session:
                await erasing.erase(session, request_id)


async def test_the_files_of_a_deleted_article_are_forgotten(
    db: Database, storage: Storage, agent: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless somebody else has the same content; the job is asked for in the transaction that deletes."""
    monkeypatch.setattr(events, "_handlers", {ArticleDeleted: (erasing.on_article_deleted,)})
    async with unit_of_work(db) as session:
        first = await writing.create(session, "en", Text(title="One", body="x"), Properties())
        second = await writing.create(session, "en", Text(title="Two", body="x"), Properties())
        own = await files.add(session, storage, first.id, "a.txt", b"only here")
        both = [await files.add(session, storage, one.id, "b.txt", b"in both") for one in (first, second)]
    async with unit_of_work(db) as session:
        await publishing.delete(session, first.id)
    waiting = "select count(*) from jobs.pgqueuer where entrypoint = :name"
    async with unit_of_work(db) as session:
        assert await session.scalar(text(waiting), {"name": erasing.FORGET_JOB}) == 1
        await Forgetting(storage).files(session, [own.storage_key, both[0].storage_key])
    assert await storage.get(both[1].storage_key) == b"in both"
    with pytest.raises(NotFound):
        await storage.get(own.storage_key)
