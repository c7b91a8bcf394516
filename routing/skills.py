"""Skills: what some of our people can, how well, and how much an hour may bring them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core import events
from core.errors import Conflict, Invalid, NotFound
from core.sql import Sql
from routing.events import AgentRoutingChanged, SkillChanged
from routing.models import AgentRouting, AgentSkill, Skill
from routing.rings import LEVELS

LONGEST_NAME: Final = 60

_AGENTS: Final = Sql(
    """
    select a.id, a.name, a.capacity, r.hourly_cap,
        coalesce((select jsonb_object_agg(s.skill_id, s.level) from agent_skills s where s.agent_id = a.id), '{}')::text
            as skills
    from agents a left join agent_routing r on r.agent_id = a.id
    where a.is_active and (cast(:id as bigint) is null or a.id = :id) order by a.name, a.id
    """
)
_IN_USE: Final = Sql(
    """
    with wanted as materialized (select jsonb_build_array(jsonb_build_object('skill_id', cast(:id as bigint))) as it)
    select exists (select from queues, wanted where skills @> it)
        or exists (select from work_items, wanted where state <> 'done' and skills @> it)
    """
)


class Able(msgspec.Struct, frozen=True):
    """An agent as routing sees her: skill → level, how much she holds, how many items an hour may bring."""

    id: int
    name: str
    capacity: int
    hourly_cap: int | None
    skills: dict[int, int]


async def list_skills(session: AsyncSession) -> list[tuple[int, str]]:
    """All skills as (id, name), by name."""
    rows = await session.execute(select(Skill.id, Skill.name).order_by(Skill.name, Skill.id))
    return [(row[0], row[1]) for row in rows]


async def name_of(session: AsyncSession, skill_id: int) -> str:
    """The name of a skill.

    Raises:
        NotFound: there is none with this number.
    """
    name = await session.scalar(select(Skill.name).where(Skill.id == skill_id))
    if name is None:
        raise NotFound("There is no such skill.")
    return name


async def existing(session: AsyncSession, ids: Iterable[int]) -> list[int]:
    """Those of some numbers that are skills."""
    return list(await session.scalars(select(Skill.id).where(Skill.id.in_(set(ids)))))


async def save(session: AsyncSession, name: str, skill_id: int | None = None) -> int:
    """Make a skill, or give one another name; returns its number.

    Raises:
        Invalid: the name is empty or too long.
        NotFound: there is none to rename.
        Conflict: another one has this name.
    """
    tidy = " ".join(name.replace("\x00", "").split())
    if not 1 <= len(tidy) <= LONGEST_NAME:
        raise Invalid.field("name", f"A skill's name has 1 to {LONGEST_NAME} characters.")
    row = Skill(name=tidy) if skill_id is None else await session.get(Skill, skill_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such skill.")
    before = None if skill_id is None else row.name
    try:
        async with session.begin_nested():
            row.name = tidy
            session.add(row)
    except IntegrityError:
        raise Conflict("Another skill has this name.") from None
    events.record(session, SkillChanged(skill_id=row.id, before=before, after=tidy))
    return row.id


async def remove(session: AsyncSession, skill_id: int) -> None:
    """Take a skill away that nothing needs; nobody has it any more.

    Raises:
        NotFound: there is none.
        Conflict: a queue or some open work needs it.
    """
    row = await session.get(Skill, skill_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such skill.")
    if await _IN_USE.scalar(session, id=skill_id):
        raise Conflict("A queue or open work needs this skill; change that first.")
    events.record(session, SkillChanged(skill_id=skill_id, before=row.name, after=None))
    await session.delete(row)


def _able(row: Any) -> Able:
    return msgspec.convert(dict(row) | {"skills": msgspec.json.decode(row.skills)}, Able, strict=False)


async def list_agents(session: AsyncSession) -> list[Able]:
    """All active agents with what they can, by name."""
    return [_able(row) for row in await _AGENTS.all(session, id=None)]


async def of_agent(session: AsyncSession, agent_id: int) -> Able:
    """What an agent can.

    Raises:
        NotFound: there is no such agent at work here.
    """
    row = await _AGENTS.first(session, id=agent_id)
    if row is None:
        raise NotFound("There is no such agent at work here.")
    return _able(row)


async def set_agent(session: AsyncSession, agent_id: int, skills: Mapping[int, int], hourly_cap: int | None) -> Able:
    """Say what an agent can, all of it, and how many items an hour may bring her.

    Raises:
        NotFound: there is no such agent at work here.
        Invalid: a skill is unknown, or a level is none.
    """
    before = await of_agent(session, agent_id)
    if any(not LEVELS[0] <= level <= LEVELS[1] for level in skills.values()):
        raise Invalid.field("skills", f"A level is {LEVELS[0]} to {LEVELS[1]}.")
    if set(skills) != set(await existing(session, skills)):
        raise Invalid.field("skills", "There is no such skill.")
    await session.execute(delete(AgentSkill).where(AgentSkill.agent_id == agent_id))
    rows = [{"agent_id": agent_id, "skill_id": skill, "level": level} for skill, level in sorted(skills.items())]
    if rows:
        await session.execute(insert(AgentSkill).values(rows))
    statement = insert(AgentRouting).values(agent_id=agent_id, hourly_cap=hourly_cap)
    await session.execute(
        statement.on_conflict_do_update(index_elements=[AgentRouting.agent_id], set_={"hourly_cap": hourly_cap})
    )
    after = await of_agent(session, agent_id)
    if after != before:
        told = [{"skills": msgspec.to_builtins(each.skills, str_keys=True), "hourly_cap": each.hourly_cap}
                for each in (before, after)]  # fmt: skip
        changed = AgentRoutingChanged(agent_id=agent_id, before=told[0], after=told[1], agents=(agent_id,))
        events.record(session, changed)
    return after
