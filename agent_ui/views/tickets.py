"""Shapes of tickets: the row and the items come from ``tickets`` as they are, the whole ticket is put together here."""

from datetime import date, datetime
from email.utils import getaddresses
from typing import Annotated, Any, Literal

import msgspec

from agent_ui.views.base import EmailText, Html, Id, IdList, Input, Named, Revision, ShortText, View
from core.errors import Invalid
from customers.contacts import normalise_email
from products.listing import RegistrationRow
from routing.models import Decision
from routing.promises import ShownClock, ShownPromise
from tickets.detail import Detail, DraftItem
from tickets.intake import Person
from tickets.listing import AgentRef, TicketRow
from tickets.searching import Marks, Operator
from tickets.timeline import Address, Item, MessageItem, NoteItem

Status = Literal["open", "pending", "on_hold", "solved", "closed"]
Priority = Literal["low", "normal", "high", "urgent"]
ClientKey = Annotated[str, msgspec.Meta(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Addresses = Annotated[list[EmailText], msgspec.Meta(max_length=100)]


class CustomerBrief(View):
    """A customer in lists and beside a ticket; ``email`` and ``phone`` are the first that are not known to be dead."""

    id: int
    name: str
    email: str | None
    phone: str | None
    language: str | None
    time_zone: str | None
    vip: bool
    do_not_contact: bool
    organisation: Named | None


class Mailbox(View):
    """Where the ticket came in, and from where it is answered."""

    name: str
    address: str


class FromAddress(View):
    """An address of ours that an answer may leave from, and the name that stands before it."""

    address: str
    name: str
    default: bool


class ReplyDefaults(View):
    """How an answer begins: whom it goes to and who gets a copy, without ourselves; from where it may leave."""

    from_: list[FromAddress] = msgspec.field(name="from")
    to: list[Address]
    cc: list[Address]


class SplitHint(View):
    """The customer gave a running ticket another subject with this message; it may deserve a ticket of its own."""

    message_id: int


class Routing(View):
    """Why the ticket is where it is."""

    reason: str


class Viewer(View):
    """Somebody who has the ticket open."""

    agent_id: int
    name: str
    state: str


class TicketProduct(View):
    """The registered product that a ticket is about, as it is covered now."""

    registration_id: int
    product_id: int
    name: str
    serial: str
    customer_id: int
    state: str
    until: date | None
    reason: str
    recalled: bool
    claimed: bool


class AnswerView(View):
    """What the customer answered to a question of the request form."""

    label: str
    value: str


class TicketView(View):
    """A ticket with all that its screen shows.

    ``timeline`` is the newest page, ``before`` the key of the one before it. ``last_event_id`` is what a reply names
    as ``lastSeen``. ``entitlement`` was frozen when the ticket was opened, for ``entitlement_reason``;
    ``product.state`` is how it stands now. ``clocks``: what is promised about it; none: no policy fits. ``promises``:
    what agents have promised its customer. ``tier``: of its customer.
    """

    id: int
    subject: str
    status: str
    priority: str
    channel: str
    customer: CustomerBrief
    assignee: AgentRef | None
    team_id: int | None
    snippet: str
    snippet_by: str
    last_activity_at: datetime
    created_at: datetime
    due_at: datetime | None
    waiting_since: datetime | None
    unread: bool
    tags: list[str]
    has_draft: bool
    message_count: int
    snoozed_until: datetime | None
    failed_delivery: bool
    version: int
    entitlement: str
    entitlement_reason: str
    entitlement_until: date | None
    product: TicketProduct | None
    organisation: Named | None
    account_id: int | None
    mailbox: Mailbox | None
    timeline: list[Item]
    before: str | None
    last_event_id: str
    drafts: list[DraftItem]
    viewers: list[Viewer]
    routing: Routing | None
    reply_defaults: ReplyDefaults
    split: SplitHint | None
    form_answers: list[AnswerView]
    follower_ids: list[int]
    clocks: list[ShownClock]
    promises: list[ShownPromise]
    tier: str | None
    queue: Named | None


class ProductInput(Input):
    """The registered product that a ticket is about; null: none."""

    registration_id: Id | None


class TicketChangeInput(Input):
    """Fields to change; what is not sent stays. ``null`` takes an owner, a team or a snooze away."""

    status: Status | msgspec.UnsetType = msgspec.UNSET
    priority: Priority | msgspec.UnsetType = msgspec.UNSET
    assignee_id: Id | msgspec.UnsetType | None = msgspec.UNSET
    team_id: Id | msgspec.UnsetType | None = msgspec.UNSET
    tags: Annotated[list[ShortText], msgspec.Meta(max_length=50)] | msgspec.UnsetType = msgspec.UNSET
    subject: ShortText | msgspec.UnsetType = msgspec.UNSET
    snoozed_until: Annotated[datetime, msgspec.Meta(tz=True)] | msgspec.UnsetType | None = msgspec.UNSET


class NewTicketInput(Input):
    """A ticket that an agent opens by writing first, to a known customer or to an address."""

    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=998)]
    html: Html
    customer_email: EmailText | None = None
    customer_id: Id | None = None
    customer_name: ShortText = ""
    team_id: Id | None = None
    account_id: Id | None = None
    from_address: EmailText | None = None
    cc: Addresses = []
    bcc: Addresses = []
    plain: bool = False
    attachment_ids: IdList = []
    client_key: ClientKey | None = None
    registration_id: Id | None = None


class ReplyInput(Input):
    """An answer to the customer. ``last_seen`` is the ``lastEventId`` that the author saw; ``force`` sends anyway.

    ``send_at``: leave then and not before; taken back when the customer writes first. ``from_address``: one of
    ``replyDefaults.from``. Without ``to`` it goes to who wrote last. ``forward_of``: a message of the ticket that is
    passed on below the words, with a ``subject`` of its own (only then) and ``to`` whom it is for; its files are
    copied before. ``macro_ids``: canned replies that were put in; those of which something still stands in an answer
    are counted.
    """

    client_key: ClientKey
    html: Html
    text: Html = ""
    last_seen: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{0,18}$")] | None = None
    force: bool = False
    status: Literal["open", "pending", "on_hold", "solved"] | None = None
    to: Addresses = []
    cc: Addresses = []
    bcc: Addresses = []
    attachment_ids: IdList = []
    draft_revision: Revision | None = None
    send_at: Moment | None = None
    plain: bool = False
    from_address: EmailText | None = None
    forward_of: Id | None = None
    subject: Annotated[str, msgspec.Meta(max_length=998)] | None = None
    macro_ids: IdList = []

    def __post_init__(self) -> None:
        if (self.forward_of is None) != (self.subject is None):
            raise ValueError("What is passed on has a subject of its own, an answer has the ticket's.")


class NoteInput(Input):
    """A note for colleagues."""

    client_key: ClientKey
    html: Html
    mentions: IdList = []
    attachment_ids: IdList = []
    draft_revision: Revision | None = None


class SentView(View):
    """What was written, and the ticket's row afterwards."""

    item: MessageItem | NoteItem
    ticket: TicketRow


class DraftInput(Input):
    """A draft. ``revision`` is the client's counter; an older one than what is kept is ignored."""

    html: Html
    revision: Revision
    attachment_ids: IdList | None = None


class SplitInput(Input):
    """The customer's message that gets a ticket of its own."""

    message_id: Id


class BlockInput(Input):
    """Why a sender is blocked; shown beside the rule."""

    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


class BlockedView(View):
    """The rule that was made."""

    pattern: str
    reason: str


class RetryInput(Input):
    """Other addresses for the second try; left out: the same."""

    to: Addresses | None = None


class UndoView(View):
    """A sending that was taken back: the text as a draft again, and the message as it stands now."""

    draft: DraftItem
    item: MessageItem | NoteItem


class SearchView(View):
    """What was found, the best first.

    ``marks``: id of a ticket → why it was found. ``total``: about how many tickets there are. ``facets``: field →
    value → number. ``operators``: the conditions that were read out of the question. ``corrected``: the words as they
    were understood, where one was misspelt. ``degraded``: the search engine is down; a simpler one has answered.
    """

    tickets: list[TicketRow]
    customers: list[CustomerBrief]
    products: list[RegistrationRow] = []
    marks: dict[str, Marks] = {}
    total: int = 0
    facets: dict[str, dict[str, int]] = {}
    operators: list[Operator] = []
    corrected: str | None = None
    degraded: bool = False


class CandidateView(View):
    """An agent that the router looked at, and why she was not taken; ``why`` and ``detail`` say it for programs."""

    agent_id: int
    name: str
    score: float
    excluded: str | None
    why: str | None = None
    detail: str = ""


class DecisionView(View):
    """A decision of the router.

    ``code``: the reason as a word; ``ring``: the step of overflow that was reached; ``counts``: how many agents there
    were for each word against them, also beyond the ``candidates`` that are kept; ``alarm``: nobody could ever do it.
    """

    at: datetime
    trigger: str
    chosen: Named | None
    reason: str
    candidates: list[CandidateView]
    code: str
    ring: int
    queue_id: int | None
    counts: dict[str, int]
    looks_again_at: datetime | None
    alarm: bool


def ticket_view(
    detail: Detail,
    mailbox: Mailbox | None,
    routing: Routing | None,
    viewers: list[Viewer],
    reply_defaults: ReplyDefaults,
    product: RegistrationRow | None,
    clocks: list[ShownClock],
    promises: list[ShownPromise],
    queue: Named | None,
) -> TicketView:
    """A ticket as its screen shows it."""
    row, card = detail.row, detail.customer
    organisation = None
    if card.organisation_id is not None:
        organisation = Named(id=card.organisation_id, name=card.organisation_name or "")
    fields: dict[str, Any] = {name: getattr(row, name) for name in row.__struct_fields__}
    fields["customer"] = CustomerBrief(
        id=row.customer.id,
        name=row.customer.name,
        vip=row.customer.vip,
        email=card.email,
        phone=card.phone,
        language=card.language,
        time_zone=card.time_zone,
        do_not_contact=card.do_not_contact,
        organisation=organisation,
    )
    return TicketView(
        **fields,
        organisation=organisation,
        account_id=detail.account_id,
        mailbox=mailbox,
        timeline=detail.timeline.items,
        before=detail.timeline.before,
        last_event_id=str(detail.last_message_id or 0),
        drafts=detail.drafts,
        viewers=viewers,
        routing=routing,
        reply_defaults=reply_defaults,
        split=SplitHint(message_id=detail.split_message_id) if detail.split_message_id else None,
        form_answers=[AnswerView(label=answer.label, value=answer.value) for answer in detail.form_answers],
        follower_ids=[],
        entitlement_reason=detail.entitlement_reason,
        entitlement_until=detail.entitlement_until,
        product=ticket_product(product) if product else None,
        clocks=clocks,
        promises=promises,
        tier=card.tier,
        queue=queue,
    )


def ticket_product(row: RegistrationRow) -> TicketProduct:
    """A registered product beside a ticket."""
    return TicketProduct(
        registration_id=row.id,
        product_id=row.product_id,
        name=row.product,
        serial=row.serial,
        customer_id=row.customer_id,
        state=row.state,
        until=row.until,
        reason=row.warranty_reason,
        recalled=row.recalled,
        claimed=row.claimed,
    )


def decision_view(decision: Decision, names: dict[int, str]) -> DecisionView:
    """A decision with the name of whom it chose."""
    chosen = None
    if decision.chosen_agent_id is not None:
        chosen = Named(id=decision.chosen_agent_id, name=names.get(decision.chosen_agent_id, ""))
    return DecisionView(
        at=decision.at,
        trigger=decision.trigger,
        chosen=chosen,
        reason=decision.reason,
        candidates=msgspec.convert(decision.candidates, list[CandidateView]),
        code=decision.code,
        ring=decision.ring,
        queue_id=decision.queue_id,
        counts=decision.counts,
        looks_again_at=decision.looks_again_at,
        alarm=decision.alarm,
    )


def addresses(field: str, written: list[str]) -> list[Person]:
    """Recipients as typed (``Name <address>`` or an address) as people.

    Args:
        field: whose they are; complaints name it.
        written: one recipient each.

    Raises:
        Invalid: one is no address, or more than one.
    """
    return [_person(field, one) for one in written]


def _person(field: str, written: str) -> Person:
    found = getaddresses([written])
    if len(found) > 1 and all("@" in address for _, address in found):
        raise Invalid.field(field, "Each recipient is an entry of its own.")
    name, address = found[0] if len(found) == 1 else ("", "")
    if not _is_address(address) or not written.isprintable():
        raise Invalid.field(field, f"This is not an e-mail address: {' '.join(written.split())}.")
    return Person(name, address)


def _is_address(text: str) -> bool:
    try:
        normalise_email(text)
    except Invalid:
        return False
    return True


def seen(last_event_id: str | None) -> int | None:
    """The message that a ``lastSeen`` names; None when the author says nothing."""
    return int(last_event_id) if last_event_id else None
