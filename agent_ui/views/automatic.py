"""Shapes of automatic mail: whether it leaves, how much of it, and what was withheld."""

from datetime import datetime

from agent_ui.views.base import View
from channels.brake import Status


class UndeliveredView(View):
    """An automatic mail that did not arrive, and why: withheld, failed, bounced or unknown."""

    id: int
    at: datetime
    state: str
    kind: str
    to: str
    subject: str
    ticket_id: int | None
    reason: str


class AutomaticMailView(View):
    """How the desk's automatic mail stands; ``undelivered`` are the newest of the last day."""

    stopped: bool
    reason: str | None
    since: datetime | None
    sent_last_hour: int
    limit_per_hour: int
    withheld_last_day: int
    undelivered: list[UndeliveredView]


def automatic_mail(status: Status) -> AutomaticMailView:
    """The view of a status."""
    return AutomaticMailView(
        stopped=status.stopped,
        reason=status.reason,
        since=status.since,
        sent_last_hour=status.sent_last_hour,
        limit_per_hour=status.limit_per_hour,
        withheld_last_day=status.withheld_last_day,
        undelivered=[
            UndeliveredView(
                id=each.id,
                at=each.at,
                state=each.state,
                kind=each.kind,
                to=each.address,
                subject=each.subject,
                ticket_id=each.ticket_id,
                reason=each.reason,
            )
            for each in status.undelivered
        ],
    )
