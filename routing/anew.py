"""Promises found anew, from their original start: after a change of the ticket, its customer, the rules or the hours.

What was met stays as it was promised then, and a breach on record stays whatever is promised now. Every change of
policy is an event with what was promised before, which is the history that people see. A job winds the clocks of open
tickets some at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, jobs
from core.events import Event
from core.sql import Sql
from customers.events import CustomerChanged, OrganisationChanged
from routing import clock_rows, clocks, policies
from routing.clock_rows import Clocked
from routing.clocks import KINDS, OVER, Change, Clock, Kind
from routing.events import ClocksRecomputed, HoursChanged, WorkMoved
from routing.policies import Policy, Rules, Target
from tickets import lifecycle
from tickets.events import EntitlementApplied, PriorityChanged, TeamChanged

REWIND_JOB: Final = "routing.rewind_clocks"
TIER_JOB: Final = "routing.tier_changed"
BATCH: Final = 50
"""Tickets that one transaction winds anew."""
BECAUSE: Final[Mapping[type[Event], str]] = {
    PriorityChanged: "priority",
    EntitlementApplied: "entitlement",
    TeamChanged: "team",
    WorkMoved: "queue",
}
"""What happens to a ticket and decides about its policy → the word for it."""

_LIVE: Final = Sql(
    """
    select id from tickets where status in ('open', 'pending', 'on_hold') and id > :after order by id limit :limit
    """
)
_OF_PEOPLE: Final = Sql(
    """
    select t.id from tickets t join customers c on c.id = t.customer_id
    where t.status in ('open', 'pending', 'on_hold') and t.id > :after
    and (c.id = cast(:customer_id as bigint)
        or (c.organisation_id = cast(:organisation_id as bigint) and c.tier is null))
    order by t.id limit :limit
    """
)


def because_of(kind: str | None) -> str | None:
    """The word for a kind of event that decides about policies."""
    return next((word for event, word in BECAUSE.items() if event.kind == kind), None)


async def promise(session: AsyncSession, found: Clocked, because: str) -> None:
    """Find the policy of a ticket anew and let its clocks run by it, with the time that has passed already.

    Args:
        session: the unit of work.
        found: a ticket that is locked, with its clocks.
        because: why, as in :class:`routing.events.ClocksRecomputed`.
    """
    rules = await policies.rules(session, found.row.stamp)
    policy = policies.choose(rules.policies, found.matter)
    targets: Mapping[Kind, Target] = policy.targets if policy else {}
    before, old, now = msgspec.json.encode(found.clocks), _told(found.clocks), clock.now()
    gone = [each for each in found.clocks if each.is_open and each.kind in KINDS and each.kind not in targets]
    for each in gone:
        clocks.end(each, now)
    left = [each for each in found.clocks if each not in gone or each.breached_at is not None]
    if policy is not None:
        changes = await clock_rows.changes_of(session, found.id)
        for kind in targets:
            made = _renewed(found, rules, policy, kind, changes)
            left += [made] if made is not None else []
    for each in left:
        clocks.wind(each, rules.schedules)
    if msgspec.json.encode(left) == before:
        return
    await clock_rows.write(session, found.id, left, [each.id for each in found.clocks if each not in left and each.id])
    new = _told(left)
    if new != old:
        events.record(session, ClocksRecomputed(because=because, old=old, new=new, **found.audience()))


def _renewed(found: Clocked, rules: Rules, policy: Policy, kind: Kind, changes: Sequence[Change]) -> Clock | None:
    """Give the newest clock of a kind the terms of a policy; else make one, where something is still to be kept."""
    known, row, now = found.latest(kind), found.row, clock.now()
    if known is not None and known.met_at is not None:
        return _next_wait(found, rules, policy, kind)
    if known is not None and (known.is_open or kind in ("first_response", "resolution")):
        if known.ended_at is not None and kind == "first_response" and row.waiting_since is None:
            return None  # nobody waits for it: no reply was needed, or the words are in another ticket
        since = known.started_at
        clocks.renew(known, policies.clock_for(rules, policy, kind, found.matter, since))
        if known.ended_at is not None:
            clocks.resume(known, changes, row.status, now)
        else:
            clocks.follow([known], row.status, now)
        return None
    if kind == "next_response":
        return _next_wait(found, rules, policy, kind)
    if row.status in OVER or kind == "call_answer":
        return None
    if kind == "first_response" and (row.waiting_since is None or row.answered):
        return None
    since = row.waiting_since if kind == "first_response" else row.created_at
    if policy.reopening == "restart" and kind == "resolution":
        since = max((at for at, before, after in changes if before in OVER and after not in OVER), default=since)
    fresh = policies.clock_for(rules, policy, kind, found.matter, since)
    clocks.follow_log(fresh, fresh.started_at, changes, row.status, now)
    return fresh


def _next_wait(found: Clocked, rules: Rules, policy: Policy, kind: Kind) -> Clock | None:
    """The clock of a customer who has had an answer and waits for the next one, where none runs yet."""
    since: datetime | None = found.row.waiting_since
    known = found.latest(kind)
    if kind != "next_response" or since is None or not found.row.answered or found.row.status in OVER:
        return None
    if known is not None and (known.is_open or known.started_at == since):
        return None
    return policies.clock_for(rules, policy, kind, found.matter, since)


def _told(found: Iterable[Clock]) -> list[dict[str, Any]]:
    return [clocks.told(each) for each in found if each.ended_at is None and each.promise_id is None]


# Jobs, and what asks for them


async def on_hours_changed(session: AsyncSession, event: HoursChanged) -> None:
    """Deadlines that are still ahead are walked through the new hours, in the background."""
    del event
    await jobs.enqueue(session, REWIND_JOB, {})


async def on_customer_changed(session: AsyncSession, event: CustomerChanged) -> None:
    """A customer is of another tier: her open tickets are promised what is for it."""
    if "tier" in event.changes:
        await jobs.enqueue(session, TIER_JOB, {"customer_id": event.customer_id})


async def on_organisation_changed(session: AsyncSession, event: OrganisationChanged) -> None:
    """An organisation is of another tier, and with it its people."""
    if "tier" in event.changes:
        await jobs.enqueue(session, TIER_JOB, {"organisation_id": event.organisation_id})


async def rewind(session: AsyncSession, after: int = 0, *, anew: bool = False) -> None:
    """Wind the clocks of tickets that are not solved anew, some at a time (job).

    Args:
        session: the unit of work.
        after: the last ticket that is done.
        anew: also find their policies anew; else only their deadlines, by the opening hours as they are.
    """
    ids = [row.id for row in await _LIVE.all(session, after=after, limit=BATCH)]
    for ticket_id in ids:
        found = await _live(session, ticket_id)
        if found is None:
            continue
        if anew:
            await promise(session, found, "policy")
        elif found.clocks:
            await _wind_anew(session, found)
    if len(ids) == BATCH:
        await jobs.enqueue(session, REWIND_JOB, {"after": ids[-1], "anew": anew})


async def tier_changed(
    session: AsyncSession, customer_id: int | None = None, organisation_id: int | None = None, after: int = 0
) -> None:
    """Find the promises about tickets of a customer, or of an organisation's people, anew, some at a time (job).

    Args:
        session: the unit of work.
        customer_id: whose tier is another.
        organisation_id: whose tier is another.
        after: the last ticket that is done.
    """
    people = {"customer_id": customer_id, "organisation_id": organisation_id}
    ids = [row.id for row in await _OF_PEOPLE.all(session, **people, after=after, limit=BATCH)]
    for ticket_id in ids:
        found = await _live(session, ticket_id)
        if found is not None:
            await promise(session, found, "tier")
    if len(ids) == BATCH:
        await jobs.enqueue(session, TIER_JOB, {**people, "after": ids[-1]})


async def _live(session: AsyncSession, ticket_id: int) -> Clocked | None:
    await lifecycle.lock(session, ticket_id)
    found = await clock_rows.load(session, ticket_id)
    return None if found is None or found.row.status in OVER else found


async def _wind_anew(session: AsyncSession, found: Clocked) -> None:
    rules = await policies.rules(session, found.row.stamp)
    old = _told(found.clocks)
    now = clock.now()
    for each in found.clocks:
        if each.due_at is None or each.due_at > now:
            clocks.wind(each, rules.schedules)
    new = _told(found.clocks)
    if new != old:
        await clock_rows.write(session, found.id, found.clocks)
        events.record(session, ClocksRecomputed(because="hours", old=old, new=new, **found.audience()))


async def promise_to_open_ones(session: AsyncSession) -> None:
    """Give tickets that are open already what the policies say now, in the background."""
    await jobs.enqueue(session, REWIND_JOB, {"anew": True})
