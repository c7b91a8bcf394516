"""Fixtures of the chat: a desk with a widget, open for visitors."""

from collections.abc import Iterator

import pytest

from core import events
from core.clock import ManualClock
from core.db import Database
from core.storage import Storage
from tests.channels.chat.talking import Desk, opened


@pytest.fixture(autouse=True)
def handlers_as_before() -> Iterator[None]:
    """The table of handlers of the process is put back after each test."""
    before = events._handlers
    yield
    events.subscribe(before)


@pytest.fixture
async def desk(db: Database, storage: Storage, clock: ManualClock) -> Desk:
    """A desk that is open."""
    return await opened(db, storage, clock)
