"""Whether the window offers a chat: an agent is there, the hours allow it; if not, when we are back (field 2.4.10)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from channels.chat import opening, widgets
from channels.chat.opening import Opening
from channels.chat.widgets import WidgetChange
from core.db import reading, unit_of_work
from core.errors import Invalid
from routing.models import Presence
from tests import factories
from tests.channels.chat.talking import Desk

MORNING = datetime(2026, 3, 3, 3, 30, tzinfo=UTC)
"""Nine o'clock on Tuesday in Kolkata."""


async def now(desk: Desk) -> Opening:
    """What the window is told."""
    async with reading(desk.db) as session:
        return await opening.of_widget(session, await widgets.get(session, desk.widget.id))


async def be(desk: Desk, state: str) -> None:
    """The agent's state, with a fresh heartbeat."""
    async with unit_of_work(desk.db) as session:
        await session.execute(update(Presence).values(state=state, heartbeat_at=desk.clock.now()))


async def test_somebody_must_be_there(desk: Desk) -> None:
    """On a break, signed out, or with a browser that has fallen silent she cannot chat."""
    assert await now(desk) == Opening(True, 0)
    for state in ("break", "offline"):
        await be(desk, state)
        assert await now(desk) == Opening(False)
    await be(desk, "busy")
    assert (await now(desk)).is_open
    desk.clock.advance(timedelta(minutes=2))
    assert await now(desk) == Opening(False)


async def test_only_the_widgets_team_counts(desk: Desk) -> None:
    """An agent of another team answers no chats of this one."""
    async with unit_of_work(desk.db) as session:
        team = await factories.team(session)
        await widgets.change(session, desk.widget.id, WidgetChange(team_id=team.id))
    assert not (await now(desk)).is_open


async def test_at_night_the_window_says_when_it_opens(desk: Desk) -> None:
    """With hours the chat is closed outside of them, whoever is there; the moment is one that any zone can show."""
    async with unit_of_work(desk.db) as session:
        await widgets.change(session, desk.widget.id, WidgetChange(hours="default"))
    assert (await now(desk)).is_open
    desk.clock.advance(timedelta(hours=8))
    await be(desk, "available")
    assert await now(desk) == Opening(False, next_at=MORNING)


async def test_without_hours_whoever_is_there_chats(desk: Desk) -> None:
    """A small desk chats when it is there; when it is not, the usual hours say when somebody will be."""
    desk.clock.advance(timedelta(hours=8))
    assert await now(desk) == Opening(False, next_at=MORNING)
    await be(desk, "available")
    assert (await now(desk)).is_open


async def test_hours_must_exist(desk: Desk) -> None:
    """A name that nobody has written is refused."""
    async with unit_of_work(desk.db) as session:
        with pytest.raises(Invalid):
            await widgets.change(session, desk.widget.id, WidgetChange(hours="no such hours"))
