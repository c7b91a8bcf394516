"""Rules run on a real database: in order, after the commit, on record, never in circles, with rights of their own."""

import asyncio

import pytest
from sqlalchemy import text

from automation import engine, following, rules
from automation.actions import Assign, ChangeTags, Note, SetPriority, SetStatus, SetTeam
from automation.conditions import Group, Question
from automation.engine import OnEvent
from automation.facts import Event
from automation.running import Occasion
from core import clock, events
from core.actor import Actor, ActorKind
from core.db import unit_of_work
from core.errors import Invalid, NotAllowed
from tests import factories
from tests.automation.rule_desk import RuleDesk, wire
from tests.factories import AGENT_RIGHTS
from tickets.events import NoteAdded


async def test_a_rule_sees_what_changed_and_is_on_record(desk: RuleDesk) -> None:
    """Old and new value decide; what was asked, found and done stands in the log, and events name the rule."""
    when = Group(
        "all", (Question("ticket.priority", "changed_to", "urgent"), Question("ticket.tags", "has_not", "vip"))
    )
    made = await desk.rule("ticket.priority_changed", ChangeTags(add=("vip",)), SetStatus("on_hold"), when=when)
    ticket = await desk.ticket()
    await desk.change(ticket, priority="high")
    await desk.change(ticket, priority="urgent")
    await desk.settle()
    found = await desk.read(ticket)
    assert (found.tags, found.status) == (["vip"], "on_hold")
    (run,) = await desk.runs()
    assert (run.rule, run.outcome, run.trigger) == (made.name, "acted", "ticket.priority_changed")
    assert [(each.field, each.found, each.holds) for each in run.answers] == [
        ("ticket.priority", "high → urgent", True),
        ("ticket.tags", [], True),
    ]
    assert [(each.action, each.old, each.new) for each in run.effects] == [
        ("tags", [], ["vip"]),
        ("status", "open", "on_hold"),
    ]
    by_rule = "select count(*) from events where actor_kind = 'rule' and actor_name = :name and rule = :name"
    assert await desk.scalar(by_rule, name=made.name) == 2


async def test_what_is_not_committed_sets_nothing_off(desk: RuleDesk) -> None:
    """A rule runs after the commit, and not for what was rolled back."""
    await desk.rule("ticket.status_changed", ChangeTags(add=("x",)))
    ticket = await desk.ticket()
    with pytest.raises(ZeroDivisionError):
        async with unit_of_work(desk.db) as session:
            await session.execute(text("update tickets set status = 'solved'"))
            raise ZeroDivisionError
    await desk.settle()
    assert not await desk.runs()
    await desk.change(ticket, status="solved")
    assert not await desk.runs()  # not in the transaction of the change
    await desk.settle()
    assert [run.outcome for run in await desk.runs()] == ["acted"]


async def test_rules_run_in_the_order_that_people_chose(desk: RuleDesk) -> None:
    """A later rule finds what an earlier one made of the ticket; another order, another end."""
    one = await desk.rule("ticket.created", SetPriority("high"), name="One")
    two = await desk.rule(
        "ticket.created", SetPriority("urgent"), when=Question("ticket.priority", "is", "high"), name="Two"
    )
    first = await desk.ticket()
    await desk.settle()
    assert (await desk.read(first)).priority == "urgent"
    async with unit_of_work(desk.db) as session:
        assert [each.id for each in await rules.put_in_order(session, [two.id, one.id])] == [two.id, one.id]
    second = await desk.ticket()
    await desk.settle()
    assert (await desk.read(second)).priority == "high"
    assert [run.rule for run in await desk.runs()] == ["One", "Two", "One"]


async def test_a_rule_never_follows_from_itself(desk: RuleDesk) -> None:
    """Neither from its own change nor by way of another rule; the stop is on record."""
    await desk.rule(
        "ticket.priority_changed", SetPriority("high"), name="Up", when=Question("event.by", "is_not", "agent")
    )
    await desk.rule("ticket.priority_changed", SetPriority("low"), name="Down")
    ticket = await desk.ticket()
    await desk.change(ticket, priority="urgent")
    await desk.settle()
    acted = [(run.rule, run.outcome) for run in await desk.runs()]
    assert acted.count(("Up", "acted")) <= 2
    assert acted.count(("Down", "acted")) <= 2
    assert all(run.reason == engine.OWN for run in await desk.runs() if run.outcome == "stopped")
    assert ("Up", "stopped") in acted


async def test_a_chain_of_rules_has_an_end_and_somebody_is_told(desk: RuleDesk) -> None:
    """Seven rules of which each sets off the next: five act, the sixth is stopped, administrators get one mail."""
    wire()
    async with unit_of_work(desk.db) as session:
        await session.execute(text("insert into roles (name, permissions) values ('admin', '{}')"))
        chief = await factories.agent(session)
        await session.execute(text("update agents set role_id = (select id from roles where name = 'admin')"))
    for n in range(7):
        when = Question("ticket.tags", "added", f"t{n}")
        await desk.rule("ticket.tags_changed", ChangeTags(add=(f"t{n + 1}",)), when=when)
    ticket = await desk.ticket()
    await desk.change(ticket, tags=["t0"])
    await desk.settle()
    runs = await desk.runs()
    assert [run.outcome for run in runs] == ["acted"] * engine.DEEPEST + ["stopped"]
    assert [len(run.chain) for run in runs] == list(range(engine.DEEPEST + 1))
    assert runs[-1].reason == engine.TOO_DEEP
    mails = "select count(*) from notices where kind = 'automation_alarm' and agent_id = :id"
    assert await desk.scalar(mails, id=chief.id) == 1


async def test_an_hour_has_room_for_so_many_changes(desk: RuleDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever sets rules off again and again: then they stop in this ticket, others go on, and one alarm is given."""
    monkeypatch.setattr(engine, "PER_HOUR", 3)
    await desk.rule("ticket.status_changed", Note("Seen"))
    busy, other = await desk.ticket(), await desk.ticket()
    for n in range(6):
        await desk.change(busy, status=("pending", "open")[n % 2])
    await desk.change(other, status="pending")
    await desk.settle()
    assert [run.outcome for run in await desk.runs(ticket_id=busy)] == ["acted"] * 3 + ["stopped"] * 3
    assert [run.outcome for run in await desk.runs(ticket_id=other)] == ["acted"]
    assert await desk.scalar("select count(*) from events where kind = 'rule.alarmed'") == 1


async def test_what_changes_nothing_uses_up_nothing(desk: RuleDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a lively chat a rule may find the priority high as often as it likes."""
    monkeypatch.setattr(engine, "PER_HOUR", 3)
    await desk.rule("ticket.subject_changed", SetPriority("high"))
    ticket = await desk.ticket()
    for n in range(6):
        await desk.change(ticket, subject=f"Subject {n}")
    await desk.settle()
    assert [run.outcome for run in await desk.runs()] == ["acted"] * 6


async def test_a_rule_that_was_just_switched_off_does_nothing(desk: RuleDesk) -> None:
    """Also for what it has been asked for already."""
    made = await desk.rule("ticket.created", SetPriority("high"), name="Off")
    await desk.rule("ticket.created", ChangeTags(add=("x",)), name="On")
    ticket = await desk.ticket()
    event = Event(
        id=await desk.scalar("select max(id) from events where kind = 'ticket.created'"),
        kind="ticket.created",
        at=clock.now(),
        ticket_id=ticket,
    )
    async with unit_of_work(desk.db) as session:
        await rules.switch(session, made.id, on=False)
    assert (await desk.automation.run(made, Occasion(event))).outcome is None
    await desk.settle()
    assert ((await desk.read(ticket)).priority, (await desk.read(ticket)).tags) == ("normal", ["x"])


@pytest.mark.parametrize("origin", engine.ORIGINS)
async def test_changes_from_elsewhere_can_be_left_alone(desk: RuleDesk, origin: str) -> None:
    """Imported, merged, of many at once, by a program: a rule that excludes it does nothing, another one acts."""
    await desk.rule("ticket.created", SetPriority("high"), name="Some", excludes=(origin,))
    await desk.rule("ticket.created", ChangeTags(add=("all",)), name="All")
    foreign, own = await desk.ticket(origin), await desk.ticket()
    await desk.settle()
    assert ((await desk.read(foreign)).priority, (await desk.read(own)).priority) == ("normal", "high")
    assert (await desk.read(foreign)).tags == (await desk.read(own)).tags == ["all"]


async def test_mails_of_an_imported_mailbox_come_from_an_import(desk: RuleDesk) -> None:
    """So rules can leave them alone."""
    ticket = await desk.ticket(archived=True)
    origin = "select distinct origin from events where ticket_id = :id"
    assert await desk.scalar(origin, id=ticket) == "import"


async def test_a_rule_acts_with_rights_of_its_own(desk: RuleDesk) -> None:
    """Those that its writer had: on tickets of her teams only, also when she has left; more she cannot give it."""
    async with unit_of_work(desk.db) as session:
        mine, theirs = await factories.team(session), await factories.team(session)
        writer = await factories.agent(session, mine)
    author = factories.actor(writer, mine, rights=AGENT_RIGHTS)
    made = await desk.rule("ticket.created", SetPriority("high"), author=author)
    assert (made.rights, made.team_ids) == (frozenset({"tickets:change"}), (mine.id,))
    async with unit_of_work(desk.db) as session:
        await session.execute(text("update agents set is_active = false"))
    hers, not_hers = await desk.ticket(team_id=mine.id), await desk.ticket(team_id=theirs.id)
    await desk.settle()
    assert ((await desk.read(hers)).priority, (await desk.read(not_hers)).priority) == ("high", "normal")
    reader = Actor(ActorKind.AGENT, writer.id, writer.name, frozenset({"tickets:read"}))
    with pytest.raises(NotAllowed, match="tickets:change"):
        await desk.rule("ticket.created", SetPriority("low"), author=reader)


async def test_a_rule_that_fails_changes_nothing_and_holds_up_no_other(desk: RuleDesk) -> None:
    """Its first action is undone with the second; it is switched off, flagged, and the next rule acts."""
    async with unit_of_work(desk.db) as session:
        gone = await factories.agent(session)
    bad = await desk.rule("ticket.created", ChangeTags(add=("half",)), Assign(gone.id), name="Bad")
    await desk.rule("ticket.created", SetPriority("high"), name="Good")
    async with unit_of_work(desk.db) as session:
        await session.execute(text("update agents set is_active = false"))
    ticket = await desk.ticket()
    await desk.settle()
    found = await desk.read(ticket)
    assert (found.tags, found.assignee_id, found.priority) == ([], None, "high")
    assert [(run.rule, run.outcome) for run in await desk.runs()] == [("Bad", "failed"), ("Good", "acted")]
    (first, _) = await desk.rules()
    assert (first.id, first.is_enabled) == (bad.id, False)
    assert "no such agent" in (first.flag or "")


async def test_one_that_fails_for_a_tickets_sake_stays_on(desk: RuleDesk) -> None:
    """All that it names is there, so it may do well with the next ticket; that it failed is on record."""

    async def refuse(_: object, event: NoteAdded) -> None:
        if event.ticket_id == first:
            raise Invalid.field("note", "Not here.")

    await desk.rule("ticket.created", Note("x"))
    first, second = await desk.ticket(), await desk.ticket()
    events.subscribe({NoteAdded: (refuse,)})
    await desk.settle()
    assert [(run.ticket_id, run.outcome) for run in await desk.runs()] == [(first, "failed"), (second, "acted")]
    assert [(each.is_enabled, each.flag) for each in await desk.rules()] == [(True, None)]


async def test_a_rule_that_fails_in_many_tickets_at_once_is_flagged_once(desk: RuleDesk) -> None:
    """Runs that fail together do not hold one another up."""
    async with unit_of_work(desk.db) as session:
        gone = await factories.agent(session)
    bad = await desk.rule("ticket.created", Assign(gone.id))
    tickets = [await desk.ticket() for _ in range(6)]
    async with unit_of_work(desk.db) as session:
        await session.execute(text("update agents set is_active = false"))
        kind = "ticket.created"
        rows = await session.execute(text("select id, ticket_id from events where kind = :kind"), {"kind": kind})
        happened = [Event(id=row.id, kind=kind, at=clock.now(), ticket_id=row.ticket_id) for row in rows]
    done = await asyncio.gather(*(desk.automation.run(bad, Occasion(each)) for each in happened))
    assert len(happened) == len(tickets)
    assert {each.outcome for each in done} <= {"failed", None}
    assert await desk.scalar("select count(*) from events where kind = 'rule.alarmed'") == 1


async def test_a_job_that_runs_twice_acts_once(desk: RuleDesk) -> None:
    """Rule and event are on record together, whatever a worker that died had done already."""
    await desk.rule("ticket.created", Note("Look at {{customer.name}} of ticket {{ticket.id}} {{agent.name}}."))
    ticket = await desk.ticket()
    await following.step(desk.db)
    event = await desk.scalar("select id from events where kind = 'ticket.created'")
    for _ in range(2):
        await desk.automation.react([event])
    note = "select string_agg(text || '|' || author_name, ';') from messages where kind = 'note' and ticket_id = :id"
    assert await desk.scalar(note, id=ticket) == f"Look at Asha Rao of ticket {ticket} .|Rule 1"
    assert len(await desk.runs()) == 1


async def test_a_rule_hears_of_several_things_and_gives_to_teams(desk: RuleDesk) -> None:
    """Team and owner are changed as an agent would; what is so already is not done again."""
    async with unit_of_work(desk.db) as session:
        team = await factories.team(session)
        agent = await factories.agent(session, team)
    await desk.rule(OnEvent(("ticket.created", "message.received")), SetTeam(team.id), Assign(agent.id))
    ticket = await desk.ticket()
    await desk.settle()
    found = await desk.read(ticket)
    assert (found.team_id, found.assignee_id) == (team.id, agent.id)
    assert [[each.changes for each in run.effects] for run in await desk.runs()] == [[True, True], [False, False]]
