"""The first page of the help centre: search, what is often asked, what can be done here, topics."""

from typing import Any, Final

from litestar import Response, get
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from channels.models import ChannelAccount
from core import clock
from core.db import reading as reading_session
from core.errors import NotFound
from knowledge_base import freshness, popular
from knowledge_base.places import article_path
from portal import kept, open_now, seo
from portal.articles import shelves
from portal.pages import PortalRequest, Visitor, in_every_language, runtime_of
from portal.readers import reader_of

OFTEN: Final = 3
OF_EACH: Final = 5


@get(["/", *in_every_language()])
async def home(request: PortalRequest) -> Response[Any]:
    """The first page: what a visitor can do here."""
    visitor = Visitor.of(request)
    db = runtime_of(request).db
    is_plain = visitor.customer is None and not request.query_params and request.url.path != "/portal"
    key = ("home", visitor.look)
    stamp = f"{await freshness.stamp(db)}|{clock.now():%j %H:%M}" if is_plain else ""

    async def render() -> kept.Rendered:
        async with reading_session(db) as session:
            return kept.Rendered(await _home_page(session, visitor))

    if not is_plain:
        return (await render()).answer
    return kept.answer(request, await kept.page(db, key, stamp, render))


async def _home_page(session: AsyncSession, visitor: Visitor) -> Response[str]:
    code, brand = visitor.language.code, visitor.brand
    reader = await reader_of(session, visitor)
    question = brand.words(brand.question, code) or visitor.language.text("How can we help you?")
    return visitor.page(
        "home.html",
        meta=seo.of_home(visitor, question),
        question=question,
        address=brand.contact_address or await _mailbox(session),
        now=await open_now.read(session, visitor.language),
        often=await popular.often_read(session, reader, code, OFTEN),
        shelves=await shelves(session, reader, code, OF_EACH),
        article_path=article_path,
    )


async def _mailbox(session: AsyncSession) -> str:
    """Where people can write to instead: the desk's first mailbox."""
    mailboxes = select(ChannelAccount.address).where(ChannelAccount.channel == "email", ChannelAccount.is_active)
    return await session.scalar(mailboxes.order_by(ChannelAccount.id).limit(1)) or ""


@get(["/{path:path}", *in_every_language("/{path:path}")])
async def missing(request: PortalRequest) -> Response[str]:
    """There is no such page.

    Raises:
        NotFound: always.
    """
    raise NotFound(request.url.path)
