"""The web application: the audiences' handlers put together, with the runtime in its state. Nothing else."""

from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from agent_ui import problems
from agent_ui import routes as agent_routes
from core.errors import DeskError
from portal import failures
from portal import routes as portal_routes
from portal.widget.rooms import Rooms
from sampark.runtime import Runtime
from sampark.wiring import Wiring
from simulator import oauth as simulator_oauth
from simulator import routes as simulator_routes


@get("/", include_in_schema=False, sync_to_thread=False)
def front_door() -> Redirect:
    """Whoever comes to the bare address is most likely a customer."""
    return Redirect("/portal")


def _refused(request: Request[Any, Any, Any], problem: DeskError) -> Response[Any]:
    return failures.lost(request) if _is_lost(request, problem.status) else problems.desk_error(request, problem)


def _not_taken(request: Request[Any, Any, Any], problem: HTTPException) -> Response[Any]:
    return failures.lost(request) if _is_lost(request, problem.status_code) else problems.http_error(request, problem)


def _is_lost(request: Request[Any, Any, Any], status: int) -> bool:
    """Whether somebody looks in a browser at an address where nothing is. Programs get a document, as below /api."""
    is_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    return status == 404 and is_page and not f"{request.url.path}/".startswith("/api/")


def create_app(runtime: Runtime, wiring: Wiring) -> Litestar:
    """Build the application.

    Args:
        runtime: what the handlers share; they find it in ``app.state.runtime``.
        wiring: the connected parts; ``app.state.inbound`` lets the portal's form process its own item at once.
    """
    handlers = [front_door, *agent_routes.HANDLERS, *portal_routes.HANDLERS]
    if runtime.settings.simulator:
        provider = simulator_oauth.provider_of(runtime.settings.data)
        handlers += [*simulator_routes.HANDLERS, *simulator_oauth.handlers(provider)]
    options = agent_routes.app_options(runtime)
    options["exception_handlers"] = options["exception_handlers"] | {DeskError: _refused, HTTPException: _not_taken}
    return Litestar(
        route_handlers=handlers,
        logging_config=None,  # core.log has set it up
        state=State({"runtime": runtime, "inbound": wiring.inbound, "rooms": Rooms(runtime)}),
        **options,
    )
