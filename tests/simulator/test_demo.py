"""The demo company: the same each time, done once, and each derived column true to the messages."""

import itertools
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.dates import get_month_names
from sqlalchemy import func, select, text

from channels.email import accounts
from channels.email.parse import parse_mail
from channels.models import ChannelAccount, InboundItem, InboundRaw
from core import clock as clocks
from core.db import Database, reading
from core.events import EventRow
from core.settings import Settings, load
from core.storage import Storage
from core.vault import Vault
from sampark.commands import doctor
from sampark.runtime import Runtime
from simulator import demo, demo_files, demo_people, demo_rows, demo_talk, demo_threads
from staff import passwords
from staff.models import Agent, Role
from tests.conftest import START, Borrowed
from tickets.intake import snippet_of
from tickets.models import Attachment, Ticket

pytestmark = pytest.mark.slow
NOW = START


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """The files of the demo company."""
    return Storage(tmp_path_factory.mktemp("demo") / "files")


@pytest.fixture(scope="module")
async def db(borrowed: Borrowed) -> AsyncIterator[Database]:
    """The database of the demo company; no test of this module changes its rows."""
    async with borrowed() as database:
        yield database


@pytest.fixture(scope="module")
async def seeded(db: Database, storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> demo.DemoSummary:
    """A desk with the demo company."""
    return await begun(db, storage, tmp_path_factory.mktemp("desk"), NOW)


async def begun(db: Database, storage: Storage, data: Path, now: datetime) -> demo.DemoSummary:
    """Start the demo company at an instant."""
    with clocks.use(clocks.ManualClock(now)):
        return await demo.seed(db, storage, load(data=data, secret="the-secret-of-every-desk"), now)


async def rows(db: Database, sql: str) -> list[tuple]:
    """What a statement finds."""
    async with reading(db) as session:
        return [tuple(row) for row in await session.execute(text(sql))]


def planned(now: datetime) -> list[demo_threads.Plan]:
    """The demo's threads, without a database."""
    people = demo_people.customers(demo.CUSTOMERS, demo_talk.cities())
    plans = demo_threads.Planner(people, now).plan(demo.TICKETS, demo.LIVE)
    demo_rows.number(plans, 1, 1)
    return plans


async def test_counts_and_sign_ins(seeded: demo.DemoSummary, db: Database) -> None:
    """As many as promised, and both sign-ins work with their roles."""
    assert (seeded.created, seeded.agents, seeded.customers, seeded.tickets) == (True, 12, 600, 2000)
    assert await rows(db, "select count(*) from messages") == [(seeded.messages,)]
    assert await rows(db, "select count(*) from tickets where status in ('open','pending','on_hold')") == [(140,)]
    assert await rows(db, "select count(*) from teams") == [(4,)]
    assert await rows(db, "select count(*) from macros") == [(10,)]
    async with reading(db) as session:
        for known in seeded.sign_ins:
            found = select(Agent.password_hash, Role.name).join(Role, Role.id == Agent.role_id)
            stored, role = (await session.execute(found.where(Agent.email == known.email))).one()
            assert role == known.role
            assert (await passwords.verify(known.password, stored))[0]


async def test_it_is_done_once(
    seeded: demo.DemoSummary, db: Database, storage: Storage, settings: Settings, clock: clocks.ManualClock
) -> None:
    """The second time changes nothing and says what is there."""
    again = await demo.seed(db, storage, settings, clock.now())
    assert (again.created, again.tickets, again.messages, again.sign_ins) == (
        False,
        seeded.tickets,
        seeded.messages,
        seeded.sign_ins,
    )
    assert await rows(db, "select count(*) from tickets") == [(2000,)]


async def test_nothing_lies_in_the_future(seeded: demo.DemoSummary, db: Database, clock: clocks.ManualClock) -> None:
    """Every instant is between ninety days ago and now; only promises and snoozes are ahead."""
    for table, column in (
        ("tickets", "created_at"),
        ("tickets", "last_activity_at"),
        ("messages", "created_at"),
        ("events", "at"),
        ("inbound_items", "received_at"),
    ):
        first, last = (await rows(db, f"select min({column}), max({column}) from {table}"))[0]
        assert NOW - timedelta(days=demo_threads.DAYS) <= first
        assert last <= NOW, table


async def test_derived_columns_agree_with_the_messages(seeded: demo.DemoSummary, db: Database) -> None:
    """What a list shows is what intake and reply would have written."""
    wrong = await rows(
        db,
        """
        select t.id from tickets t
        join lateral (
            select count(*) as n, max(m.id) as last, max(m.id) filter (where m.kind = 'customer') as last_customer,
                min(m.created_at) filter (where m.kind = 'agent') as first_reply, min(m.created_at) as first,
                max(m.created_at) as newest
            from messages m where m.ticket_id = t.id) m on true
        join messages l on l.id = t.last_message_id
        where m.n <> t.message_count or m.last <> t.last_message_id or m.last_customer <> t.last_customer_message_id
            or m.first_reply is distinct from t.first_reply_at or m.first <> t.created_at
            or m.newest <> t.last_activity_at or l.kind <> t.snippet_by
        """,
    )
    assert wrong == []
    for snippet, words in await rows(
        db, "select t.snippet, m.text from tickets t join messages m on m.id = t.last_message_id limit 300"
    ):
        assert snippet == snippet_of(words)


async def test_statuses_agree_with_their_instants(seeded: demo.DemoSummary, db: Database) -> None:
    """Who waits is open; what is over was solved, after its last answer."""
    wrong = await rows(
        db,
        """
        select id, status from tickets t where case status
            when 'open' then waiting_since is null or solved_at is not null or waiting_since <> (
                select min(created_at) from messages m where m.ticket_id = t.id and m.kind = 'customer' and m.id > coalesce(
                    (select max(a.id) from messages a where a.ticket_id = t.id and a.kind = 'agent'), 0))
            when 'solved' then solved_at is null or closed_at is not null or waiting_since is not null
                or solved_at < first_reply_at or assignee_id is null
            when 'closed' then closed_at is null or closed_at <> solved_at + interval '7 days' or assignee_id is null
            else waiting_since is not null or solved_at is not null or assignee_id is null end
        """,
    )
    assert wrong == []


async def test_its_promises_are_those_of_the_policies(seeded: demo.DemoSummary, db: Database) -> None:
    """Each clock by its policy, the next one on the ticket; some are late, most are not, some tickets have none."""
    wrong = """
        select t.id from tickets t left join lateral (
            select min(c.due_at) as due_at, count(*) as n from sla_clocks c
            where c.ticket_id = t.id and c.met_at is null and c.paused_at is null) c on true
        where t.due_at is distinct from c.due_at or (t.status in ('solved', 'closed') and c.n > 0)
    """
    assert await rows(db, wrong) == []
    ((late, ahead, waits, without),) = await rows(
        db,
        """
        select count(*) filter (where t.due_at < c.at), count(*) filter (where t.due_at >= c.at),
            count(*) filter (where t.status <> 'open' and t.due_at is null),
            count(*) filter (where not exists(select 1 from sla_clocks s where s.ticket_id = t.id))
        from tickets t, (select max(last_success_at) as at from channel_accounts) c
        where t.status in ('open', 'pending', 'on_hold')
        """,
    )
    assert 5 <= late <= 25 < ahead
    assert waits > 20
    assert without > 0
    told = await rows(
        db, "select count(*) from sla_clocks c where (c.breached_at is not null) <> exists(select 1 from events e "
        "where e.ticket_id = c.ticket_id and e.kind = 'sla.breached' and e.data ->> 'clock' = c.kind)"
    )  # fmt: skip
    assert told == [(0,)]
    ((timers,),) = await rows(db, "select count(*) from timers where job = 'routing.clock_due'")
    assert timers > 50


async def test_each_live_ticket_is_a_work_item(seeded: demo.DemoSummary, db: Database) -> None:
    """Routing finds what waits, and nobody holds more than she can."""
    wrong = """
        select t.id from tickets t full join work_items w on w.ticket_id = t.id
        where (t.status in ('open','pending','on_hold')) <> (w.id is not null)
            or (w.id is not null and (w.state = 'waiting') <> (t.assignee_id is null)) or w.team_id <> t.team_id
    """
    assert await rows(db, wrong) == []
    held = """
        select count(*) - max(a.capacity) from tickets t join agents a on a.id = t.assignee_id
        where t.status = 'open' and t.snoozed_until is null group by a.id having count(*) > max(a.capacity)
    """
    assert await rows(db, held) == []
    members = """
        select count(*) from tickets t where t.assignee_id is not null and not exists(
            select 1 from team_members m where m.team_id = t.team_id and m.agent_id = t.assignee_id)
    """
    assert await rows(db, members) == [(0,)]


async def test_every_answer_has_a_delivery_and_notes_have_none(seeded: demo.DemoSummary, db: Database) -> None:
    """Nothing waits to be sent, so that starting the demo mails nobody; a few have failed."""
    wrong = """
        select m.id from messages m full join deliveries d on d.message_id = m.id
        where (m.kind = 'agent') <> (d.id is not null) or d.ticket_id <> m.ticket_id
    """
    assert await rows(db, wrong) == []
    states = dict(await rows(db, "select state, count(*) from deliveries group by state"))
    assert set(states) == {"sent", "failed", "bounced"}
    assert states["sent"] > 50 * (states["failed"] + states["bounced"])
    marked = """
        select t.id from tickets t where failed_delivery <> exists(
            select 1 from deliveries d where d.ticket_id = t.id and d.state in ('failed','bounced','unknown'))
    """
    assert await rows(db, marked) == []
    live = "select count(*) from tickets where failed_delivery and status = 'pending'"
    assert await rows(db, live) == [(2,)]


async def test_the_history_ends_in_the_present_state(seeded: demo.DemoSummary, db: Database) -> None:
    """Replaying each ticket's events gives its status, owner, tags, priority and number of messages."""
    async with reading(db) as session:
        events = (
            await session.execute(
                select(EventRow.ticket_id, EventRow.kind, EventRow.data)
                .where(EventRow.ticket_id.is_not(None))
                .order_by(EventRow.id)
            )
        ).all()
        tickets = (await session.execute(select(Ticket))).scalars().all()
    state = {
        ticket.id: {"status": "open", "owner": None, "tags": [], "priority": "normal", "n": 0} for ticket in tickets
    }
    for ticket_id, kind, data in events:
        now = state[ticket_id]
        if kind == "ticket.status_changed":
            assert data["old"] == now["status"]
            now["status"] = data["new"]
        elif kind == "ticket.assigned":
            assert data["from_id"] == now["owner"]
            now["owner"] = data["to_id"]
        elif kind == "ticket.tags_changed":
            now["tags"] = [*now["tags"], *data["added"]]
        elif kind == "ticket.priority_changed":
            now["priority"] = data["new"]
        elif kind in {"message.received", "message.queued", "note.added"}:
            now["n"] += 1
    for ticket in tickets:
        replayed = state[ticket.id]
        assert replayed["status"] == ticket.status, ticket.id
        assert (replayed["owner"], replayed["n"]) == (ticket.assignee_id, ticket.message_count), ticket.id
        if ticket.first_reply_at is not None:
            assert (replayed["tags"], replayed["priority"]) == (ticket.tags, ticket.priority), ticket.id


async def test_the_mail_log_holds_real_mails(seeded: demo.DemoSummary, db: Database) -> None:
    """The bytes of a row parse to the message it became, whatever its script."""
    async with reading(db) as session:
        found = (
            await session.execute(
                select(InboundRaw.content, InboundItem.subject, InboundItem.from_address, InboundItem.message_id_header)
                .join(InboundItem, InboundItem.id == InboundRaw.item_id)
                .where(InboundItem.channel == "email", InboundItem.message_id.is_not(None))
            )
        ).all()
    assert len(found) > 200
    for raw, subject, sender, header in found[:80]:
        mail = parse_mail(raw)
        assert (mail.subject, mail.from_[0].address, mail.message_id) == (subject, sender, header)
        assert mail.error is None


async def test_attachments_can_be_opened(seeded: demo.DemoSummary, db: Database, storage: Storage) -> None:
    """Each row's content is in the storage, with its size and the head of its type."""
    async with reading(db) as session:
        files = list(await session.scalars(select(Attachment).order_by(Attachment.id).limit(40)))
        kinds = await session.execute(select(Attachment.content_type, func.count()).group_by(Attachment.content_type))
    assert {kind for kind, _ in kinds} == {"image/png", "application/pdf"}
    for file in files:
        content = await storage.get(file.storage_key)
        assert len(content) == file.size
        assert content.startswith(b"\x89PNG" if file.content_type == "image/png" else b"%PDF-")


async def test_mailboxes_have_settings_that_the_channel_accepts(seeded: demo.DemoSummary, db: Database) -> None:
    """Answers go to the simulator, and the summary names an address that arrives."""
    async with reading(db) as session:
        boxes = list(await session.scalars(select(ChannelAccount).where(ChannelAccount.channel == "email")))
        book = await accounts.address_book(session)
    assert len(boxes) == 4
    for box in boxes:
        accounts.validate(box.settings, Vault("any"))
        accounts.options_of(box.options)
    assert book.find(seeded.mailbox) is not None


async def test_new_rows_get_numbers_after_the_demos(seeded: demo.DemoSummary, db: Database) -> None:
    """The sequences stand behind the copied rows."""
    for table in (
        "tickets",
        "messages",
        "customers",
        "deliveries",
        "inbound_items",
        "routing_decisions",
        "organisations",
    ):
        sql = f"select nextval(pg_get_serial_sequence('{table}', 'id')) > max(id) from {table}"
        assert await rows(db, sql) == [(True,)], table


DAYS = "|".join(name for code in demo_talk.LANGUAGES for name in get_month_names("wide", locale=code).values())
CALENDAR = re.compile(
    rf"\d{{1,2}} (?:{DAYS})(?: \d{{4}})?|\d{{4}}-\d\d-\d\d(?:T[\d:.+Z]+)?|\d\d:\d\d|IMG_\d{{8}}|\bTI[/-]\d\d|chat:[0-9a-f]{{16}}"
)
"""What texts say about the calendar: days, times of day, the year in an invoice's number; and the key of the widget."""
LEFT_OUT = {
    "agents": {"password_hash"},
    "attachments": {"sha256", "storage_key"},  # papers bear their day
    "widgets": {"key", "secret"},
    "events": {"id", "xid"},  # the log is in the order of the calendar
    "inbound_items": {"sha256", "size"},
    "inbound_raw": {"content"},
    "proofs": {"sha256", "storage_key"},
    "rule_runs": {"id", "event_id", "xid"},
    "tickets": {"snippet"},  # cut off after so many letters, days included
}
"""Columns that hold secrets, or depend on how long the name of a month is."""
BY_THE_HOURS = {"events": "kind <> 'sla.breached'", "timers": "job <> 'routing.clock_due'"}
"""Rows that are the same on every day; what is late in opening hours depends on when these are."""


def timeless(value: Any) -> Any:
    """The same without its calendar."""
    if isinstance(value, str):
        return CALENDAR.sub("…", value)
    if isinstance(value, dict):
        return sorted([timeless(name), timeless(each)] for name, each in value.items())  # days are names as well
    return [timeless(each) for each in value] if isinstance(value, list) else value


async def company(db: Database) -> dict[str, list[str]]:
    """Everything that a desk holds, by table, but for times."""
    names = [name for (name,) in await rows(db, "select tablename from pg_tables where schemaname = 'public'")]
    found = {}
    for table in names:
        columns = await rows(
            db,
            f"select column_name from information_schema.columns where table_name = '{table}' "
            "and data_type not in ('timestamp with time zone', 'date', 'tsvector')",
        )
        kept = ", ".join(f'"{name}"' for (name,) in columns if name not in LEFT_OUT.get(table, ()))
        lines = await rows(
            db, f"select to_jsonb(t) from (select {kept} from {table} where {BY_THE_HOURS.get(table, 'true')}) t"
        )
        found[table] = sorted(json.dumps(timeless(line), sort_keys=True, ensure_ascii=False) for (line,) in lines)
    return found


async def test_another_day_begins_the_same_company(
    seeded: demo.DemoSummary, db: Database, borrowed: Borrowed, tmp_path: Path
) -> None:
    """A Monday noon or a Sunday night on which summer time ends: every row is the same, but for times."""
    sunday = datetime(2026, 10, 25, 22, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    async with borrowed() as other:
        again = await begun(other, Storage(tmp_path / "files"), tmp_path / "data", sunday)
        first, second = await company(db), await company(other)
    assert again == seeded
    differ = {
        table: sorted({*lines} ^ {*second[table]})[:2] for table, lines in first.items() if lines != second[table]
    }
    assert differ == {}
    assert len(first["tickets"]) == demo.TICKETS


def outcome(plan: demo_threads.Plan) -> tuple[Any, ...]:
    """What a thread is, but for times."""
    turns = [(turn.id, turn.step, turn.agent, timeless(turn.text)) for turn in plan.turns]
    waits = plan.waiting_since is not None, plan.snoozed_until is not None
    return plan.id, timeless(plan.subject), plan.status, plan.customer.email, plan.assignee, plan.tags, waits, turns


def late(plans: list[demo_threads.Plan], now: datetime) -> list[int]:
    """The numbers of those whose customers wait for longer than was promised."""
    long = {priority: timedelta(hours=hours) for priority, hours in demo_threads.PROMISE.items()}
    return [plan.id for plan in plans if plan.waiting_since and plan.waiting_since + long[plan.priority] < now]


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 3, 2, 3, 0, tzinfo=UTC),
        datetime(2026, 7, 5, 17, 30, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, tzinfo=UTC),
        datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
    ],
    ids=["monday-morning", "sunday-night", "new-year", "leap-day"],
)
def test_threads_are_believable_at_any_start(now: datetime) -> None:
    """Always the same; messages in order, answers in office hours, all languages, no two neighbours alike, some late."""
    plans, usual = planned(now), planned(NOW)
    assert [outcome(plan) for plan in plans] == [outcome(plan) for plan in usual]
    assert late(plans, now) == late(usual, NOW)
    for plan in plans:
        assert (plan.status == "closed") == (
            plan.solved_at is not None and plan.solved_at + demo_threads.CLOSE_AFTER <= now
        )
        assert all(first.at < second.at for first, second in zip(plan.turns, plan.turns[1:], strict=False))
        assert plan.turns[0].agent is None
        for turn in plan.turns:
            assert "{" not in turn.text
            local = turn.at.astimezone(demo_talk.OFFICE)
            if turn.agent is not None and turn.step != "note":
                assert local.weekday() < 6
                assert 9 <= local.hour <= 18
    assert {plan.language for plan in plans} == set(demo_talk.LANGUAGES)
    latest = sorted(plans, key=lambda plan: plan.turns[-1].at)
    alike = [1 for first, second in itertools.pairwise(latest) if first.subject == second.subject]
    assert len(alike) <= 2
    assert 5 <= len(late(plans, now)) <= 25
    assert len([plan for plan in plans if now - plan.turns[-1].at < timedelta(hours=2)]) >= 8


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(299, "₹299"), (1250, "₹1,250"), (41990, "₹41,990"), (124500, "₹1,24,500"), (12345678, "₹1,23,45,678")],
)
def test_rupees_are_grouped_as_in_india(amount: int, shown: str) -> None:
    """Thousands, then hundreds of thousands."""
    assert demo_talk.rupees(amount) == shown


def test_addresses_and_numbers_belong_to_nobody() -> None:
    """Only reserved domains (RFC 2606), only numbers that are not given out, each once."""
    people = demo_people.customers(600, demo_talk.cities())
    addresses = [address for person in people for address in (person.email, *person.also)]
    assert len(set(addresses)) == len(addresses)
    for address in addresses:
        assert address.endswith((".example", "@example.com", "@example.org", "@example.net")), address
    assert all(person.phone.startswith(("+9150", "+447700900")) for person in people)
    assert len({person.phone for person in people}) == len(people)


def test_names_come_in_several_scripts() -> None:
    """Devanagari, Bangla, Kannada, Arabic, Chinese, Korean, Cyrillic and more."""
    names = "".join(person.name for person in demo_people.customers(600, demo_talk.cities()))
    for letter in "शক ಶ ل 王 김 О Ε த":
        assert letter in names


def test_a_photo_is_the_same_each_time() -> None:
    """Its number decides; different numbers look different."""
    demo_files.photo.cache_clear()
    first = demo_files.photo(3)
    demo_files.photo.cache_clear()
    assert demo_files.photo(3) == first
    assert demo_files.photo(4) != first


async def test_products_are_registered_ordered_claimed_and_recalled(seeded: demo.DemoSummary, db: Database) -> None:
    """Mixed states of cover, tickets with what their product was entitled to, one claim, one recall on its way."""
    assert await rows(db, "select count(*) from registrations") == [(250,)]
    assert await rows(db, "select count(*) from orders") == [(125,)]
    assert await rows(db, "select state, count(*) from ownership_claims group by 1") == [("open", 1)]
    assert {state for state, in await rows(db, "select distinct state from recall_cases")} == {
        "to_contact", "mailed", "answered", "done", "unreachable"
    }  # fmt: skip
    ((told,),) = await rows(db, "select words from recalls")
    assert set(told) == {"hi", "mr", "bn", "kn"} and all(each["title"] and each["text"] for each in told.values())
    frozen = dict(
        await rows(db, "select entitlement, count(*) from tickets where registration_id is not null group by 1")
    )
    assert set(frozen) >= {"in_warranty", "expired"} and sum(frozen.values()) >= 100
    agree = """
        select count(*) from tickets t join registrations r on r.id = t.registration_id
        where r.customer_id = t.customer_id and exists(select 1 from messages m where m.ticket_id = t.id
            and m.text like '%' || r.serial || '%' or t.subject like '%' || r.serial || '%')
    """
    assert (await rows(db, agree))[0][0] >= sum(frozen.values()) - 5


async def test_the_doctor_finds_the_demo_well(
    seeded: demo.DemoSummary, db: Database, settings: Settings, storage: Storage
) -> None:
    """What fails in the demo's story is no fault of the desk."""
    with clocks.use(clocks.ManualClock(NOW)):
        findings = await doctor.examine(Runtime(settings, db, storage, "secret"))
    assert {each.name: each.says for each in findings if not each.ok} == {}
