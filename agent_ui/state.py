"""What the handlers need of the running product, and how they reach it: ``app.state.runtime``.

The composition root (``sampark/runtime.py``) makes the thing; this says which of its parts the agents' side uses.
"""

from typing import Any, Protocol

from litestar.connection import ASGIConnection

from channels.email.signin import SignIn
from core.db import Database
from core.live import Hub
from core.settings import Settings
from core.storage import Storage
from core.vault import Vault


class Runtime(Protocol):
    """The parts of the running product that the agents' side uses."""

    settings: Settings
    db: Database
    storage: Storage
    hub: Hub
    secret: str
    vault: Vault
    signin: SignIn


Connection = ASGIConnection[Any, Any, Any, Any]


def runtime_of(connection: Connection) -> Runtime:
    """The running product behind a request or socket."""
    runtime: Runtime = connection.app.state.runtime
    return runtime
