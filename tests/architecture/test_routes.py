"""Every route asks for a permission, or stands on the short list of what anybody may call."""

import pytest
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute

from agent_ui.auth import PUBLIC, Requires
from core import events
from staff.permissions import PERMISSIONS, ROLES
from tools import docs

FOR_EVERYBODY = ("/portal", "/static/portal", "/robots.txt", "/sitemap", "/widget", "/simulator")
LEADS_ON = {("GET", "/")}


@pytest.fixture(scope="module")
def routes() -> dict[tuple[str, str], BaseRouteHandler]:
    """(method, path) → handler of the whole product, without starting it."""
    before = events._handlers
    app, _ = docs.desk()
    events.subscribe(before)
    found: dict[tuple[str, str], BaseRouteHandler] = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                found |= {(method, route.path): handler for method in handler.http_methods}
        else:
            found["WS", route.path] = route.route_handler
    return {key: handler for key, handler in found.items() if key[0] != "OPTIONS"}


def permission(handler: BaseRouteHandler) -> str | None:
    """The permission that a handler asks for."""
    asked = [guard.permission for guard in handler.resolve_guards() if isinstance(guard, Requires)]
    return asked[0] if asked else None


def test_every_route_asks_for_a_permission_or_is_public_on_purpose(
    routes: dict[tuple[str, str], BaseRouteHandler],
) -> None:
    """A route that somebody forgot to guard is found here."""
    public = set(PUBLIC) | LEADS_ON
    unguarded = {
        (method, path)
        for (method, path), handler in routes.items()
        if permission(handler) is None and not path.startswith(FOR_EVERYBODY)
    }
    assert {(method, path) for method, path in unguarded if (method, path) not in public} == set()


def test_the_public_list_names_only_routes_that_exist(routes: dict[tuple[str, str], BaseRouteHandler]) -> None:
    """A route that is gone leaves no hole for its successor."""
    assert set(PUBLIC) - set(routes) == set()


def test_every_permission_is_asked_for_by_some_route(routes: dict[tuple[str, str], BaseRouteHandler]) -> None:
    """A permission that nothing asks for protects nothing (beside those that limit what is read)."""
    asked = {permission(handler) for handler in routes.values()}
    assert set(PERMISSIONS) - asked - {"tickets:read_all"} == set()


def test_roles_hold_only_permissions_of_the_catalogue() -> None:
    """A typing mistake in a role would lock people out silently."""
    assert {name for held in ROLES.values() for name in held} <= set(PERMISSIONS)
