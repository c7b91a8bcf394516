"""Who is there: the state an agent chose, kept alive by heartbeats from her open windows.

An agent whose windows all fell silent is taken offline by :func:`sweep` after a grace (a page reload is shorter), and
comes back in her old state with the next heartbeat. What she chose herself is never changed behind her back.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Invalid
from routing.events import PresenceChanged

STATES: Final = ("available", "busy", "break", "offline")
GRACE_SECONDS: Final = 60
LOST: Final = "connection lost"

_UPSERT = text(
    """
    with before as (select state from presence where agent_id = :agent_id)
    insert into presence (agent_id, state, reason, since, heartbeat_at)
    values (:agent_id, :state, :reason, :now, :now)
    on conflict (agent_id) do update set heartbeat_at = excluded.heartbeat_at, reason = excluded.reason,
        since = case when presence.state = excluded.state then presence.since else excluded.since end,
        state = excluded.state
    returning (select state from before) as old
    """
)
_BEAT = text("update presence set heartbeat_at = :now where agent_id = :agent_id returning state, reason")
_SWEEP = text(
    """
    update presence p set state = 'offline', reason = :lost || ':' || old.state, since = :now
    from (select agent_id, state from presence where state <> 'offline' and heartbeat_at < :limit
          for update skip locked) old
    where old.agent_id = p.agent_id returning p.agent_id, old.state
    """
)


class AgentLoad(msgspec.Struct, frozen=True):
    """One agent's state and how much she holds, counted from the open tickets themselves."""

    agent_id: int
    name: str
    state: str
    since: datetime | None
    open_count: int
    capacity: int


async def set_state(session: AsyncSession, agent_id: int, state: str, reason: str | None = None) -> None:
    """Put an agent into a state.

    Raises:
        Invalid: there is no such state.
    """
    if state not in STATES:
        raise Invalid.field("state", f"A state is one of {', '.join(STATES)}.")
    reason = reason or ("chosen" if state == "offline" else None)
    await _set(session, agent_id, state, reason)


async def _set(session: AsyncSession, agent_id: int, state: str, reason: str | None) -> None:
    params = {"agent_id": agent_id, "state": state, "reason": reason, "now": clock.now()}
    old = (await session.execute(_UPSERT, params)).scalar_one() or "offline"
    if old != state:
        events.record(session, PresenceChanged(agent_id=agent_id, old=old, new=state, reason=reason))


async def heartbeat(session: AsyncSession, agent_id: int) -> None:
    """An open window of the agent is alive. One who had fallen silent, or never came, is available again."""
    row = (await session.execute(_BEAT, {"agent_id": agent_id, "now": clock.now()})).one_or_none()
    if row is None or (row.state == "offline" and row.reason is None):
        await _set(session, agent_id, "available", None)
    elif row.state == "offline" and row.reason.startswith(LOST):
        await _set(session, agent_id, row.reason.partition(":")[2] or "available", None)


async def sweep(session: AsyncSession) -> None:
    """Take agents offline whose windows have been silent for longer than the grace (runs every few seconds)."""
    now = clock.now()
    rows = await session.execute(_SWEEP, {"lost": LOST, "now": now, "limit": now - timedelta(seconds=GRACE_SECONDS)})
    for row in rows:
        events.record(session, PresenceChanged(agent_id=row.agent_id, old=row.state, new="offline", reason=LOST))


_BOARD = text(
    """
    select a.id, a.name, a.capacity, p.since,
        case when p.heartbeat_at >= :limit then p.state else 'offline' end as state,
        (select count(*) from tickets t where t.assignee_id = a.id and t.status in ('open', 'pending', 'on_hold')
            and t.status = 'open' and t.snoozed_until is null) as open_count
    from agents a left join presence p on p.agent_id = a.id where a.is_active order by a.name
    """
)


async def board(session: AsyncSession) -> list[AgentLoad]:
    """All active agents with state and load."""
    rows = await session.execute(_BOARD, {"limit": clock.now() - timedelta(seconds=GRACE_SECONDS)})
    return [
        AgentLoad(row.id, row.name, row.state or "offline", row.since, row.open_count, row.capacity) for row in rows
    ]
