"""The tree of errors that a user can do something about, and the facts each one carries.

    DeskError
    ├── Invalid          422  what was sent is wrong (``errors`` names the fields)
    ├── NotSignedIn      401
    ├── NotAllowed       403
    ├── NotFound         404  also for what the actor may not see
    ├── Conflict         409  somebody was faster, or the state forbids it
    │   └── Stale        412  edited from an old version
    ├── RateLimited      429
    ├── Unavailable      503  a part of ourselves is down
    └── Upstream              an outside service failed; only the job runner looks at these
        ├── Temporary         try again (``retry_in`` seconds)
        └── Permanent         do not

Each package derives its own facts from these. Services raise, handlers do not catch, and
``agent_ui/problems.py`` turns every one into ``application/problem+json`` (RFC 9457).
"""

from typing import Any, ClassVar


class DeskError(Exception):
    """An expected failure with a status, a stable code and a sentence fit for a person.

    Args:
        detail: what happened and what can be done, in plain words.
        extra: further members of the problem document (JSON-ready).
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.extra = extra


class Invalid(DeskError):
    """What was sent is wrong. ``errors`` is a list of ``{"field", "message"}``."""

    status, code, title = 422, "validation", "Some fields need attention"

    @classmethod
    def field(cls, name: str, message: str) -> "Invalid":
        """One field's complaint."""
        return cls(f"{name}: {message}", errors=[{"field": name, "message": message}])


class NotSignedIn(DeskError):
    """Nobody is signed in, or the session has ended."""

    status, code, title = 401, "not-signed-in", "Please sign in"


class NotAllowed(DeskError):
    """The actor is known and may not do this."""

    status, code, title = 403, "not-allowed", "You are not allowed to do this"


class NotFound(DeskError):
    """It does not exist, or the actor may not know that it does."""

    status, code, title = 404, "not-found", "Not found"


class Conflict(DeskError):
    """The present state forbids it."""

    status, code, title = 409, "conflict", "This cannot be done now"


class Stale(Conflict):
    """Edited from an old version (RFC 9110 section 13.1.1)."""

    status, code, title = 412, "precondition-failed", "Somebody changed this in the meantime"


class RateLimited(DeskError):
    """Too many tries; ``retry_after`` seconds until the next."""

    status, code, title = 429, "rate-limited", "Too many tries"


class Unavailable(DeskError):
    """A part of ourselves is down."""

    status, code, title = 503, "unavailable", "Not available at the moment"


class Upstream(DeskError):
    """An outside service failed."""

    status, code, title = 502, "upstream", "An outside service failed"


class Temporary(Upstream):
    """Worth another try. ``retry_in`` overrides the job runner's own delay.

    Args:
        detail: what the service said.
        retry_in: seconds until the next try, or None for the usual back-off.
        counts: whether it was a try; one that was not never brings the end of trying nearer.
    """

    code = "upstream-temporary"

    def __init__(self, detail: str | None = None, retry_in: float | None = None, *, counts: bool = True) -> None:
        super().__init__(detail)
        self.retry_in = retry_in
        self.counts = counts


class Permanent(Upstream):
    """Trying again cannot help."""

    code = "upstream-permanent"


class StartError(DeskError):
    """The program cannot start; ``detail`` is the one sentence that is printed."""

    code = "start"
