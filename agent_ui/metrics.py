"""The counters of this process: requests by route, sockets, connections, and how long the oldest things wait."""

from typing import Any, Final

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from core import clock
from core.counting import REGISTRY
from core.db import Database

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
