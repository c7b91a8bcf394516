"""What can happen in routing."""

from typing import Any

from core.events import Event


class PresenceChanged(Event, frozen=True, kw_only=True):
    """An agent became available, busy or absent."""

    kind = "agent.presence_changed"
    agent_id: int
    old: str
    new: str
    reason: str | None = None


class TicketRouted(Event, frozen=True, kw_only=True):
    """The router decided: to whom and why, or why it waits."""

    kind = "ticket.routed"
    agent_id: int | None
    agent_name: str | None
    reason: str
    decision_id: int


class HoursChanged(Event, frozen=True, kw_only=True):
    """Somebody changed when we are there, or took a schedule away."""

    kind = "hours.changed"
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
