"""Rules as people write them: made, changed, put in order, switched on and off, taken away.

A rule acts with rights of its own (:func:`actor_of_rule`): those that its actions need, which whoever writes it must
have, on the tickets that she can see. They stay the rule's when she leaves. Called by ``agent_ui/api`` and by
``automation/transfer.py``.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from automation import actions, conditions, references
from automation.actions import Action
from automation.conditions import ALWAYS, Condition
from automation.engine import HAPPENINGS, OnEvent, Origin, Rule, Trigger
from automation.events import AutomationAlarmed, RuleChanged
from automation.models import RuleRow
from core import clock, events
from core.actor import Actor, ActorKind
from core.db import actor_of
from core.errors import Conflict, Invalid, NotAllowed, NotFound, Stale

LONGEST_NAME: Final = 100
MOST_RULES: Final = 500


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as somebody wants it; see :class:`automation.models.RuleRow`."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    trigger: Trigger
    condition: Condition = ALWAYS
    actions: tuple[Action, ...] = ()
    excludes: tuple[Origin, ...] = ()
    is_enabled: bool = False


class NameTaken(Conflict):
    """Another rule has this name."""

    code, title = "rule-name-taken", "There is a rule of this name already"


def actor_of_rule(rule: Rule) -> Actor:
    """The rule itself as the one who acts, with its own rights."""
    scope = {"tickets:read"} if rule.team_ids is not None else {"tickets:read", "tickets:read_all"}
    return Actor(ActorKind.RULE, None, rule.name, rule.rights | scope, rule.team_ids or ())


def rule_of(row: RuleRow) -> Rule:
    """A row as it runs."""
    return msgspec.convert({name: getattr(row, name) for name in Rule.__struct_fields__}, Rule)


async def list_all(session: AsyncSession) -> list[Rule]:
    """All rules in their order."""
    return [rule_of(row) for row in await session.scalars(select(RuleRow).order_by(RuleRow.position, RuleRow.id))]


async def enabled(session: AsyncSession) -> list[Rule]:
    """The rules that run, in their order."""
    statement = select(RuleRow).where(RuleRow.is_enabled).order_by(RuleRow.position, RuleRow.id)
    return [rule_of(row) for row in await session.scalars(statement)]


async def is_on(session: AsyncSession, rule_id: int, version: int | None = None) -> bool:
    """Whether a rule runs still, and is still the same where its version is given."""
    statement = select(RuleRow.version).where(RuleRow.id == rule_id, RuleRow.is_enabled)
    found = await session.scalar(statement)
    return found is not None and version in (None, found)


async def get(session: AsyncSession, rule_id: int) -> Rule:
    """One rule.

    Raises:
        NotFound: there is none with this id.
    """
    row = await session.get(RuleRow, rule_id)
    if row is None:
        raise NotFound("There is no such rule.")
    return rule_of(row)


async def checked(session: AsyncSession, draft: Draft) -> Draft:
    """A rule that makes sense, with a tidy name.

    Raises:
        Invalid: a part of it does not; the field is named.
        NotAllowed: an action needs a permission that whoever writes it does not have.
    """
    name = " ".join(draft.name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid.field("name", f"A name of at most {LONGEST_NAME} letters is needed.")
    _check_trigger(draft.trigger)
    conditions.check(draft.condition)
    actions.check(draft.actions)
    _rights(actor_of(session), draft.actions)
    await references.check(session, draft.trigger, draft.condition, draft.actions)
    return msgspec.structs.replace(draft, name=name, excludes=tuple(dict.fromkeys(draft.excludes)))


def _check_trigger(trigger: Trigger) -> None:
    if isinstance(trigger, OnEvent):
        if not trigger.of or set(trigger.of) - set(HAPPENINGS):
            raise Invalid.field("trigger.of", "Choose what the rule looks at.")
    elif not trigger.minutes and trigger.since != "due":
        raise Invalid.field("trigger.minutes", "Say how much time has to pass.")


def _rights(author: Actor, wanted: Iterable[Action]) -> list[str]:
    """The permissions that actions need, of which the author must have each."""
    needed = sorted({actions.RIGHTS[type(each)] for each in wanted})
    for permission in needed:
        if not author.may(permission):
            raise NotAllowed(f"Whoever writes this rule needs the permission {permission}.")
    return needed


async def save(session: AsyncSession, draft: Draft, rule_id: int | None = None, if_version: int | None = None) -> Rule:
    """Make or change a rule; it gets the rights of the actor as far as its actions need them.

    Args:
        session: the unit of work.
        draft: what is wanted.
        rule_id: which one is changed; None: a new one, the last in the order.
        if_version: refuse when it is not at this version.

    Raises:
        NotFound: there is none with this id.
        Stale: somebody has changed it meanwhile.
        NameTaken: another rule has the name.
        Invalid: a part makes no sense (:func:`checked`).
        NotAllowed: an action needs a permission that the actor does not have.
    """
    row = RuleRow(version=0, position=await _last(session)) if rule_id is None else await locked(session, rule_id)
    if if_version is not None and row.version != if_version:
        raise Stale("Somebody changed this rule in the meantime.", version=row.version)
    wanted = await checked(session, draft)
    before = None if rule_id is None else told(row)
    author = actor_of(session)
    try:
        async with session.begin_nested():
            for name, value in msgspec.to_builtins(wanted).items():
                setattr(row, name, list(value) if isinstance(value, tuple) else value)
            row.rights = _rights(author, wanted.actions)
            row.team_ids = None if author.sees_all_tickets else list(author.team_ids)
            row.flag, row.held_until = None, None
            row.version, row.changed_at, row.changed_by = row.version + 1, clock.now(), author.name
            session.add(row)
    except IntegrityError:
        raise NameTaken(f"There is a rule called {wanted.name} already.") from None
    events.record(session, RuleChanged(rule_id=row.id, name=row.name, before=before, after=told(row)))
    return rule_of(row)


async def _last(session: AsyncSession) -> int:
    row = (await session.execute(select(func.count(), func.coalesce(func.max(RuleRow.position), 0)))).one()
    if row[0] >= MOST_RULES:
        raise Invalid(f"At most {MOST_RULES} rules.")
    return int(row[1]) + 1


async def switch(session: AsyncSession, rule_id: int, *, on: bool) -> Rule:
    """Switch a rule on or off. Switching on checks it anew, since what it names may be gone by now.

    Raises:
        NotFound: there is none with this id.
        Invalid: it makes no sense any more.
    """
    row = await locked(session, rule_id)
    if row.is_enabled is on and row.flag is None:
        return rule_of(row)
    before = told(row)
    if on:
        draft = msgspec.convert(told(row), Draft)
        await references.check(session, draft.trigger, draft.condition, draft.actions)
    row.is_enabled, row.flag, row.held_until = on, None, None
    row.version, row.changed_at, row.changed_by = row.version + 1, clock.now(), actor_of(session).name
    await session.flush()
    events.record(session, RuleChanged(rule_id=row.id, name=row.name, before=before, after=told(row)))
    return rule_of(row)


async def flag(session: AsyncSession, rule_id: int, reason: str) -> AutomationAlarmed | None:
    """Switch a rule off because it cannot do its work any more.

    Returns:
        What a person is to be told of it; None: she has been.
    """
    row = await locked(session, rule_id)
    if not row.is_enabled and row.flag == reason:
        return None
    before = told(row)
    row.is_enabled, row.flag, row.version = False, reason, row.version + 1
    await session.flush()
    after = told(row) | {"flag": reason}
    events.record(session, RuleChanged(rule_id=row.id, name=row.name, before=before, after=after))
    words = f"The rule was switched off: {reason}"
    return AutomationAlarmed(rule_id=row.id, name=row.name, reason=words, teams=(events.NO_TEAM,))


async def remove(session: AsyncSession, rule_id: int) -> None:
    """Take a rule away, with the log of its runs; what it did to tickets stays in their histories.

    Raises:
        NotFound: there is none with this id.
    """
    row = await locked(session, rule_id)
    events.record(session, RuleChanged(rule_id=row.id, name=row.name, before=told(row), after=None))
    await session.delete(row)
    await session.flush()


async def put_in_order(session: AsyncSession, rule_ids: list[int]) -> list[Rule]:
    """Say in which order the rules run.

    Raises:
        Invalid: these are not all rules, each once; somebody may have made one meanwhile.
    """
    rows = list(await session.scalars(select(RuleRow).order_by(RuleRow.position, RuleRow.id).with_for_update()))
    known = {row.id: row for row in rows}
    if sorted(rule_ids) != sorted(known):
        raise Invalid.field("ids", "Name every rule once; the list may have changed.")
    before = [row.id for row in rows]
    if rule_ids != before:
        for place, rule_id in enumerate(rule_ids, 1):
            known[rule_id].position = place
        await session.flush()
        order: dict[str, Any] = {"before": {"order": before}, "after": {"order": rule_ids}}
        events.record(session, RuleChanged(rule_id=rule_ids[0], name=known[rule_ids[0]].name, **order))
    return [rule_of(known[rule_id]) for rule_id in rule_ids]


async def locked(session: AsyncSession, rule_id: int) -> RuleRow:
    """A rule's row, locked.

    Raises:
        NotFound: there is none with this id.
    """
    # Rows of the log refer to it: a lock of its key would wait for every run, and two runs for each other.
    statement = select(RuleRow).where(RuleRow.id == rule_id).with_for_update(key_share=True)
    row = await session.scalar(statement.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("There is no such rule.")
    return row


def told(row: RuleRow) -> dict[str, Any]:
    """A rule as the history and the file tell it."""
    return {name: getattr(row, name) for name in Draft.__struct_fields__}
