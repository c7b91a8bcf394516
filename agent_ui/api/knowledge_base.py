"""The knowledge base as a whole: its options, import and export, reports."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery, JSONBody, QueryParameter

from agent_ui import files
from agent_ui.api.articles import PUBLISH, READ, WRITE
from agent_ui.deps import Desk
from agent_ui.limits import allow
from agent_ui.views.base import Named, given
from agent_ui.views.knowledge import AudienceView, ImportView, OptionsInput
from agent_ui.views.people import Locale
from core import clock
from core.errors import Invalid
from customers import listing
from knowledge_base import bundle, deflection, exporting, importing, options, reports
from knowledge_base.deflection import Deflection
from knowledge_base.listing import words_in_use
from knowledge_base.options import Wishes
from knowledge_base.reports import Day, Health, LostSearch
from staff import macros
from staff.macros import MacroHealth

UTC: Final = ZoneInfo("UTC")
LONGEST_PERIOD: Final = timedelta(days=732)
Since = FromQuery[date | None]


class ImportForm(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A form with an archive or a single file; ``dryRun`` only says what would happen."""

    file: UploadFile
    dry_run: bool = False


Form = Annotated[ImportForm, Body(media_type=RequestEncodingType.MULTI_PART)]


def period(since: date | None, until: date | None) -> tuple[datetime, datetime]:
    """The instants between which a report looks: whole days (UTC), the last 30 unless said otherwise.

    Raises:
        Invalid: it ends before it starts, or is too long.
    """
    last = until or clock.now().date()
    first = since or last - timedelta(days=29)
    if first > last or last - first > LONGEST_PERIOD:
        raise Invalid.field("since", "A report looks at one day at least and at two years at most.")
    return datetime.combine(first, time(), UTC), datetime.combine(last + timedelta(days=1), time(), UTC)


class KnowledgeBaseController(Controller):
    """Options, export and reports."""

    path = "/kb"
    tags = ["Knowledge base"]

    @get("/options", guards=[READ], summary="Options of the knowledge base")
    async def read_options(self, desk: NamedDependency[Desk]) -> Wishes:
        """What stands in for a missing translation, whether two people are needed to publish, when to review."""
        return await options.read(desk.session)

    @put("/options", guards=[PUBLISH], summary="Change the options")
    async def write_options(self, desk: NamedDependency[Desk], data: JSONBody[OptionsInput]) -> Wishes:
        """They hold from now on."""
        wishes = Wishes(**given(data))
        await options.write(desk.session, wishes)
        return wishes

    @get("/audience", guards=[WRITE], summary="Whom an article may be for")
    async def audience(self, desk: NamedDependency[Desk], q: FromQuery[str] = "") -> AudienceView:
        """Organisations whose name holds ``q`` (some of them), segments and tags that articles name already.

        A customer's segments are ``vip``, what her attribute ``segments`` lists, and each attribute as ``name=value``.
        """
        found = await listing.find_organisations(desk.session, q)
        segments, tags = await words_in_use(desk.session)
        named = [Named(id=number, name=name) for number, name in found]
        return AudienceView(organisations=named, segments=segments, tags=tags)

    @get("/export", guards=[PUBLISH], summary="All articles as an archive", media_type="application/zip")
    async def export(self, desk: NamedDependency[Desk]) -> Response[bytes]:
        """Markdown with YAML on top and pictures beside it; an import takes it in again."""
        packed = bundle.to_zip(await exporting.bundle(desk.session, desk.runtime.storage))
        return files.download(packed, f"articles-{clock.now():%Y-%m-%d}.zip", "application/zip")

    @get("/reports/searches", guards=[READ], summary="Searches without answers")
    async def lost_searches(
        self,
        desk: NamedDependency[Desk],
        since: Since = None,
        until: Since = None,
        locale: FromQuery[Locale | None] = None,
        limit: FromQuery[int] = 50,
    ) -> list[LostSearch]:
        """What people looked for and did not find or open; the last 30 days unless said otherwise."""
        return await reports.lost_searches(desk.session, *period(since, until), locale, limit)

    @get("/reports/deflection", guards=[READ], summary="Questions that articles answered")
    async def deflection_report(
        self, desk: NamedDependency[Desk], since: Since = None, until: Since = None
    ) -> Deflection:
        """Who opened an article from a search, and did or did not write to us within 24 hours."""
        return await deflection.report(desk.session, *period(since, until))

    @get("/reports/health", guards=[READ], summary="Answers that did not help")
    async def health(self, desk: NamedDependency[Desk], since: Since = None, until: Since = None) -> list[Health]:
        """Articles whose tickets were opened again, whose customers wrote again, or that readers voted down."""
        return await reports.health(desk.session, *period(since, until))

    @get("/reports/macros", guards=[READ], summary="Canned replies that did not help")
    async def macro_health(
        self, desk: NamedDependency[Desk], since: Since = None, until: Since = None
    ) -> list[MacroHealth]:
        """Canned replies with how their tickets went on: opened again, the customer wrote again or was not content."""
        return await macros.health(desk.session, *period(since, until))

    @get("/reports/views", guards=[READ], summary="Views by day")
    async def views(
        self,
        desk: NamedDependency[Desk],
        since: Since = None,
        until: Since = None,
        article_id: Annotated[int | None, QueryParameter(name="articleId", ge=1)] = None,
    ) -> list[Day]:
        """How often articles, or one of them, were read."""
        return await reports.views_by_day(desk.session, *period(since, until), article_id)


class ImportController(Controller):
    """The import, in the router that takes large bodies."""

    path = "/kb/import"
    tags = ["Knowledge base"]

    @post(guards=[PUBLISH], status_code=200, summary="Import articles")
    async def take(self, desk: NamedDependency[Desk], data: Form) -> ImportView:
        """A zip archive of Markdown and pictures, or the JSON of a Zendesk help centre; ``dryRun`` keeps nothing.

        What cannot be taken is a row with a message; the rest is.
        """
        allow("upload", desk.agent_id)
        runtime = desk.runtime
        content = await files.read_upload(data.file, runtime.settings.max_upload_bytes)
        is_zip = content[:4] == b"PK\x03\x04"
        found: dict[str, Any] = bundle.from_zip(content) if is_zip else {data.file.filename: content}
        report = await importing.take(desk.session, runtime.storage, bundle.read(found), dry_run=data.dry_run)
        return ImportView(
            dry_run=report.dry_run,
            created=report.count("created"),
            updated=report.count("updated"),
            unchanged=report.count("unchanged"),
            errors=report.count("error"),
            rows=report.rows,
        )
