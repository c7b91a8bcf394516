"""A flood of chats and several routers at once: what waits in front of it has its turn, whatever room it needs."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import text

from core.db import unit_of_work
from staff.models import Agent
from tests import factories
from tests.routing.at_once import AtOnce, try_everything
from tests.routing.deciding import set_kind
from tickets import lifecycle
from tickets.lifecycle import TicketChange

AGENTS, CAPACITY = 3, 3
FLOOD = 5
"""Chats that come in each step at most; no more than three are finished."""
TURNS = {"email": 2, "web": 3 * CAPACITY}
"""After so many steps a letter that takes one place must have it, and what needs all of an agent one who is empty; each
step every agent finishes something, and two routers may meet once in each."""
_WAITS = text("select state from work_items where ticket_id = :id")
_HELD = text(
    "select ticket_id from work_items where agent_id = :id and state = 'assigned' order by id offset :n limit 1"
)


class Flood(AtOnce):
    """More chats than three agents can finish, and now and then something that came before the last of them."""

    async def prepare(self) -> None:
        """Everybody is full of chats, and more wait."""
        self.number = 0
        self.pressing: dict[int, tuple[str, int]] = {}
        async with unit_of_work(self.db) as session:
            self.team = await factories.team(session)
            self.agents: list[Agent] = [
                await factories.agent(session, self.team, capacity=CAPACITY, present="available") for _ in range(AGENTS)
            ]
        await set_kind(self.db, "chat", head_start_seconds=0, idle_after_seconds=None)
        await set_kind(self.db, "web", weight=float(CAPACITY), blocks=True)
        for _ in range(AGENTS * CAPACITY + FLOOD):
            await self.arrive("chat")

    async def arrive(self, kind: str) -> int:
        """Somebody writes."""
        self.number += 1
        async with unit_of_work(self.db) as session:
            sender = f"c{self.number}@x.example"
            return (await factories.received(session, sender=sender, team_id=self.team.id, channel=kind)).ticket_id

    async def chat(self) -> None:
        """One more."""
        await self.arrive("chat")

    async def finish(self, agent: Agent, which: int) -> None:
        """She is done with something."""
        async with unit_of_work(self.db) as session:
            held: Any = await session.scalar(_HELD, {"id": agent.id, "n": which})
            if held is None:
                held = await session.scalar(_HELD, {"id": agent.id, "n": 0})
            if held is not None:
                await lifecycle.change(session, held, TicketChange(status="solved"))

    @precondition(lambda self: len(self.pressing) < 2)
    @rule(kind=st.sampled_from(sorted(TURNS)))
    def something_else_comes(self, kind: str) -> None:
        """Behind the chats that wait by now, before all that are still to come."""
        self.pass_time(1)
        self.pressing[self.run(self.arrive(kind))] = (kind, self.ahead())

    def ahead(self) -> int:
        """How many steps it takes at most until the chats that wait by now have places."""

        async def count() -> int:
            async with self.db.sessions() as session:
                return int(await session.scalar(text("select count(*) from work_items where state = 'waiting'")) or 0)

        return -(-self.run(count()) // AGENTS)

    @rule(chats=st.integers(3, FLOOD), which=st.lists(st.integers(0, 2), min_size=AGENTS, max_size=AGENTS))
    def chats_pour_in(self, chats: int, which: list[int]) -> None:
        """As many as are finished at least, all at once with two routers; and a look at who still waits."""
        self.pass_time(1)
        done = [self.finish(agent, number) for agent, number in zip(self.agents, which, strict=True)]
        self.together(*(self.chat() for _ in range(chats)), *done, self.round(4), self.round(4))
        self.run(self.round(4))
        self.run(self.look())

    async def look(self) -> None:
        """Who waits has one turn less; nobody waits longer than that."""
        async with self.db.sessions() as session:
            for ticket, (kind, passed) in list(self.pressing.items()):
                if await session.scalar(_WAITS, {"id": ticket}) != "waiting":
                    del self.pressing[ticket]
                    continue
                self.pressing[ticket] = (kind, passed - 1)
                assert passed + TURNS[kind] > 0, f"a {kind} still waits behind chats that came later"


def test_no_flood_of_chats_starves_anything(database_url: str) -> None:
    """Letters and what needs a whole agent go before the chats that came after them, whichever routers meet."""
    try_everything(lambda: Flood(database_url), examples=6, steps=25)
