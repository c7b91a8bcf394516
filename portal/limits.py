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
    """Lets each visitor through :data:`BURST` times at once, then once in :data:`SECONDS_EACH`."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[float, datetime]] = {}

    def wait(self, address: str) -> int:
        """Take one turn; returns 0, or the seconds until there will be one."""
        key, now = network(address), clock.now()
        left, since = self._held.get(key, (float(BURST), now))
        left = min(float(BURST), left + max(0.0, (now - since).total_seconds()) / SECONDS_EACH)
        if left < 1:
            return max(1, round((1 - left) * SECONDS_EACH))
        self._held[key] = (left - 1, now)
        if len(self._held) > MOST:
            self._forget(now)
        return 0

    def _forget(self, now: datetime) -> None:
        """Forget those who would have all turns again, and if these are few, everybody."""
        whole = BURST * SECONDS_EACH
        self._held = {key: held for key, held in self._held.items() if (now - held[1]).total_seconds() < whole}
        if len(self._held) > MOST:
            self._held.clear()
