"""Composing: an answer of ours becomes the bytes of a mail. The last step before `channels.email.send`.

Pure: the same mail gives the same bytes, boundaries included, so a repeated hand-over is the same mail. Nothing in
the result needs 8BITMIME; only an address whose local part is not ASCII needs SMTPUTF8.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final, Literal, NamedTuple

import msgspec

from channels.email import fields
from channels.email.filters import OWN_MARK
from channels.email.parsed import Address
from core.html import html_to_text

MAX_LINE: Final = 900
"""Longest line sent as it is; RFC 5322 allows 998."""
_BARE = re.compile(r"\r\n|\r|\n")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class SendingAccount(NamedTuple):
    """Where a mail leaves from: address and name shown, ``smtp`` and ``dkim`` parts of its settings, its row's id."""

    address: str
    display_name: str
    smtp: dict[str, Any]
    dkim: dict[str, Any] | None = None
    id: int = 0


class Unsubscribe(NamedTuple):
    """How a reader ends mails of this kind (RFC 2369).

    ``one_click``: a POST to ``url`` does it without asking further (RFC 8058); only ever for an https address.
    """

    url: str
    one_click: bool = False


class OutgoingFile(NamedTuple):
    """A file to send; with ``content_id`` (without brackets) it may be shown inside the HTML as ``cid:``."""

    name: str
    content_type: str
    content: bytes
    content_id: str | None = None


class OutgoingMail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail to send.

    Attributes:
        message_id_header: its Message-ID.
        account: where it leaves from.
        to: recipients.
        cc: copy recipients.
        bcc: recipients who appear in no header.
        reply_to: where answers go (an address of ours with a ticket's token).
        subject: any text.
        text: plain body; made from the HTML when empty.
        html: HTML body (a fragment); empty for a mail of plain text only.
        in_reply_to: Message-ID that is answered.
        references: ids of the thread, oldest first.
        attachments: files.
        auto_submitted: ``auto-replied`` or ``auto-generated`` (RFC 3834) when no person wrote it; others' robots
            shall not answer. Empty for what people write.
        unsubscribe: how the reader ends such mails; for what people write there is nothing to end.
        envelope_from: where reports of its fate go; empty: to the account's address.
        date: when it was written, aware.
    """

    message_id_header: str
    account: SendingAccount
    to: list[Address]
    cc: list[Address] = []
    bcc: list[Address] = []
    reply_to: str | None = None
    subject: str = ""
    text: str = ""
    html: str = ""
    in_reply_to: str | None = None
    references: list[str] = []
    attachments: list[OutgoingFile] = []
    auto_submitted: Literal["", "auto-replied", "auto-generated"] = ""
    unsubscribe: Unsubscribe | None = None
    envelope_from: str = ""
    date: datetime


class _Part(NamedTuple):
    """A MIME entity: its Content- fields and its encoded body, line ends CRLF."""

    head: bytes
    body: bytes


def compose(mail: OutgoingMail) -> bytes:
    """The mail as bytes, line ends CRLF.

    Raises:
        Permanent: an address or the Message-ID is not one.
    """
    return _headers(mail) + _assemble(_content(mail))


def _assemble(part: _Part) -> bytes:
    return part.head + b"\r\n" + part.body


def _headers(mail: OutgoingMail) -> bytes:
    account = mail.account
    name = Address(name=account.display_name, address=account.address)
    lines = [
        fields.field("Date", [format_datetime(mail.date)]),
        fields.field("From", fields.mailbox(name)),
        fields.field("To", fields.mailboxes(mail.to) or ["undisclosed-recipients:;"]),
    ]
    if mail.cc:
        lines.append(fields.field("Cc", fields.mailboxes(mail.cc)))
    if mail.reply_to:
        reply = Address(name=account.display_name, address=mail.reply_to)
        lines.append(fields.field("Reply-To", fields.mailbox(reply)))
    lines.append(fields.field("Subject", fields.words(mail.subject)))
    lines.append(fields.field("Message-ID", [_own_id(mail)]))
    # Some services rewrite the Message-ID; a mail of ours that comes back is known by this one (filters.own_loop).
    lines.append(fields.field(OWN_MARK, [_own_id(mail).strip("<>")]))
    answered = fields.message_id(mail.in_reply_to or "")
    if answered:
        lines.append(fields.field("In-Reply-To", [answered]))
    references = fields.reference_ids(mail.references, mail.in_reply_to)
    if references:
        lines.append(fields.field("References", references))
    if mail.auto_submitted:
        lines.append(fields.field("Auto-Submitted", [mail.auto_submitted]) + b"X-Auto-Response-Suppress: All\r\n")
    if mail.unsubscribe:
        lines += _unsubscribe(mail.unsubscribe)
    lines.append(b"MIME-Version: 1.0\r\n")
    return b"".join(lines)


def _unsubscribe(how: Unsubscribe) -> list[bytes]:
    """Nothing when the address cannot stand in a header."""
    if not fields.is_web_address(how.url):
        return []
    lines = [fields.field("List-Unsubscribe", [f"<{how.url}>"])]
    if how.one_click and how.url.startswith("https:"):
        lines.append(fields.field("List-Unsubscribe-Post", ["List-Unsubscribe=One-Click"]))
    return lines


def _own_id(mail: OutgoingMail) -> str:
    found = fields.message_id(mail.message_id_header)
    if found is None:
        raise ValueError(f"not a Message-ID: {mail.message_id_header!r}")
    return found


def _content(mail: OutgoingMail) -> _Part:
    files = [OutgoingFile(*file) for file in mail.attachments]
    shown = [file for file in files if file.content_id and f"cid:{file.content_id}" in mail.html]
    rest = [file for file in files if file not in shown]
    body = _body(mail, shown)
    if not rest:
        return body
    return _multipart(mail, "mixed", [body, *(_file(file, inline=False) for file in rest)])


def _body(mail: OutgoingMail, shown: Sequence[OutgoingFile]) -> _Part:
    if not mail.html:
        return _text("plain", mail.text)
    page = _text("html", _page(mail.html))
    if shown:
        page = _multipart(mail, "related", [page, *(_file(file, inline=True) for file in shown)])
    return _multipart(mail, "alternative", [_text("plain", mail.text or html_to_text(mail.html)), page])


def _page(html: str) -> str:
    """A fragment as a page: some clients guess the charset wrongly without one."""
    if "<html" in html[:500].lower():
        return html
    return (
        '<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head>'
        f"<body>{html}</body></html>"
    )


def _multipart(mail: OutgoingMail, kind: str, parts: Sequence[_Part]) -> _Part:
    """Parts between boundaries. "=_" can stand in no encoded body, so a boundary is never found inside a part."""
    boundary = "=_" + hashlib.sha256(f"{kind} {mail.message_id_header}".encode()).hexdigest()[:32]
    tokens = [f"multipart/{kind};", f'boundary="{boundary}"']
    if kind == "related":
        tokens.insert(1, 'type="text/html";')
    cut = f"--{boundary}\r\n".encode()
    body = b"".join(cut + _assemble(part) + b"\r\n" for part in parts)
    return _Part(fields.field("Content-Type", tokens), body + f"--{boundary}--\r\n".encode())


def _text(kind: str, text: str) -> _Part:
    plain = _BARE.sub("\n", _UNSENDABLE.sub("", text))
    plain = plain if plain.endswith("\n") else plain + "\n"
    encoding, body = _encode(plain)
    head = fields.field("Content-Type", [f"text/{kind};", "charset=utf-8"])
    return _Part(head + fields.field("Content-Transfer-Encoding", [encoding]), body)


def _encode(text: str) -> tuple[str, bytes]:
    """The shortest of the encodings that every server passes on unchanged."""
    raw = text.encode()
    strange = len(raw) - sum(map(len, re.findall(rb"[\x00-\x7f]+", raw)))
    if not strange and max(map(len, raw.split(b"\n"))) <= MAX_LINE and b"=_" not in raw:
        return "7bit", raw.replace(b"\n", b"\r\n")
    if strange * 6 < len(raw):
        return "quoted-printable", binascii.b2a_qp(raw, quotetabs=False, istext=True).replace(b"\n", b"\r\n")
    return "base64", _base64(raw.replace(b"\n", b"\r\n"))


def _base64(raw: bytes) -> bytes:
    return base64.encodebytes(raw).replace(b"\n", b"\r\n")


def _file(file: OutgoingFile, *, inline: bool) -> _Part:
    """A file in base64. Mails as files travel as bytes: RFC 2046 forbids base64 for message/*."""
    kind = fields.media_type(file.content_type)
    if kind.startswith(("message/", "multipart/")):
        kind = "application/octet-stream"
    name = fields.one_line(file.name).replace("/", "_").replace("\\", "_")[:200] or "file"
    typed = fields.parameter("name", name)
    placed = fields.parameter("filename", name)
    head = fields.field("Content-Type", [f"{kind};", *typed])
    head += fields.field("Content-Transfer-Encoding", ["base64"])
    head += fields.field("Content-Disposition", ["inline;" if inline else "attachment;", *placed])
    content_id = fields.message_id(file.content_id or "")
    if content_id:
        head += fields.field("Content-ID", [content_id])
    return _Part(head, _base64(file.content))
