"""Counters over tickets: the views with their numbers, tags in use, and what waits too long.

Beside ``tickets/listing``, with the same conditions. No counter reads more than :data:`COUNT_LIMIT` rows, so a desk
with a million tickets pays as little as a small one.
"""

import functools
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.actor import Actor
from staff.models import Team
from tickets.access import TEAMS_PARAMETER, scope_condition, scope_of, scope_parameters
from tickets.listing import AWAKE, BEING_WORKED_ON, BREACHING_SOON, OPEN, VIEWS
from tickets.models import Delivery, Ticket
from tickets.queries import Compiled, Source

COUNT_LIMIT: Final = 1000
LOOKED_THROUGH: Final = 2000


class ViewCount(msgspec.Struct, rename="camel"):
    """A view with the number of tickets in it, at most :data:`COUNT_LIMIT` (which then means "or more")."""

    key: str
    name: str | None
    group: Literal["main", "team", "channel"]
    count: int
    tone: Literal["bad"] | None = None


def _some(scope: str, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Tickets that meet the conditions, read no further than :data:`COUNT_LIMIT`."""
    return (
        select(literal_column("1"))
        .select_from(Ticket)
        .where(scope_condition(scope), Ticket.merged_into_id.is_(None), *conditions)
        .limit(literal_column(str(COUNT_LIMIT)))
    )


def _number_of(some: Select[Any]) -> ColumnElement[int]:
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


@functools.lru_cache(maxsize=8)
def _counts_statement(scope: str) -> Compiled:
    """Rows of (key, name, group, number): the views, the reader's teams, the channels in use."""
    nothing = cast(null(), Text)
    main = [select(_text(key), nothing, _text("main"), _number_of(_some(scope, *VIEWS[key]))) for key in VIEWS]
    in_team = _some(scope, Ticket.team_id == Team.id, BEING_WORKED_ON, AWAKE).correlate(Team)
    teams = select(func.concat("team:", Team.id), Team.name, _text("team"), _number_of(in_team))
    if scope != "all":
        teams = teams.where(Team.id == any_(bindparam(TEAMS_PARAMETER, [0], type_=ARRAY(BigInteger))))
    newest = (
        select(Ticket.channel)
        .where(scope_condition(scope), Ticket.merged_into_id.is_(None), BEING_WORKED_ON, AWAKE)
        .order_by(Ticket.last_activity_at.desc(), Ticket.id.desc())
        .limit(literal_column(str(LOOKED_THROUGH)))
        .subquery()
    )
    number = func.least(func.count(), literal_column(str(COUNT_LIMIT)))
    channels = select(func.concat("channel:", newest.c.channel), nothing, _text("channel"), number)
    return Compiled(union_all(*main, teams, channels.group_by(newest.c.channel)))


def _text(value: str) -> ColumnElement[str]:
    """A word of ours as part of the statement's text."""
    return literal_column(f"'{value}'", Text)


async def count_views(source: Source, actor: Actor) -> list[ViewCount]:
    """All views of ``actor`` with their numbers, in one statement: main ones first, then teams and channels by name."""
    values = scope_parameters(actor) | {
        "me": actor.id or 0,
        "mentioned": [actor.id or 0],
        "soon": clock.now() + BREACHING_SOON,
    }
    rows = await _counts_statement(scope_of(actor)).run(source, values)
    found = [ViewCount(key, name, group, number) for key, name, group, number in rows]
    for view in found:
        if view.key == "breaching" and view.count:
            view.tone = "bad"
    order = {key: place for place, key in enumerate(VIEWS)}
    groups = ("main", "team", "channel")
    return sorted(found, key=lambda v: (groups.index(v.group), order.get(v.key, 0), v.name or "", v.key))


@functools.lru_cache(maxsize=8)
def _tags_statement(scope: str) -> Compiled:
    newest = (
        select(func.unnest(Ticket.tags).label("tag"))
        .where(scope_condition(scope), Ticket.tags != literal_column("'{}'"))
        .order_by(Ticket.last_activity_at.desc())
        .limit(literal_column(str(LOOKED_THROUGH)))
        .subquery()
    )
    begins = func.starts_with(func.lower(newest.c.tag), bindparam("start", "", type_=Text))
    used = select(newest.c.tag).where(begins).group_by(newest.c.tag).order_by(func.count().desc(), newest.c.tag)
    return Compiled(used.limit(bindparam("limit", 20, type_=BigInteger)))


async def tags_in_use(source: Source, actor: Actor, start: str, limit: int = 20) -> list[str]:
    """Tags that begin with ``start`` on the newest tickets that ``actor`` sees, the most used first."""
    values = scope_parameters(actor) | {"start": start.strip().lower(), "limit": limit}
    return [row[0] for row in await _tags_statement(scope_of(actor)).run(source, values)]


async def open_by_team(session: AsyncSession) -> dict[int, int]:
    """Number of open tickets of each team, counted no further than :data:`COUNT_LIMIT`."""
    some = _some("all", Ticket.team_id == Team.id, OPEN).correlate(Team)
    return {row[0]: row[1] for row in await session.execute(select(Team.id, _number_of(some)))}


async def oldest_unassigned(session: AsyncSession) -> datetime | None:
    """Since when the open ticket that has waited longest has had no owner (business health)."""
    statement = select(func.min(Ticket.created_at)).where(OPEN, Ticket.assignee_id.is_(None), AWAKE)
    return await session.scalar(statement)


async def oldest_unsent(session: AsyncSession) -> datetime | None:
    """When the oldest outgoing message that is due and not sent was due (business health)."""
    waits = and_(literal_column("deliveries.state in ('queued', 'sending')"), Delivery.send_at <= clock.now())
    return await session.scalar(select(func.min(Delivery.send_at)).where(waits))
