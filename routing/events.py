"""What can happen in routing."""

from datetime import datetime
from typing import Any

from core.events import Event


class PresenceChanged(Event, frozen=True, kw_only=True):
    """An agent became available, busy or absent, or is so for another reason.

    ``source``: who did it: ``self``, ``supervisor`` (the actor) or ``system``. ``until``: when a wrap-up ends.
    ``set_by``: the name of the supervisor whose word it is. One who comes back within the grace is what she was:
    ``old`` and ``new`` are the same, and ``since`` says since when.
    """

    kind = "agent.presence_changed"
    agent_id: int
    old: str
    new: str
    reason: str | None = None
    source: str = "self"
    until: datetime | None = None
    set_by: str | None = None
    since: datetime | None = None


class AgentLost(Event, frozen=True, kw_only=True):
    """All windows of an agent fell silent; she keeps her state until the grace is over, and is offered nothing."""

    kind = "agent.connection_lost"
    agent_id: int
    state: str


class PresenceReasonsChanged(Event, frozen=True, kw_only=True):
    """The reasons for taking no new work changed: a name before and after, or their order."""

    kind = "presence_reasons.changed"
    reason_id: int
    before: str | None
    after: str | None


class WallboardChanged(Event, frozen=True, kw_only=True):
    """The link of a wallboard was made or revoked."""

    kind = "wallboard.changed"
    wallboard_id: int
    name: str
    is_revoked: bool


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

    ``because``: ``entitlement``, ``priority``, ``team``, ``queue``, ``tier``, ``policy`` or ``hours``.
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


class OfferMade(Event, frozen=True, kw_only=True):
    """Work is held out to an agent, who takes it or not until ``expires_at``."""

    kind = "offer.made"
    offer_id: int
    agent_id: int
    agent_name: str
    expires_at: datetime


class OfferEnded(Event, frozen=True, kw_only=True):
    """An offer was taken, refused, let pass or taken back (``outcome``: accepted, rejected, missed, withdrawn)."""

    kind = "offer.ended"
    offer_id: int
    agent_id: int
    outcome: str
    reason: str = ""


class NobodyCan(Event, frozen=True, kw_only=True):
    """Alarm: nobody, whether here or not, has the skills that an item needs."""

    kind = "routing.nobody_can"
    queue_id: int
    queue: str
    skills: list[int]


class WorkMoved(Event, frozen=True, kw_only=True):
    """A ticket's work waits in another queue now; ``to_name``: what that was called then."""

    kind = "routing.moved"
    from_id: int
    to_id: int
    to_name: str = ""


class WorkReturned(Event, frozen=True, kw_only=True):
    """What an agent had went back into its queue, in front, because she is gone or handed it over."""

    kind = "routing.returned"
    agent_id: int
    because: str


class QueueChanged(Event, frozen=True, kw_only=True):
    """Somebody made, changed or took away a queue, or changed its members."""

    kind = "routing.queue_changed"
    queue_id: int
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class SkillChanged(Event, frozen=True, kw_only=True):
    """Somebody made, renamed or took away a skill."""

    kind = "routing.skill_changed"
    skill_id: int
    before: str | None
    after: str | None


class AgentRoutingChanged(Event, frozen=True, kw_only=True):
    """An agent can other things, or another number of them in an hour."""

    kind = "routing.agent_changed"
    agent_id: int
    before: dict[str, Any]
    after: dict[str, Any]


class WorkKindChanged(Event, frozen=True, kw_only=True):
    """Somebody changed what a kind of work takes of an agent, and how it comes to her."""

    kind = "routing.kind_changed"
    work: str
    before: dict[str, Any]
    after: dict[str, Any]


class ClockWarned(Event, frozen=True, kw_only=True):
    """A deadline comes near: ``percent`` of the time are used. ``told``: the agents who are warned.

    ``to_leads``: these are the team's leads as well, not its owner alone.
    """

    kind = "sla.warned"
    clock: str
    policy: str
    reason: str
    percent: int
    due_at: datetime
    told: tuple[int, ...]
    to_leads: bool


class PromiseMade(Event, frozen=True, kw_only=True):
    """An agent has promised something to the customer of a ticket."""

    kind = "promise.made"
    promise_id: int
    text: str
    due_at: datetime
    is_told: bool


class PromiseMoved(Event, frozen=True, kw_only=True):
    """What was promised is due at another moment now, or in other words."""

    kind = "promise.moved"
    promise_id: int
    text: str
    old: datetime
    new: datetime


class PromiseKept(Event, frozen=True, kw_only=True):
    """What was promised was done; ``in_time``: before it was due."""

    kind = "promise.kept"
    promise_id: int
    text: str
    in_time: bool


class PromiseWithdrawn(Event, frozen=True, kw_only=True):
    """What was promised is promised no more."""

    kind = "promise.withdrawn"
    promise_id: int
    text: str


class CallTaken(Event, frozen=True, kw_only=True):
    """An agent speaks with a caller; for her customer that is an answer."""

    kind = "call.taken"
