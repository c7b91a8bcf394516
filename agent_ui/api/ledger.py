"""What came in and what became of it, and the jobs that gave up: for leads and administrators."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from agent_ui import files
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import Page, PathId
from agent_ui.views.ledger import (
    HeldJobView,
    LedgerRow,
    MailboxStanding,
    Reprocessed,
    held_job,
    ledger_row,
    mailbox_standing,
)
from channels import inbound, ledger
from channels.email import audit
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
        q: FromQuery[str] = "",
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Page[LedgerRow]:
        """Items, newest first; of one account, or of one outcome (``failed`` and ``received`` are understood, too).

        ``q`` is part of a sender or subject, or a Message-ID.
        """
        entries, following = await ledger.list_entries(desk.session, account, outcome, cursor, limit, q)
        return Page(items=[ledger_row(entry) for entry in entries], next=following)

    @get("/mailboxes", guards=[requires("ledger:read")], summary="The mailboxes beside the ledger")
    async def mailboxes(self, desk: NamedDependency[Desk]) -> list[MailboxStanding]:
        """Each mailbox: how many of its mails became what, how many its server has, and whether it is reached."""
        return [mailbox_standing(each) for each in await ledger.standings(desk.session)]

    @post(
        "/mailboxes/{mailbox_id:int}/audit",
        guards=[requires("ledger:reprocess")],
        status_code=200,
        summary="Compare a mailbox with the ledger",
    )
    async def audit(self, desk: NamedDependency[Desk], mailbox_id: PathId) -> MailboxStanding:
        """Count the mails on the server anew, and fetch what is missing; takes as long as the server does."""
        runtime = desk.runtime
        await audit.audit(runtime.db, mailbox_id, runtime.settings, runtime.signin)
        return mailbox_standing(await ledger.standing(desk.session, mailbox_id))

    @get(
        "/{item_id:int}/raw",
        guards=[requires("ledger:read")],
        summary="An item as it came",
        media_type="message/rfc822",
    )
    async def raw(self, desk: NamedDependency[Desk], item_id: PathId) -> Response[bytes]:
        """The bytes that came in, to be saved."""
        content = await ledger.raw_of(desk.session, item_id)
        return files.download(content, f"item-{item_id}.eml", "message/rfc822")

    @post(
        "/reprocess-failed",
        guards=[requires("ledger:reprocess")],
        status_code=200,
        summary="Process all failed items again",
    )
    async def reprocess_failed(self, desk: NamedDependency[Desk]) -> Reprocessed:
        """Process everything again that could not be read, after an upgrade for instance."""
        return Reprocessed(count=await ledger.reprocess_failed(desk.session))

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
