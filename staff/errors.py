"""Facts that the people's side of the desk refuses with."""

from core.errors import Conflict, NotSignedIn, RateLimited


class BadCredentials(NotSignedIn):
    """Address and password do not belong together, or the agent is no longer active; which of them is not said."""

    code, title = "bad-credentials", "The e-mail address or the password is wrong"


class TooManyTries(RateLimited):
    """Too many failed sign-ins from this place; ``retry_after`` seconds until the next."""

    title = "Too many tries to sign in"


class EmailTaken(Conflict):
    """Another agent has this address."""

    code, title = "email-taken", "Another agent has this e-mail address"
