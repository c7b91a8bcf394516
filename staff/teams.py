"""Teams: groups of agents that own tickets together. Which team a ticket is of decides who may see it."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Invalid, NotFound
from staff.errors import TeamNameTaken
from staff.events import TeamCreated, TeamRenamed
from staff.models import Team

LONGEST_NAME: Final = 80


async def create(session: AsyncSession, name: str) -> int:
    """Make a team, or find the one of this name; returns its id.

    Raises:
        Invalid: the name is empty or too long.
    """
    found = await find_by_name(session, name)
    return found if found is not None else await add(session, name)


async def add(session: AsyncSession, name: str) -> int:
    """Make a team of a name that no other has; returns its id.

    Raises:
        Invalid: the name is empty or too long.
        TeamNameTaken: another team has it.
    """
    team = Team(name=await _free_name(session, name), created_at=clock.now())
    try:
        async with session.begin_nested():
            session.add(team)
    except IntegrityError:
        raise TeamNameTaken from None
    events.record(session, TeamCreated(team_id=team.id, name=team.name))
    return team.id


async def rename(session: AsyncSession, team_id: int, name: str) -> None:
    """Give a team another name.

    Raises:
        NotFound: there is none with this id.
        Invalid: the name is empty or too long.
        TeamNameTaken: another team has it.
    """
    team = await session.get(Team, team_id, with_for_update=True)
    if team is None:
        raise NotFound("There is no such team.")
    before, wanted = team.name, await _free_name(session, name, team_id)
    if wanted == before:
        return
    try:
        async with session.begin_nested():
            team.name = wanted
    except IntegrityError:
        raise TeamNameTaken from None
    events.record(session, TeamRenamed(team_id=team_id, changes={"name": [before, wanted]}))


async def find_by_name(session: AsyncSession, name: str) -> int | None:
    """The id of the team of this name; capitals and blanks do not matter."""
    wanted = " ".join(name.split()).lower()
    return await session.scalar(select(Team.id).where(func.lower(Team.name) == wanted).order_by(Team.id).limit(1))


async def name_of(session: AsyncSession, team_id: int) -> str:
    """The name of a team.

    Raises:
        NotFound: there is none with this id.
    """
    name = await session.scalar(select(Team.name).where(Team.id == team_id))
    if name is None:
        raise NotFound("There is no such team.")
    return name


async def _free_name(session: AsyncSession, name: str, own: int | None = None) -> str:
    """A name made tidy, which no other team has."""
    tidy = " ".join(name.replace("\x00", "").split())
    if not 1 <= len(tidy) <= LONGEST_NAME:
        raise Invalid.field("name", f"A team's name has 1 to {LONGEST_NAME} characters.")
    if await find_by_name(session, tidy) not in (None, own):
        raise TeamNameTaken
    return tidy


async def list_all(session: AsyncSession) -> list[tuple[int, str]]:
    """All teams as (id, name), by name."""
    rows = await session.execute(select(Team.id, Team.name).order_by(Team.name, Team.id))
    return [(row[0], row[1]) for row in rows]


async def check_exist(session: AsyncSession, team_ids: Iterable[int]) -> None:
    """Refuse ids of which one is no team's.

    Raises:
        Invalid: one is not.
    """
    wanted = set(team_ids)
    if not wanted:
        return
    found = set(await session.scalars(select(Team.id).where(Team.id.in_(wanted))))
    if found != wanted:
        raise Invalid.field("teamIds", "There is no such team.")
