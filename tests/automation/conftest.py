"""Fixtures of automation."""

import pytest

from core.clock import ManualClock
from core.db import Database
from tests.automation.rule_desk import RuleDesk


@pytest.fixture
async def desk(db: Database, clock: ManualClock) -> RuleDesk:
    """A desk whose log is followed from now on."""
    made = RuleDesk(db)
    await made.begin()
    return made
