"""E-mail's part of sending: one delivery of ours becomes an :class:`OutgoingMail` and goes to the account's server.

Between ``channels/outbound`` (states, retries) and ``compose``/``send``. Everything is read in the claiming unit of
work, so the sending itself holds no database connection. Where the mail leaves from: ``leaving``; its pictures:
``inline``; signatures and mark: ``closing``.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from channels.email import closing, inline, leaving
from channels.email.accounts import options_of
from channels.email.closing import Body
from channels.email.compose import OutgoingMail
from channels.email.leaving import Place
from channels.email.send import EmailSender, HandoverUnknown
from channels.email.tokens import Tokens
from channels.outbound import Send, Unknown
from core.errors import Permanent
from core.html import html_to_text
from core.storage import Storage
from staff.models import Agent
from tickets import delivery, templates
from tickets.models import Delivery, Message, Ticket
from tickets.templates import Surroundings

REFERENCES: Final = 12
"""Ids kept in References: the first and the newest, so that the header stays short (RFC 5322 section 3.6.4)."""
SENT_KINDS: Final = frozenset({"agent", "system"})
"""What may leave. A note is not among them, whatever asks for it."""


class EmailOutbox:
    """Prepares and sends e-mails.

    Args:
        storage: where attachments are.
        tokens: our signed names.
        sender: the SMTP side.
        around: product and address of the desk, for templates in signatures.
    """

    def __init__(
        self, storage: Storage, tokens: Tokens, sender: EmailSender, around: Surroundings | None = None
    ) -> None:
        self._storage = storage
        self._tokens = tokens
        self._sender = sender
        self._around = around or Surroundings()

    async def prepare(self, session: AsyncSession, sending: Delivery) -> Send:
        """Compose one delivery.

        Raises:
            Permanent: it can never be sent (a note, no recipient left, no mailbox).
        """
        message, ticket = await delivery.what_is_sent(session, sending)
        if message.kind not in SENT_KINDS:
            raise Permanent("Only answers to customers are sent.")
        mail = await self._mail(session, message, ticket)
        message.message_id_header = mail.message_id_header
        message.in_reply_to = mail.in_reply_to or None
        message.references = list(mail.references)
        message.own_address = mail.account.address

        async def send(before_handover: Callable[[], Awaitable[None]]) -> str:
            return await hand_over(self._sender, mail, before_handover)

        return send

    async def _mail(self, session: AsyncSession, message: Message, ticket: Ticket) -> OutgoingMail:
        listed = await leaving.mailboxes(session)
        book = leaving.book_of(listed)
        place = leaving.place_for(listed, book, message.own_address, ticket.account_id, ticket.team_id)
        to, cc, bcc = (leaving.outside(people, book) for people in (message.to, message.cc, message.bcc))
        if not (to or cc or bcc):
            raise Permanent("No recipient is left: the addresses are our own.")
        options = options_of(place.account.options)
        plain = message.plain or options.plain_text
        html, quoted, files = await inline.with_files(session, self._storage, message, plain=plain)
        answered, references = await self._thread(session, message)
        body = await self._body(
            session, message, ticket, place, (html, quoted)
        )  # last: what it changes is written once
        return OutgoingMail(
            message_id_header=self._tokens.message_id(message.id),
            account=place.sender(),
            to=to,
            cc=cc,
            bcc=bcc,
            reply_to=self._tokens.reply_address(place.address, ticket.id),
            subject=_numbered(message.subject, ticket.id) if options.subject_number else message.subject,
            text=body.text,
            html=body.html,
            in_reply_to=answered,
            references=references,
            attachments=files,
            auto_submitted="auto-replied" if message.kind == "system" else "",
            envelope_from=self._tokens.bounce_address(place.account.address, message.id),
            date=message.created_at,
        )

    async def _body(
        self, session: AsyncSession, message: Message, ticket: Ticket, place: Place, html: tuple[str, str]
    ) -> Body:
        """The message with signature and mark. What was signed once stays so: a second try is the same mail."""
        if message.kind == "agent" and not message.signature_html:
            message.signature_html = await self._signature(session, message, ticket, place)
        written = Body(message.text or html_to_text(message.html), html[0])
        quoted = Body(message.quoted_text, html[1])
        return closing.closed(written, message.signature_html, self._tokens.mark(ticket.id), quoted)

    async def _signature(self, session: AsyncSession, message: Message, ticket: Ticket, place: Place) -> str:
        agent = await session.get(Agent, message.author_agent_id) if message.author_agent_id else None
        parts = (agent.signature if agent else "", place.account.signature)
        if not any(part.strip() for part in parts):
            return ""
        values: templates.Values = {}
        if any("{{" in part for part in parts):
            around = Surroundings(
                mailbox_name=place.name,
                mailbox_address=place.address,
                product_name=self._around.product_name,
            )
            values = await templates.values_of(session, ticket.id, message.author_agent_id, around)
        return closing.signature(parts, values)

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


async def hand_over(sender: EmailSender, mail: OutgoingMail, before_handover: Callable[[], Awaitable[None]]) -> str:
    """Send one mail in the terms of ``channels/outbound``; returns the provider's id.

    Raises:
        Temporary, Permanent: it was not sent.
        Unknown: nobody can know.
    """
    try:
        return (await sender.deliver(mail, before_handover)).provider_id
    except HandoverUnknown as problem:
        raise Unknown(problem.detail) from problem


def _numbered(subject: str, ticket_id: int) -> str:
    """The subject with the ticket's number, for those whose programs lose all else; once, however long the thread."""
    mark = f"[#{ticket_id}]"
    return subject if mark in subject else f"{subject} {mark}".strip()
