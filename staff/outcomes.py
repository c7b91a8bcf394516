"""How tickets went on after an answer that came from somewhere: a canned reply, an article.

Part of a report's SQL, behind a table ``uses`` of (``key``, ``ticket_id``, ``at``); its parameters are
``:second_contact`` (an interval) and ``:low`` (a rating).
"""

from datetime import timedelta
from typing import Final

SECOND_CONTACT: Final = timedelta(days=7)
"""A customer who writes again this soon after an answer was not helped by it."""
LOW_RATING: Final = 2
"""Of five: up to here a customer was not content."""
USED: Final = """judged as (
        select u.key, exists (
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
    ), used as (
        select key, count(*) as used, count(*) filter (where reopened) as reopened,
            count(*) filter (where second_contact) as second_contact,
            count(*) filter (where low_rating) as low_rating
        from judged group by key
    )"""
"""Defines ``used``: key, used, reopened, second_contact, low_rating."""
