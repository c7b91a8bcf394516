"""How long a product is covered: the choice of a rule and the arithmetic of months.

Pure: facts, rules and extensions in, a warranty with its reason out; the same whenever it is asked, whatever order the
rules come in. ``products/coverage.py`` freezes the answer on the registration.

The most specific rule that fits counts: one for the product before one for its family before one for all, then one for
the country, then one for a time of purchase, then one with a condition; among equals the longer, then the older one.
"""

import calendar
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, Literal

import msgspec

MOST_MONTHS: Final = 600
_LAST_YEAR: Final = 9998

StartsFrom = Literal["purchase", "registration"]
Kind = Literal["granted", "bought"]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. What is None or empty does not limit it.

    Attributes:
        id: older rules have smaller ones.
        name: for people; frozen with the warranty.
        product_id: only this product.
        family: only this family of products.
        country: only when it was bought for this country.
        bought_from: only when it was bought on this day or later.
        bought_until: only when it was bought on this day or earlier.
        register_within_days: only when it was registered within so many days of the purchase.
        starts_from: the day that months are counted from.
        months: how many.
        covers: what is covered, in words (parts, labour).
    """

    id: int
    name: str
    months: int
    product_id: int | None = None
    family: str | None = None
    country: str | None = None
    bought_from: date | None = None
    bought_until: date | None = None
    register_within_days: int | None = None
    starts_from: StartsFrom = "purchase"
    covers: str = ""


class Extension(msgspec.Struct, frozen=True):
    """More months: granted by us, or bought as a contract."""

    kind: Kind
    months: int


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the choice depends on."""

    product_id: int
    family: str
    country: str
    purchased_on: date
    registered_on: date


class Warranty(msgspec.Struct, frozen=True, kw_only=True):
    """What a product is covered by.

    Attributes:
        rule_id: the rule that counts; None: there is none.
        name: its name.
        covers: what is covered.
        starts_on: the first day.
        until: the last day of the warranty with what was granted; None: no warranty.
        contract_until: the last day of what was bought on top; None: nothing was.
        reason: how this came about, as a sentence for an agent.
    """

    rule_id: int | None
    name: str
    covers: str
    starts_on: date | None
    until: date | None
    contract_until: date | None
    reason: str


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or the last day of that month when it has no such day (31 January + 1)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > _LAST_YEAR:
        return date(_LAST_YEAR, 12, 31)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def fits(rule: Rule, facts: Facts) -> bool:
    """Whether a rule speaks of this purchase."""
    if rule.product_id not in (None, facts.product_id) or rule.family not in (None, "", facts.family):
        return False
    if rule.country not in (None, "", facts.country):
        return False
    if rule.bought_from is not None and facts.purchased_on < rule.bought_from:
        return False
    if rule.bought_until is not None and facts.purchased_on > rule.bought_until:
        return False
    return rule.register_within_days is None or facts.registered_on <= _last_day_to_register(rule, facts)


def _last_day_to_register(rule: Rule, facts: Facts) -> date:
    return facts.purchased_on + timedelta(days=rule.register_within_days or 0)


def _order(rule: Rule) -> tuple[bool, bool, bool, int, bool, int, int]:
    """Larger is more specific; no two rules are equal, for ids differ."""
    dates = (rule.bought_from is not None) + (rule.bought_until is not None)
    conditional = rule.register_within_days is not None
    return (
        rule.product_id is not None,
        bool(rule.family),
        bool(rule.country),
        dates,
        conditional,
        rule.months,
        -rule.id,
    )


def choose(rules: Iterable[Rule], facts: Facts) -> Rule | None:
    """The rule that counts, or None when none fits."""
    return max((rule for rule in rules if fits(rule, facts)), key=_order, default=None)


def compute(rules: Iterable[Rule], facts: Facts, extensions: Iterable[Extension] = ()) -> Warranty:
    """The warranty of one registered product.

    Months are always counted from the first day at once, so that two extensions of a month lead to the same day as one
    of two months.

    Args:
        rules: all rules in force.
        facts: of the purchase.
        extensions: all that the product was given.
    """
    rule = choose(rules, facts)
    granted, bought = _months(extensions)
    start = facts.purchased_on
    if rule is not None and rule.starts_from == "registration":
        start = max(facts.purchased_on, facts.registered_on)
    base = rule.months if rule is not None else 0
    in_all = base + granted
    until = add_months(start, in_all) if in_all else None
    return Warranty(
        rule_id=rule.id if rule is not None else None,
        name=rule.name if rule is not None else "",
        covers=rule.covers if rule is not None else "",
        starts_on=start if in_all or bought else None,
        until=until,
        contract_until=add_months(start, in_all + bought) if bought else None,
        reason=_reason(rule, facts, start, until, granted, bought),
    )


def _months(extensions: Iterable[Extension]) -> tuple[int, int]:
    given = {"granted": 0, "bought": 0}
    for each in extensions:
        given[each.kind] += each.months
    return given["granted"], given["bought"]


def _reason(rule: Rule | None, facts: Facts, start: date, until: date | None, granted: int, bought: int) -> str:
    more = [f"{granted} months granted"] if granted else []
    more += [f"{bought} months bought"] if bought else []
    if rule is None:
        said = f"No warranty rule fits a purchase on {facts.purchased_on.isoformat()} in {facts.country}"
    else:
        what = "purchase" if rule.starts_from == "purchase" else "registration"
        said = f"{rule.name}: {rule.months} months from {what} on {start.isoformat()}"
        if rule.register_within_days is not None:
            said += f", registered within {rule.register_within_days} days"
    said = "; ".join([said, *more])
    return f"{said}. Covered until {until.isoformat()}." if until is not None else f"{said}."
