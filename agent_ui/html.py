"""Messages made ready to be shown: what would reach out of the message is held back, links say where they lead.

The HTML was made safe when it came in (``core/html``); its form is regular (attributes in double quotes, in which no
double quote stands), so patterns are exact here. Called by the pages of a ticket and by ``agent_ui/mail_page.py``.
"""

import functools
import html as entities
import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

import msgspec
from publicsuffixlist import PublicSuffixList

from agent_ui.links import FileLinks, named_in
from core.html import sanitise_written
from tickets.attachments import Picture
from tickets.timeline import EventItem, FileItem, Item, MessageItem, NoteItem

LONGEST_SHOWN: Final = 200_000
"""Characters of HTML, and of text, that a ticket's page carries of one message; its own page has the rest."""

_IMAGE: Final = re.compile(r"<img\b(?:[^>\"]|\"[^\"]*\")*>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"\s([a-z-]+)=\"([^\"]*)\"", re.IGNORECASE)
_NEAR: Final = re.compile(r"(?:cid:|data:image/|/api/attachments/)", re.IGNORECASE)
"""Sources of images that nobody outside learns of. Everything else is held back, however it is spelled."""
_ANCHOR: Final = re.compile(r"<(/?)a((?:\s(?:[^>\"]|\"[^\"]*\")*)?)>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^>]*>")
_CID: Final = re.compile(r"\ssrc=\"cid:([^\"]{1,500})\"", re.IGNORECASE)
_DROPPED: Final = re.compile(r"[\x00-\x1f]")
"""What browsers drop from addresses."""
_INVISIBLE: Final = re.compile(r"[\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""What nobody sees in a text."""
_HOST: Final = re.compile(
    r"(?:^|[\s/@(<\[\"'])((?:[^\W_](?:[\w-]{0,62})\.){1,8}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59}))(?=$|[\s/:?#,;)>\]\"'])",
    re.IGNORECASE,
)
_SPELLED_OUT: Final = re.compile(r"https?:[/\\]{2}(?:[^\s/\\?#@]*@)?([^\s/\\?#:@<>\[\]()\"']+)", re.IGNORECASE)
"""The host in an address with its scheme: a host whatever it ends in, where other words with a dot may be a file."""
_MAX_LABEL: Final = 20_000


class Shown(msgspec.Struct, frozen=True):
    """HTML that can be shown, and how many images of it were held back."""

    markup: str
    blocked: int


def place_images(markup: str, place: Callable[[str], str | None]) -> Shown:
    """Give every image the source that ``place`` says; where it says None, the image is held back.

    What is held back keeps its source as ``data-blocked-src``.

    Args:
        markup: HTML that ``core/html`` made safe.
        place: from the source as written to the one to load; "" leaves the image without one.
    """
    if "<img" not in markup:
        return Shown(markup, 0)
    blocked = 0

    def attribute(found: re.Match[str]) -> str:
        nonlocal blocked
        if found[1].lower() != "src":
            return found[0]
        source = place(_address(found[2]))
        if source is None:
            blocked += 1
            return f' data-blocked-src="{found[2]}"'
        return f' src="{entities.escape(source)}"' if source else ""

    shown = _IMAGE.sub(lambda image: _ATTRIBUTE.sub(attribute, image[0]), markup)
    return Shown(shown, blocked)


def _address(value: str) -> str:
    """An address in an attribute as a browser understands it."""
    return _DROPPED.sub("", entities.unescape(value)).strip()


def hold_back_images(markup: str) -> Shown:
    """Hold back the images that would have to be fetched from elsewhere."""
    return place_images(markup, lambda source: source if _NEAR.match(source) else None)


def name_targets(markup: str) -> str:
    """Let links say where they lead: in the title, and visibly where the text speaks of another place.

    Args:
        markup: HTML that ``core/html`` made safe. Links that lead to no place that can be named lose their address.
    """
    if "<a " not in markup:
        return markup
    pieces: list[str] = []
    opened: list[tuple[str, int]] = []
    at = 0
    for found in _ANCHOR.finditer(markup):
        pieces.append(markup[at : found.start()])
        at = found.end()
        if found[1]:
            href, begun = opened.pop() if opened else ("", at)
            pieces.append(found[0] + _note(href, markup[begun : found.start()]))
        else:
            attributes, href = _titled(found[2])
            pieces.append(f"<a{attributes}>")
            opened.append((href, at))
    pieces.append(markup[at:])
    return "".join(pieces)


def _titled(attributes: str) -> tuple[str, str]:
    """The attributes of a link with its address as the title, and that address."""
    given = {name.lower(): value for name, value in _ATTRIBUTE.findall(attributes)}
    href = _address(given.pop("href", ""))
    given.pop("title", None)
    if href and _place_of(href):
        given |= {"href": entities.escape(href), "title": entities.escape(href[:_MAX_LABEL])}
    return "".join(f' {name}="{value}"' for name, value in given.items()), href


def _place_of(href: str) -> str:
    """The host that an address leads to, or the address of a mail; "" when there is none."""
    scheme, _, rest = href.replace("\\", "/").partition(":")
    scheme = scheme.lower()
    if scheme in ("http", "https"):
        try:
            host = urlsplit(f"{scheme}://{rest.lstrip('/')}").hostname or ""
        except ValueError:
            return ""
        return _ascii(host.rstrip("."))
    if scheme == "mailto":
        return rest.partition("?")[0].lower() or "mailto"
    return rest and scheme


def _ascii(host: str) -> str:
    """A host as DNS sees it, so that letters that only look alike can be told apart."""
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host


def _note(href: str, label: str) -> str:
    """What is written behind a link whose text speaks of another place than it leads to."""
    place = _place_of(href) if href else ""
    text = _INVISIBLE.sub("", entities.unescape(_TAG.sub("", label[:_MAX_LABEL]))).strip()
    if not place or not _differs(text, place):
        return ""
    return f" <small>[→ {entities.escape(place)}]</small>"


def _differs(text: str, place: str) -> bool:
    if "@" in place:
        return "@" in text and place not in text.lower()
    named = [_ascii(found.lower()) for found in _HOST.findall(text)]
    known = [host for host in named if _suffixes().publicsuffix(host, accept_unknown=False)]
    known += [_ascii(found.lower().rstrip(".…,;!")) for found in _SPELLED_OUT.findall(text)]
    return any("xn--" in place or not _same(host, place) for host in known)


def _same(one: str, other: str) -> bool:
    """Whether two hosts are of one owner."""
    if one == other or one[-1:].isdecimal():
        return one == other
    owner = _suffixes().privatesuffix(one)
    return owner is not None and owner == _suffixes().privatesuffix(other)


@functools.lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


class Pictures(msgspec.Struct):
    """The files that the HTML of a ticket may show: those of the items at hand, and others of the same ticket.

    Attributes:
        names: by number.
        numbers: by Content-ID without angle brackets; of several with one id the newest.
        missing: numbers that the HTML shows and that are none of these.
        missing_ids: the same for Content-IDs.
    """

    names: dict[int, str]
    numbers: dict[str, int]
    missing: set[int]
    missing_ids: set[str]

    def add(self, found: Iterable[Picture]) -> None:
        """Put in what was missing."""
        for one in found:
            self.names[one.id] = one.name
            if one.content_id:
                self.numbers[one.content_id.strip("<>")] = one.id


def pictures_of(items: Iterable[Item], *, everywhere: bool = False) -> Pictures:
    """The files of some items, and what their HTML shows beside these.

    Args:
        items: as they are stored.
        everywhere: count Content-IDs of customers' mails as well, whose quotes name many that never came.
    """
    found = Pictures({}, {}, set(), set())
    for item in items:
        if isinstance(item, EventItem):
            continue
        found.names |= {file.id: file.name for file in item.attachments}
        found.numbers |= {file.content_id.strip("<>"): file.id for file in item.attachments if file.content_id}
        found.missing |= named_in(item.html)
        if isinstance(item, MessageItem) and (everywhere or item.kind != "customer"):
            found.missing_ids |= content_ids_in(item.html) | content_ids_in(item.quoted_html or "")
    found.missing -= set(found.names)
    found.missing_ids -= set(found.numbers)
    return found


def content_ids_in(markup: str) -> set[str]:
    """The Content-IDs of the images that HTML shows."""
    if "cid:" not in markup:
        return set()
    return {entities.unescape(found) for found in _CID.findall(markup)}


def show(items: list[Item], links: FileLinks, pictures: Pictures) -> list[Item]:
    """The same items ready to be shown; see :func:`show_item`."""
    return [item if isinstance(item, EventItem) else show_item(item, links, pictures) for item in items]


def show_item(item: MessageItem | NoteItem, links: FileLinks, pictures: Pictures) -> MessageItem | NoteItem:
    """One message or note ready to be shown: images from elsewhere held back, files with addresses that open them.

    Args:
        item: as ``tickets/timeline`` reads it; it is changed.
        links: makes the addresses.
        pictures: files that its HTML may show.
    """
    sign_files(item.attachments, links)
    if isinstance(item, NoteItem):
        item.html = links.shown(hold_back_images(item.html).markup, pictures.names)
        return item
    own = {file.content_id.strip("<>") for file in item.attachments if file.content_id}

    def place(source: str) -> str | None:
        number = pictures.numbers.get(source[4:]) if source.startswith("cid:") and source[4:] not in own else None
        if number is not None:
            return f"/api/attachments/{number}"
        return source if _NEAR.match(source) else None

    quoted, quoted_text = item.quoted_html or "", item.quoted_text or ""
    item.html_cut = max(map(len, (item.html, item.text, quoted, quoted_text))) > LONGEST_SHOWN
    item.text, item.quoted_text = item.text[:LONGEST_SHOWN], quoted_text[:LONGEST_SHOWN] or None
    body, quote = (place_images(cut(each), place) for each in (item.html, quoted))
    item.blocked_images = body.blocked + quote.blocked
    shown = name_targets(body.markup) if item.kind == "customer" else body.markup
    item.html = links.shown(shown, pictures.names)
    item.quoted_html = links.shown(name_targets(quote.markup), pictures.names) or None
    item.signature_html = hold_back_images(item.signature_html).markup
    return item


def sign_files(files: Iterable[FileItem], links: FileLinks) -> None:
    """Give files addresses that open them."""
    for file in files:
        file.url = links.url(file.id, file.name)


def cut(markup: str) -> str:
    """The beginning of HTML, whole in itself."""
    return markup if len(markup) <= LONGEST_SHOWN else sanitise_written(markup[:LONGEST_SHOWN])
