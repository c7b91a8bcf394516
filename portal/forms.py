"""The request form: what was typed, and every complaint about it, in the visitor's language.

Pure: no database, no request. ``portal/requests.py`` reads the post into a :class:`Form`; a form without complaints
becomes the ledger's :class:`channels.web.form.WebRequest`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from channels.web.form import WebFile, WebRequest
from core.errors import Invalid
from core.i18n import Language
from customers.contacts import normalise_email
from portal.uploads import MOST_FILES, sniff, tidy_name

LONGEST: Final = {"name": 120, "email": 254, "subject": 200, "message": 20_000}
TRAP: Final = "website"
"""A field that people do not see; programs fill it in."""

_ON_THE_PAGE: Final = ("topic", "subject", "message", "files", "name", "email", TRAP)
_DOMAIN: Final = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
_LINES: Final = re.compile(r"\r\n?")


def topics(language: Language) -> dict[str, str]:
    """Key of a topic → its words. The account of the form maps keys to teams."""
    _ = language.text
    return {
        "repair": _("A fault or a repair"),
        "order": _("An order or a delivery"),
        "payment": _("A payment, refund or invoice"),
        "warranty": _("Warranty or registration"),
        "other": _("Something else"),
    }


@dataclass(frozen=True)
class Upload:
    """A file as it was posted."""

    name: str
    content: bytes


@dataclass
class Form:
    """What a visitor typed, as she typed it.

    Attributes:
        errors: field → complaint, in the order of the fields on the page.
    """

    name: str = ""
    email: str = ""
    topic: str = ""
    subject: str = ""
    message: str = ""
    trap: str = ""
    files: list[Upload] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_post(cls, posted: Mapping[str, str], files: list[Upload]) -> "Form":
        """Read the posted fields; unknown ones are ignored."""
        texts = {name: _LINES.sub("\n", posted.get(name, "").replace("\x00", "")) for name in (*LONGEST, "topic", TRAP)}
        name, email, subject = (" ".join(texts[each].split()) for each in ("name", "email", "subject"))
        return cls(name, email, texts["topic"], subject, texts["message"].strip(), texts[TRAP], files)

    def check(self, language: Language, most_bytes: int) -> bool:
        """Fill :attr:`errors`; returns whether there are none.

        Args:
            language: for the complaints.
            most_bytes: that all files may have together.
        """
        _ = language.text
        missing = {
            "topic": _("Choose what it is about."),
            "subject": _("Enter a subject: a few words are enough."),
            "message": _("Tell us what happened."),
            "name": _("Enter your name."),
            "email": _("Enter your e-mail address, so that we can answer."),
        }
        found = {name: words for name, words in missing.items() if not getattr(self, name)}
        if self.topic and self.topic not in topics(language):
            found["topic"] = missing["topic"]
        if self.email and not self._email_is_one():
            found["email"] = _("This does not look like an e-mail address. It should look like name@example.com.")
        for name, longest in LONGEST.items():
            if len(getattr(self, name)) > longest:
                words = _("This is too long: %(most)s characters are possible.")
                found[name] = words % {"most": language.number(longest)}
        if refused := files_refused(self.files, language, most_bytes):
            found["files"] = refused
        if self.trap:
            found[TRAP] = _("Leave the field “Website” empty. It is there to catch programs.")
        self.errors = {name: found[name] for name in _ON_THE_PAGE if name in found}
        return not self.errors

    def _email_is_one(self) -> bool:
        try:
            return _DOMAIN.fullmatch(normalise_email(self.email)) is not None
        except Invalid:
            return False

    def request(self, language: str) -> WebRequest:
        """What goes into the ledger; only of a form without complaints."""
        kept = [(file, sniff(file.content) or "application/octet-stream") for file in self.files]
        return WebRequest(
            name=self.name,
            email=normalise_email(self.email),
            topic=self.topic,
            subject=self.subject,
            message=self.message,
            language=language,
            files=[WebFile(tidy_name(file.name, kind), kind, file.content) for file, kind in kept],
        )


def files_refused(files: list[Upload], language: Language, most_bytes: int) -> str | None:
    """What is wrong with some files, if anything."""
    _ = language.text
    if len(files) > MOST_FILES:
        return language.plural("Send at most %(num)s file.", "Send at most %(num)s files.", MOST_FILES)
    if sum(len(file.content) for file in files) > most_bytes:
        words = _("These files are too large. Together they may have %(size)s.")
        return words % {"size": language.size(most_bytes)}
    unknown = next((file.name for file in files if sniff(file.content) is None), None)
    if unknown is None:
        return None
    words = _("“%(name)s” cannot be sent. Photos, videos, PDF, text and office documents can.")
    return words % {"name": unknown[:80]}
