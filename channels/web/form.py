"""A request from the portal's form becomes a message: the same ledger and intake as a mail.

``portal`` encodes what was sent with :func:`encode` and stores it (``channels/inbound``), so a form whose processing
fails is as visible and re-runnable as a mail. Called by ``channels/inbound`` as the reader of channel ``web``.
"""

import hashlib

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from channels.inbound import Account, Outcome
from channels.models import InboundItem
from core.html import text_to_html
from core.storage import Storage
from customers.contacts import normalise_email
from tickets import intake
from tickets.intake import InboundMessage, NewAttachment, Person, clean


class FormFile(msgspec.Struct, frozen=True):
    """A file sent with a form; its content is base64 in the stored JSON."""

    name: str
    content_type: str
    content: bytes


class FormRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer sent, already validated by the portal.

    Attributes:
        team_id: team that the chosen topic belongs to; None: the account's team.
        topic: word of the topic; becomes a tag.
        language: language the form was shown in (ISO 639).
    """

    name: str
    email: str
    subject: str
    message: str
    topic: str = ""
    team_id: int | None = None
    language: str | None = None
    files: list[FormFile] = []


def encode(request: FormRequest) -> bytes:
    """The bytes that the ledger keeps."""
    return msgspec.json.encode(request)


class WebReader:
    """Reads forms of the ledger.

    Args:
        storage: where files go.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def __call__(self, session: AsyncSession, account: Account, item: InboundItem, raw: bytes) -> Outcome:
        """Read one form.

        Raises:
            msgspec.DecodeError: the bytes are no form of ours (the row then shows it).
        """
        request = msgspec.json.decode(raw, type=FormRequest)
        address = normalise_email(request.email)
        message = InboundMessage(
            channel="web",
            account_id=account.id if account.channel == "email" else None,
            inbound_item_id=item.id,
            sender=Person(clean(request.name), address),
            subject=request.subject,
            text=request.message,
            html=text_to_html(request.message),
            team_id=request.team_id or account.team_id,
            into_ticket_id=item.ticket_id,
            language=request.language,
            tags=[request.topic] if request.topic else [],
            attachments=[await self._file(each) for each in request.files],
        )
        received = await intake.receive(session, message)
        return Outcome(
            "ticket" if received.created else "reply",
            ticket_id=received.ticket_id,
            message_id=received.message_id,
            matched_by=received.matched_by,
            from_address=address,
            subject=clean(request.subject)[:998],
        )

    async def _file(self, file: FormFile) -> NewAttachment:
        return NewAttachment(
            name=file.name,
            content_type=file.content_type,
            size=len(file.content),
            sha256=hashlib.sha256(file.content).hexdigest(),
            storage_key=await self._storage.put(file.content),
        )

    async def could_not_read(
        self, session: AsyncSession, account: Account, item: InboundItem, raw: bytes, reason: str
    ) -> Outcome:
        """Last resort: show a person what was sent, as far as it can be shown."""
        if item.ticket_id is not None:
            return Outcome("unreadable", reason, ticket_id=item.ticket_id, message_id=item.message_id)
        message = InboundMessage(
            channel="web",
            account_id=None,
            inbound_item_id=item.id,
            sender=Person("Unknown sender", "unknown@sender.invalid"),
            subject="A form that could not be read",
            text=f"This form could not be read ({clean(reason)}).\n\n{clean(raw[:8192].decode('utf-8', 'replace'))}",
            team_id=account.team_id,
            tags=["unreadable"],
        )
        received = await intake.receive(session, message)
        return Outcome("unreadable", reason, ticket_id=received.ticket_id, message_id=received.message_id)
