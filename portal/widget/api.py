"""The widget's calls (/widget/KEY/…): open a window, speak, send a file, ask for a mail, and all of it without sockets.

Only the window's own page calls, so there is no CORS; who calls is in the Authorization header. See ``live.py`` for
the socket.
"""

import asyncio
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from channels.chat import conversations, opening, stream, transcript, visitors, widgets, window
from channels.chat.conversations import Beginning
from channels.chat.identity import proven
from channels.chat.models import Chat, ChatVisitor, Widget
from channels.chat.reader import ChatFile
from channels.chat.stream import Entry
from channels.chat.window import Window
from core.db import reading, unit_of_work
from core.errors import Conflict, Invalid, NotFound
from portal.forms import Upload
from portal.pages import LARGEST_NUMBER, check_path
from portal.uploads import MOST_FILES, sniff, tidy_name
from portal.widget import limits, saying
from portal.widget.desk import (
    Guest,
    WidgetRequest,
    check_origin,
    find_guest,
    guest_of,
    network_of,
    rooms_of,
    runtime_of,
    token_of,
    tokens_of,
)
from portal.widget.rooms import Listener
from portal.widget.views import (
    BeginningInput,
    EmailInput,
    EventsView,
    MessageInput,
    MessageView,
    RatingInput,
    SessionInput,
    SessionView,
    SignalsInput,
    TranscriptView,
    WhoView,
)

LARGEST_JSON: Final = 64 * 1024
LONGEST_WAIT: Final = 25.0
FORM_AROUND_FILE: Final = 64 * 1024
SHOWN: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
LARGEST_FILES: Final = 12 * 1024 * 1024
"""Bytes of all files of one message: photographs, not films; those go by mail."""


async def careful(request: WidgetRequest) -> None:
    """Before every call: it comes from our own page, not too often, and asks for what there can be.

    Raises:
        NotFound: no column can hold what stands in the address.
        NotAllowed: another site calls.
        RateLimited: too many calls from this network.
    """
    check_origin(request)
    limits.take(limits.CALLS, network=network_of(request))
    await check_path(request)


@post("/session", status_code=200)
async def session(request: WidgetRequest, key: FromPath[str], data: JSONBody[SessionInput]) -> SessionView:
    """Open the window: what was said so far, for whom the browser's token or the site's signature proves.

    A signature that does not hold is refused; without one, and without a token, the visitor is nobody yet.
    """
    runtime, tokens = runtime_of(request), tokens_of(request)
    async with unit_of_work(runtime.db) as unit:
        widget = await widgets.by_key(unit, key)
        token: str | None = None
        who: WhoView | None = None
        visitor: ChatVisitor | None
        if data.claim is not None:
            signed = proven(data.claim, widgets.keys_of(widget, runtime.vault))
            visitor = await visitors.signed_in(unit, widget, signed)
            token = tokens.session(widget.id, visitor.id)
            who = WhoView(name=visitor.name, email=visitor.email or "")
        else:
            visitor = await visitors.recognise(unit, tokens, widget, token_of(request))
        chat = await conversations.current(unit, visitor) if visitor is not None else None
        shown, entries = await _shown(unit, chat)
        open_now = await opening.of_widget(unit, widget)
        return SessionView(token=token, who=who, window=shown, entries=entries, opening=open_now)


async def _shown(unit: AsyncSession, chat: Chat | None) -> tuple[Window | None, list[Entry]]:
    if chat is None:
        return None, []
    shown, _ = await window.read(unit, chat.id)
    return shown, await stream.latest(unit, chat.id, stream.PAGE)


@post("/messages", status_code=200)
async def say(request: WidgetRequest, key: FromPath[str], data: JSONBody[MessageInput]) -> MessageView:
    """Say something; the first word begins a conversation, and makes the browser known if nobody is signed in."""
    guest, token = await _begun(request, key, data.beginning)
    seq = await saying.say(request, guest, data.client_id, data.text)
    return await _kept(request, guest, seq, token)


async def _begun(request: WidgetRequest, key: str, beginning: BeginningInput | None) -> tuple[Guest, str | None]:
    """The visitor with an open conversation, and the token of a browser that has become known by this."""
    tokens = tokens_of(request)
    async with unit_of_work(runtime_of(request).db) as unit:
        widget = await widgets.by_key(unit, key)
        known = await find_guest(unit, tokens, widget, token_of(request))
        if known is not None and known.chat is not None and known.chat.state == "open":
            return known, None
        if beginning is None:
            raise Conflict("There is no open conversation.")
        limits.take(limits.BEGINNINGS, network=network_of(request), widget=f"w{widget.id}")
        visitor, token = (known.visitor, None) if known else await _made(unit, request, widget)
        facts = Beginning(**msgspec.structs.asdict(beginning))
        return Guest(widget, visitor, await conversations.begin(unit, widget, visitor, facts)), token


async def _made(unit: AsyncSession, request: WidgetRequest, widget: Widget) -> tuple[ChatVisitor, str]:
    token, name_hash = tokens_of(request).anonymous(widget.id)
    return await visitors.anonymous(unit, widget, name_hash), token


async def _kept(request: WidgetRequest, guest: Guest, seq: int | None, token: str | None) -> MessageView:
    async with reading(runtime_of(request).db) as unit:
        shown, _ = await window.read(unit, guest.chat.id if guest.chat else 0)
    return MessageView(seq=seq, token=token, window=shown)


@post("/files", status_code=200, before_request=careful, request_max_body_size=LARGEST_FILES + FORM_AROUND_FILE)
async def send_files(request: WidgetRequest, key: FromPath[str]) -> MessageView:
    """Send files in an open conversation; what they are is seen by their content.

    Raises:
        Invalid: there is none, they are too many, or of a kind that is not taken.
    """
    async with reading(runtime_of(request).db) as unit:
        guest = await guest_of(unit, request, key)
    posted = await request.form()
    client_id = str(posted.get("clientId") or "")
    if not (8 <= len(client_id) <= 64 and client_id.replace("-", "").isalnum() and client_id.isascii()):
        raise Invalid.field("clientId", "A name of the message is needed.")
    given = [each for name, each in posted.multi_items() if name == "file" and isinstance(each, UploadFile)]
    uploads = [Upload(each.filename, await each.read()) for each in given[: MOST_FILES + 1]]
    text = str(posted.get("text") or "")[:4000]
    seq = await saying.say(request, guest, client_id, text, _checked(uploads))
    return await _kept(request, guest, seq, None)


def _checked(uploads: list[Upload]) -> list[ChatFile]:
    if not 0 < len(uploads) <= MOST_FILES:
        raise Invalid.field("file", f"Send one to {MOST_FILES} files.")
    files: list[ChatFile] = []
    for each in uploads:
        kind = sniff(each.content)
        if kind is None:
            raise Invalid.field("file", "Files of this kind are not taken.")
        files.append(ChatFile(tidy_name(each.name, kind), kind, each.content))
    return files


@get("/events")
async def events(
    request: WidgetRequest, key: FromPath[str], after: FromQuery[int] = 0, wait: FromQuery[float] = 0
) -> EventsView:
    """What came after a number; waits for it if asked to. For browsers behind a proxy that lets no socket through."""
    async with unit_of_work(runtime_of(request).db) as unit:
        guest = await guest_of(unit, request, key)
        await widgets.came(unit, guest.widget, socket=False)
    if guest.chat is None:
        raise NotFound("There is no conversation.")
    rooms = rooms_of(request)
    listener = Listener(guest.chat.id, guest.widget.id, min(max(0, after), LARGEST_NUMBER))
    await rooms.add(listener)
    try:
        frames = _taken(listener)
        if listener.seq <= after:
            await _something(listener, min(max(0.0, wait), LONGEST_WAIT))  # in this order NaN waits for nothing
            frames += _taken(listener)
    finally:
        await rooms.remove(listener)
    return EventsView(frames=[msgspec.Raw(each) for each in frames])


def _taken(listener: Listener) -> list[bytes]:
    frames, listener.frames = listener.frames, []
    listener.ready.clear()
    return frames


async def _something(listener: Listener, seconds: float) -> None:
    """Wait until there is something to tell, or it is over."""
    told = asyncio.create_task(listener.ready.wait())
    try:
        waiting: set[asyncio.Future[Any]] = {told, listener.over}
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()


@post("/signals", status_code=204)
async def signals(request: WidgetRequest, key: FromPath[str], data: JSONBody[SignalsInput]) -> None:
    """What a tab tells that has no socket."""
    async with reading(runtime_of(request).db) as unit:
        guest = await guest_of(unit, request, key)
    for each in data.signals:
        await saying.signal(request, _chat(guest).id, each)


def _chat(guest: Guest) -> Chat:
    if guest.chat is None:
        raise NotFound("There is no conversation.")
    return guest.chat


@post("/email", status_code=204)
async def leave_address(request: WidgetRequest, key: FromPath[str], data: JSONBody[EmailInput]) -> None:
    """Name an address where the conversation may go on."""
    async with unit_of_work(runtime_of(request).db) as unit:
        guest = await guest_of(unit, request, key)
        await conversations.leave_address(unit, guest.visitor, _chat(guest), data.email)


@post("/end", status_code=204)
async def end(request: WidgetRequest, key: FromPath[str]) -> None:
    """End the conversation."""
    async with unit_of_work(runtime_of(request).db) as unit:
        guest = await guest_of(unit, request, key)
        await conversations.end(unit, _chat(guest).id, "visitor")


@post("/rating", status_code=204)
async def rate(request: WidgetRequest, key: FromPath[str], data: JSONBody[RatingInput]) -> None:
    """Say how content the visitor is."""
    async with unit_of_work(runtime_of(request).db) as unit:
        guest = await guest_of(unit, request, key)
        await conversations.rate(unit, _chat(guest).id, data.score, data.comment)


@post("/transcript", status_code=200)
async def mail_transcript(request: WidgetRequest, key: FromPath[str]) -> TranscriptView:
    """Have the conversation mailed to the address that it goes on at."""
    async with unit_of_work(runtime_of(request).db) as unit:
        guest = await guest_of(unit, request, key)
        limits.take(limits.BEGINNINGS, network=network_of(request), widget=f"w{guest.widget.id}")
        return TranscriptView(email=await transcript.send(unit, _chat(guest)))


@get("/files/{attachment_id:int}")
async def file(request: WidgetRequest, key: FromPath[str], attachment_id: FromPath[int]) -> Response[bytes]:
    """A file of the conversation. The window asks for it with the visitor's token, so no address of it can leak."""
    runtime = runtime_of(request)
    async with reading(runtime.db) as unit:
        guest = await guest_of(unit, request, key)
        found = await window.file_of(unit, _chat(guest).id, attachment_id)
    content = await runtime.storage.get(found.storage_key)
    kind = found.sniffed_type if found.sniffed_type in SHOWN else "application/octet-stream"
    return Response(content, media_type=kind, headers={"Cache-Control": "private, max-age=3600"})


JSON_CALLS: Final[list[Any]] = [
    session,
    say,
    events,
    signals,
    leave_address,
    end,
    rate,
    mail_transcript,
    file,
]
"""All calls but that for files, whose bodies are larger."""
