"""What reading a mail yields: frozen structs without behaviour.

Part of the e-mail channel, between `channels.email.parse` (which fills them) and everything after it:
filters, the
intake of tickets, the `sampark parse-email` command. Nothing here touches a database, a clock or the network.
"""

from datetime import datetime

import msgspec


class Address(msgspec.Struct, frozen=True):
    """One mailbox of an address header (RFC 5322, section 3.4).

    Attributes:
        name: Display name, decoded (RFC 2047), without its quotes; empty when there is none.
        address: `local@domain` as written (case kept); empty when the header holds only a name.
    """

    name: str
    address: str


class ParsedAttachment(msgspec.Struct, frozen=True):
    """One part of a mail that is a file rather than its body.

    Attributes:
        name: File name without any folder; empty when the mail gives none.
        content_type: Media type in lower case, without parameters.
        size: Length of `content` in bytes.
        sha256: SHA-256 of `content`, 64 hexadecimal digits.
        disposition: `attachment` or `inline`; empty when the mail does not say (RFC 2183).
        content_id: Content-ID without angle brackets (RFC 2392); empty when there is none.
        content: The decoded bytes.
    """

    name: str
    content_type: str
    size: int
    sha256: str
    disposition: str
    content_id: str
    content: bytes = b""


class BounceReport(msgspec.Struct, frozen=True):
    """What a delivery status notification says about one recipient (RFC 3464 and the many forms before it).

    Attributes:
        recipient: Address that was not reached; empty when the report does not say.
        status: Enhanced status `x.y.z` (RFC 3463); empty when nothing in the report tells.
        reason: The remote server's words, on one line.
        hard: True when the address is of no use any more: no such user or host. A full mailbox or a refused content
            is not hard, even where this one mail was refused for good.
        original_message_id: Message-ID of the mail that bounced, without angle brackets; empty when unknown.
        final: True when the mail was not delivered and will not be; False when the system goes on trying.
    """

    recipient: str
    status: str
    reason: str
    hard: bool
    original_message_id: str = ""
    final: bool = True


class ParsedMail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail, read as far as it could be read.

    Attributes:
        from_: Authors. A mail may have none or several.
        sender: The Sender header.
        reply_to: Where the author wants answers.
        to: Primary recipients.
        cc: Copy recipients.
        delivered_to: Addresses of Delivered-To, X-Original-To, Envelope-To, X-Forwarded-To and their like, in
        lower
            case, each once: through which of our addresses the mail came.
        return_path: Envelope sender in lower case; "" for `<>`; None when no Return-Path header tells.
        subject: Decoded, on one line.
        message_id: Without angle brackets; empty when missing.
        in_reply_to: First id of In-Reply-To without angle brackets; empty when missing.
        references: Ids of References without angle brackets, oldest first.
        date: When the author says to have sent it, aware UTC; None when missing or not between 1971 and next
        year's
            horizon (see `channels.email.dates`).
        text: Plain text of the body; derived from the HTML when the mail has no plain text.
        html: HTML of the body as it came, decoded, UNSAFE to show; empty when the mail has none.
        safe_html: Sanitised HTML of the body, safe to show; empty when the mail has none.
        html_cut: True when the HTML was too long and its end was left out of `safe_html`.
        reply_text: What the author newly wrote: `text` without quotes and signature.
        quoted_text: The rest of `text`: quotes and signature. Nothing of `text` is in neither.
        attachments: Files, in the order of the mail.
        protection: How it is signed or encrypted: `smime_signed`, `smime_encrypted`, `pgp_signed`, `pgp_encrypted`;
            empty when it is not. Nothing is checked.
        headers: Header fields in order, decoded, unfolded.
        auto_submitted: Keyword of Auto-Submitted (RFC 3834) in lower case; empty when missing.
        precedence: Precedence header in lower case; empty when missing.
        list_id: Identifier of List-Id (RFC 2919) without angle brackets; empty when missing.
        is_auto_reply: An automatic answer (out of office, acknowledgement), not a person's words.
        is_list: Came through a mailing list or is a bulk mail.
        is_bounce: A delivery status notification about a failure or a delay.
        bounces: One report per recipient, when `is_bounce`.
        is_feedback_report: An abuse report by a mail provider (ARF, RFC 5965).
        error: None, or one sentence that says why the mail could not be read wholly. What could be read is
        there.
    """

    from_: list[Address] = msgspec.field(name="from", default_factory=list)
    sender: list[Address] = []
    reply_to: list[Address] = []
    to: list[Address] = []
    cc: list[Address] = []
    delivered_to: list[str] = []
    return_path: str | None = None
    subject: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    references: list[str] = []
    date: datetime | None = None
    text: str = ""
    html: str = ""
    safe_html: str = ""
    html_cut: bool = False
    reply_text: str = ""
    quoted_text: str = ""
    attachments: list[ParsedAttachment] = []
    protection: str = ""
    headers: list[tuple[str, str]] = []
    auto_submitted: str = ""
    precedence: str = ""
    list_id: str = ""
    is_auto_reply: bool = False
    is_list: bool = False
    is_bounce: bool = False
    bounces: list[BounceReport] = []
    is_feedback_report: bool = False
    error: str | None = None
