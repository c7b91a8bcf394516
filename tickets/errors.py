"""Facts of tickets that a user can do something about (tree: core/errors.py)."""

from core.errors import Conflict


class AlreadyAssigned(Conflict):
    """Somebody else was faster. ``assignee`` names her."""

    code, title = "already-assigned", "Somebody else has this ticket"


class StaleReply(Conflict):
    """Something newer stands in the ticket than the author had seen. ``message_ids`` names it."""

    code, title = "stale-reply", "There is something new in this ticket"
    message_ids: list[int] = []


class TicketClosed(Conflict):
    """Closed tickets are history; a new message opens a new ticket."""

    code, title = "ticket-closed", "This ticket is closed"


class TooLate(Conflict):
    """The message is on its way already."""

    code, title = "too-late", "It has been sent already"
