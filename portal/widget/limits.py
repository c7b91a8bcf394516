"""How much one visitor, one network and one widget may do (field 2.4.8): token buckets in this process's memory."""

from typing import Final

from core.errors import RateLimited
from portal.limits import Gate

MESSAGES: Final = {
    "visitor": Gate(burst=12, seconds_each=1.5),
    "network": Gate(burst=60, seconds_each=0.5),
    "widget": Gate(burst=600, seconds_each=0.05),
}
BEGINNINGS: Final = {
    "network": Gate(burst=6, seconds_each=30),
    "widget": Gate(burst=120, seconds_each=0.5),
}
CALLS: Final = {"network": Gate(burst=120, seconds_each=0.1)}
SIGNALS: Final = {"socket": Gate(burst=60, seconds_each=0.1)}
SOCKETS_OF_A_NETWORK: Final = 40
"""An office behind one address has many tabs; a program would have thousands."""


def take(gates: dict[str, Gate], **who: object) -> None:
    """Take a turn at each gate.

    Args:
        gates: those of what is to be done.
        who: name of a gate → who passes it.

    Raises:
        RateLimited: too often; with the seconds until there is a turn.
    """
    for name, gate in gates.items():
        wait = gate.wait(f"{who[name]}")
        if wait:
            raise RateLimited("Please slow down a little.", retry_after=wait)
