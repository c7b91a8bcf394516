"""Policies of response times: which one fits, what it says in words, and what is refused."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
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
    gold = Policy(id=5, name="x", tier="Gold")
    team = Policy(id=6, name="x", team_id=7)
    queue = Policy(id=7, name="x", queue_id=9)
    known += [gold, team, queue]
    assert policies.choose(known, Matter("none", None, "urgent", 7, 9)) is queue
    assert policies.choose(known, Matter("contract", None, "urgent", 7, 9, "GOLD")) is gold
    assert policies.choose(known, Matter("contract", None, "low", 7)) is contract
    assert policies.choose(known, Matter("none", None, "urgent", 7)) is team
    assert policies.choose(known, Matter("none", None, "urgent", 8, 8, "Silver")) is urgent


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
        ("queueId", {"queue_id": 10**9}),
        ("teamId", {"team_id": 10**9}),
        ("tier", {"tier": "x" * 41}),
        ("resolution.minutes", {"targets": {"resolution": Target(0)}}),
        ("nextResponse.minutes", {"targets": {"next_response": Target(367 * 24 * 60)}}),
        ("warnings", {"warnings": (0,)}),
        ("warnings", {"warnings": (10, 20, 30, 40, 50)}),
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


async def test_two_saves_at_once_make_one_policy(db: Database, clock: ManualClock) -> None:
    """For the same requests: the other one is told so, whether it is new or was for other requests before."""
    low = await policy(db, priority="low")
    draft = Draft(name="Everybody", targets={"resolution": Target(60)})
    waits = text(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )

    async def late(policy_id: int | None) -> None:
        async with unit_of_work(db) as session:
            await policies.save(session, draft, policy_id)

    async with unit_of_work(db) as session:
        await policies.save(session, draft)
        others = [asyncio.create_task(late(None)), asyncio.create_task(late(low.id))]
        while not all(each.done() for each in others):
            async with reading(db) as looking:
                if await looking.scalar(waits) == len(others):
                    break
    ends = await asyncio.gather(*others, return_exceptions=True)
    assert [type(each) for each in ends] == [Invalid, Invalid]
    async with reading(db) as session:
        assert [each.priority for each in await policies.list_policies(session)] == ["low", None]
