"""One mail of the ledger becomes an outcome: duplicate, bounce, loop, too big, or a message in a ticket.

Second step of inbound mail, called by ``channels/inbound`` within the row's transaction: ``parse`` (pure) → duplicate
check → ``filters`` → files into the storage → ``tickets/intake.receive``.
"""

import asyncio
import dataclasses
import hashlib
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from channels.email import accounts, filters
from channels.email.folding import fold
from channels.email.parse import parse_mail
from channels.email.parsed import Address, ParsedMail
from channels.email.tokens import Tokens
from channels.inbound import Account, Item, Outcome
from core import clock
from core.errors import Invalid
from core.html import sanitise
from core.sql import Sql
from core.storage import Storage
from customers import service as customers
from customers.contacts import normalise_email
from tickets import delivery, intake
from tickets.intake import InboundMessage, NewAttachment, Person, clean

THREAD_ABOVE: Final = 65_536
"""Mails larger than this many bytes are parsed in a thread, so that others do not wait for them."""
UNKNOWN_SENDER: Final = "unknown@sender.invalid"
MAX_PEOPLE: Final = 500
ADDRESS_SECONDS: Final = 10.0

_LOCKS = Sql(
    """
    select pg_advisory_xact_lock(hashtextextended(:message, 5)), pg_advisory_xact_lock(hashtextextended(:sender, 7))
    """
)
_DUPLICATE = Sql(
    """
    select id, ticket_id, message_id from inbound_items
    where message_id_header = :header and from_address = :sender and content_hash = :content and id <> :id
    and outcome in ('ticket', 'reply', 'automatic') order by id limit 1
    """
)
_BOUNCED = Sql(
    """
    select d.id, d.ticket_id, d.message_id,
        array(select lower(p ->> 'address') from jsonb_array_elements(m."to" || m.cc || m.bcc) p) as recipients
    from deliveries d join messages m on m.id = d.message_id where d.message_id = :message_id
    """
)


class EmailReader:
    """Reads mails of the ledger.

    Args:
        storage: where attachments go.
        tokens: our signed names.
    """

    def __init__(self, storage: Storage, tokens: Tokens) -> None:
        self._storage = storage
        self._tokens = tokens
        self._own: frozenset[str] = frozenset()
        self._own_read_at = float("-inf")

    async def __call__(self, session: AsyncSession, account: Account, item: Item, raw: bytes) -> Outcome:
        """Read one mail."""
        mail = parse_mail(raw) if len(raw) <= THREAD_ABOVE else await asyncio.to_thread(parse_mail, raw)
        sender = sender_of(mail, item.envelope_from)
        item.content_hash = _content_hash(mail)
        facts: dict[str, Any] = {
            "from_address": sender.address,
            "subject": clean(mail.subject)[:998],
            "message_id_header": clean(mail.message_id)[:998] or None,
        }
        await _LOCKS.all(session, message=mail.message_id or str(item.id), sender=sender.address)
        duplicate = await self._duplicate(session, item, mail, sender)
        if duplicate is not None:
            reason = f"The same mail as ledger row {duplicate.duplicate_of_id}."
            return dataclasses.replace(duplicate, reason=reason, **facts)
        context = filters.Context(await self._own_addresses(session), self._tokens.is_ours)
        verdict = filters.judge(mail, context)
        if verdict is not None and verdict.outcome == "bounce":
            return await self._bounce(session, mail, verdict, facts)
        if verdict is not None and verdict.outcome != "too_big":
            return Outcome(verdict.outcome, verdict.reason, **facts)
        if not (mail.from_ or mail.text or mail.attachments or mail.subject) and mail.error:
            raise Invalid(mail.error)
        message = await self._message(account, item, mail, sender)
        if verdict is not None:
            message = _noticed(message, verdict.reason)
        received = await intake.receive(session, message)
        return Outcome(
            outcome="too_big" if verdict else _word(received, mail),
            reason=verdict.reason if verdict else mail.error,
            ticket_id=received.ticket_id,
            message_id=received.message_id,
            matched_by=received.matched_by,
            **facts,
        )

    async def _duplicate(self, session: AsyncSession, item: Item, mail: ParsedMail, sender: Person) -> Outcome | None:
        """The same mail again: fetched anew after the mailbox was rebuilt, or sent to two of our mailboxes.

        Sender and content must agree with the Message-ID: some devices send every mail under one id, and a stranger
        must not be able to suppress a mail by guessing its id.
        """
        if not mail.message_id:
            return None
        header = clean(mail.message_id)[:998]
        row = await _DUPLICATE.first(
            session, header=header, sender=sender.address, content=item.content_hash, id=item.id
        )
        if row is None:
            return None
        return Outcome("duplicate", ticket_id=row.ticket_id, message_id=row.message_id, duplicate_of_id=row.id)

    async def _own_addresses(self, session: AsyncSession) -> frozenset[str]:
        """Our addresses, read again every few seconds."""
        now = clock.monotonic()
        if now - self._own_read_at > ADDRESS_SECONDS:
            listed = await accounts.listed(session, active_only=False)
            self._own = frozenset(accounts.normalise(each) for one in listed for each in (one.address, *one.aliases))
            self._own_read_at = now
        return self._own

    async def _bounce(
        self, session: AsyncSession, mail: ParsedMail, verdict: filters.Verdict, facts: dict[str, Any]
    ) -> Outcome:
        """Put a delivery report on the message it is about; mark the address after a permanent failure.

        Only addresses that the message was sent to are believed: everybody who ever had a mail of ours knows its id,
        and must not be able to have another's address marked as dead.
        """
        outcome = Outcome("bounce", verdict.reason, **facts)
        recipients: set[str] = set()
        named = [report.original_message_id for report in mail.bounces]
        for header in (*named, mail.in_reply_to, *reversed(mail.references)):
            message_id = self._tokens.own_message(header) if header else None
            row = await _BOUNCED.first(session, message_id=message_id) if message_id else None
            if row is not None:
                outcome = dataclasses.replace(
                    outcome, ticket_id=row.ticket_id, message_id=row.message_id, matched_by="message_id"
                )
                recipients = set(row.recipients)
                about_us = [each for each in mail.bounces if not each.recipient or each.recipient.lower() in recipients]
                if any(report.hard for report in about_us):
                    sent = ("sent", "delivered", "sending", "unknown")
                    await delivery.move(session, row.id, "bounced", only_from=sent, error=verdict.reason)
                break
        for report in mail.bounces:
            if report.hard and report.recipient.lower() in recipients:
                await customers.mark_invalid(session, report.recipient, f"{report.status} {report.reason}".strip())
        return outcome

    async def _message(self, account: Account, item: Item, mail: ParsedMail, sender: Person) -> InboundMessage:
        new_html, quoted_html = fold(mail.html, mail.reply_text) if mail.html else ("", "")
        addresses = [*mail.delivered_to, *item.envelope_to, *(each.address for each in (*mail.to, *mail.cc))]
        return InboundMessage(
            channel="email",
            account_id=account.id,
            inbound_item_id=item.id,
            sender=sender,
            subject=mail.subject,
            text=mail.reply_text or (mail.text if not mail.quoted_text else ""),
            html=sanitise(new_html) if mail.html and quoted_html else mail.safe_html,
            quoted_text=mail.quoted_text,
            quoted_html=sanitise(quoted_html) if quoted_html else "",
            to=_people(mail.to),
            cc=_people(mail.cc),
            message_id_header=clean(mail.message_id)[:998] or _made_up_id(item),
            in_reply_to=clean(mail.in_reply_to)[:998] or None,
            references=[clean(each)[:998] for each in mail.references[-100:]],
            token_ticket_id=self._tokens.ticket_in(addresses),
            into_ticket_id=item.ticket_id,
            team_id=account.team_id,
            is_auto=mail.is_auto_reply,
            attachments=[
                NewAttachment(
                    name=each.name or "attachment",
                    content_type=each.content_type,
                    size=each.size,
                    sha256=each.sha256,
                    storage_key=await self._storage.put(each.content),
                    disposition=each.disposition or "attachment",
                    content_id=each.content_id or None,
                )
                for each in mail.attachments
            ],
        )

    async def could_not_read(
        self, session: AsyncSession, account: Account, item: Item, raw: bytes, reason: str
    ) -> Outcome:
        """Last resort: a mail that broke the reader becomes a ticket with its headers, so that a person sees it."""
        head = raw[:8192].replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", "replace")
        sender = _safe_person("", item.envelope_from)
        if item.ticket_id is not None:
            return Outcome("unreadable", reason, ticket_id=item.ticket_id, message_id=item.message_id)
        notice = f"This mail could not be read ({clean(reason)}).\nThe original can be downloaded from its menu."
        body = f"{notice}\n\n{clean(head)}"
        message = InboundMessage(
            channel="email",
            account_id=account.id,
            inbound_item_id=item.id,
            sender=sender,
            subject="A mail that could not be read",
            text=body,
            team_id=account.team_id,
            tags=["unreadable"],
        )
        received = await intake.receive(session, message)
        return Outcome(
            "unreadable",
            reason,
            ticket_id=received.ticket_id,
            message_id=received.message_id,
            from_address=sender.address,
        )


def sender_of(mail: ParsedMail, envelope_from: str) -> Person:
    """Who wrote: From, else Sender, else the envelope; a mail without any still has a (made-up) sender."""
    for each in (*mail.from_, *mail.sender):
        if each.address:
            return _safe_person(each.name, each.address)
    fallback = mail.return_path or envelope_from
    name = mail.from_[0].name if mail.from_ else ""
    return _safe_person(name, fallback)


def _safe_person(name: str, address: str) -> Person:
    try:
        return Person(clean(name), clean(normalise_email(address)))
    except Invalid:
        return Person(clean(name) or "Unknown sender", UNKNOWN_SENDER)


def _people(found: list[Address]) -> list[Person]:
    people = [_safe_person(each.name, each.address) for each in found[:MAX_PEOPLE] if each.address]
    return [person for person in people if person.address != UNKNOWN_SENDER]


def _content_hash(mail: ParsedMail) -> str:
    parts = [mail.subject, mail.text or mail.html, *(each.sha256 for each in mail.attachments)]
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()


def _made_up_id(item: Item) -> str:
    """A name for a mail that came without one (RFC 5322 section 3.6.4 only says it should have one)."""
    return f"{item.sha256[:32]}@no-message-id.invalid"


def _word(received: intake.Received, mail: ParsedMail) -> str:
    if mail.is_auto_reply:
        return "automatic"
    return "ticket" if received.created else "reply"


def _noticed(message: InboundMessage, notice: str) -> InboundMessage:
    return msgspec.structs.replace(message, text=notice)
