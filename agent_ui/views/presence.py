"""Shapes of presence: reasons, rules, open work, the supervisor's board, wallboards."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from agent_ui.views.base import Id, IdList, Input, View
from agent_ui.views.people import PresenceView
from routing.handover import OpenWork
from routing.presence_models import PresenceReason, Wallboard
from routing.presence_rules import Rules

Absence = Literal["break", "busy"]
ReasonName = Annotated[str, msgspec.Meta(max_length=200)]


class ReasonView(View):
    """Why an agent takes no new work. ``key`` names one that the product brings and says in every language."""

    id: int
    key: str | None
    name: str
    state: Absence


class ReasonInput(Input):
    """One more reason."""

    name: ReasonName
    state: Absence = "break"


class ReasonChange(Input):
    """What changes about a reason."""

    name: ReasonName | None = None
    state: Absence | None = None


class ReasonOrder(Input):
    """The reasons in the order in which they are offered."""

    ids: IdList


class PresenceRulesView(View):
    """What the desk says about presence; see ``routing/presence_rules.py``."""

    idle_minutes: int | None
    wrap_up_seconds: int
    after_chats: bool
    after_calls: bool


class PresenceRulesInput(Input):
    """All of it; what is not sent gets the product's default."""

    idle_minutes: Annotated[int, msgspec.Meta(ge=5, le=1440)] | None = None
    wrap_up_seconds: Annotated[int, msgspec.Meta(ge=10, le=3600)] = 120
    after_chats: bool = False
    after_calls: bool = True

    def chosen(self) -> Rules:
        """As the desk keeps it."""
        return Rules(**msgspec.structs.asdict(self))


class OpenWorkView(View):
    """One thing that an agent has not finished."""

    ticket_id: int
    subject: str
    customer: str
    channel: str
    status: str
    priority: str
    waiting_since: datetime | None
    due_at: datetime | None
    snoozed_until: datetime | None


class HandOverInput(Input):
    """Which tickets go back to their queue; null: all that wait for an answer now."""

    ticket_ids: Annotated[list[Id], msgspec.Meta(max_length=200)] | None = None


class HandedOverView(View):
    """What was handed over; what was no longer hers is not among it."""

    ticket_ids: list[int]


class BoardRow(View):
    """One agent on the supervisor's board. ``is_lost``: her windows have just fallen silent. ``load``: by weights."""

    agent_id: int
    name: str
    team_ids: list[int]
    presence: PresenceView
    is_lost: bool
    tabs: int
    open_count: int
    load: float
    capacity: int


class ForcedInput(Input):
    """The state a supervisor puts somebody into; ``hand_over``: what waits for her goes to others."""

    state: Literal["available", "busy", "break", "offline"]
    reason: ReasonName | None = None
    hand_over: bool = False


class WallboardView(View):
    """A link that shows figures on a television."""

    id: int
    name: str
    team_id: int | None
    created_at: datetime
    seen_at: datetime | None


class NewWallboardView(View):
    """A new link; ``token`` is shown this once."""

    wallboard: WallboardView
    token: str


class WallboardInput(Input):
    """For whom: the whole desk, or one team."""

    name: ReasonName
    team_id: Id | None = None


def reason_view(reason: PresenceReason) -> ReasonView:
    """A reason as it is offered."""
    state: Any = reason.state
    return ReasonView(id=reason.id, key=reason.key, name=reason.name, state=state)


def rules_view(rules: Rules) -> PresenceRulesView:
    """The choices as they are now."""
    return PresenceRulesView(**msgspec.structs.asdict(rules))


def work_view(work: OpenWork) -> OpenWorkView:
    """One thing that is not finished."""
    return OpenWorkView(**msgspec.structs.asdict(work))


def wallboard_view(wallboard: Wallboard) -> WallboardView:
    """A link without its token."""
    return WallboardView(
        id=wallboard.id,
        name=wallboard.name,
        team_id=wallboard.team_id,
        created_at=wallboard.created_at,
        seen_at=wallboard.seen_at,
    )
