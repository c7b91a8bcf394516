"""The one dependency of the handlers: the desk, which is the unit of work with the actor and the running product.

It is one, and not several, on purpose: Litestar 2.25 does not close a ``yield`` dependency when the next one fails.
The unit is committed after the handler has returned and before the first byte of the answer leaves, so a failing
COMMIT is a 500; a raised error rolls back (raise 4xx, never return one).
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Request
from litestar.di import Provide
from sqlalchemy.ext.asyncio import AsyncSession

from agent_ui.auth import SAFE_METHODS, SignedIn
from agent_ui.state import Runtime, runtime_of
from agent_ui.watching import Watching
from core.actor import Actor
from core.db import reading, unit_of_work
from core.errors import NotSignedIn
from tickets import access


class Desk(msgspec.Struct, frozen=True):
    """What a handler works with.

    Attributes:
        session: the unit of work; of requests that may not change anything, a session for reading only.
        actor: on whose behalf.
        signed_in: her session.
        runtime: the running product.
        watching: who looks at which ticket.
    """

    session: AsyncSession
    actor: Actor
    signed_in: SignedIn
    runtime: Runtime
    watching: Watching

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


async def open_desk(request: Request[Any, Any, Any]) -> AsyncIterator[Desk]:
    """One transaction for the request.

    Raises:
        NotSignedIn: nobody is signed in (the guard has refused that already).
    """
    signed_in: SignedIn | None = request.scope.get("auth")
    if signed_in is None:
        raise NotSignedIn
    runtime = runtime_of(request)
    watching: Watching = request.app.state.live.watching
    if request.method in SAFE_METHODS:
        async with reading(runtime.db) as session:
            session.info["actor"] = signed_in.actor
            yield Desk(session, signed_in.actor, signed_in, runtime, watching)
    else:
        async with unit_of_work(runtime.db, signed_in.actor) as session:
            yield Desk(session, signed_in.actor, signed_in, runtime, watching)


DEPENDENCIES = {"desk": Provide(open_desk)}
