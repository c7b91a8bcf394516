"""How often one network address may send the form: a token bucket each, in the memory of this process.

It protects the process and the desk from a flood; it is no contract, so it need not survive a restart.
"""

import ipaddress
from datetime import datetime
from typing import Final

from core import clock

BURST: Final = 8
SECONDS_EACH: Final = 60.0
MOST: Final = 20_000


def network(address: str) -> str:
    """What counts as one visitor: an IPv4 address, or the /64 that an IPv6 household or server is given."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and not found.ipv4_mapped:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


class Gate:
    """Lets each visitor through some times at once, then once in some seconds.

    Args:
        burst: how often at once.
        seconds_each: how long until there is another turn.
    """

    def __init__(self, burst: int = BURST, seconds_each: float = SECONDS_EACH) -> None:
        self._burst = float(burst)
        self._seconds_each = seconds_each
        self._held: dict[str, tuple[float, datetime]] = {}

    def wait(self, address: str) -> int:
        """Take one turn; returns 0, or the seconds until there will be one."""
        key, now = network(address), clock.now()
        left, since = self._held.get(key, (self._burst, now))
        left = min(self._burst, left + max(0.0, (now - since).total_seconds()) / self._seconds_each)
        if left < 1:
            return max(1, round((1 - left) * self._seconds_each))
        self._held[key] = (left - 1, now)
        if len(self._held) > MOST:
            self._forget(now)
        return 0

    def forget(self, address: str) -> None:
        """Forget one visitor (a connection that is gone)."""
        self._held.pop(network(address), None)

    def _forget(self, now: datetime) -> None:
        """Forget those who would have all turns again, and if these are few, everybody."""
        whole = self._burst * self._seconds_each
        self._held = {key: held for key, held in self._held.items() if (now - held[1]).total_seconds() < whole}
        if len(self._held) > MOST:
            self._held.clear()
