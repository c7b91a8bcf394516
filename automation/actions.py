"""What rules and macros can do to a ticket, one struct for each, and what an action would change.

Pure: :func:`plan` says what an action would do to a ticket with certain values, which is what a dry run
shows and what the log keeps; ``automation/acting.py`` does it.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

import msgspec

from automation.fields import Value
from core.errors import Invalid
from customers.contacts import normalise_email
from tickets.lifecycle import MAX_TAG

Status = Literal["open", "pending", "on_hold", "solved", "closed"]
Priority = Literal["low", "normal", "high", "urgent"]
Text = Annotated[str, msgspec.Meta(max_length=20_000)]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TAG)]
Tags = Annotated[tuple[Tag, ...], msgspec.Meta(max_length=20)]
Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
MOST_ACTIONS: Final = 20


class Assign(msgspec.Struct, frozen=True, tag="assign", tag_field="kind"):
    """Give it to an agent, or to nobody; ``me``: to the agent who applies the macro."""

    agent: Id | None = None
    me: bool = False


class SetTeam(msgspec.Struct, frozen=True, tag="team", tag_field="kind"):
    """Give it to a team, or to none."""

    team: Id | None = None


class SetPriority(msgspec.Struct, frozen=True, tag="priority", tag_field="kind"):
    """Make it more or less urgent."""

    value: Priority


class SetStatus(msgspec.Struct, frozen=True, tag="status", tag_field="kind"):
    """Give it a status."""

    value: Status


class ChangeTags(msgspec.Struct, frozen=True, tag="tags", tag_field="kind"):
    """Put tags on, take tags off."""

    add: Tags = ()
    remove: Tags = ()


class Snooze(msgspec.Struct, frozen=True, tag="snooze", tag_field="kind"):
    """Put it away for some minutes, or until these hours open next."""

    minutes: Annotated[int, msgspec.Meta(ge=1, le=527_040)] | None = None
    hours: str = "default"


class Note(msgspec.Struct, frozen=True, tag="note", tag_field="kind"):
    """Leave a note; variables are filled."""

    text: Text


class Reply(msgspec.Struct, frozen=True, tag="reply", tag_field="kind"):
    """Write to the customer in the desk's name; variables are filled, and their values are never markup."""

    html: Text


class Mail(msgspec.Struct, frozen=True, tag="mail", tag_field="kind"):
    """Mail somebody who does not take part: an address, the ``assignee``, or everybody in the ``team``."""

    to: Annotated[str, msgspec.Meta(max_length=320)]
    subject: Annotated[str, msgspec.Meta(max_length=200)]
    text: Text


class Call(msgspec.Struct, frozen=True, tag="webhook", tag_field="kind"):
    """Tell a webhook."""

    webhook: Id


class MoveTo(msgspec.Struct, frozen=True, tag="queue", tag_field="kind"):
    """Let it wait in another queue; its owner gives it up."""

    queue: Id


class Require(msgspec.Struct, frozen=True, tag="skill", tag_field="kind"):
    """Only somebody with a skill may get it, at least at this level; an optional one can be let go by a ring."""

    skill: Id
    level: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    optional: bool = False


Action = (
    Assign | SetTeam | SetPriority | SetStatus | ChangeTags | Snooze | Note | Reply | Mail | Call | MoveTo | Require
)

RIGHTS: Final[Mapping[type[msgspec.Struct], str]] = MappingProxyType(
    {
        Assign: "tickets:change",
        SetTeam: "tickets:change",
        SetPriority: "tickets:change",
        SetStatus: "tickets:change",
        ChangeTags: "tickets:change",
        Snooze: "tickets:change",
        MoveTo: "tickets:change",
        Require: "tickets:change",
        Note: "tickets:reply",
        Reply: "tickets:reply",
        Mail: "tickets:reply",
        Call: "webhooks:manage",
    }
)
"""Action → the permission that it needs, of whoever does it."""
FOR_MACROS: Final = (Assign, SetTeam, SetPriority, SetStatus, ChangeTags, Snooze, MoveTo, Require, Note)
"""What an agent can do with one press; what she writes to the customer is the macro's text."""


class Effect(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an action did, or would do.

    Attributes:
        action: its kind.
        old: what was before, where that says something.
        new: what is then.
        changes: whether it makes a difference: a ticket that is urgent is not made urgent.
    """

    action: str
    old: Value = None
    new: Value = None
    changes: bool = True


def kind_of(action: Action) -> str:
    """The word that stands for an action in the file and over HTTP."""
    return str(type(action).__struct_config__.tag)


def plan(action: Action, values: Mapping[str, Value], me: int | None = None) -> Effect:
    """What an action would do to a ticket with these values.

    Args:
        action: what is to be done.
        values: by the names of ``automation/fields.py``.
        me: who applies it, where a person does.
    """
    kind = kind_of(action)
    match action:
        case Assign():
            return _set(kind, values.get("ticket.assignee"), me if action.me else action.agent)
        case SetTeam():
            return _set(kind, values.get("ticket.team"), action.team)
        case MoveTo():
            return _set(kind, values.get("ticket.queue"), action.queue)
        case SetPriority():
            return _set(kind, values.get("ticket.priority"), action.value)
        case SetStatus():
            return _set(kind, values.get("ticket.status"), action.value)
        case ChangeTags():
            before = tags_of(values)
            kept = [tag for tag in before if tag not in action.remove]
            return _set(kind, before, [*kept, *dict.fromkeys(tag for tag in action.add if tag not in kept)])
        case _:
            return Effect(action=kind, new=_aim(action))


def _aim(action: Action) -> Value:
    """What an action that changes no field of the ticket is aimed at."""
    match action:
        case Snooze():
            return action.hours if action.minutes is None else action.minutes
        case Require():
            return action.skill
        case Mail():
            return action.to
        case Call():
            return action.webhook
        case _:
            return None


def after(effects: Iterable[Effect], values: Mapping[str, Value]) -> dict[str, Value]:
    """The values of a ticket when these effects have come about: what the next action of a rule finds."""
    done = dict(values)
    for effect in effects:
        if effect.action in _CHANGED:
            done[_CHANGED[effect.action]] = effect.new
        if effect.action == "team" and effect.changes:
            done["ticket.queue"] = None  # it comes to a queue of that team, which one is found out later
    return done


_CHANGED: Final = {
    "assign": "ticket.assignee",
    "team": "ticket.team",
    "priority": "ticket.priority",
    "status": "ticket.status",
    "tags": "ticket.tags",
    "queue": "ticket.queue",
}


def _set(kind: str, old: Value, new: Value) -> Effect:
    return Effect(action=kind, old=old, new=new, changes=old != new)


def tags_of(values: Mapping[str, Value]) -> list[str | int]:
    """The tags among a ticket's values."""
    tags = values.get("ticket.tags")
    return tags if isinstance(tags, list) else []


def check(actions: tuple[Action, ...], place: str = "actions", *, macro: bool = False) -> None:
    """Refuse actions that make no sense by themselves; whether what they name exists is found out elsewhere.

    Raises:
        Invalid: none or too many, a text that is missing, an address that is none, or one that no macro can have.
    """
    if len(actions) > MOST_ACTIONS or not (actions or macro):
        raise Invalid.field(place, f"1 to {MOST_ACTIONS} actions.")
    for number, action in enumerate(actions):
        here = f"{place}[{number}]"
        if macro and not isinstance(action, FOR_MACROS):
            raise Invalid.field(here, "A macro cannot do this.")
        if isinstance(action, Assign) and action.me and not macro:
            raise Invalid.field(f"{here}.me", "A rule is nobody that it could be given to.")
        if isinstance(action, ChangeTags) and not (action.add or action.remove):
            raise Invalid.field(f"{here}.add", "Name a tag.")
        if isinstance(action, (Note, Mail)) and not action.text.strip():
            raise Invalid.field(f"{here}.text", "Write something first.")
        if isinstance(action, Reply) and not action.html.strip():
            raise Invalid.field(f"{here}.html", "Write something first.")
        if isinstance(action, Mail):
            _check_mail(action, here)


def _check_mail(action: Mail, place: str) -> None:
    if not action.subject.strip():
        raise Invalid.field(f"{place}.subject", "A subject is needed.")
    if action.to not in ("assignee", "team"):
        try:
            if normalise_email(action.to) != action.to.lower() or action.to.count("@") != 1:
                raise Invalid  # what would have to be guessed, such as lines or blanks in it
        except Invalid:
            raise Invalid.field(f"{place}.to", "This is not an e-mail address.") from None
