"""What conditions can ask about: each field with its type, and which operators a type knows.

The catalogue is what the console offers and what :mod:`automation.conditions` checks rules against. Pure.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from products.entitlement import STATES
from tickets.lifecycle import PRIORITIES, STATUSES

Type = Literal["choice", "ref", "text", "number", "flag", "set", "hours"]
Scalar = str | int | float | bool | None
Value = Scalar | list[str | int]

CHANGES: Final = ("changed", "changed_from", "changed_to")
OPERATORS: Final[Mapping[Type, tuple[str, ...]]] = MappingProxyType(
    {
        "choice": ("is", "is_not", "in", "not_in"),
        "ref": ("is", "is_not", "in", "not_in", "empty", "not_empty"),
        "text": ("is", "is_not", "contains", "contains_not", "starts_with", "ends_with", "empty", "not_empty"),
        "number": ("is", "is_not", "at_least", "at_most"),
        "flag": ("is", "is_not"),
        "set": ("has", "has_not", "has_any", "empty", "not_empty", "added", "removed"),
        "hours": ("open", "closed"),
    }
)
"""Type → what can be asked of it. Fields that are ``tracked`` know :data:`CHANGES` as well."""
WITHOUT_VALUE: Final = frozenset({"empty", "not_empty", "changed"})
WITH_LIST: Final = frozenset({"in", "not_in", "has_any"})


class Field(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that can be asked about.

    Attributes:
        type: decides about the operators.
        tracked: its old and new value are known when the event is its change.
        options: the possible values of a choice.
        of: what a reference names: ``team``, ``agent``, ``mailbox`` or ``organisation``; of a text or set, what the
            console may suggest.
    """

    type: Type
    tracked: bool = False
    options: tuple[str, ...] = ()
    of: str = ""

    @property
    def operators(self) -> tuple[str, ...]:
        """What can be asked of it."""
        return OPERATORS[self.type] + (CHANGES if self.tracked and self.type != "set" else ())


CHANNELS: Final = ("email", "web", "chat", "sms", "whatsapp", "voice")
AUTHORS: Final = ("customer", "agent", "rule", "system")

FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "ticket.status": Field(type="choice", tracked=True, options=STATUSES),
        "ticket.priority": Field(type="choice", tracked=True, options=PRIORITIES),
        "ticket.channel": Field(type="choice", options=CHANNELS),
        "ticket.team": Field(type="ref", tracked=True, of="team"),
        "ticket.assignee": Field(type="ref", tracked=True, of="agent"),
        "ticket.mailbox": Field(type="ref", of="mailbox"),
        "ticket.tags": Field(type="set", tracked=True, of="tag"),
        "ticket.subject": Field(type="text", tracked=True),
        "ticket.entitlement": Field(type="choice", options=STATES),
        "ticket.answers": Field(type="text"),
        "ticket.reopened": Field(type="number"),
        "ticket.messages": Field(type="number"),
        "ticket.snoozed": Field(type="flag"),
        "ticket.waiting": Field(type="flag"),
        "ticket.late": Field(type="flag"),
        "customer.vip": Field(type="flag"),
        "customer.tier": Field(type="text"),
        "customer.organisation": Field(type="ref", of="organisation"),
        "customer.language": Field(type="text"),
        "customer.name": Field(type="text"),
        "customer.address": Field(type="text"),
        "message.text": Field(type="text"),
        "message.subject": Field(type="text"),
        "message.automatic": Field(type="flag"),
        "message.files": Field(type="number"),
        "event.by": Field(type="choice", options=AUTHORS),
        "time.hours": Field(type="hours", of="hours"),
    }
)
"""Name → field. ``ticket.answers`` are those to the questions of a form, one "question: answer" in each line;
``message.…`` is the message that the event is about, else the customer's newest; ``ticket.late``: a deadline was
missed."""
