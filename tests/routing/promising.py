"""Promises about real tickets, for tests: made, asked for, answered, and looked at."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from channels.acknowledge import Acknowledger
from channels.notify import Notifier
from channels.product_mail import ProductMail
from channels.review_mail import ReviewMail
from core import events, scheduler
from core.db import Database, reading, unit_of_work
from core.events import EventRow
from core.jobs import Definition, Registry, Worker
from core.settings import load
from core.sql import Sql
from portal.surveys import Surveys
from products import coverage, registering
from routing import anew, clock_rows, lateness, policies
from routing.models import SlaClock
from routing.policies import Draft, Policy, Target
from sampark.wiring import handlers
from staff.models import Agent
from tests import factories
from tests.products import rows
from tickets import lifecycle, reply
from tickets.lifecycle import TicketChange
from tickets.models import Delivery, Ticket
from tickets.reply import ReplyContent
from tickets.templates import Surroundings

# The turned clock stands at half past two in the afternoon of a Monday in India; the desk closes at half past six.
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FOUR_HOURS = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
NEXT_MORNING = datetime(2026, 3, 3, 3, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Quiet(Acknowledger):
    """Acknowledges nothing, which is not what tests of promises are about."""

    async def on_ticket_created(self, session: Any, event: Any) -> None:
        """Nothing."""


def wire() -> Notifier:
    """Install the product's own table of handlers."""
    notifier = Notifier("https://desk.example")
    quiet, mail = Quiet(Surroundings(), "en", "x"), ProductMail("", "", "", "en")
    events.subscribe(handlers(quiet, notifier, mail, Surveys(load(), "secret"), ReviewMail("")))
    return notifier


async def policy(db: Database, **fields: Any) -> Policy:
    """A policy: first answer within four opening hours, solved within two days of the calendar."""
    targets = {"first_response": Target(240), "resolution": Target(48 * 60, business=False)}
    async with unit_of_work(db) as session:
        return await policies.save(session, Draft(**({"name": "Everybody", "targets": targets} | fields)))


async def opened(db: Database, **fields: Any) -> int:
    """A ticket that a customer opened just now."""
    async with unit_of_work(db) as session:
        return (await factories.received(session, **fields)).ticket_id


async def clocks_of(db: Database, ticket_id: int) -> dict[str, SlaClock]:
    """Its clocks by their kinds."""
    async with reading(db) as session:
        found = await session.scalars(select(SlaClock).where(SlaClock.ticket_id == ticket_id))
        return {each.kind: each for each in found}


async def due(db: Database, ticket_id: int) -> datetime | None:
    """What lists show."""
    async with reading(db) as session:
        return await session.scalar(select(Ticket.due_at).where(Ticket.id == ticket_id))


async def told(db: Database, ticket_id: int, kind: str) -> list[dict[str, Any]]:
    """What events of a kind say of a ticket."""
    async with reading(db) as session:
        statement = select(EventRow.data).where(EventRow.ticket_id == ticket_id, EventRow.kind == kind)
        return list(await session.scalars(statement.order_by(EventRow.id)))


async def status(db: Database, ticket_id: int, value: str) -> None:
    """Give it a status."""
    async with unit_of_work(db) as session:
        await lifecycle.change(session, ticket_id, TicketChange(status=value))


async def agent(db: Database, **fields: Any) -> Agent:
    """Somebody who answers."""
    async with unit_of_work(db) as session:
        await factories.mailbox(session)
        return await factories.agent(session, name="Neha", **fields)


async def answer(db: Database, who: Agent, ticket_id: int, key: str = "a", **fields: Any) -> int:
    """An answer to the customer; returns the number of its delivery."""
    async with unit_of_work(db, factories.actor(who)) as session:
        content = ReplyContent(client_key=key, html="<p>Hello.</p>", **fields)
        said = await reply.reply(session, ticket_id, content)
        found: int | None = await session.scalar(select(Delivery.id).where(Delivery.message_id == said.id))
        return found or 0


async def run_due(db: Database) -> None:
    """Let the scheduler look at the clock, and run what it woke."""
    await scheduler.run_due(db)
    jobs = (
        Definition(clock_rows.DUE_JOB, lateness.on_due),
        Definition(anew.REWIND_JOB, anew.rewind),
        Definition(anew.TIER_JOB, anew.tier_changed),
    )
    await Worker(db, Registry(jobs)).drain()


@contextlib.contextmanager
def counted(db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that run meanwhile, those of the session and those of the driver."""
    found: list[str] = []
    run = Sql.all

    async def keep(self: Sql, session: Any, **values: Any) -> list[Any]:
        found.append(self.sql)
        return await run(self, session, **values)

    def note(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    monkeypatch.setattr(Sql, "all", keep)
    event.listen(db.engine.sync_engine, "before_cursor_execute", note)
    yield found
    event.remove(db.engine.sync_engine, "before_cursor_execute", note)
    monkeypatch.setattr(Sql, "all", run)


async def bought(db: Database, months: int) -> int:
    """A product whose warranty is over, with a contract of some months on top of it when there are any."""
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        found = await rows.registered(session, asha, purchased_on=date(2024, 1, 15))
        if months:
            await coverage.extend(session, await registering.lock(session, found.id), "bought", months, "Plan")
        return found.id
