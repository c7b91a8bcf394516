"""What the knowledge base lacks and how it does: searches without answers, answers that did not help, views by day."""

from datetime import date, datetime
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.sql import Sql
from staff import outcomes


class LostSearch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Words that were looked for in vain. ``unopened``: something was found, and nobody opened any of it."""

    words: str
    locale: str
    count: int
    without_result: int
    unopened: int
    last_at: datetime


class Day(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Views of a day (UTC), and by how many visitors."""

    day: date
    views: int
    visitors: int


class Health(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How tickets went on in whose answer an article was used.

    Attributes:
        used: tickets.
        reopened: of those, opened again after they had been solved.
        second_contact: of those, whose customer wrote again within seven days.
        low_rating: of those, whose customer was not content.
        unhelpful: votes "this did not help" in the time.
    """

    article_id: int
    used: int
    reopened: int
    second_contact: int
    low_rating: int
    unhelpful: int


_LOST: Final = Sql(
    """
    select words, locale, count(*) as count, count(*) filter (where found = 0) as without_result,
        count(*) filter (where found > 0 and clicked_article_id is null and not is_solved) as unopened,
        max(at) as last_at
    from article_searches
    where at >= :since and at < :until and words <> '' and (cast(:locale as text) is null or locale = :locale)
        and source <> 'agent'
    group by words, locale
    having count(*) filter (where found = 0) > 0
        or count(*) filter (where clicked_article_id is not null or is_solved) = 0
    order by count(*) filter (where found = 0) desc, count(*) desc, words limit :limit
    """
)
_DAYS: Final = Sql(
    """
    select date_trunc('day', at at time zone 'UTC')::date as day, count(*) as views,
        count(distinct visitor) filter (where visitor <> '') as visitors
    from article_views
    where at >= :since and at < :until and (cast(:article as bigint) is null or article_id = :article)
    group by 1 order by 1
    """
)
_HEALTH: Final = Sql(
    """
    with uses as (
        select article_id as key, ticket_id, min(at) as at from article_tickets
        where how <> 'source' and at >= :since and at < :until group by article_id, ticket_id
    ), votes as (
        select article_id, count(*) as unhelpful from article_votes
        where not is_helpful and at >= :since and at < :until group by article_id
    ), {used}
    select coalesce(u.key, v.article_id) as article_id, coalesce(u.used, 0) as used,
        coalesce(u.reopened, 0) as reopened, coalesce(u.second_contact, 0) as second_contact,
        coalesce(u.low_rating, 0) as low_rating, coalesce(v.unhelpful, 0) as unhelpful
    from used u full join votes v on v.article_id = u.key
    order by coalesce(u.reopened, 0) + coalesce(u.second_contact, 0) + coalesce(u.low_rating, 0)
        + coalesce(v.unhelpful, 0) desc, 1 limit :limit
    """.replace("{used}", outcomes.USED)
)


async def lost_searches(
    session: AsyncSession, since: datetime, until: datetime, locale: str | None = None, limit: int = 50
) -> list[LostSearch]:
    """What people looked for and did not find, the most frequent first."""
    rows = await _LOST.all(session, since=since, until=until, locale=locale, limit=max(1, min(limit, 200)))
    return [LostSearch(**dict(row)) for row in rows]


async def views_by_day(
    session: AsyncSession, since: datetime, until: datetime, article_id: int | None = None
) -> list[Day]:
    """How often articles (or one of them) were read, day by day; days without a view are left out."""
    return [Day(**dict(row)) for row in await _DAYS.all(session, since=since, until=until, article=article_id)]


async def health(session: AsyncSession, since: datetime, until: datetime, limit: int = 50) -> list[Health]:
    """Articles whose answers did not end the matter, the worst first."""
    values = {"since": since, "until": until, "second_contact": outcomes.SECOND_CONTACT, "low": outcomes.LOW_RATING}
    rows = await _HEALTH.all(session, **values, limit=max(1, min(limit, 200)))
    return [Health(**dict(row)) for row in rows]
