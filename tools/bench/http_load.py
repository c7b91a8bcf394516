"""A small HTTP client that asks as fast as it is answered, over some connections at once, in an own process.

    python -m tools.bench.http_load < order.json

Order: {host, port, connections, seconds, warm, headers, requests: [[method, path, body | null], …], once}. "@KEY@" in a
body becomes a new UUID. Answers with one line: {count, seconds, latencies (ms, sorted), wrong: {status: count}}. It
does nothing but send, find the end of the answer and take the time, so that it does not hold the server up.
"""

import itertools
import json
import selectors
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any, Final

END: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length: "


class Connection:
    """One connection with at most one request on its way."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked_at = 0.0
        self._buffer = b""
        self._wanted = 0

    def ask(self, request: bytes) -> None:
        """Send a request."""
        self._buffer, self._wanted = b"", 0
        self.asked_at = time.perf_counter()
        self.socket.sendall(request)

    def read(self) -> int:
        """Read what is there; returns the status when the answer is complete, else 0."""
        part = self.socket.recv(262_144)
        if not part:
            raise SystemExit("the server has closed a connection")
        self._buffer += part
        if not self._wanted:
            head = self._buffer.find(END)
            if head < 0:
                return 0
            start = self._buffer[:head].lower().find(LENGTH) + len(LENGTH)
            self._wanted = head + len(END) + int(self._buffer[start:head].partition(b"\r")[0])
        return int(self._buffer[9:12]) if len(self._buffer) >= self._wanted else 0


def requests(order: dict[str, Any]) -> Iterator[bytes]:
    """The requests as bytes: each once, or in a circle."""
    given = order["requests"] if order.get("once") else itertools.cycle(order["requests"])
    fixed = "".join(f"{name}: {value}\r\n" for name, value in order["headers"].items())
    for method, path, body in given:
        content = b"" if body is None else body.replace("@KEY@", str(uuid.uuid4())).encode()
        more = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n" if body is not None else ""
        yield (
            f"{method} {path} HTTP/1.1\r\nHost: {order['host']}:{order['port']}\r\n{fixed}{more}\r\n".encode() + content
        )


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Ask for the ordered time."""
    waiting = requests(order)
    chooser = selectors.DefaultSelector()
    for _ in range(order["connections"]):
        connection = Connection(order["host"], order["port"])
        chooser.register(connection.socket, selectors.EVENT_READ, connection)
        connection.ask(next(waiting))
    begin = time.perf_counter() + order["warm"]
    end = begin + order["seconds"]
    latencies: list[float] = []
    wrong: dict[int, int] = {}
    now, open_ = 0.0, order["connections"]
    while open_:  # what was asked is heard to its end, so that the server sees nobody leave
        for key, _ in chooser.select():
            status = key.data.read()
            if not status:
                continue
            now = time.perf_counter()
            if not 200 <= status < 300:
                wrong[status] = wrong.get(status, 0) + 1
            elif begin < now < end:
                latencies.append((now - key.data.asked_at) * 1000)
            request = next(waiting, None) if now < end else None
            if request is None:
                chooser.unregister(key.data.socket)
                open_ -= 1
            else:
                key.data.ask(request)
    seconds = min(now, end) - begin
    return {"count": len(latencies), "seconds": seconds, "latencies": sorted(latencies), "wrong": wrong}


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.stdin.readline()))), flush=True)
