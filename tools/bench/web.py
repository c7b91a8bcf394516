"""The agents' HTTP: a list out of 100,000 tickets, a ticket with ten messages, a reply; each beside bare asyncpg.

Product and floor are asked in turn, so that a busy moment of the machine falls on both.
"""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import psutil

from agent_ui.auth import csrf_token
from tools.bench import world
from tools.bench.figures import Figure, aimed, percentile
from tools.bench.processes import Failed, child, cpu_seconds, free_port

CONNECTIONS: Final = 8
SECONDS: Final = 3.0
WARM: Final = 0.7
ROUNDS: Final = 2
Request = tuple[str, str, str | None]


@dataclass
class Answers:
    """What the client counted, over all rounds."""

    count: int = 0
    seconds: float = 0
    latencies: list[float] = field(default_factory=list)
    cpu: float = 0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.count / self.seconds

    @property
    def cpu_each(self) -> float:
        """CPU of the server's process for one request, in milliseconds (the warm-up has its part in it)."""
        return 1000 * self.cpu / self.count * (SECONDS / (SECONDS + WARM))

    @property
    def p99(self) -> float:
        """Milliseconds."""
        return percentile(sorted(self.latencies), 0.99)


class Client:
    """Asks the server as one signed-in agent.

    Args:
        port: of the server.
        token: of her session.
        server: its process.
        folder: for the log.
    """

    def __init__(self, port: int, token: str, server: psutil.Process, folder: Path) -> None:
        headers = {"Cookie": f"sampark_session={token}", "X-CSRF-Token": csrf_token(token)}
        self._order = {"host": "127.0.0.1", "port": port, "connections": CONNECTIONS, "headers": headers}
        self._log = folder / "http.log"
        self._server = server

    def ask(self, requests: list[Request], answers: Answers, *, once: bool = False) -> None:
        """Ask for a while and add what came.

        Raises:
            Failed: an answer was not the one expected.
        """
        order = self._order | {"requests": requests, "seconds": SECONDS, "warm": WARM, "once": once}
        before = cpu_seconds(self._server)
        with child(["-m", "tools.bench.http_load"], {}, self._log) as process:
            process.say(order)
            heard: dict[str, Any] = process.hear()
        if heard["wrong"] or not heard["count"]:
            raise Failed(f"{requests[0][:2]} was answered with {heard['wrong']}")
        answers.cpu += cpu_seconds(self._server) - before
        answers.count += heard["count"]
        answers.seconds += heard["seconds"]
        answers.latencies += heard["latencies"]


async def _replies(url: str) -> list[tuple[int, int]]:
    """Open tickets of agent 1's teams with one message: (ticket, last message)."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "select id, last_message_id from tickets where team_id in (1, 2) and message_count = 1 "
        "and last_message_id is not null order by id"
    )
    await connection.close()
    return [(row[0], row[1]) for row in rows]


def _reply(ticket_id: int, last_seen: int) -> Request:
    body = {
        "clientKey": "@KEY@",
        "html": "<p>Dear customer,</p><p>somebody will come tomorrow <b>morning</b> and look at the machine.</p>",
        "lastSeen": str(last_seen),
        "status": "pending",
    }
    return "POST", f"/api/tickets/{ticket_id}/replies", json.dumps(body)


def measure(url: str, folder: Path) -> list[Figure]:
    """The figures of the agents' HTTP.

    Args:
        url: a filled desk.
        folder: of the run.
    """
    token = asyncio.run(world.sign_in(url, 1))[0]
    port = free_port()
    with child(["-m", "tools.bench.server", url, str(folder / "web"), str(port)], {}, folder / "web.log") as server:
        server.hear()
        client = Client(port, token, psutil.Process(server.process.pid), folder)
        return [*_list(client), *_ticket(client), *_replying(client, asyncio.run(_replies(url)))]


def _cpu(product: Answers, floor: Answers) -> str:
    return f"{product.cpu_each:.2f} ms each (floor {floor.cpu_each:.2f})"


def _facts(product: Answers, floor: Answers) -> str:
    return f"p99 {product.p99:.0f} ms, CPU {_cpu(product, floor)}"


def _list(client: Client) -> list[Figure]:
    product, floor = Answers(), Answers()
    for _ in range(ROUNDS):
        client.ask([("GET", "/api/tickets?view=open&limit=50", None)], product)
        client.ask([("GET", "/bench/list", None)], floor)
    ratio = product.rate / floor.rate
    met = "met" if ratio >= 0.5 else "MISSED"
    note = f"aim ≥ half of the floor: {met}; 50 of 100,000 tickets, as an agent of two teams; floor: bare asyncpg"
    return [
        Figure("ticket list", product.rate, "requests/s", floor.rate, note),
        aimed(
            "ticket list: p99",
            product.p99,
            "ms",
            floor.p99,
            f"{CONNECTIONS} connections; CPU {_cpu(product, floor)}",
            ("<", 60),
        ),
    ]


def _ticket(client: Client) -> list[Figure]:
    product, floor = Answers(), Answers()
    long = [
        number
        for number in range(world.FIRST, world.FIRST + world.LONG)
        if (number - world.FIRST + 1) % world.TEAMS < 2
    ]
    for _ in range(ROUNDS):
        client.ask([("GET", f"/api/tickets/{number}", None) for number in long], product)
        client.ask([("GET", f"/bench/ticket/{number}", None) for number in long], floor)
    note = f"{_facts(product, floor)}; floor: bare asyncpg, ticket and messages"
    return [aimed("ticket with 10 messages", product.rate, "requests/s", floor.rate, note, (">", 300))]


def _replying(client: Client, open_: list[tuple[int, int]]) -> list[Figure]:
    product, floor = Answers(), Answers()
    half = len(open_) // (2 * ROUNDS)
    for turn in range(ROUNDS):
        mine = open_[2 * turn * half : (2 * turn + 1) * half]
        bare = open_[(2 * turn + 1) * half : (2 * turn + 2) * half]
        client.ask([_reply(*each) for each in mine], product, once=True)
        client.ask([("POST", f"/bench/reply/{number}", '{"html": "<p>Tomorrow.</p>"}') for number, _ in bare], floor)
    note = f"{_facts(product, floor)}; floor: one durable statement of bare asyncpg"
    return [aimed("agent reply", product.rate, "requests/s", floor.rate, note, (">", 200))]
