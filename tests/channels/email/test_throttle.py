"""The pace of a provider: never more in any minute than it takes, first come, first served."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from channels.email.throttle import Throttle, rate
from core import clock as clocks
from core.clock import ManualClock
from tests.conftest import START

BOX = ("smtp.example.org", "help")


@given(per_minute=st.integers(1, 7), pauses=st.lists(st.integers(0, 20), min_size=1, max_size=60))
def test_no_minute_holds_more_than_it_may(per_minute: int, pauses: list[int]) -> None:
    """Mails come as they like and return when they are told: every window of a minute keeps the limit, in order."""
    throttle, manual = Throttle(), ManualClock(START)
    left: list[tuple[float, int]] = []
    with clocks.use(manual):
        due = []
        for number, pause in enumerate(pauses):
            manual.advance(timedelta(seconds=pause))
            due.append(((manual.now() - START).total_seconds(), number))
        manual = ManualClock(START)
    with clocks.use(manual):
        while due:
            due.sort()
            at, number = due.pop(0)
            manual.advance(timedelta(seconds=at) - (manual.now() - START))
            wait = throttle.wait(BOX, str(number), per_minute)
            if wait:
                due.append((at + wait, number))
            else:
                left.append((at, number))
    assert [number for _, number in left] == list(range(len(pauses)))
    times = [at for at, _ in left]
    assert all(later - earlier >= 60 for earlier, later in zip(times, times[per_minute:], strict=False))


def test_a_missed_turn_is_gone(clock: ManualClock) -> None:
    """After a standstill the mails that waited do not all leave at once."""
    throttle = Throttle()
    waits = [throttle.wait(BOX, str(number), 1) for number in range(4)]
    assert waits == [0, 60, 120, 180]
    clock.advance(timedelta(hours=1))
    assert sorted(throttle.wait(BOX, str(number), 1) for number in (1, 2, 3)) == [0, 60, 120]


def test_mailboxes_do_not_wait_for_each_other(clock: ManualClock) -> None:
    """The limit is a mailbox's own; without one nobody waits."""
    throttle = Throttle()
    assert [throttle.wait(("h", user), "m", 1) for user in ("a", "b", "a")] == [0, 0, 60]
    assert [throttle.wait(BOX, str(number), 0) for number in range(1000)] == [0] * 1000


def test_known_providers_have_a_pace_of_their_own() -> None:
    """What the administrator says counts more; unknown hosts have none."""
    assert rate("SMTP.gmail.com", 0) == 20
    assert rate("smtp.gmail.com", 100) == 100
    assert rate("mail.example.org", 0) == 0
