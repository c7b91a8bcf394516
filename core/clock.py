"""The one clock. Every module that needs the time asks here, so that a whole day can run in a test in seconds.

Kernel module. A lint (tools/lint) forbids asking the operating system anywhere else. The real clock is the
default; tests and the simulator install a :class:`ManualClock` with :func:`use` and turn it by hand.
"""

import asyncio
import contextlib
import heapq
import itertools
import time
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What a clock must offer."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait until ``seconds`` of this clock's time have passed."""
        ...


class SystemClock:
    """The operating system's clock."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until it is turned.

    Args:
        start: the first instant, aware.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._order = itertools.count()
        self._waiting: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """The instant the clock was last turned to."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been turned ``seconds`` further."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self._now + timedelta(seconds=seconds), next(self._order), future))
        await future

    def advance(self, by: timedelta) -> None:
        """Turn the clock forward and wake every sleeper whose time has come, in order."""
        self._now += by
        while self._waiting and self._waiting[0][0] <= self._now:
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                future.set_result(None)


_current: Clock = SystemClock()


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return _current.now()


async def sleep(seconds: float) -> None:
    """Wait ``seconds`` of the installed clock's time."""
    await _current.sleep(seconds)


def monotonic() -> float:
    """Seconds of a clock that never goes back, for measuring durations (always real time)."""
    return time.monotonic()


@contextlib.contextmanager
def use(clock: Clock) -> Iterator[Clock]:
    """Install another clock for the length of a ``with`` block (the whole process: tests and replays only)."""
    global _current  # noqa: PLW0603 - the one place where the process's clock is held
    before, _current = _current, clock
    try:
        yield clock
    finally:
        _current = before


def is_time_zone(name: str) -> bool:
    """Whether there is a time zone of this name, such as Asia/Kolkata (IANA time zone database)."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
