"""What can happen to our own people: sign-ins, ended sessions, changed rights."""

from typing import Any

from core.events import Event


class AgentCreated(Event, frozen=True, kw_only=True):
    """Somebody was given an account."""

    kind = "agent.created"
    agent_id: int
    role: str
    team_ids: tuple[int, ...]


class AgentChanged(Event, frozen=True, kw_only=True):
    """An agent's account was changed: field → [old, new]. Passwords show as changed, never as values."""

    kind = "agent.changed"
    agent_id: int
    changes: dict[str, list[Any]]


class AgentTeamsChanged(Event, frozen=True, kw_only=True):
    """An agent joined or left teams; her open sockets follow the new teams from the next event on."""

    kind = "agent.teams_changed"
    agent_id: int
    team_ids: tuple[int, ...]


class SignedIn(Event, frozen=True, kw_only=True):
    """An agent signed in."""

    kind = "session.started"
    agent_id: int
    session_id: int
    ip: str
    user_agent: str


class SignInRefused(Event, frozen=True, kw_only=True):
    """Somebody tried an agent's account in vain. Unknown addresses are not recorded here: they are of nobody."""

    kind = "session.refused"
    agent_id: int
    ip: str
    reason: str


class SessionEnded(Event, frozen=True, kw_only=True):
    """Sessions ended: by signing out, by a change of rights or of the password, or by an administrator.

    The live sockets of these sessions are closed when this is seen.
    """

    kind = "session.ended"
    agent_id: int
    session_ids: tuple[int, ...]
    reason: str


class TeamCreated(Event, frozen=True, kw_only=True):
    """A team was made."""

    kind = "team.created"
    team_id: int
    name: str


class TeamRenamed(Event, frozen=True, kw_only=True):
    """A team has another name: field → [old, new]."""

    kind = "team.renamed"
    team_id: int
    changes: dict[str, list[str]]


class ApiKeyCreated(Event, frozen=True, kw_only=True):
    """An administrator made a key for a program."""

    kind = "api_key.created"
    key_id: int
    name: str
    scopes: list[str]


class ApiKeyRevoked(Event, frozen=True, kw_only=True):
    """A key of a program was ended."""

    kind = "api_key.revoked"
    key_id: int
    name: str
