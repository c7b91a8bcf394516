"""Published texts in the search (``core/search``): put in, changed and taken out in the transaction that changes them.

A document is an article in one language. ``shown_in`` names the languages in which it may stand in for a missing one:
its own, and for the source those that the article is not told in.
"""

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import search
from core.i18n import NAMES
from core.search import Document
from knowledge_base.events import (
    ArticleChanged,
    ArticleDeleted,
    ArticlePublished,
    ArticleUnpublished,
    SlugChanged,
)
from knowledge_base.markdown import render
from knowledge_base.models import Article, Category, Translation, Version

INDEX: Final = "articles"
BATCH: Final = 200
Changed = ArticlePublished | ArticleUnpublished | ArticleChanged | ArticleDeleted | SlugChanged


def document_id(article_id: int, locale: str) -> str:
    """The name of a text in the index."""
    return f"{article_id}-{locale}"


async def on_article_changed(session: AsyncSession, event: Changed) -> None:
    """Bring the search up to date with an article, once for all that a unit of work has done to it."""
    if event.article_id not in _done(session):
        await refresh(session, [event.article_id])


async def refresh(session: AsyncSession, article_ids: list[int]) -> None:
    """Put what is published of some articles, and take out the rest."""
    documents = await documents_of(session, article_ids)
    await search.put(session, documents)
    here = {one.id for one in documents}
    possible = (document_id(number, locale) for number in article_ids for locale in NAMES)
    await search.remove(session, INDEX, [one for one in possible if one not in here])
    _done(session).update(article_ids)


def _done(session: AsyncSession) -> set[int]:
    """The articles that are up to date already; events are told at the end of a unit, when nothing changes any more."""
    found: set[int] = session.info.setdefault("articles_indexed", set())
    return found


async def documents_of(session: AsyncSession, article_ids: list[int]) -> list[Document]:
    """The documents of some articles."""
    statement = (
        select(Article, Translation, Version)
        .join(Translation, Translation.article_id == Article.id)
        .join(Version, Version.id == Translation.published_version_id)
        .where(Article.id.in_(article_ids))
    )
    rows = [(row[0], row[1], row[2]) for row in await session.execute(statement)]
    told: dict[int, set[str]] = {}
    for article, translation, _ in rows:
        told.setdefault(article.id, set()).add(translation.locale)
    names = {row.id: row.names for row in await session.execute(select(Category.id, Category.names))}
    return [
        _document(article, translation, version, told[article.id], names.get(article.category_id or 0, {}))
        for article, translation, version in rows
    ]


async def batch(session: AsyncSession, after: int = 0) -> tuple[list[Document], int | None]:
    """The documents of the next articles, and the key of those after them; for rebuilding an index.

    Args:
        session: where to read.
        after: the key that the batch before returned; 0: from the beginning.
    """
    statement = select(Article.id).where(Article.id > after).order_by(Article.id).limit(BATCH)
    ids = list(await session.scalars(statement))
    return await documents_of(session, ids), ids[-1] if len(ids) == BATCH else None


def _document(
    article: Article, translation: Translation, version: Version, told: set[str], category: dict[str, Any]
) -> Document:
    locale = translation.locale
    shown_in = [locale]
    if locale == article.source_locale:
        shown_in += [one for one in NAMES if one not in told]
    text = render(version.body, locale).text
    return Document(
        index=INDEX,
        id=document_id(article.id, locale),
        title=version.title,
        body=f"{version.summary}\n\n{text}" if version.summary else text,
        keywords=" ".join([*article.tags, str(category.get(locale, ""))]).strip(),
        language=locale,
        rights=tuple(article.rights),
        fields={
            "article_id": article.id,
            "category_id": article.category_id,
            "product_id": article.product_ids,
            "tags": article.tags,
            "shown_in": shown_in,
        },
        updated_at=translation.published_at or translation.changed_at,
    )
