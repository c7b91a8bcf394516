"""The tickets of the demo company: who wrote when about what, and how it went on.

A thread is planned backwards from when it last moved, so that what is live is recent and what is old is solved. What is
drawn knows no calendar: order and outcome follow ``Turn.ago``, and are the same whatever the day of the start. Then
:func:`place` puts the thread into the calendar and draws nothing: customers write at any hour, agents in office hours.
``simulator/demo_rows`` turns the plans into rows.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from simulator.demo_draws import draws
from simulator.demo_macros import DANGER_TAG
from simulator.demo_people import AGENTS, TEAMS, DemoAgent, DemoCustomer
from simulator.demo_talk import OFFICE, Speaker, Story, book

DAYS: Final = 90
NOT_YET: Final = datetime.max.replace(tzinfo=OFFICE)
CLOSE_AFTER: Final = timedelta(days=7)
PROMISE: Final = {"urgent": 2, "high": 8, "normal": 24, "low": 72}
"""Hours within which a customer without cover is promised an answer, by priority (``simulator/demo_sla.py``)."""

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
_WEEKEND: Final = timedelta(days=2)
"""More than lies between closing on Saturday and an answer on Monday."""
_LONG_AGO: Final = CLOSE_AFTER + 2 * _WEEKEND
"""What ended before this may end a weekend later without being less over."""


@dataclass
class Turn:
    """One message of a thread. ``step`` is ``note`` for what only colleagues see."""

    step: str
    ago: timedelta
    """How long before the start, were the office always open: decides order and outcome."""

    leeway: timedelta = timedelta()
    """How far into office hours an answer outside them is put; how much earlier what a customer would say by night."""

    at: datetime = NOT_YET
    """When, once it has its place in the calendar."""

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
    def ago(self) -> timedelta:
        """How long ago it was opened, as :attr:`Turn.ago` counts."""
        return self.turns[0].ago

    @property
    def team(self) -> str:
        """Key of its team."""
        return self.story.team

    @property
    def live(self) -> bool:
        """Whether somebody still has to do something."""
        return self.status in ("open", "pending", "on_hold")


def office_time(at: datetime, spare: timedelta, *, later: bool = False) -> datetime:
    """The same instant if the office is open then, else ``spare`` before it last closed.

    Args:
        at: any instant.
        spare: less than a working day.
        later: ``spare`` after the office opens again instead.
    """
    local = at.astimezone(OFFICE)
    if local.weekday() < 6 and _OPENS <= local.time() <= _CLOSES:
        return at
    day, has_closed = local.date(), local.time() > _CLOSES
    if later == has_closed:
        day += timedelta(days=1 if later else -1)
    while day.weekday() == 6:
        day += timedelta(days=1 if later else -1)
    edge = datetime.combine(day, _OPENS, OFFICE) + spare if later else datetime.combine(day, _CLOSES, OFFICE) - spare
    return edge.astimezone(at.tzinfo)


def _awake(at: datetime, earlier: timedelta) -> datetime:
    """Customers write late and early, but few at four in the morning."""
    return at - earlier if 1 <= at.astimezone(OFFICE).hour < 6 else at


def place(turns: list[Turn], now: datetime) -> None:
    """Give a thread its place in the calendar, each turn as near to what was drawn as office and neighbours let it.

    What was over long ago begins when it was drawn to begin. What is newer ends when it was drawn to end, or before;
    but an end that is too new to have been closed is put behind a weekend.
    """
    if turns[-1].ago >= _LONG_AGO:
        _onwards(turns, now)
        return
    after: Turn | None = None
    for turn in reversed(turns):
        turn.at = now - turn.ago
        if after is not None:
            turn.at = min(turn.at, after.at - (turn.ago - after.ago) / 4)
        if turn.step not in _BY_CUSTOMER:
            turn.at = office_time(turn.at, turn.leeway, later=after is None and _WEEKEND < turn.ago < CLOSE_AFTER)
        elif after is not None:
            turn.at = _awake(turn.at, turn.leeway)
        after = turn


def _onwards(turns: list[Turn], now: datetime) -> None:
    before: Turn | None = None
    for turn in turns:
        turn.at = now - turn.ago
        if turn.step in _BY_CUSTOMER:
            turn.at = _awake(turn.at, turn.leeway)
        if before is not None:
            turn.at = max(turn.at, before.at + (before.ago - turn.ago) / 4)
        if turn.step not in _BY_CUSTOMER:
            turn.at = office_time(turn.at, turn.leeway, later=True)
        before = turn


class Planner:
    """Plans all threads of the demo.

    Args:
        people: the customers.
        now: the instant that everything is relative to.
    """

    def __init__(self, people: list[DemoCustomer], now: datetime) -> None:
        self._rng = draws("threads")
        self._times = draws("times")
        self._words = draws("words")
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
        ends = sorted(self._times.random() for _ in range(total - live))
        plans += [self._solved(timedelta(days=0.4 + (DAYS - 6) * share**1.1)) for share in ends]
        self._put_away(plans)
        return sorted(plans, key=lambda plan: plan.ago, reverse=True)

    def _open(self, number: int) -> Plan:
        """A ticket whose customer waits; every eighth too long already, every sixth nearly so."""
        story, language, customer = self._choose()
        priority = self._priority(story)
        hours = PROMISE[priority]
        if number < 9:
            age = timedelta(minutes=2 + number * 11 + self._times.uniform(0, 8))
        else:
            low, high = self._times.choices(((1.02, 1.5), (0.86, 0.99), (0.03, 0.85)), (0.12, 0.16, 0.72))[0]
            age = timedelta(hours=hours * self._times.uniform(low, high))
        drawn = self._rng.choices(_OPEN_SHAPES, (5, 1.5, 3, 2, 1))[0] if number >= 5 else ("open",)
        # Who has waited so long has had no answer at all, for that is promised first; but somebody has it in hand.
        shape = ("open",) if age > timedelta(hours=hours * 0.85) else drawn
        steps, tail = (shape[:-1], shape[-1:]) if shape == ("open", "chase") else (shape, ())
        waiting = self._now - age
        turns = self._backwards(steps, age)
        for step in tail:
            ago = age * (1 - self._times.uniform(0.4, 0.95))
            turns.append(Turn(step, ago, at=self._now - ago))
        plan = self._make(story, language, customer, "open", turns)
        plan.priority = priority
        plan.waiting_since = waiting
        in_hand = any(step not in _BY_CUSTOMER for step in drawn)
        if not in_hand and plan.assignee is not None and self._rng.random() < 0.6:
            self._load[plan.assignee] -= 1
            plan.assignee = None
        return plan

    def _waiting_for_others(self, status: str, days: int) -> Plan:
        story, language, customer = self._choose()
        ago = timedelta(hours=self._times.uniform(1, 24 * days))
        shape = self._rng.choice(_PENDING_SHAPES if status == "pending" else _PENDING_SHAPES[1:])
        return self._make(story, language, customer, status, self._backwards(shape, ago))

    def _solved(self, ago: timedelta) -> Plan:
        """A ticket that is over, and closed if that was long enough ago."""
        story, language, customer = self._choose()
        shape = self._rng.choices(_DONE_SHAPES, (22, 8, 20, 14, 6, 9, 3, 18))[0]
        thanks = timedelta(minutes=self._times.uniform(4, 180))
        is_closed = ago >= CLOSE_AFTER
        if is_closed:
            ago += timedelta(hours=4)  # more than the thanks take
        turns = self._backwards(shape, ago)
        plan = self._make(story, language, customer, "solved", turns)
        last = turns[-1]
        plan.thanked = last.step == "thanks"
        plan.solved_at = last.at + (thanks if plan.thanked else timedelta(minutes=1))
        if is_closed:
            plan.status, plan.closed_at = "closed", plan.solved_at + CLOSE_AFTER
        return plan

    def _backwards(self, steps: tuple[str, ...], ago: timedelta) -> list[Turn]:
        """The steps, the last one so long ago; whole weeks less when the first would lie before the first day."""
        turns: list[Turn] = []
        for step in reversed(steps):
            if step not in _BY_CUSTOMER:
                leeway = timedelta(minutes=self._times.uniform(1, 200))
            else:
                leeway = timedelta(hours=self._times.uniform(6, 9)) if self._times.random() < 0.9 else timedelta()
            turns.append(Turn(step, ago, leeway))
            ago += timedelta(hours=self._times.uniform(*_GAPS.get(step, (0, 0))))
        turns.reverse()
        while turns[0].ago > timedelta(days=DAYS - 1):
            for turn in turns:
                turn.ago -= timedelta(days=7)
        place(turns, self._now)
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
        speaker = Speaker(self._words, story, language, customer, turns[0].at, ended)
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
        """The story's own, but now and then nobody has set it; where there is danger, a rule does."""
        is_set = self._rng.random() < 0.85
        return story.priority if is_set or DANGER_TAG in story.tags else "normal"

    def _fresh_subject(self, speaker: Speaker) -> str:
        subject, without_days = speaker.subject()
        for _ in range(8):
            if without_days not in self._subjects:
                break
            subject, without_days = speaker.subject()
        self._subjects.append(without_days)
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
        earlier = timedelta(minutes=self._times.uniform(3, 25))
        at = max(before.at + timedelta(seconds=30), answer.at - earlier)
        ago = min(before.ago - timedelta(seconds=30), answer.ago + earlier)
        agent = self._substitute(plan)
        plan.turns.insert(place, Turn("note", ago, at=at, text=plan.speaker.note(), agent=agent))

    def _put_away(self, plans: list[Plan]) -> None:
        """Snooze a few of the pending ones until a morning to come."""
        for number, plan in enumerate([plan for plan in plans if plan.status == "pending"][:6]):
            day = self._now.astimezone(OFFICE).date() + timedelta(days=1 + number % 4)
            plan.snoozed_until = datetime.combine(day, time(9, 30), OFFICE).astimezone(self._now.tzinfo)


def _works(agent: DemoAgent, team: str) -> bool:
    return team in agent.teams and agent.role != "admin"
