"""What the knowledge base lacks and how it does: searches without answers, answers that did not help, views by day."""

from datetime import date, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.sql import Sql

SECOND_CONTACT: Final = timedelta(days=7)
"""A customer who writes again this soon after an answer was not helped by it."""
LOW_RATING: Final = 2
"""Of five: up to here a customer was not content."""


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
        select article_id, ticket_id, min(at) as at from article_tickets
        where how <> 'source' and at >= :since and at < :until group by article_id, ticket_id
    ), judged as (
        select u.article_id, exists (
            select 1 from events e where e.ticket_id = u.ticket_id and e.kind = 'ticket.status_changed' and e.at > u.at
                and e.data->>'old' in ('solved', 'closed') and e.data->>'new' = 'open'
        ) as reopened, exists (
            select 1 from events e where e.ticket_id = u.ticket_id and e.kind = 'message.received' and e.at > u.at
                and e.at < u.at + :second_contact
        ) as second_contact, exists (
            select 1 from events e where e.ticket_id = u.ticket_id and e.kind = 'ticket.rated' and e.at > u.at
                and cast(e.data->>'score' as integer) <= :low
        ) as low_rating
        from uses u
    ), votes as (
        select article_id, count(*) as unhelpful from article_votes
        where not is_helpful and at >= :since and at < :until group by article_id
    ), used as (
        select article_id, count(*) as used, count(*) filter (where reopened) as reopened,
            count(*) filter (where second_contact) as second_contact,
            count(*) filter (where low_rating) as low_rating
        from judged group by article_id
    )
    select coalesce(u.article_id, v.article_id) as article_id, coalesce(u.used, 0) as used,
        coalesce(u.reopened, 0) as reopened, coalesce(u.second_contact, 0) as second_contact,
        coalesce(u.low_rating, 0) as low_rating, coalesce(v.unhelpful, 0) as unhelpful
    from used u full join votes v on v.article_id = u.article_id
    order by coalesce(u.reopened, 0) + coalesce(u.second_contact, 0) + coalesce(u.low_rating, 0)
        + coalesce(v.unhelpful, 0) desc, 1 limit :limit
    """
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
    values = {"since": since, "until": until, "second_contact": SECOND_CONTACT, "low": LOW_RATING}
    rows = await _HEALTH.all(session, **values, limit=max(1, min(limit, 200)))
    return [Health(**dict(row)) for row in rows]
