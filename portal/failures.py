"""What a visitor sees when something is refused or breaks: a page in her language, never a document for programs."""

from typing import Any, Final

from litestar import Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from core import log
from core.errors import DeskError, NotSignedIn
from portal import auth
from portal.pages import PortalRequest, Visitor

_log = log.get(__name__)
_PAGES: Final = {404: "missing.html", 410: "gone.html"}


def refused(request: PortalRequest, problem: DeskError) -> Response[Any]:
    """An expected refusal of a service; its sentence is for agents, the page says what a visitor can do."""
    if isinstance(problem, NotSignedIn):
        return Redirect(auth.sign_in_address(request), status_code=303)
    if problem.status >= 500:
        _log.warning("a page failed", code=problem.code, detail=problem.detail, path=request.url.path)
    return _page(request, problem.status, problem.extra.get("retry_after"))


def lost(request: PortalRequest) -> Response[str]:
    """An address outside of the portal that leads nowhere: the ways to the help centre and to the console."""
    return Visitor.of(request).page("lost.html", 404)


def unreadable(request: PortalRequest, problem: HTTPException) -> Response[Any]:
    """A request that the framework refuses: no such page, a form that cannot be read."""
    return _page(request, problem.status_code)


def outdated(request: PortalRequest) -> Response[str]:
    """A post that does not prove that it comes from our page, or comes too late."""
    return Visitor.of(request).page("outdated.html", 403)


def _page(request: PortalRequest, status: int, retry_after: int | None = None) -> Response[Any]:
    answer = Visitor.of(request).page(_PAGES.get(status, "failed.html"), status)
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer
