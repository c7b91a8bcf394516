"""What every call of a widget begins with: which widget, on which site, which visitor.

The window is a page of ours in a frame of the customer's site, so its calls come from our own origin; the site itself
is checked when the frame is made (``pages.py``). A visitor proves himself by his token in the Authorization header or
in the socket's first message. No cookie is set or read.
"""

from typing import Any, Final, NamedTuple, Protocol

from litestar import Request
from litestar.connection import ASGIConnection
from sqlalchemy.ext.asyncio import AsyncSession

from channels.chat import conversations, origins, visitors, widgets
from channels.chat.identity import VisitorTokens
from channels.chat.models import Chat, ChatVisitor, Widget
from channels.inbound import Inbound
from core.db import Database
from core.errors import NotAllowed, NotSignedIn
from core.live import Hub
from core.settings import Settings
from core.storage import Storage
from core.vault import Vault
from portal.limits import network
from portal.widget.rooms import Rooms

Connection = ASGIConnection[Any, Any, Any, Any]
WidgetRequest = Request[Any, Any, Any]
BEARER: Final = "Bearer "


class Runtime(Protocol):
    """The parts of the running product that the widget uses."""

    settings: Settings
    db: Database
    storage: Storage
    hub: Hub
    secret: str
    vault: Vault


class Guest(NamedTuple):
    """A visitor, the widget he uses, and his newest conversation."""

    widget: Widget
    visitor: ChatVisitor
    chat: Chat | None


def runtime_of(connection: Connection) -> Runtime:
    """The running product."""
    runtime: Runtime = connection.app.state.runtime
    return runtime


def rooms_of(connection: Connection) -> Rooms:
    """The open windows of this process."""
    rooms: Rooms = connection.app.state.rooms
    return rooms


def inbound_of(connection: Connection) -> Inbound:
    """What processes the ledger's rows."""
    inbound: Inbound = connection.app.state.inbound
    return inbound


def tokens_of(connection: Connection) -> VisitorTokens:
    """Makes and reads visitors' tokens."""
    return VisitorTokens(runtime_of(connection).secret)


def own_origins(connection: Connection) -> set[str | None]:
    """The origins under which this desk is reached."""
    base = origins.origin_of(runtime_of(connection).settings.base_url)
    host = connection.headers.get("host", "")
    return {base, origins.origin_of(f"http://{host}"), origins.origin_of(f"https://{host}")}


def check_origin(connection: Connection) -> None:
    """Let only pages of ours call. Browsers name the origin of every post and socket (RFC 6454, RFC 6455).

    Raises:
        NotAllowed: the call comes from a page of another site.
    """
    origin = connection.headers.get("origin")
    if origin is not None and origins.origin_of(origin) not in own_origins(connection):
        raise NotAllowed("This call comes from another site.")


def network_of(connection: Connection) -> str:
    """What counts as one network for the limits."""
    return network(connection.client.host if connection.client else "")


def token_of(request: WidgetRequest) -> str:
    """The visitor's token; "" when none is sent."""
    header: str = request.headers.get("authorization", "")
    return header.removeprefix(BEARER).strip() if header.startswith(BEARER) else ""


async def find_guest(session: AsyncSession, tokens: VisitorTokens, widget: Widget, token: str) -> Guest | None:
    """The visitor of a token with his newest conversation."""
    visitor = await visitors.recognise(session, tokens, widget, token) if token else None
    return Guest(widget, visitor, await conversations.current(session, visitor)) if visitor is not None else None


async def guest_of(session: AsyncSession, request: WidgetRequest, key: str) -> Guest:
    """The visitor behind a request.

    Raises:
        NotFound: there is no such widget.
        NotSignedIn: the token proves nobody.
    """
    widget = await widgets.by_key(session, key)
    found = await find_guest(session, tokens_of(request), widget, token_of(request))
    if found is None:
        raise NotSignedIn("This browser is not known here any more.")
    return found
