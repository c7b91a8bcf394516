"""One mail of the ledger becomes an outcome: duplicate, bounce, loop, blocked, too big, or a message in a ticket.

Second step of inbound mail, called by ``channels/inbound`` within the row's transaction: ``parse`` (pure) → duplicate
check → ``filters`` → our own people (``colleagues``) → files into the storage → ``tickets/intake.receive``.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from channels import notices
from channels.email import accounts, authentication, blocking, filters, previews
from channels.email.accounts import MailboxOptions
from channels.email.authentication import AuthenticationResults
from channels.email.colleagues import Colleagues
from channels.email.directory import Book, Directory, written_to
from channels.email.folding import fold
from channels.email.forwarded import Forwarded, forwarded
from channels.email.parse import EMPTY, NO_MAIL, is_binary, parse_mail
from channels.email.parsed import Address, ParsedAttachment, ParsedMail
from channels.email.reports import Reports
from channels.email.tokens import Tokens
from channels.inbound import Account, Item, Outcome
from core.errors import Invalid
from core.html import sanitise
from core.sniff import sniff
from core.sql import Sql
from core.storage import Storage
from customers.contacts import normalise_email
from tickets import intake, reply
from tickets.intake import InboundMessage, NewAttachment, OurAnswer, Person, clean

THREAD_ABOVE: Final = 65_536
"""Mails larger than this many bytes are parsed in a thread, so that others do not wait for them."""
MAX_PEOPLE: Final = 500

_LOCKS = Sql(
    """
    select pg_advisory_xact_lock(hashtextextended(:message, 5)), pg_advisory_xact_lock(hashtextextended(:sender, 7))
    """
)
_DUPLICATE = Sql(
    """
    select id, ticket_id, message_id from inbound_items
    where message_id_header = :header and from_address = :sender and content_hash = :content and id <> :id
    and outcome in ('ticket', 'reply', 'automatic', 'agent_reply', 'agent_refused', 'forwarded', 'sent_elsewhere',
        'too_big', 'bounce', 'report')
    and (cast(:account_id as bigint) is null or account_id = :account_id) order by id limit 1
    """
)
_BROKEN_LOCK = Sql("select pg_advisory_xact_lock(hashtextextended(:sha256, 5))")
_BROKE_BEFORE = Sql(
    """
    select id, ticket_id, message_id from inbound_items
    where sha256 = :sha256 and account_id = :account_id and outcome = 'unreadable' and id <> :id
    order by id limit 1
    """
)


@dataclass(frozen=True)
class Letter:
    """One mail on its way through the reader, and what is known of it so far."""

    account: Account
    item: Item
    mail: ParsedMail
    sender: Person
    options: MailboxOptions
    book: Book
    authentication: AuthenticationResults
    addresses: list[str]
    facts: dict[str, Any]


class EmailReader:
    """Reads mails of the ledger.

    Args:
        storage: where attachments go.
        tokens: our signed names.
    """

    def __init__(self, storage: Storage, tokens: Tokens) -> None:
        self._storage = storage
        self._tokens = tokens
        self._directory = Directory()
        self._reports = Reports(tokens)
        self._colleagues = Colleagues(storage, tokens)

    async def __call__(self, session: AsyncSession, account: Account, item: Item, raw: bytes) -> Outcome:
        """Read one mail.

        Raises:
            Invalid: it is none, or none was got (then :meth:`could_not_read` is asked).
        """
        if reason := filters.not_fetched(raw):
            raise Invalid(reason)
        mail = parse_mail(raw) if len(raw) <= THREAD_ABOVE else await asyncio.to_thread(parse_mail, raw)
        if mail.error in (EMPTY, NO_MAIL):
            raise Invalid(mail.error)
        letter = await self._open(session, account, item, mail)
        await _LOCKS.all(session, message=letter.facts["message_id_header"], sender=letter.sender.address)
        duplicate = await _duplicate(session, letter)
        if duplicate is not None:
            return duplicate
        verdict = filters.judge(mail, filters.Context(letter.book.own, self._tokens.is_ours))
        if verdict is not None and verdict.outcome == "bounce":
            return await self._reports.settle(session, mail, letter.addresses, verdict, letter.facts)
        if verdict is not None and verdict.outcome == "report":
            return await self._reports.complaint(session, mail, letter.addresses, verdict, letter.facts)
        if verdict is not None and verdict.outcome != "too_big":
            return Outcome(verdict.outcome, verdict.reason, **letter.facts)
        blocked = blocking.blocked(letter.book.blocked, letter.sender.address)
        if blocked is not None:
            words = f"Mails of {blocked.pattern} are blocked. {blocked.reason}".strip()
            return Outcome("blocked", words, **letter.facts)
        if verdict is not None:
            return await self._too_big(session, letter, verdict.reason)
        return await self._agents_answer(session, letter) or await self._take_in(session, letter)

    async def _open(self, session: AsyncSession, account: Account, item: Item, mail: ParsedMail) -> Letter:
        options = accounts.usable_options(account.options)
        sender = sender_of(mail, item.envelope_from, reply_to=options.reply_to_policy == "reply_to")
        item.content_hash = _content_hash(mail)
        people = (each.address for each in (*mail.to, *mail.cc))
        return Letter(
            account=account,
            item=item,
            mail=mail,
            sender=sender,
            options=options,
            book=await self._directory.book(session),
            authentication=authentication.results(mail, frozenset(options.trusted_servers)),
            addresses=[*mail.delivered_to, *item.envelope_to, *people],
            facts={
                "from_address": sender.address,
                "subject": clean(mail.subject)[:998],
                "message_id_header": clean(mail.message_id)[:998] or _made_up_id(mail, sender, item.content_hash),
            },
        )

    async def _agents_answer(self, session: AsyncSession, letter: Letter) -> Outcome | None:
        """The outcome of an answer that an agent wrote to one of our notices; None for any other mail."""
        from_agent = letter.sender.address in letter.book.agents
        claim = await self._colleagues.claim(session, letter.mail, letter.addresses, from_agent=from_agent)
        if claim is None or letter.item.archived:
            return None
        return await self._colleagues.answer(
            session,
            claim,
            letter.account,
            letter.item,
            letter.mail,
            letter.sender,
            letter.options,
            letter.authentication,
            letter.facts,
        )

    async def _take_in(self, session: AsyncSession, letter: Letter) -> Outcome:
        """Put the mail into a ticket as what it is: the customer's, one that an agent passes on, an answer of ours."""
        message = await self._message(letter)
        word, comment = "", ""
        ours = letter.book.is_own(letter.sender.address)
        agent_id = letter.book.agents.get(letter.sender.address)
        if (ours or agent_id is not None) and _proven(letter) and not letter.mail.is_auto_reply:
            passed_on = forwarded(letter.mail) if agent_id is not None else None
            customers = letter.book.outside((*message.to, *message.cc))
            if passed_on is not None and not letter.book.is_own(_safe_person("", passed_on.from_.address).address):
                message = await self._passed_on(message, passed_on, agent_id)
                word, comment = "forwarded", passed_on.comment
            elif customers:
                message = msgspec.structs.replace(message, our_answer=OurAnswer(agent_id, customers[0]))
                word = "sent_elsewhere"
        received = await intake.receive(session, message)
        if comment.strip():
            await reply.system_note(session, received.ticket_id, letter.sender.name, comment)
        return Outcome(
            outcome=word or _word(received, letter.mail),
            reason=letter.mail.error,
            ticket_id=received.ticket_id,
            message_id=received.message_id,
            matched_by=received.matched_by,
            **letter.facts,
        )

    async def _passed_on(self, message: InboundMessage, original: Forwarded, agent_id: int | None) -> InboundMessage:
        """The mail that an agent forwards, as if the customer had written to us himself (field 2.1.18)."""
        return msgspec.structs.replace(
            message,
            sender=_safe_person(original.from_.name, original.from_.address),
            subject=original.subject or message.subject,
            text=original.text,
            html=original.html,
            quoted_text="",
            quoted_html="",
            to=_people(original.to),
            cc=_people(original.cc),
            dated_at=original.date or message.dated_at,
            forwarded_by_id=agent_id,
            in_reply_to=None,
            references=[],
            attachments=[await self._kept(each) for each in original.attachments],
        )

    async def _too_big(self, session: AsyncSession, letter: Letter, reason: str) -> Outcome:
        """A ticket with the headers, and a polite refusal to its sender (field 2.1.24)."""
        message = msgspec.structs.replace(await self._message(letter), text=reason)
        received = await intake.receive(session, message)
        nobody = not letter.sender.address or letter.mail.is_auto_reply or letter.mail.is_list
        if not (nobody or letter.item.archived):
            await notices.create(
                session,
                kind="too_big",
                to_address=letter.sender.address,
                to_name=letter.sender.name,
                subject=f"Too big: {letter.mail.subject}"[:200],
                text="Your mail was too big for us, so we have not got its content. Please send it again with smaller "
                "files, or with a link to them.",
                ticket_id=received.ticket_id,
                account_id=letter.account.id,
                in_reply_to=letter.mail.message_id or None,
            )
        return Outcome(
            "too_big",
            reason,
            ticket_id=received.ticket_id,
            message_id=received.message_id,
            matched_by=received.matched_by,
            **letter.facts,
        )

    async def _message(self, letter: Letter) -> InboundMessage:
        mail, account, item = letter.mail, letter.account, letter.item
        new_html, quoted_html = fold(mail.html, mail.reply_text) if mail.html else ("", "")
        return InboundMessage(
            channel="email",
            account_id=account.id,
            inbound_item_id=item.id,
            sender=letter.sender,
            subject=mail.subject,
            text=mail.reply_text or (mail.text if not mail.quoted_text else ""),
            html=sanitise(new_html) if mail.html and quoted_html else mail.safe_html,
            quoted_text=mail.quoted_text,
            quoted_html=sanitise(quoted_html) if quoted_html else "",
            to=_people(mail.to),
            cc=_people(mail.cc),
            message_id_header=letter.facts["message_id_header"],
            in_reply_to=clean(mail.in_reply_to)[:998] or None,
            references=[clean(each)[:998] for each in mail.references[-100:]],
            token_ticket_id=self._tokens.ticket_in(letter.addresses),
            mark_ticket_id=self._tokens.marked_ticket(mail.text),
            into_ticket_id=item.ticket_id,
            team_id=account.team_id,
            is_auto=mail.is_auto_reply,
            is_list=mail.is_list,
            dated_at=mail.date,
            own_address=written_to(account, letter.addresses),
            protection=mail.protection,
            authentication=_said(letter.authentication),
            archived=item.archived,
            at=_moment(item, mail) if item.archived else None,
            reopen_days=letter.options.reopen_days,
            attachments=[await self._kept(each) for each in mail.attachments],
        )

    async def _kept(self, file: ParsedAttachment) -> NewAttachment:
        """A file whose content is in the storage."""
        return NewAttachment(
            name=file.name or "attachment",
            content_type=file.content_type,
            size=file.size,
            sha256=file.sha256,
            storage_key=await self._storage.put(file.content),
            disposition=file.disposition or "attachment",
            content_id=file.content_id or None,
            sniffed_type=sniff(file.content, file.name),
            preview=previews.preview(file),
        )

    async def could_not_read(
        self, session: AsyncSession, account: Account, item: Item, raw: bytes, reason: str
    ) -> Outcome:
        """Last resort: a mail that broke the reader becomes a ticket with its headers, so that a person sees it."""
        sender = _safe_person("", item.envelope_from)
        if item.ticket_id is not None:
            return Outcome("unreadable", reason, ticket_id=item.ticket_id, message_id=item.message_id)
        await _BROKEN_LOCK.all(
            session, sha256=item.sha256
        )  # a statement of its own: the next one sees what was waited for
        before = await _BROKE_BEFORE.first(session, sha256=item.sha256, account_id=account.id, id=item.id)
        if before is not None:
            where = {"ticket_id": before.ticket_id, "message_id": before.message_id, "duplicate_of_id": before.id}
            return Outcome("duplicate", f"The same mail as ledger row {before.id}. {reason}", **where)
        subject, body = _unread(raw, clean(reason))
        message = InboundMessage(
            channel="email",
            account_id=account.id,
            inbound_item_id=item.id,
            sender=sender,
            subject=subject,
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
            subject=subject,
        )


def _unread(raw: bytes, reason: str) -> tuple[str, str]:
    """Subject and text of the ticket that stands for a mail which could not be read, or not be got at all."""
    if filters.not_fetched(raw):
        return "A mail that could not be fetched", f"{reason}\n\nPlease look at it in the mailbox itself."
    text = f"This mail could not be read ({reason}).\nThe original can be downloaded from its menu."
    head = raw[:8192].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    shown = "" if is_binary(head) else head.decode("utf-8", "replace")
    return "A mail that could not be read", f"{text}\n\n{clean(shown)}".rstrip()


async def _duplicate(session: AsyncSession, letter: Letter) -> Outcome | None:
    """The same mail again: fetched anew after the mailbox was rebuilt, or sent to two of our mailboxes.

    Sender and content must agree with the Message-ID: some devices send every mail under one id, and a stranger
    must not be able to suppress a mail by guessing its id.
    """
    facts = letter.facts
    row = await _DUPLICATE.first(
        session,
        header=facts["message_id_header"],
        sender=letter.sender.address,
        content=letter.item.content_hash,
        id=letter.item.id,
        account_id=None if letter.options.duplicates == "one" else letter.account.id,
    )
    if row is None:
        return None
    reason = f"The same mail as ledger row {row.id}."
    where = {"ticket_id": row.ticket_id, "message_id": row.message_id, "duplicate_of_id": row.id}
    return Outcome("duplicate", reason, **where, **facts)


def sender_of(mail: ParsedMail, envelope_from: str, *, reply_to: bool = False) -> Person:
    """Who wrote: From, else Sender, else the envelope; without an address where none of them has one.

    Args:
        mail: the mail.
        envelope_from: sender of the envelope.
        reply_to: believe Reply-To first (mails of a contact form come from the form's own address).
    """
    for each in (*(mail.reply_to if reply_to else ()), *mail.from_, *mail.sender):
        if each.address:
            return _safe_person(each.name, each.address)
    fallback = mail.return_path or envelope_from
    name = mail.from_[0].name if mail.from_ else ""
    return _safe_person(name, fallback)


def _safe_person(name: str, address: str) -> Person:
    try:
        return Person(clean(name), clean(normalise_email(address)))
    except Invalid:
        return Person(clean(name), "")


def _people(found: list[Address]) -> list[Person]:
    people = [_safe_person(each.name, each.address) for each in found[:MAX_PEOPLE] if each.address]
    return [person for person in people if person.address]


def _content_hash(mail: ParsedMail) -> str:
    parts = [mail.subject, mail.text or mail.html, *(each.sha256 for each in mail.attachments)]
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()


def _made_up_id(mail: ParsedMail, sender: Person, content_hash: str) -> str:
    """A name for a mail that came without one (RFC 5322 section 3.6.4 only says it should have one).

    Of what its author wrote, not of its way here, so that the same mail has the same name whenever it is fetched.
    Only where he wrote no date either, the first server that took it says when that was.
    """
    dates = [value for name, value in mail.headers if name.lower() == "date"]
    received = [value for name, value in mail.headers if name.lower() == "received"]
    written = next(iter((*dates, *received[-1:])), "")
    said = f"{written}\x00{sender.address}\x00{content_hash}".encode("utf-8", "replace")
    return f"{hashlib.sha256(said).hexdigest()[:32]}@no-message-id.invalid"


def _moment(item: Item, mail: ParsedMail) -> datetime | None:
    """When an old mail came in: its server's word, else its author's."""
    return item.internal_date or mail.date


def _said(found: AuthenticationResults) -> dict[str, Any] | None:
    return msgspec.to_builtins(found) if found.spf or found.dkim or found.dmarc else None


def _proven(letter: Letter) -> bool:
    """Whether one of us may be believed to have written it: anybody can put our address into From (decision 0015).

    The receiving server must vouch for the sender, or at least not object where the mailbox believes tokens alone. What
    is not proven goes the way of any other mail.
    """
    found = letter.authentication
    if letter.options.agent_answers == "token":
        return found.aligned or "fail" not in (found.dmarc, found.spf, found.dkim)
    return found.aligned


def _word(received: intake.Received, mail: ParsedMail) -> str:
    if mail.is_auto_reply:
        return "automatic"
    return "ticket" if received.created else "reply"
