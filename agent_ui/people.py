"""Puts together what belongs to people from staff, routing and settings. Called by ``agent_ui/api``."""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from agent_ui.views.base import Named
from agent_ui.views.people import (
    AgentBrief,
    AgentView,
    ConsoleSettings,
    NotifyView,
    PersonView,
    PresenceView,
    SessionView,
)
from core.settings import Settings
from routing import presence
from routing.models import Presence
from staff import agents

HEARTBEAT_SECONDS: Final = 15


async def presence_view(session: AsyncSession, agent_id: int) -> PresenceView:
    """The state an agent chose."""
    row = await session.get(Presence, agent_id, populate_existing=True)
    state: Any = row.state if row else "offline"
    return PresenceView(state=state, since=row.since if row else None)


async def agent_view(session: AsyncSession, agent_id: int) -> AgentView:
    """An agent as she sees herself.

    Raises:
        NotFound: there is none with this id.
    """
    return _agent(await agents.profile(session, agent_id), await presence_view(session, agent_id))


def _agent(profile: agents.Profile, state: PresenceView) -> AgentView:
    return AgentView(
        id=profile.id,
        name=profile.name,
        email=profile.email,
        role=profile.role,
        locale=profile.locale,
        theme=profile.theme,
        single_keys=profile.single_keys,
        time_zone=profile.time_zone,
        signature=profile.signature,
        notify=NotifyView(
            assigned="assigned" in profile.notify,
            customer_wrote="customer_wrote" in profile.notify,
            mentioned="mentioned" in profile.notify,
            review="review" in profile.notify,
            late="late" in profile.notify,
        ),
        teams=[Named(id=team_id, name=name) for team_id, name in profile.teams],
        is_active=profile.is_active,
        presence=state,
    )


def person_view(profile: agents.Profile) -> PersonView:
    """An agent as those see her who manage the desk's people."""
    return PersonView(
        id=profile.id,
        name=profile.name,
        email=profile.email,
        role=profile.role,
        teams=[Named(id=team_id, name=name) for team_id, name in profile.teams],
        capacity=profile.capacity,
        is_active=profile.is_active,
    )


async def session_view(session: AsyncSession, agent_id: int, csrf_token: str, settings: Settings) -> SessionView:
    """The signed-in session with what the console needs to start."""
    profile = await agents.profile(session, agent_id)
    return SessionView(
        agent=_agent(profile, await presence_view(session, agent_id)),
        csrf_token=csrf_token,
        permissions=list(profile.permissions),
        settings=ConsoleSettings(
            undo_send_seconds=settings.undo_send_seconds,
            brand_hue=settings.brand_hue,
            product_name=settings.product_name,
            default_locale=settings.default_locale,
            demo=settings.simulator,
            heartbeat_seconds=HEARTBEAT_SECONDS,
        ),
    )


async def colleagues(session: AsyncSession) -> list[AgentBrief]:
    """All active agents with presence and load, by name."""
    loads = {load.agent_id: load for load in await presence.board(session)}
    found: list[AgentBrief] = []
    for colleague in await agents.list_active(session):
        load = loads.get(colleague.id)
        state: Any = load.state if load else "offline"
        found.append(
            AgentBrief(
                id=colleague.id,
                name=colleague.name,
                email=colleague.email,
                presence=state,
                open_count=load.open_count if load else 0,
                capacity=load.capacity if load else 0,
                team_ids=list(colleague.team_ids),
            )
        )
    return found
