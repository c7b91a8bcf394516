"""The request form: what was typed, and every complaint about it, in the visitor's language.

Pure: no database, no request. ``portal/requests.py`` reads the post into a :class:`Form`; a form without complaints
becomes the ledger's :class:`channels.web.form.WebRequest`. The rules of a topic's own fields are those of
``channels/web/fields``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import msgspec

from channels.web import fields as rules
from channels.web.fields import Answer, Fault, Field
from channels.web.form import WebFile, WebRequest
from channels.web.topics import Topic
from core.errors import Invalid
from core.i18n import Language
from customers.contacts import normalise_email
from portal.uploads import MOST_FILES, sniff, tidy_name

LONGEST: Final = {"name": 120, "email": 254, "subject": 200, "message": 20_000}
TRAP: Final = "website"
"""A field that people do not see; programs fill it in."""
OWN: Final = "own."
"""Before the keys of a topic's own fields in the form."""

_DOMAIN: Final = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
_LINES: Final = re.compile(r"\r\n?")


class Choice(msgspec.Struct, frozen=True):
    """A registered product that the customer may choose, in words."""

    key: str
    words: str


@dataclass(frozen=True)
class Upload:
    """A file as it was posted."""

    name: str
    content: bytes


@dataclass
class Form:
    """What a visitor typed, as she typed it.

    Attributes:
        article: id of the article that did not help, when she came from one.
        own: key of a topic's own field → answer.
        own_files: key of a topic's own field → its files.
        errors: field → complaint, in the order of the fields on the page.
    """

    name: str = ""
    email: str = ""
    topic: str = ""
    subject: str = ""
    message: str = ""
    trap: str = ""
    article: str = ""
    files: list[Upload] = field(default_factory=list)
    own: dict[str, str] = field(default_factory=dict)
    own_files: dict[str, list[Upload]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_post(cls, posted: Mapping[str, str], files: Mapping[str, list[Upload]]) -> "Form":
        """Read the posted fields; unknown ones are ignored."""
        texts = {
            name: _LINES.sub("\n", posted.get(name, "").replace("\x00", ""))
            for name in (*LONGEST, "topic", "article", TRAP)
        }
        name, email, subject = (" ".join(texts[each].split()) for each in ("name", "email", "subject"))
        own = {
            key.removeprefix(OWN): _LINES.sub("\n", value.replace("\x00", "")).strip()
            for key, value in posted.items()
            if key.startswith(OWN)
        }
        return cls(
            name=name,
            email=email,
            topic=texts["topic"],
            subject=subject,
            message=texts["message"].strip(),
            trap=texts[TRAP],
            article=texts["article"] if texts["article"].isdecimal() else "",
            files=files.get("files", []),
            own=own,
            own_files={key.removeprefix(OWN): given for key, given in files.items() if key.startswith(OWN)},
        )

    def asked(self, topic: Topic | None, choices: Sequence[Choice]) -> list[Field]:
        """The topic's own fields that are shown now; there is nothing to choose without registered products."""
        fields = topic.fields if topic else []
        return [each for each in rules.shown(fields, self.own) if each.kind != "product" or choices]

    def check(self, language: Language, most_bytes: int, topic: Topic | None, choices: Sequence[Choice] = ()) -> bool:
        """Fill :attr:`errors`; returns whether there are none.

        Args:
            language: for the complaints.
            most_bytes: that all files may have together.
            topic: that was chosen, when it is one that is offered.
            choices: the products that may be chosen.
        """
        _ = language.text
        missing = {
            "subject": _("Enter a subject: a few words are enough."),
            "message": _("Tell us what happened."),
            "name": _("Enter your name."),
            "email": _("Enter your e-mail address, so that we can answer."),
        }
        found = {name: words for name, words in missing.items() if not getattr(self, name)}
        if topic is None:
            found["topic"] = _("Choose what it is about.")
        if self.email and not self._email_is_one():
            found["email"] = _("This does not look like an e-mail address. It should look like name@example.com.")
        for name, longest in LONGEST.items():
            if len(getattr(self, name)) > longest:
                found[name] = _too_long(language, longest)
        asked = self.asked(topic, choices)
        found |= self._own_refused(asked, language, choices)
        if refused := files_refused(self.all_files(), language, most_bytes):
            found["files"] = refused
        if self.trap:
            found[TRAP] = _("Leave the field “Website” empty. It is there to catch programs.")
        order = ("subject", "topic", *(OWN + each.key for each in asked), "message", "files", "name", "email", TRAP)
        self.errors = {name: found[name] for name in order if name in found}
        return not self.errors

    def _email_is_one(self) -> bool:
        try:
            return _DOMAIN.fullmatch(normalise_email(self.email)) is not None
        except Invalid:
            return False

    def _own_refused(self, asked: Sequence[Field], language: Language, choices: Sequence[Choice]) -> dict[str, str]:
        """Complaints about the topic's own fields."""
        found: dict[str, str] = {}
        for each in asked:
            answer = self.own.get(each.key, "")
            if each.kind == "file":
                fault = Fault("missing") if each.is_required and not self.own_files.get(each.key) else None
            elif each.kind == "product" and answer:
                fault = None if any(choice.key == answer for choice in choices) else Fault("no_option")
            else:
                fault = rules.fault_of(each, answer)
            if fault is not None:
                found[OWN + each.key] = _complaint(fault, each, language)
        return found

    def all_files(self) -> list[Upload]:
        """Those of the topic's own fields first."""
        return [*(file for files in self.own_files.values() for file in files), *self.files]

    def request(
        self, language: Language, desk_language: Language, topic: Topic, choices: Sequence[Choice]
    ) -> WebRequest:
        """What goes into the ledger, but for who sent it from where; only of a form without complaints.

        Args:
            language: of the page.
            desk_language: that agents read.
            topic: that was chosen.
            choices: the products that could be chosen.
        """
        asked = self.asked(topic, choices)
        used = {each.key for each in asked if each.kind == "file"}
        self.own_files = {key: files for key, files in self.own_files.items() if key in used}
        kept = [(file, sniff(file.content) or "application/octet-stream") for file in self.all_files()]
        product = next((self.own.get(each.key) for each in asked if each.kind == "product"), None)
        return WebRequest(
            name=self.name,
            email=normalise_email(self.email),
            topic=self.topic,
            subject=self.subject,
            message=self.message,
            language=language.code,
            files=[WebFile(tidy_name(file.name, kind), kind, file.content) for file, kind in kept],
            answers=[
                Answer(
                    key=each.key,
                    label=rules.words(each.names, desk_language.code),
                    value=self._said(each, desk_language, choices),
                    asked=rules.words(each.names, language.code),
                    said=self._said(each, language, choices),
                )
                for each in asked
                if self.own.get(each.key) or self.own_files.get(each.key)
            ],
            registration_id=int(product) if product else None,
        )

    def _said(self, asked: Field, language: Language, choices: Sequence[Choice]) -> str:
        """An answer in words."""
        answer = self.own.get(asked.key, "")
        if asked.kind == "file":
            return ", ".join(file.name for file in self.own_files.get(asked.key, []))
        if asked.kind == "checkbox":
            return language.text("Yes")
        if asked.kind == "date":
            return language.date(date.fromisoformat(answer))
        if asked.kind == "choice":
            names = next(option.names for option in asked.options if option.key == answer)
            return rules.words(names, language.code)
        if asked.kind == "product":
            return next(choice.words for choice in choices if choice.key == answer)
        return answer


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


def _too_long(language: Language, longest: int) -> str:
    words = language.text("This is too long: %(most)s characters are possible.")
    return words % {"most": language.number(longest)}


def _complaint(fault: Fault, asked: Field, language: Language) -> str:
    """What is said about an answer to a topic's own field."""
    _ = language.text
    if fault.reason == "too_long":
        return _too_long(language, fault.most)
    if fault.reason == "missing":
        if asked.kind == "checkbox":
            return _("Tick this box to go on.")
        if asked.kind == "file":
            return _("Choose a file for “%(question)s”.") % {"question": rules.words(asked.names, language.code)}
        return _("Answer the question “%(question)s”.") % {"question": rules.words(asked.names, language.code)}
    words = {
        "no_number": _("This does not look like a number."),
        "no_date": _("This does not look like a date."),
        "no_option": _("Choose one of the answers."),
    }
    return words[fault.reason]
