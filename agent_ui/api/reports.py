"""Reports."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.base import Page
from agent_ui.views.reports import (
    CourseView,
    RatingView,
    SatisfactionView,
    ShareView,
    course_view,
    rating_view,
    satisfaction_view,
    share_view,
)
from core import clock
from routing import sla_report
from routing.sla_report import KeptReport
from tickets import satisfaction_report
from tickets.satisfaction_report import Asked, Group

USUAL: Final = timedelta(days=28)


def asked(
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    team_id: Annotated[int | None, QueryParameter(name="teamId", ge=1, le=2**63 - 1)] = None,
    agent_id: Annotated[int | None, QueryParameter(name="agentId", ge=1, le=2**63 - 1)] = None,
) -> Asked:
    """Whose answers a report is about: asked in a time, without one in the last four weeks."""
    end = _aware(until) or clock.now()
    return Asked(since=_aware(since) or end - USUAL, until=end, team_id=team_id, agent_id=agent_id)


class ReportController(Controller):
    """Figures over a time."""

    path = "/reports"
    tags = ["Reports"]
    guards = [requires("reports:read")]
    dependencies = {"wanted": Provide(asked, sync_to_thread=False)}

    @get("/satisfaction", summary="How content customers are")
    async def satisfaction(self, desk: NamedDependency[Desk], wanted: NamedDependency[Asked]) -> SatisfactionView:
        """Answers to surveys that were asked in the time; without one, of the last four weeks."""
        return satisfaction_view(await satisfaction_report.report(desk.session, wanted), wanted)

    @get("/response-times", summary="How response times and promises were kept")
    async def response_times(self, desk: NamedDependency[Desk], wanted: NamedDependency[Asked]) -> KeptReport:
        """Clocks that began in the time, and promises that were due in it; without one, of the last four weeks."""
        about = sla_report.Asked(since=wanted.since, until=wanted.until, team_id=wanted.team_id)
        return await sla_report.report(desk.session, about)

    @get("/satisfaction/course", summary="How content customers are, step by step")
    async def course(
        self,
        desk: NamedDependency[Desk],
        wanted: NamedDependency[Asked],
        time_zone: Annotated[str, QueryParameter(name="timeZone", max_length=60)] = "UTC",
    ) -> CourseView:
        """The same by days up to 35 days, by weeks up to 200, else by months, as they begin in the time zone."""
        return course_view(await satisfaction_report.course(desk.session, wanted, time_zone))

    @get("/satisfaction/shares", summary="How content customers are, by team or agent")
    async def shares(
        self, desk: NamedDependency[Desk], wanted: NamedDependency[Asked], by: FromQuery[Group] = "team"
    ) -> list[ShareView]:
        """The same for who had the tickets when the customers were asked, the most answers first."""
        return [share_view(each) for each in await satisfaction_report.shares(desk.session, wanted, by)]

    @get("/satisfaction/ratings", summary="What customers said about it")
    async def ratings(
        self,
        desk: NamedDependency[Desk],
        wanted: NamedDependency[Asked],
        most: Annotated[int, QueryParameter(ge=1, le=5)] = 5,
        commented: FromQuery[bool] = False,
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 20,
    ) -> Page[RatingView]:
        """Single answers about tickets that one may see, newest first; ``most``: with this score or less.

        ``commented``: only those with words.
        """
        found, following = await satisfaction_report.ratings(
            desk.session, desk.actor, wanted, most=most, commented=commented, cursor=cursor, limit=limit
        )
        return Page(items=[rating_view(each) for each in found], next=following)


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=clock.now().tzinfo) if moment is not None and moment.tzinfo is None else moment
