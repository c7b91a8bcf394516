from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db import Database, unit_of_work
from core.errors import Invalid
from core.i18n import country_codes
from products import days, entitlement, warranty
from products.entitlement import Cover
from products.warranty import Extension, Facts, Rule, add_months, compute
from tests.products import rows

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
MONTHS = st.integers(0, warranty.MOST_MONTHS)


def facts(**fields: object) -> Facts:
    """A fridge bought in India on 15 January 2026 and registered on 2 March."""
    values: dict[str, object] = {
        "product_id": 7,
        "family": "fridge",
        "country": "IN",
        "purchased_on": date(2026, 1, 15),
        "registered_on": date(2026, 3, 2),
    }
    return Facts(**(values | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(9990, 1, 1), 600, date(9998, 12, 31)),
    ],
)
def test_months_end_on_the_same_day_or_the_last_of_the_month(start: date, months: int, end: date) -> None:
    """29 February, the 31st, the turn of a year, and the end of the calendar."""
    assert add_months(start, months) == end


@given(DAYS, MONTHS, MONTHS)
def test_more_months_never_end_earlier(day: date, first: int, more: int) -> None:
    """Adding months keeps the order of days, and lands in the month that was asked for."""
    found = add_months(day, first)
    assert add_months(day, first + more) >= found
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == first
    assert found.day <= day.day


RULES = st.lists(
    st.builds(
        Rule,
        id=st.integers(1, 10_000),
        name=st.just("rule"),
        months=st.integers(1, 60),
        product_id=st.sampled_from([None, None, 7, 8]),
        family=st.sampled_from([None, "fridge", "oven"]),
        country=st.sampled_from([None, "IN", "LK"]),
        bought_from=st.sampled_from([None, date(2025, 1, 1), date(2026, 6, 1)]),
        bought_until=st.sampled_from([None, date(2026, 12, 31)]),
        register_within_days=st.sampled_from([None, 0, 30, 90]),
        starts_from=st.sampled_from(["purchase", "registration"]),
    ),
    max_size=12,
    unique_by=lambda rule: rule.id,
)
BOUGHT = st.builds(
    facts,
    purchased_on=st.dates(date(2025, 1, 1), date(2027, 1, 1)),
    registered_on=st.dates(date(2025, 1, 1), date(2027, 1, 1)),
)


@given(RULES, BOUGHT, st.randoms())
def test_the_choice_is_total_and_does_not_depend_on_the_order(rules: list[Rule], bought: Facts, random) -> None:
    """Any rules and any purchase have one answer; shuffling changes nothing; what is chosen fits."""
    answer = compute(rules, bought)
    shuffled = list(rules)
    random.shuffle(shuffled)
    assert compute(shuffled, bought) == answer
    fitting = [rule for rule in rules if warranty.fits(rule, bought)]
    assert (answer.rule_id is None) == (not fitting)
    assert answer.reason
    if answer.until is not None and answer.starts_on is not None:
        assert answer.until >= answer.starts_on >= bought.purchased_on


@given(
    RULES,
    BOUGHT,
    st.lists(st.builds(Extension, st.sampled_from(["granted", "bought"]), st.integers(1, 24)), max_size=4),
)
def test_extensions_never_shorten_and_add_up(rules: list[Rule], bought: Facts, given_: list[Extension]) -> None:
    """In whatever order months were given, the end is the same, and never before what it was without them."""
    plain, more = compute(rules, bought), compute(rules, bought, given_)
    assert compute(rules, bought, reversed(given_)) == more
    end = more.contract_until or more.until
    if plain.until is not None:
        assert end is not None and end >= plain.until
    months = sum(each.months for each in given_)
    if months and more.starts_on is not None:
        base = next((rule.months for rule in rules if rule.id == more.rule_id), 0)
        assert end == add_months(more.starts_on, base + months)


def test_the_most_specific_rule_counts() -> None:
    """Product before family before all, then the country, then the time of purchase, then the condition."""
    everything = Rule(id=1, name="all", months=6)
    abroad = Rule(id=2, name="in India", months=12, country="IN")
    fridges = Rule(id=3, name="fridges", months=3, family="fridge")
    lately = Rule(id=4, name="fridges since 2026", months=4, family="fridge", bought_from=date(2026, 1, 1))
    quick = Rule(
        id=5,
        name="registered in time",
        months=36,
        family="fridge",
        bought_from=date(2026, 1, 1),
        register_within_days=60,
    )
    this = Rule(id=6, name="this one", months=1, product_id=7)
    rules = [everything, abroad, fridges, lately, quick, this]
    expected = ["this one", "registered in time", "fridges since 2026", "fridges", "in India", "all"]
    for name in expected:
        assert compute(rules, facts()).name == name
        rules = [rule for rule in rules if rule.name != name]
    nothing = compute(rules, facts())
    assert nothing.until is None
    assert "No warranty rule fits a purchase on 2026-01-15 in IN" in nothing.reason


def test_a_condition_counts_to_its_last_day() -> None:
    """Registered on the 30th day is in time, on the 31st it is not, and the reason says which rule it was."""
    rules = [Rule(id=1, name="plain", months=12), Rule(id=2, name="early", months=24, register_within_days=30)]
    bought = date(2026, 1, 31)
    in_time = facts(purchased_on=bought, registered_on=bought + timedelta(days=30))
    late = facts(purchased_on=bought, registered_on=bought + timedelta(days=31))
    assert compute(rules, in_time).reason == (
        "early: 24 months from purchase on 2026-01-31, registered within 30 days. Covered until 2028-01-31."
    )
    assert compute(rules, late).name == "plain"


def test_the_last_day_counts_until_it_is_over_everywhere_in_the_country() -> None:
    """India has one midnight, the United States several; the customer gets the last one."""
    cover = Cover(country="IN", warranty_until=date(2026, 3, 2), contract_until=None)
    end = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
    assert entitlement.state_at(cover, end - timedelta(seconds=1)) == ("in_warranty", date(2026, 3, 2))
    assert entitlement.state_at(cover, end) == ("expired", date(2026, 3, 2))
    assert days.end_of(date(2026, 3, 2), "IN") == end
    american = Cover(country="US", warranty_until=date(2026, 3, 2), contract_until=None)
    assert entitlement.state_at(american, datetime(2026, 3, 3, 9, tzinfo=UTC))[0] == "in_warranty"


@given(st.sampled_from(sorted(country_codes())), st.datetimes(datetime(2000, 1, 1), datetime(2080, 1, 1)))
def test_days_of_a_country_are_never_far_apart(country: str, naive: datetime) -> None:
    """The day that ends last is today or the one before, and ends after this instant."""
    at = naive.replace(tzinfo=UTC)
    last, first = days.last_to_end(country, at), days.first_to_begin(country, at)
    assert timedelta(0) <= first - last <= timedelta(days=2)
    assert days.end_of(last, country) > at


def test_a_contract_takes_over_when_the_warranty_ends() -> None:
    """In warranty, then contract, then expired with the day on which it ended; without any date none."""
    cover = Cover(country="IN", warranty_until=date(2026, 3, 1), contract_until=date(2027, 3, 1))
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    states = [entitlement.state_at(cover, noon + timedelta(days=days_on)) for days_on in (0, 1, 366)]
    assert states == [
        ("in_warranty", date(2026, 3, 1)),
        ("contract", date(2027, 3, 1)),
        ("expired", date(2027, 3, 1)),
    ]
    assert entitlement.state_at(Cover(country="IN", warranty_until=None, contract_until=None), noon) == ("none", None)


@pytest.mark.parametrize("code", ["EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "IC", "00", ""])
def test_what_is_no_country_is_refused(code: str) -> None:
    """Unions, parts of countries and CLDR's codes for tests; real countries are taken in any case."""
    with pytest.raises(Invalid):
        days.country_code(code)
    assert [days.country_code(each) for each in ("in", " US ", "XK")] == ["IN", "US", "XK"]


async def test_a_rule_for_no_country_is_refused(db: Database) -> None:
    """It would never count for anybody."""
    async with unit_of_work(db) as session:
        with pytest.raises(Invalid):
            await rows.rule(session, country="ZZ")
