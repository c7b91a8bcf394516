"""The counters of this process: requests by route, sockets, connections, and how long the oldest things wait.

They tell how busy the desk is, so only its own networks read them, or who has the token (:func:`check_reader`).
"""

import hmac
from ipaddress import ip_network
from typing import Any, Final

from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from core import clock
from core.counting import REGISTRY
from core.db import Database
from core.errors import NotAllowed
from core.net import Networks
from core.settings import Settings

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
REQUESTS: Final = Counter(
    "sampark_http_requests_total", "Requests answered.", ("method", "route", "status"), registry=REGISTRY
)
SECONDS: Final = Histogram(
    "sampark_http_request_seconds",
    "Seconds until a request was answered.",
    ("route",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
SOCKETS: Final = Gauge("sampark_live_sockets", "Open live sockets of this process.", registry=REGISTRY)
CONNECTIONS: Final = Gauge("sampark_db_connections_in_use", "Database connections in use.", registry=REGISTRY)
OLDEST: Final = Gauge(
    "sampark_oldest_waiting_seconds", "How long the oldest thing of a kind waits.", ("what",), registry=REGISTRY
)


def check_reader(request: Request[Any, Any, Any], settings: Settings) -> None:
    """Make sure that somebody may read the numbers.

    Every address counts by which a request came: that of a proxy alone would let everybody behind it in.

    Raises:
        NotAllowed: the request comes from outside, and without the token.
    """
    token, given = settings.metrics_token.get_secret_value(), request.headers.get("authorization", "")
    if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return
    allowed = Networks(tuple(ip_network(each) for each in settings.metrics_networks))
    peer = request.client.host if request.client else ""
    # Some proxies add a line of their own below the one that the client invented.
    told = ",".join(request.headers.getall("x-forwarded-for", [peer]))
    way = [peer, *(each.strip() for each in told.split(","))]
    if "forwarded" in request.headers or not all(_is_in(allowed, each) for each in way):
        raise NotAllowed("Numbers are for networks of SAMPARK_METRICS_NETWORKS, or with SAMPARK_METRICS_TOKEN.")


def _is_in(networks: Networks, address: str) -> bool:
    try:
        return networks.trusts(address)
    except ValueError:
        return False


def read_pool(db: Database) -> None:
    """Note how many connections are in use."""
    pool: Any = db.engine.pool
    CONNECTIONS.set(pool.checkedout())


class Measure(ASGIMiddleware):
    """Counts requests and their time by route (never by path: ids would make a series each)."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Run the rest and note how it went."""
        started = clock.monotonic()
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await next_app(scope, receive, watch)
        finally:
            route = scope.get("path_template", "")
            REQUESTS.labels(scope.get("method", ""), route, str(status)).inc()
            SECONDS.labels(route).observe(clock.monotonic() - started)
