"""The tickets of the demo company: who wrote when about what, and how it went on.

A thread is planned backwards from when it last moved, so that what is live is recent and what is old is solved:
customers write at any hour, agents in office hours. ``simulator/demo_rows`` turns the plans into rows.
"""

import random
from collections import deque
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from simulator.demo_people import AGENTS, TEAMS, DemoAgent, DemoCustomer
from simulator.demo_talk import OFFICE, Speaker, Story, book

DAYS: Final = 90
CLOSE_AFTER: Final = timedelta(days=7)
PROMISE: Final = {"urgent": 2, "high": 8, "normal": 24, "low": 72}
"""Hours within which a customer of this priority is promised an answer."""

_OPENS, _CLOSES = time(9, 0), time(18, 30)
_DONE_SHAPES: Final = (
    ("open", "done"),
    ("open", "done", "thanks"),
    ("open", "ask", "give", "done"),
    ("open", "ask", "give", "plan", "done"),
    ("open", "ask", "give", "plan", "done", "thanks"),
    ("open", "plan", "chase", "done"),
    ("open", "ask", "give", "plan", "chase", "done", "thanks"),
    ("open", "plan", "done"),
)
_OPEN_SHAPES: Final = (
    ("open",),
    ("open", "chase"),
    ("open", "ask", "give"),
    ("open", "plan", "chase"),
    ("open", "ask", "give", "plan", "chase"),
)
_PENDING_SHAPES: Final = (("open", "ask"), ("open", "plan"), ("open", "ask", "give", "plan"))
_BY_CUSTOMER: Final = frozenset(("open", "give", "chase", "thanks"))
# Hours that pass before a step, at least and at most.
_GAPS: Final = {
    "ask": (0.2, 5),
    "plan": (0.3, 8),
    "done": (16, 72),
    "give": (0.3, 26),
    "chase": (20, 70),
    "thanks": (0.4, 14),
}


@dataclass
class Turn:
    """One message of a thread. ``step`` is ``note`` for what only colleagues see."""

    step: str
    at: datetime
    text: str = ""
    agent: int | None = None
    """Index into ``demo_people.AGENTS``; None: the customer."""

    id: int = 0


@dataclass
class Plan:
    """One ticket from its first message to its last change.

    Attributes:
        waiting_since: the first message of the customer that nobody has answered.
        solved_at: when it was solved for the last time.
        thanked: the customer's thanks opened it again for a while.
    """

    story: Story
    language: str
    customer: DemoCustomer
    channel: str
    status: str
    turns: list[Turn]
    speaker: Speaker
    subject: str = ""
    priority: str = "normal"
    tags: tuple[str, ...] = ()
    assignee: int | None = None
    routed: bool = False
    waiting_since: datetime | None = None
    due_at: datetime | None = None
    snoozed_until: datetime | None = None
    solved_at: datetime | None = None
    closed_at: datetime | None = None
    thanked: bool = False
    id: int = 0

    @property
    def created_at(self) -> datetime:
        """When it was opened."""
        return self.turns[0].at

    @property
    def team(self) -> str:
        """Key of its team."""
        return self.story.team

    @property
    def live(self) -> bool:
        """Whether somebody still has to do something."""
        return self.status in ("open", "pending", "on_hold")


def office_time(at: datetime, rng: random.Random) -> datetime:
    """The same instant if the office is open then, else a moment before it last closed."""
    local = at.astimezone(OFFICE)
    if local.weekday() < 6 and _OPENS <= local.time() <= _CLOSES:
        return at
    day = local.date() if local.time() > _CLOSES and local.weekday() < 6 else local.date() - timedelta(days=1)
    while day.weekday() == 6:
        day -= timedelta(days=1)
    minutes = rng.uniform(1, 200)
    return (datetime.combine(day, _CLOSES, OFFICE) - timedelta(minutes=minutes)).astimezone(at.tzinfo)


def _awake(at: datetime, rng: random.Random) -> datetime:
    """Customers write late and early, but few at four in the morning."""
    local = at.astimezone(OFFICE)
    return at - timedelta(hours=rng.uniform(6, 9)) if 1 <= local.hour < 6 and rng.random() < 0.9 else at


class Planner:
    """Plans all threads of the demo.

    Args:
        rng: the seeded generator.
        people: the customers.
        now: the instant that everything is relative to.
    """

    def __init__(self, rng: random.Random, people: list[DemoCustomer], now: datetime) -> None:
        self._rng = rng
        self._people = people
        self._weights = [person.weight for person in people]
        self._now = now
        self._recent: deque[str] = deque(maxlen=4)
        self._subjects: deque[str] = deque(maxlen=60)
        self._by_team = {key: [number for number, agent in enumerate(AGENTS) if _works(agent, key)] for key in TEAMS}
        self._load = dict.fromkeys(range(len(AGENTS)), 0)

    def plan(self, total: int, live: int) -> list[Plan]:
        """All tickets, oldest first.

        Args:
            total: how many.
            live: how many of them are not solved.
        """
        pending, on_hold = round(live * 0.24), round(live * 0.1)
        plans = [self._open(number) for number in range(live - pending - on_hold)]
        plans += [self._waiting_for_others("pending", 5) for _ in range(pending)]
        plans += [self._waiting_for_others("on_hold", 10) for _ in range(on_hold)]
        ends = sorted(self._rng.random() for _ in range(total - live))
        plans += [self._solved(timedelta(days=0.4 + (DAYS - 6) * share**1.1)) for share in ends]
        self._put_away(plans)
        return sorted(plans, key=lambda plan: plan.created_at)

    def _open(self, number: int) -> Plan:
        """A ticket whose customer waits; every eighth too long already, every sixth nearly so."""
        story, language, customer = self._choose()
        priority = self._priority(story)
        hours = PROMISE[priority]
        if number < 9:
            age = timedelta(minutes=2 + number * 11 + self._rng.uniform(0, 8))
        else:
            low, high = self._rng.choices(((1.02, 1.5), (0.86, 0.99), (0.03, 0.85)), (0.12, 0.16, 0.72))[0]
            age = timedelta(hours=hours * self._rng.uniform(low, high))
        shape = self._rng.choices(_OPEN_SHAPES, (5, 1.5, 3, 2, 1))[0] if number >= 5 else ("open",)
        steps, tail = (shape[:-1], shape[-1:]) if shape == ("open", "chase") else (shape, ())
        waiting = self._now - age
        turns = self._backwards(steps, waiting)
        turns += [Turn(step, waiting + age * self._rng.uniform(0.4, 0.95)) for step in tail]
        plan = self._make(story, language, customer, "open", turns)
        plan.priority = priority
        plan.waiting_since, plan.due_at = waiting, waiting + timedelta(hours=hours)
        answered = any(turn.agent is not None for turn in turns)
        if not answered and plan.assignee is not None and self._rng.random() < 0.6:
            self._load[plan.assignee] -= 1
            plan.assignee = None
        return plan

    def _waiting_for_others(self, status: str, days: int) -> Plan:
        story, language, customer = self._choose()
        last = self._now - timedelta(hours=self._rng.uniform(1, 24 * days))
        shape = self._rng.choice(_PENDING_SHAPES if status == "pending" else _PENDING_SHAPES[1:])
        return self._make(story, language, customer, status, self._backwards(shape, last))

    def _solved(self, ago: timedelta) -> Plan:
        story, language, customer = self._choose()
        shape = self._rng.choices(_DONE_SHAPES, (22, 8, 20, 14, 6, 9, 3, 18))[0]
        turns = self._backwards(shape, self._now - ago)
        plan = self._make(story, language, customer, "solved", turns)
        last = turns[-1]
        plan.thanked = last.step == "thanks"
        plan.solved_at = last.at + timedelta(minutes=self._rng.uniform(4, 180) if plan.thanked else 1)
        if plan.solved_at + CLOSE_AFTER <= self._now:
            plan.status, plan.closed_at = "closed", plan.solved_at + CLOSE_AFTER
        return plan

    def _backwards(self, steps: tuple[str, ...], last: datetime) -> list[Turn]:
        """Times for the steps so that the last one happens at ``last`` (or a little before, in office hours)."""
        turns: list[Turn] = []
        at = last
        for step in reversed(steps):
            if step not in _BY_CUSTOMER:
                at = office_time(at, self._rng)
            elif turns:
                at = _awake(at, self._rng)
            turns.append(Turn(step, at))
            at -= timedelta(hours=self._rng.uniform(*_GAPS.get(step, (0, 0))))
        turns.reverse()
        return self._within_the_days(turns)

    def _within_the_days(self, turns: list[Turn]) -> list[Turn]:
        """A thread that would begin before the first day is moved by whole weeks, so that office hours stay."""
        first = self._now - timedelta(days=DAYS)
        while turns[0].at < first:
            for turn in turns:
                turn.at += timedelta(days=7)
        return turns

    def _choose(self) -> tuple[Story, str, DemoCustomer]:
        customer = self._rng.choices(self._people, self._weights)[0]
        language = customer.language if self._rng.random() < 0.9 else "en"
        fresh = [story for story in book(language).stories if story.name not in self._recent]
        story = self._rng.choice(fresh)
        self._recent.append(story.name)
        return story, language, customer

    def _make(self, story: Story, language: str, customer: DemoCustomer, status: str, turns: list[Turn]) -> Plan:
        ended = next((turn.at for turn in turns if turn.step == "done"), None)
        speaker = Speaker(self._rng, story, language, customer, turns[0].at, ended)
        channel = "web" if self._rng.random() < 0.14 else "email"
        plan = Plan(story, language, customer, channel, status, turns, speaker)
        plan.subject = self._fresh_subject(speaker)
        plan.priority = self._priority(story)
        plan.tags = self._tags(story, customer)
        plan.assignee = self._assignee(story.team, live=plan.live)
        plan.routed = self._rng.random() < 0.75
        self._speak(plan)
        return plan

    def _priority(self, story: Story) -> str:
        """The story's own, but now and then nobody has set it."""
        return story.priority if self._rng.random() < 0.85 else "normal"

    def _fresh_subject(self, speaker: Speaker) -> str:
        subject = speaker.subject()
        for _ in range(8):
            if subject not in self._subjects:
                break
            subject = speaker.subject()
        self._subjects.append(subject)
        return subject

    def _tags(self, story: Story, customer: DemoCustomer) -> tuple[str, ...]:
        extra = [
            tag for tag, share in (("callback", 0.06), ("repeat", 0.05), ("social", 0.02)) if self._rng.random() < share
        ]
        return tuple(dict.fromkeys((*story.tags, *(("business",) if customer.organisation else ()), *extra)))

    def _assignee(self, team: str, *, live: bool) -> int:
        """Anybody of the team but the administrator; of live ones, whoever holds least."""
        agents = self._by_team[team]
        if not live:
            return self._rng.choice(agents)
        chosen = min(agents, key=lambda number: (self._load[number], self._rng.random()))
        self._load[chosen] += 1
        return chosen

    def _speak(self, plan: Plan) -> None:
        for turn in plan.turns:
            if turn.step in _BY_CUSTOMER:
                turn.text = plan.speaker.customer(turn.step)
            else:
                turn.agent = self._substitute(plan)
                turn.text = plan.speaker.agent(turn.step, AGENTS[turn.agent].name)
        if len(plan.turns) > 1 and self._rng.random() < 0.3:
            self._add_note(plan)

    def _substitute(self, plan: Plan) -> int:
        """Who answers: nearly always the owner, sometimes a colleague of the team."""
        if plan.assignee is not None and self._rng.random() < 0.88:
            return plan.assignee
        return self._rng.choice(self._by_team[plan.team])

    def _add_note(self, plan: Plan) -> None:
        """A note some minutes before one of the agent's answers."""
        places = [number for number, turn in enumerate(plan.turns) if turn.agent is not None]
        if not places:
            return
        place = self._rng.choice(places)
        before, answer = plan.turns[place - 1], plan.turns[place]
        at = max(before.at + timedelta(seconds=30), answer.at - timedelta(minutes=self._rng.uniform(3, 25)))
        if at >= answer.at:
            return
        agent = self._substitute(plan)
        plan.turns.insert(place, Turn("note", at, plan.speaker.note(), agent))

    def _put_away(self, plans: list[Plan]) -> None:
        """Snooze a few of the pending ones until a morning to come."""
        for number, plan in enumerate([plan for plan in plans if plan.status == "pending"][:6]):
            day = self._now.astimezone(OFFICE).date() + timedelta(days=1 + number % 4)
            plan.snoozed_until = datetime.combine(day, time(9, 30), OFFICE).astimezone(self._now.tzinfo)


def _works(agent: DemoAgent, team: str) -> bool:
    return team in agent.teams and agent.role != "admin"
