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


class TeamNameTaken(Conflict):
    """Another team has this name."""

    code, title = "team-name-taken", "Another team has this name"


class LastKeeper(Conflict):
    """Nobody could manage the desk's people any more."""

    code, title = "last-administrator", "Somebody must stay who can manage the people of this desk"


class OwnAccount(Conflict):
    """Nobody locks herself out by a slip of the hand; a colleague can do it."""

    code, title = "own-account", "Another administrator must do this to your account"
