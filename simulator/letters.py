"""Mails that the make-believe customers write: new ones, and answers in the manner of several mail programs.

Built with the standard library's e-mail package, not with the desk's composer, so that a fault there is not hidden by
the same fault here. Pure but for the clock.
"""

import email
import email.policy
import hashlib
import html as markup
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, getaddresses, parseaddr, parsedate_to_datetime
from typing import Final, NamedTuple

from core import clock
from core.html import html_to_text

_serial = itertools.count(1)


class Person(NamedTuple):
    """Somebody with a mailbox."""

    name: str
    address: str


class File(NamedTuple):
    """A file that a customer sends; shown inside the text when ``inline``."""

    name: str
    content_type: str
    content: bytes
    inline: bool = False


@dataclass(frozen=True)
class Original:
    """The mail that is answered, as far as it can be read."""

    sender: Person
    answer_to: str
    to: str
    subject: str
    date: str
    message_id: str
    references: str
    text: str
    html: str


def letter(
    sender: Person,
    to: str,
    subject: str,
    text: str,
    files: Sequence[File] = (),
    salt: str = "",
    heads: Mapping[str, str] | None = None,
) -> EmailMessage:
    """A new mail.

    Args:
        sender: who writes.
        to: whom.
        subject: any text.
        text: the body; written as HTML as well when an image stands in it.
        files: what goes with it.
        salt: makes the Message-ID repeatable; a running number otherwise.
        heads: further headers, or others in place of the usual ones.
    """
    message = headed(sender, to, subject, salt or str(next(_serial)))
    for name, value in (heads or {}).items():
        del message[name]
        message[name] = value
    _fill(message, text, "", files)
    return message


def answer(
    sender: Person, original: Original, text: str, style: str, files: Sequence[File] = (), salt: str = ""
) -> EmailMessage:
    """An answer to a mail, quoting it in the manner of a mail program (one of :data:`STYLES`)."""
    subject = original.subject if original.subject[:3].lower() == "re:" else f"Re: {original.subject}"
    message = headed(sender, original.answer_to, subject, salt or str(next(_serial)))
    if original.message_id:
        message["In-Reply-To"] = original.message_id
        message["References"] = f"{original.references} {original.message_id}".strip()
    plain, html = STYLES.get(style, _plain)(original, text)
    _fill(message, plain, html, files)
    return message


def read_original(raw: bytes) -> Original:
    """What an answer needs to know of a mail. Whatever cannot be read is empty."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    sender = Person(*parseaddr(_header(message, "From")))
    plain, html = _part(message, "plain"), _part(message, "html")
    return Original(
        sender=sender,
        answer_to=answer_address(raw) or sender.address,
        to=_header(message, "To"),
        subject=_header(message, "Subject"),
        date=_header(message, "Date"),
        message_id=_header(message, "Message-ID"),
        references=_header(message, "References"),
        text=plain or html_to_text(html),
        html=html,
    )


def answer_address(raw: bytes) -> str:
    """Where a mail wants its answers: Reply-To, else From."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    listed = getaddresses([_header(message, "Reply-To") or _header(message, "From")])
    return next((address for _, address in listed if "@" in address), "")


def sender_address(raw: bytes) -> str:
    """The address in From; empty when there is none."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return parseaddr(_header(message, "From"))[1]


def read_name_of(raw: bytes, address: str) -> str:
    """How a mail calls one of its recipients; empty when it does not."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    people = getaddresses([_header(message, "To"), _header(message, "Cc")])
    return next((name for name, each in people if each.lower() == address.lower()), "")


def is_automatic(raw: bytes) -> bool:
    """Whether a robot wrote it, so that robots do not answer (RFC 3834, section 2)."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return (_header(message, "Auto-Submitted").lower() or "no") != "no"


def as_bytes(message: EmailMessage) -> bytes:
    """A mail as it goes over the wire; the same mail gives the same bytes."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            stamp = f"{message['Message-ID']} {number}"
            part.set_boundary("=_" + hashlib.sha256(stamp.encode()).hexdigest()[:24])
    return message.as_bytes(policy=email.policy.SMTP)


def headed(sender: Person, to: str, subject: str, salt: str) -> EmailMessage:
    """A mail with its headers and no body; ``salt`` keeps two of the same minute apart."""
    message = EmailMessage(policy=email.policy.SMTP)
    now = clock.now()
    stamp = f"{sender.address} {to} {subject} {now.isoformat()} {salt}"
    message["From"] = formataddr((_flat(sender.name), sender.address))
    message["To"] = _flat(to)
    message["Subject"] = _flat(subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{hashlib.sha256(stamp.encode()).hexdigest()[:32]}@{domain_of(sender.address)}>"
    return message


def _fill(message: EmailMessage, text: str, html: str, files: Sequence[File]) -> None:
    message.set_content(text if text.endswith("\n") else f"{text}\n")
    images = [file for file in files if file.inline]
    if html or images:
        body = html or f"<div>{markup.escape(text).replace(chr(10), '<br>')}</div>"
        tags = "".join(f'<p><img src="cid:{_cid(file)}" alt="{markup.escape(file.name)}"></p>' for file in images)
        message.add_alternative(body + tags, subtype="html")
        page = next(part for part in message.iter_parts() if part.get_content_type() == "text/html")
        for file in images:
            main, _, sub = file.content_type.partition("/")
            page.add_related(file.content, main, sub, cid=f"<{_cid(file)}>", filename=file.name, disposition="inline")
    for file in files:
        if not file.inline:
            main, _, sub = file.content_type.partition("/")
            message.add_attachment(file.content, maintype=main, subtype=sub or "octet-stream", filename=file.name)


def _cid(file: File) -> str:
    return hashlib.sha256(file.content).hexdigest()[:16] + "@image"


def _gmail(original: Original, text: str) -> tuple[str, str]:
    line = f"On {_when(original.date)}, {_who(original)} wrote:"
    head = f'<div dir="ltr" class="gmail_attr">{markup.escape(line)}<br></div>'
    look = "margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex"
    block = f'<blockquote class="gmail_quote" style="{look}">{_inner(original)}</blockquote>'
    page = f'<div dir="ltr">{_said(text)}</div><br><div class="gmail_quote">{head}{block}</div>'
    return f"{text}\n\n{line}\n\n{_marked(original)}", page


def _outlook(original: Original, text: str) -> tuple[str, str]:
    block = {
        "From": _who(original),
        "Sent": _when(original.date),
        "To": original.to,
        "Subject": original.subject,
    }
    head = "<br>".join(f"<b>{label}:</b> {markup.escape(value)}" for label, value in block.items())
    look = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"
    rule = f'<div style="{look}"><p class="MsoNormal">{head}</p></div>'
    lines = [f"{label}: {value}" for label, value in block.items()]
    page = f'<p class="MsoNormal">{_said(text)}</p>{rule}{_inner(original)}'
    return "\n".join([text, "", *lines, "", original.text]), page


def _apple(original: Original, text: str) -> tuple[str, str]:
    line = f"On {_when(original.date)}, {_who(original)} wrote:"
    block = f'<blockquote type="cite"><div>{markup.escape(line)}</div><br>{_inner(original)}</blockquote>'
    return f"{text}\n\n> {line}\n> \n{_marked(original)}", f"<div>{_said(text)}</div><br><div>{block}</div>"


def _thunderbird(original: Original, text: str) -> tuple[str, str]:
    line = f"On {_when(original.date)}, {original.sender.name or original.sender.address} wrote:"
    head = f'<div class="moz-cite-prefix">{markup.escape(line)}<br></div>'
    page = f'<p>{_said(text)}</p>{head}<blockquote type="cite">{_inner(original)}</blockquote>'
    return f"{text}\n\n{line}\n{_marked(original)}", page


def _plain(original: Original, text: str) -> tuple[str, str]:
    return f"{text}\n\nOn {_when(original.date)}, {_who(original)} wrote:\n{_marked(original)}", ""


Quote = Callable[[Original, str], tuple[str, str]]
STYLES: Final[Mapping[str, Quote]] = {
    "gmail": _gmail,
    "outlook": _outlook,
    "apple": _apple,
    "thunderbird": _thunderbird,
    "plain": _plain,
}
"""Mail programs whose way of quoting is known: each gives the plain and the HTML body of an answer."""


def _who(original: Original) -> str:
    return f"{original.sender.name} <{original.sender.address}>".strip()


def _said(text: str) -> str:
    return markup.escape(text).replace("\n", "<br>")


def _marked(original: Original) -> str:
    return "".join(f"> {line}\n" if line else ">\n" for line in original.text.splitlines())


def _inner(original: Original) -> str:
    return original.html or f"<pre>{markup.escape(original.text)}</pre>"


def _when(date: str) -> str:
    try:
        return parsedate_to_datetime(date).strftime("%a, %d %b %Y at %H:%M")
    except (ValueError, TypeError):
        return date


def _header(message: EmailMessage, name: str) -> str:
    """A header's text; empty when the standard library cannot read it."""
    try:
        return _flat(str(message.get(name, "")))
    except Exception:  # noqa: BLE001 - its parsers raise whatever they like on broken headers
        return ""


def _part(message: EmailMessage, kind: str) -> str:
    try:
        part = message.get_body((kind,))
        return "" if part is None else str(part.get_content()).replace("\r\n", "\n").rstrip("\n")
    except Exception:  # noqa: BLE001 - the same for broken bodies
        return ""


def _flat(text: str) -> str:
    return " ".join(text.split())


def domain_of(address: str) -> str:
    """What stands behind the at sign, as far as it can stand in a Message-ID."""
    return address.rpartition("@")[2].encode("ascii", "ignore").decode() or "localhost"
