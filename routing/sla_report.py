"""How promises were kept, counted: by policy and kind, by who had a ticket when it was missed, by word given.

Read by ``agent_ui/api/reports``. Everything goes by when a clock began, and what an agent promised by when it was due.
Nothing is found out anew: a clock says itself whether it was missed, and the event of its breach who had the ticket.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.sql import Sql

MOST_CAUSES: Final = 50


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose clocks are counted.

    Attributes:
        since: begun from this moment on, aware.
        until: and before this one.
        team_id: of tickets that this team has; None: of all.
    """

    since: datetime
    until: datetime
    team_id: int | None = None


class PolicyShare(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How one kind of promise of one policy was kept.

    Attributes:
        policy: its name when it was promised.
        kind: of clock.
        met: in time to the end.
        missed: at some time, met later or not.
        running: neither yet.
        unneeded: nobody waited for it any more.
        first_in_time: of those that were met at some time: the first time was in time.
        reopened: of those: their ticket was opened again after that.
    """

    policy: str
    kind: str
    met: int
    missed: int
    running: int
    unneeded: int
    first_in_time: int
    reopened: int


class Cause(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who had the tickets when they were missed, and whether she was there; ``owner`` None: nobody had them."""

    owner: str | None
    owner_state: str | None
    count: int


class WordsKept(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of what agents have promised: kept in time or late, broken and still open, open, withdrawn."""

    kept: int
    kept_late: int
    broken: int
    open: int
    withdrawn: int


class KeptReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How promises of a time were kept."""

    since: datetime
    until: datetime
    policies: list[PolicyShare]
    causes: list[Cause]
    promises: WordsKept


_OF_TEAM: Final = """(cast(:team_id as bigint) is null
        or exists(select 1 from tickets t where t.id = {of}.ticket_id and t.team_id = :team_id))"""
_CLOCKS: Final = f"""
    from sla_clocks c where c.started_at >= :since and c.started_at < :until and c.kind <> 'promise'
        and {_OF_TEAM.format(of="c")}
"""
_POLICIES: Final = Sql(
    f"""
    select policy, kind,
        count(*) filter (where breached_at is null and met_at is not null) as met,
        count(*) filter (where breached_at is not null) as missed,
        count(*) filter (where breached_at is null and met_at is null and ended_at is null) as running,
        count(*) filter (where breached_at is null and met_at is null and ended_at is not null) as unneeded,
        count(*) filter (where first_met_at is not null and first_met_at <= coalesce(breached_at, first_met_at))
            as first_in_time,
        count(*) filter (where first_met_at is not null and met_at is distinct from first_met_at) as reopened
    {_CLOCKS} group by policy, kind order by policy, kind
    """  # noqa: S608 - of constants of this module
)
_CAUSES: Final = Sql(
    f"""
    select said.data -> 'cause' ->> 'owner' as owner, said.data -> 'cause' ->> 'owner_state' as owner_state,
        count(*) as count
    from (select c.ticket_id, c.kind, c.breached_at {_CLOCKS} and c.breached_at is not null) as missed
        cross join lateral (
            select e.data from events e where e.ticket_id = missed.ticket_id and e.kind = 'sla.breached'
            and e.data ->> 'clock' = missed.kind and cast(e.data ->> 'due_at' as timestamptz) = missed.breached_at
            order by e.id desc limit 1) as said
    group by 1, 2 order by 3 desc, 1, 2 limit :most
    """  # noqa: S608 - of constants of this module
)
_PROMISES: Final = Sql(
    f"""
    select count(*) filter (where kept_at is not null and broken_at is null) as kept,
        count(*) filter (where kept_at is not null and broken_at is not null) as kept_late,
        count(*) filter (where kept_at is null and withdrawn_at is null and broken_at is not null) as broken,
        count(*) filter (where kept_at is null and withdrawn_at is null and broken_at is null) as open,
        count(*) filter (where withdrawn_at is not null) as withdrawn
    from promises p where p.due_at >= :since and p.due_at < :until and {_OF_TEAM.format(of="p")}
    """  # noqa: S608 - of constants of this module
)


async def report(session: AsyncSession, wanted: Asked) -> KeptReport:
    """How promises of a time were kept."""
    values: dict[str, Any] = msgspec.structs.asdict(wanted)
    return KeptReport(
        since=wanted.since,
        until=wanted.until,
        policies=[PolicyShare(**row) for row in await _POLICIES.all(session, **values)],
        causes=[Cause(**row) for row in await _CAUSES.all(session, **values, most=MOST_CAUSES)],
        promises=WordsKept(**await _PROMISES.first(session, **values)),
    )
