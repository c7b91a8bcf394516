"""All routes of the agents' side, and what the whole application is built with."""

from typing import Any, Final

from litestar import Litestar, Router
from litestar.config.app import AppConfig

from agent_ui import downloads, headers, health, metrics, pages, problems
from agent_ui.api.announcements import AnnouncementController
from agent_ui.api.article_categories import CategoryController
from agent_ui.api.article_tasks import ArticleTaskController
from agent_ui.api.article_texts import ArticleTextController
from agent_ui.api.article_use import ArticleUseController
from agent_ui.api.articles import ArticleController, ArticleFileController
from agent_ui.api.automatic import AutomaticMailController
from agent_ui.api.automation import RuleController
from agent_ui.api.banners import BannerController
from agent_ui.api.blocked import BlockedController
from agent_ui.api.chats import ChatController
from agent_ui.api.customers import CustomerController, OrganisationController, SearchController
from agent_ui.api.directory import DirectoryController
from agent_ui.api.files import FileController, UploadController
from agent_ui.api.hours import HoursController
from agent_ui.api.knowledge_base import ImportController, KnowledgeBaseController
from agent_ui.api.ledger import JobController, LedgerController
from agent_ui.api.mailboxes import MailboxController, OauthController
from agent_ui.api.me import MeController
from agent_ui.api.people import PeopleController, TeamController
from agent_ui.api.policy import GuestLinkController, PolicyController
from agent_ui.api.portal import BrandController, RequestTopicController
from agent_ui.api.presence import BoardController, PresenceReasonController, PresenceRulesController
from agent_ui.api.privacy import PrivacyController
from agent_ui.api.products import CatalogueController, ProductFileController, RegistrationController
from agent_ui.api.promises import PromiseController
from agent_ui.api.recalls import ClaimController, KeyController, OrderController, RecallController
from agent_ui.api.replies import DeliveryController, ReplyController
from agent_ui.api.reports import ReportController
from agent_ui.api.routing import OfferController, RoutingController, WaitingController
from agent_ui.api.search import SearchWordsController
from agent_ui.api.session import SessionController
from agent_ui.api.sla import SlaController
from agent_ui.api.staffing import StaffingController
from agent_ui.api.tickets import TicketController
from agent_ui.api.wallboards import WallboardController
from agent_ui.api.webhooks import MacroController, WebhookController
from agent_ui.api.widgets import WidgetController
from agent_ui.auth import Authentication
from agent_ui.deps import DEPENDENCIES
from agent_ui.live import Gateway, live
from agent_ui.openapi import Description
from agent_ui.state import Runtime
from core.db import unit_of_work
from staff import permissions

LARGEST_JSON: Final = 4 * 1024 * 1024
"""Bytes of a request's body, but for uploads. A reply may have a million characters."""

FORM_AROUND_FILE: Final = 64 * 1024

CONTROLLERS: Final = (
    SessionController,
    MeController,
    DirectoryController,
    PeopleController,
    TeamController,
    TicketController,
    ReplyController,
    DeliveryController,
    FileController,
    CustomerController,
    OrganisationController,
    SearchController,
    SearchWordsController,
    LedgerController,
    BannerController,
    AutomaticMailController,
    BlockedController,
    JobController,
    MailboxController,
    OauthController,
    RuleController,
    WebhookController,
    MacroController,
    ChatController,
    WidgetController,
    CategoryController,
    ArticleController,
    ArticleTextController,
    PolicyController,
    HoursController,
    SlaController,
    RoutingController,
    WaitingController,
    OfferController,
    PromiseController,
    BoardController,
    PresenceReasonController,
    PresenceRulesController,
    WallboardController,
    ReportController,
    StaffingController,
    PrivacyController,
    GuestLinkController,
    BrandController,
    RequestTopicController,
    ArticleUseController,
    ArticleTaskController,
    AnnouncementController,
    KnowledgeBaseController,
    CatalogueController,
    RegistrationController,
    ClaimController,
    RecallController,
    OrderController,
    KeyController,
    health.BusinessHealthController,
)


def _api(*more: Any) -> Router:
    """Everything below /api that takes bodies of ordinary size."""
    return Router(
        "/api",
        route_handlers=[*CONTROLLERS, *more],
        middleware=[Authentication()],
        dependencies=DEPENDENCIES,
        request_max_body_size=LARGEST_JSON,
    )


def _uploads() -> Router:
    """What takes large bodies; how large, the settings say (see :func:`app_options`)."""
    return Router(
        "/api",
        route_handlers=[UploadController, ArticleFileController, ImportController, ProductFileController],
        middleware=[Authentication()],
        dependencies=DEPENDENCIES,
    )


def _described() -> Router:
    """The routes that the description describes."""
    return Router("/", route_handlers=[_api(), _uploads()])


DESCRIPTION: Final = Description(_described)

HANDLERS: Final[list[Any]] = [
    _api(*DESCRIPTION.routes()),
    _uploads(),
    live,
    health.alive,
    health.ready,
    health.prometheus,
    downloads.file,
    downloads.article_file,
    pages.console,
    pages.built_file,
]


def app_options(runtime: Runtime) -> dict[str, Any]:
    """What the composition root passes on to Litestar: errors, headers, the sockets, the start-up work."""

    def prepare(config: AppConfig) -> AppConfig:
        config.state["live"] = Gateway(runtime)
        return config

    async def sync_roles(_: Litestar) -> None:
        async with unit_of_work(runtime.db) as session:
            await permissions.sync_roles(session)

    return {
        "exception_handlers": problems.EXCEPTION_HANDLERS,
        "middleware": [metrics.Measure(), headers.RequestContext()],
        "before_send": [headers.security_headers],
        "on_app_init": [prepare],
        "on_startup": [sync_roles],
        "openapi_config": None,
        "request_max_body_size": runtime.settings.max_upload_bytes + FORM_AROUND_FILE,
    }
