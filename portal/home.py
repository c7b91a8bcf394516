"""The first page of the help centre: search, what is often asked, what can be done here, topics."""

from litestar import Response, get
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from channels.models import ChannelAccount
from core.db import reading
from core.errors import NotFound
from portal.pages import PortalRequest, Visitor, in_every_language, runtime_of


@get(["/", *in_every_language()])
async def home(request: PortalRequest) -> Response[str]:
    """The first page: what a visitor can do here."""
    visitor = Visitor.of(request)
    async with reading(runtime_of(request).db) as session:
        address = visitor.brand.contact_address or await _mailbox(session)
    return visitor.page("home.html", address=address)


async def _mailbox(session: AsyncSession) -> str:
    """Where people can write to instead: the desk's first mailbox."""
    mailboxes = select(ChannelAccount.address).where(ChannelAccount.channel == "email", ChannelAccount.is_active)
    return await session.scalar(mailboxes.order_by(ChannelAccount.id).limit(1)) or ""


@get("/{path:path}")
async def missing(request: PortalRequest) -> Response[str]:
    """There is no such page.

    Raises:
        NotFound: always.
    """
    raise NotFound(request.url.path)
