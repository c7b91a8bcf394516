"""Response times of tickets: clocks are started, met, paused and found anew; a missed deadline is noticed and told.

Handlers of what happens to tickets, in its transaction (the table is in ``sampark/wiring.py``), and two jobs: one for
each deadline, woken by a timer, and one that winds the clocks of open tickets anew after a change of the rules. What
the next deadline of a ticket is stands in ``tickets.due_at``, so lists need no look at the clocks. Whoever changes the
clocks of a ticket has locked it before. The rules are in ``routing/policies.py`` and ``routing/clocks.py``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, jobs, timers
from core.events import Event
from core.sql import Sql
from routing import clocks, policies
from routing.clocks import KINDS, OVER, Change, Clock
from routing.events import ClockBreached, ClocksRecomputed, HoursChanged
from routing.policies import STAMP, Matter, Policy, Rules, Target
from routing.presence import GRACE_SECONDS
from tickets import lifecycle
from tickets.events import (
    AnsweredElsewhere,
    DeliveryChanged,
    EntitlementApplied,
    MessageQueued,
    PriorityChanged,
    StatusChanged,
    TicketCreated,
)
from tickets.first_answers import STANDS

DUE_JOB: Final = "routing.clock_due"
REWIND_JOB: Final = "routing.rewind_clocks"
BATCH: Final = 50
"""Tickets that one transaction winds anew."""

_CLOCKS: Final = """
    jsonb_to_recordset(cast(:clocks as jsonb)) as w (id bigint, kind text, policy_id bigint, policy text, reason text,
        minutes bigint, business boolean, hours text, is_told boolean, started_at timestamptz, due_at timestamptz,
        paused_at timestamptz, pauses jsonb, met_at timestamptz, breached_at timestamptz, ended_at timestamptz)
"""
_TIMER: Final = """
    select cast(:wake_at as timestamptz), :job, jsonb_build_object('ticket_id', cast(:ticket_id as bigint)),
        cast(null as text), concat('sla:', cast(:ticket_id as bigint))
    from rules where cast(:wake_at as timestamptz) is not null and fit
"""
# All that follows from a change of a ticket's clocks, in one statement. Rules that are old by now write nothing.
_WRITE: Final = Sql(
    f"""
    with rules as materialized (
        select stamp, stamp = coalesce(cast(:stamp as text), stamp) as fit from ({STAMP}) as now_is (stamp)
    ), made as (
        insert into sla_clocks (ticket_id, kind, policy_id, policy, reason, minutes, business, hours, is_told,
            started_at, due_at, paused_at, pauses, met_at, breached_at)
        select :ticket_id, kind, policy_id, policy, reason, minutes, business, hours, is_told, started_at, due_at,
            paused_at, pauses, met_at, breached_at
        from {_CLOCKS}, rules where w.id is null and fit
    ), changed as (
        update sla_clocks c set policy_id = w.policy_id, policy = w.policy, reason = w.reason, minutes = w.minutes,
            business = w.business, hours = w.hours, is_told = w.is_told, due_at = w.due_at, paused_at = w.paused_at,
            pauses = w.pauses, met_at = w.met_at, breached_at = w.breached_at, ended_at = w.ended_at
        from {_CLOCKS}, rules where c.id = w.id and fit
    ), gone as (
        delete from sla_clocks using rules where id = any(cast(:gone as bigint[])) and fit
    ), ticket as (
        update tickets set due_at = :due_at from rules
        where tickets.id = :ticket_id and tickets.due_at is distinct from :due_at and fit
    ), timer as ({timers.SETTING.format(rows=_TIMER)}), idle as (
        delete from timers using rules
        where dedupe = concat('sla:', cast(:ticket_id as bigint)) and cast(:wake_at as timestamptz) is null and fit
    )
    select stamp from rules
    """  # noqa: S608 - put together from constants of the product
)
_STAMP: Final = Sql(f"select ({STAMP})")
_LOAD: Final = Sql(
    f"""
    select t.customer_id, t.team_id, t.assignee_id, t.status, t.priority, t.entitlement, t.entitlement_until,
        t.created_at, t.waiting_since, t.first_reply_at, {STANDS.format(ticket="t.id")} as answered, ({STAMP}) as stamp,
        (select coalesce(jsonb_agg(to_jsonb(c) order by c.id), '[]')::text
            from sla_clocks c where c.ticket_id = t.id) as clocks
    from tickets t where t.id = :ticket_id
    """  # noqa: S608 - put together from constants of the product
)
_LOG: Final = Sql(
    """
    select at, data ->> 'old' as old, data ->> 'new' as new from events
    where ticket_id = :ticket_id and kind = 'ticket.status_changed' order by id
    """
)
# What decides about the policy of a ticket that is over may change: the latest such change since it was solved.
_MATTER: Final = Sql(
    """
    select kind from events
    where ticket_id = :ticket_id and kind in ('ticket.priority_changed', 'ticket.entitlement_applied')
    and id > coalesce((
        select max(id) from events where ticket_id = :ticket_id and kind = 'ticket.status_changed'
        and data ->> 'new' in ('solved', 'closed') and data ->> 'old' not in ('solved', 'closed')
    ), 0)
    order by id desc limit 1
    """
)
_CAUSE: Final = Sql(
    """
    select a.name as owner, team.name as team, t.status, t.priority, t.entitlement, p.state, p.heartbeat_at,
        (select reason from routing_decisions d where d.ticket_id = t.id order by d.id desc limit 1) as routing
    from tickets t left join agents a on a.id = t.assignee_id left join presence p on p.agent_id = a.id
        left join teams team on team.id = t.team_id
    where t.id = :ticket_id
    """
)
_LIVE: Final = Sql(
    """
    select id from tickets where status in ('open', 'pending', 'on_hold') and id > :after order by id limit :limit
    """
)

_BECAUSE: Final = {PriorityChanged.kind: "priority", EntitlementApplied.kind: "entitlement"}


class _Ticket(msgspec.Struct):
    """What was read of a ticket, with its clocks."""

    id: int
    row: Any
    clocks: list[Clock]

    @property
    def matter(self) -> Matter:
        return Matter(self.row.entitlement, self.row.entitlement_until, self.row.priority)

    def audience(self) -> dict[str, Any]:
        """The fields of an event that say whose ticket it is and who may hear of it."""
        return {
            "ticket_id": self.id,
            "customer_id": self.row.customer_id,
            "teams": (self.row.team_id or events.NO_TEAM,),
            "agents": (self.row.assignee_id,) if self.row.assignee_id else (),
        }


async def _load(session: AsyncSession, ticket_id: int) -> _Ticket | None:
    row = await _LOAD.first(session, ticket_id=ticket_id)
    return None if row is None else _Ticket(ticket_id, row, msgspec.json.decode(row.clocks, type=list[Clock]))


async def _write(
    session: AsyncSession,
    ticket_id: int,
    written: Sequence[Clock],
    gone: Sequence[int] = (),
    stamp: str | None = None,
) -> str:
    """Keep the clocks of a ticket, its next deadline, and the timer for it.

    Args:
        session: the unit of work.
        ticket_id: locked.
        written: all of its clocks that are left.
        gone: ids of those that are not.
        stamp: of the rules that they were made by, where the database must agree; else nothing is written.

    Returns:
        The stamp of the rules as they are.
    """
    running = [each for each in written if each.runs]
    deadlines = [each.due_at for each in running if each.due_at is not None]
    ahead = [each.due_at for each in running if each.due_at is not None and each.is_late(each.due_at)]
    found: str = await _WRITE.scalar(
        session,
        ticket_id=ticket_id,
        clocks=msgspec.json.encode(written).decode(),
        gone=list(gone),
        due_at=min(deadlines, default=None),
        wake_at=min(ahead, default=None),
        job=DUE_JOB,
        stamp=stamp,
    )
    return found


def _clock(policy: Policy, kind: str, target: Target, matter: Matter, started_at: datetime) -> Clock:
    return Clock(
        kind=kind,
        policy_id=policy.id,
        policy=policy.name,
        reason=policies.words(policy, kind, target, matter),
        minutes=target.minutes,
        business=target.business,
        hours=policy.hours,
        is_told=policy.is_told,
        started_at=started_at,
    )


def _first_clocks(rules: Rules, event: TicketCreated, now: datetime) -> list[Clock]:
    """The clocks of a new ticket; a first answer is promised to those who wait for one."""
    matter = Matter(event.entitlement, event.entitlement_until, event.priority)
    policy = policies.choose(rules.policies, matter)
    if policy is None:
        return []
    starts = {"first_response": event.waits_since, "resolution": event.waits_since or now}
    made = [
        _clock(policy, kind, policy.targets[kind], matter, since)
        for kind in KINDS
        if kind in policy.targets and (since := starts[kind]) is not None
    ]
    clocks.follow(made, event.status, now)
    for each in made:
        clocks.wind(each, rules.schedules)
    return made


# Handlers of events


async def on_ticket_created(session: AsyncSession, event: TicketCreated) -> None:
    """A ticket was opened: its clocks start, by one statement as long as nobody has just changed the rules."""
    if event.ticket_id is None or event.archived:
        return
    stamp: str | None = None
    while True:
        rules = await policies.rules(session, stamp)
        made = _first_clocks(rules, event, clock.now())
        if made:
            stamp = await _write(session, event.ticket_id, made, stamp=rules.stamp)
        else:
            stamp = await _STAMP.scalar(session)
        if stamp == rules.stamp:
            return


async def on_status_changed(session: AsyncSession, event: StatusChanged) -> None:
    """It waits, goes on, is solved or opened again; then by the terms for what it has become meanwhile."""
    found = await _load(session, event.ticket_id or 0)
    if found is None:
        return
    if found.clocks:
        before = msgspec.json.encode(found.clocks)
        now = clock.now()
        clocks.follow(found.clocks, event.new, now)
        await _keep(session, found, before, now)
    if event.old in OVER and event.new not in OVER:
        because = await _matter_since_solved(session, found.id)
        if because is not None:
            await _promise_anew(session, found, because)


async def _matter_since_solved(session: AsyncSession, ticket_id: int) -> str | None:
    """Why a ticket that is opened again may have another policy, if somebody has touched what decides about it."""
    just: list[Event] = [*events.recorded(session, PriorityChanged), *events.recorded(session, EntitlementApplied)]
    kinds = [each.kind for each in just if each.ticket_id == ticket_id]
    kind = kinds[0] if kinds else await _MATTER.scalar(session, ticket_id=ticket_id)
    return _BECAUSE.get(kind)


async def _changes(session: AsyncSession, ticket_id: int) -> list[Change]:
    """How the status of a ticket has changed, with what this transaction has done, which is in no log yet."""
    now = clock.now()
    known = [(row.at, row.old, row.new) for row in await _LOG.all(session, ticket_id=ticket_id)]
    just = [each for each in events.recorded(session, StatusChanged) if each.ticket_id == ticket_id]
    return [*known, *((now, each.old, each.new) for each in just)]


async def on_answer(session: AsyncSession, event: MessageQueued | AnsweredElsewhere | DeliveryChanged) -> None:
    """An agent has answered, or her answer was taken back or did not arrive: then it counts for nothing."""
    if not _may_matter(event):
        return
    found = await _load(session, event.ticket_id or 0)
    first = next((each for each in found.clocks if each.kind == "first_response"), None) if found else None
    if found is None or first is None or found.row.answered == (first.met_at is not None):
        return
    before = msgspec.json.encode(found.clocks)
    now = clock.now()
    if found.row.answered:
        clocks.meet(first, now)
    else:
        clocks.unmeet(first, await _changes(session, found.id), found.row.status, now)
    await _keep(session, found, before, now)


def _may_matter(event: MessageQueued | AnsweredElsewhere | DeliveryChanged) -> bool:
    if isinstance(event, MessageQueued):
        return event.is_answer
    if isinstance(event, DeliveryChanged):
        left_later = event.scheduled and event.state == "sent"
        return left_later or event.state in ("queued", "cancelled", "failed", "bounced")
    return True


async def on_matter_changed(session: AsyncSession, event: EntitlementApplied | PriorityChanged) -> None:
    """Another entitlement was frozen, or it is more urgent now: other promises, from the original start."""
    found = await _load(session, event.ticket_id or 0)
    if found is not None:
        await _promise_anew(session, found, _BECAUSE[event.kind])


async def on_hours_changed(session: AsyncSession, event: HoursChanged) -> None:
    """Deadlines that are still ahead are walked through the new hours, in the background."""
    del event
    await jobs.enqueue(session, REWIND_JOB, {})


async def _keep(session: AsyncSession, found: _Ticket, before: bytes, now: datetime) -> None:
    """Wind and write a ticket's clocks if anything about them is new; what was met too late is a breach."""
    rules = await policies.rules(session, found.row.stamp)
    for each in found.clocks:
        clocks.wind(each, rules.schedules)
    late = [each for each in found.clocks if each.was_met_late]
    if late:
        await _breach(session, found, late, now)
    if msgspec.json.encode(found.clocks) != before:
        await _write(session, found.id, found.clocks)


async def _promise_anew(session: AsyncSession, found: _Ticket, because: str) -> None:
    """Find the policy of a ticket anew and let its clocks run by it, with the time that has passed already.

    What was met stays as it was promised then; a breach on record stays whatever is promised now, also if nothing is.
    """
    rules = await policies.rules(session, found.row.stamp)
    policy = policies.choose(rules.policies, found.matter)
    targets: Mapping[Any, Target] = policy.targets if policy else {}
    before, old, now = msgspec.json.encode(found.clocks), _told(found.clocks), clock.now()
    known = {each.kind: each for each in found.clocks}
    gone = [each for each in found.clocks if each.met_at is None and each.kind in KINDS and each.kind not in targets]
    for each in gone:
        clocks.end(each, now)
    left = [each for each in found.clocks if each not in gone or each.breached_at is not None]
    for kind, target in targets.items():
        if policy is None or (kind in known and known[kind].met_at is not None):
            continue
        since = found.row.waiting_since if kind == "first_response" else None
        fresh = _clock(policy, kind, target, found.matter, since or found.row.created_at)
        if kind in known:
            clocks.renew(known[kind], fresh)
            if known[kind].ended_at is not None:
                clocks.resume(known[kind], await _changes(session, found.id), found.row.status, now)
        elif found.row.status not in OVER and _still_waits(found, kind):
            changes = await _changes(session, found.id)
            clocks.follow_log(fresh, fresh.started_at, changes, found.row.status, now)
            left.append(fresh)
    for each in left:
        clocks.wind(each, rules.schedules)
    if msgspec.json.encode(left) == before:
        return
    await _write(session, found.id, left, [each.id for each in found.clocks if each not in left and each.id])
    new = _told(left)
    if new != old:
        events.record(session, ClocksRecomputed(because=because, old=old, new=new, **found.audience()))


def _told(found: Sequence[Clock]) -> list[dict[str, Any]]:
    return [clocks.told(each) for each in found if each.ended_at is None]


def _still_waits(found: _Ticket, kind: str) -> bool:
    """Whether something can still be promised that was not when the ticket was opened."""
    return kind != "first_response" or (found.row.waiting_since is not None and not found.row.answered)


# Jobs


async def on_due(session: AsyncSession, ticket_id: int) -> None:
    """A deadline has come: notice what was missed, and wait for the next one (job; twice changes nothing)."""
    await lifecycle.lock(session, ticket_id)
    found = await _load(session, ticket_id)
    if found is None:
        return
    now = clock.now()
    late = [each for each in found.clocks if each.runs and each.is_late(now)]
    if late:
        await _breach(session, found, late, now)
    await _write(session, ticket_id, found.clocks)


async def _breach(session: AsyncSession, found: _Ticket, late: Sequence[Clock], now: datetime) -> None:
    cause = await _cause(session, found.id, now)
    for each in late:
        if each.due_at is None:
            continue
        each.breached_at = each.due_at
        breached = ClockBreached(
            clock=each.kind,
            policy=each.policy,
            reason=each.reason,
            started_at=each.started_at,
            due_at=each.due_at,
            cause=cause,
            **found.audience(),
        )
        events.record(session, breached)


async def _cause(session: AsyncSession, ticket_id: int, now: datetime) -> dict[str, Any]:
    """Who owned the ticket at this moment and whether she was there, how it stood, what the router said last."""
    row = await _CAUSE.first(session, ticket_id=ticket_id)
    there = row.heartbeat_at is not None and row.heartbeat_at >= now - timedelta(seconds=GRACE_SECONDS)
    return {
        "owner": row.owner,
        "owner_state": (row.state if there else "offline") if row.owner is not None else None,
        "team": row.team,
        "status": row.status,
        "priority": row.priority,
        "entitlement": row.entitlement,
        "routing": row.routing,
    }


async def rewind(session: AsyncSession, after: int = 0, *, anew: bool = False) -> None:
    """Wind the clocks of tickets that are not solved anew, some at a time (job).

    Args:
        session: the unit of work.
        after: the last ticket that is done.
        anew: also find their policies anew; else only their deadlines, by the opening hours as they are.
    """
    ids = [row.id for row in await _LIVE.all(session, after=after, limit=BATCH)]
    for ticket_id in ids:
        await lifecycle.lock(session, ticket_id)
        found = await _load(session, ticket_id)
        if found is None or found.row.status in OVER:
            continue
        if anew:
            await _promise_anew(session, found, "policy")
        elif found.clocks:
            await _wind_anew(session, found)
    if len(ids) == BATCH:
        await jobs.enqueue(session, REWIND_JOB, {"after": ids[-1], "anew": anew})


async def _wind_anew(session: AsyncSession, found: _Ticket) -> None:
    rules = await policies.rules(session, found.row.stamp)
    old = _told(found.clocks)
    now = clock.now()
    for each in found.clocks:
        if each.due_at is None or each.due_at > now:
            clocks.wind(each, rules.schedules)
    new = _told(found.clocks)
    if new != old:
        await _write(session, found.id, found.clocks)
        events.record(session, ClocksRecomputed(because="hours", old=old, new=new, **found.audience()))


async def promise_to_open_ones(session: AsyncSession) -> None:
    """Give tickets that are open already what the policies say now, in the background."""
    await jobs.enqueue(session, REWIND_JOB, {"anew": True})
