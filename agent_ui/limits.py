"""Rate limits of single agents: token buckets in memory, for what costs the server much (searches, uploads).

Per process on purpose: they protect the process, not a contract. Failed sign-ins are rows (``staff/login``).
"""

from typing import Final

import msgspec

from core import clock
from core.errors import RateLimited

MOST_BUCKETS: Final = 10_000


class Rate(msgspec.Struct, frozen=True):
    """So many at once, and so many more each second."""

    burst: float
    per_second: float


RATES: Final = {
    "search": Rate(burst=30, per_second=5),
    "probe": Rate(burst=10, per_second=0.2),
    "upload": Rate(burst=40, per_second=2),
    "socket": Rate(burst=60, per_second=15),
}


class Buckets:
    """Token buckets by (what, who). Full ones are forgotten when there are many."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, int], tuple[float, float]] = {}

    def take(self, what: str, who: int) -> float:
        """Take one token; returns 0, or the seconds until there will be one."""
        rate = RATES[what]
        now = clock.monotonic()
        tokens, since = self._held.get((what, who), (rate.burst, now))
        tokens = min(rate.burst, tokens + (now - since) * rate.per_second)
        if tokens < 1:
            self._held[(what, who)] = (tokens, now)
            return (1 - tokens) / rate.per_second
        self._held[(what, who)] = (tokens - 1, now)
        if len(self._held) > MOST_BUCKETS:
            self._forget_full(now)
        return 0

    def give_up(self, what: str, who: int) -> None:
        """Forget one bucket (of something that is gone)."""
        self._held.pop((what, who), None)

    def _forget_full(self, now: float) -> None:
        for key, (tokens, since) in list(self._held.items()):
            rate = RATES[key[0]]
            if tokens + (now - since) * rate.per_second >= rate.burst:
                del self._held[key]


BUCKETS: Final = Buckets()


def allow(what: str, who: int) -> None:
    """Let somebody do something that is limited.

    Raises:
        RateLimited: too often; ``retryAfter`` seconds until the next.
    """
    wait = BUCKETS.take(what, who)
    if wait:
        raise RateLimited("Please slow down a little.", retry_after=max(1, round(wait)))
