"""What rules and macros name: refused when it is not there, kept while it is named, flagged when it goes all the same."""

import pytest
from sqlalchemy import text

from automation import flagging, references, rules
from automation.actions import Action, Assign, Call, ChangeTags, SetPriority, SetTeam, Snooze
from automation.conditions import ALWAYS, Condition, Question
from automation.engine import AfterTime
from automation.references import InUse, Use
from core.db import unit_of_work
from core.errors import Conflict, Invalid, NotFound, Stale
from core.jobs import Definition, Registry, Worker
from routing import hours
from routing.hours import Schedule
from staff import agents
from tests import factories
from tests.automation.rule_desk import RuleDesk, wire


async def test_who_names_something_is_known(desk: RuleDesk) -> None:
    """In a condition, an action, a trigger, or a macro; taking it away is refused with the list of them."""
    async with unit_of_work(desk.db) as session:
        team = await factories.team(session)
        macro = "insert into macros (name, html, actions) values ('M', '', cast(:actions as jsonb))"
        await session.execute(text(macro), {"actions": f'[{{"kind": "team", "team": {team.id}}}]'})
    one = await desk.rule("ticket.created", SetTeam(team.id), name="One")
    two = await desk.rule(
        "note.added", ChangeTags(add=("Blue",)), name="Two", when=Question("ticket.team", "in", [team.id])
    )
    async with unit_of_work(desk.db) as session:
        found = await references.users_of(session, "team", team.id)
        assert [(each.kind, each.name) for each in found] == [("rule", "One"), ("rule", "Two"), ("macro", "M")]
        assert await references.users_of(session, "tag", "blue") == [Use("rule", two.id, "Two")]
        await references.check_unused(session, "team", team.id + 1)
        with pytest.raises(InUse, match="One, Two, M") as refused:
            await references.check_unused(session, "team", team.id)
        assert refused.value.extra["users"][0] == {"kind": "rule", "id": one.id, "name": "One"}


@pytest.mark.parametrize(
    ("action", "when"),
    [
        (SetTeam(99), ALWAYS),
        (Assign(99), ALWAYS),
        (Call(99), ALWAYS),
        (Snooze(hours="moon"), ALWAYS),
        (SetPriority("low"), Question("ticket.team", "is", 99)),
        (SetPriority("low"), Question("customer.organisation", "is", 99)),
        (SetPriority("low"), Question("time.hours", "open", "moon")),
    ],
)
async def test_a_rule_names_only_what_is_there(desk: RuleDesk, action: Action, when: Condition) -> None:
    """Otherwise it is not taken, and the complaint says where."""
    with pytest.raises(Invalid, match="There (is|are) no such"):
        await desk.rule("ticket.created", action, when=when)
    assert not await desk.rules()


async def test_what_goes_all_the_same_flags_the_rule(desk: RuleDesk) -> None:
    """An agent leaves, hours are taken away: the rules are off, say why, and cannot be switched on before a change.

    The administrators get a mail about each.
    """
    wire()
    async with unit_of_work(desk.db) as session:
        agent = await factories.agent(session, name="Meera")
        chief = await factories.agent(session)
        await session.execute(text("insert into roles (name, permissions) values ('admin', '{}')"))
        of_admin = "update agents set role_id = (select id from roles where name = 'admin') where id = :id"
        await session.execute(text(of_admin), {"id": chief.id})
        await hours.write(session, Schedule(name="night"))
    made = await desk.rule("ticket.created", Assign(agent.id), name="Gives")
    timed = AfterTime(since="created", minutes=60, business=True, hours="night")
    await desk.rule(timed, SetPriority("high"), name="Night")
    async with unit_of_work(desk.db) as session:
        await agents.set_active(session, agent.id, False)
        await hours.remove(session, "night")
    flags = [(each.is_enabled, each.flag) for each in await desk.rules()]
    assert flags == [(False, "Meera no longer works here."), (False, "The opening hours night are gone.")]
    await Worker(desk.db, Registry((Definition(flagging.TELL_JOB, flagging.tell),))).drain()
    mails = "select string_agg(text, ' ' order by id) from notices where kind = 'automation_alarm' and agent_id = :id"
    said = await desk.scalar(mails, id=chief.id)
    assert all(reason in said for reason in ("Meera no longer works here.", "The opening hours night are gone."))
    async with unit_of_work(desk.db) as session:
        with pytest.raises(Invalid):
            await rules.switch(session, made.id, on=True)
    await desk.rule("ticket.created", SetPriority("high"), name="Gives", rule_id=made.id)
    assert (await desk.rules())[0].flag is None


async def test_rules_are_kept_apart_and_guarded(desk: RuleDesk) -> None:
    """No two of one name, no lost change of somebody else, an order of all of them, and none that is not there."""
    made = await desk.rule("ticket.created", SetPriority("high"), name="One")
    with pytest.raises(Conflict):
        await desk.rule("ticket.created", SetPriority("high"), name=" One ")
    draft = rules.Draft(name="One", trigger=made.trigger, actions=made.actions)
    async with unit_of_work(desk.db) as session:
        changed = await rules.save(session, draft, made.id, if_version=1)
        assert (changed.version, changed.is_enabled) == (2, False)
        with pytest.raises(Stale):
            await rules.save(session, draft, made.id, if_version=1)
        with pytest.raises(Invalid):
            await rules.put_in_order(session, [made.id, made.id])
        on = await rules.switch(session, made.id, on=True)
        assert (on.is_enabled, on.version) == (True, 3)
        await rules.remove(session, made.id)
        for lost in (rules.get(session, made.id), rules.remove(session, made.id)):
            with pytest.raises(NotFound):
                await lost
