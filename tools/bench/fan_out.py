"""The floor of the live figures: LISTEN by bare asyncpg, and the number written to every connection, joined for 50 ms.

No sessions, no rights, no event table, no replay. It writes websocket frames, so that the same client can read it.

    python -m tools.bench.fan_out DATABASE_URL PORT
"""

import asyncio
import signal
import struct
import sys
from typing import Any, Final, cast

import asyncpg
import uvloop

CHANNEL: Final = "bench_floor"
JOIN_SECONDS: Final = 0.05
FILLER: Final = "x" * 150
"""Makes an event about as long as the product's."""


class Peers(asyncio.Protocol):
    """A connection that is only written to."""

    all: Final[set[asyncio.Transport]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it in."""
        self.transport = cast("asyncio.Transport", transport)  # a TCP server makes no others
        self.all.add(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        """Forget it."""
        self.all.discard(self.transport)


async def main(url: str, port: int) -> None:
    """Serve until told to stop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    waiting: list[str] = []

    def hear(*args: Any) -> None:
        if not waiting:
            loop.call_later(JOIN_SECONDS, write)
        waiting.append(f'{{"n":{args[3]},"filler":"{FILLER}"}}')

    def write() -> None:
        payload = ("[" + ",".join(waiting) + "]").encode()
        waiting.clear()
        short = len(payload) < 126
        head = bytes((0x81, len(payload))) if short else struct.pack("!BBH", 0x81, 126, len(payload))
        for transport in Peers.all:
            transport.write(head + payload)

    connection = await asyncpg.connect(url)
    await connection.add_listener(CHANNEL, hear)
    server = await loop.create_server(Peers, "127.0.0.1", port)
    print("{}", flush=True)
    await stop.wait()
    server.close()
    connection.terminate()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
