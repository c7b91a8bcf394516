"""Erlang's formulas against published examples, and properties that always hold."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workforce.corpus import erlang_reference
from workforce import erlang


def test_the_published_examples() -> None:
    """What textbooks print: a hundred calls in half an hour of three minutes each, and others like it."""
    checked = 0
    for example in erlang_reference()["published_examples"]:
        if "calls" not in example:
            continue
        hourly = example["calls"] * 3600 / example["period_s"]
        found = erlang.expect(hourly, example["aht_s"], example["agents"], example["target_s"])
        published = example["published"]
        assert found.wait_probability == pytest.approx(published["p_wait"], abs=0.0006)
        assert found.service_level == pytest.approx(published["service_level"], abs=0.0006)
        assert found.occupancy == pytest.approx(published["occupancy"], abs=0.0006)
        assert found.mean_wait_seconds == pytest.approx(example["recomputed"]["asa_seconds"], rel=1e-9)
        checked += 1
    assert checked == 3


def test_the_tables() -> None:
    """Erlang B and C to nine digits over the whole reference grid, from half an Erlang to five hundred."""
    reference = erlang_reference()
    for row in reference["erlang_b_table"]["rows"]:
        assert erlang.blocked(row["exact_erlangs"], row["lines"]) == pytest.approx(row["blocking"], rel=1e-9)
    for row in reference["erlang_c_grid"]["rows"]:
        found = erlang.expect(row["erlangs"] * 20, 180, row["agents"], 20)
        assert found.wait_probability == pytest.approx(row["erlang_c"], rel=1e-9)
        assert found.mean_wait_seconds == pytest.approx(row["asa_aht180"], rel=1e-9)
        assert found.service_level == pytest.approx(row["sl_20s_aht180"], rel=1e-9)


@pytest.mark.parametrize(
    ("calls", "handle", "share", "within", "agents", "on_the_roster"),
    [(200, 180, 0.8, 20, 14, 20), (0, 180, 0.8, 20, 0, 0), (1, 3600, 0.99, 20, 5, 8)],
)
def test_how_many_are_needed(
    calls: float, handle: float, share: float, within: float, agents: int, on_the_roster: int
) -> None:
    """The fewest who keep the promise, and how many must be on the roster when three in ten are away."""
    found = erlang.needed(calls, handle, share, within)
    assert found.agents == agents
    assert found.service_level >= share
    if agents:
        assert erlang.expect(calls, handle, agents - 1, within).service_level < share
    assert erlang.scheduled(agents, 0.3) == on_the_roster


def test_nobody_shall_talk_all_the_time() -> None:
    """A bound on the occupancy asks for one more than the service level alone."""
    assert erlang.needed(200, 180, 0.8, 20, most_occupied=0.7).agents == 15


def test_too_few_never_catch_up() -> None:
    """With less people than load everybody waits, without end."""
    found = erlang.expect(100, 180, 5)
    assert (found.wait_probability, found.mean_wait_seconds, found.service_level) == (1.0, math.inf, 0.0)
    assert erlang.crowd(100, 180, 5) == []


@given(st.floats(0.1, 80), st.integers(1, 100))
def test_the_crowd_agrees_with_the_formula(erlangs: float, agents: int) -> None:
    """Adding up how often everybody is busy gives Erlang C again."""
    shares = erlang.crowd(erlangs * 20, 180, agents)
    if erlangs >= agents:
        assert shares == []
    elif erlangs < agents * 0.98:  # nearer to 1 the crowd is cut off too early to compare so closely
        assert sum(shares) == pytest.approx(1)
        assert sum(shares[agents:]) == pytest.approx(erlang.waits(erlangs, agents), rel=1e-6)


@given(st.floats(0.5, 60), st.integers(1, 80), st.floats(5, 3600))
def test_who_hangs_up_shortens_the_wait(erlangs: float, agents: int, patience: float) -> None:
    """Callers who hang up make others wait less, and never more hang up than come."""
    found = erlang.with_patience(erlangs * 20, 180, agents, patience)
    patient = erlang.expect(erlangs * 20, 180, agents)
    assert 0 <= found.abandoned <= 1
    assert found.wait_probability <= patient.wait_probability + 1e-9
    assert found.mean_wait_seconds <= patient.mean_wait_seconds + 1e-6
    # Who is not answered hung up: what is answered keeps the agents busy.
    assert found.occupancy * agents == pytest.approx(erlangs * (1 - found.abandoned), rel=1e-6)


def test_very_patient_callers_do_not_hang_up() -> None:
    """With patience of a year Palm's formula is Erlang C."""
    found = erlang.with_patience(200, 180, 14, 365 * 86400)
    assert found.wait_probability == pytest.approx(erlang.waits(10, 14), rel=1e-3)
    assert found.abandoned < 1e-5
