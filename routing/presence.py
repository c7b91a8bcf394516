"""Who is there: the state of each agent, kept alive by heartbeats from her open windows.

A window beats every 15 s. An agent whose windows all fell silent is *lost* after 30 s (nothing is offered to her) and
offline after a grace, since a page reload is shorter; with her next heartbeat she is what she was. What she chose
herself, or a supervisor chose for her, no heartbeat changes; a supervisor's choice holds until she chooses anew.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, jobs, timers
from core.actor import Actor, ActorKind
from core.db import actor_of
from core.errors import Invalid, NotFound
from core.sql import Sql
from routing import presence_rules
from routing.events import AgentLost, PresenceChanged
from routing.models import Presence

STATES: Final = ("available", "busy", "break", "wrap_up", "offline")
FORCED: Final = ("available", "busy", "break", "offline")
"""What a supervisor may put somebody into: a wrap-up is the agent's own."""
LOST_SECONDS: Final = 30
GRACE_SECONDS: Final = 60
LOST: Final = "connection lost"
CHOSEN: Final = "chosen"
SIGNED_OUT: Final = "signed out"
IDLE: Final = "idle"
WRAP_UP_JOB: Final = "routing.wrap_up_over"
_LONG_AGO: Final = timedelta(days=1)
_COMES_BACK: Final = [LOST, SIGNED_OUT]


class Beat(msgspec.Struct, frozen=True):
    """A sign of life of one window.

    Attributes:
        tab: the window, unique over all processes.
        agent_id: whose it is.
        active_at: when she last pressed a key or moved the pointer in it.
        session_id: of her sign-in.
    """

    tab: str
    agent_id: int
    active_at: datetime
    session_id: int | None = None


class Standing(msgspec.Struct, frozen=True):
    """A state with all that belongs to it; see :class:`routing.models.Presence`."""

    state: str = "available"
    reason: str | None = None
    source: str = "self"
    set_by_id: int | None = None
    until: datetime | None = None


async def _locked(session: AsyncSession, agent_id: int) -> Presence:
    """Her row, made when she never came, locked for the rest of the transaction."""
    now = clock.now()
    new = {"agent_id": agent_id, "state": "offline", "since": now, "heartbeat_at": now - _LONG_AGO, "source": "system"}
    await session.execute(insert(Presence).values(new).on_conflict_do_nothing())
    return await session.get_one(Presence, agent_id, with_for_update=True, populate_existing=True)


async def _put(session: AsyncSession, row: Presence, to: Standing, actor: Actor | None = None) -> None:
    """Bring her into a state; who sees it happen is told once."""
    old = standing_of(row)
    if old == to:
        return
    if old.state != to.state or old.reason != to.reason:
        row.since = clock.now()
    row.state, row.reason, row.source, row.set_by_id, row.until = msgspec.structs.astuple(to)
    row.resumes = None
    if old.state == "wrap_up":
        await timers.cancel_timer(session, _wrap_up_key(row.agent_id))
    changed = PresenceChanged(
        agent_id=row.agent_id, old=old.state, new=to.state, reason=to.reason, source=to.source, until=to.until,
        set_by=await _name(session, to.set_by_id),
    )  # fmt: skip
    events.record(session, changed, actor)
    await session.flush()


async def _name(session: AsyncSession, agent_id: int | None) -> str | None:
    if agent_id is None:
        return None
    found: str | None = await session.scalar(text("select name from agents where id = :id"), {"id": agent_id})
    return found


def standing_of(row: Presence) -> Standing:
    """The state in a row."""
    return Standing(row.state, row.reason, row.source, row.set_by_id, row.until)


def _after(resumes: dict[str, Any] | None) -> Standing:
    """What she comes back to: what she was, unless its time is over."""
    found = msgspec.convert(resumes or {}, Standing)
    return Standing() if found.until is not None and found.until <= clock.now() else found


# ---- what people choose


async def set_state(session: AsyncSession, agent_id: int, state: str, reason: str | None = None) -> None:
    """Put herself into a state. A wrap-up ends by itself after the desk's limit.

    Raises:
        Invalid: there is no such state.
    """
    if state not in STATES:
        raise Invalid.field("state", f"A state is one of {', '.join(STATES)}.")
    row = await _locked(session, agent_id)
    row.heartbeat_at, row.lost_at = clock.now(), None
    if state == "wrap_up":
        await _wrap_up(session, row)
        return
    await _put(session, row, Standing(state, reason or (CHOSEN if state == "offline" else None)))


async def force(session: AsyncSession, agent_id: int, state: str, reason: str | None = None) -> None:
    """Put a colleague into a state, which holds until she chooses another herself.

    Raises:
        Invalid: nobody can be put into that state.
        NotFound: there is no such agent at work here.
    """
    if state not in FORCED:
        raise Invalid.field("state", f"A state is one of {', '.join(FORCED)}.")
    if not await session.scalar(text("select is_active from agents where id = :id"), {"id": agent_id}):
        raise NotFound("There is no such agent at work here.")
    row = await _locked(session, agent_id)
    await _put(session, row, Standing(state, reason, "supervisor", actor_of(session).id))


async def send_away(session: AsyncSession, agent_id: int, reason: str) -> None:
    """Give her no more for now, since she does not react; only she herself or a supervisor undoes it."""
    row = await _locked(session, agent_id)
    if row.state == "available":
        await _put(session, row, Standing("break", reason, "system"))


_FORGET: Final = Sql(
    """
    delete from presence_tabs
    where agent_id = :agent_id and (session_id = :session_id or cast(:session_id as bigint) is null)
    """
)


async def sign_out(session: AsyncSession, agent_id: int, session_id: int | None = None) -> None:
    """Forget the windows of a sign-in (None: of all); without any other she is offline at once."""
    await _FORGET.all(session, agent_id=agent_id, session_id=session_id)
    left = text("select exists(select from presence_tabs where agent_id = :agent_id and heartbeat_at >= :limit)")
    limit = clock.now() - timedelta(seconds=LOST_SECONDS)
    row = await _locked(session, agent_id)
    if row.state != "offline" and not await session.scalar(left, {"agent_id": agent_id, "limit": limit}):
        kept = msgspec.to_builtins(standing_of(row)) if row.source == "supervisor" else None
        await _put(session, row, Standing("offline", SIGNED_OUT))
        row.resumes = kept


# ---- wrap-up


def _wrap_up_key(agent_id: int) -> str:
    return f"wrap-up:{agent_id}"


async def wrap_up(session: AsyncSession, agent_id: int) -> None:
    """Work has ended that leaves something to write down: nothing new for her until the desk's limit."""
    row = await _locked(session, agent_id)
    if row.state in ("available", "wrap_up"):
        await _wrap_up(session, row)


async def _wrap_up(session: AsyncSession, row: Presence) -> None:
    rules = await presence_rules.read(session)
    until = clock.now() + timedelta(seconds=rules.wrap_up_seconds)
    await _put(session, row, Standing("wrap_up", until=until))
    args = {"agent_id": row.agent_id}
    await jobs.enqueue(session, WRAP_UP_JOB, args, run_at=until, dedupe=_wrap_up_key(row.agent_id))


async def wrap_up_over(session: AsyncSession, agent_id: int) -> None:
    """The time of a wrap-up has passed (job; running twice changes nothing)."""
    row = await _locked(session, agent_id)
    if row.state == "wrap_up" and row.until is not None and row.until <= clock.now():
        await _put(session, row, Standing(source="system"))


# ---- signs of life

# Rows of presence that somebody changes at this moment are passed over: the next beat comes in 15 s.
_BEAT: Final = Sql(
    """
    with seen as materialized (
        select tab, agent_id, session_id, active_at from jsonb_to_recordset(cast(:beats as jsonb))
            as s (tab text, agent_id bigint, session_id bigint, active_at timestamptz)
    ), tabs as (
        insert into presence_tabs (tab, agent_id, session_id, heartbeat_at, active_at)
        select tab, agent_id, session_id, :now, active_at from seen order by tab
        on conflict (tab) do update set heartbeat_at = excluded.heartbeat_at,
            active_at = greatest(presence_tabs.active_at, excluded.active_at)
    ), mine as (
        select agent_id, max(active_at) as active_at from seen group by agent_id
    ), held as (
        select p.agent_id from presence p join mine using (agent_id) order by p.agent_id for update of p skip locked
    ), alive as (
        update presence p set heartbeat_at = :now, lost_at = null from held where p.agent_id = held.agent_id
    )
    select m.agent_id, a.name, p.lost_at is not null or p.heartbeat_at < :alive_since as was_lost
    from mine m join agents a on a.id = m.agent_id left join presence p on p.agent_id = m.agent_id
    where p.agent_id is null or p.lost_at is not null or p.heartbeat_at < :alive_since
        or (p.state = 'offline' and p.source <> 'supervisor' and (p.reason is null or p.reason = any(:comes_back)))
        or (p.state = 'break' and p.source = 'system' and p.reason = :idle and m.active_at > p.since)
    """
)


async def beat(session: AsyncSession, beats: Sequence[Beat]) -> None:
    """Windows are alive. Whoever had fallen silent, was idle or never came is what she was before, or available."""
    if not beats:
        return
    values = msgspec.json.encode([msgspec.structs.asdict(each) for each in beats]).decode()
    now = clock.now()
    alive_since = now - timedelta(seconds=LOST_SECONDS)
    back = await _BEAT.all(session, beats=values, now=now, alive_since=alive_since, comes_back=_COMES_BACK, idle=IDLE)
    for row in back:
        actor = Actor(ActorKind.AGENT, row.agent_id, row.name)
        await _come_back(session, await _locked(session, row.agent_id), actor, was_lost=row.was_lost)


async def _come_back(session: AsyncSession, row: Presence, actor: Actor, *, was_lost: bool) -> None:
    idle = row.state == "break" and row.source == "system" and row.reason == IDLE
    absent = row.state == "offline" and row.source != "supervisor" and row.reason in (None, *_COMES_BACK)
    row.heartbeat_at, row.lost_at = clock.now(), None
    if absent or idle:
        await _put(session, row, _after(row.resumes), actor)
    elif was_lost:
        await _tell_back(session, row, actor)


async def _tell_back(session: AsyncSession, row: Presence, actor: Actor) -> None:
    """What was kept from her while she was silent can be hers now; colleagues see that she is there."""
    set_by = await _name(session, row.set_by_id)
    again = PresenceChanged(
        agent_id=row.agent_id, old=row.state, new=row.state, reason=row.reason, source=row.source, until=row.until,
        set_by=set_by, since=row.since,
    )  # fmt: skip
    events.record(session, again, actor)


async def heartbeat(session: AsyncSession, agent_id: int, tab: str | None = None) -> None:
    """An agent is alive who has no live socket, or whose socket has just been opened."""
    await beat(session, [Beat(tab or f"agent-{agent_id}", agent_id, clock.now())])


async def close_tab(session: AsyncSession, tab: str) -> None:
    """A window was closed. Without any other its agent is lost after :data:`LOST_SECONDS`."""
    await session.execute(text("delete from presence_tabs where tab = :tab"), {"tab": tab})


_LOST: Final = Sql(
    """
    update presence p set lost_at = :now
    from (select agent_id, state from presence where state <> 'offline' and lost_at is null and heartbeat_at < :limit
          order by agent_id for update skip locked) old
    where old.agent_id = p.agent_id returning p.agent_id, p.state
    """
)
_GONE: Final = Sql(
    """
    update presence p set state = 'offline', reason = :lost, since = :now, source = 'system', set_by_id = null,
        until = null, lost_at = null, resumes = jsonb_build_object('state', old.state, 'reason', old.reason,
            'source', old.source, 'set_by_id', old.set_by_id, 'until', old.until)
    from (select * from presence where state <> 'offline' and heartbeat_at < :limit
          order by agent_id for update skip locked) old
    where old.agent_id = p.agent_id returning p.agent_id, old.state
    """
)
_IDLE: Final = Sql(
    """
    update presence p set state = 'break', reason = :idle, since = :now, source = 'system', set_by_id = null
    from (select p.agent_id from presence p where p.state = 'available' and p.since < :limit and p.lost_at is null
          and exists (select from presence_tabs t where t.agent_id = p.agent_id)
          and not exists (select from presence_tabs t where t.agent_id = p.agent_id and t.active_at >= :limit)
          order by p.agent_id for update of p skip locked) old
    where old.agent_id = p.agent_id returning p.agent_id
    """
)


async def sweep(session: AsyncSession) -> None:
    """Note who fell silent, take offline who stayed so too long, let rest who is idle (every few seconds)."""
    now = clock.now()
    limit = now - timedelta(seconds=GRACE_SECONDS)
    await session.execute(text("delete from presence_tabs where heartbeat_at < :limit"), {"limit": limit})
    for row in await _LOST.all(session, now=now, limit=now - timedelta(seconds=LOST_SECONDS)):
        events.record(session, AgentLost(agent_id=row.agent_id, state=row.state))
    for row in await _GONE.all(session, now=now, limit=limit, lost=LOST):
        gone = PresenceChanged(agent_id=row.agent_id, old=row.state, new="offline", reason=LOST, source="system")
        events.record(session, gone)
    rules = await presence_rules.read(session)
    if rules.idle_minutes is None:
        return
    for row in await _IDLE.all(session, now=now, limit=now - timedelta(minutes=rules.idle_minutes), idle=IDLE):
        idle = PresenceChanged(agent_id=row.agent_id, old="available", new="break", reason=IDLE, source="system")
        events.record(session, idle)
