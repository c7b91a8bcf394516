"""Mail is worked off in the order it came; as many people as keep the promise, and no more."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workforce import backlog

OFFICE = [18 <= half < 36 for half in range(48)]  # nine to six


def test_what_came_at_night_is_done_in_the_morning() -> None:
    """Ten mails at four in the morning lie until nine, and two people are through with them by half past."""
    arrivals = [0.0] * 48
    arrivals[8] = 10
    steps = backlog.work_off(arrivals, 360, [2.0 if each else 0.0 for each in OFFICE])
    assert (steps[8].waiting, steps[8].oldest_seconds) == (10, 1800)
    assert (steps[17].waiting, steps[17].oldest_seconds) == (10, 10 * 1800)
    assert (steps[18].done, steps[18].waiting, steps[18].oldest_seconds) == (10, 0, 0)


def test_as_many_as_keep_the_promise() -> None:
    """Sixty mails at ten o'clock, five of which one person does in a half hour: the promise decides how many it takes."""
    arrivals = [0.0] * 48
    arrivals[20] = 60
    assert backlog.needed(arrivals, 360, OFFICE, 1800) == 6  # done by eleven, when the oldest is an hour old
    assert backlog.needed(arrivals, 360, OFFICE, 2 * 3600) == 3
    assert backlog.needed(arrivals, 360, OFFICE, 24 * 3600) == 1
    assert backlog.needed([0.0] * 48, 360, OFFICE, 3600) == 0
    arrivals[40] = 1
    assert backlog.needed(arrivals, 360, OFFICE, 3 * 3600) is None  # the night alone is longer
    assert backlog.needed(arrivals, 360, [False] * 48, 3 * 3600) is None


def test_what_lies_there_already_must_be_worked_off_too() -> None:
    """Three hundred from last week make more people necessary today."""
    arrivals = [0.0] * 18 + [2.0] * 18 + [0.0] * 12
    few = backlog.needed(arrivals, 360, OFFICE, 15 * 3600)
    many = backlog.needed(arrivals, 360, OFFICE, 15 * 3600, waiting=300)
    assert few is not None and many is not None and few < many


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.just(0.0) | st.floats(0.01, 30), min_size=48, max_size=48),
    st.floats(30, 3000),
    st.floats(16 * 3600, 48 * 3600),
)
def test_one_less_would_not_be_enough(arrivals: list[float], handle: float, promise: float) -> None:
    """Nothing is lost or done twice, the promise is kept, and by nobody less."""
    agents = backlog.needed(arrivals, handle, OFFICE, promise)
    assert agents is not None
    for many in (agents, agents - 1):
        if many < 0:
            continue
        there = [float(many) if each else 0.0 for each in OFFICE] * 4
        steps = backlog.work_off(arrivals * 4, handle, there)
        assert sum(step.done for step in steps) + steps[-1].waiting == pytest.approx(4 * sum(arrivals), abs=1e-3)
        keeps = all(step.oldest_seconds <= promise for step in steps)
        grows = many * sum(OFFICE) * 1800 < sum(arrivals) * handle - 1e-3
        assert (keeps and not grows) is (many == agents)
