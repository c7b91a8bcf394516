"""A post of the portal's request form: how it is kept in the ledger, and how it becomes a ticket.

The portal encodes a :class:`WebRequest` as the ledger row's raw bytes; ``channels/inbound`` calls :class:`WebReader`
within the row's transaction: decode → files into the storage → ``tickets/intake.receive``. The answer goes out by
mail, so the ticket belongs to the mailbox of the team that the topic names.
"""

import hashlib
from typing import Any, Final

import msgspec
from sqlalchemy import case, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from channels.inbound import Account, Item, Outcome
from channels.models import ChannelAccount
from channels.web import topics
from channels.web.fields import Answer
from core import clock
from core.brands import Brand, find_brand
from core.sniff import sniff
from core.storage import Storage
from tickets import answers, intake, lifecycle
from tickets.answers import FormAnswer
from tickets.intake import InboundMessage, NewAttachment, Person

CHANNEL: Final = "web"
ACCOUNT: Final = "web"


class WebFile(msgspec.Struct, frozen=True):
    """A file of a request; the content type is the one found in the content, not the browser's word."""

    name: str
    content_type: str
    content: bytes


class WebRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a visitor sent, validated by the portal.

    Attributes:
        topic: key of a topic, which names a team; else the account's settings map it to one.
        language: of the page that the form was on.
        registration_id: the registered product that she has chosen; the portal has seen to it that it is hers.
        ticket_id: an answer in this ticket; the portal has made sure that its author may give it.
        reopen_days: a ticket that was solved longer ago is not opened again; the answer opens a new one.
        answers: to the topic's own questions.
        brand_id: of the page; its mailbox answers, and its team gets what belongs to no other.
        is_signed_in: the address is proved. One that was only typed continues no ticket that the subject names.
    """

    name: str
    email: str
    topic: str
    subject: str
    message: str
    language: str = "en"
    registration_id: int | None = None
    files: list[WebFile] = []
    ticket_id: int | None = None
    reopen_days: int | None = None
    answers: list[Answer] = []
    brand_id: int = 0
    is_signed_in: bool = False


def encode(request: WebRequest) -> bytes:
    """The raw bytes that the ledger keeps."""
    return msgspec.json.encode(request)


class FormAccount(msgspec.Struct, frozen=True):
    """The account of the form: its id, and the name under which the company shows itself ("" when it has none)."""

    id: int
    display_name: str


async def form_account(session: AsyncSession) -> FormAccount:
    """The account of the request form; made when this desk has none yet."""
    found = select(ChannelAccount.id, ChannelAccount.display_name).where(ChannelAccount.name == ACCOUNT)
    row = (await session.execute(found)).one_or_none()
    if row is None:
        values = {"channel": CHANNEL, "name": ACCOUNT, "address": "", "display_name": "", "created_at": clock.now()}
        statement = insert(ChannelAccount).values(values).on_conflict_do_nothing(index_elements=[ChannelAccount.name])
        await session.execute(statement)
        row = (await session.execute(found)).one()
    return FormAccount(row.id, row.display_name)


class WebReader:
    """Reads requests of the ledger.

    Args:
        storage: where files go.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def __call__(self, session: AsyncSession, account: Account, item: Item, raw: bytes) -> Outcome:
        """Read one request.

        Raises:
            msgspec.DecodeError: the bytes are not a request (then :meth:`could_not_read` is asked).
        """
        request = msgspec.json.decode(raw, type=WebRequest)
        brand = await find_brand(session, request.brand_id) if request.brand_id else None
        if request.ticket_id is not None:
            team_id, mailbox_id = await lifecycle.place_of(session, request.ticket_id)
        else:
            team_id = await _team_of(session, account.id, request.topic, brand)
            mailbox_id = await _answering_account(session, team_id, brand.mailbox_id if brand else None)
        message = InboundMessage(
            channel=CHANNEL,
            account_id=mailbox_id or account.id,
            inbound_item_id=item.id,
            sender=Person(request.name, request.email),
            subject=request.subject,
            text=text_of(request),
            into_ticket_id=item.ticket_id,
            portal_ticket_id=request.ticket_id,
            may_name_ticket=request.is_signed_in,
            reopen_days=request.reopen_days,
            team_id=team_id,
            language=request.language,
            registration_id=request.registration_id,
            attachments=[await self._keep(file) for file in request.files],
        )
        received = await intake.receive(session, message)
        if request.answers:
            told = [FormAnswer(answer.key, answer.label, answer.value) for answer in request.answers]
            await answers.keep(session, received.ticket_id, told)
        outcome = "ticket" if received.created else "reply"
        return _outcome(outcome, None, request.email, request.subject, received)

    async def could_not_read(
        self, session: AsyncSession, account: Account, item: Item, raw: bytes, reason: str
    ) -> Outcome:
        """Last resort: a request that broke the reader becomes a ticket with what it holds, for a person to see."""
        if item.ticket_id is not None:
            return Outcome("unreadable", reason, ticket_id=item.ticket_id, message_id=item.message_id)
        subject = "A request that could not be read"
        message = InboundMessage(
            channel=CHANNEL,
            account_id=await _answering_account(session, None) or account.id,
            inbound_item_id=item.id,
            sender=Person("", item.envelope_from),
            subject=subject,
            text=f"{subject} ({reason}).\n\n{raw[:4000].decode('utf-8', 'replace')}",
            tags=["unreadable"],
        )
        return _outcome("unreadable", reason, item.envelope_from, subject, await intake.receive(session, message))

    async def _keep(self, file: WebFile) -> NewAttachment:
        return NewAttachment(
            name=file.name,
            content_type=file.content_type,
            size=len(file.content),
            sha256=hashlib.sha256(file.content).hexdigest(),
            storage_key=await self._storage.put(file.content),
            sniffed_type=sniff(file.content, file.name),
        )


def _outcome(outcome: str, reason: str | None, from_address: str, subject: str, received: intake.Received) -> Outcome:
    return Outcome(
        outcome=outcome,
        reason=reason,
        ticket_id=received.ticket_id,
        message_id=received.message_id,
        matched_by=received.matched_by,
        from_address=from_address,
        subject=subject,
    )


def text_of(request: WebRequest) -> str:
    """What the customer wrote, and below it her answers as she was asked."""
    told = "\n".join(f"{answer.asked}: {answer.said}" for answer in request.answers)
    return f"{request.message}\n\n{told}" if told else request.message


async def _team_of(session: AsyncSession, account_id: int, topic: str, brand: Brand | None) -> int | None:
    """The team that owns a topic, else that of the brand; None (everybody's) where nobody names one."""
    known = await topics.find_topic(session, topic)
    if known is not None and known.team_id is not None:
        return known.team_id
    account = select(ChannelAccount.settings, ChannelAccount.team_id).where(ChannelAccount.id == account_id)
    settings, team_id = (await session.execute(account)).one()
    named: dict[str, Any] = settings.get("topics", {})
    found: int | None = named.get(topic, brand.team_id if brand and brand.team_id is not None else team_id)
    return found


async def _answering_account(session: AsyncSession, team_id: int | None, preferred: int | None = None) -> int | None:
    """The mailbox that answers: the brand's, else the team's own, else the oldest; None when there is no mailbox."""
    mailboxes = select(ChannelAccount.id).where(ChannelAccount.channel == "email", ChannelAccount.is_active)
    best_first = case((ChannelAccount.id == preferred, 0), (ChannelAccount.team_id == team_id, 1), else_=2)
    found: int | None = await session.scalar(mailboxes.order_by(best_first, ChannelAccount.id).limit(1))
    return found
