"""E-mail's part of sending: one delivery of ours becomes an :class:`OutgoingMail` and goes to the account's server.

Between ``channels/outbound`` (states, retries) and ``compose``/``send``. Everything is read in the claiming unit of
work, so the sending itself holds no database connection.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from channels.email import accounts
from channels.email.compose import OutgoingFile, OutgoingMail, SendingAccount
from channels.email.parsed import Address
from channels.email.send import EmailSender, HandoverUnknown
from channels.email.tokens import Tokens
from channels.models import ChannelAccount
from channels.outbound import Send, Unknown
from core.errors import Permanent
from core.storage import Storage
from tickets import attachments, delivery
from tickets.models import Attachment, Delivery, Message, Ticket

REFERENCES = 12
"""Ids kept in References: the first and the newest, so that the header stays short (RFC 5322 section 3.6.4)."""
_INLINE = re.compile(r"""(<img\b[^>]*?\ssrc=)(["'])/api/attachments/(\d+)\2""", re.IGNORECASE)


class EmailOutbox:
    """Prepares and sends e-mails.

    Args:
        storage: where attachments are.
        tokens: our signed names.
        sender: the SMTP side.
    """

    def __init__(self, storage: Storage, tokens: Tokens, sender: EmailSender) -> None:
        self._storage = storage
        self._tokens = tokens
        self._sender = sender

    async def prepare(self, session: AsyncSession, sending: Delivery) -> Send:
        """Compose one delivery.

        Raises:
            Permanent: it can never be sent (a note, no recipient left, no mailbox).
        """
        message, ticket = await delivery.what_is_sent(session, sending)
        if message.kind != "agent":
            raise Permanent("Only answers of agents are sent.")
        account = await self._account(session, ticket)
        mail = await self._mail(session, sending, message, ticket, account)
        message.message_id_header = mail.message_id_header
        message.in_reply_to = mail.in_reply_to or None
        message.references = list(mail.references)

        async def send(before_handover: Callable[[], Awaitable[None]]) -> str:
            try:
                return (await self._sender.deliver(mail, before_handover)).provider_id
            except HandoverUnknown as problem:
                raise Unknown(problem.detail) from problem

        return send

    async def _account(self, session: AsyncSession, ticket: Ticket) -> ChannelAccount:
        """The mailbox the customer wrote to; else the team's; else the first that can send."""
        usable = select(ChannelAccount).where(ChannelAccount.channel == "email", ChannelAccount.is_active)
        found: ChannelAccount | None = None
        if ticket.account_id is not None:
            found = await session.scalar(usable.where(ChannelAccount.id == ticket.account_id))
        if found is None and ticket.team_id is not None:
            found = await session.scalar(
                usable.where(ChannelAccount.team_id == ticket.team_id).order_by(ChannelAccount.id)
            )
        found = found or await session.scalar(usable.order_by(ChannelAccount.id))
        if found is None or "smtp" not in found.settings:
            raise Permanent("No mailbox is set up that could send this. An administrator can add one.")
        return found

    async def _mail(
        self, session: AsyncSession, sending: Delivery, message: Message, ticket: Ticket, account: ChannelAccount
    ) -> OutgoingMail:
        book = await accounts.address_book(session, active_only=False)
        to, cc, bcc = (_outside(people, book) for people in (message.to, message.cc, message.bcc))
        if not (to or cc or bcc):
            raise Permanent("No recipient is left: the addresses are our own.")
        files = await attachments.of_messages(session, [message.id])
        html, inline = _inline_images(message.html, files)
        answered, references = await self._thread(session, message)
        return OutgoingMail(
            delivery_id=sending.id,
            message_id=message.id,
            message_id_header=self._tokens.message_id(message.id),
            account=SendingAccount(account.address, account.display_name, account.settings["smtp"]),
            to=to,
            cc=cc,
            bcc=bcc,
            reply_to=self._tokens.reply_address(account.address, ticket.id),
            subject=message.subject,
            text=message.text,
            html=html,
            in_reply_to=answered,
            references=references,
            attachments=[
                OutgoingFile(
                    each.name, each.content_type, await self._storage.get(each.storage_key), inline.get(each.id)
                )
                for each in files
            ],
            date=message.created_at,
        )

    async def _thread(self, session: AsyncSession, message: Message) -> tuple[str, list[str]]:
        """The id of the mail that is answered, and the chain of ids before it, oldest first."""
        rows = [
            row
            for row in await delivery.mails_before(session, message, REFERENCES)
            if not str(row[0]).endswith("@no-message-id.invalid")
        ]
        if not rows:
            return "", []
        header, references, _ = next((row for row in rows if row[2] == "customer"), rows[0])
        chain = [each for each in dict.fromkeys([*references, *(row[0] for row in reversed(rows))]) if each != header]
        chain.append(header)
        if len(chain) > REFERENCES:
            chain = [chain[0], *chain[-(REFERENCES - 1) :]]
        return header, chain


def _outside(people: list[Any], book: accounts.AddressBook) -> list[Address]:
    return [Address(each["name"], each["address"]) for each in people if book.find(each["address"]) is None]


def _inline_images(html: str, files: list[Attachment]) -> tuple[str, dict[int, str]]:
    """Images shown from our own server become parts of the mail (``cid:``), so that no recipient needs to sign in."""
    known = {each.id for each in files}
    inline: dict[int, str] = {}

    def replace(found: re.Match[str]) -> str:
        number = int(found[3])
        if number not in known:
            return found[0]
        inline[number] = f"file{number}@sampark"
        return f"{found[1]}{found[2]}cid:{inline[number]}{found[2]}"

    return _INLINE.sub(replace, html), inline
