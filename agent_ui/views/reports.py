"""Shapes of reports."""

from datetime import date, datetime
from typing import Any, Literal

import msgspec

from agent_ui.views.base import Named, View
from tickets.satisfaction_report import Asked, Course, Rated, Report, Share


class SatisfactionView(View):
    """What customers answered who were asked in a time.

    ``returned``: how many of the surveys that were ``asked`` by mail were answered; ``answered`` counts also those that
    came without a mail. ``content`` is the share of the scores 4 and 5; ``scores`` says how often each of 1 to 5 was
    given.
    """

    since: datetime
    until: datetime
    asked: int
    returned: int
    answered: int
    average: float | None
    content: float | None
    scores: list[int]
    reasons: dict[str, int]


class StretchView(View):
    """A day, week or month, by its first day."""

    day: date
    answered: int
    average: float | None
    content: float | None


class CourseView(View):
    """Satisfaction step by step, without a gap; a week begins on Monday."""

    step: Literal["day", "week", "month"]
    stretches: list[StretchView]


class ShareView(View):
    """The part of a team or an agent; ``id`` is null for tickets that had none."""

    id: int | None
    name: str
    asked: int
    answered: int
    average: float | None
    content: float | None


class RatingView(View):
    """One answer, about one ticket. ``agent`` and ``team``: who had it when the customer was asked."""

    id: int
    ticket_id: int
    subject: str
    customer: Named
    agent: str | None
    team: str | None
    score: int
    reasons: list[str]
    comment: str
    answered_at: datetime
    changed_at: datetime


def satisfaction_view(report: Report, wanted: Asked) -> SatisfactionView:
    """The view of a report."""
    return SatisfactionView(since=wanted.since, until=wanted.until, **msgspec.structs.asdict(report))


def course_view(course: Course) -> CourseView:
    """The view of a report step by step."""
    return CourseView(step=course.step, stretches=[StretchView(**_facts(each)) for each in course.stretches])


def share_view(share: Share) -> ShareView:
    """The view of a team's or an agent's part."""
    return ShareView(**_facts(share))


def rating_view(answer: Rated) -> RatingView:
    """The view of one answer."""
    facts = _facts(answer)
    return RatingView(customer=Named(id=facts.pop("customer_id"), name=facts.pop("customer")), **facts)


def _facts(struct: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(struct)
