"""Which parts of a mail are its body, and which are files.

Part of the e-mail channel, between `channels.email.mime` (the tree of parts) and `channels.email.parse`.
Everything a
person would read in a mail program goes to text and HTML, in order; everything else becomes a file with a
name.
"""

import hashlib
import mimetypes
import re

import msgspec

from channels.email.charsets import decode_bytes
from channels.email.headers import one_line, read_fields, split_message, unfold
from channels.email.mime import MAX_DEPTH, Part, decode_uu, read_parts
from channels.email.parsed import ParsedAttachment
from channels.email.protection import is_smime, signed_content
from channels.email.tnef import read_tnef
from core.html import html_to_text, text_to_html

MAX_FILES = 500
"""Files of one mail that are kept one by one; the rest are kept together as one file."""

_BODY_TYPES = frozenset(("text/plain", "text/html", "text/enriched", "text/richtext", "text/x-amp-html"))
_NAMES = {
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "version.txt",
    "application/pgp-keys": "key.asc",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/ms-tnef": "winmail.dat",
    "application/vnd.ms-tnef": "winmail.dat",
    "text/calendar": "invite.ics",
    "text/directory": "contact.vcf",
    "text/vcard": "contact.vcf",
    "text/x-vcard": "contact.vcf",
    "message/delivery-status": "delivery-status.txt",
    "message/feedback-report": "feedback-report.txt",
    "message/disposition-notification": "disposition-notification.txt",
    "message/rfc822": "message.eml",
    "message/global": "message.eml",
    "message/news": "message.eml",
    "message/partial": "message-part.txt",
    "text/rfc822-headers": "headers.txt",
    "message/rfc822-headers": "headers.txt",
}
_RICH_TYPES = frozenset(("text/enriched", "text/richtext"))
_TNEF_TYPES = frozenset(("application/ms-tnef", "application/vnd.ms-tnef"))
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]+")
_UU_BEGIN = re.compile(r"^begin [0-7]{3,4} (\S[^\r\n]{0,200})\r?$", re.MULTILINE)
_ENRICHED = re.compile(r"<[^<>]{0,60}>")


class Bodies(msgspec.Struct):
    """What a mail is made of.

    Attributes:
        text: Plain text as the mail has it; empty when it has none.
        html: HTML as the mail has it; empty when it has none.
        files: Everything else.
        parts: All leaves of the tree in order, for those that read reports.
    """

    text: str = ""
    html: str = ""
    files: list[ParsedAttachment] = []
    parts: list[Part] = []


class _Section(msgspec.Struct):
    """One stretch of body: plain text, HTML, or both saying the same."""

    text: str = ""
    html: str = ""


class _Collector:
    """Walks the tree and sorts its leaves."""

    def __init__(self, charset: str) -> None:
        self.charset = charset
        self.sections: list[_Section] = []
        self.files: list[ParsedAttachment] = []
        self.overflow: list[bytes] = []
        self.parts: list[Part] = []

    def walk(self, part: Part, section: _Section | None, depth: int) -> None:
        """Sort a part and what is below it; `section` is open inside multipart/alternative."""
        if not part.children:
            self.parts.append(part)
            if depth < MAX_DEPTH and is_smime(part) and (inner := signed_content(part.content)):
                self.walk(read_parts(inner), section, depth + 1)
            if part.content or not part.content_type.startswith("multipart/"):
                self.leaf(part, section)
            return
        if part.content_type == "multipart/alternative" and section is None:
            section = _Section()
            self.sections.append(section)
        for child in part.children:
            if depth < MAX_DEPTH:
                self.walk(child, section, depth + 1)

    def leaf(self, part: Part, section: _Section | None) -> None:
        if not self.is_body(part, section):
            self.file(part)
            return
        text = decode_bytes(part.content, part.params.get("charset", ""), default=self.charset)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if part.content_type == "text/html":
            self.add(section, "", text)
            return
        if part.content_type in _RICH_TYPES:
            text = _ENRICHED.sub("", text.replace("<<", "&lt;")).replace("&lt;", "<")
        if part.params.get("format", "").lower() == "flowed":
            text = unflow(text, delete_space=part.params.get("delsp", "").lower() == "yes")
        self.add(section, self.without_uu(text), "")

    def add(self, section: _Section | None, text: str, markup: str) -> None:
        if section is None:
            self.sections.append(_Section(text=text, html=markup))
        elif text:
            section.text = f"{section.text}\n{text}" if section.text else text
        else:
            section.html += markup

    def is_body(self, part: Part, section: _Section | None) -> bool:
        """Whether a leaf is read as text (RFC 2183 says how, what programs send decides)."""
        if part.content_type not in _BODY_TYPES or part.content_type == "text/x-amp-html":
            return False
        if part.disposition == "attachment" or (part.content_type in _RICH_TYPES and self.has_text(section)):
            return False
        if not part.name:
            return True
        return section is not None or (not part.disposition and not self.sections)

    def has_text(self, section: _Section | None) -> bool:
        """Whether a form of text that programs no longer show is not needed: there is another one already."""
        sections = self.sections if section is None else [section]
        return any(item.text.strip() or item.html.strip() for item in sections)

    def without_uu(self, text: str) -> str:
        """Take uuencoded files out of a text."""
        if _UU_BEGIN.search(text) is None:
            return text
        lines = text.split("\n")
        kept: list[str] = []
        at = 0
        while at < len(lines):
            found = _UU_BEGIN.match(lines[at]) if len(self.files) < MAX_FILES else None
            rest = (lines[n].encode("latin-1", "replace") for n in range(at + 1, len(lines)))
            content, taken = decode_uu(rest) if found else (b"", 0)
            if found and content:
                self.keep(found[1].strip(), "", "attachment", "", content)
                at += taken + 1
            else:
                kept.append(lines[at])
                at += 1
        return "\n".join(kept)

    def file(self, part: Part) -> None:
        if part.content_type in _TNEF_TYPES or part.name.lower() == "winmail.dat":
            unpacked = read_tnef(part.content)
            if unpacked is not None and (unpacked.files or unpacked.html or unpacked.text):
                if (unpacked.text or unpacked.html) and not self.has_text(None):
                    text = unpacked.text.replace("\r\n", "\n").replace("\r", "\n")
                    self.sections.append(_Section(text=text, html=unpacked.html))
                for item in unpacked.files:
                    self.keep(item.name, item.content_type, "attachment", item.content_id, item.content)
                if unpacked.files:
                    return
        self.keep(part.name, part.content_type, part.disposition, part.content_id, part.content)

    def keep(self, name: str, content_type: str, disposition: str, content_id: str, content: bytes) -> None:
        if len(self.files) >= MAX_FILES:
            self.overflow.append(content)
            return
        content_type = content_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.files.append(
            ParsedAttachment(
                name=clean_name(name) or _made_up_name(content_type, content, len(self.files) + 1),
                content_type=content_type,
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                disposition=disposition if disposition in ("inline", "") else "attachment",
                content_id=content_id,
                content=content,
            )
        )


def read_bodies(root: Part, charset: str = "") -> Bodies:
    """Sort the parts of a mail into body and files.

    Args:
        root: The tree, see `channels.email.mime.read_parts`.
        charset: What to try for texts whose own label is missing and whose bytes are not UTF-8.

    Returns:
        Text, HTML, files and leaves. A mail with only one of text and HTML has only that.
    """
    collector = _Collector(charset)
    collector.walk(root, None, 0)
    if collector.overflow:
        rest, collector.overflow = b"\r\n".join(collector.overflow), []
        collector.files.pop()
        collector.keep("further-attachments.bin", "application/octet-stream", "attachment", "", rest)
    sections = [item for item in collector.sections if item.text.strip() or item.html.strip()]
    has_html = any(item.html.strip() for item in sections)
    has_text = any(item.text.strip() for item in sections)
    text = markup = ""
    if has_text:
        pieces = (item.text if item.text.strip() else html_to_text(item.html) for item in sections)
        text = "\n".join(piece.rstrip("\n") if len(sections) > 1 else piece for piece in pieces)
    if has_html:
        markup = "\n".join(item.html if item.html.strip() else text_to_html(item.text) for item in sections)
    return Bodies(text=text, html=markup, files=collector.files, parts=collector.parts)


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Join the lines that `format=flowed` broke (RFC 3676, section 4).

    Args:
        text: The text with LF line ends.
        delete_space: The parameter DelSp: whether the space at the break goes too.
    """
    joined: list[str] = []
    open_depth = -1
    for raw_line in text.split("\n"):
        line = raw_line
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        piece = content[:-1] if flows and delete_space else content
        if open_depth == depth and content != "-- ":
            joined.append(piece)
        else:
            mark = ">" * depth + " " if depth else ""
            joined.append(("\n" if joined else "") + mark + piece)
        open_depth = depth if flows else -1
    return "".join(joined)


def clean_name(name: str) -> str:
    """A file name without folders, control characters and text-direction tricks; at most 200 characters."""
    name = _UNSAFE_NAME.sub("", name).replace("\\", "/").rstrip("/ ").rpartition("/")[2].strip()
    if len(name) <= 200:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem[: 199 - len(ending)]}.{ending}" if dot and len(ending) < 20 else name[:200]


def _made_up_name(content_type: str, content: bytes, number: int) -> str:
    if content_type == "message/rfc822" and (subject := _subject(content)):
        return clean_name(re.sub(r'[\\/:*?"<>|]+', " ", subject)[:80].strip()) + ".eml"
    if content_type in _NAMES:
        return _NAMES[content_type]
    return f"attachment-{number}{mimetypes.guess_extension(content_type) or '.bin'}"


def _subject(content: bytes) -> str:
    for name, value in read_fields(split_message(content[:20_000])[0]):
        if name.lower() == "subject":
            return one_line(unfold(value))
    return ""
