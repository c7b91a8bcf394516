"""Shapes of response times: policies, and what agents promise; clocks are sent as ``routing`` shows them."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from agent_ui.views.base import Id, Input, ShortText, View
from products.entitlement import State
from routing.clocks import KINDS, WAITING, Kind, Waiting
from routing.policies import Draft, Policy, Reopening, Target
from routing.promising import Words

Urgency = Literal["low", "normal", "high", "urgent"]


class TargetView(View):
    """Within how many minutes; of opening hours, or of the calendar."""

    minutes: int
    business: bool


class ResponsePolicyView(View):
    """What is promised for which tickets; null in one of its conditions: whatever it is.

    ``hours``: the opening hours that count; null: those of the ticket's queue. ``warnings``: at how many percent of the
    time somebody is warned. ``rests_in``: statuses in which the time to the solution does not count. ``reopening``:
    whether it goes on or begins anew when a ticket is opened again.
    """

    id: int
    name: str
    tier: str | None
    entitlement: str | None
    queue_id: int | None
    team_id: int | None
    priority: str | None
    hours: str | None
    first_response: TargetView | None
    next_response: TargetView | None
    resolution: TargetView | None
    call_answer: TargetView | None
    is_told: bool
    warnings: list[int]
    rests_in: list[str]
    reopening: str
    version: int


class TargetInput(Input):
    """Within how many minutes; of opening hours, or of the calendar."""

    minutes: int
    business: bool = True


class ResponsePolicyInput(Input):
    """What is promised for which tickets, all of it. ``open_too``: tickets that are open get it as well."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    tier: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    entitlement: State | None = None
    queue_id: Id | None = None
    team_id: Id | None = None
    priority: Urgency | None = None
    hours: Annotated[str, msgspec.Meta(max_length=60)] | None = "default"
    first_response: TargetInput | None = None
    next_response: TargetInput | None = None
    resolution: TargetInput | None = None
    call_answer: TargetInput | None = None
    is_told: bool = False
    warnings: Annotated[list[int], msgspec.Meta(max_length=20)] = []
    rests_in: list[Waiting] = msgspec.field(default_factory=lambda: list(WAITING))
    reopening: Reopening = "continue"
    open_too: bool = False

    def draft(self) -> Draft:
        """As the desk keeps it."""
        wanted: dict[Kind, TargetInput | None] = {kind: getattr(self, kind) for kind in KINDS}
        return Draft(
            name=self.name,
            tier=self.tier,
            entitlement=self.entitlement,
            queue_id=self.queue_id,
            team_id=self.team_id,
            priority=self.priority,
            hours=self.hours,
            targets={kind: Target(each.minutes, each.business) for kind, each in wanted.items() if each is not None},
            is_told=self.is_told,
            warnings=tuple(self.warnings),
            rests_in=tuple(each for each in WAITING if each in self.rests_in),
            reopening=self.reopening,
        )


class PromiseInput(Input):
    """What is promised to a customer, until when, and whether she sees it on the portal."""

    text: ShortText
    due_at: Annotated[datetime, msgspec.Meta(tz=True)]
    is_told: bool = True

    def words(self) -> Words:
        """As the desk keeps it."""
        return Words(text=self.text, due_at=self.due_at, is_told=self.is_told)


def _target(policy: Policy, kind: Kind) -> TargetView | None:
    target = policy.targets.get(kind)
    return None if target is None else TargetView(minutes=target.minutes, business=target.business)


def policy_view(policy: Policy) -> ResponsePolicyView:
    """A policy for people."""
    return ResponsePolicyView(
        id=policy.id,
        name=policy.name,
        tier=policy.tier,
        entitlement=policy.entitlement,
        queue_id=policy.queue_id,
        team_id=policy.team_id,
        priority=policy.priority,
        hours=policy.hours,
        first_response=_target(policy, "first_response"),
        next_response=_target(policy, "next_response"),
        resolution=_target(policy, "resolution"),
        call_answer=_target(policy, "call_answer"),
        is_told=policy.is_told,
        warnings=list(policy.warnings),
        rests_in=list(policy.rests_in),
        reopening=policy.reopening,
        version=policy.version,
    )
