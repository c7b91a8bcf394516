"""The web application: the audiences' handlers put together, with the runtime in its state. Nothing else."""

from litestar import Litestar
from litestar.datastructures import State

from agent_ui import routes as agent_routes
from portal import routes as portal_routes
from sampark.runtime import Runtime
from sampark.wiring import Wiring
from simulator import routes as simulator_routes


def create_app(runtime: Runtime, wiring: Wiring) -> Litestar:
    """Build the application.

    Args:
        runtime: what the handlers share; they find it in ``app.state.runtime``.
        wiring: the connected parts; ``app.state.inbound`` lets the portal's form process its own item at once.
    """
    handlers = [*agent_routes.HANDLERS, *portal_routes.HANDLERS]
    if runtime.settings.simulator:
        handlers += simulator_routes.HANDLERS
    return Litestar(
        route_handlers=handlers,
        logging_config=None,  # core.log has set it up
        state=State({"runtime": runtime, "inbound": wiring.inbound}),
        **agent_routes.app_options(runtime),
    )
