"""Opening hours: windows of all shapes, days of their own, changes of the clock; and properties that always hold."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.db import Database, reading, unit_of_work
from core.errors import Invalid, NotFound, Stale
from routing import hours
from routing.deadlines import deadline
from routing.hours import DAY, Schedule, SpecialDay, Window

IST = ZoneInfo("Asia/Kolkata")
MONDAY = date(2026, 3, 2)


def at(day: int, hour: int, minute: int = 0, zone: ZoneInfo = IST, month: int = 3) -> datetime:
    """A moment of 2026; 2 March is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=zone)


@pytest.mark.parametrize(
    ("moment", "opens", "closes"),
    [
        (at(2, 10), at(2, 10), at(2, 18, 30)),
        (at(2, 8, 59), at(2, 9), None),
        (at(2, 9), at(2, 9), at(2, 18, 30)),
        (at(2, 18, 30), at(3, 9), None),
        (at(7, 20), at(9, 9), None),
        (at(8, 12), at(9, 9), None),
    ],
    ids=["open", "before", "first minute", "last minute", "saturday night", "sunday"],
)
def test_the_default_hours(moment: datetime, opens: datetime, closes: datetime | None) -> None:
    """Monday to Saturday from nine to half past six in India."""
    schedule = Schedule()
    assert hours.next_opening(schedule, moment) == opens
    assert hours.is_open(schedule, moment) is (opens == moment)
    assert hours.closes_at(schedule, moment) == closes


LUNCH = Schedule(weekly=((Window(9 * 60, 13 * 60), Window(14 * 60, 18 * 60)),) * 5 + ((), ()))
NIGHT = Schedule(weekly=((Window(22 * 60, 30 * 60),),) * 7)


def test_lunch_stops_business_time() -> None:
    """Two windows a day; an hour that begins at half past twelve ends at half past two."""
    assert deadline(LUNCH, at(2, 12, 30), 3600) == at(2, 14, 30)
    assert hours.business_seconds(LUNCH, at(2, 12), at(2, 15)) == 2 * 3600
    assert not hours.is_open(LUNCH, at(2, 13, 30))
    assert hours.business_seconds(LUNCH, at(2, 15), at(2, 12)) == 0


def test_windows_over_midnight() -> None:
    """From ten at night to six in the morning: open at two, and the night from Sunday reaches into Monday."""
    assert hours.is_open(NIGHT, at(2, 2))
    assert hours.closes_at(NIGHT, at(2, 2)) == at(2, 6)
    assert hours.next_opening(NIGHT, at(2, 6)) == at(2, 22)
    assert deadline(NIGHT, at(2, 5), 2 * 3600) == at(2, 23)


def test_days_of_their_own() -> None:
    """A holiday is closed, a half day is short, a Sunday may be open; the others are as always."""
    special = {
        date(2026, 3, 3): SpecialDay("Holi"),
        date(2026, 3, 4): SpecialDay("Half day", (Window(9 * 60, 12 * 60),)),
        date(2026, 3, 8): SpecialDay("Stocktaking", (Window(10 * 60, 11 * 60),)),
    }
    schedule = Schedule(days=special)
    assert hours.next_opening(schedule, at(2, 19)) == at(4, 9)
    assert hours.next_opening(schedule, at(4, 12)) == at(5, 9)
    assert hours.next_opening(schedule, at(8, 0)) == at(8, 10)
    assert deadline(schedule, at(2, 18), 3600 * 4) == at(5, 9, 30)
    assert hours.opening(schedule, at(4, 10)) == hours.Opening(True, at(4, 10), at(4, 12))
    assert hours.opening(schedule, at(4, 12)) == hours.Opening(False, at(5, 9), None)
    assert hours.opening(Schedule(weekly=((),) * 7), at(4, 12)) == hours.Opening(False, None, None)


def test_never_open_has_no_next_opening() -> None:
    """No windows, no opening, no business time; nobody waits for ever to learn it."""
    closed = Schedule(weekly=((),) * 7)
    assert hours.next_opening(closed, at(2, 10)) is None
    assert deadline(closed, at(2, 10), 1) is None
    assert hours.business_seconds(closed, at(2, 10), at(9, 10)) == 0


def test_days_of_23_and_25_hours() -> None:
    """Around the clock in Berlin: the Sunday in March has 23 hours, the one in October 25."""
    berlin = ZoneInfo("Europe/Berlin")
    always = Schedule(time_zone="Europe/Berlin", weekly=((Window(0, DAY),),) * 7)
    spring = hours.business_seconds(always, at(29, 0, zone=berlin), at(30, 0, zone=berlin))
    autumn = hours.business_seconds(always, at(25, 0, zone=berlin, month=10), at(26, 0, zone=berlin, month=10))
    assert (spring, autumn) == (23 * 3600, 25 * 3600)
    early = Schedule(time_zone="Europe/Berlin", weekly=((Window(60, 4 * 60),),) * 7)
    assert hours.business_seconds(early, at(29, 0, zone=berlin), at(29, 12, zone=berlin)) == 2 * 3600


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Any schedule that makes sense."""

    def windows() -> tuple[Window, ...]:
        cuts = sorted(draw(st.lists(st.integers(0, DAY - 1), max_size=6, unique=True)))
        found = [Window(one, two) for one, two in zip(cuts[::2], cuts[1::2], strict=False)]
        if found and draw(st.booleans()):
            found[-1] = Window(found[-1].start, min(found[-1].end + draw(st.integers(0, 900)), found[-1].start + DAY))
        return tuple(found)

    zone = draw(st.sampled_from(["Asia/Kolkata", "Europe/Berlin", "America/New_York", "Pacific/Chatham", "UTC"]))
    special = {
        MONDAY + timedelta(days=draw(st.integers(0, 40))): SpecialDay("x", windows())
        for _ in range(draw(st.integers(0, 3)))
    }
    return hours.checked(Schedule(time_zone=zone, weekly=tuple(windows() for _ in range(7)), days=special))


moments = st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 10), timezones=st.just(UTC))
loose = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@loose
@given(schedules(), moments, st.integers(1, 200_000))
def test_business_time_to_a_deadline_is_the_target(schedule: Schedule, since: datetime, seconds: int) -> None:
    """Whatever the start: between it and the deadline lies exactly the time that was asked for."""
    end = deadline(schedule, since, seconds)
    if end is None:
        assert hours.business_seconds(schedule, since, since + hours.FARTHEST) <= seconds
        return
    assert hours.business_seconds(schedule, since, end) == pytest.approx(seconds)
    assert end >= since


@loose
@given(schedules(), moments, st.integers(0, 20 * 86_400), st.integers(0, 20 * 86_400))
def test_business_time_adds_up(schedule: Schedule, since: datetime, one: int, two: int) -> None:
    """What lies before and after a moment between makes the whole; and it is never longer than the clock's time."""
    middle, end = since + timedelta(seconds=one), since + timedelta(seconds=one + two)
    whole = hours.business_seconds(schedule, since, end)
    parts = hours.business_seconds(schedule, since, middle) + hours.business_seconds(schedule, middle, end)
    assert whole == pytest.approx(parts)
    assert 0 <= whole <= one + two


@loose
@given(schedules(), moments)
def test_openings_agree_with_one_another(schedule: Schedule, moment: datetime) -> None:
    """Open exactly when the next opening is now; the end lies ahead; stretches are in order and apart."""
    opens = hours.next_opening(schedule, moment)
    assert hours.is_open(schedule, moment) is (opens == moment)
    closes = hours.closes_at(schedule, moment)
    assert (closes is None) is (opens != moment)
    assert closes is None or closes > moment
    stretches = list(hours.open_times(schedule, moment, moment + timedelta(days=20)))
    assert all(start < end for start, end in stretches)
    assert all(one[1] < two[0] for one, two in itertools.pairwise(stretches))


async def test_schedules_are_kept_by_name(db: Database, clock: object) -> None:
    """The product's default until somebody writes it; changes are versions; what is gone falls back."""
    async with unit_of_work(db) as session:
        assert [each.version for each in await hours.list_all(session)] == [0]
        kept = await hours.write(session, hours.Schedule(name="default", time_zone="UTC", weekly=NIGHT.weekly))
        assert (kept.version, await hours.read(session)) == (1, kept)
        shop = await hours.write(session, Schedule(name="shop", days={date(2026, 3, 3): SpecialDay("Holi")}))
        assert await hours.read(session, "shop") == shop
        assert (await hours.read(session, "gone")).name == "default"
        with pytest.raises(Stale):
            await hours.write(session, shop, if_version=0)
        await hours.remove(session, "shop")
        with pytest.raises(NotFound):
            await hours.remove(session, "shop")
        with pytest.raises(Invalid):
            await hours.remove(session, "default")
    async with reading(db) as session:
        assert [each.name for each in await hours.list_all(session)] == ["default"]


@pytest.mark.parametrize(
    "windows",
    [
        (Window(600, 600),),
        (Window(600, 500),),
        (Window(1440, 1500),),
        (Window(0, 1441),),
        (Window(60, 120), Window(100, 200)),
    ],
)
def test_windows_that_make_no_sense_are_refused(windows: tuple[Window, ...]) -> None:
    """Empty, backwards, on the next day, longer than a day, or over one another."""
    with pytest.raises(Invalid):
        hours.checked(Schedule(weekly=(windows, *((),) * 6)))
    with pytest.raises(Invalid):
        hours.checked(Schedule(time_zone="Mars/Olympus"))


@given(
    seconds=st.integers(1, 400_000),
    offset=st.integers(0, 20 * 24 * 60),
    schedule=st.sampled_from([Schedule(), LUNCH, NIGHT, Schedule(time_zone="Europe/Berlin", weekly=NIGHT.weekly)]),
)
@settings(max_examples=60, deadline=None)
def test_so_long_before_is_where_business_time_of_that_length_begins(
    seconds: int, offset: int, schedule: Schedule
) -> None:
    """From there on exactly so much has passed, and a moment later less, also around changes of the clock."""
    until = at(25, 12) + timedelta(minutes=offset)
    since = hours.so_long_before(schedule, until, seconds)
    assert since is not None
    assert hours.business_seconds(schedule, since, until) == seconds
    assert hours.business_seconds(schedule, since + timedelta(seconds=1), until) < seconds


def test_hours_that_are_never_open_have_no_such_beginning() -> None:
    """Nor does it take for ever to find out."""
    assert hours.so_long_before(Schedule(weekly=((),) * 7), at(2, 10), 60) is None
