"""Who is there and how much each agent holds, for pickers, the supervisor's board and the console's own menu."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.sql import Sql
from routing.floor import HELD, alive_since


class AgentLoad(msgspec.Struct, frozen=True):
    """One agent's state and how much she holds, counted from the open tickets themselves.

    Attributes:
        agent_id: who.
        name: her name.
        state: as routing sees it: who has fallen silent is offline.
        kept_state: as she has it herself; silence changes that only when the grace is over.
        reason: why, in her words or the product's.
        source: who put her into it: ``self``, ``supervisor`` or ``system``.
        set_by: the supervisor's name.
        since: since when.
        until: when a wrap-up ends.
        is_lost: her windows have just fallen silent, and she is not given up yet.
        tabs: her open windows.
        open_count: tickets that wait for her.
        load: what she holds, by the weights of its kinds.
        capacity: how much of it she may hold.
    """

    agent_id: int
    name: str
    state: str
    kept_state: str
    reason: str | None
    source: str
    set_by: str | None
    since: datetime | None
    until: datetime | None
    is_lost: bool
    tabs: int
    open_count: int
    load: float
    capacity: int


_BOARD: Final = Sql(
    f"""
    with held as materialized ({HELD.format(agents="array(select id from agents where is_active)")})
    select a.id as agent_id, a.name, a.capacity, p.since, p.reason, coalesce(p.source, 'system') as source,
        p.until, s.name as set_by, coalesce(p.state, 'offline') as state, coalesce(p.state, 'offline') as kept_state,
        p.state <> 'offline' and p.heartbeat_at < :limit is true as is_lost,
        (select count(*) from presence_tabs w where w.agent_id = a.id and w.heartbeat_at >= :limit) as tabs,
        (select count(*) from tickets t where t.assignee_id = a.id and t.status in ('open', 'pending', 'on_hold')
            and t.status = 'open' and t.snoozed_until is null) as open_count, coalesce(h.load, 0) as load
    from agents a left join presence p on p.agent_id = a.id left join held h on h.agent_id = a.id
        left join agents s on s.id = p.set_by_id
    where a.is_active and (cast(:agent_id as bigint) is null or a.id = :agent_id)
        and (cast(:team_id as bigint) is null
            or exists(select from team_members m where m.agent_id = a.id and m.team_id = :team_id))
    order by a.name, a.id
    """  # noqa: S608 - put together from constants of the product
)


async def loads(session: AsyncSession, agent_id: int | None = None, team_id: int | None = None) -> list[AgentLoad]:
    """Active agents with state and load, by name.

    Args:
        session: any session.
        agent_id: this one alone.
        team_id: those of this team.
    """
    now = clock.now()
    rows = await _BOARD.all(session, now=now, limit=alive_since(now), agent_id=agent_id, team_id=team_id)
    return [_load(row) for row in rows]


def _load(row: object) -> AgentLoad:
    found = msgspec.convert(dict(row), AgentLoad)  # type: ignore[call-overload]
    return msgspec.structs.replace(found, state="offline") if found.is_lost else found
