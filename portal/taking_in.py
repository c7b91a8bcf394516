"""What visitors send: read from a post, and taken in through the ledger like everything that reaches the desk."""

from litestar.datastructures import UploadFile
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from channels import inbound
from channels.inbound import Incoming
from channels.models import InboundItem
from core import log
from core.db import unit_of_work
from portal.forms import Upload
from portal.pages import PortalRequest, inbound_of, runtime_of
from portal.uploads import MOST_FILES

_log = log.get(__name__)


async def read_post(request: PortalRequest) -> tuple[dict[str, str], list[Upload]]:
    """The posted fields (the last of each name) and files; empty files are what browsers send for none."""
    posted = await request.form()
    texts = {name: value.replace("\x00", "") for name, value in posted.multi_items() if isinstance(value, str)}
    uploads = [value for name, value in posted.multi_items() if name == "files" and isinstance(value, UploadFile)]
    files = [Upload(upload.filename, await upload.read()) for upload in uploads[: MOST_FILES + 1]]
    return texts, [file for file in files if file.content]


async def keep(request: PortalRequest, incoming: Incoming) -> None:
    """Into the ledger, then processed at once; what fails now is done by the row's job."""
    db = runtime_of(request).db
    item_id = await inbound.store(db, incoming)
    if item_id is None:
        return
    try:
        async with unit_of_work(db) as session:
            await inbound_of(request).process(session, item_id)
    except Exception:  # noqa: BLE001 - the row is safe and its job will process it; the visitor must not see an error
        _log.exception("what a visitor sent is processed later", item=item_id)


async def ticket_of(session: AsyncSession, account_id: int, name: str) -> int | None:
    """The ticket that a post went into; None while it waits for its job."""
    item = InboundItem.account_id == account_id, InboundItem.provider_id == name
    found: int | None = await session.scalar(select(InboundItem.ticket_id).where(*item))
    return found
