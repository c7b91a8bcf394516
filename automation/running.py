"""Rules run: for each event in its order, each rule in its order, each in a transaction of its own.

Job ``automation.react`` is asked for by ``automation/following.py`` once an event is committed. A rule that fails
changes nothing and holds up no other; one that has had an event is not run for it again, so the job may be repeated.
What a rule changes is an event again, known by its transaction, with the chain of rules that led to it
(``automation/engine.py``).
"""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from automation import acting, conditions, engine, facts, log, references, rules
from automation.engine import Happening, Rule
from automation.events import AutomationAlarmed
from automation.facts import Event
from automation.webhooks import SwitchedOff
from core import events
from core import log as logs
from core.db import Database, acting_as, reading, unit_of_work
from core.errors import DeskError, NotFound, Temporary
from core.sql import Sql
from tickets import access, lifecycle
from tickets.templates import Surroundings

_log = logs.get(__name__)

_EVENTS: Final = Sql(
    """
    select id, kind, at, ticket_id, actor_kind as by, origin, xid::text as xid, data::text as data
    from events where id = any(:ids) order by xid, id
    """
)
_CHAIN: Final = Sql(
    """
    select r.chain || r.rule_id as chain from rule_runs r
    where r.xid = cast(cast(:xid as text) as xid8) and r.outcome = 'acted' and r.ticket_id = :ticket_id limit 1
    """
)


Mark = Callable[[AsyncSession], Awaitable[bool]]


class Occasion(NamedTuple):
    """Why a rule runs.

    Attributes:
        event: what happened; one with id 0 stands for the time that has passed.
        chain: ids of the rules that led to it.
        mark: notes that the rule has had the ticket; False: it had it before.
    """

    event: Event
    chain: tuple[int, ...] = ()
    mark: Mark | None = None

    @property
    def event_id(self) -> int | None:
        """Of the event in the log."""
        return self.event.id or None


class Done(msgspec.Struct, frozen=True):
    """What became of a rule's run: one of the outcomes of the log, or None when its condition did not hold."""

    outcome: str | None
    reason: str = ""


NOTHING: Final = Done(None)


class Automation:
    """Runs rules.

    Args:
        db: the database.
        around: product and address of the desk, for texts.
    """

    def __init__(self, db: Database, around: Surroundings) -> None:
        self._db = db
        self._around = around

    async def react(self, event_ids: list[int]) -> None:
        """Run the rules that look at some events of a ticket (job; running twice changes nothing)."""
        async with reading(self._db) as session:
            rows = await _EVENTS.all(session, ids=event_ids)
            happened = [Event(**(dict(row) | {"data": msgspec.json.decode(row.data)})) for row in rows]
        for event in happened:
            async with reading(self._db) as session:
                chain = await _chain(session, event)
                known = await rules.enabled(session)
            happening = Happening(kind=event.kind, origin=event.origin, chain=chain)
            for rule in engine.looking(known, happening):
                await self.run(rule, Occasion(event, chain))

    async def run(self, rule: Rule, occasion: Occasion) -> Done:
        """Run one rule about one ticket."""
        try:
            async with unit_of_work(self._db) as session:
                return await self._act(session, rule, occasion)
        except DeskError as problem:
            if isinstance(problem, Temporary):
                raise
            await self._failed(rule, occasion, problem)
            return Done("failed", problem.detail)

    async def _act(self, session: AsyncSession, rule: Rule, occasion: Occasion) -> Done:
        event, mark = occasion.event, occasion.mark
        try:
            ticket = await lifecycle.lock(session, event.ticket_id)
            await access.check_visible(session, rules.actor_of_rule(rule), event.ticket_id)
        except NotFound:
            return NOTHING  # it is gone, or of a team that is none of the rule's business
        if event.id and await log.is_done(session, rule.id, event.id):
            return NOTHING
        if not await rules.is_on(session, rule.id):
            return NOTHING  # somebody has just switched it off
        values = (await facts.read(session, [event]))[event.id]
        known = await facts.schedules(session, rule.condition)
        verdict = conditions.ask(rule.condition, facts.facts(values, event, known))
        if not verdict.holds or (mark is not None and not await mark(session)):
            return NOTHING
        why = engine.stopped(rule, occasion.chain, await log.within_hour(session, event.ticket_id))
        if why is None:
            with acting_as(session, rules.actor_of_rule(rule)):
                effects = await acting.act(session, ticket, rule.actions, values, self._around)
        else:
            effects = []
            await _alarm(session, rule, event.ticket_id, why)
        await log.write(
            session,
            rule,
            ticket_id=event.ticket_id,
            event_id=occasion.event_id,
            trigger=event.kind,
            outcome="acted" if why is None else "stopped",
            reason=why or "",
            answers=verdict.answers,
            effects=effects,
            chain=occasion.chain,
        )
        return Done("acted") if why is None else Done("stopped", why)

    async def _failed(self, rule: Rule, occasion: Occasion, problem: DeskError) -> None:
        """Keep why; a rule that names what is gone will not do better next time, so it is switched off.

        The rule is locked before the log refers to it.
        """
        event = occasion.event
        _log.warning("a rule failed", rule=rule.id, ticket=event.ticket_id, reason=problem.detail)
        async with unit_of_work(self._db) as session:
            told = await self._flagged(session, rule, problem)
            if occasion.mark is not None:
                await occasion.mark(session)
            await log.write(
                session,
                rule,
                ticket_id=event.ticket_id,
                event_id=occasion.event_id,
                trigger=event.kind,
                outcome="failed",
                reason=problem.detail,
            )
            if told is not None:
                events.record(session, told)

    @staticmethod
    async def _flagged(session: AsyncSession, rule: Rule, problem: DeskError) -> AutomationAlarmed | None:
        """Switch a rule off that names what is gone; what fails for one ticket's sake may do well with the next."""
        gone = await references.missing(
            session, list(references.references_of(rule.trigger, rule.condition, rule.actions))
        )
        if gone or isinstance(problem, SwitchedOff):
            return await rules.flag(session, rule.id, problem.detail)
        return None


async def _chain(session: AsyncSession, event: Event) -> tuple[int, ...]:
    """The rules that led to an event; the rule that did it is the last."""
    row = await _CHAIN.first(session, xid=event.xid, ticket_id=event.ticket_id)
    return tuple(row.chain) if row is not None else ()


async def _alarm(session: AsyncSession, rule: Rule, ticket_id: int, why: str) -> None:
    """Have a person told that rules run in circles, once an hour for each ticket."""
    if why in engine.ALARMING and not await log.was_told(session, ticket_id, why):
        words = f"The rule was stopped in ticket {ticket_id}: {why}"
        told = AutomationAlarmed(rule_id=rule.id, name=rule.name, reason=words, teams=(events.NO_TEAM,))
        events.record(session, told)
