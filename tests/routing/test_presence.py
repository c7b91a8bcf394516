"""Presence: windows that beat, states with reasons, wrap-ups, idle times, and supervisors whose word holds."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from agent_ui import people
from core import clock as clocks
from core import events
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.errors import Invalid, NotFound
from routing import board, presence, presence_rules, wrapping_up
from routing.events import AgentLost, PresenceChanged
from routing.presence import Beat
from staff.models import Agent
from tests import factories
from tests.conftest import START, Borrowed
from tickets import lifecycle
from tickets.events import StatusChanged
from tickets.lifecycle import TicketChange


async def agent_of(db: Database, present: str | None = None) -> Agent:
    """An agent of a team."""
    async with unit_of_work(db) as session:
        return await factories.agent(session, await factories.team(session), present=present)


async def beat(db: Database, agent: Agent, *tabs: str, idle: float = 0) -> None:
    """Her windows are open."""
    active = clocks.now() - timedelta(seconds=idle)
    async with unit_of_work(db) as session:
        await presence.beat(session, [Beat(tab, agent.id, active) for tab in tabs])


async def later(db: Database, clock: ManualClock, seconds: float) -> list[events.Event]:
    """Time passes, and the sweep looks; returns what it has said."""
    clock.advance(timedelta(seconds=seconds))
    async with unit_of_work(db) as session:
        await presence.sweep(session)
        return [event for event, _ in session.info.get("events", [])]


async def load(db: Database, agent: Agent) -> board.AgentLoad:
    """How she stands."""
    async with db.sessions() as session:
        return (await board.loads(session, agent.id))[0]


async def test_one_open_window_keeps_an_agent_there(db: Database, clock: ManualClock) -> None:
    """Two windows are one agent: closing one changes nothing, and who never came is available with her first beat."""
    agent = await agent_of(db)
    await beat(db, agent, "first", "second")
    assert ((await load(db, agent)).state, (await load(db, agent)).tabs) == ("available", 2)
    async with unit_of_work(db) as session:
        await presence.close_tab(session, "first")
    for _ in range(6):
        await later(db, clock, 15)
        await beat(db, agent, "second")
    assert ((await load(db, agent)).state, (await load(db, agent)).tabs) == ("available", 1)


async def test_silence_is_told_first_and_ends_in_offline(db: Database, clock: ManualClock) -> None:
    """After 30 s she is lost and offered nothing, after 60 s offline; each is said once, and a beat undoes both."""
    agent = await agent_of(db, "busy")
    assert await later(db, clock, 31) == [AgentLost(agent_id=agent.id, state="busy")]
    assert ((await load(db, agent)).state, (await load(db, agent)).is_lost) == ("offline", True)
    assert await later(db, clock, 10) == []
    gone = PresenceChanged(agent_id=agent.id, old="busy", new="offline", reason="connection lost", source="system")
    assert await later(db, clock, 25) == [gone]
    await beat(db, agent, "tab")
    found = await load(db, agent)
    assert (found.state, found.source, found.is_lost) == ("busy", "self", False)


async def test_who_comes_back_within_the_grace_is_looked_at_again(db: Database, clock: ManualClock) -> None:
    """What was kept from her while she was lost can be hers: her return is said, as the state that she has."""
    agent = await agent_of(db, "available")
    await later(db, clock, 40)
    async with unit_of_work(db) as session:
        await presence.beat(session, [Beat("tab", agent.id, clock.now())])
        back = [event for event, _ in session.info["events"]]
    assert [(each.old, each.new, each.reason) for each in back] == [("available", "available", None)]


async def test_who_is_away_sees_herself_so_after_a_silence(db: Database, clock: ManualClock) -> None:
    """A supervisor's word outlasts a silence in her own menu as well, with the reason, the name and since when."""
    agent, boss = await agent_of(db, "available"), await agent_of(db)
    async with unit_of_work(db, factories.actor(boss)) as session:
        await presence.force(session, agent.id, "busy", "Meeting")
    since = clock.now()
    await later(db, clock, 40)
    assert ((await load(db, agent)).state, (await load(db, agent)).kept_state) == ("offline", "busy")
    async with reading(db) as session:
        shown = await people.presence_view(session, agent.id)
    assert (shown.state, shown.reason, shown.set_by, shown.since) == ("busy", "Meeting", boss.name, since)
    async with unit_of_work(db) as session:
        await presence.beat(session, [Beat("tab", agent.id, clock.now())])
        (back,) = [event for event, _ in session.info["events"]]
    assert (back.old, back.new, back.reason, back.set_by, back.since) == ("busy", "busy", "Meeting", boss.name, since)


async def test_a_supervisors_word_holds_until_the_agent_chooses(db: Database, clock: ManualClock) -> None:
    """Heartbeats, lost lines, idle times and a new sign-in leave it; her own choice ends it. Who did it is on record."""
    agent, boss = await agent_of(db, "available"), await agent_of(db)
    async with unit_of_work(db, factories.actor(boss)) as session:
        await presence.force(session, agent.id, "break", "Training")
    for _ in range(3):
        await beat(db, agent, "tab")
        await later(db, clock, 15)
    await later(db, clock, 90)
    assert (await load(db, agent)).state == "offline"
    await beat(db, agent, "tab")
    found = await load(db, agent)
    assert (found.state, found.reason, found.source, found.set_by) == ("break", "Training", "supervisor", boss.name)
    async with unit_of_work(db) as session:
        await presence.sign_out(session, agent.id)
    assert (await load(db, agent)).state == "offline"
    await beat(db, agent, "new tab")
    assert (await load(db, agent)).source == "supervisor"
    async with unit_of_work(db, factories.actor(agent)) as session:
        await presence.set_state(session, agent.id, "available")
    assert ((await load(db, agent)).state, (await load(db, agent)).source) == ("available", "self")
    async with db.sessions() as session:
        by = "select actor_name from events where kind = 'agent.presence_changed' and data->>'source' = 'supervisor'"
        assert set(await session.scalars(text(by))) == {
            boss.name,
            agent.name,
        }  # chosen by one, come back to by the other


async def test_a_forced_absence_is_not_undone_by_a_heartbeat(db: Database, clock: ManualClock) -> None:
    """Also without a reason; and nobody is put into a wrap-up, nor one who does not work here."""
    agent, boss = await agent_of(db, "available"), await agent_of(db)
    async with unit_of_work(db, factories.actor(boss)) as session:
        await presence.force(session, agent.id, "offline")
        with pytest.raises(Invalid):
            await presence.force(session, agent.id, "wrap_up")
        with pytest.raises(NotFound):
            await presence.force(session, 999_999, "busy")
    await beat(db, agent, "tab")
    assert (await load(db, agent)).state == "offline"


async def test_a_wrap_up_ends_by_itself_and_not_twice(db: Database, clock: ManualClock) -> None:
    """The server ends it at its limit, however long the window is open; another choice before leaves nothing behind."""
    agent = await agent_of(db, "available")
    async with unit_of_work(db) as session:
        await presence.set_state(session, agent.id, "wrap_up")
    assert (await load(db, agent)).until == clock.now() + timedelta(seconds=120)
    async with unit_of_work(db) as session:
        await presence.wrap_up_over(session, agent.id)  # a job that comes too early
    assert (await load(db, agent)).state == "wrap_up"
    clock.advance(timedelta(seconds=120))
    async with unit_of_work(db) as session:
        await presence.wrap_up_over(session, agent.id)
        await presence.wrap_up_over(session, agent.id)
        assert len(session.info["events"]) == 1
    assert (await load(db, agent)).source == "system"
    async with unit_of_work(db) as session:
        await presence.set_state(session, agent.id, "wrap_up")
        await presence.set_state(session, agent.id, "break", "Lunch")
        assert await session.scalar(text("select count(*) from timers")) == 0


async def test_a_wrap_up_that_is_over_is_not_come_back_to(db: Database, clock: ManualClock) -> None:
    """Who lost her line in a wrap-up goes on with it, and is available once its time is over."""
    agent = await agent_of(db, "available")
    for away, state in ((90, "wrap_up"), (150, "available")):
        async with unit_of_work(db) as session:
            await presence.set_state(session, agent.id, "wrap_up")
        await later(db, clock, away)
        await beat(db, agent, "tab")
        assert (await load(db, agent)).state == state


async def test_solving_a_chat_begins_a_wrap_up_where_the_desk_says_so(db: Database) -> None:
    """By its owner, from a conversation; a mail begins none."""
    events.subscribe({StatusChanged: (wrapping_up.on_status_changed,)})
    agent = await agent_of(db, "available")
    async with unit_of_work(db) as session:
        await presence_rules.write(session, presence_rules.Rules(after_chats=True, wrap_up_seconds=60))
        chat = await factories.received(session, channel="chat")
        mail = await factories.received(session)
    states = []
    for ticket in (mail.ticket_id, chat.ticket_id):
        async with unit_of_work(db, factories.actor(agent)) as session:
            await lifecycle.change(session, ticket, TicketChange(assignee_id=agent.id))
            await lifecycle.change(session, ticket, TicketChange(status="solved"))
        states.append((await load(db, agent)).state)
    assert states == ["available", "wrap_up"]


async def test_who_touches_nothing_takes_a_break_and_comes_back_by_moving(db: Database, clock: ManualClock) -> None:
    """Only where the desk says so; any window counts."""
    agent = await agent_of(db)
    await beat(db, agent, "one", "two")
    async with unit_of_work(db) as session:
        await presence_rules.write(session, presence_rules.Rules(idle_minutes=5))
    for minute in range(1, 15):
        await later(db, clock, 25)
        await beat(db, agent, "one", idle=60 * minute)
        await beat(db, agent, "two")
        assert (await load(db, agent)).state == "available"
    for _ in range(14):
        await later(db, clock, 25)
        await beat(db, agent, "one", "two", idle=600)
    found = await load(db, agent)
    assert (found.state, found.reason, found.source) == ("break", "idle", "system")
    await beat(db, agent, "two")
    assert (await load(db, agent)).state == "available"


async def test_who_does_not_react_stays_away_until_she_chooses(db: Database) -> None:
    """Missed offers end in a break that no heartbeat and no movement ends."""
    agent = await agent_of(db, "available")
    async with unit_of_work(db) as session:
        await presence.send_away(session, agent.id, "missed offers")
    await beat(db, agent, "tab")
    assert ((await load(db, agent)).state, (await load(db, agent)).reason) == ("break", "missed offers")


async def test_signing_out_in_one_window_leaves_the_other(db: Database, clock: ManualClock) -> None:
    """The last one makes her offline at once; with her next sign-in she is available."""
    agent = await agent_of(db)
    async with unit_of_work(db) as session:
        await presence.beat(session, [Beat("a", agent.id, clock.now(), 1), Beat("b", agent.id, clock.now(), 2)])
        await presence.sign_out(session, agent.id, 1)
    assert (await load(db, agent)).state == "available"
    async with unit_of_work(db) as session:
        await presence.sign_out(session, agent.id, 2)
    assert (await load(db, agent)).reason == "signed out"
    await beat(db, agent, "c")
    assert (await load(db, agent)).state == "available"


async def test_reasons_are_kept_in_order_and_by_name(db: Database) -> None:
    """A name once, of a sensible length; a renamed one of the product is the desk's own."""
    async with unit_of_work(db) as session:
        tea = await presence_rules.add(session, "Tea", "break")
        errand = await presence_rules.add(session, " An   errand ", "break")
        tea.key = "tea"
        for wrong in ("tea", " ", "x" * 61):
            with pytest.raises(Invalid):
                await presence_rules.add(session, wrong, "busy")
        await presence_rules.sort(session, [errand.id, tea.id])
        await session.flush()
        assert [each.name for each in await presence_rules.reasons(session)] == ["An errand", "Tea"]
        assert (await presence_rules.change(session, tea.id, None, "busy")).key == "tea"
        assert (await presence_rules.change(session, tea.id, "Chai", None)).key is None
        await presence_rules.remove(session, tea.id)
        await session.flush()
        with pytest.raises(NotFound):
            await presence_rules.remove(session, tea.id)


STEPS = st.lists(st.sampled_from(["available", "busy", "break", "force", "wait", "long", "sign out"]), max_size=10)


@given(steps=STEPS)
@settings(max_examples=25)
async def test_no_heartbeat_changes_what_somebody_chose(borrowed: Borrowed, steps: list[str]) -> None:
    """Whatever happens in between: with her windows open she is in the state that was last chosen for her."""
    clock = ManualClock(START)
    async with borrowed() as db:
        with clocks.use(clock):
            agent, boss = await agent_of(db), await agent_of(db)
            await beat(db, agent, "tab")
            chosen = ("available", "self")
            for step in steps:
                chosen = await take(db, clock, agent, boss, step, chosen)
                await beat(db, agent, "tab")
                found = await load(db, agent)
                assert (found.state, found.source) == chosen


async def take(
    db: Database, clock: ManualClock, agent: Agent, boss: Agent, step: str, chosen: tuple[str, str]
) -> tuple[str, str]:
    """Do one thing; returns the state that stands then, and by whom."""
    if step in ("wait", "long"):
        await later(db, clock, 20 if step == "wait" else 200)
        return chosen
    async with unit_of_work(db, factories.actor(boss)) as session:
        if step == "force":
            await presence.force(session, agent.id, "break", "Training")
            return ("break", "supervisor")
        if step == "sign out":
            await presence.sign_out(session, agent.id)
            return chosen if chosen[1] == "supervisor" else ("available", "self")
        await presence.set_state(session, agent.id, step)
        return (step, "self")
