"""The web application: the audiences' handlers put together, with the runtime in its state. Nothing else."""

from litestar import Litestar, get
from litestar.datastructures import State
from litestar.response import Redirect

from agent_ui import routes as agent_routes
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
    return Litestar(
        route_handlers=handlers,
        logging_config=None,  # core.log has set it up
        state=State({"runtime": runtime, "inbound": wiring.inbound, "rooms": Rooms(runtime)}),
        **agent_routes.app_options(runtime),
    )
