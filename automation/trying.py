"""Trying a rule out: what it would have done to the tickets of last week. Nothing is changed, nothing is sent.

For a rule on events each event of the week is looked at as its ticket stood then: changes are events with old and new
values, so they are taken back (``automation/facts.py``). For a time rule it is what the next run would do. What cannot
be known is left as it is now: whether the customer is a VIP, how many messages there are. One rule is tried by itself;
what others would have made of its changes is not told.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from automation import conditions, facts, rules, timed
from automation.actions import Action, Effect, after, plan
from automation.conditions import Answered
from automation.engine import AfterTime, OnEvent
from automation.facts import Event, Values
from automation.rules import Draft
from core import clock, events
from core.db import actor_of
from core.sql import Sql
from tickets import access

WEEK: Final = timedelta(days=7)
MOST_EVENTS: Final = 2000
SHOWN: Final = 50

_EVENTS: Final = Sql(
    """
    select id, kind, at, ticket_id, actor_kind as by, origin, xid::text as xid, data::text as data from events
    where id >= :edge and kind = any(:kinds) and at >= :since and ticket_id is not null and not private
        and (origin is null or not (origin = any(:excludes)))
    order by id desc limit :limit
    """
)
_LATER: Final = Sql(
    """
    select id, kind, at, ticket_id, actor_kind as by, origin, xid::text as xid, data::text as data from events
    where ticket_id = any(:ids) and id > :first and kind = any(:kinds)
    """
)


_EDGE: Final = Sql(events.EDGE)
OVERLAP: Final = timedelta(hours=1)
"""Events of transactions that overlap are not quite in the order of their times."""


class Hit(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A ticket that the rule would have acted on, and when."""

    ticket_id: int
    subject: str
    at: datetime
    trigger: str
    answers: list[Answered]
    effects: list[Effect]


class Trial(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a rule would have done.

    Attributes:
        looked_at: events of last week, or tickets whose time is over.
        is_part: there were more; only the newest were looked at.
        would_act: how often it would have acted.
        hits: the newest of those, at most :data:`SHOWN`.
    """

    looked_at: int
    is_part: bool
    would_act: int
    hits: list[Hit]


async def dry_run(session: AsyncSession, draft: Draft) -> Trial:
    """What a rule would have done to the tickets of last week, or would do now if it is a time rule.

    Raises:
        Invalid: the rule makes no sense.
        NotAllowed: it needs a permission that the actor does not have.
    """
    wanted = await rules.checked(session, draft)
    if isinstance(wanted.trigger, AfterTime):
        return await _would_now(session, wanted, wanted.trigger)
    return await _would_have(session, wanted, wanted.trigger)


async def _would_have(session: AsyncSession, draft: Draft, trigger: OnEvent) -> Trial:
    since = clock.now() - WEEK
    rows = await _EVENTS.all(
        session,
        edge=await _EDGE.scalar(session, before=since - OVERLAP),
        kinds=list(trigger.of),
        since=since,
        excludes=list(draft.excludes),
        limit=MOST_EVENTS + 1,
    )
    happened = [_event(row) for row in rows[:MOST_EVENTS]]
    values = await facts.read(session, happened)
    later = await _later(session, happened)
    known = await facts.schedules(session, draft.condition)
    hits: list[Hit] = []
    for event in happened:
        if event.id not in values:
            continue
        then = facts.as_of(values[event.id], (each for each in later.get(event.ticket_id, ()) if each.id > event.id))
        verdict = conditions.ask(draft.condition, facts.facts(then, event, known))
        if verdict.holds:
            effects = planned(draft.actions, then)
            hits.append(_hit(event, verdict.answers, effects))
    return await _trial(session, hits, looked_at=len(happened), is_part=len(rows) > MOST_EVENTS)


async def _later(session: AsyncSession, happened: Sequence[Event]) -> dict[int, list[Event]]:
    """Ticket → the changes since the first of some events."""
    if not happened:
        return {}
    ids = list({each.ticket_id for each in happened})
    first = min(each.id for each in happened)
    rows = await _LATER.all(session, ids=ids, first=first, kinds=list(facts.CHANGE_KINDS))
    found: dict[int, list[Event]] = {}
    for row in rows:
        found.setdefault(row.ticket_id, []).append(_event(row))
    return found


async def _would_now(session: AsyncSession, draft: Draft, trigger: AfterTime) -> Trial:
    looked_at, hits = 0, list[Hit]()
    place: timed.Place | None = timed.BEGINNING
    while place is not None and looked_at < MOST_EVENTS:
        rows, place = await timed.due(session, 0, trigger, place, MOST_EVENTS)
        looked_at += len(rows)
        fitting = await timed.fitting(session, draft.condition, rows)
        asked = [Event(id=-one, kind=timed.TRIGGER, at=clock.now(), ticket_id=one) for one, _ in fitting]
        values = await facts.read(session, asked)
        known = await facts.schedules(session, draft.condition)
        for event in asked:
            verdict = conditions.ask(draft.condition, facts.facts(values[event.id], event, known))
            hits.append(_hit(event, verdict.answers, planned(draft.actions, values[event.id])))
    return await _trial(session, hits, looked_at=looked_at, is_part=place is not None)


def planned(actions: Sequence[Action], values: Values) -> list[Effect]:
    """What actions would do one after the other."""
    effects: list[Effect] = []
    for action in actions:
        effects.append(plan(action, values))
        values = after(effects[-1:], values)
    return effects


def _event(row: Any) -> Event:
    return Event(**(dict(row) | {"data": msgspec.json.decode(row.data)}))


def _hit(event: Event, answers: Sequence[Answered], effects: list[Effect]) -> Hit:
    about: dict[str, Any] = {"ticket_id": event.ticket_id, "at": event.at, "trigger": event.kind}
    return Hit(subject="", answers=list(answers), effects=effects, **about)


async def _trial(session: AsyncSession, hits: list[Hit], *, looked_at: int, is_part: bool) -> Trial:
    """Of tickets that the writer may not see, the rule would see nothing either."""
    seen = await access.briefs(session, actor_of(session), {each.ticket_id for each in hits})
    named = [
        msgspec.structs.replace(each, subject=seen[each.ticket_id].subject) for each in hits if each.ticket_id in seen
    ]
    return Trial(looked_at=looked_at, is_part=is_part, would_act=len(named), hits=named[:SHOWN])
