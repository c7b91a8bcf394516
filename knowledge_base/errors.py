"""What can be wrong with a wish about articles; each has a code of its own for the console."""

from core.errors import Conflict, DeskError


class NeedsAnotherPerson(Conflict):
    """Somebody else than the author must approve a text, while the desk is set so."""

    code, title = "needs-another-person", "Somebody else has to approve this"


class WaitsForPublishing(Conflict):
    """The text is approved and goes out at its time; it must be taken back before it can be changed."""

    code, title = "waits-for-publishing", "This is approved and waits for its time"


class NotReviewed(Conflict):
    """What was approved is not what stands there now, or nobody has submitted it."""

    code, title = "not-reviewed", "This text is not the one that was reviewed"


class SlugTaken(Conflict):
    """Another article of this language has the address."""

    code, title = "slug-taken", "Another article has this address"


class Gone(DeskError):
    """There was an article at this address, and it was deleted."""

    status, code, title = 410, "gone", "This article was deleted"
