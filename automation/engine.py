"""Which rules look at what happened, in which order, and what keeps them from running in circles.

Pure: no database, no clock. A :class:`Happening` is one event with the rules that led to it. Every rule has a place in
the order; one that stands in the chain of causes is never run again by it, a chain has an end, and a ticket is changed
by rules only so often in an hour. ``automation/running.py`` does what is decided here.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Final, Literal

import msgspec

from automation.actions import Action
from automation.conditions import ALWAYS, Condition

DEEPEST: Final = 5
"""So many rules may follow from one another."""
PER_HOUR: Final = 25
"""So often rules change one ticket within an hour."""
ORIGINS: Final = ("api", "bulk", "import", "merge")
"""Where a change can come from that rules may leave alone; a person in the console and a customer have none."""
Origin = Literal["api", "bulk", "import", "merge"]

HAPPENINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ticket.created": "A ticket was opened.",
        "message.received": "The customer wrote.",
        "message.queued": "The customer was answered.",
        "note.added": "A note was left.",
        "ticket.status_changed": "The status changed.",
        "ticket.priority_changed": "The priority changed.",
        "ticket.assigned": "The owner changed.",
        "ticket.team_changed": "The team changed.",
        "ticket.tags_changed": "Tags were put on or taken off.",
        "ticket.subject_changed": "The subject changed.",
        "ticket.snoozed": "It was put away until later.",
        "ticket.woken": "It came back.",
        "ticket.rated": "The customer gave a rating.",
        "sla.warned": "A deadline comes near.",
        "sla.breached": "A deadline was missed.",
        "promise.made": "Something was promised.",
        "promise.kept": "A promise was kept.",
    }
)
"""Kind of event → what happened. These set rules off."""
Since = Literal["created", "waiting", "answered", "activity", "status", "solved", "due"]
MOST_MINUTES: Final = 366 * 24 * 60


class OnEvent(msgspec.Struct, frozen=True, tag="event", tag_field="kind"):
    """The rule looks when something happens: kinds of :data:`HAPPENINGS`."""

    of: tuple[str, ...]


class AfterTime(msgspec.Struct, frozen=True, tag="time", tag_field="kind"):
    """The rule looks when time has passed, once for each ticket.

    Attributes:
        since: what began: the ticket was ``created``, the customer is ``waiting``, was ``answered`` and has said
            nothing since, nothing was said (``activity``), the ``status`` changed, it was ``solved``, it was ``due``.
        minutes: that have passed since.
        business: of opening hours; else of the calendar.
        hours: whose opening hours.
        again: also when the same begins anew in a ticket that the rule has had.
    """

    since: Since
    minutes: Annotated[int, msgspec.Meta(ge=0, le=MOST_MINUTES)]
    business: bool = False
    hours: str = "default"
    again: bool = False


Trigger = OnEvent | AfterTime


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it runs; see :class:`automation.models.RuleRow`."""

    id: int
    name: str
    position: int = 0
    is_enabled: bool = True
    trigger: Trigger
    condition: Condition = ALWAYS
    actions: tuple[Action, ...] = ()
    excludes: tuple[Origin, ...] = ()
    rights: frozenset[str] = frozenset()
    team_ids: tuple[int, ...] | None = None
    flag: str | None = None
    held_until: datetime | None = None
    version: int = 1
    changed_at: datetime | None = None
    changed_by: str = ""


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a ticket.

    Attributes:
        kind: of the event.
        origin: where the change came from; None: from a person or a customer.
        chain: ids of the rules that led to it, the first cause first.
    """

    kind: str
    origin: str | None = None
    chain: tuple[int, ...] = ()


def ordered(rules: Iterable[Rule]) -> list[Rule]:
    """Rules in the order in which they run."""
    return sorted(rules, key=lambda each: (each.position, each.id))


def looking(rules: Iterable[Rule], happening: Happening) -> Iterator[Rule]:
    """The rules that look at what happened, in their order."""
    for rule in ordered(rules):
        hears = isinstance(rule.trigger, OnEvent) and happening.kind in rule.trigger.of
        if rule.is_enabled and hears and happening.origin not in rule.excludes:
            yield rule


OWN: Final = "It follows from what this rule did itself."
TOO_DEEP: Final = f"More than {DEEPEST} rules followed from one another."
TOO_OFTEN: Final = f"Rules changed this ticket {PER_HOUR} times within an hour."
ALARMING: Final = frozenset({TOO_DEEP, TOO_OFTEN})
"""Reasons of which a person is told."""


def stopped(rule: Rule, chain: tuple[int, ...], within_hour: int) -> str | None:
    """Why a rule must not act now, in a sentence; None when it may.

    Args:
        rule: one whose condition holds.
        chain: ids of the rules that led here.
        within_hour: how often rules have changed this ticket in the last hour.
    """
    if rule.id in chain:
        return OWN
    if len(chain) >= DEEPEST:
        return TOO_DEEP
    return TOO_OFTEN if within_hour >= PER_HOUR else None
