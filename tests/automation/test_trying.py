"""Trying a rule out: what it would have done last week, as the tickets stood then; nothing is changed."""

from datetime import timedelta

from automation import trying
from automation.actions import ChangeTags, Note, Reply, SetPriority
from automation.conditions import ALWAYS, Group, Question
from automation.engine import AfterTime, OnEvent, Trigger
from automation.rules import Draft
from automation.trying import Trial
from core.actor import SYSTEM, Actor
from core.clock import ManualClock
from core.db import unit_of_work
from tests import factories
from tests.automation.rule_desk import RuleDesk


async def dry(desk: RuleDesk, trigger: Trigger, when: object, *actions: object, actor: Actor = SYSTEM) -> Trial:
    """A trial of a rule that is not kept."""
    draft = Draft(name="Trial", trigger=trigger, condition=when, actions=actions)  # type: ignore[arg-type]
    async with unit_of_work(desk.db, actor) as session:
        return await trying.dry_run(session, draft)


async def test_the_tickets_of_last_week_as_they_stood_then(desk: RuleDesk, clock: ManualClock) -> None:
    """What changed later does not count; what is older than a week is not looked at."""
    await desk.ticket()
    clock.advance(timedelta(days=7, minutes=1))
    ticket = await desk.ticket()
    clock.advance(timedelta(hours=1))
    await desk.change(ticket, priority="urgent", tags=["vip"])
    await desk.change(ticket, tags=["vip", "old"], subject="Another subject")
    when = Group("all", (Question("ticket.priority", "is", "normal"), Question("ticket.tags", "empty")))
    trial = await dry(desk, OnEvent(("ticket.created",)), when, SetPriority("high"), ChangeTags(add=("new",)))
    assert (trial.looked_at, trial.would_act, trial.is_part) == (1, 1, False)
    (hit,) = trial.hits
    assert (hit.ticket_id, hit.subject, hit.trigger) == (ticket, "Another subject", "ticket.created")
    assert [(each.old, each.new) for each in hit.effects] == [("normal", "high"), ([], ["new"])]
    changed = Question("ticket.priority", "changed_from", "normal")
    trial = await dry(desk, OnEvent(("ticket.priority_changed",)), changed, SetPriority("urgent"))
    assert [[each.changes for each in hit.effects] for hit in trial.hits] == [[False]]
    trial = await dry(
        desk, OnEvent(("ticket.tags_changed",)), Question("ticket.tags", "has", "old"), SetPriority("low")
    )
    assert trial.would_act == 1


async def test_nothing_is_changed_and_nothing_is_sent(desk: RuleDesk) -> None:
    """No event, no job, no message, no run."""
    ticket = await desk.ticket()
    counts = """
        select concat((select count(*) from events), '/', (select count(*) from jobs.pgqueuer), '/',
            (select count(*) from messages), '/', (select count(*) from rule_runs), '/', (select sum(version) from tickets))
    """
    before = await desk.scalar(counts)
    everything = (SetPriority("urgent"), Note("x"), Reply("<p>x</p>"))
    trial = await dry(desk, OnEvent(("ticket.created",)), ALWAYS, *everything)
    assert [hit.ticket_id for hit in trial.hits] == [ticket]
    assert await desk.scalar(counts) == before


async def test_a_time_rule_tells_what_its_next_run_would_do(desk: RuleDesk, clock: ManualClock) -> None:
    """Which tickets, as they are now."""
    ticket, other = await desk.ticket(), await desk.ticket()
    await desk.change(other, priority="low")
    clock.advance(timedelta(hours=3))
    await desk.ticket()
    after = AfterTime(since="created", minutes=120)
    trial = await dry(desk, after, Question("ticket.priority", "is", "normal"), SetPriority("high"))
    assert (trial.looked_at, trial.would_act) == (2, 1)
    assert [hit.ticket_id for hit in trial.hits] == [ticket]


async def test_nobody_reads_by_a_trial_what_she_may_not_see(desk: RuleDesk) -> None:
    """Tickets of other teams are in none, as the rule would not see them either."""
    async with unit_of_work(desk.db) as session:
        mine, theirs = await factories.team(session), await factories.team(session)
        agent = await factories.agent(session, mine)
    own, _ = await desk.ticket(team_id=mine.id), await desk.ticket(team_id=theirs.id)
    reader = factories.actor(agent, mine)
    trial = await dry(desk, OnEvent(("ticket.created",)), ALWAYS, SetPriority("high"), actor=reader)
    assert (trial.would_act, [hit.ticket_id for hit in trial.hits]) == (1, [own])
