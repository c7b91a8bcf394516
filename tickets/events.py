"""What can happen in a ticket. Field names are what the console's timeline and the live feed read."""

from datetime import date, datetime
from typing import Any

from core.events import NO_TEAM, Event
from tickets.models import Ticket


def audience(ticket: Ticket, *also_teams: int | None) -> dict[str, Any]:
    """The fields of an event that say whose ticket it is and who may hear of it.

    Args:
        ticket: the ticket after the change.
        also_teams: teams that could see it before, so that their lists drop it.
    """
    teams = {ticket.team_id or NO_TEAM, *((team or NO_TEAM) for team in also_teams)}
    agents = (ticket.assignee_id,) if ticket.assignee_id else ()
    return {
        "ticket_id": ticket.id,
        "customer_id": ticket.customer_id,
        "teams": tuple(sorted(teams)),
        "agents": agents,
    }


class TicketCreated(Event, frozen=True, kw_only=True):
    """A ticket was opened. ``waits_since``: since when its customer waits for an answer; None: she does not."""

    kind = "ticket.created"
    channel: str
    account_id: int | None = None
    follow_up_of: int | None = None
    archived: bool = False
    status: str = "open"
    priority: str = "normal"
    entitlement: str = "none"
    entitlement_until: date | None = None
    waits_since: datetime | None = None


class TicketSplit(Event, frozen=True, kw_only=True):
    """A message was moved out of a ticket into one of its own; said in both."""

    kind = "ticket.split"
    message_id: int
    from_ticket_id: int
    to_ticket_id: int


class TicketAssigned(Event, frozen=True, kw_only=True):
    """Somebody owns it now, or nobody."""

    kind = "ticket.assigned"
    from_id: int | None
    to_id: int | None


class StatusChanged(Event, frozen=True, kw_only=True):
    """It was opened again, put on hold, solved or closed."""

    kind = "ticket.status_changed"
    old: str
    new: str


class PriorityChanged(Event, frozen=True, kw_only=True):
    """It became more or less urgent."""

    kind = "ticket.priority_changed"
    old: str
    new: str


class TeamChanged(Event, frozen=True, kw_only=True):
    """Another team owns it."""

    kind = "ticket.team_changed"
    from_id: int | None
    to_id: int | None


class TagsChanged(Event, frozen=True, kw_only=True):
    """Tags were put on or taken off."""

    kind = "ticket.tags_changed"
    added: list[str]
    removed: list[str]


class SubjectChanged(Event, frozen=True, kw_only=True):
    """An agent gave it another subject."""

    kind = "ticket.subject_changed"
    old: str
    new: str


class TicketSnoozed(Event, frozen=True, kw_only=True):
    """It was put away until a date."""

    kind = "ticket.snoozed"
    until: datetime


class TicketWoken(Event, frozen=True, kw_only=True):
    """It came back: the date was reached, the customer wrote, or an agent fetched it."""

    kind = "ticket.woken"
    because: str


class ProductChosen(Event, frozen=True, kw_only=True):
    """An agent said which registered product it is about; its entitlement now stands beside the frozen one."""

    kind = "ticket.product_chosen"
    registration_id: int | None
    product: str
    entitlement: str
    reason: str
    until: date | None
    frozen: str


class EntitlementApplied(Event, frozen=True, kw_only=True):
    """An agent had the entitlement frozen anew."""

    kind = "ticket.entitlement_applied"
    old: str
    new: str
    reason: str
    until: date | None


class TicketRead(Event, frozen=True, kw_only=True):
    """An agent read it, or marked it unread (told to her own other windows only)."""

    kind = "ticket.read"
    unread: bool


class MessageReceived(Event, frozen=True, kw_only=True):
    """The customer wrote."""

    kind = "message.received"
    message_id: int
    matched_by: str | None
    is_auto: bool = False


class NoReplyNeeded(Event, frozen=True, kw_only=True):
    """An agent said that the customer's last words need no answer; ``is_solved_again``: they had opened the ticket."""

    kind = "message.no_reply_needed"
    message_id: int
    is_solved_again: bool


class AnsweredElsewhere(Event, frozen=True, kw_only=True):
    """One of us answered the customer from another mail program than the desk."""

    kind = "message.answered_elsewhere"
    message_id: int
    matched_by: str | None


class MessageQueued(Event, frozen=True, kw_only=True):
    """A message waits to be sent; ``is_answer``: an agent has answered the customer with it, now and not later."""

    kind = "message.queued"
    message_id: int
    delivery_id: int
    send_at: datetime
    is_answer: bool = True


class NoteAdded(Event, frozen=True, kw_only=True):
    """An agent left a note for colleagues."""

    kind = "note.added"
    message_id: int
    mentions: list[int]


class DeliveryChanged(Event, frozen=True, kw_only=True):
    """An outgoing message got another state; ``scheduled``: it was to leave later."""

    kind = "delivery.changed"
    message_id: int
    delivery_id: int
    state: str
    error: str | None = None
    scheduled: bool = False


class DraftChanged(Event, frozen=True, kw_only=True):
    """An agent's draft was saved or discarded (told to her own other windows only)."""

    kind = "draft.changed"
    mode: str
    revision: int | None


class GuestLinksRevoked(Event, frozen=True, kw_only=True):
    """The addresses that open the ticket without a sign-in were taken back."""

    kind = "ticket.guest_links_revoked"
    count: int


class SurveySent(Event, frozen=True, kw_only=True):
    """The customer was asked how content she is."""

    kind = "ticket.survey_sent"
    address: str


class TicketRated(Event, frozen=True, kw_only=True):
    """The customer said how content she is, from 1 to 5; ``is_low``: it fell to what the leads are told of."""

    kind = "ticket.rated"
    score: int
    old: int | None
    reasons: list[str]
    comment: str
    is_low: bool
