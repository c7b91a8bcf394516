"""Teams: groups of agents that own tickets together. Which team a ticket is of decides who may see it."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Invalid
from staff.events import TeamCreated
from staff.models import Team


async def create(session: AsyncSession, name: str) -> int:
    """Make a team, or find the one of this name; returns its id.

    Raises:
        Invalid: the name is empty.
    """
    name = " ".join(name.split())
    if not name:
        raise Invalid.field("name", "A team needs a name.")
    found = await session.scalar(select(Team.id).where(Team.name == name))
    if found is not None:
        return found
    team = Team(name=name, created_at=clock.now())
    session.add(team)
    await session.flush()
    events.record(session, TeamCreated(team_id=team.id, name=name))
    return team.id


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
