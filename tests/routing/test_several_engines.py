"""Several routers at once on one database, whatever happens meanwhile: nothing twice, nothing too much, nothing lost."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import text

from core.db import unit_of_work
from routing import floor as floors
from routing import offers, presence, rounds
from staff.models import Agent, Team
from tests import factories
from tests.routing.at_once import AtOnce, try_everything
from tests.routing.deciding import set_kind
from tickets import lifecycle
from tickets.lifecycle import TicketChange

AGENTS = 4
KINDS = ("email", "chat", "web")
OFFERED = 20

_WRONG = text(
    """
    select w.ticket_id, w.state, w.agent_id, t.assignee_id, t.status, o.offers, o.agent_id as offered_to
    from work_items w join tickets t on t.id = w.ticket_id cross join lateral (
        select count(*) as offers, min(agent_id) as agent_id from offers where item_id = w.id and state = 'offered') o
    where w.state is distinct from case when t.status in ('solved', 'closed') then 'done'
            when t.status <> 'open' then 'resting' when t.assignee_id is not null then 'assigned'
            when o.offers > 0 then 'offered' else 'waiting' end
        or o.offers > 1 or (w.state = 'assigned' and w.agent_id is distinct from t.assignee_id)
        or (w.state = 'offered' and w.agent_id is distinct from o.agent_id)
        or (w.state in ('waiting', 'done', 'resting') and (w.agent_id is not null or o.offers > 0))
    """
)
_LOADS = text(
    """
    select a.id, a.capacity, (select count(*) from work_items w where w.agent_id = a.id
        and w.state in ('offered', 'assigned')) as held from agents a
    """
)


class SeveralEngines(AtOnce):
    """Customers, agents, supervisors and two routers, all at the same time."""

    async def prepare(self) -> None:
        """Two teams, four agents of which one is in both, chats are offered."""
        self.by_hand: dict[int, int] = {}
        self.agents: list[Agent] = []
        self.tickets: list[int] = []
        async with unit_of_work(self.db) as session:
            self.teams: list[Team] = [await factories.team(session) for _ in range(2)]
            for number in range(AGENTS):
                of = self.teams if number == 0 else [self.teams[number % 2]]
                self.agents.append(await factories.agent(session, *of, capacity=1 + number % 3, present="available"))
        await set_kind(self.db, "chat", offer_seconds=OFFERED, idle_after_seconds=None)

    # What can happen at the same time

    async def arrive(self, number: int) -> None:
        """A customer writes."""
        team = self.teams[number % 2].id
        async with unit_of_work(self.db) as session:
            got = await factories.received(
                session, sender=f"c{number}@x{number}.example", team_id=team, channel=KINDS[number % 3]
            )
        self.tickets.append(got.ticket_id)

    async def claim(self, number: int) -> None:
        """An agent takes a ticket by hand, full or not."""
        agent = self.agents[number % AGENTS]
        async with unit_of_work(self.db, factories.actor(agent, *self.teams)) as session:
            await lifecycle.claim(session, self.ticket(number))
        self.by_hand[agent.id] = self.by_hand.get(agent.id, 0) + 1

    async def change(self, number: int) -> None:
        """A ticket is solved, rests or is opened again, or goes to the other team."""
        wanted = (
            TicketChange(status="solved"),
            TicketChange(status="pending"),
            TicketChange(status="open"),
            TicketChange(team_id=self.teams[number % 2].id),
            TicketChange(assignee_id=None),
        )[number % 5]
        async with unit_of_work(self.db) as session:
            ticket = await lifecycle.change(session, self.ticket(number), wanted)
            owner = ticket.assignee_id
        if owner is not None and wanted.status == "open":
            self.by_hand[owner] = self.by_hand.get(owner, 0) + 1  # hers again, full or not

    async def choose(self, number: int) -> None:
        """An agent comes or goes."""
        state = ("available", "available", "break", "offline")[number % 4]
        async with unit_of_work(self.db) as session:
            await presence.set_state(session, self.agents[number % AGENTS].id, state)

    async def answer(self, number: int) -> None:
        """An agent takes or refuses what she was offered."""
        agent = self.agents[number % AGENTS]
        async with unit_of_work(self.db, factories.actor(agent)) as session:
            for offer in await offers.of_agent(session, agent.id):
                if number % 3:
                    await offers.accept(session, offer.id)
                else:
                    await offers.reject(session, offer.id, "Not now")

    async def look(self, number: int) -> None:
        """A router looks at one ticket."""
        async with unit_of_work(self.db) as session:
            await rounds.consider(session, self.ticket(number), "test")

    async def expire(self, number: int = 0) -> None:
        """The timers of all offers, due or not."""
        del number
        async with self.db.sessions() as session:
            ids = list(await session.scalars(text("select id from offers where state = 'offered' order by id")))
        for each in ids:
            async with unit_of_work(self.db) as session:
                await offers.expire(session, each)

    def ticket(self, number: int) -> int:
        """One of those that came."""
        return self.tickets[number % len(self.tickets)]

    # What hypothesis does

    @rule(numbers=st.lists(st.integers(0, 60), min_size=1, max_size=5))
    def customers_write(self, numbers: list[int]) -> None:
        """Several at once, while a router works."""
        self.together(*(self.arrive(each) for each in numbers), self.round())

    @precondition(lambda self: bool(self.tickets))
    @rule(
        storm=st.lists(
            st.tuples(
                st.sampled_from(["arrive", "claim", "change", "choose", "answer", "look", "round", "round", "expire"]),
                st.integers(0, 60),
            ),
            min_size=2,
            max_size=8,
        )
    )
    def everything_at_once(self, storm: list[tuple[str, int]]) -> None:
        """Whatever is drawn, each in a transaction of its own, all started together."""
        self.together(*(getattr(self, name)(number) for name, number in storm))

    @rule(seconds=st.sampled_from([5, OFFERED, 90]))
    def time_passes(self, seconds: int) -> None:
        """Everybody is still there; offers end."""
        self.pass_time(seconds)
        self.together(self.expire(), self.expire(), self.round())

    @rule()
    def it_comes_to_rest(self) -> None:
        """After all jobs have run, nothing waits that somebody could take."""
        for _ in range(20):
            self.run(self.round(4))
        assert self.run(self.left()) == []

    async def left(self) -> list[Any]:
        """What could still be given."""
        async with unit_of_work(self.db) as session:
            floor = await floors.of_everything(session)
            if floor is None:
                return []
            await floors.read_first(session, floor, list(floor.spots), 1000, 1000)
            return floor.engine.decide(floor.at)

    @invariant()
    def every_item_is_what_its_ticket_says(self) -> None:
        """One owner or none, one offer or none, and never both; nobody holds more than she can, but by hand."""

        async def look() -> tuple[list[Any], list[Any]]:
            async with self.db.sessions() as session:
                return list(await session.execute(_WRONG)), list(await session.execute(_LOADS))

        wrong, loads = self.run(look())
        assert wrong == []
        for row in loads:
            assert row.held <= row.capacity + self.by_hand.get(row.id, 0), row


def test_several_engines_never_disagree(database_url: str) -> None:
    """Two owners, too much work, an offer that leaks, work that is left though somebody has room: none of it."""
    try_everything(lambda: SeveralEngines(database_url))
