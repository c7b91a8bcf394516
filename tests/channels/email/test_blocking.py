"""Blocked senders: their mails stay in the ledger and open nothing."""

import pytest
from sqlalchemy import select

from channels.email import blocking
from core.db import Database, unit_of_work
from core.errors import Invalid, NotFound
from core.events import EventRow
from tests import factories

pytestmark = pytest.mark.usefixtures("clock")


@pytest.mark.parametrize(
    ("pattern", "address", "stopped"),
    [
        ("spam@bad.example", "spam@bad.example", True),
        ("spam@bad.example", "other@bad.example", False),
        ("@bad.example", "other@bad.example", True),
        ("@bad.example", "x@mail.bad.example", True),
        ("@bad.example", "x@notbad.example", False),
        (" @BAD.example ", "x@bad.example", True),
    ],
)
async def test_a_rule_stops_whom_it_names(db: Database, pattern: str, address: str, stopped: bool) -> None:
    """An address exactly; a domain with everything below it, and nothing beside it."""
    async with unit_of_work(db) as session:
        await blocking.add(session, pattern, "Nothing but advertising")
        found = blocking.blocked(await blocking.rules(session), address)
    assert (found is not None) is stopped


async def test_rules_come_and_go(db: Database) -> None:
    """Adding twice is one rule with the later reason; a removed one stops nothing."""
    async with unit_of_work(db) as session:
        await blocking.add(session, "@bad.example", "first")
        rule = await blocking.add(session, "@bad.example", "second")
        assert [each.reason for each in await blocking.listed(session)] == ["second"]
        await blocking.remove(session, rule.id)
        assert blocking.blocked(await blocking.rules(session), "x@bad.example") is None
        with pytest.raises(NotFound):
            await blocking.remove(session, rule.id)


async def test_who_blocked_whom_and_who_let_him_in_is_on_record(db: Database) -> None:
    """A blocked customer is not heard any more: the event log says whose word that was, also when the rule is gone."""
    async with unit_of_work(db) as session:
        neha, ravi = await factories.agent(session, name="Neha"), await factories.agent(session, name="Ravi")
    async with unit_of_work(db, factories.actor(neha)) as session:
        rule = await blocking.add(session, "@bad.example", "Advertising")
    async with unit_of_work(db, factories.actor(ravi)) as session:
        await blocking.remove(session, rule.id)
    async with db.sessions() as session:
        rows = await session.execute(
            select(EventRow.kind, EventRow.actor_id, EventRow.data)
            .where(EventRow.kind.startswith("sender."))
            .order_by(EventRow.id)
        )
        said = {"pattern": "@bad.example", "reason": "Advertising"}
        assert [tuple(row) for row in rows] == [
            ("sender.blocked", neha.id, said),
            ("sender.let_in", ravi.id, said),
        ]


@pytest.mark.parametrize("pattern", ["", "@", "bad.example", "@bad", "a@"])
async def test_what_names_nobody_is_refused(db: Database, pattern: str) -> None:
    """A rule that would block everybody, or nobody, is a slip of the hand."""
    async with unit_of_work(db) as session:
        with pytest.raises(Invalid):
            await blocking.add(session, pattern)
