"""Fixtures of the e-mail channel: an account, and a private Dovecot."""

import pytest

from channels.models import ChannelAccount
from core import clock
from core.db import Database, unit_of_work


async def make_account(db: Database, name: str = "Support", **values) -> int:
    """A mailbox of the desk; returns its id."""
    given = {
        "channel": "email",
        "name": name,
        "address": f"{name.lower()}@desk.test",
        "aliases": [],
        "display_name": name,
        "settings": {},
        "cursor": {},
        "created_at": clock.now(),
    }
    async with unit_of_work(db) as session:
        account = ChannelAccount(**{**given, **values})
        session.add(account)
        await session.flush()
        return account.id


@pytest.fixture
async def account(db) -> int:
    """The mailbox support@desk.test with the alias help@desk.test."""
    return await make_account(db, aliases=["help@desk.test"])
