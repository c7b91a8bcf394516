"""Tiers: a customer's own before that of her organisation, spelled as the desk spells them, on record when changed."""

import pytest
from sqlalchemy import select

from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.errors import Invalid, NotFound, Stale
from core.events import EventRow
from customers import organisations, service, tiers
from customers.service import CustomerChange


async def test_tiers_are_spelled_alike_and_known(db: Database, clock: ManualClock) -> None:
    """One says gold, another Gold: it is the same; blanks go; none is none; changes of both are events."""
    async with unit_of_work(db) as session:
        asha = await service.find_or_create(session, "asha@firm.example")
        await service.change(session, asha.id, CustomerChange(tier="  Gold "))
        organisation = asha.organisation_id or (await service.get(session, asha.id)).organisation_id or 0
        changed = await organisations.set_tier(session, organisation, "GOLD", if_version=1)
        assert (changed.tier, changed.version) == ("Gold", 2)
        await organisations.set_tier(session, organisation, "gold")
        assert await tiers.known(session) == ["Gold"]
        assert await tiers.spelled(session, "SILVER", ["Silver", None]) == "Silver"
        assert (await service.change(session, asha.id, CustomerChange(tier=" "))).tier is None
    async with reading(db) as session:
        rows = await session.scalars(select(EventRow.data).where(EventRow.kind == "organisation.changed"))
        assert [each["changes"] for each in rows] == [{"tier": [None, "Gold"]}]


async def test_what_is_no_tier_is_refused(db: Database, clock: ManualClock) -> None:
    """Too long, or with signs that sentences have; somebody else's change; a company that is not there."""
    async with unit_of_work(db) as session:
        asha = await service.find_or_create(session, "asha@firm.example")
        for wrong in ("x" * 41, "Gold, old", "Gold: old"):
            with pytest.raises(Invalid):
                await service.change(session, asha.id, CustomerChange(tier=wrong))
        organisation = (await service.get(session, asha.id)).organisation_id or 0
        with pytest.raises(Stale):
            await organisations.set_tier(session, organisation, "Gold", if_version=7)
        with pytest.raises(NotFound):
            await organisations.set_tier(session, organisation + 99, "Gold")
