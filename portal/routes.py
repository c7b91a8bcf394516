"""All routes of the customers' side. The composition root puts them beside those of the agents."""

from typing import Any, Final, cast

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.exceptions import ClientException
from litestar.static_files import create_static_files_router

from portal import requests
from portal.fonts import fonts
from portal.pages import STATIC, YEAR

HANDLERS: Final[list[Any]] = [
    Router(
        "/portal",
        route_handlers=[
            requests.home,
            requests.new_request,
            requests.send_request,
            requests.thanks,
            fonts,
            requests.missing,
        ],
        exception_handlers={ClientException: cast(Any, requests.broken_post)},
        include_in_schema=False,
    ),
    create_static_files_router(
        "/static/portal",
        directories=[STATIC],
        cache_control=CacheControlHeader(max_age=YEAR, public=True, immutable=True),
        include_in_schema=False,
    ),
]
