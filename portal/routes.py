"""All routes of the customers' side. The composition root puts them beside those of the agents."""

from typing import Any, Final, cast

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.exceptions import ClientException
from litestar.static_files import create_static_files_router

from core.errors import DeskError
from portal import (
    articles,
    failures,
    helping,
    home,
    leaving,
    look,
    mine,
    privacy,
    products,
    profile,
    requests,
    seo,
    signin,
    surveys,
)
from portal.auth import Recognise
from portal.pages import YEAR, arrive, check_path
from portal.widget import routes as widget_routes

HANDLERS: Final[list[Any]] = [
    Router(
        "/portal",
        route_handlers=[
            home.home,
            requests.new_request,
            requests.send_request,
            requests.own_fields,
            requests.thanks,
            signin.ask_address,
            signin.send_link,
            signin.ask_code,
            signin.use_code,
            signin.open_link,
            signin.use_link,
            signin.sign_out,
            *mine.HANDLERS,
            *surveys.HANDLERS,
            *profile.HANDLERS,
            *privacy.HANDLERS,
            *leaving.HANDLERS,
            articles.article,
            articles.category,
            articles.article_file,
            articles.vote,
            helping.results,
            helping.suggest,
            helping.answered,
            helping.solved,
            seo.feed,
            *products.HANDLERS,
            home.missing,
        ],
        middleware=[Recognise()],
        before_request=arrive,
        exception_handlers={
            ClientException: cast(Any, failures.unreadable),
            DeskError: cast(Any, failures.refused),
        },
        include_in_schema=False,
    ),
    Router(
        "/",
        route_handlers=[seo.robots, seo.site_map, seo.part_of_site_map],
        before_request=arrive,
        exception_handlers={DeskError: cast(Any, failures.refused)},
        include_in_schema=False,
    ),
    Router("/portal", route_handlers=[look.style, look.logo], before_request=check_path, include_in_schema=False),
    Router("/static/portal/built", route_handlers=[look.built], include_in_schema=False),
    *widget_routes.HANDLERS,
    create_static_files_router(
        "/static/portal",
        directories=[look.STATIC],
        cache_control=CacheControlHeader(max_age=YEAR, public=True, immutable=True),
        include_in_schema=False,
    ),
]
