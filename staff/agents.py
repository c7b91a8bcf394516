"""Agents: their accounts, roles, teams and preferences.

Called by ``agent_ui/api``, the command line and the demo. A change of role, password or activity ends all sessions of
the agent, so that every session's rights are those it was begun with; a change of teams is followed by open sockets.
Somebody can always manage the desk's people (``staff/keepers``).
"""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, html
from core.errors import Invalid, NotFound
from staff import keepers, passwords, permissions, sessions, teams
from staff.errors import EmailTaken
from staff.events import AgentChanged, AgentCreated, AgentTeamsChanged
from staff.models import Agent, Role, Team, TeamMember

LOCALES: Final = ("en", "hi", "mr", "bn", "kn")
THEMES: Final = ("light", "dark", "system")
NOTIFIED: Final = frozenset({"assigned", "customer_wrote", "mentioned", "review", "late"})
"""What an agent may want a mail for: a ticket became hers, her customer wrote, a note names her, reviews, lateness."""
PUBLISH: Final = "articles:publish"
"""Who holds it gets mails about reviews until she says otherwise: else nobody would hear that a text waits."""
LONGEST_NAME: Final = 120
MOST_CAPACITY: Final = 1000
LONGEST_SIGNATURE: Final = 20_000
_EMAIL: Final = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,189}")


class NewAgent(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to create an agent. ``capacity`` counts open tickets that routing may give her."""

    name: str
    email: str
    password: str
    role: str = "agent"
    team_ids: tuple[int, ...] = ()
    capacity: int = 8
    locale: str = "en"
    time_zone: str = "Asia/Kolkata"
    signature: str = ""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """An agent with her role and teams, as she and administrators see her.

    ``notify``: those of :data:`NOTIFIED` that she wants a mail for.
    """

    id: int
    name: str
    email: str
    role: str
    permissions: tuple[str, ...]
    is_active: bool
    locale: str
    theme: str
    single_keys: bool
    time_zone: str
    signature: str
    notify: frozenset[str]
    capacity: int
    teams: tuple[tuple[int, str], ...]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator may change about an agent; what is unset stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    email: str | msgspec.UnsetType = msgspec.UNSET
    role: str | msgspec.UnsetType = msgspec.UNSET
    team_ids: tuple[int, ...] | msgspec.UnsetType = msgspec.UNSET
    capacity: int | msgspec.UnsetType = msgspec.UNSET


class Colleague(msgspec.Struct, frozen=True):
    """An agent as colleagues see her in pickers."""

    id: int
    name: str
    email: str
    team_ids: tuple[int, ...]


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent may change about herself; what is unset stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    locale: str | msgspec.UnsetType = msgspec.UNSET
    theme: str | msgspec.UnsetType = msgspec.UNSET
    single_keys: bool | msgspec.UnsetType = msgspec.UNSET
    time_zone: str | msgspec.UnsetType = msgspec.UNSET
    signature: str | msgspec.UnsetType = msgspec.UNSET
    notify: frozenset[str] | msgspec.UnsetType = msgspec.UNSET


async def create(session: AsyncSession, new: NewAgent) -> int:
    """Give somebody an account; returns her id.

    Raises:
        Invalid: a field is wrong; ``errors`` names it.
        EmailTaken: another agent has the address.
    """
    name, email, capacity = _name(new.name), _email(new.email), _capacity(new.capacity)
    passwords.check_new(new.password)
    agent = Agent(
        name=name,
        email=email,
        password_hash=await passwords.make_hash(new.password),
        role_id=await permissions.role_id(session, new.role),
        locale=_one_of("locale", new.locale, LOCALES),
        time_zone=_time_zone(new.time_zone),
        signature=html.sanitise(new.signature),
        capacity=capacity,
        created_at=clock.now(),
    )
    try:
        async with session.begin_nested():
            session.add(agent)
    except IntegrityError:
        raise EmailTaken from None
    await teams.check_exist(session, new.team_ids)
    await _join(session, agent.id, new.team_ids)
    events.record(session, AgentCreated(agent_id=agent.id, role=new.role, team_ids=new.team_ids))
    return agent.id


async def profile(session: AsyncSession, agent_id: int) -> Profile:
    """One agent with role and teams, in one query.

    Raises:
        NotFound: there is none with this id.
    """
    found = await _profiles(session, Agent.id == agent_id)
    if not found:
        raise NotFound("There is no such agent.")
    return found[0]


async def list_all(session: AsyncSession) -> list[Profile]:
    """Everybody who has or had an account, by name, those with an account first."""
    return await _profiles(session)


async def _profiles(session: AsyncSession, *conditions: ColumnElement[bool]) -> list[Profile]:
    pairs = (
        select(func.array_agg(func.json_build_array(Team.id, Team.name)))
        .join(TeamMember, TeamMember.team_id == Team.id)
        .where(TeamMember.agent_id == Agent.id)
        .scalar_subquery()
    )
    statement = (
        select(Agent, Role.name, Role.permissions, pairs)
        .join(Role, Role.id == Agent.role_id)
        .where(*conditions)
        .order_by(Agent.is_active.desc(), func.lower(Agent.name), Agent.id)
        .execution_options(populate_existing=True)
    )
    return [_profile(*row) for row in await session.execute(statement)]


def _profile(agent: Agent, role: str, held: list[str], membership: list[tuple[int, str]] | None) -> Profile:
    return Profile(
        id=agent.id,
        name=agent.name,
        email=agent.email,
        role=role,
        permissions=tuple(sorted(held)),
        is_active=agent.is_active,
        locale=agent.locale,
        theme=agent.theme,
        single_keys=agent.single_keys,
        time_zone=agent.time_zone,
        signature=agent.signature,
        notify=frozenset(name for name in NOTIFIED if agent.notify.get(name, name == "review" and PUBLISH in held)),
        capacity=agent.capacity,
        teams=tuple(sorted(((pair[0], pair[1]) for pair in membership or ()), key=lambda pair: pair[1])),
    )


async def list_active(session: AsyncSession) -> list[Colleague]:
    """All active agents by name, with their teams."""
    team_ids = select(func.array_agg(TeamMember.team_id)).where(TeamMember.agent_id == Agent.id).scalar_subquery()
    rows = await session.execute(
        select(Agent.id, Agent.name, Agent.email, team_ids).where(Agent.is_active).order_by(Agent.name, Agent.id)
    )
    return [Colleague(row[0], row[1], row[2], tuple(sorted(row[3] or ()))) for row in rows]


async def names(session: AsyncSession, agent_ids: set[int]) -> dict[int, str]:
    """Names by id, also of agents who are no longer active."""
    if not agent_ids:
        return {}
    rows = await session.execute(select(Agent.id, Agent.name).where(Agent.id.in_(agent_ids)))
    return {row[0]: row[1] for row in rows}


async def find_by_email(session: AsyncSession, email: str) -> int | None:
    """The id of the agent with this address, active or not."""
    return await session.scalar(select(Agent.id).where(func.lower(Agent.email) == email.strip().lower()))


async def change_preferences(session: AsyncSession, agent_id: int, wanted: Preferences) -> None:
    """Change what an agent may change about herself. Choosing mails tries her address again that failed before.

    Raises:
        NotFound: there is none with this id.
        Invalid: a value is not one of those there are.
    """
    agent = await _locked(session, agent_id)
    checked = {name: value for name, value in _checked(wanted).items() if getattr(agent, name) != value}
    changes = {name: [getattr(agent, name), value] for name, value in checked.items()}
    for name, value in checked.items():
        setattr(agent, name, value)
    if wanted.notify is not msgspec.UNSET:
        agent.address_failed = None  # she asks for mails anew; if her address still fails, the next bounce says so
    if changes:
        _record_change(session, agent_id, changes)


async def change_account(session: AsyncSession, agent_id: int, wanted: Account) -> None:
    """Change what an administrator may change about an agent.

    Raises:
        NotFound: there is none with this id.
        Invalid: a value is wrong; ``errors`` names its field.
        EmailTaken: another agent has the address.
        LastKeeper: nobody could manage the desk's people any more.
        OwnAccount: she would take her own right to manage people away.
    """
    if wanted.role is not msgspec.UNSET:
        await set_role(session, agent_id, wanted.role)
    if wanted.team_ids is not msgspec.UNSET:
        await set_teams(session, agent_id, wanted.team_ids)
    checks: dict[str, Callable[[Any], Any]] = {"name": _name, "email": _email, "capacity": _capacity}
    given = {field: getattr(wanted, field) for field in checks}
    agent = await _locked(session, agent_id)
    checked = {field: checks[field](value) for field, value in given.items() if value is not msgspec.UNSET}
    changes = {
        field: [getattr(agent, field), value] for field, value in checked.items() if getattr(agent, field) != value
    }
    if not changes:
        return
    try:
        async with session.begin_nested():
            for field, (_, value) in changes.items():
                setattr(agent, field, value)
            if "email" in changes:
                agent.address_failed = None  # what came back came back from the old address
    except IntegrityError:
        raise EmailTaken from None
    _record_change(session, agent_id, changes)


async def set_password(session: AsyncSession, agent_id: int, password: str) -> None:
    """Give an agent a new password and end all her sessions.

    Raises:
        NotFound: there is none with this id.
        Invalid: it is too short or too long.
    """
    passwords.check_new(password)
    fresh = await passwords.make_hash(password)
    agent = await _locked(session, agent_id)
    agent.password_hash = fresh
    _record_change(session, agent_id, {"password": ["…", "…"]})
    await sessions.end_all(session, agent_id, "password changed")


async def set_role(session: AsyncSession, agent_id: int, role: str) -> None:
    """Give an agent another role; all her sessions end, so that no old rights live on.

    Raises:
        NotFound: there is none with this id.
        Invalid: there is no such role.
        LastKeeper: nobody could manage the desk's people any more.
        OwnAccount: she would take her own right to manage people away.
    """
    wanted = await permissions.role_id(session, role)
    if not await keepers.is_keeping(session, wanted):
        await keepers.check_spared(session, agent_id)
    agent = await _locked(session, agent_id)
    if wanted == agent.role_id:
        return
    before = await session.scalar(select(Role.name).where(Role.id == agent.role_id))
    agent.role_id = wanted
    _record_change(session, agent_id, {"role": [before, role]})
    await sessions.end_all(session, agent_id, "role changed")


async def set_active(session: AsyncSession, agent_id: int, active: bool) -> None:
    """Let an agent in or keep her out; keeping out ends all her sessions.

    Raises:
        NotFound: there is none with this id.
        LastKeeper: nobody could manage the desk's people any more.
        OwnAccount: it is her own account.
    """
    if not active:
        await keepers.check_spared(session, agent_id)
    agent = await _locked(session, agent_id)
    if agent.is_active == active:
        return
    agent.is_active = active
    _record_change(session, agent_id, {"is_active": [not active, active]})
    if not active:
        await sessions.end_all(session, agent_id, "account closed")


async def set_teams(session: AsyncSession, agent_id: int, team_ids: tuple[int, ...]) -> None:
    """Put an agent into exactly these teams.

    Raises:
        NotFound: there is none with this id.
        Invalid: a team does not exist.
    """
    await _locked(session, agent_id)
    await teams.check_exist(session, team_ids)
    await session.execute(delete(TeamMember).where(TeamMember.agent_id == agent_id))
    await _join(session, agent_id, team_ids)
    events.record(
        session,
        AgentTeamsChanged(agents=(agent_id,), private=True, agent_id=agent_id, team_ids=tuple(sorted(set(team_ids)))),
    )


async def _locked(session: AsyncSession, agent_id: int) -> Agent:
    agent = await session.scalar(select(Agent).where(Agent.id == agent_id).with_for_update())
    if agent is None:
        raise NotFound("There is no such agent.")
    return agent


async def _join(session: AsyncSession, agent_id: int, team_ids: tuple[int, ...]) -> None:
    rows = [{"team_id": team_id, "agent_id": agent_id} for team_id in sorted(set(team_ids))]
    if rows:
        await session.execute(insert(TeamMember).values(rows).on_conflict_do_nothing())


def _record_change(session: AsyncSession, agent_id: int, changes: dict[str, list[Any]]) -> None:
    event = AgentChanged(agents=(agent_id,), private=True, agent_id=agent_id, changes=changes)
    events.record(session, event)


def _checked(wanted: Preferences) -> dict[str, Any]:
    """The set fields, each made sure of."""
    checks: dict[str, Callable[[Any], Any]] = {
        "name": _name,
        "locale": lambda value: _one_of("locale", value, LOCALES),
        "theme": lambda value: _one_of("theme", value, THEMES),
        "single_keys": bool,
        "time_zone": _time_zone,
        "signature": _signature,
        "notify": lambda value: {name: name in value for name in sorted((value & NOTIFIED) | {"review"})},
    }
    given = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    return {name: checks[name](value) for name, value in given.items() if value is not msgspec.UNSET}


def _name(value: str) -> str:
    name = " ".join(value.replace("\x00", "").split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid.field("name", f"A name has 1 to {LONGEST_NAME} characters.")
    return name


def _email(value: str) -> str:
    email = value.strip()
    if not _EMAIL.fullmatch(email):
        raise Invalid.field("email", "This is not an e-mail address.")
    return email


def _capacity(value: int) -> int:
    if not 0 <= value <= MOST_CAPACITY:
        raise Invalid.field("capacity", f"A number from 0 to {MOST_CAPACITY} is needed.")
    return value


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise Invalid.field(field, f"One of {', '.join(allowed)}.")
    return value


def _time_zone(value: str) -> str:
    if not clock.is_time_zone(value):
        raise Invalid.field("timeZone", "This is not a time zone, such as Asia/Kolkata.")
    return value


def _signature(value: str) -> str:
    if len(value) > LONGEST_SIGNATURE:
        raise Invalid.field("signature", f"A signature may have {LONGEST_SIGNATURE} characters.")
    return html.sanitise(value)
