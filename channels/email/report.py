"""One mail as the JSON object that `sampark parse-email` prints.

Part of the e-mail channel, between `channels.email.parse` and the command line.
"""

from pathlib import PurePath

import msgspec

from channels.email.charsets import decode_bytes
from channels.email.parse import parse_mail
from channels.email.parsed import Address, ParsedMail
from core.html import read_clean, sanitise
from core.quoting import split_reply


def describe(raw: bytes, file: str | PurePath, as_: str | None = None) -> dict[str, object]:
    """Read a mail, or a bare body, into plain data.

    Args:
        raw: The bytes.
        file: Where they came from; only repeated in the answer.
        as_: None for a whole mail; `text` or `html` for a body without headers.

    Returns:
        The fields of the command's documentation, ready for JSON.
    """
    mail = parse_mail(raw) if as_ is None else _body(raw, as_)
    return {
        "file": str(file),
        "from": [_address(item) for item in mail.from_],
        "to": [_address(item) for item in mail.to],
        "cc": [_address(item) for item in mail.cc],
        "subject": mail.subject,
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to,
        "references": mail.references,
        "date": mail.date.isoformat() if mail.date else None,
        "text": mail.text,
        "html": mail.safe_html,
        "reply_text": mail.reply_text,
        "quoted_text": mail.quoted_text,
        "attachments": [
            {
                "name": item.name,
                "content_type": item.content_type,
                "size": item.size,
                "sha256": item.sha256,
                "disposition": item.disposition,
                "content_id": item.content_id,
            }
            for item in mail.attachments
        ],
        "is_auto_reply": mail.is_auto_reply,
        "is_bounce": mail.is_bounce,
        "bounces": [
            {"recipient": item.recipient, "status": item.status, "reason": item.reason, "hard": item.hard}
            for item in mail.bounces
        ],
        "is_feedback_report": mail.is_feedback_report,
        "error": mail.error,
    }


def failed(file: str | PurePath, error: str) -> dict[str, object]:
    """The same object for a file that could not be opened or took too long."""
    return {**describe(b"", file), "error": error}


def encode(answer: dict[str, object]) -> bytes:
    """One line of JSON, UTF-8, lone surrogates replaced."""
    try:
        return msgspec.json.encode(answer)
    except (UnicodeEncodeError, msgspec.MsgspecError):
        return msgspec.json.encode(_without_surrogates(answer))


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_surrogates(item) for key, item in value.items()}
    return value


def _address(item: Address) -> dict[str, str]:
    return {"name": item.name, "address": item.address}


def _body(raw: bytes, as_: str) -> ParsedMail:
    text = decode_bytes(raw).replace("\r\n", "\n").replace("\r", "\n")
    if as_ == "text":
        reply = split_reply(text)
        return ParsedMail(text=text, reply_text=reply.reply_text, quoted_text=reply.quoted_text)
    safe = sanitise(text)
    plain, quotes, signatures = read_clean(safe)
    reply = split_reply(plain, quote_starts=quotes, signature_starts=signatures)
    return ParsedMail(text=plain, html=text, safe_html=safe, reply_text=reply.reply_text, quoted_text=reply.quoted_text)
