"""The routes of the widget, all below /widget."""

from typing import Any, Final

from litestar import Router

from portal.widget import api, live, pages, requests, search

HANDLERS: Final[list[Any]] = [
    Router(
        "/widget",
        route_handlers=[
            pages.letters,
            pages.script,
            pages.frame,
            Router("/{key:str}", route_handlers=[live.live, api.send_files]),
            Router(
                "/{key:str}",
                route_handlers=[*api.JSON_CALLS, requests.send_request, search.find],
                before_request=api.careful,
                request_max_body_size=api.LARGEST_JSON,
            ),
        ],
        include_in_schema=False,
    )
]
