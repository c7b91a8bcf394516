"""Errors as ``application/problem+json`` (RFC 9457): ours, Litestar's, and the ones nobody expected.

``code`` is stable and for programs, ``detail`` for people. ``errors`` names the fields, in camelCase, that were wrong.
An unexpected error is logged with the request's id, and the answer gives nothing but that id away.
"""

import re
from http import HTTPStatus
from typing import Any, Final

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.enums import ParamType
from litestar.exceptions import HTTPException, ValidationException
from sqlalchemy.exc import DBAPIError

from core import log
from core.errors import DeskError, NotFound

CONTENT_TYPE: Final = "application/problem+json"
DATA_EXCEPTION: Final = "22"
"""Class of the SQLSTATEs that say that a value is wrong (PostgreSQL manual, appendix A)."""
_DETAILS: Final = {
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    413: "What was sent is larger than this desk takes.",
}
"""What to say where Litestar says nothing but the status."""
_log = log.get(__name__)
_NAMED: Final = re.compile(r"(?:unknown field|required field) `([^`]+)`")
_NO_BODY: Final = "'data'"
"""All that Litestar says when a body that must be there is empty: the name of its own argument."""
_PATH: Final = re.compile(r" - at `\$\.?([^`]*)`")
_CODES: Final = {
    400: "bad-request",
    401: "not-signed-in",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
    429: "rate-limited",
    503: "unavailable",
}


def camel(name: str) -> str:
    """A field's name as the JSON has it; paths keep their dots and brackets."""
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


def _answer(status: int, code: str, title: str, detail: str, **more: Any) -> Response[bytes]:
    document = {
        "type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, **more
    }  # fmt: skip
    headers = {"Cache-Control": "no-store"}
    if "retryAfter" in more:
        headers["Retry-After"] = str(more["retryAfter"])
    return Response(msgspec.json.encode(document), status_code=status, media_type=CONTENT_TYPE, headers=headers)


def desk_error(_: Request[Any, Any, Any], problem: DeskError) -> Response[bytes]:
    """An expected refusal of a service."""
    more = {camel(name): value for name, value in problem.extra.items()}
    for entry in more.get("errors", ()):
        entry["field"] = camel(entry["field"])
    if problem.status >= 500:
        _log.warning("request failed", code=problem.code, detail=problem.detail)
    return _answer(problem.status, problem.code, problem.title, problem.detail, **more)


def http_error(request: Request[Any, Any, Any], problem: HTTPException) -> Response[bytes]:
    """A refusal of Litestar: no such route, a body that cannot be read, a parameter that is wrong."""
    if isinstance(problem, ValidationException):
        return _invalid(problem)
    status = problem.status_code
    if status >= 500:
        return unexpected(request, problem)
    title = HTTPStatus(status).phrase
    detail = problem.detail if problem.detail not in ("", title) else _DETAILS.get(status, "")
    answer = _answer(status, _CODES.get(status, f"http-{status}"), title, detail)
    for name, value in (problem.headers or {}).items():
        answer.headers[name] = value
    return answer


def _invalid(problem: ValidationException) -> Response[bytes]:
    found = problem.extra if isinstance(problem.extra, list) else []
    errors = [_field_error(entry) for entry in found if isinstance(entry, dict)]
    if errors and all(entry.get("source") == ParamType.PATH for entry in found):
        return _answer(404, NotFound.code, NotFound.title, "There is nothing at this address.")
    detail = "; ".join(f"{entry['field']}: {entry['message']}" for entry in errors) or problem.detail
    return _answer(422, "validation", "Some fields need attention", detail, errors=errors)


def _field_error(entry: dict[str, Any]) -> dict[str, str]:
    """Which field it was: Litestar names the body's fields by path, msgspec some of them in the sentence only."""
    message = str(entry.get("message", ""))
    if message == _NO_BODY:
        return {"field": "body", "message": "A body is needed."}
    if message.startswith("Unsupported type") and "str" in message:
        message = "A file with a name is needed."  # without a name a part of a form is text
    key = str(entry.get("key", ""))
    path = "" if key == "data" else key.removeprefix("data.")
    inside = _PATH.search(message)
    if inside and not path:
        path = inside[1]
    named = _NAMED.search(message)
    if named:
        path = f"{path}.{named[1]}" if path and path != named[1] else named[1]
    return {"field": camel(path or "body"), "message": _PATH.sub("", message)}


def database_error(request: Request[Any, Any, Any], problem: DBAPIError) -> Response[bytes]:
    """A value that PostgreSQL cannot hold (a NUL, a number out of range) is the sender's fault; the rest is ours."""
    if str(getattr(problem.orig, "sqlstate", "") or "")[:2] != DATA_EXCEPTION:
        return unexpected(request, problem)
    return wrong_value(request, problem.orig or problem)


def wrong_value(request: Request[Any, Any, Any], problem: BaseException) -> Response[bytes]:
    """The same, where a list asks the driver itself (docs/decisions/0014)."""
    _log.warning("a value was refused by the database", path=request.url.path, reason=str(problem))
    detail = "A value holds a character or number that cannot be kept."
    return _answer(422, "validation", "Some fields need attention", detail, errors=[])


def too_nested(request: Request[Any, Any, Any], _: RecursionError) -> Response[bytes]:
    """A body whose lists and objects are nested deeper than anybody reads."""
    _log.warning("a body was nested too deeply", path=request.url.path)
    return _answer(400, "bad-request", "Bad Request", "What was sent is nested too deeply.")


def unexpected(request: Request[Any, Any, Any], problem: Exception) -> Response[bytes]:
    """A fault of ours: written down with everything, answered with nothing but the id to find it by."""
    request_id = request.scope.get("state", {}).get("request_id", "")
    _log.error("unexpected error", path=request.url.path, method=request.method, exc_info=problem)
    detail = f"It has been written down as {request_id}." if request_id else ""
    return _answer(500, "unexpected", "Something went wrong on our side", detail, requestId=request_id)


EXCEPTION_HANDLERS: Final[dict[int | type[Exception], Any]] = {
    DeskError: desk_error,
    HTTPException: http_error,
    DBAPIError: database_error,
    asyncpg.DataError: wrong_value,
    RecursionError: too_nested,
    Exception: unexpected,
}
"""Installed for the whole application by the composition root."""
