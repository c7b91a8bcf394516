"""Scenarios: who lives in the make-believe world, what they write and when, and how they react. Read from JSON.

    {"seed": 7,
     "customers": [{"address": "ravi@example.com", "name": "Ravi", "language": "hi", "style": "outlook",
                    "answers": 2, "answers_after": 5}],
     "letters": [{"at": 0, "who": "ravi@example.com", "to": "support@sampark.localhost", "files": ["photo"]}]}

Played by `simulator.customers` on the product's clock; times are minutes.
"""

from pathlib import Path
from typing import Literal

import msgspec

from core.errors import Invalid

Kind = Literal["photo", "inline photo", "paper"]


class Customer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who writes to the desk.

    Attributes:
        address: his mailbox.
        name: as in his From line.
        language: en, hi, mr, bn or kn; what he says when no text is given.
        style: his mail program (`simulator.letters.STYLES`).
        answers: how many of the desk's mails he answers.
        answers_after: minutes until he does.
        loops: his mailbox is a badly made robot that answers everything at once and does not say so.
        holiday: his mailbox says that he is away.
        bounces: his mailbox does not exist any more.
    """

    address: str
    name: str = ""
    language: Literal["en", "hi", "mr", "bn", "kn"] = "en"
    style: Literal["gmail", "outlook", "apple", "thunderbird", "plain"] = "gmail"
    answers: int = 0
    answers_after: float = 5
    loops: bool = False
    holiday: bool = False
    bounces: bool = False


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
    """

    who: str
    to: str
    at: float = 0
    subject: str = ""
    text: str = ""
    copies: int = 1
    files: tuple[Kind, ...] = ()


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole play. The same seed plays the same."""

    seed: int = 1
    customers: tuple[Customer, ...] = ()
    letters: tuple[Letter, ...] = ()

    def __post_init__(self) -> None:
        """Every letter needs a writer."""
        known = {customer.address for customer in self.customers}
        for letter in self.letters:
            if letter.who not in known:
                raise ValueError(f"nobody is called {letter.who}")


def read_scenario(source: bytes | Path) -> Scenario:
    """A scenario from JSON.

    Raises:
        Invalid: it is not one; the sentence says where.
    """
    try:
        return msgspec.json.decode(source.read_bytes() if isinstance(source, Path) else source, type=Scenario)
    except (msgspec.DecodeError, OSError) as problem:
        raise Invalid(f"The scenario cannot be used: {problem}") from None
