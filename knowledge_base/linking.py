"""Which articles lead to which: by ``article:12`` in their texts."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base.access import Reader, seen_in_console
from knowledge_base.markdown import articles_in
from knowledge_base.models import Article, Translation, Version


async def leading_to(session: AsyncSession, article_id: int) -> list[int]:
    """The articles whose texts lead to one, as they are being written."""
    statement = (
        select(Translation.article_id, Version.body)
        .join(Version, Version.id == Translation.working_version_id)
        .where(Version.body.like(f"%article:{article_id}%"), Translation.article_id != article_id)
    )
    rows = await session.execute(statement)
    return sorted({number for number, body in rows if article_id in articles_in(body)})


async def titles(session: AsyncSession, reader: Reader, article_ids: Iterable[int]) -> dict[int, str]:
    """Titles of some articles that a reader may see, in their source languages."""
    wanted = list(article_ids)
    if not wanted:
        return {}
    statement = (
        select(Article.id, Version.title)
        .join(Translation, (Translation.article_id == Article.id) & (Translation.locale == Article.source_locale))
        .join(Version, Version.id == Translation.working_version_id)
        .where(Article.id.in_(wanted), seen_in_console(reader))
        .order_by(Version.title)
    )
    return {row.id: row.title for row in await session.execute(statement)}
