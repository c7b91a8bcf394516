"""The light client of the live figures: many sockets in one process, read by one selector, frames looked at as bytes.

    python -m tools.bench.sockets < order.json

Order: {port, tokens, plain}. It connects (with ``plain`` without the handshake: the floor's bare server), answers
{connected}, reads until it gets {events, committed: [monotonic seconds by number], seconds to wait for the rest} and
answers {received, wrong, latencies: {p50, p99}}. Events are known by "n" in their data, and must come to each socket
in order, each once.
"""

import json
import os
import re
import selectors
import socket
import struct
import sys
import time
from array import array
from typing import Any, Final

NUMBER: Final = re.compile(rb'"n": ?(\d+)')
PONG: Final = b"\x8a\x80\x00\x00\x00\x00"
TEXT: Final = 1
PING: Final = 9


def masked(text: bytes) -> bytes:
    """A client's text frame; the mask is zero, which the protocol allows."""
    return bytes((0x81, 0x80 | len(text))) + b"\x00\x00\x00\x00" + text


class Socket:
    """One live socket: its unread bytes and the number it expects next."""

    def __init__(self, port: int, token: str | None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.expected = 0
        self.wrong = 0
        self._buffer = b""
        if token is not None:
            self._shake_hands(port, token)
            self.socket.sendall(masked(b'{"t":"hello","cursor":null}'))

    def _shake_hands(self, port: int, token: str) -> None:
        self.socket.sendall(
            f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Cookie: sampark_session={token}\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self.socket.recv(4096)
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head:
            raise SystemExit(f"the socket was refused: {head[:80]!r}")

    def read(self, seen: "array[int]", at: "array[float]") -> bool:
        """Read what is there, note which events came and when; False when the server has closed."""
        try:
            part = self.socket.recv(262_144)
        except ConnectionError:
            return False
        if not part:
            return False
        now = time.monotonic()
        data = self._buffer + part
        place = 0
        while (frame := _frame(data, place)) is not None:
            code, start, place = frame
            if code == TEXT:
                self._look(data[start:place], now, seen, at)
            elif code == PING:
                self.socket.sendall(PONG)
        self._buffer = data[place:]
        return True

    def _look(self, payload: bytes, now: float, seen: "array[int]", at: "array[float]") -> None:
        for word in NUMBER.findall(payload):
            number = int(word)
            self.wrong += number != self.expected
            self.expected = number + 1
            seen.append(number)
            at.append(now)


def _frame(data: bytes, place: int) -> tuple[int, int, int] | None:
    """The frame that begins at ``place``: opcode, start and end of its payload; None when it is not all there."""
    if len(data) - place < 2:
        return None
    code, length, start = data[place] & 0x0F, data[place + 1] & 0x7F, place + 2
    if length == 126:
        if len(data) < place + 4:
            return None
        length, start = struct.unpack_from("!H", data, place + 2)[0], place + 4
    elif length == 127:
        if len(data) < place + 10:
            return None
        length, start = struct.unpack_from("!Q", data, place + 2)[0], place + 10
    return (code, start, start + length) if start + length <= len(data) else None


def _told() -> dict[str, Any] | None:
    """The next line of our input, if it has come."""
    line = sys.stdin.readline()
    told: dict[str, Any] | None = json.loads(line) if line.strip() else None
    return told


def run(order: dict[str, Any]) -> None:
    """Connect, read, and say what came."""
    plain = order.get("plain")
    sockets = [Socket(order["port"], None if plain else token) for token in order["tokens"]]
    chooser = selectors.DefaultSelector()
    for each in sockets:
        chooser.register(each.socket, selectors.EVENT_READ, each)
    chooser.register(sys.stdin, selectors.EVENT_READ, None)
    print(json.dumps({"connected": len(sockets)}), flush=True)
    seen, at = array("q"), array("d")
    told: dict[str, Any] | None = None
    deadline = float("inf")
    while time.monotonic() < deadline:
        for key, _ in chooser.select(0.2):
            if key.data is None:
                told = _told()
                if told is None:
                    os._exit(1)  # whoever asked is gone
                chooser.unregister(sys.stdin)
                deadline = time.monotonic() + told["seconds"]
            elif not key.data.read(seen, at):
                chooser.unregister(key.fileobj)
        if told is not None and len(seen) >= told["events"] * len(sockets):
            break
    assert told is not None  # noqa: S101 - the loop ends by what was told
    committed = told["committed"]
    late = sorted(1000 * (moment - committed[number]) for number, moment in zip(seen, at, strict=True))
    found = {"p50": late[len(late) // 2], "p99": late[int(len(late) * 0.99)]} if late else {}
    wrong = sum(each.wrong for each in sockets)
    print(json.dumps({"received": len(seen), "wrong": wrong, "latencies": found}), flush=True)


if __name__ == "__main__":
    run(json.loads(sys.stdin.readline()))
