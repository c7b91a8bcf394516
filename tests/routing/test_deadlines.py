"""Deadlines: what was promised lies between start and end whatever the hours and pauses are; and clocks that use them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing import clocks, hours
from routing.clocks import Clock
from routing.deadlines import Pause, counted, deadline, elapsed, tidy
from routing.hours import DAY, Schedule, Window
from tests.routing.test_hours import at, moments, schedules

BERLIN = ZoneInfo("Europe/Berlin")
loose = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def paused(draw: st.DrawFn, since: datetime) -> list[Pause]:
    """Some stretches after a start, in any order, also overlapping and empty."""
    edges = st.integers(0, 10 * 86_400)
    found = draw(st.lists(st.tuples(edges, st.integers(0, 3 * 86_400)), max_size=4))
    return [(since + timedelta(seconds=one), since + timedelta(seconds=one + long)) for one, long in found]


@loose
@given(st.data(), st.none() | schedules(), moments, st.integers(1, 200_000))
def test_what_counts_up_to_the_deadline_is_the_target(
    data: st.DataObject, schedule: Schedule | None, since: datetime, seconds: int
) -> None:
    """Any hours, any start, any pauses: the counted time up to the deadline is what was promised, to the second."""
    pauses = data.draw(paused(since))
    end = deadline(schedule, since, seconds, pauses)
    if end is None:
        assert schedule is not None
        assert elapsed(schedule, since, since + hours.FARTHEST, pauses) < seconds
        return
    assert elapsed(schedule, since, end, pauses) == pytest.approx(seconds)
    assert not any(begins < end < ends for begins, ends in pauses)


@loose
@given(st.data(), st.none() | schedules(), moments, st.integers(1, 200_000))
def test_a_pause_moves_the_deadline_by_the_time_that_counts_in_it(
    data: st.DataObject, schedule: Schedule | None, since: datetime, seconds: int
) -> None:
    """Between the deadline without pauses and the one with them lies exactly the counted time of the pauses before it."""
    pauses = data.draw(paused(since))
    before, after = deadline(schedule, since, seconds), deadline(schedule, since, seconds, pauses)
    if before is None or after is None:
        return
    assert after >= before
    lost = sum(elapsed(schedule, begins, min(ends, after)) for begins, ends in tidy(pauses) if begins < after)
    assert elapsed(schedule, before, after) == pytest.approx(lost)


@loose
@given(st.data(), schedules(), moments)
def test_counted_stretches_are_in_order_and_apart(data: st.DataObject, schedule: Schedule, since: datetime) -> None:
    """None empty, none in a pause, none before the one before it."""
    pauses = data.draw(paused(since))
    last = since
    for begins, ends in counted(schedule, since, since + timedelta(days=12), pauses):
        assert last <= begins < ends
        assert all(ends <= one or begins >= two for one, two in tidy(pauses))
        last = ends


LUNCH = Schedule(weekly=((Window(9 * 60, 13 * 60), Window(14 * 60, 18 * 60)),) * 5 + ((), ()))


@pytest.mark.parametrize(
    ("schedule", "since", "minutes", "pauses", "due"),
    [
        (LUNCH, at(2, 11), 240, [], at(2, 16)),
        (LUNCH, at(6, 17), 120, [], at(9, 10)),
        (LUNCH, at(2, 11), 240, [(at(2, 12), at(2, 15))], at(2, 18)),
        (LUNCH, at(2, 11), 240, [(at(2, 18), at(3, 9))], at(2, 16)),
        (LUNCH, at(2, 11), 240, [(at(2, 20), at(2, 23))], at(2, 16)),
        (None, at(2, 11), 240, [(at(2, 12), at(2, 15))], at(2, 18)),
        (None, at(28, 23, zone=BERLIN), 240, [], at(29, 4, zone=BERLIN)),
        (
            Schedule(time_zone="Europe/Berlin", weekly=((Window(0, DAY),),) * 7),
            at(28, 12, zone=BERLIN),
            24 * 60,
            [],
            at(29, 13, zone=BERLIN),
        ),
        (
            Schedule(time_zone="Europe/Berlin", weekly=((Window(0, DAY),),) * 7),
            at(24, 12, zone=BERLIN, month=10),
            24 * 60,
            [],
            at(25, 11, zone=BERLIN, month=10),
        ),
        (Schedule(weekly=((),) * 7), at(2, 11), 1, [], None),
    ],
    ids=[
        "lunch", "over the weekend", "a pause over lunch", "a pause after it", "a pause at night", "by the calendar",
        "the clock goes forward", "a day of 23 hours", "a day of 25 hours", "never open",
    ],
)  # fmt: skip
def test_deadlines_by_hand(
    schedule: Schedule | None, since: datetime, minutes: int, pauses: list[Pause], due: datetime | None
) -> None:
    """Cases that can be counted on the fingers."""
    assert deadline(schedule, since, minutes * 60, pauses) == due


ELEVEN = at(2, 11)


def clock(kind: str = "resolution", since: datetime = ELEVEN, minutes: int = 240) -> Clock:
    """A clock in opening hours with lunch."""
    made = Clock(
        kind=kind, policy_id=1, policy="x", reason="", minutes=minutes, business=True, hours="default", is_told=False,
        started_at=since,
    )  # fmt: skip
    clocks.wind(made, {"default": LUNCH})
    return made


statuses = st.sampled_from(["open", "pending", "on_hold", "solved", "closed"])


@loose
@given(st.lists(st.tuples(st.integers(0, 200_000), statuses), max_size=12), schedules())
def test_the_time_to_a_solution_runs_only_while_a_ticket_is_open(
    steps: list[tuple[int, str]], schedule: Schedule
) -> None:
    """Whatever happens to it: what counts is the time in which it was open, and repeating a step changes nothing."""
    now = since = datetime(2026, 3, 2, 4, tzinfo=UTC)
    one = clock(since=since, minutes=60 * 24)
    status, ran = "open", 0.0
    for seconds, new in steps:
        later = now + timedelta(seconds=seconds)
        ran += elapsed(schedule, now, later) if status == "open" else 0
        now, status = later, new
        for _ in range(2):
            clocks.follow([one], status, now)
    left_out = [*one.pauses, *([(one.paused_at, now)] if one.paused_at else [])]
    if status not in clocks.OVER:
        assert elapsed(schedule, since, now, left_out) == pytest.approx(ran)
    assert (one.met_at is not None) == (status in clocks.OVER)
    assert one.runs == (status == "open")
    clocks.wind(one, {"default": schedule})
    if one.runs and one.due_at is not None:
        assert elapsed(schedule, now, max(now, one.due_at)) == pytest.approx(max(0.0, 86_400 - ran))


def test_a_solved_ticket_that_is_opened_again_goes_on_where_it_was() -> None:
    """Two of four hours were used; three days later two are left. "Thanks!" starts nothing that solving cannot end."""
    one = clock()
    clocks.follow([one], "solved", at(2, 13))
    assert (one.met_at, one.due_at) == (at(2, 13), at(2, 16))
    clocks.follow([one], "open", at(5, 9))
    clocks.wind(one, {"default": LUNCH})
    assert (one.met_at, one.due_at, one.runs) == (None, at(5, 11), True)
    clocks.follow([one], "closed", at(5, 10))
    clocks.wind(one, {"default": LUNCH})
    assert (one.met_at, one.due_at) == (at(5, 10), at(5, 11))


def test_nobody_waits_for_a_first_answer_in_a_ticket_that_is_over() -> None:
    """Solved without an answer: not met, not late. Opened again she waits again. Pending is no answer."""
    one = clock("first_response")
    clocks.follow([one], "pending", at(2, 12))
    assert one.runs
    clocks.follow([one], "solved", at(2, 12, 30))
    clocks.wind(one, {"default": LUNCH})
    assert (one.met_at, one.due_at, one.runs) == (None, None, False)
    clocks.follow([one], "open", at(3, 9))
    clocks.wind(one, {"default": LUNCH})
    assert one.due_at == at(3, 11, 30)


def test_a_deadline_is_found_also_for_what_was_solved_while_it_waited() -> None:
    """A clock that rests has no deadline; once it is met it has the one that it would have had."""
    one = clock()
    clocks.follow([one], "on_hold", at(2, 12))
    clocks.wind(one, {"default": LUNCH})
    assert one.due_at is None
    clocks.follow([one], "solved", at(3, 9, 30))
    clocks.wind(one, {"default": LUNCH})
    assert (one.met_at, one.due_at, one.was_met_late) == (at(3, 9, 30), at(3, 12, 30), False)


def test_days_of_their_own_count_as_they_are() -> None:
    """A holiday between start and deadline moves it by a day."""
    holiday = Schedule(days={date(2026, 3, 3): hours.SpecialDay("Holi")})
    assert deadline(holiday, at(2, 17, 30), 2 * 3600) == at(4, 10)
