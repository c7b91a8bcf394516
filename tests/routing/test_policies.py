"""Policies of response times: which one fits, what it says in words, and what is refused."""

from typing import Any

import pytest

from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import Invalid, NotFound, Stale
from routing import policies
from routing.policies import Draft, Matter, Policy, Target


async def policy(db: Database, **fields: Any) -> Policy:
    """A policy for everybody: first answer within four opening hours."""
    values = {"name": "Everybody", "targets": {"first_response": Target(240)}} | fields
    async with unit_of_work(db) as session:
        return await policies.save(session, Draft(**values))


def test_the_most_specific_policy_counts() -> None:
    """Both before the entitlement alone, that before the priority alone, that before everybody; else there is none."""

    def made(number: int, entitlement: str | None, priority: str | None) -> Policy:
        return Policy(id=number, name="x", entitlement=entitlement, priority=priority)

    everybody, urgent = made(1, None, None), made(2, None, "urgent")
    contract, both = made(3, "contract", None), made(4, "contract", "urgent")
    known = [everybody, urgent, contract, both]
    assert policies.choose(known, Matter("contract", None, "urgent")) is both
    assert policies.choose(known, Matter("contract", None, "low")) is contract
    assert policies.choose(known, Matter("none", None, "urgent")) is urgent
    assert policies.choose(known, Matter("none", None, "low")) is everybody
    assert policies.choose([contract], Matter("none", None, "low")) is None


@pytest.mark.parametrize(
    ("minutes", "business", "said"),
    [(60, True, "1 opening hour"), (90, True, "90 opening minutes"), (1, False, "1 minute"), (2880, False, "48 hours")],
)
def test_lengths_of_time_in_words(minutes: int, business: bool, said: str) -> None:
    """Whole hours are hours."""
    assert policies.span(minutes, business=business) == said


async def test_policies_that_make_no_sense_are_refused(db: Database, clock: ManualClock) -> None:
    """Each with its field; two for the same requests; somebody else's change; one that is not there."""
    made = await policy(db)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("name", {"name": " "}),
        ("entitlement", {"entitlement": "gold"}),
        ("priority", {"priority": "now"}),
        ("targets", {"targets": {}}),
        ("hours", {"hours": "moon"}),
        ("entitlement", {"name": "The same again"}),
    ]
    for field, fields in wrong:
        with pytest.raises(Invalid) as refused:
            await policy(db, **({"priority": "low"} if "name" not in fields or field == "name" else {}) | fields)
        assert refused.value.extra["errors"][0]["field"] == field
    async with unit_of_work(db) as session:
        draft = Draft(name="x", targets={"resolution": Target(60)})
        await policies.save(session, draft, made.id, if_version=1)
        with pytest.raises(Stale):
            await policies.save(session, draft, made.id, if_version=1)
        with pytest.raises(NotFound):
            await policies.remove(session, made.id + 99)
        assert [each.name for each in await policies.list_policies(session)] == ["x"]
