"""Shapes of response times: policies, and the clocks beside a ticket."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from agent_ui.views.base import Input, View
from products.entitlement import State
from routing.clocks import Kind
from routing.policies import Draft, Minutes, Policy, Target
from routing.promises import ShownClock

Urgency = Literal["low", "normal", "high", "urgent"]


class ClockView(View):
    """One promise about a ticket; the fields are those of :class:`routing.promises.ShownClock`.

    ``kind``: ``first_response`` or ``resolution``. ``reason``: why it is due then, in English. ``business``: the
    minutes are of opening hours. ``due_at`` is null while it is paused and not missed, or where the hours have no such
    moment. ``breached_at``: the deadline that was missed. ``ended_at``: since when nothing is promised about it any
    more.
    """

    kind: str
    policy: str
    reason: str
    minutes: int
    business: bool
    is_told: bool
    started_at: datetime
    due_at: datetime | None
    paused_at: datetime | None
    met_at: datetime | None
    breached_at: datetime | None
    ended_at: datetime | None


class TargetView(View):
    """Within how many minutes; of opening hours, or of the calendar."""

    minutes: int
    business: bool


class ResponsePolicyView(View):
    """What is promised for which tickets; null in ``entitlement`` or ``priority``: whatever it is."""

    id: int
    name: str
    entitlement: str | None
    priority: str | None
    hours: str
    first_response: TargetView | None
    resolution: TargetView | None
    is_told: bool
    version: int


class TargetInput(Input):
    """Within how many minutes; of opening hours, or of the calendar."""

    minutes: Minutes
    business: bool = True


class ResponsePolicyInput(Input):
    """What is promised for which tickets, all of it. ``open_too``: tickets that are open get it as well."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    entitlement: State | None = None
    priority: Urgency | None = None
    hours: Annotated[str, msgspec.Meta(max_length=60)] = "default"
    first_response: TargetInput | None = None
    resolution: TargetInput | None = None
    is_told: bool = False
    open_too: bool = False

    def draft(self) -> Draft:
        """As the desk keeps it."""
        wanted: dict[Kind, TargetInput | None] = {
            "first_response": self.first_response,
            "resolution": self.resolution,
        }
        return Draft(
            name=self.name,
            entitlement=self.entitlement,
            priority=self.priority,
            hours=self.hours,
            targets={kind: Target(each.minutes, each.business) for kind, each in wanted.items() if each is not None},
            is_told=self.is_told,
        )


def _target(policy: Policy, kind: Kind) -> TargetView | None:
    target = policy.targets.get(kind)
    return None if target is None else TargetView(minutes=target.minutes, business=target.business)


def policy_view(policy: Policy) -> ResponsePolicyView:
    """A policy for people."""
    return ResponsePolicyView(
        id=policy.id,
        name=policy.name,
        entitlement=policy.entitlement,
        priority=policy.priority,
        hours=policy.hours,
        first_response=_target(policy, "first_response"),
        resolution=_target(policy, "resolution"),
        is_told=policy.is_told,
        version=policy.version,
    )


def clock_view(clock: ShownClock) -> ClockView:
    """A clock beside its ticket."""
    return ClockView(**msgspec.structs.asdict(clock))
