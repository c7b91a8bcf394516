"""How the desk does: for load balancers, for Prometheus, and for people (has mail come in? does something wait?)."""

from datetime import datetime
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from prometheus_client.exposition import generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from agent_ui import metrics
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.state import runtime_of
from agent_ui.views.base import View
from channels import ledger
from channels.ledger import MailboxHealth
from core import clock, jobs, search
from core.counting import REGISTRY
from core.db import reading
from core.errors import Unavailable
from tickets import counters


class BusinessHealth(View):
    """What waits, and since when; null: nothing does. Times are UTC."""

    at: datetime
    mailboxes: list[MailboxHealth]
    oldest_unsent_at: datetime | None
    oldest_unassigned_at: datetime | None
    oldest_job_at: datetime | None
    search_away_since: datetime | None


async def business(session: AsyncSession) -> BusinessHealth:
    """The numbers by which somebody notices that the desk stands still."""
    return BusinessHealth(
        at=clock.now(),
        mailboxes=await ledger.mailboxes(session),
        oldest_unsent_at=await counters.oldest_unsent(session),
        oldest_unassigned_at=await counters.oldest_unassigned(session),
        oldest_job_at=await jobs.oldest_waiting(session),
        search_away_since=await search.away_since(session),
    )


class BusinessHealthController(Controller):
    """The business health, for leads and administrators."""

    path = "/health/business"
    tags = ["Administration"]
    guards = [requires("health:read")]

    @get(summary="Business health")
    async def read(self, desk: NamedDependency[Desk]) -> BusinessHealth:
        """When mail last came in per mailbox; the oldest unsent, unassigned and undone things."""
        return await business(desk.session)


@get("/healthz", include_in_schema=False, media_type="text/plain")
async def alive() -> str:
    """The process runs."""
    return "ok"


@get("/readyz", include_in_schema=False)
async def ready(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The process can serve: the database answers.

    Raises:
        Unavailable: it does not.
    """
    runtime = runtime_of(request)
    try:
        async with reading(runtime.db) as session:
            await session.execute(text("select 1"))
    except (SQLAlchemyError, OSError) as problem:
        raise Unavailable("The database does not answer.") from problem
    return {"status": "ready", "live": "running" if runtime.hub.started.is_set() else "not running"}


@get("/metrics", include_in_schema=False)
async def prometheus(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Numbers of this process, and how long the oldest things wait, in the format of Prometheus.

    Raises:
        NotAllowed: somebody from outside asks.
    """
    runtime = runtime_of(request)
    metrics.check_reader(request, runtime.settings)
    async with reading(runtime.db) as session:
        health = await business(session)
    ages = {
        "unsent": health.oldest_unsent_at,
        "unassigned": health.oldest_unassigned_at,
        "job": health.oldest_job_at,
    }
    for what, since in ages.items():
        metrics.OLDEST.labels(what).set((health.at - since).total_seconds() if since else 0)
    metrics.SOCKETS.set(len(request.app.state.live.sockets))
    metrics.read_pool(runtime.db)
    # Litestar adds the charset
    return Response(generate_latest(REGISTRY), media_type="text/plain; version=1.0.0")
