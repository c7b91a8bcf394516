"""What came in and what became of it, and the jobs that gave up: for leads and administrators."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import Page, PathId
from agent_ui.views.ledger import HeldJobView, LedgerRow, held_job, ledger_row
from channels import inbound, ledger
from core import jobs


class LedgerController(Controller):
    """The ledger of everything that came in."""

    path = "/ledger"
    tags = ["Administration"]

    @get(guards=[requires("ledger:read")], summary="A page of the ledger")
    async def list_entries(
        self,
        desk: NamedDependency[Desk],
        account: FromQuery[str | None] = None,
        outcome: FromQuery[str | None] = None,
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Page[LedgerRow]:
        """Items, newest first; of one account, or of one outcome (``failed`` and ``received`` are understood, too)."""
        entries, following = await ledger.list_entries(desk.session, account, outcome, cursor, limit)
        return Page(items=[ledger_row(entry) for entry in entries], next=following)

    @post(
        "/{item_id:int}/reprocess",
        guards=[requires("ledger:reprocess")],
        status_code=200,
        summary="Process an item again",
    )
    async def reprocess(self, desk: NamedDependency[Desk], item_id: PathId) -> LedgerRow:
        """Process an item again that is not done."""
        await inbound.reprocess(desk.session, item_id)
        return ledger_row(await ledger.get(desk.session, item_id))


class JobController(Controller):
    """Jobs that gave up."""

    path = "/jobs/held"
    tags = ["Administration"]

    @get(guards=[requires("jobs:read")], summary="Jobs that gave up")
    async def held(self, desk: NamedDependency[Desk]) -> list[HeldJobView]:
        """The jobs that gave up, newest first."""
        return [held_job(job) for job in await jobs.held(desk.runtime.db)]

    @post("/{job_id:int}/retry", guards=[requires("jobs:retry")], status_code=204, summary="Run a job again")
    async def retry(self, desk: NamedDependency[Desk], job_id: PathId) -> None:
        """Run a job again that gave up."""
        await jobs.retry_held(desk.runtime.db, job_id)
