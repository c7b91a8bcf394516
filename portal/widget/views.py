"""Shapes of the widget's API and socket."""

from typing import Annotated

import msgspec

from channels.chat.identity import Claim
from channels.chat.opening import Opening
from channels.chat.stream import Entry
from channels.chat.window import Window
from core.i18n import NAMES

Key = Annotated[str, msgspec.Meta(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
"""The browser's own name of a message; the same again is the same message."""
Words = Annotated[str, msgspec.Meta(max_length=4000)]
Line = Annotated[str, msgspec.Meta(max_length=320)]
Address = Annotated[str, msgspec.Meta(max_length=2000)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _Shape(msgspec.Struct, rename="camel", kw_only=True):
    """Base of all shapes."""


class SessionInput(_Shape):
    """A window was opened: who is signed in on the site, if anybody."""

    claim: Claim | None = None


class WhoView(_Shape):
    """Whom the site has vouched for; he is not asked for what is known."""

    name: str
    email: str


class SessionView(_Shape):
    """What the window begins with. ``token`` and ``who``: of the signed visitor, for as long as the page is open."""

    token: str | None
    who: WhoView | None
    window: Window | None
    entries: list[Entry]
    opening: Opening


class BeginningInput(_Shape):
    """What the visitor says of himself before his first word."""

    name: Line = ""
    email: Line = ""
    language: Annotated[str, msgspec.Meta(max_length=8)] = "en"
    time_zone: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    page_url: Address = ""
    page_title: Line = ""

    def __post_init__(self) -> None:
        if self.language not in NAMES:
            self.language = "en"


class MessageInput(_Shape):
    """A message of the visitor; ``beginning`` where he has no open conversation."""

    client_id: Key
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]
    beginning: BeginningInput | None = None


class MessageView(_Shape):
    """The message was kept; ``seq`` is null while it is still being processed. ``token``: of a new visitor."""

    seq: int | None
    token: str | None
    window: Window


class EventsView(_Shape):
    """What came after a number, for browsers that cannot open a socket."""

    frames: list[msgspec.Raw]


class EmailInput(_Shape):
    """Where the conversation may go on."""

    email: Line


class RatingInput(_Shape):
    """How content the visitor is."""

    score: int
    comment: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class TranscriptView(_Shape):
    """Where the conversation was mailed to."""

    email: str


class RequestInput(_Shape):
    """A request instead of a chat. ``trap`` is a field that people do not see."""

    client_id: Key
    name: Line
    email: Line
    message: Annotated[str, msgspec.Meta(max_length=20_000)]
    subject: Annotated[str, msgspec.Meta(max_length=200)] = ""
    topic: Annotated[str, msgspec.Meta(max_length=64)] = "other"
    language: Annotated[str, msgspec.Meta(max_length=8)] = "en"
    trap: Line = ""


class RequestView(_Shape):
    """The request's number; null while it is still being processed."""

    number: int | None


# What is said over the socket, or posted where there is none.


class Hello(_Shape, tag_field="t", tag="hello"):
    """The first message: who it is, and the last number of the stream that the tab has."""

    token: Annotated[str, msgspec.Meta(max_length=200)]
    after: Seq = 0


class Say(_Shape, tag_field="t", tag="say"):
    """The visitor writes."""

    client_id: Key
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]


class Typing(_Shape, tag_field="t", tag="typing"):
    """He has just typed, or stopped."""

    on: bool = True


class Got(_Shape, tag_field="t", tag="got"):
    """The tab has everything up to a number."""

    seq: Seq


class Seen(_Shape, tag_field="t", tag="seen"):
    """He has looked at everything up to a number."""

    seq: Seq


class OnPage(_Shape, tag_field="t", tag="page"):
    """Which page of the site he is on."""

    url: Address
    title: Line = ""


class Ping(_Shape, tag_field="t", tag="ping"):
    """Are you there?"""


Signal = Typing | Got | Seen | OnPage | Ping
Spoken = Hello | Say | Signal


class SignalsInput(_Shape):
    """Signals of a tab without a socket."""

    signals: Annotated[list[Signal], msgspec.Meta(max_length=20)]
