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
from agent_ui.views.presence import BoardRow
from core.settings import Settings
from routing import board
from routing.board import AgentLoad
from staff import agents

HEARTBEAT_SECONDS: Final = 15
_NOWHERE: Final = PresenceView(state="offline", since=None, reason=None, source="system", set_by=None, until=None)


async def presence_view(session: AsyncSession, agent_id: int) -> PresenceView:
    """The state an agent is in."""
    await session.flush()
    found = await board.loads(session, agent_id)
    return standing(found[0]) if found else _NOWHERE


def standing(load: AgentLoad) -> PresenceView:
    """The state of an agent whose load is known. Who has just fallen silent sees herself as she was."""
    state: Any = load.kept_state
    source: Any = load.source
    return PresenceView(
        state=state, since=load.since, reason=load.reason, source=source, set_by=load.set_by, until=load.until
    )


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


async def board_rows(session: AsyncSession) -> list[BoardRow]:
    """All active agents as a supervisor sees them, by name."""
    teams = {each.id: list(each.team_ids) for each in await agents.list_active(session)}
    return [
        BoardRow(
            agent_id=each.agent_id,
            name=each.name,
            team_ids=teams.get(each.agent_id, []),
            presence=standing(each),
            is_lost=each.is_lost,
            tabs=each.tabs,
            open_count=each.open_count,
            load=each.load,
            capacity=each.capacity,
        )
        for each in await board.loads(session)
    ]


async def colleagues(session: AsyncSession) -> list[AgentBrief]:
    """All active agents with presence and load, by name."""
    loads = {load.agent_id: load for load in await board.loads(session)}
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
