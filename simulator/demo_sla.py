"""What the demo company promises: policies, and the clocks of its tickets of the last weeks.

By the product's own arithmetic (``routing/clocks.py``) from what the tickets have lived through; nothing is drawn. Who
has no cover any more is promised nothing, so that this can be seen as well.
"""

from collections import defaultdict
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.events import EventRow
from core.timers import Timer
from routing import clocks, policies
from routing.clock_rows import DUE_JOB
from routing.clocks import Clock, Kind
from routing.events import ClockBreached
from routing.models import SlaClock
from routing.policies import Draft, Matter, Rules, Target
from simulator.demo_routing import SEVEN_DAYS
from simulator.demo_threads import PROMISE

NEWEST: Final = 500
"""So many tickets have clocks, and all that are not solved; the promises about older ones were made on paper."""
WARNINGS: Final = (75, 90)
_OPENING_DAY: Final = 570
_COVERED: Final = (
    Draft(
        name="Contract",
        entitlement="contract",
        targets={"first_response": Target(240), "next_response": Target(240), "resolution": Target(2 * _OPENING_DAY)},
        is_told=True,
        warnings=WARNINGS,
    ),
    Draft(
        name="Warranty",
        entitlement="in_warranty",
        targets={"first_response": Target(480), "resolution": Target(4 * _OPENING_DAY)},
        is_told=True,
        warnings=WARNINGS,
    ),
)
GOLD: Final = "Gold"
GOLD_ORGANISATIONS: Final = ("Lotus Court Hotel", "Silver Oak Clinic", "Kaveri Pharmacy")
_GOLD: Final = Draft(
    name="Better hotels, clinics and shops",
    tier=GOLD,
    hours=SEVEN_DAYS,
    targets={"first_response": Target(120), "next_response": Target(240), "resolution": Target(2 * 900)},
    is_told=True,
    warnings=WARNINGS,
)
"""Somebody is there for them on seven days, 900 minutes each."""
_NAMES: Final = {"urgent": "Danger and standstill", "high": "Hurry", "normal": "Everyday", "low": "When there is time"}
_TICKETS: Final = text(
    """
    select t.id, t.customer_id, t.team_id, t.assignee_id, a.name as owner, team.name as team, t.status, t.priority,
        t.entitlement, t.entitlement_until, t.created_at, t.first_reply_at, o.tier
    from tickets t join customers c on c.id = t.customer_id left join organisations o on o.id = c.organisation_id
    left join agents a on a.id = t.assignee_id left join teams team on team.id = t.team_id
    where t.status in ('open', 'pending', 'on_hold') or t.id > (select max(id) from tickets) - :newest order by t.id
    """
)
_CHANGES: Final = text(
    """
    select ticket_id, at, data ->> 'old' as old, data ->> 'new' as new from events
    where kind = 'ticket.status_changed' and ticket_id = any(:tickets) order by at, id
    """
)
_DUE: Final = text(
    """
    update tickets set due_at = d.due_at from unnest(cast(:tickets as bigint[]), cast(:dues as timestamptz[]))
    as d(id, due_at) where tickets.id = d.id
    """
)


def _drafts() -> list[Draft]:
    """The best customers by their tier, covered products by their cover, the others by how urgent it is."""
    others = [
        Draft(
            name=_NAMES[priority],
            entitlement="none",
            priority=priority,
            targets={
                "first_response": Target(hours * 60, business=False),
                "resolution": Target(hours * 5 * 60, business=False),
            },
            warnings=WARNINGS,
        )
        for priority, hours in PROMISE.items()
    ]
    return [_GOLD, *_COVERED, *others]


async def fill(session: AsyncSession, now: datetime) -> None:
    """Write policies, clocks, what was missed, and the timers of what is still ahead."""
    for draft in _drafts():
        await policies.save(session, draft)
    rules = await policies.read_rules(session)
    tickets = (await session.execute(_TICKETS, {"newest": NEWEST})).all()
    changes: dict[int, list[tuple[datetime, str, str]]] = defaultdict(list)
    for row in await session.execute(_CHANGES, {"tickets": [each.id for each in tickets]}):
        changes[row.ticket_id].append((row.at, row.old, row.new))
    made = [(ticket, _clocks(rules, ticket, changes[ticket.id], now)) for ticket in tickets]
    written = [_written(each) | {"ticket_id": ticket.id} for ticket, found in made for each in found]
    await session.execute(insert(SlaClock), written)
    missed = [_breach(ticket, each) for ticket, found in made for each in found if each.breached_at is not None]
    await session.execute(insert(EventRow), sorted(missed, key=lambda row: (row["at"], row["ticket_id"])))
    await _next(session, [(ticket.id, found) for ticket, found in made])


def _clocks(rules: Rules, ticket: Any, changes: list[tuple[datetime, str, str]], now: datetime) -> list[Clock]:
    matter = Matter(ticket.entitlement, ticket.entitlement_until, ticket.priority, tier=ticket.tier)
    policy = policies.choose(rules.policies, matter)
    if policy is None:
        return []
    kinds: tuple[Kind, ...] = ("first_response", "resolution")
    made = [
        policies.clock_for(rules, policy, kind, matter, ticket.created_at) for kind in kinds if kind in policy.targets
    ]
    for each in made:
        each.warnings = []  # of what began before the desk was opened nobody is warned: a demo begins quietly
        if each.kind == "first_response" and ticket.first_reply_at is not None:
            clocks.meet(each, ticket.first_reply_at)
        else:
            clocks.follow_log(each, each.started_at, changes, ticket.status, now)
        clocks.wind(each, rules.schedules)
        if each.was_met_late or (each.runs and each.is_late(now)):
            each.breached_at = each.due_at
    return made


def _written(clock: Clock) -> dict[str, Any]:
    row = msgspec.structs.asdict(clock)
    del row["id"]
    return row | {"pauses": msgspec.to_builtins(clock.pauses)}


def _breach(ticket: Any, clock: Clock) -> dict[str, Any]:
    """The event of a missed deadline, as ``routing/sla.py`` writes it at that moment."""
    event = ClockBreached(
        clock=clock.kind,
        policy=clock.policy,
        reason=clock.reason,
        started_at=clock.started_at,
        due_at=clock.due_at or clock.started_at,
        cause={
            "owner": ticket.owner,
            "owner_state": "busy" if ticket.owner else None,
            "team": ticket.team,
            "status": "open",
            "priority": ticket.priority,
            "entitlement": ticket.entitlement,
            "routing": None,
        },
    )
    facts = msgspec.to_builtins(event)
    data = {name: facts[name] for name in ("clock", "policy", "reason", "started_at", "due_at", "cause")}
    agents = [ticket.assignee_id] if ticket.assignee_id else []
    return {
        "at": clock.breached_at, "kind": event.kind, "actor_kind": "system", "actor_id": None, "actor_name": "Sampark",
        "ticket_id": ticket.id, "customer_id": ticket.customer_id, "teams": [ticket.team_id], "agents": agents,
        "data": data,
    }  # fmt: skip


async def _next(session: AsyncSession, made: list[tuple[int, list[Clock]]]) -> None:
    """The next deadline of each ticket on its row, and the timer that wakes for it."""
    dues: dict[int, datetime] = {}
    ahead: dict[int, datetime] = {}
    for ticket_id, found in made:
        running = [each.due_at for each in found if each.runs and each.due_at is not None]
        if running:
            dues[ticket_id] = min(running)
        still = [each.due_at for each in found if each.runs and each.due_at is not None and each.breached_at is None]
        if still:
            ahead[ticket_id] = min(still)
    await session.execute(_DUE, {"tickets": list(dues), "dues": list(dues.values())})
    rows = [
        {"due_at": at, "job": DUE_JOB, "args": {"ticket_id": ticket_id}, "key": None, "dedupe": f"sla:{ticket_id}"}
        for ticket_id, at in ahead.items()
    ]
    await session.execute(insert(Timer), rows)
