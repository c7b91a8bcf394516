"""The one dependency of the handlers: the desk, which is the unit of work with the actor and the running product.

It is one, and not several, on purpose: Litestar 2.25 does not close a ``yield`` dependency when the next one fails.
The unit is committed after the handler has returned and before the first byte of the answer leaves, so a failing
COMMIT is a 500; a raised error rolls back (raise 4xx, never return one).
"""

from collections.abc import AsyncIterator
from typing import Any, Final

from litestar import Request
from litestar.di import Provide
from sqlalchemy.ext.asyncio import AsyncSession

from agent_ui.auth import SAFE_METHODS, ByKey, Caller, SignedIn
from agent_ui.links import FileLinks
from agent_ui.state import Runtime, runtime_of
from agent_ui.watching import Watching
from core import events
from core.actor import Actor
from core.db import Database, unit_of_work
from core.errors import NotSignedIn
from tickets import access

BULK_HEADER: Final = "x-bulk-change"


class Desk:
    """What a handler works with.

    Args:
        caller: the session of the agent on whose behalf it works, or the key of a program.
        runtime: the running product.
        watching: who looks at which ticket.
        unit: the unit of work; None where nothing may be changed.
    """

    def __init__(self, caller: Caller, runtime: Runtime, watching: Watching, unit: AsyncSession | None) -> None:
        self._caller = caller
        self.actor: Actor = caller.actor
        self.runtime = runtime
        self.watching = watching
        self.links = FileLinks(runtime.secret, runtime.settings.files_url)
        self.article_files = FileLinks(runtime.secret, runtime.settings.files_url, "article-files")
        self._unit = unit
        self._reading: AsyncSession | None = None

    @property
    def signed_in(self) -> SignedIn:
        """The session of the agent.

        Raises:
            NotSignedIn: it is a program that asks, with a key.
        """
        if not isinstance(self._caller, SignedIn):
            raise NotSignedIn("This needs somebody who has signed in.")
        return self._caller

    @property
    def session(self) -> AsyncSession:
        """The unit of work, or a session for reading, which is made when it is first needed: lists need none."""
        if self._unit is not None:
            return self._unit
        if self._reading is None:
            self._reading = self.runtime.db.sessions(info={"actor": self.actor})
        return self._reading

    @property
    def source(self) -> AsyncSession | Database:
        """Where lists are read: quickly through the driver, or in the transaction that has changed something."""
        return self._unit or self.runtime.db

    @property
    def agent_id(self) -> int:
        """The id of the agent who is signed in."""
        if self.actor.id is None:
            raise NotSignedIn
        return self.actor.id

    async def may_see(self, ticket_id: int) -> int:
        """Make sure that the agent may see a ticket; returns its id.

        Raises:
            NotFound: there is none, or she may not know that there is.
        """
        await access.check_visible(self.session, self.actor, ticket_id)
        return ticket_id

    async def close(self) -> None:
        """Give back what was opened for reading."""
        if self._reading is not None:
            await self._reading.close()


async def open_desk(request: Request[Any, Any, Any]) -> AsyncIterator[Desk]:
    """One transaction for the request, or none where it may not change anything.

    Raises:
        NotSignedIn: nobody is signed in (the guard has refused that already).
    """
    caller: Caller | None = request.scope.get("auth")
    if caller is None:
        raise NotSignedIn
    runtime = runtime_of(request)
    watching: Watching = request.app.state.live.watching
    if request.method not in SAFE_METHODS:
        async with unit_of_work(runtime.db, caller.actor) as session:
            if origin := _origin(request, caller):
                events.comes_from(session, origin)
            yield Desk(caller, runtime, watching, session)
        return
    desk = Desk(caller, runtime, watching, None)
    try:
        yield desk
    finally:
        await desk.close()


def _origin(request: Request[Any, Any, Any], caller: Caller) -> str | None:
    """Where a change comes from, if not from a person who looks at the ticket; the console says so of many at once."""
    if isinstance(caller, ByKey):
        return "api"
    return "bulk" if request.headers.get(BULK_HEADER) else None


DEPENDENCIES = {"desk": Provide(open_desk)}
