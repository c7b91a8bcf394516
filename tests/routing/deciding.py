"""A wired desk for tests of routing: the product's own handlers and jobs, rows made short, and who has what."""

from typing import Any

from sqlalchemy import text

from channels.acknowledge import Acknowledger
from channels.notify import Notifier
from channels.product_mail import ProductMail
from channels.review_mail import ReviewMail
from core import events, scheduler
from core.db import Database, unit_of_work
from core.jobs import Definition, Registry, Worker
from core.settings import load
from portal.surveys import Surveys
from routing import assignment, kinds, offers, queues, rounds
from routing.kinds import BROUGHT
from routing.queues import Draft, Queue
from sampark.wiring import handlers
from tests import factories
from tickets.templates import Surroundings

JOBS = (
    Definition(rounds.DRAIN_JOB, assignment.drain),
    Definition(rounds.LOOK_JOB, assignment.look),
    Definition(assignment.OPENS_JOB, assignment.opens),
    Definition(assignment.ROOM_JOB, assignment.room),
    Definition(assignment.LOOK_OVER_JOB, assignment.look_over),
    Definition(assignment.REQUEUE_JOB, assignment.requeue),
    Definition(rounds.EXPIRE_JOB, offers.expire),
    Definition(offers.AWAY_JOB, offers.set_away),
)


def wire() -> None:
    """Install the product's own table of handlers."""
    products = ProductMail("", "", "", "en")
    surveys = Surveys(load(), "secret")
    acknowledger = Acknowledger(Surroundings(), "en", "secret")
    events.subscribe(handlers(acknowledger, Notifier(""), products, surveys, ReviewMail("")))


async def settle(db: Database) -> None:
    """Let the timers that are due become jobs, and run what waits of routing's jobs."""
    await scheduler.run_due(db)
    await Worker(db, Registry(JOBS)).drain()


async def arrive(db: Database, team_id: int | None, **fields: object) -> int:
    """A customer writes; returns the ticket."""
    async with unit_of_work(db) as session:
        return (await factories.received(session, team_id=team_id, **fields)).ticket_id


async def owners(db: Database, *tickets: int) -> list[int | None]:
    """Who has each ticket."""
    async with db.sessions() as session:
        rows = await session.execute(
            text("select id, assignee_id from tickets where id = any(:ids)"), {"ids": list(tickets)}
        )
        found = {row.id: row.assignee_id for row in rows}
        return [found[each] for each in tickets]


async def item(db: Database, ticket_id: int) -> Any:
    """The work item of a ticket."""
    async with db.sessions() as session:
        statement = text("select * from work_items where ticket_id = :id")
        return (await session.execute(statement, {"id": ticket_id})).one()


async def told(db: Database, kind: str) -> list[dict[str, Any]]:
    """What events of a kind say, oldest first."""
    async with db.sessions() as session:
        statement = text("select data from events where kind = :kind order by id")
        return list(await session.scalars(statement, {"kind": kind}))


async def set_kind(db: Database, name: str, **fields: Any) -> None:
    """Change how work of a kind is given."""
    async with unit_of_work(db) as session:
        brought = {each: getattr(BROUGHT[name], each) for each in BROUGHT[name].__struct_fields__}
        await kinds.save(session, kinds.Kind(**(brought | fields)))


async def set_queue(db: Database, team_id: int | None, **fields: Any) -> Queue:
    """Change the own queue of a team."""
    async with unit_of_work(db) as session:
        await queues.ensure_default(session, team_id)
        own = next(each for each in await queues.list_queues(session) if each.is_default and each.team_id == team_id)
        return await queues.save(session, Draft(name="", **fields), own.id)
