"""How content customers are, counted: over a time, step by step through it, by team and agent, and answer by answer.

Read by ``agent_ui/api/reports``. Everything goes by when somebody was asked. The counts are of the whole desk; single
answers are of tickets that their reader may see (``tickets/access``).
"""

from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.actor import Actor
from core.errors import Invalid
from core.sql import Sql
from customers.models import Customer
from staff.models import Agent, Team
from tickets.access import visible_to
from tickets.models import Satisfaction, Ticket

LONGEST: Final = timedelta(days=3660)
"""Of a time that is gone through step by step."""
LONGEST_PAGE: Final = 100
_FEW_DAYS: Final = timedelta(days=35)
_FEW_WEEKS: Final = timedelta(days=200)

Step = Literal["day", "week", "month"]
Group = Literal["team", "agent"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose answers are counted.

    Attributes:
        since: asked from this moment on, aware.
        until: and before this one.
        team_id: about tickets that this team had then; None: of all.
        agent_id: about tickets that this agent had then; None: of all.
    """

    since: datetime
    until: datetime
    team_id: int | None = None
    agent_id: int | None = None

    @property
    def values(self) -> dict[str, Any]:
        """For the statements."""
        return msgspec.structs.asdict(self)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What customers answered in a time.

    Attributes:
        asked: surveys that were sent.
        returned: those of them that were answered.
        answered: answers, also those to no mail.
        average: of the scores; None without answers.
        content: share of the scores 4 and 5, from 0 to 1; None without answers.
        scores: how often each of 1 to 5 was given.
        reasons: reason → how often.
    """

    asked: int
    returned: int
    answered: int
    average: float | None
    content: float | None
    scores: list[int]
    reasons: dict[str, int]


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A day, week or month of a report, by its first day; without answers there is no average."""

    day: date
    answered: int
    average: float | None
    content: float | None


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """A report step by step, without a gap."""

    step: Step
    stretches: list[Stretch]


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a team or an agent in a report; ``id`` None: of tickets that had none."""

    id: int | None
    name: str
    asked: int
    answered: int
    average: float | None
    content: float | None


class Rated(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, about one ticket. ``agent`` and ``team``: who had the ticket when the customer was asked."""

    id: int
    ticket_id: int
    subject: str
    customer_id: int
    customer: str
    agent: str | None
    team: str | None
    score: int
    reasons: list[str]
    comment: str
    answered_at: datetime
    changed_at: datetime


_WANTED: Final = """asked_at >= :since and asked_at < :until
        and (cast(:team_id as bigint) is null or team_id = :team_id)
        and (cast(:agent_id as bigint) is null or agent_id = :agent_id)"""
_FIGURES: Final = """count(score) as answered, round(avg(score), 2)::float as average,
        round(avg((score >= 4)::int), 4)::float as content"""

_SCORES: Final = Sql(
    f"select score, count(*) as times, count(address) as mailed from satisfaction where {_WANTED} group by score"  # noqa: S608 - of parts of this module
)
_REASONS: Final = Sql(
    f"select reason, count(*) as times from satisfaction, unnest(reasons) as reason where {_WANTED} group by reason"  # noqa: S608 - of parts of this module
)
_COURSE: Final = Sql(
    f"""
    select local::date as day, {_FIGURES}
    from generate_series(
        date_trunc(cast(:step as text), cast(:since as timestamptz) at time zone cast(:zone as text)),
        cast(:last as timestamptz) at time zone :zone, cast('1 ' || :step as interval)
    ) as local
    left join satisfaction on asked_at >= local at time zone :zone
        and asked_at < (local + cast('1 ' || :step as interval)) at time zone :zone and {_WANTED}
    group by local order by local
    """  # noqa: S608 - of parts of this module
)
_SHARES: Final[dict[Group, Sql]] = {
    group: Sql(
        f"""
        select {group}_id as id, coalesce(named.name, '') as name, count(address) as asked, {_FIGURES}
        from satisfaction left join {group}s named on named.id = {group}_id
        where {_WANTED} group by {group}_id, named.name order by answered desc, asked desc, named.name
        """  # noqa: S608 - of parts of this module
    )
    for group in ("team", "agent")
}


async def report(session: AsyncSession, wanted: Asked) -> Report:
    """What customers answered who were asked in a time."""
    rows = await _SCORES.all(session, **wanted.values)
    times = {row.score: row.times for row in rows if row.score is not None}
    answered = sum(times.values())
    return Report(
        asked=sum(row.mailed for row in rows),
        returned=sum(row.mailed for row in rows if row.score is not None),
        answered=answered,
        average=round(sum(score * count for score, count in times.items()) / answered, 2) if answered else None,
        content=round((times.get(4, 0) + times.get(5, 0)) / answered, 4) if answered else None,
        scores=[times.get(score, 0) for score in range(1, 6)],
        reasons={row.reason: row.times for row in await _REASONS.all(session, **wanted.values)},
    )


def step_of(length: timedelta) -> Step:
    """How fine a time is gone through: a month by days, half a year by weeks, else by months."""
    if length <= _FEW_DAYS:
        return "day"
    return "week" if length <= _FEW_WEEKS else "month"


async def course(session: AsyncSession, wanted: Asked, time_zone: str) -> Course:
    """The same step by step, in days, weeks from Monday or months of a time zone.

    Raises:
        Invalid: the time is longer than :data:`LONGEST`, or ends before it begins, or there is no such time zone.
    """
    if not timedelta() < wanted.until - wanted.since <= LONGEST:
        raise Invalid.field("since", "A report is of ten years at most.")
    if not clock.is_time_zone(time_zone):
        raise Invalid.field("timeZone", "This is not a time zone, such as Asia/Kolkata.")
    step = step_of(wanted.until - wanted.since)
    last = wanted.until - timedelta.resolution
    rows = await _COURSE.all(session, **wanted.values, step=step, zone=time_zone, last=last)
    return Course(step=step, stretches=[Stretch(**row) for row in rows])


async def shares(session: AsyncSession, wanted: Asked, group: Group) -> list[Share]:
    """The same for each team or agent that was asked about, the most answers first."""
    return [Share(**row) for row in await _SHARES[group].all(session, **wanted.values)]


def _ratings(wanted: Asked, most: int, *, commented: bool) -> Select[*tuple[Any, ...]]:
    statement = (
        select(
            Satisfaction.id,
            Satisfaction.ticket_id,
            Ticket.subject,
            Satisfaction.customer_id,
            Customer.name.label("customer"),
            Agent.name.label("agent"),
            Team.name.label("team"),
            Satisfaction.score,
            Satisfaction.reasons,
            Satisfaction.comment,
            Satisfaction.answered_at,
            Satisfaction.changed_at,
        )
        .join(Ticket, Ticket.id == Satisfaction.ticket_id)
        .join(Customer, Customer.id == Satisfaction.customer_id)
        .outerjoin(Agent, Agent.id == Satisfaction.agent_id)
        .outerjoin(Team, Team.id == Satisfaction.team_id)
        .where(Satisfaction.asked_at >= wanted.since, Satisfaction.asked_at < wanted.until)
        .where(Satisfaction.score <= most)
        .order_by(Satisfaction.id.desc())
    )
    if wanted.team_id is not None:
        statement = statement.where(Satisfaction.team_id == wanted.team_id)
    if wanted.agent_id is not None:
        statement = statement.where(Satisfaction.agent_id == wanted.agent_id)
    return statement.where(Satisfaction.comment != "") if commented else statement


async def ratings(
    session: AsyncSession,
    actor: Actor,
    wanted: Asked,
    *,
    most: int = 5,
    commented: bool = False,
    cursor: str | None = None,
    limit: int = 20,
) -> tuple[list[Rated], str | None]:
    """One page of answers, who was asked last first, and the key of the next.

    Args:
        session: where to read.
        actor: on whose behalf; of tickets that she may not see there are no answers.
        wanted: whose.
        most: with this score or less.
        commented: only those with words.
        cursor: where the page before ended.
        limit: answers, at most :data:`LONGEST_PAGE`.

    Raises:
        Invalid: not a cursor of this list.
    """
    limit = max(1, min(limit, LONGEST_PAGE))
    statement = _ratings(wanted, most, commented=commented).where(visible_to(actor)).limit(limit + 1)
    if cursor:
        if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
            raise Invalid.field("cursor", "This is not a cursor of this list.")
        statement = statement.where(Satisfaction.id < int(cursor))
    rows = [Rated(**row) for row in (await session.execute(statement)).mappings()]
    return rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else None
