"""Give each waiting ticket to the right agent at once: what happens, and which decision follows from it.

Handlers of events (the table is in ``sampark/wiring.py``) and the jobs they ask for. What is new is decided about in
the transaction that brings it (:func:`routing.rounds.consider`); where somebody has room now, a round over all that
waits follows by a job right after it (:func:`routing.rounds.give_away`). No clock drives it: what time alone changes, a
ring that is reached, an offer that ends, a queue that opens, waits as a timer for its instant.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, jobs
from core.events import Event
from core.sql import Sql
from routing import deadlines, hours, offers, presence, rounds, work
from routing.events import AgentLost, HoursChanged, PresenceChanged, QueueChanged, WorkMoved
from routing.models import Decision
from routing.reasons import RULES
from routing.rings import Need
from routing.rounds import DRAIN_JOB, LOOK_JOB, Outcome, Wake
from staff.events import AgentChanged
from tickets.events import (
    PriorityChanged,
    StatusChanged,
    TeamChanged,
    TicketAssigned,
    TicketCreated,
    TicketSnoozed,
    TicketWoken,
)

DRAIN_BATCH: Final = 50
DRAIN_TRIGGER: Final = "an agent became ready"
OPENS_JOB: Final = "routing.opens"
ROOM_JOB: Final = "routing.room"
LOOK_OVER_JOB: Final = "routing.look_over"
REQUEUE_JOB: Final = "routing.requeue"
LOOK_OVER_BATCH: Final = 100
GIVEN_BY: Final = frozenset(RULES.values())
"""The rules by which the router gives a ticket to somebody, as ``TicketAssigned`` names them."""
MOST_TRIES: Final = 3
"""So often a round that lost something to another router is repeated at once; then a moment later."""
LOST: Final = "Its agent is gone"
"""By this rule work goes back that its agent cannot do."""

TicketEvent = StatusChanged | TicketAssigned | TeamChanged | TicketSnoozed | TicketWoken | PriorityChanged


async def assign(session: AsyncSession, ticket_id: int, trigger: str) -> None:
    """Decide about one ticket that waits; what it waits for wakes us again.

    Args:
        session: the unit of work.
        ticket_id: the ticket.
        trigger: what made us look, for the record.
    """
    outcome, wakes = await rounds.consider(session, ticket_id, trigger)
    await _repeat(session, outcome)
    for wake in wakes:
        name, args, dedupe = _wake_up(wake, ticket_id)
        await jobs.enqueue(session, name, args, run_at=wake.at, dedupe=dedupe, priority=5, shared=wake.cause != "time")


def _wake_up(wake: Wake, ticket_id: int) -> tuple[str, dict[str, Any], str]:
    """The job that looks again, its arguments and its name among the timers."""
    if wake.cause == "opens":  # once for all that waits there, the first ones first
        return OPENS_JOB, {"queue_id": wake.queue_id}, f"opening:{wake.queue_id}"
    if wake.cause == "room":  # once for all that needs the same
        return ROOM_JOB, {"queue_id": wake.queue_id, "lane": wake.lane}, f"room:{wake.queue_id}:{wake.lane}"
    return LOOK_JOB, {"ticket_id": ticket_id, "trigger": "it has waited so long"}, f"look:{ticket_id}"


async def _repeat(session: AsyncSession, outcome: Outcome, tries: int = 0) -> None:
    """Look again after this transaction where another router was faster, or where more is left to give."""
    if outcome.more:
        await jobs.enqueue(session, DRAIN_JOB, {"team_id": None}, priority=5)
    elif outcome.lost:
        later = clock.now() + timedelta(seconds=1) if tries >= MOST_TRIES else None
        await jobs.enqueue(session, DRAIN_JOB, {"team_id": None, "tries": tries + 1}, priority=5, run_at=later)


# Handlers of events


async def on_ticket_created(session: AsyncSession, event: TicketCreated) -> None:
    """A ticket was opened: it becomes a work item, and is given away if nobody owns it."""
    if event.ticket_id is None or event.archived:
        return
    entered = await work.enter(session, event.ticket_id)
    if entered.state == "waiting":
        covered = event.entitlement.replace("_", " ")
        trigger = "opened" if event.entitlement == "none" else f"opened, {covered}, priority {event.priority}"
        await assign(session, event.ticket_id, trigger)


async def on_ticket_changed(session: AsyncSession, event: TicketEvent) -> None:
    """Status, owner, team or priority changed: bring the work item up to date, and hand out what became possible."""
    if event.ticket_id is None or (isinstance(event, TicketAssigned) and event.rule in GIVEN_BY):
        return  # the router has written its own work already
    await session.flush()
    gave_back = event.from_id if isinstance(event, TicketAssigned) and event.to_id is None else None
    # Whose line was lost has refused nothing.
    refused_by = None if event.rule == LOST else gave_back
    followed = await work.follow(session, event.ticket_id, event.kind, refused_by)
    if gave_back is not None and followed.state == "waiting":
        # Not in this transaction: who gives it back may give it to somebody in the next step.
        await jobs.enqueue(session, LOOK_JOB, {"ticket_id": event.ticket_id, "trigger": event.kind}, priority=5)
    elif followed.state == "waiting" and not isinstance(event, PriorityChanged):
        await assign(session, event.ticket_id, event.kind)
    has_left = followed.before in ("offered", "assigned") and followed.state != followed.before
    if has_left or (isinstance(event, TicketAssigned) and event.from_id is not None):
        await _drain_soon(session)  # somebody has room now
    if followed.agent_id is not None and followed.before != "assigned":
        await _requeue_if_absent(session, followed.agent_id)


async def on_work_moved(session: AsyncSession, event: WorkMoved) -> None:
    """Work waits in another queue: look at it there."""
    await _drain_soon(session)
    if event.ticket_id is not None:
        args = {"ticket_id": event.ticket_id, "trigger": event.kind}
        await jobs.enqueue(session, LOOK_JOB, args, priority=5)


async def on_presence_changed(session: AsyncSession, event: PresenceChanged) -> None:
    """Somebody became ready: look at what waits. Somebody left: what she was offered goes on, what she has later."""
    if event.new == "available":
        await _drain_soon(session)
        return
    if event.old == "available":
        await offers.withdraw(session, event.agent_id, event.new)
    if event.new == "offline":
        await _requeue_later(session, event.agent_id, clock.now(), clock.now())


async def on_agent_lost(session: AsyncSession, event: AgentLost) -> None:
    """All her windows fell silent: what she is offered goes on to others; what she has stays hers for now."""
    await offers.withdraw(session, event.agent_id, presence.LOST)


async def on_queue_changed(session: AsyncSession, event: QueueChanged) -> None:
    """A queue has other rings, members or needs: look at everything that waits in it."""
    if event.after is not None:
        await jobs.enqueue(session, LOOK_OVER_JOB, {"queue_id": event.queue_id})
    await _drain_soon(session)


async def on_rules_changed(session: AsyncSession, event: Event) -> None:
    """Somebody can more, or is in another team, or work weighs less: look at what waits."""
    del event
    await _drain_soon(session)


_OPENS_BY: Final = Sql("select id from queues where hours = :name order by id")


async def on_hours_changed(session: AsyncSession, event: HoursChanged) -> None:
    """It opens at other times: what waits for the opening waits for another one."""
    for row in await _OPENS_BY.all(session, name=event.name):
        await jobs.enqueue(session, LOOK_OVER_JOB, {"queue_id": row.id})
    await _drain_soon(session)


async def on_agent_changed(session: AsyncSession, event: AgentChanged) -> None:
    """Somebody may hold more, or is no longer at work here: then all that she has not finished goes back."""
    if "capacity" in event.changes:
        await _drain_soon(session)
    if event.changes.get("is_active", [True, True])[1] is False:
        await jobs.enqueue(session, REQUEUE_JOB, {"agent_id": event.agent_id, "since": clock.now().isoformat()})


async def _drain_soon(session: AsyncSession) -> None:
    # Not deduplicated: a drain that runs already may have read before this transaction commits. Once for each
    # transaction is enough.
    if session.info.get("drains") is not session.sync_session.get_transaction():
        session.info["drains"] = session.sync_session.get_transaction()
        await jobs.enqueue(session, DRAIN_JOB, {"team_id": None}, priority=5)


# Jobs


async def drain(session: AsyncSession, team_id: int | None = None, tries: int = 0) -> None:
    """Give away what waits, by rank, until nobody is ready (job)."""
    del team_id  # of jobs that an earlier version asked for
    await _repeat(session, await rounds.give_away(session, DRAIN_BATCH, DRAIN_TRIGGER), tries)


async def opens(session: AsyncSession, queue_id: int) -> None:
    """A queue opens, or would have by other hours: the first ones first, then what the others wait for (job)."""
    await drain(session)
    slowest = await _SLOWEST.scalar(session, queue_id=queue_id) or 0
    since = clock.now() - timedelta(seconds=slowest)
    await jobs.enqueue(session, LOOK_OVER_JOB, {"queue_id": queue_id, "since": since.isoformat()})


_SLOWEST: Final = Sql(
    """
    select greatest(sticky_seconds, owner_seconds, (
        select max(cast(ring ->> 'after_seconds' as float8)) from jsonb_array_elements(rings) as ring))
    from queues where id = :queue_id
    """
)
"""After how long time alone changes nothing any more for what waits in a queue."""
_FIRST_OF_LANE: Final = Sql(
    """
    select ticket_id from work_items where queue_id = :queue_id and lane = :lane and state = 'waiting'
    order by rank_at, id limit 1
    """
)


async def room(session: AsyncSession, queue_id: int, lane: str) -> None:
    """Time alone gives somebody room: one of her chats is idle, or her share of the hour begins anew (job)."""
    await drain(session)
    first = await _FIRST_OF_LANE.scalar(session, queue_id=queue_id, lane=lane)
    if first is not None:  # and it finds out when that happens next
        await assign(session, first, DRAIN_TRIGGER)


async def look(session: AsyncSession, ticket_id: int, trigger: str) -> None:
    """Decide about a ticket anew if it still waits (job)."""
    await assign(session, ticket_id, trigger)


async def require(session: AsyncSession, ticket_id: int, needs: Sequence[Need]) -> None:
    """Say which skills a ticket's work needs beside those of its queue, and look who has them.

    Raises:
        NotFound: there is nothing to do about such a ticket.
        Invalid: a skill is unknown, or a level is none.
    """
    if await work.require(session, ticket_id, needs) == "waiting":
        await assign(session, ticket_id, "it needs other skills")


_IN_QUEUE: Final = Sql(
    """
    select ticket_id, id from work_items w where queue_id = :queue_id and state = 'waiting' and id > :after
    and (cast(:since as timestamptz) is null or queued_at > :since or refusals <> '{}' or not exists (
        select from work_items o where o.state = 'waiting' and o.queue_id = w.queue_id and o.lane = w.lane
        and (o.rank_at, o.id) < (w.rank_at, w.id)))
    order by id limit :limit
    """
)


async def look_over(session: AsyncSession, queue_id: int, after: int = 0, since: str | None = None) -> None:
    """Decide anew about what waits in a queue, some at a time (job).

    Args:
        session: the unit of work.
        queue_id: which.
        after: the last one that was looked at.
        since: only what has come since then, was refused by somebody, or is the first of its lane; None: all of it.
    """
    begins = None if since is None else datetime.fromisoformat(since)
    rows = await _IN_QUEUE.all(session, queue_id=queue_id, after=after, since=begins, limit=LOOK_OVER_BATCH)
    for row in rows:
        await assign(session, row.ticket_id, "its queue was changed" if since is None else "its queue has opened")
    if len(rows) == LOOK_OVER_BATCH:
        args = {"queue_id": queue_id, "after": rows[-1].id, "since": since}
        await jobs.enqueue(session, LOOK_OVER_JOB, args)


_GONE: Final = Sql(
    """
    select a.is_active, p.since from agents a left join presence p on p.agent_id = a.id
    where a.id = :agent_id and (not a.is_active or p.state = 'offline')
    """
)


async def requeue(session: AsyncSession, agent_id: int, since: str) -> None:
    """Put back what an agent had who is gone since then, as far as its time has come (job)."""
    gone_at, now = datetime.fromisoformat(since), clock.now()
    gone = await _GONE.first(session, agent_id=agent_id)
    if gone is None or (gone.is_active and gone.since > gone_at):
        return
    if not gone.is_active:
        left = await work.unfinished(session, agent_id, LOOK_OVER_BATCH)
        await work.hand_back(session, agent_id, left, LOST)
        if len(left) == LOOK_OVER_BATCH:
            await jobs.enqueue(session, REQUEUE_JOB, {"agent_id": agent_id, "since": since})
        return
    due = [ticket_id for ticket_id, at in await _returns(session, agent_id, gone_at) if at <= now]
    await work.hand_back(session, agent_id, due, LOST)
    await _requeue_later(session, agent_id, gone_at, now)


async def _requeue_if_absent(session: AsyncSession, agent_id: int) -> None:
    """Work has become hers, or is open again: if she is gone, it goes back in its time."""
    gone = await _GONE.first(session, agent_id=agent_id)
    if gone is None:
        return
    now = clock.now()
    if gone.is_active:
        await _requeue_later(session, agent_id, gone.since, now)
    else:
        await jobs.enqueue(session, REQUEUE_JOB, {"agent_id": agent_id, "since": now.isoformat()})


async def _requeue_later(session: AsyncSession, agent_id: int, gone_at: datetime, now: datetime) -> None:
    later = [at for _, at in await _returns(session, agent_id, gone_at) if at > now]
    if later:
        args: dict[str, Any] = {"agent_id": agent_id, "since": gone_at.isoformat()}
        await jobs.enqueue(session, REQUEUE_JOB, args, run_at=min(later), dedupe=f"requeue:{agent_id}", priority=5)


async def _returns(session: AsyncSession, agent_id: int, gone_at: datetime) -> list[tuple[int, datetime]]:
    """When each ticket of an agent goes back, if she stays away: a chat soon, a letter after some hours, or never."""
    found: list[tuple[int, datetime]] = []
    for held in await work.held_by(session, agent_id):
        since = max(gone_at, held.assigned_at or gone_at)
        if held.requeue_after_seconds is not None:
            found.append((held.ticket_id, since + timedelta(seconds=held.requeue_after_seconds)))
        elif held.requeue_hours is not None:
            schedule = await hours.read(session, held.hours or hours.DEFAULT)
            at = deadlines.deadline(schedule, since, held.requeue_hours * 3600)
            found += [] if at is None else [(held.ticket_id, at)]
    return found


async def decisions(session: AsyncSession, ticket_id: int, limit: int = 20) -> list[Decision]:
    """The decisions about a ticket, newest first."""
    statement = select(Decision).where(Decision.ticket_id == ticket_id).order_by(Decision.id.desc()).limit(limit)
    return list(await session.scalars(statement))
