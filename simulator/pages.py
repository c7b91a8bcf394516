"""What the simulator's pages show: rows of mailboxes, threads of a mailbox, one mail. Read from the Maildirs.

Between `simulator.mailboxes` and `simulator.routes`. Pure reading; no request, no template.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime

from channels.email.parse import parse_mail
from channels.email.parsed import Address, ParsedMail
from core.html import text_to_html
from simulator.letters import Person
from simulator.mailboxes import Mailboxes, StoredMail, Switches

MAX_ROWS = 200
_WHO_HEADERS = ("from", "to", "cc", "reply-to", "date", "message-id", "in-reply-to", "references", "auto-submitted")


@dataclass(frozen=True)
class MailboxRow:
    """A mailbox in the list."""

    address: str
    name: str
    received: int
    subject: str
    at: datetime | None
    switches: Switches


@dataclass(frozen=True)
class MailRow:
    """A mail in a thread."""

    key: str
    sent: bool
    at: datetime
    who: str
    subject: str
    snippet: str
    files: int


@dataclass
class Thread:
    """Mails that answer each other, oldest first."""

    mails: list[MailRow] = field(default_factory=list)

    @property
    def subject(self) -> str:
        """That of the first mail."""
        return self.mails[0].subject or "(no subject)"

    @property
    def last(self) -> MailRow:
        """The newest mail."""
        return self.mails[-1]


@dataclass(frozen=True)
class MailView:
    """One mail, opened."""

    row: MailRow
    headers: list[tuple[str, str]]
    text: str
    has_html: bool
    files: list[tuple[int, str, str, int]]
    error: str | None


def mailbox_rows(mailboxes: Mailboxes, query: str = "") -> list[MailboxRow]:
    """The mailboxes with their newest mail, the newest first; at most :data:`MAX_ROWS`."""
    wanted = query.strip().lower()
    rows = [_mailbox_row(mailboxes, address) for address in mailboxes.addresses() if wanted in address.lower()]
    rows.sort(key=lambda row: (row.at is not None, row.at), reverse=True)
    return rows[:MAX_ROWS]


def _mailbox_row(mailboxes: Mailboxes, address: str) -> MailboxRow:
    mails = mailboxes.mails(address)
    newest = mails[-1] if mails else None
    subject = parse_mail(newest.read()).subject if newest else ""
    return MailboxRow(
        address,
        owner(mailboxes, address, mails).name,
        sum(not mail.sent for mail in mails),
        subject,
        newest.at if newest else None,
        mailboxes.switches(address),
    )


def owner(mailboxes: Mailboxes, address: str, mails: list[StoredMail] | None = None) -> Person:
    """Whose mailbox it is, as she signed her newest mail."""
    for mail in reversed(mailboxes.mails(address) if mails is None else mails):
        if mail.sent:
            return Person(_name(parse_mail(mail.read()).from_), address)
    return Person("", address)


def threads(mailboxes: Mailboxes, address: str) -> list[Thread]:
    """The threads of a mailbox, the one with the newest mail first."""
    by_id: dict[str, Thread] = {}
    found: list[Thread] = []
    for stored in mailboxes.mails(address):
        mail = parse_mail(stored.read())
        ids = [*mail.references, mail.in_reply_to]
        thread = next((by_id[each] for each in reversed(ids) if each in by_id), None)
        if thread is None:
            thread = Thread()
            found.append(thread)
        thread.mails.append(_row(stored, mail))
        for each in (mail.message_id, *ids):
            if each:
                by_id.setdefault(each, thread)
    return sorted(found, key=lambda thread: thread.last.at, reverse=True)


def open_mail(stored: StoredMail) -> MailView:
    """One mail with the headers that matter, its text and its files."""
    mail = parse_mail(stored.read())
    return MailView(
        row=_row(stored, mail),
        headers=[(name, value) for name, value in mail.headers if name.lower() in _WHO_HEADERS],
        text=mail.text,
        has_html=bool(mail.html),
        files=[
            (number, file.name or "file", file.content_type, file.size) for number, file in enumerate(mail.attachments)
        ],
        error=mail.error,
    )


def body_page(stored: StoredMail) -> str:
    """A mail's HTML as its program would show it, images of the mail itself put inside. For a sandbox only."""
    mail = parse_mail(stored.read())
    page = mail.html or text_to_html(mail.text)
    for file in mail.attachments:
        if file.content_id and file.content_type.startswith("image/"):
            data = base64.b64encode(file.content).decode()
            page = page.replace(f"cid:{file.content_id}", f"data:{file.content_type};base64,{data}")
    return page


def file_of(stored: StoredMail, number: int) -> tuple[str, bytes] | None:
    """Name and content of one of a mail's files."""
    files = parse_mail(stored.read()).attachments
    return (files[number].name or "file", files[number].content) if 0 <= number < len(files) else None


def _row(stored: StoredMail, mail: ParsedMail) -> MailRow:
    people = mail.to if stored.sent else mail.from_
    snippet = " ".join((mail.reply_text or mail.text).split())
    return MailRow(
        stored.key,
        stored.sent,
        stored.at,
        _name(people) or ", ".join(person.address for person in people) or "(nobody)",
        mail.subject,
        snippet[:160],
        len(mail.attachments),
    )


def _name(people: list[Address]) -> str:
    return next((person.name for person in people if person.name), "")
