"""Give each waiting ticket to the right agent at once, and keep the reason.

Called by the composition root when a ticket is opened, an agent becomes ready, or work ends. Rule of this first
router: agents of the ticket's team who are available and below their capacity; the longest idle first. Capacity is
counted from the open tickets inside the deciding transaction, under that agent's lock, so two routers never overfill
her. Every decision is a row with each candidate and why she was passed over.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, jobs
from core.sql import Sql
from routing.events import PresenceChanged, TicketRouted
from routing.models import Decision
from routing.presence import GRACE_SECONDS
from tickets.events import StatusChanged, TeamChanged, TicketAssigned, TicketCreated, TicketSnoozed, TicketWoken
from tickets.lifecycle import PRIORITIES

DRAIN_JOB: Final = "routing.drain"
DRAIN_BATCH: Final = 50
DRAIN_TRIGGER: Final = "an agent became ready"
LONGEST_IDLE: Final = "Longest idle"
"""The rule by which this router gives work to somebody."""
LOCKED: Final = "being given other work at this moment"


class Candidate(msgspec.Struct, rename="camel"):
    """An agent as the router saw her. ``excluded`` says why she was not chosen."""

    agent_id: int
    name: str
    score: float
    excluded: str | None


_CANDIDATES = Sql(
    """
    select a.id, a.name, a.capacity, p.state, p.heartbeat_at, p.last_assigned_at,
        (select count(*) from tickets t where t.assignee_id = a.id and t.status in ('open', 'pending', 'on_hold')
            and t.status = 'open' and t.snoozed_until is null) as open_count
    from agents a left join presence p on p.agent_id = a.id
    where a.is_active and (cast(:team_id as bigint) is null
        or exists(select 1 from team_members m where m.team_id = :team_id and m.agent_id = a.id))
    order by p.last_assigned_at nulls first, a.id
    """
)
_LOCK = Sql("select pg_try_advisory_xact_lock(4711, cast(:agent_id as integer))")
_LOAD = Sql(
    """
    select count(*) from tickets where assignee_id = :agent_id and status in ('open', 'pending', 'on_hold')
    and status = 'open' and snoozed_until is null
    """
)
_ASSIGN = Sql(
    """
    with won as (
        update tickets set assignee_id = :agent_id, version = version + 1
        where id = :ticket_id and assignee_id is null returning id, customer_id, team_id
    ), mark as (
        update presence set last_assigned_at = :now where agent_id = :agent_id and exists(select 1 from won)
    ), item as (
        update work_items set state = 'assigned', assigned_at = :now from won where work_items.ticket_id = won.id
    ), decision as (
        insert into routing_decisions (ticket_id, at, trigger, team_id, chosen_agent_id, reason, candidates)
        select won.id, :now, :trigger, :team_id, :agent_id, :reason, cast(:candidates as jsonb) from won returning id
    )
    select won.customer_id, won.team_id, decision.id as decision_id from won cross join decision
    """
)
_REMEMBER = Sql(
    """
    insert into routing_decisions (ticket_id, at, trigger, team_id, reason, candidates)
    values (:ticket_id, :now, :trigger, :team_id, :reason, cast(:candidates as jsonb))
    """
)
_ENTER = Sql(
    """
    insert into work_items (kind, ticket_id, team_id, state, priority, entered_at, assigned_at)
    values (:kind, :ticket_id, :team_id, :state, :priority, :now, :assigned_at)
    on conflict (ticket_id) do update set state = excluded.state, team_id = excluded.team_id,
        priority = excluded.priority, assigned_at = excluded.assigned_at,
        entered_at = case when work_items.state = 'done' then excluded.entered_at else work_items.entered_at end
    """
)
# The ticket is locked, not the work item, because everybody else locks in that order: a claim by hand that holds the
# ticket and wants the item would otherwise wait for us while we wait for its ticket.
_WAITING = Sql(
    """
    select w.ticket_id, w.team_id from work_items w join tickets t on t.id = w.ticket_id
    where w.state = 'waiting' and t.assignee_id is null
    and (cast(:team_id as bigint) is null or w.team_id = :team_id or w.team_id is null)
    and coalesce(w.team_id, 0) <> all(cast(:full as bigint[]))
    order by w.priority desc, w.entered_at, w.id limit :limit for update of t skip locked
    """
)


def _why_not(row: Any, now: datetime) -> str | None:
    """Why an agent cannot take work now, in words; None when she can."""
    if row.state is None or row.heartbeat_at < now - timedelta(seconds=GRACE_SECONDS):
        return "not signed in"
    if row.state != "available":
        return "on a break" if row.state == "break" else str(row.state)
    if row.open_count >= row.capacity:
        return f"at capacity ({row.open_count} of {row.capacity})"
    return None


def _idle_seconds(row: Any, now: datetime) -> float:
    return (now - row.last_assigned_at).total_seconds() if row.last_assigned_at else 86400.0 * 365


async def assign(session: AsyncSession, ticket_id: int, team_id: int | None, trigger: str) -> int | None:
    """Decide about one unassigned ticket; returns the chosen agent, or None when it must wait.

    Args:
        session: the unit of work.
        ticket_id: the ticket.
        team_id: whose work it is; None: anybody's.
        trigger: what made us look, for the record.
    """
    now = clock.now()
    rows = await _CANDIDATES.all(session, team_id=team_id)
    considered = [Candidate(row.id, row.name, round(_idle_seconds(row, now), 1), _why_not(row, now)) for row in rows]
    capacity = {row.id: row.capacity for row in rows}
    chosen: Candidate | None = None
    for candidate in considered:
        if candidate.excluded is not None:
            continue
        if chosen is not None:
            candidate.excluded = "somebody else has been idle longer"
            continue
        candidate.excluded = await _reserve(session, candidate.agent_id, capacity[candidate.agent_id])
        if candidate.excluded is None:
            chosen = candidate
    return await _decide(session, ticket_id, team_id, trigger, chosen, considered, now)


async def _reserve(session: AsyncSession, agent_id: int, capacity: int) -> str | None:
    """Lock one agent and count again; a word of excuse when she filled up in the meantime."""
    if not await _LOCK.scalar(session, agent_id=agent_id):
        return LOCKED
    if await _LOAD.scalar(session, agent_id=agent_id) >= capacity:
        return "filled up a moment ago"
    return None


async def _decide(
    session: AsyncSession,
    ticket_id: int,
    team_id: int | None,
    trigger: str,
    chosen: Candidate | None,
    considered: list[Candidate],
    now: datetime,
) -> int | None:
    reason = _reason(chosen, considered)
    facts: dict[str, Any] = {
        "ticket_id": ticket_id,
        "now": now,
        "trigger": trigger,
        "team_id": team_id,
        "reason": reason,
        "candidates": msgspec.json.encode(considered).decode(),
    }
    if chosen is not None:
        won = await _ASSIGN.first(session, agent_id=chosen.agent_id, **facts)
        if won is None:
            return None  # somebody claimed it by hand; her claim is on record
        _tell(session, ticket_id, won, chosen, reason)
        return chosen.agent_id
    if any(each.excluded == LOCKED for each in considered):
        # Another router holds her at this instant; look again as soon as this transaction has ended.
        await jobs.enqueue(session, DRAIN_JOB, {"team_id": team_id}, priority=5)
    if trigger != DRAIN_TRIGGER:  # why it waits is on record since it was opened
        await _REMEMBER.all(session, **facts)
    return None


def _tell(session: AsyncSession, ticket_id: int, won: Any, chosen: Candidate, reason: str) -> None:
    facts: dict[str, Any] = {
        "ticket_id": ticket_id,
        "customer_id": won.customer_id,
        "teams": (won.team_id or events.NO_TEAM,),
        "agents": (chosen.agent_id,),
        "rule": LONGEST_IDLE,
    }
    events.record(session, TicketAssigned(from_id=None, to_id=chosen.agent_id, **facts))
    routed = TicketRouted(
        agent_id=chosen.agent_id, agent_name=chosen.name, reason=reason, decision_id=won.decision_id, **facts
    )
    events.record(session, routed)


def _reason(chosen: Candidate | None, considered: list[Candidate]) -> str:
    if chosen is not None:
        others = sum(1 for each in considered if each.excluded == "somebody else has been idle longer")
        return f"{chosen.name} is available, has room, and has been idle longest" + (
            f" of {others + 1} ready agents" if others else ""
        )
    if not considered:
        return "Waits: nobody works in this team"
    counts: dict[str, int] = {}
    for each in considered:
        word = (each.excluded or "").partition(" (")[0]
        counts[word] = counts.get(word, 0) + 1
    return "Waits: " + ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))


# Handlers of events (the table is in sampark/wiring.py)


async def on_ticket_created(session: AsyncSession, event: TicketCreated) -> None:
    """A ticket was opened: it becomes a work item, and is given away if nobody owns it."""
    if event.ticket_id is None or event.archived:
        return
    team_id = next((team for team in event.teams if team != events.NO_TEAM), None)
    now = clock.now()
    owned = bool(event.agents)
    await _ENTER.all(
        session,
        kind=event.channel,
        ticket_id=event.ticket_id,
        team_id=team_id,
        state="assigned" if owned else "waiting",
        priority=PRIORITIES.index(event.priority),
        now=now,
        assigned_at=now if owned else None,
    )
    if not owned:
        covered = event.entitlement.replace("_", " ")
        trigger = "opened" if event.entitlement == "none" else f"opened, {covered}, priority {event.priority}"
        await assign(session, event.ticket_id, team_id, trigger)


_CURRENT = Sql(
    "select status, assignee_id, team_id, priority, channel, snoozed_until from tickets where id = :ticket_id"
)


async def on_ticket_changed(
    session: AsyncSession, event: StatusChanged | TicketAssigned | TeamChanged | TicketSnoozed | TicketWoken
) -> None:
    """Status, owner or team changed: bring the work item up to date, and hand out what became possible."""
    await session.flush()
    ticket = await _CURRENT.first(session, ticket_id=event.ticket_id)
    wants_owner = ticket.status == "open" and ticket.assignee_id is None and ticket.snoozed_until is None
    if ticket.status in ("solved", "closed"):
        state = "done"
    elif wants_owner:
        state = "waiting"
    else:
        state = "assigned"
    now = clock.now()
    await _ENTER.all(
        session,
        kind=ticket.channel,
        ticket_id=event.ticket_id,
        team_id=ticket.team_id,
        state=state,
        priority=PRIORITIES.index(ticket.priority),
        now=now,
        assigned_at=now if state == "assigned" else None,
    )
    given_back = isinstance(event, TicketAssigned) and event.to_id is None
    if wants_owner and not given_back and event.ticket_id is not None:
        await assign(session, event.ticket_id, ticket.team_id, event.kind)
    elif not isinstance(event, TicketAssigned) or event.from_id is not None:
        await _drain_soon(session)  # somebody may have room now


async def on_presence_changed(session: AsyncSession, event: PresenceChanged) -> None:
    """Somebody became ready: look at what waits."""
    if event.new == "available":
        await _drain_soon(session)


async def _drain_soon(session: AsyncSession) -> None:
    # Not deduplicated: a drain that runs already may have read before this transaction commits.
    await jobs.enqueue(session, DRAIN_JOB, {"team_id": None}, priority=5)


async def drain(session: AsyncSession, team_id: int | None = None) -> None:
    """Give away what waits, most urgent and oldest first, until nobody is ready (job)."""
    given = 0
    full: list[int] = []
    while given < DRAIN_BATCH:
        waiting = await _WAITING.all(session, team_id=team_id, limit=DRAIN_BATCH, full=full)
        for item in waiting:
            team = item.team_id or events.NO_TEAM
            if team in full:
                continue
            if await assign(session, item.ticket_id, item.team_id, DRAIN_TRIGGER) is None:
                full.append(team)
            else:
                given += 1
        # What waits for a team that has no room must not stand before the work of the others: look behind it.
        if len(waiting) < DRAIN_BATCH:
            return
    await jobs.enqueue(session, DRAIN_JOB, {"team_id": team_id})


async def decisions(session: AsyncSession, ticket_id: int, limit: int = 20) -> list[Decision]:
    """The decisions about a ticket, newest first."""
    statement = select(Decision).where(Decision.ticket_id == ticket_id).order_by(Decision.id.desc()).limit(limit)
    return list(await session.scalars(statement))
