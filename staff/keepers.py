"""Keepers: the agents who may manage the desk's people. One of them always stays, or nobody could let anybody in.

Asked by ``staff/agents`` before somebody loses a role or her account. From the machine itself, ``sampark user`` obeys
the same rule.
"""

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.actor import ActorKind
from core.db import actor_of
from staff.errors import LastKeeper, OwnAccount
from staff.models import Agent, Role

KEEPING: Final = "staff:manage"


async def is_keeping(session: AsyncSession, role_id: int) -> bool:
    """Whether a role lets people manage people."""
    held = await session.scalar(select(Role.permissions).where(Role.id == role_id))
    return KEEPING in (held or ())


async def check_spared(session: AsyncSession, agent_id: int) -> None:
    """Refuse that an agent stops being a keeper when she is the last one, or does it to herself.

    Locks all keepers, in order, so that two of them cannot take each other away at the same moment.

    Raises:
        LastKeeper: she is the last one.
        OwnAccount: she does it to herself.
    """
    statement = (
        select(Agent.id)
        .join(Role, Role.id == Agent.role_id)
        .where(Agent.is_active, Role.permissions.contains([KEEPING]))
        .order_by(Agent.id)
        .with_for_update(of=Agent)
    )
    found = list(await session.scalars(statement))
    if found == [agent_id]:
        raise LastKeeper
    actor = actor_of(session)
    if agent_id in found and actor.kind is ActorKind.AGENT and actor.id == agent_id:
        raise OwnAccount
