"""Reports."""

from datetime import datetime, timedelta
from typing import Final

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.reports import SatisfactionView, satisfaction_view
from core import clock
from tickets import satisfaction

USUAL: Final = timedelta(days=28)


class ReportController(Controller):
    """Figures over a time."""

    path = "/reports"
    tags = ["Reports"]
    guards = [requires("reports:read")]

    @get("/satisfaction", summary="How content customers are")
    async def satisfaction(
        self,
        desk: NamedDependency[Desk],
        since: FromQuery[datetime | None] = None,
        until: FromQuery[datetime | None] = None,
        team_id: FromQuery[int | None] = None,
    ) -> SatisfactionView:
        """Answers to surveys that were asked in the time; without one, of the last four weeks."""
        end = _aware(until) or clock.now()
        start = _aware(since) or end - USUAL
        return satisfaction_view(await satisfaction.report(desk.session, start, end, team_id), start, end)


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=clock.now().tzinfo) if moment is not None and moment.tzinfo is None else moment
