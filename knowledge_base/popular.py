"""What is often read: for "often asked" on the first page of the portal."""

from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from knowledge_base import reading
from knowledge_base.access import Reader
from knowledge_base.models import View
from knowledge_base.reading import ArticleLine

LATELY: Final = timedelta(days=30)


async def often_read(session: AsyncSession, reader: Reader, locale: str, limit: int = 3) -> list[ArticleLine]:
    """The articles that most visitors have read in the last 30 days; the newest where too few were read.

    Args:
        session: where to read.
        reader: she sees only what she may.
        locale: her language.
        limit: how many at most.
    """
    statement = (
        select(View.article_id)
        .where(View.at > clock.now() - LATELY)
        .group_by(View.article_id)
        .order_by(func.count(View.visitor.distinct()).desc(), View.article_id)
        .limit(limit * 5)
    )
    found = await reading.some(session, reader, list(await session.scalars(statement)), locale)
    if len(found) < limit:
        known = {line.article_id for line in found}
        newest = await reading.newest(session, reader, locale, limit * 2)
        found += [line for line in newest if line.article_id not in known]
    return found[:limit]
