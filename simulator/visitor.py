"""Scripted visitors of the make-believe shop: one opens the chat as a browser does, asks, answers, and goes away.

Speaks with the desk as the widget does: the calls of ``portal/widget/api.py``, then the socket of
``portal/widget/live.py``. All pauses are on the one clock, so a turned clock plays the same visit every time.
Begun by a button on the simulator's pages (`simulator.routes`), and by tests.
"""

import asyncio
import contextlib
import itertools
from typing import Any, Final, cast

import httpx
import msgspec
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.typing import Origin

from core import clock, log
from core.errors import Unavailable

TIMEOUT_SECONDS: Final = 30.0
THINKS_SECONDS: Final = 4.0
TYPES_SECONDS: Final = 3.0
PATIENCE_SECONDS: Final = 600.0
_log = log.get(__name__)


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What a visitor does.

    Attributes:
        name: how she calls herself.
        email: where the conversation may go on; empty: she names none.
        language: of her browser.
        page: of the shop (``simulator/shop.py``), and its title.
        lines: her first words, and what she says to each answer in turn; after the last one's answer she leaves.
    """

    name: str
    email: str
    language: str
    page: tuple[str, str]
    lines: tuple[str, ...]


VISITS: Final = (
    Visit(
        name="Meenakshi Rao",
        email="meenakshi.rao@customers.example",
        language="en",
        page=("purifier", "Water purifier 7 l"),
        lines=(
            "Hello, the filter lamp of my purifier is red since this morning. May I still drink the water?",
            "I changed the filter last year in March, I think.",
            "Good, then I order a new one today. Thank you!",
        ),
    ),
    Visit(
        name="Farhan Sheikh",
        email="farhan.sheikh@customers.example",
        language="hi",
        page=("mixer", "Mixer grinder 750 W"),
        lines=(
            "नमस्ते, मिक्सर चालू करते ही रुक जाता है। क्या करूँ?",
            "जार ठीक से लगा है। नीचे का लाल बटन दबाने पर फिर चलता है।",
            "ठीक है, धन्यवाद!",
        ),
    ),
    Visit(
        name="Kavya Hegde",
        email="kavya.hegde@customers.example",
        language="kn",
        page=("fan", "Ceiling fan 1200 mm"),
        lines=("ನಮಸ್ಕಾರ, ಫ್ಯಾನ್ ರಿಮೋಟ್ ಕೆಲಸ ಮಾಡುತ್ತಿಲ್ಲ. ಬ್ಯಾಟರಿ ಬದಲಿಸಿದ್ದೇನೆ.", "ಸರಿ, ಹಾಗೆ ಮಾಡಿ ನೋಡುತ್ತೇನೆ. ಧನ್ಯವಾದಗಳು."),
    ),
    Visit(
        name="Joseph Dias",
        email="",
        language="en",
        page=("mixer", "Mixer grinder 750 W"),
        lines=("Do you deliver to Panaji by Friday?", "Perfect, thanks."),
    ),
)
"""In the order in which they come."""


class Visitor:
    """Makes one visit.

    Args:
        visit: what she does.
        desk: where the desk's web server is, ``host:port``.
        widget_key: the widget that the shop shows.

    Attributes:
        answers: how many answers of agents have reached her window.
    """

    def __init__(self, visit: Visit, desk: str, widget_key: str) -> None:
        self.visit = visit
        self._origin = f"http://{desk}"
        self._widget = f"{desk}/widget/{widget_key}"
        self._names = itertools.count(1)
        self._token = ""
        self._page = f"{self._origin}/simulator/shop/{visit.page[0]}"
        self._seen = self._read_upto = self.answers = 0
        self._heard = asyncio.Event()
        self._over = asyncio.Event()

    async def begin(self) -> None:
        """Open the window and say the first words.

        Raises:
            Unavailable: the desk does not take them.
        """
        beginning = {
            "name": self.visit.name,
            "email": self.visit.email,
            "language": self.visit.language,
            "timeZone": "Asia/Kolkata",
            "pageUrl": self._page,
            "pageTitle": self.visit.page[1],
        }
        headers = {"Origin": self._origin}
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, headers=headers, trust_env=False) as browser:
            await self._post(browser, "session", {})
            said = {"clientId": self._name(), "text": self.visit.lines[0], "beginning": beginning}
            self._token = str((await self._post(browser, "messages", said))["token"])

    async def stay(self) -> None:
        """Answer what the agents say, then leave; without an answer for long, leave at once."""
        address = f"ws://{self._widget}/live"
        try:
            async with websockets.connect(address, origin=cast("Origin", self._origin), proxy=None) as socket:
                await self._send(socket, t="hello", token=self._token, after=0)
                await self._send(socket, t="page", url=self._page, title=self.visit.page[1])
                reading = asyncio.create_task(self._read(socket))
                try:
                    await self._talk(socket)
                finally:
                    reading.cancel()
                    await asyncio.gather(reading, return_exceptions=True)
        except (OSError, TimeoutError, websockets.WebSocketException) as problem:
            _log.info("a visitor lost the desk", name=self.visit.name, reason=repr(problem))

    async def _talk(self, socket: ClientConnection) -> None:
        for number, line in enumerate(self.visit.lines[1:], start=1):
            if not await self._answered(number):
                return
            await clock.sleep(THINKS_SECONDS)
            await self._send(socket, t="seen", seq=self._seen)
            await self._send(socket, t="typing", on=True)
            await clock.sleep(TYPES_SECONDS)
            await self._send(socket, t="say", clientId=self._name(), text=line)
        if await self._answered(len(self.visit.lines)):
            await clock.sleep(THINKS_SECONDS)
            await self._send(socket, t="seen", seq=self._seen)
            async with asyncio.timeout(TIMEOUT_SECONDS):  # a window that closes at once takes its last words with it
                while self._read_upto < self._seen and not self._over.is_set():
                    self._heard.clear()
                    await self._heard.wait()

    async def _answered(self, times: int) -> bool:
        """Wait until the agents have said something so often; whether they did before her patience ended."""
        patience = asyncio.create_task(clock.sleep(PATIENCE_SECONDS))
        over = asyncio.create_task(self._over.wait())
        try:
            while self.answers < times and not (patience.done() or over.done()):
                self._heard.clear()
                heard = asyncio.create_task(self._heard.wait())
                await asyncio.wait({heard, patience, over}, return_when=asyncio.FIRST_COMPLETED)
                heard.cancel()
        finally:
            patience.cancel()
            over.cancel()
        return self.answers >= times

    async def _read(self, socket: ClientConnection) -> None:
        """Take in what the window is told, and say that it has arrived."""
        try:
            async for frames in socket:
                for frame in msgspec.json.decode(frames):
                    if frame["t"] == "entries":
                        await self._take(socket, frame["entries"])
                    elif frame["t"] == "window":
                        self._read_upto = frame["window"]["readSeq"]
                        self._heard.set()
        except websockets.ConnectionClosed:
            pass
        finally:
            self._over.set()
            self._heard.set()

    async def _take(self, socket: ClientConnection, entries: list[dict[str, Any]]) -> None:
        new = [each for each in entries if each["seq"] > self._seen]
        if not new:
            return
        self._seen = new[-1]["seq"]
        self.answers += sum(each["kind"] == "said" and each["data"].get("by") == "agent" for each in new)
        await self._send(socket, t="got", seq=self._seen)
        if any(each["kind"] == "ended" for each in new):
            self._over.set()
        self._heard.set()

    def _name(self) -> str:
        return f"visitor-{next(self._names):08}"

    async def _post(self, browser: httpx.AsyncClient, call: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = await browser.post(f"http://{self._widget}/{call}", json=body)
            answer.raise_for_status()
        except httpx.HTTPError as problem:
            raise Unavailable(f"The desk did not let the visitor in: {problem}") from None
        found: dict[str, Any] = answer.json()
        return found

    @staticmethod
    async def _send(socket: ClientConnection, **message: Any) -> None:
        await socket.send(msgspec.json.encode(message).decode())


class Visitors:
    """Those who are on the shop's pages now; they come one after the other in the order of :data:`VISITS`."""

    def __init__(self) -> None:
        self._coming = itertools.cycle(VISITS)
        self._here: set[asyncio.Task[None]] = set()

    async def come(self, desk: str, widget_key: str) -> Visit:
        """Let the next one come, and stay as long as she likes.

        Raises:
            Unavailable: the desk does not let her in.
        """
        visitor = Visitor(next(self._coming), desk, widget_key)
        await visitor.begin()
        staying = asyncio.create_task(visitor.stay(), name=f"visitor {visitor.visit.name}")
        self._here.add(staying)
        staying.add_done_callback(self._here.discard)
        return visitor.visit

    async def leave(self) -> None:
        """Have all of them go away at once."""
        for task in self._here:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._here, return_exceptions=True)
