"""Actions come about: each by the verb that an agent would use, on behalf of whoever acts.

Used by ``automation/running.py`` for rules, whose actor is the rule itself, and by ``automation/macros.py`` for agents.
The ticket is locked by the caller. A reply and a mail are asked for by an event, since automation stands below the
channels; ``channels/rule_mail.py`` writes them in the same transaction, past the brake on automatic mail.
"""

import contextlib
import uuid
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from automation import webhooks
from automation.actions import (
    RIGHTS,
    Action,
    Assign,
    Call,
    ChangeTags,
    Effect,
    Mail,
    MoveTo,
    Note,
    Reply,
    Require,
    SetPriority,
    SetStatus,
    SetTeam,
    Snooze,
    after,
    plan,
)
from automation.events import RuleMailAsked, RuleReplyAsked
from automation.facts import Values
from core import clock, events, jobs
from core.actor import ActorKind
from core.db import actor_of
from core.errors import Invalid, NotAllowed, NotFound
from core.html import text_to_html
from core.sql import Sql
from routing import hours, work
from routing.rings import Need
from routing.rounds import LOOK_JOB
from tickets import lifecycle, reply, templates
from tickets.events import audience
from tickets.lifecycle import TicketChange
from tickets.models import Ticket
from tickets.templates import Surroundings


async def act(
    session: AsyncSession, ticket: Ticket, wanted: tuple[Action, ...], values: Values, around: Surroundings
) -> list[Effect]:
    """Do some actions to a ticket, one after the other; what makes no difference is left undone.

    Args:
        session: the unit of work, on behalf of who acts.
        ticket: locked.
        wanted: what is to be done.
        values: of the ticket as it is.
        around: product and address of the desk, for texts.

    Raises:
        NotAllowed: who acts does not have the permission that an action needs.
        Invalid: what an action names is gone.
    """
    actor = actor_of(session)
    done: list[Effect] = []
    for action in wanted:
        if not actor.may(RIGHTS[type(action)]):
            raise NotAllowed(f"{actor.name} may not do this: {RIGHTS[type(action)]} is needed.")
        effect = plan(action, values, actor.id if actor.kind is ActorKind.AGENT else None)
        if effect.changes:
            await _do(session, ticket, action, effect, around)
        done.append(effect)
        values = after([effect], values)
    return done


async def _do(session: AsyncSession, ticket: Ticket, action: Action, effect: Effect, around: Surroundings) -> None:
    name = actor_of(session).name
    rule = name if actor_of(session).kind is ActorKind.RULE else None
    match action:
        case Assign() | SetTeam() | SetPriority() | SetStatus() | ChangeTags():
            await lifecycle.apply(session, ticket, _change(action, effect), rule)
        case Snooze():
            until = await _until(session, action)
            if until is not None:
                await lifecycle.apply(session, ticket, TicketChange(snoozed_until=until), rule)
        case Note():
            await _note(session, ticket, action, around)
        case Reply():
            events.record(session, RuleReplyAsked(html=action.html, rule=rule, **audience(ticket)))
        case Mail():
            asked: dict[str, Any] = {"to": action.to, "subject": action.subject, "text": action.text}
            events.record(session, RuleMailAsked(rule=rule, **asked, **audience(ticket)))
        case MoveTo():
            with contextlib.suppress(NotFound):  # nothing is left to do about it, so it waits nowhere
                await work.move(session, ticket.id, action.queue)
        case Require():
            await _require(session, ticket, action)
        case Call():
            await webhooks.tell(session, action.webhook, ticket.id, name)


_NEEDS = Sql("select skills::text as skills from work_items where ticket_id = :ticket_id")


async def _require(session: AsyncSession, ticket: Ticket, action: Require) -> None:
    """Add a skill to those that a ticket's work needs; whoever waits is looked at anew."""
    row = await _NEEDS.first(session, ticket_id=ticket.id)
    if row is None:
        return
    needs = {need.skill_id: need for need in msgspec.json.decode(row.skills, type=list[Need])}
    needs[action.skill] = Need(action.skill, action.level, action.optional)
    if await work.require(session, ticket.id, list(needs.values())) == "waiting":
        args = {"ticket_id": ticket.id, "trigger": "a rule asked for a skill"}
        await jobs.enqueue(session, LOOK_JOB, args)


def _change(action: Action, effect: Effect) -> TicketChange:
    new: Any = effect.new
    match action:
        case Assign():
            return TicketChange(assignee_id=new)
        case SetTeam():
            return TicketChange(team_id=new)
        case SetPriority():
            return TicketChange(priority=new)
        case SetStatus():
            return TicketChange(status=new)
        case _:
            return TicketChange(tags=[str(tag) for tag in new])


async def _until(session: AsyncSession, action: Snooze) -> datetime | None:
    """Until when a ticket is put away; None: the hours are open now, or have no next opening."""
    if action.minutes is not None:
        return clock.now() + timedelta(minutes=action.minutes)
    schedule = await hours.find(session, action.hours)
    if schedule is None:
        raise Invalid.field("hours", "There are no such opening hours.")
    opens = hours.next_opening(schedule, clock.now())
    return opens if opens is not None and opens > clock.now() else None


async def _note(session: AsyncSession, ticket: Ticket, action: Note, around: Surroundings) -> None:
    actor = actor_of(session)
    agent_id = actor.id if actor.kind is ActorKind.AGENT else None
    values = await templates.values_of(session, ticket.id, agent_id, around)
    words = templates.without_unknown(action.text, values, html=False)
    if agent_id is None:
        await reply.system_note(session, ticket.id, actor.name, words)
        return
    content = reply.NoteContent(client_key=str(uuid.uuid4()), html=text_to_html(words))
    await reply.note(session, ticket.id, content)
