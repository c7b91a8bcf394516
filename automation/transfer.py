"""Rules, macros and webhooks as a file, to carry them from one desk to another (from a trial to the real one).

In the file everything that is named has a name instead of a number: teams, agents by their addresses, mailboxes by
theirs, and so on. What names something that the other desk does not know is left out, with the reason: nothing is
guessed. Secrets of webhooks stay where they are.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from automation import macros, rules, webhooks
from automation.fields import FIELDS
from automation.models import RuleRow, Webhook
from automation.rules import Draft
from core.actor import SYSTEM, Actor
from core.db import actor_of
from core.errors import Conflict, Invalid, NotAllowed
from core.net import Networks
from core.sql import Sql
from core.vault import Vault
from staff.models import Macro

VERSION: Final = 1
_NAMES: Final = {
    "team": "select id, name from teams",
    "agent": "select id, lower(email) as name from agents",
    "mailbox": "select id, lower(address) as name from channel_accounts where channel = 'email'",
    "organisation": "select id, name from organisations",
    "queue": """
        select q.id, coalesce(case when q.is_default then t.name end, q.name) as name
        from queues q left join teams t on t.id = q.team_id
    """,
    "skill": "select id, name from skills",
    "webhook": "select id, name from webhooks",
}
_NAMING: Final = {"agent": "assign", "team": "team", "queue": "queue", "skill": "skill", "webhook": "webhook"}
"""What an action names, in a field of this name → the action's kind."""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds."""

    version: int = VERSION
    rules: list[dict[str, Any]] = []
    macros: list[dict[str, Any]] = []
    webhooks: list[dict[str, Any]] = []


class Taken(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was taken over: names of what was made and changed, and what was not, with the reason."""

    made: list[str]
    changed: list[str]
    refused: list[str]


class _Names:
    """Numbers and names of everything that can be named."""

    def __init__(self, found: Mapping[str, Mapping[int, str]]) -> None:
        self._by_id = found
        self._by_name: dict[str, dict[str, list[int]]] = {kind: {} for kind in found}
        for kind, names in found.items():
            for each, name in names.items():
                self._by_name[kind].setdefault(name.casefold(), []).append(each)

    def name(self, kind: str, key: Any) -> Any:
        """The name of a number; what is gone keeps its number as a word."""
        return self._by_id[kind].get(key, f"#{key}") if isinstance(key, int) else key

    def key(self, kind: str, name: Any) -> Any:
        """The number of a name.

        Raises:
            Invalid: this desk knows none, or several of this name.
        """
        if not isinstance(name, str):
            return name
        found = self._by_name[kind].get(name.casefold(), [])
        if len(found) != 1:
            many = "more than one" if found else "no"
            raise Invalid(f"This desk has {many} {kind} called {name}.")
        return found[0]


async def _names(session: AsyncSession) -> _Names:
    found = {
        kind: {row.id: row.name for row in await Sql(statement).all(session)} for kind, statement in _NAMES.items()
    }
    return _Names(found)


async def write(session: AsyncSession, reader: Actor = SYSTEM) -> File:
    """Everything as a file; webhooks only for those who may write them, since an address may be a secret itself.

    Args:
        session: for reading.
        reader: on whose behalf.
    """
    names = await _names(session)
    listed = await session.scalars(select(RuleRow).order_by(RuleRow.position, RuleRow.id))
    macro_rows = await session.scalars(select(Macro).order_by(Macro.name))
    hooks = await session.scalars(select(Webhook).order_by(Webhook.name))
    return File(
        rules=[_turned(rules.told(row), names.name) for row in listed],
        macros=[
            _turned({"name": row.name, "html": row.html, "actions": row.actions}, names.name) for row in macro_rows
        ],
        webhooks=[webhooks.told(row) for row in hooks] if reader.may("webhooks:manage") else [],
    )


def _turned(value: dict[str, Any], turn: Any) -> dict[str, Any]:
    """A rule or macro with names for numbers, or numbers for names."""
    made = dict(value)
    made["actions"] = [_action(each, turn) for each in value.get("actions", [])]
    if "condition" in made:
        made["condition"] = _condition(made["condition"], turn)
    return made


def _action(action: dict[str, Any], turn: Any) -> dict[str, Any]:
    return {
        name: turn(name, each) if _NAMING.get(name) == action.get("kind") else each for name, each in action.items()
    }


def _condition(condition: Any, turn: Any) -> Any:
    if not isinstance(condition, dict):
        return condition
    if "of" in condition:
        return condition | {"of": [_condition(each, turn) for each in condition["of"]]}
    field = FIELDS.get(str(condition.get("field")))
    value = condition.get("value")
    if field is None or field.type != "ref":
        return condition
    many = [turn(field.of, each) for each in value] if isinstance(value, list) else turn(field.of, value)
    return condition | {"value": many}


async def read(session: AsyncSession, content: bytes, vault: Vault, networks: Networks) -> Taken:
    """Take a file over: what has the name of something here replaces it, the rest is new. Nothing is taken away.

    A rule or macro that cannot be taken over is left out, with the reason; the others are taken all the same.

    Args:
        session: the unit of work, on behalf of whoever takes it over and has the rights that the rules need.
        content: the file.
        vault: seals the secrets that new webhooks get.
        networks: where webhooks may go.

    Raises:
        Invalid: it is no such file, or of a later version.
        NotAllowed: the actor may not write the macros or webhooks that are in it.
    """
    try:
        file = msgspec.json.decode(content, type=File)
    except msgspec.DecodeError as problem:
        raise Invalid(f"This is no file of rules: {problem}") from None
    if file.version != VERSION:
        raise Invalid(f"This file is of version {file.version}; this desk reads version {VERSION}.")
    for permission, parts in (("macros:manage", file.macros), ("webhooks:manage", file.webhooks)):
        if parts and not actor_of(session).may(permission):
            raise NotAllowed(f"Whoever takes this file over needs the permission {permission}.")
    taken = Taken(made=[], changed=[], refused=[])
    for each in file.webhooks:
        await _one(session, taken, each, lambda value: _take_webhook(session, value, vault, networks))
    names = await _names(session)
    for each in file.macros:
        await _one(session, taken, each, lambda value: _take_macro(session, _turned(value, names.key)))
    for each in file.rules:
        await _one(session, taken, each, lambda value: _take_rule(session, _turned(value, names.key)))
    return taken


async def _one(session: AsyncSession, taken: Taken, value: dict[str, Any], take: Any) -> None:
    name = str(value.get("name", "?"))
    before = len(session.info.get("events", []))
    try:
        async with session.begin_nested():
            is_new = await take(value)
    except (Invalid, NotAllowed, Conflict, msgspec.ValidationError) as problem:
        del session.info.get("events", [])[before:]
        taken.refused.append(f"{name}: {problem}")
        return
    (taken.made if is_new else taken.changed).append(name)


def _tidy(name: str) -> str:
    """A name as it is kept."""
    return " ".join(name.split())


async def _take_rule(session: AsyncSession, value: dict[str, Any]) -> bool:
    draft = msgspec.convert(value, Draft)
    known = await session.scalar(select(RuleRow.id).where(RuleRow.name == _tidy(draft.name)))
    await rules.save(session, draft, known)
    return known is None


async def _take_macro(session: AsyncSession, value: dict[str, Any]) -> bool:
    draft = msgspec.convert(value, macros.Draft)
    known = await session.scalar(select(Macro.id).where(Macro.name == _tidy(draft.name)))
    await macros.save(session, draft, known)
    return known is None


async def _take_webhook(session: AsyncSession, value: dict[str, Any], vault: Vault, networks: Networks) -> bool:
    draft = msgspec.convert(value, webhooks.Draft)
    known = await session.scalar(select(Webhook.id).where(Webhook.name == _tidy(draft.name)))
    await webhooks.save(session, draft, vault, networks, known)
    return known is None


def words(taken: Taken) -> Iterable[str]:
    """What was taken over, line by line, for the command line."""
    yield from (f"made      {name}" for name in taken.made)
    yield from (f"changed   {name}" for name in taken.changed)
    yield from (f"left out  {reason}" for reason in taken.refused)
