"""The demo company: put into an empty desk once, so that the first look shows a desk at work.

``sampark serve --demo`` and ``sampark demo`` call :func:`seed` after the migration. All rows go in by COPY in one
transaction. All draws come from seeded generators (``simulator/demo_draws``) and none depends on the date; times are
placed relative to the clock. So two desks hold the same rows whenever they were seeded, but for times and the days that
are named in texts (and for secrets: password hashes, keys of widgets).
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from automation import macros
from channels.email.tokens import Tokens
from channels.models import ChannelAccount, InboundItem, InboundRaw
from core import jobs
from core.actor import SYSTEM
from core.base import Base
from core.db import Database, driver_connection, unit_of_work
from core.events import EventRow
from core.settings import Settings
from core.storage import Storage
from customers.models import ContactPoint, Customer, Organisation
from routing import queues
from routing.kinds import BROUGHT
from routing.models import Decision, Presence, Promise, WorkItem, WorkKind
from simulator import (
    demo_articles,
    demo_chat,
    demo_portal,
    demo_products,
    demo_ratings,
    demo_routing,
    demo_rules,
    demo_sla,
)
from simulator.demo_draws import draws
from simulator.demo_events import History
from simulator.demo_ledger import Ledger
from simulator.demo_macros import ACTIONS, MACROS
from simulator.demo_people import (
    ADMIN,
    AGENT,
    AGENTS,
    COMPANY,
    TEAMS,
    DemoCustomer,
    customers,
    organisation_domain,
    organisations,
)
from simulator.demo_rows import Mailbox, Row, RowMaker, Rows, World, attachment_row, number
from simulator.demo_talk import as_html, cities
from simulator.demo_threads import DAYS, Plan, Planner
from staff import passwords, permissions
from staff.models import Agent, Team, TeamMember
from tickets.lifecycle import WAKE_JOB
from tickets.models import Attachment, Delivery, Draft, Message, ReadMark, Satisfaction, Ticket

CUSTOMERS: Final = 600
TICKETS: Final = 2000
LIVE: Final = 140
AGENT_PASSWORD: Final = "sampark-agent"
ADMIN_PASSWORD: Final = "sampark-admin"
_LOCK: Final = 7316255
_OFFERED: Final = 30
"""Seconds for which a chat is held out to an agent."""
_BOXES: Final = {
    "field": ("support", ["help", "service", "info"]),
    "warranty": ("warranty", ["registration"]),
    "billing": ("billing", ["accounts", "refunds"]),
    "orders": ("orders", ["sales", "delivery"]),
}
_TOPICS: Final = {"repair": "field", "warranty": "warranty", "payment": "billing", "order": "orders"}
"""Topics of the portal's request form → team."""

_COUNTED: Final = {"inbound_items": InboundItem, "deliveries": Delivery, "routing_decisions": Decision}


@dataclass(frozen=True)
class SignIn:
    """A demo sign-in that the start prints."""

    role: str
    email: str
    password: str


@dataclass(frozen=True)
class DemoSummary:
    """What the desk holds after :func:`seed`.

    Attributes:
        created: False when there were agents already, and nothing was done.
        sign_ins: of the demo's agent and administrator; empty when this desk has no demo.
        mailbox: the address that customers write to.
    """

    created: bool
    agents: int
    customers: int
    tickets: int
    messages: int
    sign_ins: tuple[SignIn, ...]
    mailbox: str


_SIGN_INS: Final = (
    SignIn("agent", AGENT.email, AGENT_PASSWORD),
    SignIn("admin", ADMIN.email, ADMIN_PASSWORD),
)


async def seed(
    db: Database, storage: Storage, settings: Settings, clock_now: datetime, secret: str | None = None
) -> DemoSummary:
    """Fill an empty desk with the demo company; a desk that has agents is left as it is.

    Args:
        db: a migrated database.
        storage: where attachments go.
        settings: mail domain and ports that the mailboxes get.
        clock_now: the instant that all times are relative to, aware.
        secret: the installation's key, so that the Message-IDs are known as our own; default: the one in ``settings``.
    """
    key = settings.secret.get_secret_value() if secret is None else secret
    async with unit_of_work(db, SYSTEM) as session:
        await session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if not await session.scalar(select(func.count()).select_from(Agent)):
            return await _Seeding(session, storage, settings, key, clock_now).run()
        known = await session.scalar(select(func.count()).select_from(Agent).where(Agent.email == AGENT.email))
        agents, people, tickets, messages = [
            await session.scalar(select(func.count()).select_from(model)) or 0
            for model in (Agent, Customer, Ticket, Message)
        ]
    return DemoSummary(False, agents, people, tickets, messages, _SIGN_INS if known else (), _support(settings))


class _Seeding:
    """One run of the seed, step by step."""

    def __init__(self, session: AsyncSession, storage: Storage, settings: Settings, secret: str, now: datetime) -> None:
        self._session = session
        self._storage = storage
        self._settings = settings
        self._secret = secret
        self._now = now
        self._rng = draws("desk")

    async def run(self) -> DemoSummary:
        people = customers(CUSTOMERS, cities())
        planner = Planner(people, self._now)
        plans, hashes = await asyncio.gather(
            asyncio.to_thread(planner.plan, TICKETS, LIVE),
            asyncio.gather(passwords.make_hash(AGENT_PASSWORD), passwords.make_hash(ADMIN_PASSWORD)),
        )
        world, web_account = await self._desk(*hashes)
        await self._people(people, plans)
        number(plans, await self._reserve(Ticket, len(plans)), await self._reserve(Message, _turns(plans)))
        rows = RowMaker(world).make(plans)
        ledger = Ledger(world, web_account)
        ledger.write(plans, rows.messages)
        history = History(world, rows)
        history.write(plans)
        promised, promise_id = demo_routing.promised(plans), await self._reserve(Promise, 1)
        history.tell([demo_routing.said(promised, promise_id, world)])
        ratings = demo_ratings.write(history, plans, rows.tickets)
        await self._copy_all(rows, ledger, history)
        await self._copy(Satisfaction, ratings)
        await demo_products.Seeding(self._session, self._storage, self._now, people).fill(rows.tickets, rows.messages)
        await self._unreachable(rows)
        await self._timers(plans)
        await demo_sla.fill(self._session, self._now)
        await demo_rules.fill(self._session, self._now)
        await demo_routing.promise(self._session, promised, promise_id, world)
        await self._session.execute(text("analyze tickets, messages, events, customers, contact_points, deliveries"))
        return DemoSummary(
            True, len(AGENTS), len(people), len(plans), len(rows.messages), _SIGN_INS, _support(self._settings)
        )

    async def _desk(self, agent_hash: str, admin_hash: str) -> tuple[World, int]:
        """Roles, teams, agents, mailboxes, macros."""
        await permissions.sync_roles(self._session)
        started = self._now - timedelta(days=DAYS + 30)
        teams = [Team(name=name, created_at=started) for name in TEAMS.values()]
        self._session.add_all(teams)
        agents = [await self._agent(each, agent_hash, admin_hash, started) for each in AGENTS]
        await self._session.flush()
        team_ids = dict(zip(TEAMS, (team.id for team in teams), strict=True))
        for agent, known in zip(agents, AGENTS, strict=True):
            self._session.add_all(TeamMember(team_id=team_ids[team], agent_id=agent.id) for team in known.teams)
            away = self._now - timedelta(hours=self._rng.uniform(3, 16))
            self._session.add(Presence(agent_id=agent.id, state="offline", reason=None, since=away, heartbeat_at=away))
        mailboxes = {team: await self._mailbox(team, team_ids[team], started) for team in TEAMS}
        web = await self._web_account(team_ids, started)
        await demo_portal.fill(self._session)
        await demo_articles.fill(self._session, self._storage, self._now)
        await demo_chat.fill(self._session, self._secret)
        for name, plain in MACROS.items():
            draft = macros.Draft(name=name, html=as_html(plain), actions=ACTIONS.get(name, ()))
            await macros.save(self._session, draft)
        first = {
            table: await self._reserve(model, 20_000 if table == "deliveries" else 4000)
            for table, model in _COUNTED.items()
        }
        tokens = Tokens(self._secret, self._settings.mail_domain)
        ids = [agent.id for agent in agents]
        found = await self._queues(team_ids, ids)
        return World(self._now, tokens, ids, team_ids, mailboxes, first, found), web

    async def _queues(self, team_ids: dict[str, int], agents: list[int]) -> dict[str, int]:
        """The queue of each team, that of the work of no team, and others; chats are offered, not handed over."""
        offered = msgspec.structs.replace(BROUGHT["chat"], offer_seconds=_OFFERED)
        self._session.add(WorkKind(**msgspec.structs.asdict(offered)))
        for team_id in (*team_ids.values(), None):
            await queues.ensure_default(self._session, team_id)
        made = {each.team_id: each.id for each in await queues.list_queues(self._session) if each.is_default}
        own = {team: made[team_id] for team, team_id in team_ids.items()}
        able = await demo_routing.hours_and_skills(self._session, self._now, agents)
        return own | await demo_routing.further_queues(self._session, agents, team_ids, own, able)

    async def _agent(self, known: Any, agent_hash: str, admin_hash: str, started: datetime) -> Agent:
        agent = Agent(
            name=known.name,
            email=known.email,
            password_hash=admin_hash if known.role == "admin" else agent_hash,
            role_id=await permissions.role_id(self._session, known.role),
            locale=known.locale,
            signature=f"<p>{known.name}<br>{COMPANY}</p>",
            capacity=max(self._settings.agent_capacity, 40),  # room for what a newcomer sends himself
            created_at=started,
        )
        self._session.add(agent)
        return agent

    async def _mailbox(self, team: str, team_id: int, started: datetime) -> Mailbox:
        local, aliases = _BOXES[team]
        domain = self._settings.mail_domain
        name = COMPANY if team == "field" else f"{COMPANY}, {TEAMS[team]}"
        smtp = {"host": "127.0.0.1", "port": self._settings.simulator_smtp_port, "tls": "none"}
        values = {
            "channel": "email",
            "name": local,
            "address": f"{local}@{domain}",
            "aliases": [f"{alias}@{domain}" for alias in aliases],
            "display_name": name,
            "team_id": team_id,
            "settings": {"smtp": smtp},
            # The simulated mail servers vouch for nobody, so agents' answers by mail are proven by their tokens alone.
            "options": {"agent_answers": "token"},
            "last_success_at": self._now,
            "created_at": started,
        }
        return Mailbox(await self._account(values), f"{local}@{domain}", name)

    async def _web_account(self, team_ids: dict[str, int], started: datetime) -> int:
        topics = {topic: team_ids[team] for topic, team in _TOPICS.items()}
        return await self._account(
            {
                "channel": "web",
                "name": "web",
                "address": f"support@{self._settings.mail_domain}",
                "display_name": COMPANY,
                "settings": {"topics": topics},
                "created_at": started,
            }
        )

    async def _account(self, values: Row) -> int:
        statement = insert(ChannelAccount).values(values)
        update = {name: statement.excluded[name] for name in values if name != "created_at"}
        statement = statement.on_conflict_do_update(index_elements=[ChannelAccount.name], set_=update)
        found: int = (await self._session.execute(statement.returning(ChannelAccount.id))).scalar_one()
        return found

    async def _people(self, people: list[DemoCustomer], plans: list[Plan]) -> None:
        """Organisations, customers and their contact points; gives the customers their ids."""
        first_customer = await self._reserve(Customer, len(people))
        first_organisation = await self._reserve(Organisation, len(organisations()))
        companies = {name: first_organisation + place for place, name in enumerate(organisations())}
        old = self._now - timedelta(days=DAYS + 1)
        for place, person in enumerate(people):
            person.id = first_customer + place
        first_seen = {plan.customer.email: plan.created_at for plan in reversed(plans)}
        await self._copy(
            Organisation,
            [
                {
                    "id": key,
                    "name": name,
                    "domain": organisation_domain(name),
                    "tier": demo_sla.GOLD if name in demo_sla.GOLD_ORGANISATIONS else None,
                    "created_at": old,
                }
                for name, key in companies.items()
            ],
        )
        since = {
            person.id: old - timedelta(days=self._rng.uniform(1, 900))
            if self._rng.random() < 0.6
            else first_seen.get(person.email, old)
            for person in people
        }
        await self._copy(
            Customer,
            [
                {
                    "id": person.id,
                    "name": person.name,
                    "organisation_id": companies.get(person.organisation or ""),
                    "language": person.language,
                    "time_zone": person.time_zone,
                    "vip": person.vip,
                    "attributes": {"city": person.city},
                    "created_at": since[person.id],
                }
                for person in people
            ],
        )
        await self._copy(ContactPoint, [row for person in people for row in self._contacts(person, since[person.id])])

    def _contacts(self, person: DemoCustomer, since: datetime) -> list[Row]:
        proved = self._rng.random() < 0.4
        ways = [("email", person.email, proved), *(("email", each, False) for each in person.also)]
        if self._rng.random() < 0.8:
            ways.append(("phone", person.phone, proved))
        return [
            {
                "customer_id": person.id,
                "kind": kind,
                "value": value,
                "display": value,
                "verified": verified,
                "source": "email",
                "created_at": since,
            }
            for kind, value, verified in ways
        ]

    async def _copy_all(self, rows: Rows, ledger: Ledger, history: History) -> None:
        await self._copy(Ticket, rows.tickets)
        await self._copy(Message, rows.messages)
        await self._copy(Delivery, rows.deliveries)
        await self._copy(ReadMark, rows.read_marks)
        await self._copy(Draft, rows.drafts)
        await self._copy(InboundItem, ledger.items)
        await self._copy(InboundRaw, ledger.raw)
        await self._copy(Decision, history.decisions)
        await self._copy(WorkItem, history.work_items)
        await self._copy(EventRow, history.events)
        keys = {content: await self._storage.put(content) for content in {file.content for file in rows.files}}
        await self._copy(Attachment, [attachment_row(file, keys[file.content]) for file in rows.files])

    async def _copy(self, model: type[Base], rows: Sequence[Row]) -> None:
        """COPY rows into a model's table; columns that the rows do not name get their default."""
        if not rows:
            return
        table = model.__table__
        names = [column.name for column in table.columns if column.name in rows[0]]
        as_json = {column.name for column in table.columns if isinstance(column.type, JSONB)}
        records = [
            tuple(json.dumps(row[name], ensure_ascii=False) if name in as_json else row[name] for name in names)
            for row in rows
        ]
        connection = await driver_connection(self._session)
        await connection.copy_records_to_table(model.__tablename__, records=records, columns=names)

    async def _reserve(self, model: type[Base], count: int) -> int:
        """Set ``count`` ids of a table aside; returns the first."""
        sequence = text("select nextval(pg_get_serial_sequence(:table, 'id'))")
        first: int = (await self._session.execute(sequence, {"table": model.__tablename__})).scalar_one()
        move = text("select setval(pg_get_serial_sequence(:table, 'id'), :last)")
        await self._session.execute(move, {"table": model.__tablename__, "last": first + count - 1})
        return first

    async def _unreachable(self, rows: Rows) -> None:
        mark = text(
            "update contact_points set invalid_reason = :reason where customer_id = :customer and kind = 'email'"
        )
        for customer, reason in rows.unreachable.items():
            await self._session.execute(mark, {"customer": customer, "reason": reason})

    async def _timers(self, plans: list[Plan]) -> None:
        """Snoozed tickets come back by the product's own timer."""
        for plan in plans:
            if plan.snoozed_until is not None:
                await jobs.enqueue(
                    self._session,
                    WAKE_JOB,
                    {"ticket_id": plan.id},
                    run_at=plan.snoozed_until,
                    dedupe=f"wake:{plan.id}",
                )


def _support(settings: Settings) -> str:
    return f"{_BOXES['field'][0]}@{settings.mail_domain}"


def _turns(plans: list[Plan]) -> int:
    return sum(len(plan.turns) for plan in plans)
