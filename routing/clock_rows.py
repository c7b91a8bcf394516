"""The clocks of a ticket as rows: read with what decides about them, and written with all that follows from a change.

Used by ``routing/sla.py``, ``routing/anew.py``, ``routing/lateness.py`` and ``routing/promising.py``. What the next
deadline of a ticket is stands on its row, so lists need no look at the clocks. Whoever changes the clocks of a ticket
has locked it before.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, timers
from core.sql import Sql
from routing.clocks import PROMISE, Change, Clock
from routing.policies import STAMP, Matter
from tickets.events import StatusChanged
from tickets.first_answers import STANDS

DUE_JOB: Final = "routing.clock_due"

_CLOCKS: Final = """
    jsonb_to_recordset(cast(:clocks as jsonb)) as w (id bigint, kind text, policy_id bigint, policy text, reason text,
        minutes bigint, business boolean, hours text, is_told boolean, warnings bigint[], rests_in text[],
        restarts boolean, promise_id bigint, started_at timestamptz, due_at timestamptz, warns_at timestamptz,
        warned bigint, paused_at timestamptz, pauses jsonb, met_at timestamptz, first_met_at timestamptz,
        breached_at timestamptz, ended_at timestamptz)
"""
_TIMER: Final = """
    select cast(:wake_at as timestamptz), :job, jsonb_build_object('ticket_id', cast(:ticket_id as bigint)),
        cast(null as text), concat('sla:', cast(:ticket_id as bigint))
    from rules where cast(:wake_at as timestamptz) is not null and fit
"""
# All that follows from a change of a ticket's clocks, in one statement. Rules that are old by now write nothing.
_WRITE: Final = Sql(
    f"""
    with rules as materialized (
        select stamp, stamp = coalesce(cast(:stamp as text), stamp) as fit from ({STAMP}) as now_is (stamp)
    ), made as (
        insert into sla_clocks (ticket_id, kind, policy_id, policy, reason, minutes, business, hours, is_told, warnings,
            rests_in, restarts, promise_id, started_at, due_at, warns_at, warned, paused_at, pauses, met_at,
            first_met_at, breached_at, ended_at)
        select :ticket_id, kind, policy_id, policy, reason, minutes, business, hours, is_told, warnings, rests_in,
            restarts, promise_id, started_at, due_at, warns_at, warned, paused_at, pauses, met_at, first_met_at,
            breached_at, ended_at
        from {_CLOCKS}, rules where w.id is null and fit
    ), changed as (
        update sla_clocks c set policy_id = w.policy_id, policy = w.policy, reason = w.reason, minutes = w.minutes,
            business = w.business, hours = w.hours, is_told = w.is_told, warnings = w.warnings,
            rests_in = w.rests_in, restarts = w.restarts, due_at = w.due_at, warns_at = w.warns_at, warned = w.warned,
            paused_at = w.paused_at, pauses = w.pauses, met_at = w.met_at, first_met_at = w.first_met_at,
            breached_at = w.breached_at, ended_at = w.ended_at
        from {_CLOCKS}, rules where c.id = w.id and fit
    ), gone as (
        delete from sla_clocks using rules where id = any(cast(:gone as bigint[])) and fit
    ), ticket as (
        update tickets set due_at = :due_at, promise_due_at = :promise_due_at from rules
        where tickets.id = :ticket_id and fit and (tickets.due_at is distinct from :due_at
            or tickets.promise_due_at is distinct from cast(:promise_due_at as timestamptz))
    ), timer as ({timers.SETTING.format(rows=_TIMER)}), idle as (
        delete from timers using rules
        where dedupe = concat('sla:', cast(:ticket_id as bigint)) and cast(:wake_at as timestamptz) is null and fit
    )
    select stamp from rules
    """  # noqa: S608 - put together from constants of the product
)
_STAMP: Final = Sql(f"select ({STAMP})")
# Of the clocks that a ticket gets anew with each message or call, the last one is enough: older ones are history.
_LOAD: Final = Sql(
    f"""
    select t.customer_id, t.team_id, t.assignee_id, t.status, t.priority, t.entitlement, t.entitlement_until,
        t.created_at, t.waiting_since, {STANDS.format(ticket="t.id")} or exists(
            select 1 from events e where e.ticket_id = t.id and e.kind = 'call.taken') as answered, ({STAMP}) as stamp,
        (select coalesce(c.tier, o.tier) from customers c left join organisations o on o.id = c.organisation_id
            where c.id = t.customer_id) as tier,
        (select w.queue_id from work_items w where w.ticket_id = t.id) as queue_id,
        (select created_at from messages m where m.id = t.last_customer_message_id) as wrote_at,
        (select coalesce(jsonb_agg(to_jsonb(c) order by c.id), '[]')::text from sla_clocks c
            where c.ticket_id = t.id and (c.kind in ('first_response', 'resolution')
                or (c.met_at is null and c.ended_at is null) or c.id = (
                    select max(l.id) from sla_clocks l where l.ticket_id = t.id and l.kind = c.kind
                    and c.kind <> 'promise'))) as clocks
    from tickets t where t.id = :ticket_id
    """  # noqa: S608 - put together from constants of the product
)
_LOG: Final = Sql(
    """
    select at, data ->> 'old' as old, data ->> 'new' as new from events
    where ticket_id = :ticket_id and kind = 'ticket.status_changed' order by id
    """
)


class Clocked(msgspec.Struct):
    """What was read of a ticket, with its clocks, oldest first."""

    id: int
    row: Any
    clocks: list[Clock]

    @property
    def matter(self) -> Matter:
        """What decides about its policy."""
        row = self.row
        return Matter(row.entitlement, row.entitlement_until, row.priority, row.team_id, row.queue_id, row.tier)

    def latest(self, kind: str) -> Clock | None:
        """Its newest clock of a kind."""
        return next((each for each in reversed(self.clocks) if each.kind == kind), None)

    def audience(self) -> dict[str, Any]:
        """The fields of an event that say whose ticket it is and who may hear of it."""
        return {
            "ticket_id": self.id,
            "customer_id": self.row.customer_id,
            "teams": (self.row.team_id or events.NO_TEAM,),
            "agents": (self.row.assignee_id,) if self.row.assignee_id else (),
        }


async def load(session: AsyncSession, ticket_id: int) -> Clocked | None:
    """A ticket with its clocks."""
    row = await _LOAD.first(session, ticket_id=ticket_id)
    return None if row is None else Clocked(ticket_id, row, msgspec.json.decode(row.clocks, type=list[Clock]))


async def stamp_now(session: AsyncSession) -> str:
    """The stamp of the rules as they are."""
    found: str = await _STAMP.scalar(session)
    return found


async def write(
    session: AsyncSession,
    ticket_id: int,
    written: Sequence[Clock],
    gone: Sequence[int] = (),
    stamp: str | None = None,
) -> str:
    """Keep the clocks of a ticket, its next deadline, and the timer for it and for the next warning.

    Args:
        session: the unit of work.
        ticket_id: locked.
        written: all of its clocks that are left.
        gone: ids of those that are not.
        stamp: of the rules that they were made by, where the database must agree; else nothing is written.

    Returns:
        The stamp of the rules as they are.
    """
    running = [each for each in written if each.runs]
    deadlines = [each.due_at for each in running if each.due_at is not None]
    promised = [each.due_at for each in running if each.due_at is not None and each.kind == PROMISE]
    ahead = [each.due_at for each in running if each.due_at is not None and each.is_late(each.due_at)]
    warnings = [each.warns_at for each in running if each.warns_at is not None]
    found: str = await _WRITE.scalar(
        session,
        ticket_id=ticket_id,
        clocks=msgspec.json.encode(written).decode(),
        gone=list(gone),
        due_at=min(deadlines, default=None),
        promise_due_at=min(promised, default=None),
        wake_at=min([*ahead, *warnings], default=None),
        job=DUE_JOB,
        stamp=stamp,
    )
    return found


async def log_of(session: AsyncSession, ticket_id: int) -> list[Change]:
    """How the status of a ticket has changed before this transaction, oldest first."""
    return [(row.at, row.old, row.new) for row in await _LOG.all(session, ticket_id=ticket_id)]


async def changes_of(session: AsyncSession, ticket_id: int) -> list[Change]:
    """The same with what this transaction has done, which is in no log yet."""
    now = clock.now()
    just = [each for each in events.recorded(session, StatusChanged) if each.ticket_id == ticket_id]
    return [*await log_of(session, ticket_id), *((now, each.old, each.new) for each in just)]
