"""The log of rules: what each run did, with the answers to the rule's questions, and how each rule fares."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from automation.actions import Effect
from automation.conditions import Answered
from automation.engine import Rule
from core import clock
from core.retention import Kind
from core.sql import Sql

PERSONAL: Final = ("customer.", "message.", "ticket.subject", "ticket.answers")
"""Fields whose values are customers' words: the log tells that they fitted, not what they were."""
WEEK: Final = timedelta(days=7)
RUNS: Final = (Kind(name="runs of rules", table="rule_runs", over="at < :before"),)


class Run(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a rule did once; see :class:`automation.models.RuleRun`. ``subject`` is of the ticket."""

    id: int
    rule_id: int
    rule: str
    ticket_id: int | None
    subject: str | None
    at: datetime
    trigger: str
    outcome: str
    reason: str
    answers: list[Answered]
    effects: list[Effect]
    chain: list[int]


class RuleHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a rule fared in the last seven days."""

    acted: int = 0
    failed: int = 0
    stopped: int = 0
    last_at: datetime | None = None


_WRITE: Final = Sql(
    """
    insert into rule_runs (rule_id, ticket_id, event_id, at, trigger, outcome, reason, answers, effects, chain)
    values (:rule_id, :ticket_id, :event_id, :at, :trigger, :outcome, :reason, cast(:answers as jsonb),
        cast(:effects as jsonb), :chain)
    on conflict (rule_id, event_id) do nothing returning id
    """
)
_DONE: Final = Sql("select 1 from rule_runs where rule_id = :rule_id and event_id = :event_id")
_OFTEN: Final = Sql(
    """
    select count(*) from rule_runs where ticket_id = :ticket_id and at > :since and outcome = 'acted'
        and effects @> '[{"changes": true}]'
    """
)
_TOLD: Final = Sql(
    "select 1 from rule_runs where ticket_id = :ticket_id and at > :since and outcome = 'stopped' and reason = :reason"
)
_LIST: Final = Sql(
    """
    select r.id, r.rule_id, u.name as rule, r.ticket_id, t.subject, r.at, r.trigger, r.outcome, r.reason,
        r.answers::text as answers, r.effects::text as effects, r.chain
    from rule_runs r join rules u on u.id = r.rule_id left join tickets t on t.id = r.ticket_id
    where (cast(:rule_id as bigint) is null or r.rule_id = :rule_id)
        and (cast(:ticket_id as bigint) is null or r.ticket_id = :ticket_id)
        and (cast(:before as bigint) is null or r.id < :before)
        and (:all or r.ticket_id is null or t.team_id is null or t.team_id = any(:teams) or t.assignee_id = :agent_id)
    order by r.id desc limit :limit
    """
)
_HEALTH: Final = Sql(
    """
    select rule_id, count(*) filter (where outcome = 'acted') as acted,
        count(*) filter (where outcome = 'failed') as failed,
        count(*) filter (where outcome in ('stopped', 'capped')) as stopped, max(at) as last_at
    from rule_runs where at > :since group by rule_id
    """
)


def for_record(answers: Sequence[Answered]) -> list[Answered]:
    """Answers without what customers said."""
    return [msgspec.structs.replace(each, found=None) if each.field.startswith(PERSONAL) else each for each in answers]


async def write(
    session: AsyncSession,
    rule: Rule,
    *,
    ticket_id: int | None,
    event_id: int | None,
    trigger: str,
    outcome: str,
    reason: str = "",
    answers: Sequence[Answered] = (),
    effects: Sequence[Effect] = (),
    chain: Sequence[int] = (),
) -> bool:
    """Write what a rule did; False when it is on record for this event already."""
    row = await _WRITE.first(
        session,
        rule_id=rule.id,
        ticket_id=ticket_id,
        event_id=event_id,
        at=clock.now(),
        trigger=trigger,
        outcome=outcome,
        reason=reason[:500],
        answers=msgspec.json.encode(for_record(answers)).decode(),
        effects=msgspec.json.encode(list(effects)).decode(),
        chain=list(chain),
    )
    return row is not None


async def is_done(session: AsyncSession, rule_id: int, event_id: int) -> bool:
    """Whether a rule has had an event."""
    return await _DONE.first(session, rule_id=rule_id, event_id=event_id) is not None


async def within_hour(session: AsyncSession, ticket_id: int) -> int:
    """How often rules have changed a ticket in the last hour."""
    found: int = await _OFTEN.scalar(session, ticket_id=ticket_id, since=clock.now() - timedelta(hours=1))
    return found


async def was_told(session: AsyncSession, ticket_id: int, reason: str) -> bool:
    """Whether rules were stopped for this reason in a ticket within the last hour, so that people know of it."""
    since = clock.now() - timedelta(hours=1)
    return await _TOLD.first(session, ticket_id=ticket_id, since=since, reason=reason) is not None


async def page(
    session: AsyncSession,
    *,
    rule_id: int | None = None,
    ticket_id: int | None = None,
    before: int | None = None,
    limit: int = 50,
    teams: Sequence[int] | None = None,
    agent_id: int | None = None,
) -> list[Run]:
    """Runs, newest first: of a rule, in a ticket, or all.

    Args:
        session: the unit of work.
        rule_id: of this rule only.
        ticket_id: in this ticket only.
        before: older than the run with this id.
        limit: how many at most.
        teams: in tickets of these teams, of none, or the agent's own; None: in all.
        agent_id: who reads.
    """
    rows = await _LIST.all(
        session,
        rule_id=rule_id,
        ticket_id=ticket_id,
        before=before,
        limit=max(1, min(limit, 200)),
        all=teams is None,
        teams=list(teams or ()),
        agent_id=agent_id,
    )
    return [_run(row) for row in rows]


def _run(row: Any) -> Run:
    facts = dict(row) | {
        "answers": msgspec.json.decode(row.answers, type=list[Answered]),
        "effects": msgspec.json.decode(row.effects, type=list[Effect]),
    }
    return Run(**facts)


async def health(session: AsyncSession) -> dict[int, RuleHealth]:
    """Rule → how it fared in the last seven days."""
    rows = await _HEALTH.all(session, since=clock.now() - WEEK)
    return {
        row.rule_id: RuleHealth(acted=row.acted, failed=row.failed, stopped=row.stopped, last_at=row.last_at)
        for row in rows
    }
