"""Why something waits, and what would change it: the waiting list, and one ticket's work as it is at this moment."""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.sql import Sql
from routing import floor as floors
from routing import reasons
from routing.engine import Decision
from routing.floor import Floor
from routing.reasons import Told
from routing.rings import Need

MOST: Final = 200

_WORK: Final = Sql(
    """
    select w.id, w.ticket_id, w.kind, w.state, w.queue_id, q.name as queue, w.priority, w.entered_at, w.queued_at,
        w.assigned_at, w.agent_id, a.name as agent_name, w.sticky_agent_id, w.owner_agent_id, w.skills::text as skills,
        w.history::text as history, w.alarmed_at, o.id as offer_id, o.expires_at as offer_expires_at
    from work_items w join queues q on q.id = w.queue_id left join agents a on a.id = w.agent_id
        left join offers o on o.item_id = w.id and o.state = 'offered'
    where w.ticket_id = :ticket_id
    """
)
_WAITING: Final = Sql(
    """
    with line as materialized (
        select w.*, q.name as queue from work_items w join queues q on q.id = w.queue_id
        where w.state = 'waiting' and (cast(:queue_id as bigint) is null or w.queue_id = :queue_id)
        and (cast(:after_at as timestamptz) is null or (w.rank_at, w.id) > (:after_at, cast(:after_id as bigint)))
        order by w.rank_at, w.id limit :limit
    )
    select l.id, l.ticket_id, l.kind, l.queue_id, l.queue, l.priority, l.entered_at, l.queued_at, l.rank_at,
        l.alarmed_at, t.subject, c.name as customer
    from line l join tickets t on t.id = l.ticket_id join customers c on c.id = t.customer_id
    order by l.rank_at, l.id
    """
)
_SKILLS: Final = Sql("select id, name from skills where id = any(cast(:ids as bigint[]))")


class Stretch(msgspec.Struct, frozen=True):
    """Where work has waited, from when until when, and who got it then; None: it was moved."""

    queue_id: int
    since: datetime = msgspec.field(name="from")
    until: datetime
    agent_id: int | None = None


class Change(msgspec.Struct, frozen=True):
    """What would let an item go to somebody: ``code`` says what, for how many agents, and when if time alone does it.

    Codes: ``finishes`` (somebody has done something else), ``comes`` (somebody is there again), ``ring`` (the next
    ring is reached), ``opens``, ``preference_ends``, ``refusal_ends``, ``hour_passes``, ``urgent_first`` (what stands
    before it is given), ``learns`` (somebody has the skill).
    """

    code: str
    count: int = 0
    at: datetime | None = None


class Needed(msgspec.Struct, frozen=True):
    """A skill that some work needs, its queue's included; an optional one can be let go by a ring."""

    name: str
    level: int
    optional: bool


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket's work as it is: where, since when, with whom; and while it waits, why and what would change it."""

    id: int
    ticket_id: int
    kind: str
    state: str
    queue_id: int
    queue: str
    priority: int
    entered_at: datetime
    queued_at: datetime
    assigned_at: datetime | None
    agent_id: int | None
    agent_name: str | None
    sticky_agent_id: int | None
    owner_agent_id: int | None
    skills: tuple[Need, ...]
    needs: tuple[Needed, ...] = ()
    history: tuple[Stretch, ...]
    waited_seconds: float
    alarmed_at: datetime | None
    offer_id: int | None
    offer_expires_at: datetime | None
    code: str | None = None
    reason: str | None = None
    ring: int = 0
    looks_again_at: datetime | None = None
    candidates: tuple[Told, ...] = ()
    changes: tuple[Change, ...] = ()


class Waiting(msgspec.Struct, frozen=True):
    """A line of the waiting list, with why it waits at this moment."""

    id: int
    ticket_id: int
    kind: str
    queue_id: int
    queue: str
    priority: int
    entered_at: datetime
    queued_at: datetime
    rank_at: datetime
    alarmed_at: datetime | None
    subject: str
    customer: str
    code: str | None = None
    reason: str | None = None
    ring: int | None = None
    looks_again_at: datetime | None = None


_CHANGES: Final = {
    "full": "finishes",
    "blocked": "finishes",
    "absent": "comes",
    "state": "comes",
    "later_ring": "ring",
    "refused": "refusal_ends",
    "capped": "hour_passes",
    "kept_free": "urgent_first",
    "skill": "learns",
}
_BY_TIME: Final = {"closed": "opens", "waits_for_preferred": "preference_ends"}


def changes(decision: Decision, at: datetime | None) -> tuple[Change, ...]:
    """What would change a decision to wait, what time does by itself first.

    Args:
        decision: with its candidates.
        at: when time alone changes something.
    """
    counts: dict[str, int] = {}
    for each in decision.candidates:
        code = _CHANGES.get(each.excluded or "")
        if code is not None:
            counts[code] = counts.get(code, 0) + 1
    found: list[Change] = []
    if decision.reason in _BY_TIME:
        found.append(Change(_BY_TIME[decision.reason], at=at))
    if "ring" in counts:
        found.append(Change("ring", counts.pop("ring"), at))
    order = ("finishes", "comes", "urgent_first", "refusal_ends", "hour_passes", "learns")
    return (*found, *(Change(code, counts[code]) for code in order if code in counts))


async def of_ticket(session: AsyncSession, ticket_id: int) -> Work | None:
    """A ticket's work as it is at this moment; None when there is nothing to do about it."""
    row = await _WORK.first(session, ticket_id=ticket_id)
    if row is None:
        return None
    now = clock.now()
    history = msgspec.json.decode(row.history, type=tuple[Stretch, ...])
    waited = sum((each.until - each.since).total_seconds() for each in history)
    if row.state in ("waiting", "offered"):
        waited += max(0.0, (now - row.queued_at).total_seconds())
    facts = dict(row) | {
        "skills": msgspec.json.decode(row.skills, type=tuple[Need, ...]),
        "history": history,
        "waited_seconds": waited,
    }
    return Work(**facts, **(await _at_this_moment(session, ticket_id) if row.state == "waiting" else {}))


async def _at_this_moment(session: AsyncSession, ticket_id: int) -> dict[str, Any]:
    floor = await floors.of_tickets(session, [ticket_id])
    item = next(iter(floor.engine.items.values()), None)
    if item is None:
        return {}
    decision = floor.engine.explain(item, floor.at)
    said = _said(decision, floor)
    found = await _SKILLS.all(session, ids=[need.skill_id for need in item.skills]) if item.skills else []
    names = {row.id: row.name for row in found}
    return said | {
        "needs": tuple(Needed(names.get(each.skill_id, ""), each.level, each.optional) for each in item.skills),
        "candidates": tuple(reasons.told(decision, floor.names)),
        "changes": changes(decision, said["looks_again_at"]),
    }


def _said(decision: Decision, floor: Floor) -> dict[str, Any]:
    again = decision.looks_again_at
    return {
        "code": decision.reason,
        "reason": reasons.sentence(decision, floor.names),
        "ring": decision.ring,
        "looks_again_at": None if again is None else datetime.fromtimestamp(again, tz=floor.now.tzinfo),
    }


async def waiting(
    session: AsyncSession, queue_id: int | None = None, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[Waiting]:
    """What waits, in the order of its turn.

    Args:
        session: any session.
        queue_id: in this queue; None: in all.
        after: ``rank_at`` and ``id`` of the last one of the page before.
        limit: so many at most.
    """
    at, number = after or (None, None)
    rows = await _WAITING.all(session, queue_id=queue_id, after_at=at, after_id=number, limit=min(limit, MOST))
    floor = await floors.of_tickets(session, [row.ticket_id for row in rows]) if rows else None
    found = []
    for row in rows:
        item = floor.engine.items.get(row.id) if floor is not None else None
        said = _said(floor.engine.explain(item, floor.at), floor) if floor is not None and item is not None else {}
        found.append(msgspec.convert(dict(row) | said, Waiting))
    return found
