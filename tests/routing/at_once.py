"""A desk of hypothesis' own on real PostgreSQL, on which several things are done at the same time."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

import asyncpg
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from sqlalchemy import text

from core import clock as clocks
from core.db import Database, unit_of_work
from core.errors import DeskError
from routing import rounds
from tests.conftest import EMPTY, START
from tests.routing.deciding import wire


class AtOnce(RuleBasedStateMachine):
    """An empty desk with the product's handlers, a turned clock, and a way to start transactions together.

    Args:
        url: of an empty desk.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = clocks.ManualClock(START)
        self.stack = contextlib.ExitStack()
        self.stack.enter_context(clocks.use(self.clock))
        self.db = Database(url, pool_size=10)
        wire()
        self.run(self._empty())
        self.run(self.prepare())

    async def _empty(self) -> None:
        broom = await asyncpg.connect(self.db.url)
        await broom.execute(EMPTY)
        await broom.close()

    async def prepare(self) -> None:
        """What the desk has at the beginning."""

    def teardown(self) -> None:
        """Everything is given back."""
        self.run(self.db.close())
        self.stack.close()
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Until it is done."""
        return self.loop.run_until_complete(work)

    def together(self, *work: Awaitable[None]) -> None:
        """All at once; what the desk refuses is refused, anything else is a fault."""

        async def all_of_it() -> list[Any]:
            async with asyncio.timeout(60):
                return await asyncio.gather(*work, return_exceptions=True)

        for each in self.run(all_of_it()):
            if isinstance(each, BaseException) and not isinstance(each, DeskError):
                raise each

    async def round(self, number: int = 3) -> None:
        """A router gives away what waits."""
        async with unit_of_work(self.db) as session:
            await rounds.give_away(session, 1 + number % 5, "test")

    def pass_time(self, seconds: float) -> None:
        """Time passes, and everybody is still there."""
        self.clock.advance(timedelta(seconds=seconds))
        self.run(self._live())

    async def _live(self) -> None:
        async with unit_of_work(self.db) as session:
            await session.execute(text("update presence set heartbeat_at = :now"), {"now": self.clock.now()})


def try_everything(machine: Callable[[], AtOnce], examples: int = 10, steps: int = 8) -> None:
    """Let hypothesis look for a course of things that breaks a rule."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )
