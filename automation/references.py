"""What rules and macros name: teams, agents, mailboxes, organisations, opening hours, webhooks. Who uses what.

Before a thing is taken away, whoever does that asks :func:`check_unused`, which refuses with the list of its users.
What goes all the same (an agent leaves) switches the rules off that name it, and flags them
(``automation/flagging.py``). When a rule is written, :func:`check` sees that all it names is there.
"""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from automation.actions import Action, Assign, Call, ChangeTags, MoveTo, Require, SetTeam, Snooze
from automation.conditions import Condition, questions_of
from automation.engine import AfterTime, OnEvent, Trigger
from automation.fields import FIELDS, Scalar, Value
from automation.models import RuleRow
from core.errors import Conflict, Invalid
from core.sql import Sql
from staff.models import Macro

Kind = Literal["team", "agent", "mailbox", "organisation", "hours", "webhook", "tag", "queue", "skill"]


class Reference(msgspec.Struct, frozen=True):
    """Something that is named: what it is, which one, and at which place of the rule."""

    kind: str
    key: str | int
    place: str


class Use(msgspec.Struct, frozen=True, rename="camel"):
    """Who names it: a rule or a macro."""

    kind: Literal["rule", "macro"]
    id: int
    name: str


class InUse(Conflict):
    """Rules or macros name it; ``users`` says which."""

    code, title = "in-use", "Rules or macros name this"


class _Parts(msgspec.Struct):
    """The parts of a rule that can name something."""

    trigger: Trigger = OnEvent(())
    condition: Condition | None = None
    actions: tuple[Action, ...] = ()


def references_of(
    trigger: Trigger | None, condition: Condition | None, actions: tuple[Action, ...]
) -> Iterator[Reference]:
    """Everything that a rule or macro names."""
    if isinstance(trigger, AfterTime) and (trigger.business or trigger.hours != "default"):
        yield Reference("hours", trigger.hours, "trigger.hours")
    for question in questions_of(condition) if condition is not None else ():
        field = FIELDS.get(question.field)
        if field is not None and field.of:
            for key in _keys(question.value):
                yield Reference(field.of, key, "condition")
    for number, action in enumerate(actions):
        for kind, key in _named(action):
            yield Reference(kind, key, f"actions[{number}]")


def _keys(value: Value) -> Iterator[str | int]:
    every: list[Scalar] = [*value] if isinstance(value, list) else [value]
    for each in every:
        if isinstance(each, (str, int)) and not isinstance(each, bool):
            yield each


def _named(action: Action) -> Iterator[tuple[str, str | int]]:
    match action:
        case Assign() if action.agent is not None:
            yield "agent", action.agent
        case SetTeam() if action.team is not None:
            yield "team", action.team
        case Snooze() if action.minutes is None:
            yield "hours", action.hours
        case Call():
            yield "webhook", action.webhook
        case MoveTo():
            yield "queue", action.queue
        case Require():
            yield "skill", action.skill
        case ChangeTags():
            yield from (("tag", tag) for tag in (*action.add, *action.remove))
        case _:
            return


_TABLES: Final = {
    "team": "select id from teams where id = any(:ids)",
    "agent": "select id from agents where is_active and id = any(:ids)",
    "mailbox": "select id from channel_accounts where id = any(:ids)",
    "organisation": "select id from organisations where id = any(:ids)",
    "webhook": "select id from webhooks where id = any(:ids)",
    "queue": "select id from queues where id = any(:ids)",
    "skill": "select id from skills where id = any(:ids)",
}
_HOURS: Final = Sql("select name from opening_hours union select 'default'")
_GONE: Final = {
    "team": "There is no such team.",
    "agent": "There is no such agent at work here.",
    "mailbox": "There is no such mailbox.",
    "organisation": "There is no such organisation.",
    "webhook": "There is no such webhook.",
    "queue": "There is no such queue.",
    "skill": "There is no such skill.",
    "hours": "There are no such opening hours.",
}


async def missing(session: AsyncSession, named: list[Reference]) -> list[Reference]:
    """Those that are not there."""
    gone: list[Reference] = []
    for kind, statement in _TABLES.items():
        ids = [each.key for each in named if each.kind == kind]
        if ids:
            there = {row.id for row in await Sql(statement).all(session, ids=ids)}
            gone += [each for each in named if each.kind == kind and each.key not in there]
    if any(each.kind == "hours" for each in named):
        names = {row.name for row in await _HOURS.all(session)}
        gone += [each for each in named if each.kind == "hours" and each.key not in names]
    return gone


async def check(
    session: AsyncSession, trigger: Trigger | None, condition: Condition | None, actions: tuple[Action, ...]
) -> None:
    """Refuse a rule or macro that names something which is not there.

    Raises:
        Invalid: something is not there; the place is named.
    """
    gone = await missing(session, list(references_of(trigger, condition, actions)))
    if gone:
        raise Invalid.field(gone[0].place, _GONE[gone[0].kind])


async def users_of(session: AsyncSession, kind: Kind, key: str | int) -> list[Use]:
    """The rules and macros that name something, by name."""
    found: list[Use] = []
    for row in await session.scalars(select(RuleRow).order_by(RuleRow.name)):
        value = {"trigger": row.trigger, "condition": row.condition, "actions": row.actions}
        if _names(msgspec.convert(value, _Parts), kind, key):
            found.append(Use("rule", row.id, row.name))
    macros = await session.scalars(select(Macro).order_by(Macro.name))
    found += [
        Use("macro", macro.id, macro.name)
        for macro in macros
        if _names(msgspec.convert({"actions": macro.actions}, _Parts), kind, key)
    ]
    return found


def _names(parts: _Parts, kind: str, key: str | int) -> bool:
    return any(
        each.kind == kind and str(each.key).casefold() == str(key).casefold()
        for each in references_of(parts.trigger, parts.condition, parts.actions)
    )


async def check_unused(session: AsyncSession, kind: Kind, key: str | int) -> None:
    """Refuse to take something away that rules or macros name.

    Raises:
        InUse: with the list of them.
    """
    users = await users_of(session, kind, key)
    if users:
        names = ", ".join(each.name for each in users)
        raise InUse(f"It is named by {names}. Change them first.", users=msgspec.to_builtins(users))
