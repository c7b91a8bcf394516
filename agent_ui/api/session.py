"""Sign-in and sign-out."""

from typing import Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agent_ui import people
from agent_ui.auth import csrf_token, forget_cookie, requires, session_cookie
from agent_ui.deps import Desk
from agent_ui.state import runtime_of
from agent_ui.views.people import SessionView, SignInInput
from core.db import reading
from routing import presence
from staff import login, sessions


class SessionController(Controller):
    """The session that the cookie stands for."""

    path = "/session"
    tags = ["Session"]

    @post(status_code=200, summary="Sign in")
    async def sign_in(self, request: Request[Any, Any, Any], data: JSONBody[SignInInput]) -> Response[SessionView]:
        """Check address and password and begin a session; the answer sets its cookie.

        Runs in units of work of its own (``staff/login``): a refused try must stay written.
        """
        runtime = runtime_of(request)
        client = request.client.host if request.client else ""
        place = login.Place(client, request.headers.get("user-agent", ""))
        days = runtime.settings.session_days
        signed_in = await login.sign_in(runtime.db, data.email, data.password, place, days)
        async with reading(runtime.db) as session:
            view = await people.session_view(session, signed_in.agent_id, csrf_token(signed_in.token), runtime.settings)
        return Response(view, cookies=[session_cookie(signed_in.token, runtime.settings)])

    @get(guards=[requires("desk:use")], summary="Who is signed in")
    async def read(self, desk: NamedDependency[Desk]) -> SessionView:
        """The agent, her permissions, and the token that unsafe requests must carry."""
        return await people.session_view(desk.session, desk.agent_id, desk.signed_in.csrf_token, desk.runtime.settings)

    @delete(guards=[requires("desk:use")], status_code=204, summary="Sign out")
    async def sign_out(self, desk: NamedDependency[Desk]) -> Response[None]:
        """End this session and close its sockets."""
        await sessions.end(desk.session, desk.signed_in.session.id)
        await presence.sign_out(desk.session, desk.agent_id, desk.signed_in.session.id)
        return Response(None, status_code=204, cookies=[forget_cookie(desk.runtime.settings)])

    @delete("/all", guards=[requires("desk:use")], status_code=204, summary="Sign out everywhere")
    async def sign_out_everywhere(self, desk: NamedDependency[Desk]) -> Response[None]:
        """End all sessions of this agent, on every device, and close their sockets."""
        await sessions.end_all(desk.session, desk.agent_id, "signed out everywhere")
        await presence.sign_out(desk.session, desk.agent_id)
        return Response(None, status_code=204, cookies=[forget_cookie(desk.runtime.settings)])
