"""Response times: which policy fits a ticket, what it promises, and the words for it.

A policy names the customer's tier, an entitlement, a queue, a team and a priority, or leaves any of them open; the
most specific one that fits counts. What is read for every new ticket, policies, queues and opening hours, is kept in
memory with a stamp; whoever writes a ticket's clocks compares the stamp in the same statement
(``routing/clock_rows.py``), so nothing old is ever promised.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final, Literal
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Invalid, NotFound, Stale
from core.sql import Sql
from customers import tiers
from products.entitlement import STATES
from routing import hours
from routing.clocks import WAITING, Clock, Kind, Waiting
from routing.events import SlaPolicyChanged
from routing.hours import Schedule
from routing.models import SlaPolicy
from tickets.lifecycle import PRIORITIES

MOST_DAYS: Final = 366
MOST_WARNINGS: Final = 4
Reopening = Literal["continue", "restart"]


class Target(msgspec.Struct, frozen=True):
    """Within how many minutes; of opening hours, or of the calendar."""

    minutes: int
    business: bool = True


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to promise; see :class:`routing.models.SlaPolicy`."""

    name: str
    tier: str | None = None
    entitlement: str | None = None
    queue_id: int | None = None
    team_id: int | None = None
    priority: str | None = None
    hours: str | None = hours.DEFAULT
    targets: dict[Kind, Target] = {}
    is_told: bool = False
    warnings: tuple[int, ...] = ()
    rests_in: tuple[Waiting, ...] = WAITING
    reopening: Reopening = "continue"


class Policy(Draft, frozen=True, kw_only=True):
    """A policy that is in force."""

    id: int
    version: int = 1


class Matter(msgspec.Struct, frozen=True):
    """What decides about a ticket's policy, with the last day of its cover for the words."""

    entitlement: str
    until: date | None
    priority: str
    team_id: int | None = None
    queue_id: int | None = None
    tier: str | None = None


class Place(msgspec.Struct, frozen=True):
    """What promises need of a queue or a team; ``hours``: when somebody is there, None: as the desk."""

    id: int
    name: str
    hours: str | None = None


class Rules(msgspec.Struct, frozen=True):
    """All policies, places and opening hours as they were read together; ``stamp`` changes with any of them."""

    stamp: str
    policies: tuple[Policy, ...]
    schedules: Mapping[str, Schedule]
    queues: Mapping[int, Place] = {}
    teams: Mapping[int, Place] = {}

    @property
    def ask_more(self) -> bool:
        """Whether something decides that the event of a new ticket does not say: the tier, the queue."""
        return any(each.tier is not None or each.queue_id is not None or each.hours is None for each in self.policies)


def _named(policy: Draft) -> tuple[str | int | None, ...]:
    """What a policy names, the strongest condition first."""
    return (
        policy.tier and policy.tier.casefold(),
        policy.entitlement,
        policy.queue_id,
        policy.team_id,
        policy.priority,
    )


def choose(policies: Iterable[Policy], matter: Matter) -> Policy | None:
    """The policy that fits: one that names the tier first, then the entitlement, the queue, the team, the priority."""
    found = (
        matter.tier and matter.tier.casefold(),
        matter.entitlement,
        matter.queue_id,
        matter.team_id,
        matter.priority,
    )
    fitting = [
        each
        for each in policies
        if all(wanted in (None, value) for wanted, value in zip(_named(each), found, strict=True))
    ]
    return min(fitting, key=lambda each: (*(value is None for value in _named(each)), each.id), default=None)


_COVER: Final = {
    "in_warranty": "in warranty",
    "contract": "contract",
    "expired": "cover has ended",
    "none": "no cover",
}
_PROMISES: Final[Mapping[str, str]] = {
    "first_response": "first answer",
    "next_response": "next answer",
    "resolution": "solution",
    "call_answer": "call taken",
}


def span(minutes: int, *, business: bool) -> str:
    """A length of time in English, as in "4 opening hours" or "90 minutes"."""
    whole = minutes % 60 == 0
    number, unit = (minutes // 60, "hour") if whole else (minutes, "minute")
    return f"{number} {'opening ' if business else ''}{unit}{'' if number == 1 else 's'}"


def words(policy: Policy, kind: str, target: Target, matter: Matter, queue: str = "", team: str = "") -> str:
    """Why a clock has its deadline, as in "contract until 2027-03-01: first answer within 4 opening hours"."""
    said: list[str] = []
    if policy.tier is not None:
        said.append(f"tier {policy.tier}")
    if policy.entitlement is not None:
        until = f" until {matter.until}" if matter.until and matter.entitlement in ("in_warranty", "contract") else ""
        said.append(_COVER[policy.entitlement] + until)
    if policy.queue_id is not None:
        said.append(f"queue {queue}")
    if policy.team_id is not None:
        said.append(f"team {team}")
    if policy.priority is not None:
        said.append(f"priority {policy.priority}")
    promise = f"{_PROMISES[kind]} within {span(target.minutes, business=target.business)}"
    return f"{', '.join(said) or 'every request'}: {promise}"


def clock_for(rules: Rules, policy: Policy, kind: Kind, matter: Matter, started_at: datetime) -> Clock:
    """The clock of what a policy promises about a ticket; it is not wound yet."""
    target = policy.targets[kind]
    queue, team = rules.queues.get(matter.queue_id or 0), rules.teams.get(matter.team_id or 0)
    of_queue = (queue and queue.hours) or hours.DEFAULT
    return Clock(
        kind=kind,
        policy_id=policy.id,
        policy=policy.name,
        reason=words(policy, kind, target, matter, queue.name if queue else "", team.name if team else ""),
        minutes=target.minutes,
        business=target.business,
        hours=policy.hours if policy.hours is not None else of_queue,
        is_told=policy.is_told,
        warnings=list(policy.warnings),
        rests_in=list(policy.rests_in),
        restarts=policy.reopening == "restart",
        started_at=started_at,
    )


STAMP: Final = """
    select concat(
        (select string_agg(concat(id, '.', version), ',' order by id) from sla_policies), ';',
        (select string_agg(concat(id, '.', version), ',' order by id) from opening_hours), ';',
        (select string_agg(concat(id, '.', version), ',' order by id) from queues), ';',
        (select string_agg(concat(id, '.', name), ',' order by id) from teams))
"""
"""What changes with every policy, queue, team and schedule that is made, changed or taken away; few rows."""
_READ: Final = Sql(
    f"""
    select ({STAMP}) as stamp,
        (select coalesce(jsonb_agg(to_jsonb(p) order by p.id), '[]')::text from sla_policies p) as policies,
        (select coalesce(jsonb_agg(to_jsonb(h)), '[]')::text from opening_hours h) as schedules,
        (select coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'hours', q.hours,
            'name', coalesce(case when q.is_default then t.name end, q.name))), '[]')::text
            from queues q left join teams t on t.id = q.team_id) as queues,
        (select coalesce(jsonb_agg(to_jsonb(t)), '[]')::text from teams t) as teams
    """  # noqa: S608 - put together from constants of this module
)
_kept: WeakKeyDictionary[object, Rules] = WeakKeyDictionary()
"""Per database, so that none acts by what another one knows."""


async def read_rules(session: AsyncSession) -> Rules:
    """The rules as they are now."""
    row = await _READ.first(session)
    policies = msgspec.json.decode(row.policies, type=list[Policy])
    schedules = {each.name: each for each in msgspec.json.decode(row.schedules, type=list[Schedule])}
    queues, teams = (
        {each.id: each for each in msgspec.json.decode(found, type=list[Place])} for found in (row.queues, row.teams)
    )
    return Rules(row.stamp, tuple(policies), {hours.DEFAULT: Schedule()} | schedules, queues, teams)


async def rules(session: AsyncSession, stamp: str | None = None) -> Rules:
    """The rules from memory, or read.

    Args:
        session: the unit of work.
        stamp: what the database says now, where it is known; other rules are of no use then.
    """
    kept = _kept.get(session.get_bind())
    if kept is None or stamp not in (None, kept.stamp):
        kept = _kept[session.get_bind()] = await read_rules(session)
    return kept


async def list_policies(session: AsyncSession) -> list[Policy]:
    """All policies: by tier and entitlement, the more specific ones first."""
    found = (await read_rules(session)).policies
    places: dict[str | None, int] = {state: place for place, state in enumerate(STATES)}
    urgency: dict[str | None, int] = {name: -place for place, name in enumerate(PRIORITIES)}

    def order(each: Policy) -> tuple[Any, ...]:
        tier = (each.tier is None, (each.tier or "").lower())
        place = (each.queue_id is None, each.queue_id or 0, each.team_id is None, each.team_id or 0)
        return (*tier, places.get(each.entitlement, 9), *place, urgency.get(each.priority, 9), each.id)

    return sorted(found, key=order)


async def _checked(session: AsyncSession, draft: Draft, own_id: int | None) -> Draft:
    name = " ".join(draft.name.split())
    if not name or len(name) > 100:
        raise Invalid.field("name", "A name of at most 100 letters is needed.")
    known = await read_rules(session)
    tier = await tiers.spelled(session, draft.tier, (each.tier for each in known.policies))
    _check_conditions(draft, known)
    _check_terms(draft)
    if draft.hours is not None and draft.hours not in known.schedules:
        raise Invalid.field("hours", "There are no such opening hours.")
    wanted = msgspec.structs.replace(draft, name=name, tier=tier, warnings=tuple(sorted(set(draft.warnings))))
    if any(_named(each) == _named(wanted) and each.id != own_id for each in known.policies):
        raise _taken()
    return wanted


def _check_conditions(draft: Draft, known: Rules) -> None:
    if draft.entitlement is not None and draft.entitlement not in STATES:
        raise Invalid.field("entitlement", f"One of {', '.join(STATES)}, or none.")
    if draft.priority is not None and draft.priority not in PRIORITIES:
        raise Invalid.field("priority", f"One of {', '.join(PRIORITIES)}, or none.")
    if draft.queue_id is not None and draft.queue_id not in known.queues:
        raise Invalid.field("queueId", "There is no such queue.")
    if draft.team_id is not None and draft.team_id not in known.teams:
        raise Invalid.field("teamId", "There is no such team.")


def _check_terms(draft: Draft) -> None:
    if not draft.targets:
        raise Invalid.field("targets", "Promise at least one of these times.")
    for kind, target in draft.targets.items():
        if not 1 <= target.minutes <= MOST_DAYS * 24 * 60:
            first, *rest = kind.split("_")
            field = f"{first}{''.join(rest).title()}.minutes"
            raise Invalid.field(field, f"Promise a minute at least, and at most {MOST_DAYS} days.")
    if len(set(draft.warnings)) > MOST_WARNINGS or any(not 1 <= each <= 99 for each in draft.warnings):
        raise Invalid.field("warnings", f"At most {MOST_WARNINGS} warnings, at 1 to 99 percent of the time.")


def _taken() -> Invalid:
    return Invalid.field("entitlement", "There is a policy for these requests already. Change that one.")


def _kept_of(row: SlaPolicy) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Draft.__struct_fields__}


async def save(
    session: AsyncSession, draft: Draft, policy_id: int | None = None, if_version: int | None = None
) -> Policy:
    """Make or change a policy. New tickets get it; those that are open keep what they were promised.

    Args:
        session: the unit of work.
        draft: what is promised.
        policy_id: which one is changed; None: a new one.
        if_version: refuse when it is not at this version.

    Raises:
        NotFound: there is none with this id.
        Stale: somebody has changed it meanwhile.
        Invalid: a value is not possible, or another policy is for the same tickets.
    """
    row = SlaPolicy(version=0) if policy_id is None else await _locked(session, policy_id)
    if if_version is not None and row.version != if_version:
        raise Stale("Somebody changed this policy in the meantime.", version=row.version)
    wanted = await _checked(session, draft, policy_id)
    before = None if policy_id is None else _kept_of(row)
    try:
        async with session.begin_nested():
            for name, value in msgspec.to_builtins(wanted).items():
                setattr(row, name, value)
            row.version, row.changed_at = row.version + 1, clock.now()
            session.add(row)
    except IntegrityError:  # somebody else's save was not to be seen yet
        raise _taken() from None
    events.record(session, SlaPolicyChanged(policy_id=row.id, name=row.name, before=before, after=_kept_of(row)))
    return msgspec.convert(_kept_of(row) | {"id": row.id, "version": row.version}, Policy)


async def remove(session: AsyncSession, policy_id: int) -> None:
    """Take a policy away; tickets keep what they were promised.

    Raises:
        NotFound: there is none with this id.
    """
    row = await _locked(session, policy_id)
    events.record(session, SlaPolicyChanged(policy_id=row.id, name=row.name, before=_kept_of(row), after=None))
    await session.delete(row)
    await session.flush()


async def _locked(session: AsyncSession, policy_id: int) -> SlaPolicy:
    row = await session.scalar(select(SlaPolicy).where(SlaPolicy.id == policy_id).with_for_update())
    if row is None:
        raise NotFound("There is no such policy.")
    return row
