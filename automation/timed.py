"""Time rules: when so much time has passed since something, once for each ticket.

Nothing is planned ahead: a look a minute asks which tickets are due now, so a downtime delays and loses nothing, and a
ticket that has had the rule is marked in the transaction in which it acts. A run takes :data:`MOST_AT_ONCE` tickets at
most; then the rule waits for an hour and a person is told, so that after a downtime, or with a rule that fits a whole
archive, nobody is flooded.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from automation import conditions, facts, log, rules
from automation.conditions import Condition
from automation.engine import AfterTime, Rule
from automation.events import AutomationAlarmed
from automation.facts import Event
from automation.models import RuleRow
from automation.running import Automation, Occasion
from core import clock, events, jobs
from core.db import Database, reading, unit_of_work
from core.sql import Sql
from routing import hours

JOB: Final = "automation.run_timed"
MOST_AT_ONCE: Final = 2000
PAGE: Final = 20_000
"""Tickets that one statement finds; when it began is computed for each ticket, so small pages would cost no less."""
FACTS: Final = 500
"""Tickets whose facts are read at once."""
REST: Final = timedelta(hours=1)
A_MINUTE: Final = 5000
"""A look at so many tickets that do not fit is worth a minute until the next one."""
TRIGGER: Final = "time"

_LIVE: Final = "t.status in ('open', 'pending', 'on_hold')"
_SINCE: Final = {
    "created": (_LIVE, "t.created_at"),
    "waiting": (_LIVE, "t.waiting_since"),
    "activity": (_LIVE, "t.last_activity_at"),
    "due": (_LIVE, "t.due_at"),
    "solved": ("t.status = 'solved'", "t.solved_at"),
    "status": (
        _LIVE,
        """coalesce((select max(e.at) from events e where e.ticket_id = t.id and e.kind = 'ticket.status_changed'),
            t.created_at)""",
    ),
    "answered": (
        _LIVE + " and t.waiting_since is null",
        """(select m.created_at from messages m where m.ticket_id = t.id and m.kind = 'agent' and not m.passed_on
            and m.id > coalesce(t.last_customer_message_id, 0) order by m.id desc limit 1)""",
    ),
}
"""What can have begun → which tickets are looked at, and since when the time runs in them."""
_DUE: Final = {
    name: Sql(
        f"""
        select x.id, x.since from (select t.id, {since} as since from tickets t where {which}) x
        where x.since <= :before and (x.since, x.id) > (cast(:after as timestamptz), :after_id)
            and not exists (
                select from rule_marks k where k.rule_id = :rule_id and k.ticket_id = x.id
                and (not :again or k.since >= x.since))
        order by x.since, x.id limit :limit
        """  # noqa: S608 - put together from constants of this module
    )
    for name, (which, since) in _SINCE.items()
}
_STILL: Final = {
    name: Sql(f"select 1 from tickets t where t.id = :ticket_id and {which} and {since} = :since")  # noqa: S608 - as above
    for name, (which, since) in _SINCE.items()
}
_MARK: Final = Sql(
    """
    insert into rule_marks (rule_id, ticket_id, since) values (:rule_id, :ticket_id, :since)
    on conflict (rule_id, ticket_id) do update set since = excluded.since where rule_marks.since < excluded.since
    returning ticket_id
    """
)
Place = tuple[datetime, int]
"""Since when the time ran in a ticket, and which it is: where a look goes on."""
BEGINNING: Final[Place] = (datetime.fromisoformat("1970-01-01T00:00:00+00:00"), 0)


async def due(
    session: AsyncSession, rule_id: int, trigger: AfterTime, after: Place, limit: int | None = None
) -> tuple[list[Any], Place | None]:
    """Some tickets whose time is over, the longest first.

    Args:
        session: for reading.
        rule_id: whose marks count; 0: nobody's, for a rule that is being tried out.
        trigger: what began, and how long ago.
        after: since when and which ticket the last one was.
        limit: how many are looked at; None: :data:`PAGE`.

    Returns:
        Those that are due, and where to go on; None: there are no more.
    """
    before, limit = await _before(session, trigger), limit or PAGE
    if before is None:
        return [], None
    rows = await _DUE[trigger.since].all(
        session,
        rule_id=rule_id,
        before=before,
        after=after[0],
        after_id=after[1],
        again=trigger.again,
        limit=limit,
    )
    return rows, (rows[-1].since, rows[-1].id) if len(rows) == limit else None


async def _before(session: AsyncSession, trigger: AfterTime) -> datetime | None:
    """Until when it must have begun for so much time to have passed now; None: that lies too far back."""
    now = clock.now()
    if not trigger.business or not trigger.minutes:
        return now - timedelta(minutes=trigger.minutes)
    return hours.so_long_before(await hours.read(session, trigger.hours), now, trigger.minutes * 60)


async def fitting(session: AsyncSession, condition: Condition, rows: Sequence[Any]) -> list[tuple[int, datetime]]:
    """Of tickets that are due, those for which a condition holds now, with the start of their time."""
    if not rows:
        return []
    now = clock.now()
    asked = {row.id: Event(id=-row.id, kind=TRIGGER, at=now, ticket_id=row.id) for row in rows}
    values = await facts.read(session, asked.values())
    known = await facts.schedules(session, condition)
    return [
        (row.id, row.since)
        for row in rows
        if -row.id in values and conditions.ask(condition, facts.facts(values[-row.id], asked[row.id], known)).holds
    ]


async def ask(session: AsyncSession) -> None:
    """Ask for a run of each time rule (periodic)."""
    now = clock.now()
    for rule in await rules.enabled(session):
        if isinstance(rule.trigger, AfterTime) and (rule.held_until is None or rule.held_until <= now):
            key = f"automation:rule:{rule.id}"
            await jobs.enqueue(session, JOB, {"rule_id": rule.id}, key=key, dedupe=key, priority=-1)


class TimeRules:
    """Runs time rules.

    Args:
        db: the database.
        automation: runs a rule for one ticket.
    """

    def __init__(self, db: Database, automation: Automation) -> None:
        self._db = db
        self._automation = automation

    async def run(self, rule_id: int) -> None:
        """Run one rule for all tickets whose time is over (job; running twice changes nothing)."""
        async with reading(self._db) as session:
            row = await session.scalar(select(RuleRow).where(RuleRow.id == rule_id, RuleRow.is_enabled))
        if row is None:
            return
        rule = rules.rule_of(row)
        done = looked = 0
        place: Place | None = BEGINNING
        while place is not None and isinstance(rule.trigger, AfterTime):
            async with reading(self._db) as session:
                rows, place = await due(session, rule.id, rule.trigger, place)
            looked += len(rows)
            for first in range(0, len(rows), FACTS):
                async with reading(self._db) as session:
                    hits = await fitting(session, rule.condition, rows[first : first + FACTS])
                for ticket_id, since in hits:
                    if done >= MOST_AT_ONCE:
                        await self._rest(rule)
                        return
                    if not await self._is_on(rule):
                        return  # switched off, or written anew: then the next run is by what it says now
                    done += await self._one(rule, rule.trigger, ticket_id, since) == "acted"
        if looked - done >= A_MINUTE:
            await self._hold(rule, timedelta(minutes=(looked - done) // A_MINUTE))

    async def _one(self, rule: Rule, trigger: AfterTime, ticket_id: int, since: datetime) -> str | None:
        event = Event(id=0, kind=TRIGGER, at=clock.now(), ticket_id=ticket_id)

        async def mark(session: AsyncSession) -> bool:
            # Found some time ago: meanwhile the customer may have been answered.
            if await _STILL[trigger.since].first(session, ticket_id=ticket_id, since=since) is None:
                return False
            return await _MARK.first(session, rule_id=rule.id, ticket_id=ticket_id, since=since) is not None

        return (await self._automation.run(rule, Occasion(event, mark=mark))).outcome

    async def _is_on(self, rule: Rule) -> bool:
        async with reading(self._db) as session:
            return await rules.is_on(session, rule.id, rule.version)

    async def _hold(self, rule: Rule, rest: timedelta) -> None:
        """Let a rule that looks at a whole archive in vain do so less often."""
        async with unit_of_work(self._db) as session:
            same = update(RuleRow).where(RuleRow.id == rule.id, RuleRow.version == rule.version)
            await session.execute(same.values(held_until=clock.now() + rest))

    async def _rest(self, rule: Rule) -> None:
        """Enough for now: the rest is for the next run, and a person is told."""
        words = f"It has had {MOST_AT_ONCE} tickets in one run; the others follow in an hour."
        async with unit_of_work(self._db) as session:
            until = clock.now() + REST
            await session.execute(update(RuleRow).where(RuleRow.id == rule.id).values(held_until=until))
            about: dict[str, Any] = {"ticket_id": None, "event_id": None, "trigger": TRIGGER, "outcome": "capped"}
            await log.write(session, rule, **about, reason=words)
            told = AutomationAlarmed(rule_id=rule.id, name=rule.name, reason=words, teams=(events.NO_TEAM,))
            events.record(session, told)
