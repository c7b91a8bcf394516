"""What can go wrong with registered products."""

from core.errors import Conflict, NotFound


class SerialTaken(Conflict):
    """Somebody else has registered this serial number; who, is not said."""

    code, title = "serial-taken", "This product is registered already"


class ProofNeeded(SerialTaken):
    """Somebody else has registered it, and a claim needs a bill or a photograph of the plate."""

    code = "proof-needed"


class InvitationGone(NotFound):
    """An invitation to take a product over has expired, was taken back or used."""

    code, title = "invitation-gone", "This invitation is no longer valid"


class AlreadyDecided(Conflict):
    """Another agent decided about a claim a moment ago."""

    code, title = "already-decided", "This claim has been decided"
