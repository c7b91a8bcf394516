"""Response times: which policy fits a ticket, what it promises, and the words for it.

A policy names an entitlement and a priority, or leaves one of them open; the most specific one that fits counts. What
is read for every new ticket, policies and opening hours, is kept in memory with a stamp; whoever writes a ticket's
clocks compares the stamp in the same statement (``routing/sla.py``), so nothing old is ever promised.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Final
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Invalid, NotFound, Stale
from core.sql import Sql
from products.entitlement import STATES
from routing import hours
from routing.clocks import Kind
from routing.events import SlaPolicyChanged
from routing.hours import Schedule
from routing.models import SlaPolicy
from tickets.lifecycle import PRIORITIES

MOST_MINUTES: Final = 60 * 24 * 366
Minutes = Annotated[int, msgspec.Meta(ge=1, le=MOST_MINUTES)]


class Target(msgspec.Struct, frozen=True):
    """Within how many minutes; of opening hours, or of the calendar."""

    minutes: Minutes
    business: bool = True


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to promise; see :class:`routing.models.SlaPolicy`."""

    name: str
    entitlement: str | None = None
    priority: str | None = None
    hours: str = hours.DEFAULT
    targets: dict[Kind, Target] = {}
    is_told: bool = False


class Policy(Draft, frozen=True, kw_only=True):
    """A policy that is in force."""

    id: int
    version: int = 1


class Matter(msgspec.Struct, frozen=True):
    """What decides about a ticket's policy, with the last day of its cover for the words."""

    entitlement: str
    until: date | None
    priority: str


class Rules(msgspec.Struct, frozen=True):
    """All policies and opening hours as they were read together; ``stamp`` changes with any of them."""

    stamp: str
    policies: tuple[Policy, ...]
    schedules: Mapping[str, Schedule]


def choose(policies: Iterable[Policy], matter: Matter) -> Policy | None:
    """The policy that fits: one that names both counts before one that names the entitlement, then the priority."""
    fitting = [
        each
        for each in policies
        if each.entitlement in (None, matter.entitlement) and each.priority in (None, matter.priority)
    ]
    return min(fitting, key=lambda each: (each.entitlement is None, each.priority is None, each.id), default=None)


_COVER: Final = {
    "in_warranty": "in warranty",
    "contract": "contract",
    "expired": "cover has ended",
    "none": "no cover",
}
_PROMISES: Final[Mapping[str, str]] = {"first_response": "first answer", "resolution": "solution"}


def span(minutes: int, *, business: bool) -> str:
    """A length of time in English, as in "4 opening hours" or "90 minutes"."""
    whole = minutes % 60 == 0
    number, unit = (minutes // 60, "hour") if whole else (minutes, "minute")
    return f"{number} {'opening ' if business else ''}{unit}{'' if number == 1 else 's'}"


def words(policy: Policy, kind: str, target: Target, matter: Matter) -> str:
    """Why a clock has its deadline, as in "contract until 2027-03-01: first answer within 4 opening hours"."""
    said: list[str] = []
    if policy.entitlement is not None:
        until = f" until {matter.until}" if matter.until and matter.entitlement in ("in_warranty", "contract") else ""
        said.append(_COVER[policy.entitlement] + until)
    if policy.priority is not None:
        said.append(f"priority {policy.priority}")
    promise = f"{_PROMISES[kind]} within {span(target.minutes, business=target.business)}"
    return f"{', '.join(said) or 'every request'}: {promise}"


STAMP: Final = """
    select concat(
        (select string_agg(concat(id, '.', version), ',' order by id) from sla_policies), ';',
        (select string_agg(concat(id, '.', version), ',' order by id) from opening_hours))
"""
"""What changes with every policy and schedule that is made, changed or taken away; both tables are small."""
_READ: Final = Sql(
    f"""
    select ({STAMP}) as stamp,
        (select coalesce(jsonb_agg(to_jsonb(p) order by p.id), '[]')::text from sla_policies p) as policies,
        (select coalesce(jsonb_agg(to_jsonb(h)), '[]')::text from opening_hours h) as schedules
    """  # noqa: S608 - put together from constants of this module
)
_kept: WeakKeyDictionary[object, Rules] = WeakKeyDictionary()
"""Per database, so that none acts by what another one knows."""


async def read_rules(session: AsyncSession) -> Rules:
    """The rules as they are now."""
    row = await _READ.first(session)
    policies = msgspec.json.decode(row.policies, type=list[Policy])
    schedules = {each.name: each for each in msgspec.json.decode(row.schedules, type=list[Schedule])}
    return Rules(row.stamp, tuple(policies), {hours.DEFAULT: Schedule()} | schedules)


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
    """All policies: by entitlement, the more specific ones first."""
    found = (await read_rules(session)).policies
    places: dict[str | None, int] = {state: place for place, state in enumerate(STATES)}
    urgency: dict[str | None, int] = {name: -place for place, name in enumerate(PRIORITIES)}
    return sorted(found, key=lambda each: (places.get(each.entitlement, 9), urgency.get(each.priority, 9), each.id))


async def _checked(session: AsyncSession, draft: Draft, own_id: int | None) -> Draft:
    name = " ".join(draft.name.split())
    if not name or len(name) > 100:
        raise Invalid.field("name", "A name of at most 100 letters is needed.")
    if draft.entitlement is not None and draft.entitlement not in STATES:
        raise Invalid.field("entitlement", f"One of {', '.join(STATES)}, or none.")
    if draft.priority is not None and draft.priority not in PRIORITIES:
        raise Invalid.field("priority", f"One of {', '.join(PRIORITIES)}, or none.")
    if not draft.targets:
        raise Invalid.field("targets", "Promise the first answer, the solution, or both.")
    if await hours.find(session, draft.hours) is None:
        raise Invalid.field("hours", "There are no such opening hours.")
    same = (draft.entitlement, draft.priority)
    others = (await read_rules(session)).policies
    if any((each.entitlement, each.priority) == same and each.id != own_id for each in others):
        raise _taken()
    return msgspec.structs.replace(draft, name=name)


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
