"""Scenarios: who lives in the make-believe world, what they write and when, and how they react. Read from JSON.

    {"seed": 7,
     "customers": [{"address": "ravi@example.com", "name": "Ravi", "language": "hi", "style": "outlook",
                    "answers": 2, "answers_after": 5}],
     "letters": [{"at": 0, "who": "ravi@example.com", "to": "support@sampark.localhost", "files": ["photo"]}]}

Played by `simulator.customers` on the product's clock; times are minutes. The plays that every desk must survive
calmly are written in `simulator.plays`.
"""

from pathlib import Path
from typing import Literal

import msgspec

from core.errors import Invalid
from simulator.robots import ABSENT, BounceForm, HolidayForm

Kind = Literal["photo", "inline photo", "paper"]


class Robot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A badly made program that answers every mail and does not say that it is one.

    Attributes:
        subject: ``re``: that of the mail; ``same``: always one of its own; ``changing``: each time another.
        threads: names the mail that it answers (In-Reply-To, References).
        to_from: answers to From, although the mail asks for answers elsewhere (Reply-To).
        after: minutes until it answers.
        most: answers, then it falls silent.
    """

    subject: Literal["re", "same", "changing"] = "re"
    threads: bool = True
    to_from: bool = False
    after: float = 0
    most: int = 10_000


class Customer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who writes to the desk.

    Attributes:
        address: his mailbox.
        name: as in his From line.
        language: en, hi, mr, bn or kn; what he says when no text is given.
        style: his mail program (`simulator.letters.STYLES`).
        answers: how many of the desk's mails he answers.
        answers_after: minutes until he does.
        robot: who answers in his place.
        holiday: his mailbox says that he is away.
        holiday_form: whether the headers of that note tell what it is.
        holiday_language: of the note (`simulator.robots.ABSENT`).
        bounces: mails to him come back.
        bounce_form: how his server puts it.
    """

    address: str
    name: str = ""
    language: Literal["en", "hi", "mr", "bn", "kn"] = "en"
    style: Literal["gmail", "outlook", "apple", "thunderbird", "plain"] = "gmail"
    answers: int = 0
    answers_after: float = 5
    robot: Robot | None = None
    holiday: bool = False
    holiday_form: HolidayForm = "headers"
    holiday_language: str = "en"
    bounces: bool = False
    bounce_form: BounceForm = "report"

    def __post_init__(self) -> None:
        """A note of absence needs words."""
        if self.holiday_language not in ABSENT:
            raise ValueError(f"nobody knows how to be away in {self.holiday_language}")


class Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mail that somebody writes of his own accord.

    Attributes:
        at: minutes after the start.
        who: address of a customer.
        to: a mailbox of the desk.
        subject: empty: one in his language.
        text: empty: one in his language.
        copies: how often the same mail is sent (a nervous click sends it twice).
        files: what goes with it.
        times: so many letters of the kind, each a mail of its own with a number in its subject.
        every: minutes between them.
        message_id: its Message-ID, without angle brackets; empty: one of its own.
        answers: Message-ID of the mail that it answers, whosever that was.
        list_id: it comes from this mailing list, and says so in its headers.
    """

    who: str
    to: str
    at: float = 0
    subject: str = ""
    text: str = ""
    copies: int = 1
    files: tuple[Kind, ...] = ()
    times: int = 1
    every: float = 0
    message_id: str = ""
    answers: str = ""
    list_id: str = ""


class Outage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mailbox of the desk that lets nobody in for a while.

    Attributes:
        mailbox: one of ``Scenario.hosted``.
        at: minutes after the start.
        minutes: how long.
    """

    mailbox: str
    at: float
    minutes: float


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole play. The same seed plays the same.

    Attributes:
        hosted: mailboxes of the desk that lie on the world's IMAP server; mails to them are put there for the desk to
            fetch, not handed to its listener.
    """

    seed: int = 1
    customers: tuple[Customer, ...] = ()
    letters: tuple[Letter, ...] = ()
    hosted: tuple[str, ...] = ()
    outages: tuple[Outage, ...] = ()

    def __post_init__(self) -> None:
        """Every letter needs a writer, and every outage a mailbox."""
        known = {customer.address for customer in self.customers}
        for letter in self.letters:
            if letter.who not in known:
                raise ValueError(f"nobody is called {letter.who}")
        for outage in self.outages:
            if outage.mailbox not in self.hosted:
                raise ValueError(f"no mailbox is called {outage.mailbox}")


def read_scenario(source: bytes | Path) -> Scenario:
    """A scenario from JSON.

    Raises:
        Invalid: it is not one; the sentence says where.
    """
    try:
        return msgspec.json.decode(source.read_bytes() if isinstance(source, Path) else source, type=Scenario)
    except (msgspec.DecodeError, OSError) as problem:
        raise Invalid(f"The scenario cannot be used: {problem}") from None
