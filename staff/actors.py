"""Agents as actors, for work that is done on their behalf without a sign-in (an answer that comes by mail)."""

from sqlalchemy.ext.asyncio import AsyncSession

from core.actor import Actor, ActorKind
from core.errors import NotAllowed
from core.sql import Sql
from staff import agents

_ADDRESSES = Sql("select lower(email) as email, id from agents where is_active")


async def addresses(session: AsyncSession) -> dict[str, int]:
    """The active agents by their addresses (lower case)."""
    return {row.email: row.id for row in await _ADDRESSES.all(session)}


async def of_agent(session: AsyncSession, agent_id: int) -> Actor:
    """An agent as the actor that she would be when signed in.

    Raises:
        NotAllowed: she is no longer active.
        NotFound: there is none with this id.
    """
    found = await agents.profile(session, agent_id)
    if not found.is_active:
        raise NotAllowed("This agent is no longer active.")
    team_ids = tuple(team_id for team_id, _ in found.teams)
    return Actor(ActorKind.AGENT, found.id, found.name, frozenset(found.permissions), team_ids)
