"""Time rules: when time has passed, by the calendar or in opening hours, once for each ticket, never in a flood."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from automation import rules, timed
from automation.actions import ChangeTags, SetPriority, SetStatus
from automation.conditions import Question
from automation.engine import AfterTime, Rule
from automation.running import Done, Occasion
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.jobs import Definition, Registry, Worker
from tests.automation.rule_desk import RuleDesk

HOUR = timedelta(hours=1)


async def look(desk: RuleDesk) -> list[int]:
    """Run all time rules that want to; the tickets in which they acted, in this order, since the beginning."""
    async with unit_of_work(desk.db) as session:
        await timed.ask(session)
    runner = timed.TimeRules(desk.db, desk.automation)
    await Worker(desk.db, Registry((Definition(timed.JOB, runner.run, own_units=True),))).drain()
    return [run.ticket_id or 0 for run in await desk.runs() if run.outcome == "acted"]


async def test_a_ticket_is_had_once_whatever_happens_to_it(desk: RuleDesk, clock: ManualClock) -> None:
    """Not before its time, and not again; a rule that begins anew has it again when it waits anew."""
    await desk.rule(AfterTime(since="waiting", minutes=120), ChangeTags(add=("late",)), name="Once")
    await desk.rule(AfterTime(since="waiting", minutes=120, again=True), SetPriority("high"), name="Again")
    ticket = await desk.ticket()
    clock.advance(2 * HOUR - timedelta(seconds=1))
    assert await look(desk) == []
    clock.advance(timedelta(seconds=1))
    assert await look(desk) == [ticket, ticket]
    clock.advance(HOUR)
    assert await look(desk) == [ticket, ticket]
    async with unit_of_work(desk.db) as session:  # she was answered, and waits anew
        await session.execute(text("update tickets set waiting_since = :now"), {"now": clock.now()})
    await desk.change(ticket, priority="low", tags=[])
    clock.advance(2 * HOUR)
    assert await look(desk) == [ticket, ticket, ticket]
    found = await desk.read(ticket)
    assert (found.priority, found.tags) == ("high", [])


async def test_only_opening_hours_count_if_wanted(desk: RuleDesk, clock: ManualClock) -> None:
    """Four opening hours from half past two in India end when the desk closes; five go on next morning."""
    await desk.rule(AfterTime(since="created", minutes=240, business=True), SetPriority("high"), name="Four")
    await desk.rule(AfterTime(since="created", minutes=300, business=True), SetPriority("urgent"), name="Five")
    await desk.rule(AfterTime(since="created", minutes=600), ChangeTags(add=("calendar",)), name="Calendar")
    ticket = await desk.ticket()
    clock.advance(4 * HOUR)
    assert await look(desk) == [ticket]
    assert (await desk.read(ticket)).priority == "high"
    clock.advance(14 * HOUR)  # half past eight: nobody is there yet
    assert len(await look(desk)) == 2
    assert (await desk.read(ticket)).tags == ["calendar"]
    clock.advance(HOUR + HOUR / 2)
    assert len(await look(desk)) == 3
    assert (await desk.read(ticket)).priority == "urgent"


@pytest.mark.parametrize("since", ["created", "activity", "waiting", "status", "due", "solved", "answered"])
async def test_time_runs_since_many_things(desk: RuleDesk, clock: ManualClock, since: str) -> None:
    """Each of them begins at nine here; an hour later it is due, and a ticket in which it never began is not."""
    await desk.rule(AfterTime(since=since, minutes=60), ChangeTags(add=("x",)))  # type: ignore[arg-type]
    ticket, closed = await desk.ticket(), await desk.ticket()
    async with unit_of_work(desk.db) as session:
        await session.execute(text("update tickets set status = 'closed' where id = :id"), {"id": closed})
        if since == "due":
            await session.execute(text("update tickets set due_at = created_at"))
        if since == "answered":
            await session.execute(text("update tickets set waiting_since = null"))
            await session.execute(
                text(
                    """
                    insert into messages (ticket_id, kind, channel, author_name, text, html, created_at)
                    select id, 'agent', 'email', 'A', 'x', 'x', created_at from tickets
                    """
                )
            )
    if since == "solved":
        await desk.change(ticket, status="solved")
    clock.advance(HOUR - timedelta(seconds=1))
    assert await look(desk) == []
    clock.advance(timedelta(seconds=1))
    assert await look(desk) == [ticket]


async def test_a_downtime_loses_nothing_and_floods_nobody(
    desk: RuleDesk, clock: ManualClock, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a week all are due at once: the longest first, so many in a run, then an hour of rest and a word about it.

    What does not fit the condition is no obstacle, however much of it there is.
    """
    monkeypatch.setattr(timed, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(timed, "PAGE", 2)
    when = Question("ticket.channel", "is", "email")
    made = await desk.rule(AfterTime(since="created", minutes=60), SetStatus("on_hold"), when=when)
    for _ in range(3):
        await desk.ticket(channel="web")
    tickets = [await desk.ticket() for _ in range(5)]
    clock.advance(timedelta(days=7))
    assert await look(desk) == tickets[:3]
    assert await look(desk) == tickets[:3]
    (rule,) = await desk.rules()
    assert rule.held_until == clock.now() + HOUR
    assert [run.outcome for run in await desk.runs(rule_id=made.id)][-1] == "capped"
    assert await desk.scalar("select count(*) from events where kind = 'rule.alarmed'") == 1
    clock.advance(HOUR)
    assert await look(desk) == tickets
    assert {run.outcome for run in await desk.runs()} == {"acted", "capped"}


async def test_a_run_ends_when_the_rule_is_switched_off(
    desk: RuleDesk, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sees that it was a mistake need not wait until all tickets are through."""
    made = await desk.rule(AfterTime(since="created", minutes=5), ChangeTags(add=("x",)))
    tickets = [await desk.ticket() for _ in range(3)]
    clock.advance(HOUR)
    run = desk.automation.run

    async def once(rule: Rule, occasion: Occasion) -> Done:
        done = await run(rule, occasion)
        async with unit_of_work(desk.db) as session:
            await rules.switch(session, made.id, on=False)
        return done

    monkeypatch.setattr(desk.automation, "run", once)
    assert await look(desk) == tickets[:1]


async def test_who_was_answered_meanwhile_is_left_alone(
    desk: RuleDesk, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run over many tickets takes its time; what has ended since it began is not acted on, and is not marked."""
    await desk.rule(AfterTime(since="waiting", minutes=60), ChangeTags(add=("late",)))
    first, second = await desk.ticket(), await desk.ticket()
    clock.advance(HOUR)
    run = desk.automation.run

    async def answered(rule: Rule, occasion: Occasion) -> Done:
        done = await run(rule, occasion)
        async with unit_of_work(desk.db) as session:
            waits = "update tickets set waiting_since = null where id = :id"
            await session.execute(text(waits), {"id": second})
        return done

    monkeypatch.setattr(desk.automation, "run", answered)
    assert await look(desk) == [first]
    assert await desk.scalar("select count(*) from rule_marks") == 1


async def test_a_look_at_a_whole_archive_in_vain_is_taken_less_often(
    desk: RuleDesk, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute for each so many tickets that do not fit; one that finds few goes on every minute."""
    monkeypatch.setattr(timed, "A_MINUTE", 2)
    monkeypatch.setattr(timed, "FACTS", 2)
    await desk.rule(
        AfterTime(since="created", minutes=60), SetPriority("high"), when=Question("ticket.tags", "has", "x")
    )
    for _ in range(5):
        await desk.ticket()
    clock.advance(HOUR)
    assert await look(desk) == []
    assert (await desk.rules())[0].held_until == clock.now() + timedelta(minutes=2)
    async with unit_of_work(desk.db) as session:
        await session.execute(text("update tickets set tags = '{x}'"))
    assert await look(desk) == []
    clock.advance(timedelta(minutes=2))
    assert len(await look(desk)) == 5
    assert await look(desk) is not None
    assert (await desk.rules())[0].held_until == clock.now()
