"""Who read, and who asked us all the same: counted honestly, not hoped for.

A question counts as deflected when a visitor opened an article from a search or suggestion and neither she nor the
customer that she turned out to be wrote to us within 24 hours, on any channel. Contacts of customers are read from the
event log; of visitors who are nobody yet the portal tells (:func:`asked`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.sql import Sql
from knowledge_base.models import Contact

WINDOW: Final = timedelta(hours=24)
ASKED: Final = ("ticket.created", "message.received")
"""Kinds of events that say that a customer wrote, whatever the channel."""


class ArticleShare(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How questions ended in which an article was read."""

    article_id: int
    read: int
    asked: int


class Deflection(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How questions ended that began with a search or suggestion.

    Attributes:
        read: visitors and days on which an article was opened from a search.
        asked: of those, who wrote to us within 24 hours.
        deflected: who did not.
        pending: whose 24 hours are not over; counted neither way.
        said_solved: who said "this solved it" under a suggestion.
        articles: the same for each article, the most read first.
    """

    read: int
    asked: int
    deflected: int
    pending: int
    said_solved: int
    articles: list[ArticleShare]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor reads an article.

    Attributes:
        article_id: which.
        locale: in which language.
        visitor: her hash (``knowledge_base/visitors``).
        customer_id: who she is, when she is signed in.
        search_id: the search that she came from.
    """

    article_id: int
    locale: str
    visitor: str
    customer_id: int | None = None
    search_id: int | None = None


_VIEWED: Final = Sql(
    """
    with noted as (
        select * from unnest(cast(:articles as bigint[]), cast(:locales as text[]), cast(:visitors as text[]),
            cast(:customers as bigint[]), cast(:searches as bigint[]))
            as n (article_id, locale, visitor, customer_id, search_id)
    ), opened as (
        update article_searches s set clicked_article_id = n.article_id
        from noted n where s.id = n.search_id and s.visitor = n.visitor
    )
    insert into article_views (article_id, locale, visitor, customer_id, search_id, at)
    select n.article_id, n.locale, n.visitor, n.customer_id, n.search_id, :at
    from noted n join articles a on a.id = n.article_id
    """
)


async def viewed(session: AsyncSession, readings: Sequence[Reading]) -> None:
    """Note that visitors read articles, and which of them they opened from a search of theirs.

    One statement however many they are: the portal notes them in batches (``portal/read_log.py``).

    Args:
        session: the unit of work.
        readings: what was read; an article that is gone by now is left out.
    """
    await _VIEWED.all(
        session,
        articles=[one.article_id for one in readings],
        locales=[one.locale for one in readings],
        visitors=[one.visitor for one in readings],
        customers=[one.customer_id for one in readings],
        searches=[one.search_id for one in readings],
        at=clock.now(),
    )


async def asked(
    session: AsyncSession, *, visitor: str, customer_id: int | None = None, ticket_id: int | None = None
) -> None:
    """Note that a visitor of the portal or widget has sent a request, and who she turned out to be."""
    session.add(Contact(visitor=visitor, customer_id=customer_id, ticket_id=ticket_id, at=clock.now()))


_JOURNEYS: Final = """
    with reads as (
        select v.visitor, date_trunc('day', v.at) as day, v.article_id, v.at,
            coalesce(v.customer_id, (
                select max(c.customer_id) from article_contacts c where c.visitor = v.visitor and v.visitor <> ''
            )) as customer_id
        from article_views v
        where v.search_id is not null and v.at >= :since and v.at < :until
    ), judged as (
        select visitor, day, article_id, max(at) as at, bool_or(
            exists (
                select 1 from article_contacts c
                where c.visitor = reads.visitor and c.visitor <> '' and c.at >= reads.at and c.at < reads.at + :window
            ) or exists (
                select 1 from events e
                where e.customer_id = reads.customer_id and e.kind = any(:kinds)
                    and e.at >= reads.at and e.at < reads.at + :window
            )
        ) as asked
        from reads group by visitor, day, article_id
    )
"""
_TOTALS: Final = Sql(
    _JOURNEYS  # noqa: S608 - put together from our own constants
    + """, journeys as (
        select visitor, day, bool_or(asked) as asked, max(at) as at from judged group by visitor, day
    )
    select count(*) as read, count(*) filter (where asked) as asked,
        count(*) filter (where not asked and at + :window > :now) as pending,
        (select count(*) from article_searches s where s.is_solved and s.at >= :since and s.at < :until) as said_solved
    from journeys
    """
)
_SHARES: Final = Sql(
    _JOURNEYS  # noqa: S608 - the same
    + """
    select article_id, count(*) as read, count(*) filter (where asked) as asked from judged
    group by article_id order by count(*) desc, article_id limit 50
    """
)


async def report(session: AsyncSession, since: datetime, until: datetime) -> Deflection:
    """How questions of a time ended."""
    values = {"since": since, "until": until, "window": WINDOW, "kinds": list(ASKED)}
    totals = await _TOTALS.first(session, **values, now=clock.now())
    shares = await _SHARES.all(session, **values)
    return Deflection(
        read=totals.read,
        asked=totals.asked,
        pending=totals.pending,
        deflected=totals.read - totals.asked - totals.pending,
        said_solved=totals.said_solved,
        articles=[ArticleShare(article_id=row.article_id, read=row.read, asked=row.asked) for row in shares],
    )
