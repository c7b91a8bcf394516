"""Ports for the servers of the tests that cannot be told to take any."""

import contextlib
import random
import socket
from typing import Final

_RANGE: Final = range(20_000, 32_000)
"""Below those that the system gives to outgoing connections, one of which would take a port before its server does."""


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody uses."""
    dice = random.SystemRandom()
    with contextlib.ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            probe = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", dice.choice(_RANGE)))
                found.append(probe.getsockname()[1])
        return found
