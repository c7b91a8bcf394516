"""What can happen in routing."""

from datetime import datetime
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


class SlaPolicyChanged(Event, frozen=True, kw_only=True):
    """Somebody made, changed or took away a policy of response times."""

    kind = "sla.policy_changed"
    policy_id: int
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class ClocksRecomputed(Event, frozen=True, kw_only=True):
    """A ticket's response times were found anew, from the original start; ``old`` is what was promised before.

    ``because``: ``entitlement``, ``priority``, ``policy`` or ``hours``.
    """

    kind = "sla.recomputed"
    because: str
    old: list[dict[str, Any]]
    new: list[dict[str, Any]]


class ClockBreached(Event, frozen=True, kw_only=True):
    """A deadline was missed. ``cause``: who owned the ticket and whether she was there, its status and the rest.

    What stands here is what reports use; nothing is found out anew later.
    """

    kind = "sla.breached"
    clock: str
    policy: str
    reason: str
    started_at: datetime
    due_at: datetime
    cause: dict[str, Any]
