"""Queues: where work waits, who gets it, how the search widens; made and changed by administrators.

Every team has one queue by itself, and so has the work of no team; they come into being with the team, at the latest
with the first ticket. Further queues of a team take kinds of its work, or are reached by rings and by hand.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

import msgspec
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core import events
from core.errors import Conflict, Invalid, NotFound, Stale
from core.sql import Sql
from routing import hours
from routing.events import QueueChanged
from routing.kinds import BROUGHT
from routing.models import QueueMember, WorkQueue
from routing.rings import LEVELS, Need, Ring
from routing.skills import existing
from staff.events import TeamCreated
from tickets import lifecycle

LONGEST_NAME: Final = 80
MOST_RINGS: Final = 6
EVERYBODY: Final = "Everybody"
"""Name of the queue for the work of no team."""
Wait = Annotated[int, msgspec.Meta(ge=0, le=30 * 86_400)]

_ENSURE: Final = Sql(
    """
    insert into queues (name, team_id, is_default, of_team)
    select coalesce((select name from teams where id = :team_id), :everybody), cast(:team_id as bigint), true, true
    on conflict (team_id) where is_default do nothing
    """
)
_LIST: Final = Sql(
    """
    select q.id, coalesce(case when q.is_default then t.name end, q.name) as name, q.team_id, q.is_default, q.of_team,
        q.kinds, q.skills::text as skills, q.rings::text as rings, q.sticky_seconds, q.owner_seconds, q.hours,
        q.hourly_cap, q.misses_before_away, q.requeue_hours, q.version,
        array(select m.agent_id from queue_members m where m.queue_id = q.id order by m.agent_id) as members
    from queues q left join teams t on t.id = q.team_id
    where cast(:id as bigint) is null or q.id = :id order by q.team_id nulls last, not q.is_default, name, q.id
    """
)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants a queue to be; see :class:`routing.models.WorkQueue`."""

    name: str
    team_id: int | None = None
    of_team: bool = False
    kinds: tuple[str, ...] = ()
    skills: tuple[Need, ...] = ()
    rings: tuple[Ring, ...] = ()
    sticky_seconds: Wait | None = None
    owner_seconds: Wait | None = None
    hours: str | None = None
    hourly_cap: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    misses_before_away: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    requeue_hours: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    members: tuple[int, ...] = ()


class Queue(Draft, frozen=True, kw_only=True):
    """A queue as it is; a team's own has the team's name, its members are those of the team."""

    id: int
    is_default: bool
    version: int


async def ensure_default(session: AsyncSession, team_id: int | None) -> None:
    """Make the queue of a team, or of the work of no team, where there is none yet."""
    await _ENSURE.all(session, team_id=team_id, everybody=EVERYBODY)


async def on_team_created(session: AsyncSession, event: TeamCreated) -> None:
    """A team was made: it has a queue (handler)."""
    await ensure_default(session, event.team_id)


def _queue(row: Any) -> Queue:
    values = dict(row) | {
        "skills": msgspec.json.decode(row.skills),
        "rings": msgspec.json.decode(row.rings),
    }
    return msgspec.convert(values, Queue)


async def list_queues(session: AsyncSession) -> list[Queue]:
    """All queues, those of a team together, its own first."""
    return [_queue(row) for row in await _LIST.all(session, id=None)]


async def find(session: AsyncSession, queue_id: int) -> Queue | None:
    """A queue by its number."""
    row = await _LIST.first(session, id=queue_id)
    return None if row is None else _queue(row)


async def save(
    session: AsyncSession, wanted: Draft, queue_id: int | None = None, if_version: int | None = None
) -> Queue:
    """Make a queue, or write one whole.

    Args:
        session: the unit of work.
        wanted: all of it. Name, team and members of a team's own queue are the team's, whatever stands here.
        queue_id: which to change; None: a new one.
        if_version: refuse when the queue is not at this version.

    Raises:
        Invalid: something in it is not possible.
        NotFound: there is none to change.
        Stale: somebody changed it in the meantime.
    """
    row = WorkQueue()
    before: Queue | None = None
    if queue_id is not None:
        found = await session.scalar(select(WorkQueue).where(WorkQueue.id == queue_id).with_for_update())
        before = await find(session, queue_id)
        if found is None or before is None:
            raise NotFound("There is no such queue.")
        if if_version is not None and found.version != if_version:
            raise Stale("Somebody changed this queue in the meantime.", version=found.version)
        row = found
        if row.is_default:
            wanted = msgspec.structs.replace(wanted, name=before.name, team_id=row.team_id, of_team=True, kinds=())
    wanted = await _checked(session, wanted, queue_id)
    for name in Draft.__struct_fields__:
        if name not in ("skills", "rings", "kinds", "members"):
            setattr(row, name, getattr(wanted, name))
    row.skills, row.rings = msgspec.to_builtins(wanted.skills), msgspec.to_builtins(wanted.rings)
    row.kinds = list(wanted.kinds)
    row.version = (row.version or 0) + 1
    session.add(row)
    await session.flush()
    await session.execute(delete(QueueMember).where(QueueMember.queue_id == row.id))
    if not wanted.of_team:
        session.add_all(QueueMember(queue_id=row.id, agent_id=each) for each in sorted(set(wanted.members)))
    await session.flush()
    after = await find(session, row.id)
    if after is None:
        raise NotFound("There is no such queue.")
    told = [None if each is None else msgspec.to_builtins(each) for each in (before, after)]
    events.record(session, QueueChanged(queue_id=row.id, name=after.name, before=told[0], after=told[1]))
    return after


async def _checked(session: AsyncSession, wanted: Draft, own: int | None) -> Draft:
    name = " ".join(wanted.name.replace("\x00", "").split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid.field("name", f"A queue's name has 1 to {LONGEST_NAME} characters.")
    await lifecycle.check_team(session, wanted.team_id)
    if wanted.of_team and wanted.team_id is None and own is None:
        raise Invalid.field("teamId", "The members of a team need a team.")
    if set(wanted.kinds) - set(BROUGHT):
        raise Invalid.field("kinds", "There is no such kind of work.")
    if wanted.hours is not None and await hours.find(session, wanted.hours) is None:
        raise Invalid.field("hours", "There are no such hours.")
    if len(wanted.rings) > MOST_RINGS:
        raise Invalid.field("rings", f"A queue has at most {MOST_RINGS} rings.")
    asked = {each for ring in wanted.rings for each in ring.queues}
    if own in asked or len(asked) != len(await _existing(session, "queues", asked)):
        raise Invalid.field("rings", "A ring asks other queues, and only such as there are.")
    if any(ring.after_seconds < 0 or not 0 <= ring.lower < LEVELS[1] for ring in wanted.rings):
        raise Invalid.field("rings", "A ring is reached after some seconds, and lowers levels by 0 to 4.")
    if len(set(wanted.members)) != len(await _existing(session, "agents", wanted.members)):
        raise Invalid.field("members", "There is no such agent.")
    await check_needs(session, wanted.skills)
    rings = tuple(sorted(wanted.rings, key=lambda each: each.after_seconds))
    return msgspec.structs.replace(wanted, name=name, rings=rings)


async def _existing(session: AsyncSession, table: str, ids: Iterable[int]) -> set[int]:
    statement = text(f"select id from {table} where id = any(cast(:ids as bigint[]))")  # noqa: S608 - our own names
    return set(await session.scalars(statement, {"ids": sorted(set(ids))}))


async def check_needs(session: AsyncSession, needs: Sequence[Need]) -> None:
    """Refuse needs that nobody could have.

    Raises:
        Invalid: a skill is unknown, or a level is none.
    """
    if any(not LEVELS[0] <= need.level <= LEVELS[1] for need in needs):
        raise Invalid.field("skills", f"A level is {LEVELS[0]} to {LEVELS[1]}.")
    wanted = {need.skill_id for need in needs}
    if len(wanted) != len(needs) or wanted != set(await existing(session, wanted)):
        raise Invalid.field("skills", "Each skill stands here once, and only such as there are.")


_IN_USE: Final = text(
    """
    select exists (select from work_items where queue_id = :id and state <> 'done') as work,
        exists (select from sla_policies where queue_id = :id) as policies,
        exists (select from queues where id <> :id and rings @? format('$[*].queues[*] ? (@ == %s)', cast(:id as text))
            ::jsonpath) as rings
    """
)
_LEAVE: Final = text(
    """
    update work_items w set queue_id = d.id from queues q, queues d
    where q.id = :id and w.queue_id = q.id and d.is_default and d.team_id is not distinct from q.team_id
    """
)


async def remove(session: AsyncSession, queue_id: int) -> None:
    """Take a queue away that nothing waits in and no ring asks.

    Raises:
        NotFound: there is none.
        Invalid: it is a team's own.
        Conflict: something is left to do in it, or a ring of another one asks it.
    """
    found = await session.scalar(select(WorkQueue).where(WorkQueue.id == queue_id).with_for_update())
    before = await find(session, queue_id)
    if found is None or before is None:
        raise NotFound("There is no such queue.")
    if found.is_default:
        raise Invalid("A team's own queue cannot be taken away.")
    use = (await session.execute(_IN_USE, {"id": queue_id})).one()
    if use.work:
        raise Conflict("Work is left in this queue; move it first.")
    if use.policies:
        raise Conflict("A policy of response times is for this queue; change that first.")
    if use.rings:
        raise Conflict("A ring of another queue asks this one; change that first.")
    await ensure_default(session, found.team_id)
    await session.execute(_LEAVE, {"id": queue_id})
    told = msgspec.to_builtins(before)
    events.record(session, QueueChanged(queue_id=queue_id, name=before.name, before=told, after=None))
    await session.delete(found)
