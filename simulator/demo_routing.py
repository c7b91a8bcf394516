"""How the demo company shares out its work: opening hours with holidays, skills, two queues with rings, a promise.

Called by ``simulator/demo.py``. All that the settings show is made by the product's own services. What waits in these
queues when the desk is opened waits for somebody who can do it, so that *Why is it waiting?* has an answer.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.actor import Actor, ActorKind
from routing import clock_rows, hours, lateness, presence_rules, promising, queues, skills
from routing.events import PromiseMade
from routing.hours import Schedule, SpecialDay, Window
from routing.models import Promise
from routing.queues import Draft
from routing.rings import Need, Ring
from simulator.demo_people import AGENT, AGENTS
from simulator.demo_rows import World
from simulator.demo_threads import Plan

SEVEN_DAYS: Final = "Seven days"
"""The hours in which somebody is there for the best customers."""
_REFRIGERANT: Final = "Refrigerant"
_SKILLS: Final[Mapping[str, Mapping[str, int]]] = {
    _REFRIGERANT: {"Manjunath Gowda": 4, "Gurpreet Kaur": 3, "Rohan Patil": 2},
    "Hindi": {"Pooja Yadav": 5, "Vikram Rathore": 5, "Farah Sheikh": 4, "Neha Kulkarni": 3, "Gurpreet Kaur": 4},
    "Marathi": {"Neha Kulkarni": 5, "Rohan Patil": 5},
    "Bengali": {"Ananya Ghosh": 5},
    "Kannada": {"Manjunath Gowda": 5},
}
"""Skill → who has it, at which level. To open the cooling circuit takes a licence: level 3. The demo's own agent has
none, so that something waits while she is there alone."""
_CLAIMS_PEOPLE: Final = ("Vikram Rathore", "Lakshmi Iyer", "Gurpreet Kaur")
_NEWCOMER: Final = "Tenzin Dorje"
_HOLIDAYS: Final = (
    (1, 26, "Republic Day"),
    (5, 1, "Maharashtra Day"),
    (8, 15, "Independence Day"),
    (10, 2, "Gandhi Jayanti"),
    (12, 25, "Christmas"),
)
_HALF_DAY: Final = (12, 31, "Last day of the year")
_WORD: Final = "A technician calls you today and names a time"
_GIVEN: Final = timedelta(hours=3)
_LEFT: Final = timedelta(minutes=62)
"""So long it is to the promise: three quarters of its time are over two minutes after the first start."""


async def hours_and_skills(session: AsyncSession, now: datetime, agents: Sequence[int]) -> dict[str, int]:
    """Write the opening hours, a reason of the desk's own, the skills and who has them; returns skill → id.

    Args:
        session: the unit of work.
        now: the holidays are those of the year from then on.
        agents: ids in the order of ``demo_people.AGENTS``.
    """
    await hours.write(session, Schedule(days=_holidays(now)))
    long = Window(7 * 60, 22 * 60)
    await hours.write(session, Schedule(name=SEVEN_DAYS, weekly=((long,),) * 7))
    await presence_rules.add(session, "Workshop visit", "busy")
    ids = {name: await skills.save(session, name) for name in _SKILLS}
    for agent_id, known in zip(agents, AGENTS, strict=True):
        levels = {ids[name]: able[known.name] for name, able in _SKILLS.items() if known.name in able}
        cap = 6 if known.name == _NEWCOMER else None
        if levels or cap:
            await skills.set_agent(session, agent_id, levels, cap)
    return ids


def _holidays(now: datetime) -> dict[date, SpecialDay]:
    """Each of them once, on its next day; the last one is open until lunch."""
    today = now.astimezone(Schedule().zone).date()

    def coming(month: int, day: int) -> date:
        this_year = today.replace(month=month, day=day)
        return this_year if this_year >= today else this_year.replace(year=today.year + 1)

    month, day, name = _HALF_DAY
    half = SpecialDay(name, (Window(9 * 60, 13 * 60),))
    found = {coming(month, day): SpecialDay(name) for month, day, name in _HOLIDAYS} | {coming(month, day): half}
    return dict(sorted(found.items()))


async def further_queues(
    session: AsyncSession, agents: Sequence[int], teams: Mapping[str, int], own: Mapping[str, int], able: dict[str, int]
) -> dict[str, int]:
    """Make the queues beside those of the teams; returns the tag of the work that waits there → id.

    Args:
        session: the unit of work.
        agents: ids in the order of ``demo_people.AGENTS``.
        teams: key → id.
        own: team key → the team's own queue.
        able: skill → id.
    """
    ids = {each.name: agent_id for each, agent_id in zip(AGENTS, agents, strict=True)}
    cooling = Draft(
        name="Cooling repairs",
        team_id=teams["field"],
        of_team=True,
        skills=(Need(able[_REFRIGERANT], 3), Need(able["Hindi"], 2, optional=True)),
        rings=(Ring(1_800, lower=1, drop_optional=True), Ring(24 * 3_600, queues=(own["warranty"],))),
        sticky_seconds=3_600,
    )
    claims = Draft(
        name="Refused claims",
        team_id=teams["warranty"],
        members=tuple(ids[name] for name in _CLAIMS_PEOPLE),
        rings=(Ring(2 * 86_400, queues=(own["warranty"],)),),
        owner_seconds=4 * 3_600,
        requeue_hours=9,
    )
    return {
        "cooling": (await queues.save(session, cooling)).id,
        "claim": (await queues.save(session, claims)).id,
    }


def promised(plans: Sequence[Plan]) -> Plan:
    """The ticket about which the demo's agent has promised something this morning, and has to think of it soon."""
    me = AGENTS.index(AGENT)
    return [each for each in plans if each.assignee == me and each.status == "open" and each.ago > 2 * _GIVEN][-1]


def said(plan: Plan, promise_id: int, world: World) -> tuple[datetime, Actor, PromiseMade]:
    """That she has promised it, for the history."""
    me = world.agents[AGENTS.index(AGENT)]
    made = PromiseMade(
        promise_id=promise_id,
        text=_WORD,
        due_at=world.now + _LEFT,
        is_told=True,
        ticket_id=plan.id,
        customer_id=plan.customer.id,
        teams=(world.teams[plan.team],),
        agents=(me,),
    )
    return world.now - _GIVEN, Actor(ActorKind.AGENT, me, AGENT.name), made


async def promise(session: AsyncSession, plan: Plan, promise_id: int, world: World) -> None:
    """Her promise with its clock, which warns her before it is too late."""
    me = world.agents[AGENTS.index(AGENT)]
    made = Promise(
        id=promise_id,
        ticket_id=plan.id,
        text=_WORD,
        due_at=world.now + _LEFT,
        is_told=True,
        made_by_id=me,
        made_by=AGENT.name,
        made_at=world.now - _GIVEN,
    )
    session.add(made)
    await session.flush()
    found = await clock_rows.load(session, plan.id)
    if found is None:
        return
    before = msgspec.json.encode(found.clocks)
    found.clocks.append(promising.clock_of(made))
    await lateness.settle(session, found, before, world.now)
