"""The scripted visitor: she opens the chat as a browser does, answers what is said, and goes away; on the turned clock."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.chat import presence
from channels.chat.models import Chat
from core.clock import ManualClock
from core.db import reading, unit_of_work
from core.errors import Unavailable
from simulator.visitor import PATIENCE_SECONDS, VISITS, Visitor, Visitors
from tests.portal.widget.conftest import WAIT, Site, fresh_limits, handlers_as_before, site
from tickets.models import Message

__all__ = ["fresh_limits", "handlers_as_before", "site"]


async def turned(clock: ManualClock, reached: Callable[[], Awaitable[bool]], by: float = 1.0) -> None:
    """Turn the clock until something is so; by nothing: wait for what no clock is asked for."""
    async with asyncio.timeout(WAIT):
        while not await reached():
            clock.advance(timedelta(seconds=by))
            await asyncio.sleep(0)


async def words(site: Site) -> list[str]:
    """What the visitor has said, in order."""
    async with reading(site.desk.db) as session:
        said = select(Message.text).where(Message.kind == "customer").order_by(Message.id)
        return [text.strip() for text in await session.scalars(said)]


async def test_she_asks_answers_and_goes(site: Site, clock: ManualClock) -> None:
    """Her lines come one by one, each after an answer; she has read them, leaves, and is seen to have left."""
    visit = VISITS[0]
    visitor = Visitor(visit, f"127.0.0.1:{site.port}", site.desk.widget.key)
    await visitor.begin()
    chat = await site.desk.newest()
    assert (chat.page_title, await words(site)) == (visit.page[1], [visit.lines[0]])
    staying = asyncio.create_task(visitor.stay())
    for number in range(1, len(visit.lines) + 1):
        await site.desk.answer(chat, f"Answer {number}")
        await turned(clock, lambda number=number: heard(visitor, number), by=0)  # type: ignore[misc]
        if number < len(visit.lines):
            await turned(clock, lambda number=number: said(site, number + 1))  # type: ignore[misc]
    await turned(clock, lambda: ended(staying))
    assert await words(site) == list(visit.lines)
    known: Chat = await site.desk.chat(chat)
    assert (known.read_seq, known.state) == (6, "open")
    clock.advance(presence.GRACE + timedelta(seconds=1))
    async with unit_of_work(site.desk.db) as session:
        await presence.sweep(session)
    assert (await site.desk.chat(chat)).left_at is not None


async def said(site: Site, count: int) -> bool:
    """Whether she has said so many lines."""
    return len(await words(site)) >= count


async def heard(visitor: Visitor, count: int) -> bool:
    """Whether so many answers have reached her window."""
    return visitor.answers >= count


async def ended(task: asyncio.Task[None]) -> bool:
    """Whether she has gone."""
    return task.done()


async def test_she_loses_patience_and_comes_to_no_desk_without_a_widget(site: Site, clock: ManualClock) -> None:
    """Nobody answers: she leaves by herself; a wrong widget is told; the next one is somebody else."""
    visitors = Visitors()
    desk = f"127.0.0.1:{site.port}"
    assert (await visitors.come(desk, site.desk.widget.key)).name == VISITS[0].name
    (staying,) = visitors._here
    await turned(clock, lambda: ended(staying), by=PATIENCE_SECONDS / 10)
    assert await words(site) == [VISITS[0].lines[0]]
    with pytest.raises(Unavailable):
        await visitors.come(desk, "no-such-widget")
    assert (await visitors.come(desk, site.desk.widget.key)).name == VISITS[2].name
    await visitors.leave()
