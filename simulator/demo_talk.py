"""What the people of the demo company say: stories with slots, in five languages, made into mails.

The texts are data (``simulator/talk/<language>.toml``); here a story is chosen, its slots are filled with a product, a
serial number, dates and amounts, and greeting and signature are put around it. Used by ``simulator/demo_threads``.
"""

import functools
import html
import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import format_date

from simulator.demo_people import DemoCustomer

LANGUAGES: Final = ("en", "hi", "mr", "bn", "kn")
OFFICE: Final = ZoneInfo("Asia/Kolkata")
_TALK: Final = Path(__file__).parent / "talk"
MODELS: Final = {
    "fridge": ("TF-260 Frost", "TF-340 Twin", "TF-510 Grand"),
    "washer": ("TW-65 Top", "TW-80 Front", "TW-90 Steam"),
    "ac": ("TA-12 Split", "TA-18 Inverter", "TA-24 Hall"),
    "purifier": ("TP-7 Clear", "TP-9 Mineral"),
    "oven": ("TM-20 Solo", "TM-28 Grill"),
    "geyser": ("TG-15 Store", "TG-25 Store"),
    "chimney": ("TC-60 Curve", "TC-90 Flat"),
}
_WINDOWS: Final = ("9-11", "10-13", "11-14", "14-17", "15-18", "16-19")
_CODES: Final = ("E04", "E11", "E17", "F2", "F09", "H6", "U12", "E32", "P5")
_TECHNICIANS: Final = {
    "en": ("Suresh", "Iqbal", "Joby", "Mahendra", "Santosh", "Rafiq", "Anbu"),
    "hi": ("सुरेश", "इक़बाल", "महेंद्र", "संतोष", "रामप्रसाद"),
    "mr": ("सुरेश", "दत्ता", "महेंद्र", "संतोष", "बाळू"),
    "bn": ("সুরেশ", "রফিক", "মহেন্দ্র", "তপন", "গোপাল"),
    "kn": ("ಸುರೇಶ್", "ಮಂಜು", "ಮಹೇಂದ್ರ", "ರಫೀಕ್", "ಬಸವರಾಜ್"),
}
_FALLBACK_DATE: Final = "d MMMM"
_DAYS: Final = ("date", "visit", "later")
"""The slots that follow the calendar."""


@dataclass(frozen=True)
class Story:
    """One kind of matter: what is said at each step, and what it is about.

    Attributes:
        team: key of ``demo_people.TEAMS``.
        lines: step (``subject open ask give plan done``) → its variants.
    """

    name: str
    team: str
    tags: tuple[str, ...]
    products: tuple[str, ...]
    priority: str
    lines: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Book:
    """All that is said in one language."""

    language: str
    phrases: Mapping[str, tuple[str, ...]]
    products: Mapping[str, tuple[str, ...]]
    cities: tuple[str, ...]
    notes: Mapping[str, tuple[str, ...]]
    stories: tuple[Story, ...]


def _story(language: str, number: int, entry: Mapping[str, Any]) -> Story:
    steps = ("subject", "open", "ask", "give", "plan", "done")
    return Story(
        name=f"{language}{number}",
        team=entry["team"],
        tags=tuple(entry["tags"]),
        products=tuple(entry["products"]),
        priority=entry.get("priority", "normal"),
        lines={step: tuple(entry[step]) for step in steps},
    )


@functools.cache
def book(language: str) -> Book:
    """What is said in a language; read once."""
    data = tomllib.loads((_TALK / f"{language}.toml").read_text(encoding="utf-8"))
    phrases = (
        "greeting",
        "closing",
        "extra",
        "agent_greeting",
        "agent_closing",
        "chase",
        "thanks",
        "thanks_repair",
    )
    return Book(
        language=language,
        phrases={name: tuple(data[name]) for name in phrases},
        products={kind: tuple(names) for kind, names in data["products"].items()},
        cities=tuple(data["cities"]),
        notes={team: tuple(lines) for team, lines in data.get("notes", {}).items()},
        stories=tuple(_story(language, number, entry) for number, entry in enumerate(data["story"])),
    )


def cities() -> dict[str, list[str]]:
    """Per language, the cities in its own spelling."""
    return {language: list(book(language).cities) for language in LANGUAGES}


@functools.cache
def _day(language: str, day: date) -> str:
    return format_date(day, _FALLBACK_DATE, locale=language)


def rupees(amount: int) -> str:
    """An amount with Indian grouping: ₹1,24,500."""
    text = str(amount)
    head, tail = text[:-3], text[-3:]
    while len(head) > 2:  # groups of two above the thousands
        head, tail = head[:-2], f"{head[-2:]},{tail}"
    return f"₹{head},{tail}" if head else f"₹{tail}"


class Speaker:
    """Fills the slots of one ticket's story, the same serial number and dates from first to last.

    Args:
        rng: the seeded generator.
        story: what it is about.
        language: in which language.
        customer: who writes.
        started: when the ticket was opened.
        ended: when the matter was settled, if it was; then the visit that was promised has taken place.
    """

    def __init__(
        self,
        rng: random.Random,
        story: Story,
        language: str,
        customer: DemoCustomer,
        started: datetime,
        ended: datetime | None,
    ) -> None:
        self._rng = rng
        self._book = book(language)
        self._story = story
        self._used: set[str] = set()
        kind = rng.choice(story.products)
        today = started.astimezone(OFFICE).date()
        before, ahead = rng.randint(1, 9), rng.randint(2, 6)
        settled = ended.astimezone(OFFICE).date() if ended else today + timedelta(days=ahead)
        self._slots: dict[str, str] = {
            "product": rng.choice(self._book.products[kind]),
            "model": rng.choice(MODELS[kind]),
            "serial": f"{rng.choice('ABCDEFGHJKLMNP')}{rng.choice('ACDEFHKMNRT')}{rng.randrange(10**8):08}",
            "city": customer.city if language == customer.language else rng.choice(self._book.cities),
            "order": f"TO-{rng.randrange(210000, 489999)}",
            "invoice": f"TI/{today.year % 100}/{rng.randrange(10000, 79999)}",
            "amount": rupees(rng.choice((299, 450, 599, 850, 1250, 1499, 1999, 2400, 3499, 6990, 12490, 27990, 41990))),
            "date": _day(language, today - timedelta(days=before)),
            "visit": _day(language, settled),
            "later": _day(language, settled + timedelta(days=ahead)),
            "days": str(max(2, before)),
            "window": rng.choice(_WINDOWS),
            "code": rng.choice(_CODES),
            "tech": rng.choice(_TECHNICIANS[language]),
            "name": customer.name,
            "first": customer.first,
            "phone": customer.phone,
        }

    @property
    def invoice(self) -> str:
        """The invoice number of this story."""
        return self._slots["invoice"]

    @property
    def serial(self) -> str:
        """The serial number of this story."""
        return self._slots["serial"]

    def subject(self) -> tuple[str, str]:
        """The subject of the first message; and the same without days, which tells alike ones whatever the day."""
        line = self._rng.choice(self._story.lines["subject"])
        text = line.format_map(self._slots)
        return text[:1].upper() + text[1:], line.format_map(self._slots | dict.fromkeys(_DAYS, ""))

    def customer(self, step: str) -> str:
        """What the customer writes at a step (``open give chase thanks``)."""
        greeting = self._pick("greeting")
        body = self._line(step)
        if step == "open" and self._rng.random() < 0.55:
            body = f"{body} {self._pick('extra')}" if self._rng.random() < 0.5 else f"{body}\n\n{self._pick('extra')}"
        if step in {"thanks", "chase"} and self._rng.random() < 0.5:
            greeting = ""
        if not greeting:
            body = body[:1].upper() + body[1:]
        return self._letter(greeting, body, self._pick("closing"))

    def agent(self, step: str, agent: str) -> str:
        """What an agent writes at a step (``ask plan done``)."""
        self._slots["agent"] = agent
        return self._letter(self._pick("agent_greeting"), self._line(step), self._pick("agent_closing"))

    def note(self) -> str:
        """What an agent leaves for her colleagues. The house language for notes is English."""
        return self._fill(self._rng.choice(book("en").notes[self._story.team]))

    def _line(self, step: str) -> str:
        lines = self._story.lines.get(step) or self._book.phrases[step]
        if step == "thanks" and self._story.team == "field":
            lines += self._book.phrases["thanks_repair"]
        fresh = [line for line in lines if line not in self._used] or list(lines)
        chosen = self._rng.choice(fresh)
        self._used.add(chosen)
        return self._fill(chosen)

    def _pick(self, name: str) -> str:
        return self._fill(self._rng.choice(self._book.phrases[name]))

    def _fill(self, line: str) -> str:
        self._slots.setdefault("agent", "")
        return line.format_map(self._slots)

    @staticmethod
    def _letter(*parts: str) -> str:
        return "\n\n".join(part for part in parts if part)


def as_html(text: str) -> str:
    """A letter as HTML: a paragraph each, line breaks kept."""
    paragraphs = html.escape(text, quote=False).split("\n\n")
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs).replace("\n", "<br>")


_WROTE: Final = {
    "en": "On {when}, {who} wrote:",
    "hi": "{when} को {who} ने लिखा:",
    "mr": "{when} रोजी {who} यांनी लिहिले:",
    "bn": "{when} তারিখে {who} লিখেছেন:",
    "kn": "{when} ರಂದು {who} ಅವರು ಬರೆದಿದ್ದಾರೆ:",
}


def quoted(language: str, text: str, who: str, when: datetime) -> tuple[str, str]:
    """A message as its answer quotes it: plain and as HTML."""
    day = _day(language, when.astimezone(OFFICE).date())
    intro = _WROTE[language].format(when=f"{day} {when.astimezone(OFFICE):%H:%M}", who=who)
    plain = intro + "\n" + "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))
    return plain, f"<p>{html.escape(intro)}</p><blockquote>{as_html(text)}</blockquote>"
