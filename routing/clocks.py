"""Clocks of a ticket: how they run, pause, are met and go on. Pure; ``routing/sla.py`` keeps them in the database.

A clock runs from its start to its deadline. While a ticket waits for its customer, and while it is over, time does not
count. Whatever changes a policy later, a deadline is always walked anew from the original start with all its pauses.
On its way it warns, at parts of its time that the policy names; each part warns once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from routing import hours
from routing.deadlines import Pause, deadline, tidy
from routing.hours import Schedule

Kind = Literal["first_response", "next_response", "resolution", "call_answer"]
KINDS: Final[tuple[Kind, ...]] = ("first_response", "next_response", "resolution", "call_answer")
"""What policies promise."""
PROMISE: Final = "promise"
"""The kind of a clock of what an agent has promised; its deadline is her word, not a policy's."""
RESPONSES: Final = frozenset({"first_response", "next_response"})
Waiting = Literal["pending", "on_hold"]
WAITING: Final[tuple[Waiting, ...]] = ("pending", "on_hold")
"""Statuses in which a ticket waits for its customer or somebody else; a policy says in which of them no time to the
solution runs."""
OVER: Final = frozenset({"solved", "closed"})
_TIMES: Final = ("minutes", "business", "hours")
_TERMS: Final = ("policy_id", "policy", "reason", *_TIMES, "is_told", "warnings", "rests_in", "restarts")


class Clock(msgspec.Struct, kw_only=True):
    """One promise about a ticket; see :class:`routing.models.SlaClock`. ``id`` is None until it is written."""

    kind: str
    policy_id: int | None
    policy: str
    reason: str
    minutes: int
    business: bool
    hours: str
    is_told: bool
    started_at: datetime
    warnings: list[int] = []
    rests_in: list[str] = msgspec.field(default_factory=lambda: list(WAITING))
    restarts: bool = False
    promise_id: int | None = None
    due_at: datetime | None = None
    warns_at: datetime | None = None
    warned: int = 0
    paused_at: datetime | None = None
    pauses: list[Pause] = []
    met_at: datetime | None = None
    first_met_at: datetime | None = None
    breached_at: datetime | None = None
    ended_at: datetime | None = None
    id: int | None = None

    @property
    def runs(self) -> bool:
        """Whether its time passes."""
        return self.is_open and self.paused_at is None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be kept."""
        return self.met_at is None and self.ended_at is None

    def is_late(self, at: datetime) -> bool:
        """Whether its deadline has come and nobody has noted yet that it was missed."""
        due = self.due_at
        return due is not None and due <= at and (self.breached_at is None or self.breached_at < due)

    @property
    def was_met_late(self) -> bool:
        """Whether it was met after its deadline, and nobody has noted that yet."""
        met = self.met_at
        return met is not None and self.due_at != met and self.is_late(met)


def wind(clock: Clock, schedules: Mapping[str, Schedule]) -> None:
    """Find the deadline of a clock anew, from its original start. What is met, missed or ended keeps the one it had.

    With the deadline comes the moment of the next warning.
    """
    clock.warns_at = None
    if clock.due_at is not None and (clock.met_at is not None or clock.due_at == clock.breached_at):
        return
    if clock.ended_at is not None:
        return
    if clock.paused_at is not None:
        clock.due_at = None
        return
    schedule = schedules.get(clock.hours, schedules[hours.DEFAULT]) if clock.business else None
    if clock.kind != PROMISE:
        clock.due_at = deadline(schedule, clock.started_at, clock.minutes * 60, clock.pauses)
    if clock.due_at is not None and clock.met_at is None:
        clock.warns_at = _next_warning(clock, clock.due_at, schedule)


def _next_warning(clock: Clock, due_at: datetime, schedule: Schedule | None) -> datetime | None:
    ahead = min((each for each in clock.warnings if each > clock.warned), default=None)
    if ahead is None:
        return None
    whole = (due_at - clock.started_at).total_seconds() if clock.kind == PROMISE else clock.minutes * 60
    return deadline(schedule, clock.started_at, whole * ahead / 100, clock.pauses)


def warn(clock: Clock, at: datetime, schedules: Mapping[str, Schedule]) -> int | None:
    """Note the warnings whose moment has come.

    Returns:
        The latest of them, in parts of a hundred of the clock's time; None: none that nobody has been told.
    """
    reached: int | None = None
    while clock.warns_at is not None and clock.warns_at <= at:
        reached = clock.warned = min(each for each in clock.warnings if each > clock.warned)
        wind(clock, schedules)
    return reached


def _pause(clock: Clock, at: datetime) -> None:
    if clock.runs:
        clock.paused_at = at


def _resume(clock: Clock, at: datetime) -> None:
    if clock.paused_at is not None:
        clock.pauses = tidy([*clock.pauses, (clock.paused_at, at)])
        clock.paused_at = None


def meet(clock: Clock, at: datetime) -> None:
    """What was promised has happened."""
    if clock.met_at is None:
        _resume(clock, at)
        clock.met_at = at
        clock.first_met_at = clock.first_met_at or at


def end(clock: Clock, at: datetime) -> None:
    """Nothing is promised about it any more; it stays for what was missed."""
    clock.ended_at = clock.ended_at or at


def renew(clock: Clock, terms: Clock) -> None:
    """Give a clock the terms of another one. A deadline that was missed stays where the times are the same.

    Another time is warned of anew, for its deadline is another one.
    """
    if any(getattr(clock, name) != getattr(terms, name) for name in _TIMES):
        clock.due_at, clock.warned = None, 0
    for name in _TERMS:
        setattr(clock, name, getattr(terms, name))


def follow(clocks: Sequence[Clock], status: str, at: datetime) -> None:
    """Let the clocks of a ticket do what its status wants; the same again changes nothing.

    Solved: the time to the solution ends, and nobody waits for an answer any more. Opened again: the time to the
    solution goes on where it was, for what lay between does not count; or its policy lets another one begin, and this
    one stays met. Pending or on hold: it rests, where its policy says so.

    Args:
        clocks: of one ticket.
        status: the ticket's.
        at: since when.
    """
    for clock in clocks:
        if clock.ended_at is not None:
            continue
        if clock.kind == "first_response":
            (_pause if status in OVER else _resume)(clock, at)
        elif clock.kind == "next_response" and status in OVER and clock.met_at is None:
            end(clock, at)
        elif clock.kind == "resolution":
            _follow_solution(clock, status, at)


def _follow_solution(clock: Clock, status: str, at: datetime) -> None:
    if status in OVER:
        meet(clock, at)
    elif clock.met_at is None or not clock.restarts:
        if clock.met_at is not None:
            clock.paused_at, clock.met_at = clock.met_at, None
        (_pause if status in clock.rests_in else _resume)(clock, at)


def another(clock: Clock, at: datetime, status: str) -> Clock:
    """A clock of the same terms that begins anew.

    Args:
        clock: the one before it.
        at: when it begins.
        status: of its ticket.
    """
    made = Clock(kind=clock.kind, started_at=at, **{name: getattr(clock, name) for name in _TERMS})
    follow([made], status, at)
    return made


def begun(clock: Clock, at: datetime) -> Clock:
    """The same clock as if it had begun later: with the pauses since then, and warned of nothing yet.

    Args:
        clock: one that is open.
        at: when it begins.
    """
    made = Clock(kind=clock.kind, started_at=at, **{name: getattr(clock, name) for name in _TERMS})
    made.pauses = tidy([(max(start, at), end) for start, end in clock.pauses])
    made.paused_at = None if clock.paused_at is None else max(clock.paused_at, at)
    return made


Change = tuple[datetime, str, str]
"""When a ticket's status changed, the old one, the new one."""


def follow_log(clock: Clock, since: datetime, changes: Sequence[Change], status: str, now: datetime) -> None:
    """Let a clock live through what its ticket has lived through meanwhile.

    Args:
        clock: as it was at ``since``.
        since: from when on.
        changes: oldest first; those of long ago may be missing.
        status: what it is now.
        now: when that is.
    """
    later = [each for each in changes if each[0] > since]
    follow([clock], later[0][1] if later else status, since)
    for at, _, new in later:
        follow([clock], new, at)
    follow([clock], status, now)


def unmeet(clock: Clock, changes: Sequence[Change], status: str, now: datetime) -> None:
    """It has not happened after all (an answer that was taken back or did not arrive): its time has run on.

    Args:
        clock: one that was met.
        changes: of its ticket's status, oldest first.
        status: what it is now.
        now: when that is.
    """
    met, clock.met_at = clock.met_at, None
    clock.first_met_at = None
    if met is not None:
        follow_log(clock, met, changes, status, now)


def stay_solved(clock: Clock, changes: Sequence[Change]) -> None:
    """What has opened its ticket again was nothing: the time to the solution is met when it was, the rest is forgotten.

    Args:
        clock: one that runs since its ticket was opened again, and has not rested since.
        changes: of its ticket's status, oldest first.
    """
    solved = [at for at, _, new in changes if new in OVER]
    if not (clock.runs and clock.first_met_at is not None and clock.pauses and solved):
        return
    start, until = clock.pauses.pop()
    clock.met_at = min(max(solved[-1], start), until)
    clock.pauses = tidy([*clock.pauses, (start, clock.met_at)])
    clock.due_at = clock.due_at if clock.due_at == clock.breached_at else None


def resume(clock: Clock, changes: Sequence[Change], status: str, now: datetime) -> None:
    """It is promised again: a clock that had ended goes on, with what its ticket has lived through since."""
    ended, clock.ended_at = clock.ended_at, None
    if ended is not None:
        follow_log(clock, ended, changes, status, now)


def told(clock: Clock) -> dict[str, Any]:
    """What events keep of a clock."""
    return {
        "kind": clock.kind,
        "policy": clock.policy,
        "reason": clock.reason,
        "minutes": clock.minutes,
        "business": clock.business,
        "due_at": clock.due_at,
    }
