"""How content customers are: who is asked after a solution, and what they answer. One answer for each ticket.

``portal/surveys.py`` writes the mail and shows the page, ``tickets/satisfaction_report.py`` counts the answers. Nobody
is asked about spam, merged tickets or what no person of ours has answered, nor more than once in :data:`PAUSE`, nor who
has said no to such mails.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.actor import Actor, ActorKind
from core.errors import Conflict, Invalid, NotFound
from core.sql import Sql
from customers import consent
from customers import service as customers
from tickets import lifecycle, policy
from tickets.events import SurveySent, TicketRated, audience
from tickets.intake import clean
from tickets.models import Satisfaction, Ticket

PAUSE: Final = timedelta(days=7)
SPAM: Final = "spam"
REASONS: Final[tuple[str, ...]] = ("quick", "friendly", "solved", "clear", "slow", "unfriendly", "unsolved", "unclear")
LONGEST_COMMENT: Final = 4000
_OVER: Final = ("solved", "closed")
_BYTES: Final = 15


class RatingOver(Conflict):
    """The time in which a rating can be given or changed has passed."""

    code, title = "rating-over", "It can no longer be rated"


class Question(msgspec.Struct, frozen=True):
    """Somebody to ask. ``language``: None where nobody knows."""

    ticket_id: int
    subject: str
    account_id: int | None
    address: str
    name: str
    language: str | None


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: from 1 (very bad) to 5 (very good)."""

    score: int
    reasons: list[str] = []
    comment: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the rating of a ticket stands.

    Attributes:
        rating: what was answered; None: nothing yet.
        until: until when it can be given or changed.
        is_open: whether that is not over.
    """

    ticket_id: int
    subject: str
    rating: Rating | None
    until: datetime
    is_open: bool


def _signature(secret: str, ticket_id: int) -> str:
    key = hashlib.sha256(b"survey:" + secret.encode()).digest()
    return hmac.new(key, str(ticket_id).encode(), hashlib.sha256).hexdigest()[: _BYTES * 2]


def token(secret: str, ticket_id: int) -> str:
    """The token of the page on which a ticket is rated."""
    return f"{ticket_id}-{_signature(secret, ticket_id)}"


def ticket_of(secret: str, given: str) -> int:
    """The ticket that a token names.

    Raises:
        NotFound: it is none of ours.
    """
    number, _, signature = given.partition("-")
    genuine = number.isascii() and number.isdecimal() and len(number) < 18
    if not genuine or not hmac.compare_digest(_signature(secret, int(number)).encode(), signature.encode()):
        raise NotFound("This address is not one of ours.")
    return int(number)


_ABOUT: Final = Sql(
    """
    select wrote.author_address as address, coalesce(c.language, wrote.language) as language, c.name,
        exists(select 1 from messages a left join deliveries d on d.message_id = a.id where a.ticket_id = t.id
            and a.kind = 'agent' and not a.passed_on and coalesce(d.state, '') <> 'cancelled') as answered,
        exists(select 1 from satisfaction s where s.ticket_id = t.id) as known,
        exists(select 1 from satisfaction s where s.customer_id = t.customer_id and s.asked_at > :since) as lately
    from tickets t join customers c on c.id = t.customer_id
        left join lateral (
            select author_address, language from messages m where m.ticket_id = t.id and m.kind = 'customer'
                and m.author_customer_id = t.customer_id and not m.is_auto and not m.is_list
                and m.author_address is not null
            order by m.id desc limit 1
        ) as wrote on true
    where t.id = :ticket_id
    """
)


async def ask(session: AsyncSession, ticket_id: int) -> Question | None:
    """Decide whether the customer of a ticket is asked, and write down that she is.

    Returns:
        Whom to write to; None where nobody is asked.

    Raises:
        NotFound: there is no such ticket.
    """
    ticket = await lifecycle.lock(session, ticket_id)
    if not (await policy.read(session)).survey:
        return None
    if ticket.status not in _OVER or ticket.merged_into_id is not None or SPAM in ticket.tags:
        return None
    now = clock.now()
    row = await _ABOUT.first(session, ticket_id=ticket_id, since=now - PAUSE)
    if not row.address or not row.answered or row.known or row.lately:
        return None
    verdict = await consent.may_write(session, kind="email", value=row.address, purpose="survey")
    if not verdict.allowed:
        return None
    session.add(_row(ticket, row.address, now))
    events.record(session, SurveySent(address=row.address, **audience(ticket)))
    return Question(ticket_id, ticket.subject, ticket.account_id, row.address, row.name, row.language)


def _row(ticket: Ticket, address: str | None, now: datetime) -> Satisfaction:
    return Satisfaction(
        ticket_id=ticket.id,
        customer_id=ticket.customer_id,
        agent_id=ticket.assignee_id,
        team_id=ticket.team_id,
        address=address,
        asked_at=now,
        reasons=[],
        comment="",
    )


async def standing(session: AsyncSession, ticket_id: int) -> Standing:
    """How the rating of a ticket stands, for the page on which it is given.

    Raises:
        NotFound: there is no such ticket, it is not over, or it was merged into another one.
    """
    ticket = await session.scalar(select(Ticket).where(Ticket.id == ticket_id))
    row = await session.scalar(select(Satisfaction).where(Satisfaction.ticket_id == ticket_id))
    if ticket is None or ticket.merged_into_id is not None or (row is None and ticket.status not in _OVER):
        raise NotFound("There is nothing to rate.")
    until = _until(row, ticket, await policy.read(session))
    rating = None
    if row is not None and row.score is not None:
        rating = Rating(score=row.score, reasons=row.reasons, comment=row.comment)
    return Standing(
        ticket_id=ticket_id, subject=ticket.subject, rating=rating, until=until, is_open=clock.now() <= until
    )


def _until(row: Satisfaction | None, ticket: Ticket, chosen: policy.Policy) -> datetime:
    since = row.asked_at if row else ticket.solved_at or clock.now()
    return since + timedelta(days=chosen.survey_days)


async def rate(session: AsyncSession, ticket_id: int, rating: Rating, *, asked_now: bool = False) -> None:
    """Take an answer, or change it; the event names the customer.

    Args:
        session: the unit of work.
        ticket_id: the ticket.
        rating: the answer.
        asked_now: she was asked where she is, at the end of a chat; the ticket need not be over for that.

    Raises:
        Invalid: the score is none, or a reason is unknown.
        NotFound: there is nothing to rate.
        RatingOver: it is too late.
    """
    if not 1 <= rating.score <= 5:
        raise Invalid.field("score", "A score is from 1 to 5.")
    if any(each not in REASONS for each in rating.reasons):
        raise Invalid.field("reasons", "This reason is not one of ours.")
    ticket = await lifecycle.lock(session, ticket_id)
    if not asked_now and not (await standing(session, ticket_id)).is_open:
        raise RatingOver
    row = await session.scalar(select(Satisfaction).where(Satisfaction.ticket_id == ticket_id))
    now = clock.now()
    if row is None:
        row = _row(ticket, None, now)
        session.add(row)
    old = row.score
    chosen = [each for each in REASONS if each in rating.reasons]
    comment = clean(rating.comment).strip()[:LONGEST_COMMENT]
    if (old, row.reasons, row.comment) == (rating.score, chosen, comment):
        return
    row.score, row.reasons, row.comment = rating.score, chosen, comment
    row.answered_at, row.changed_at = row.answered_at or now, now
    low = (await policy.read(session)).low_score
    is_low = rating.score <= low and (old is None or old > low)
    rated = TicketRated(score=rating.score, old=old, reasons=chosen, comment=comment, is_low=is_low, **audience(ticket))
    customer = await customers.get(session, ticket.customer_id)
    events.record(session, rated, Actor(ActorKind.CUSTOMER, customer.id, customer.name))
