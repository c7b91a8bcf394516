"""Macros: a text that goes into an answer, and actions that an agent does to a ticket with one press.

The text and where it was used are ``staff/macros.py``; here are the actions, which are those of rules, done by the
agent with her own rights. What she does not want she leaves out.
"""

from collections.abc import Collection
from typing import Annotated, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from automation import acting, actions, facts, references
from automation.actions import Action, Effect
from automation.events import MacroApplied, MacroChanged
from automation.facts import Event
from core import clock, events, html
from core.errors import Conflict, Invalid, NotFound
from staff.models import Macro
from tickets import lifecycle
from tickets.events import audience
from tickets.templates import Surroundings

LONGEST_NAME: Final = 100


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A macro as somebody wants it."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    html: Annotated[str, msgspec.Meta(max_length=100_000)] = ""
    actions: tuple[Action, ...] = ()


def actions_of(macro: Macro) -> tuple[Action, ...]:
    """What a macro does."""
    return msgspec.convert(macro.actions, tuple[Action, ...])


async def save(session: AsyncSession, draft: Draft, macro_id: int | None = None) -> Macro:
    """Make or change a macro.

    Args:
        session: the unit of work.
        draft: what is wanted.
        macro_id: which one is changed; None: a new one.

    Raises:
        NotFound: there is none with this id.
        Conflict: another one has the name.
        Invalid: no name, neither text nor actions, or an action that no macro can have or that names what is gone.
    """
    name = " ".join(draft.name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid.field("name", f"A name of at most {LONGEST_NAME} letters is needed.")
    words = html.sanitise(draft.html)
    if not draft.actions and not html.html_to_text(words).strip():
        raise Invalid.field("html", "Write a text, or choose what it does.")
    actions.check(draft.actions, macro=True)
    await references.check(session, None, None, draft.actions)
    row = Macro() if macro_id is None else await _locked(session, macro_id)
    try:
        async with session.begin_nested():
            row.name, row.html, row.actions = name, words, msgspec.to_builtins(draft.actions)
            session.add(row)
    except IntegrityError:
        raise Conflict(f"There is a macro called {name} already.") from None
    events.record(session, MacroChanged(macro_id=row.id, name=name))
    return row


async def remove(session: AsyncSession, macro_id: int) -> None:
    """Take a macro away; where it was used is forgotten with it.

    Raises:
        NotFound: there is none with this id.
    """
    row = await _locked(session, macro_id)
    events.record(session, MacroChanged(macro_id=row.id, name=row.name))
    await session.delete(row)
    await session.flush()


async def _locked(session: AsyncSession, macro_id: int) -> Macro:
    row = await session.scalar(select(Macro).where(Macro.id == macro_id).with_for_update())
    if row is None:
        raise NotFound("There is no such macro.")
    return row


async def apply(
    session: AsyncSession, macro_id: int, ticket_id: int, skip: Collection[int], around: Surroundings
) -> list[Effect]:
    """Do to a ticket what a macro says, on behalf of the actor, who may see it.

    Args:
        session: the unit of work.
        macro_id: which.
        ticket_id: where.
        skip: places of actions that the agent took out.
        around: product and address of the desk, for texts.

    Raises:
        NotFound: there is no such macro or ticket.
        NotAllowed: she may not do one of the actions herself.
        Invalid: what an action names is gone.
    """
    row = await session.get(Macro, macro_id)
    if row is None:
        raise NotFound("There is no such macro.")
    ticket = await lifecycle.lock(session, ticket_id)
    wanted = tuple(each for place, each in enumerate(actions_of(row)) if place not in skip)
    about = Event(id=0, kind="macro", at=clock.now(), ticket_id=ticket_id)
    values = (await facts.read(session, [about]))[0]
    done = await acting.act(session, ticket, wanted, values, around)
    if wanted:
        events.record(session, MacroApplied(macro_id=row.id, name=row.name, **audience(ticket)))
    return done
