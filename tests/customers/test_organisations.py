"""Organisations by mail domain: one for each owner of a domain, told apart by name, none of free mail."""

import pytest
from sqlalchemy import select

from core.clock import ManualClock
from core.db import Database, unit_of_work
from customers import service
from customers.domains import organisation_domain
from customers.models import Organisation


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("asha@firm.co.in", "firm.co.in"),
        ("asha@mail.firm.co.in", "firm.co.in"),
        ("asha@eu.west.firm.example", "firm.example"),
        ("asha@gmail.com", None),
        ("asha@mx.gmail.com", None),
        ("asha@co.in", None),
        ("asha@example.org", None),
        ("asha@desk.example.com", None),
        ("asha@localhost", None),
        ("asha@10.0.0.5", None),
        ("asha@[127.0.0.1]", None),
        ("asha@[ipv6:2001:db8::1]", None),
        ("asha@4you.example", "4you.example"),
    ],
)
def test_whose_a_domain_is(address: str, domain: str | None) -> None:
    """What was registered counts; free mail, suffixes, numbers and reserved domains are nobody's."""
    assert organisation_domain(address) == domain


async def test_no_two_have_one_name(db: Database, clock: ManualClock) -> None:
    """People of one firm share it whatever its mail hosts are called; another firm's is named by its whole domain."""
    async with unit_of_work(db) as session:
        for address in ("a@firm.co.in", "b@mail.firm.co.in", "c@firm.example", "d@eu.firm.example", "e@example.com"):
            await service.find_or_create(session, address, "Asha")
        rows = await session.execute(select(Organisation.name, Organisation.domain).order_by(Organisation.id))
        assert [tuple(row) for row in rows] == [("Firm", "firm.co.in"), ("firm.example", "firm.example")]
