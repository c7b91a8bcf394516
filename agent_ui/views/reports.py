"""Shapes of reports."""

from datetime import datetime

import msgspec

from agent_ui.views.base import View
from tickets.satisfaction import Report


class SatisfactionView(View):
    """What customers answered who were asked in a time.

    ``content`` is the share of the scores 4 and 5; ``scores`` says how often each of 1 to 5 was given.
    """

    since: datetime
    until: datetime
    asked: int
    answered: int
    average: float | None
    content: float | None
    scores: list[int]
    reasons: dict[str, int]


def satisfaction_view(report: Report, since: datetime, until: datetime) -> SatisfactionView:
    """The view of a report."""
    return SatisfactionView(since=since, until=until, **msgspec.structs.asdict(report))
