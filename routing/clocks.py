"""Clocks of a ticket: how they run, pause, are met and go on. Pure; ``routing/sla.py`` keeps them in the database.

A clock runs from its start to its deadline. While a ticket waits for its customer, and while it is over, time does not
count. Whatever changes a policy later, a deadline is always walked anew from the original start with all its pauses.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from routing import hours
from routing.deadlines import Pause, deadline, tidy
from routing.hours import Schedule

Kind = Literal["first_response", "resolution"]
KINDS: Final[tuple[Kind, ...]] = ("first_response", "resolution")
WAITING: Final = frozenset({"pending", "on_hold"})
"""Statuses in which a ticket waits for its customer or somebody else; no time to its solution runs."""
OVER: Final = frozenset({"solved", "closed"})


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
    due_at: datetime | None = None
    paused_at: datetime | None = None
    pauses: list[Pause] = []
    met_at: datetime | None = None
    breached_at: datetime | None = None
    ended_at: datetime | None = None
    id: int | None = None

    @property
    def runs(self) -> bool:
        """Whether its time passes."""
        return self.met_at is None and self.paused_at is None and self.ended_at is None

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
    """Find the deadline of a clock anew, from its original start. What is met, missed or ended keeps the one it had."""
    if clock.due_at is not None and (clock.met_at is not None or clock.due_at == clock.breached_at):
        return
    if clock.ended_at is not None:
        return
    if clock.paused_at is not None:
        clock.due_at = None
        return
    schedule = schedules.get(clock.hours, schedules[hours.DEFAULT]) if clock.business else None
    clock.due_at = deadline(schedule, clock.started_at, clock.minutes * 60, clock.pauses)


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


def end(clock: Clock, at: datetime) -> None:
    """Nothing is promised about it any more; it stays for what was missed."""
    clock.ended_at = clock.ended_at or at


def renew(clock: Clock, terms: Clock) -> None:
    """Give a clock the terms of another one. A deadline that was missed stays where the times are the same."""
    if any(getattr(clock, name) != getattr(terms, name) for name in ("minutes", "business", "hours")):
        clock.due_at = None
    for name in ("policy_id", "policy", "reason", "minutes", "business", "hours", "is_told"):
        setattr(clock, name, getattr(terms, name))


def follow(clocks: Sequence[Clock], status: str, at: datetime) -> None:
    """Let the clocks of a ticket do what its status wants; the same again changes nothing.

    Solved: the time to the solution ends, and nobody waits for a first answer any more. Opened again: the time to the
    solution goes on where it was, for what lay between does not count. Pending or on hold: it rests.

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
        elif clock.kind == "resolution" and status in OVER:
            meet(clock, at)
        elif clock.kind == "resolution":
            if clock.met_at is not None:
                clock.paused_at, clock.met_at = clock.met_at, None
            (_pause if status in WAITING else _resume)(clock, at)


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
    if met is not None:
        follow_log(clock, met, changes, status, now)


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
