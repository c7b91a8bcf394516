"""Cheap hashing and the product's roles for tests of our own people."""

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from core.clock import ManualClock
from core.db import Database, unit_of_work
from staff import agents, passwords, permissions, teams
from staff.agents import NewAgent

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with hardly any work."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(passwords, "HASHER", cheap)


@pytest.fixture
async def team_id(db: Database, clock: ManualClock) -> int:
    """A team, in a desk that has its roles."""
    async with unit_of_work(db) as session:
        await permissions.sync_roles(session)
        return await teams.create(session, "Repairs")


@pytest.fixture
async def agent_id(db: Database, team_id: int) -> int:
    """An agent of the team."""
    async with unit_of_work(db) as session:
        new = NewAgent(name="Meera", email="Meera@desk.example", password=PASSWORD, team_ids=(team_id,))
        return await agents.create(session, new)
