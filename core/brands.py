"""Brands: under which name, colour and address the company shows itself to its customers, one for each host.

Kernel module, used by the portal and by what customers are sent. A brand is found by the host that a visitor asked
for; a host that belongs to none, or a desk without brands, gets the desk's own (the row without a host, else the
settings). Pages ask for their brand every time, so it is kept in memory for some seconds.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import CheckConstraint, Identity, delete, event, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core import clock, events
from core.base import Base
from core.db import Database, reading
from core.errors import Conflict, Invalid, NotFound, Stale
from core.events import Event
from core.hosts import LARGEST_PORT, ascii_host, is_port, readable
from core.i18n import NAMES
from core.settings import Settings

KEPT_FOR: Final = timedelta(seconds=10)
MOST_LINKS: Final = 12
_ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@]+")


class BrandRow(Base):
    """One brand. ``host`` is empty for the desk's own; texts are maps language → words."""

    __tablename__ = "brands"
    __table_args__ = (CheckConstraint("hue between 0 and 360", name="hue"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    host: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    hue: Mapped[int]
    logo_key: Mapped[str | None]
    logo_type: Mapped[str | None]
    default_language: Mapped[str]
    languages: Mapped[list[str]] = mapped_column(server_default="{}")
    question: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    description: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    footer_links: Mapped[list[Any]] = mapped_column(server_default="[]")
    contact_address: Mapped[str] = mapped_column(server_default="")
    contact_phone: Mapped[str] = mapped_column(server_default="")
    mailbox_id: Mapped[int | None]
    team_id: Mapped[int | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    updated_at: Mapped[datetime]


class FooterLink(msgspec.Struct, frozen=True):
    """A link at the foot of every page.

    Attributes:
        words: language → words.
        address: where it leads, ``https://…`` or a path.
    """

    words: dict[str, str]
    address: str


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """How the company shows itself on one host.

    Attributes:
        id: 0 for the one that comes from the settings.
        host: as browsers send it (``core/hosts``), with a port where it has an unusual one; "" for all hosts that are
            nobody's.
        hue: of its colour, in degrees.
        logo_key: of the storage; None shows the name in letters.
        languages: that visitors are offered.
        question: language → headline of the first page.
        description: language → what search engines show of the first page.
        contact_address: where people may write to instead; "" shows the desk's first mailbox.
        mailbox_id: the mailbox that answers requests from this brand's pages.
        team_id: who gets those requests whose topic is nobody's.
    """

    id: int = 0
    host: str = ""
    name: str = ""
    hue: int = 172
    logo_key: str | None = None
    logo_type: str | None = None
    default_language: str = "en"
    languages: tuple[str, ...] = tuple(NAMES)
    question: dict[str, str] = {}
    description: dict[str, str] = {}
    footer_links: tuple[FooterLink, ...] = ()
    contact_address: str = ""
    contact_phone: str = ""
    mailbox_id: int | None = None
    team_id: int | None = None
    version: int = 0

    def words(self, texts: Mapping[str, str], language: str) -> str:
        """What a map of texts says in a language, else in the brand's own; "" when it says nothing."""
        return texts.get(language) or texts.get(self.default_language) or ""


class BrandChanged(Event, frozen=True, kw_only=True):
    """A brand was made, changed (the names of the fields) or taken away."""

    kind = "brand.changed"
    brand_id: int
    name: str
    what: str
    fields: list[str] = []


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator may set of a brand; see :class:`Brand`."""

    host: str
    name: str
    hue: int
    default_language: str
    languages: Sequence[str]
    question: dict[str, str] = {}
    description: dict[str, str] = {}
    footer_links: Sequence[FooterLink] = ()
    contact_address: str = ""
    contact_phone: str = ""
    mailbox_id: int | None = None
    team_id: int | None = None


class _Kept(msgspec.Struct):
    brands: dict[str, Brand]
    read_at: datetime


_kept: WeakKeyDictionary[Database, _Kept] = WeakKeyDictionary()


def _brand(row: BrandRow) -> Brand:
    return Brand(
        id=row.id,
        host=row.host,
        name=row.name,
        hue=row.hue,
        logo_key=row.logo_key,
        logo_type=row.logo_type,
        default_language=row.default_language,
        languages=tuple(code for code in NAMES if code in row.languages) or (row.default_language,),
        question=dict(row.question),
        description=dict(row.description),
        footer_links=tuple(msgspec.convert(row.footer_links, list[FooterLink])),
        contact_address=row.contact_address,
        contact_phone=row.contact_phone,
        mailbox_id=row.mailbox_id,
        team_id=row.team_id,
        version=row.version,
    )


def of_settings(settings: Settings) -> Brand:
    """The brand of a desk that has made none."""
    return Brand(name=settings.product_name, hue=settings.portal_hue, default_language=settings.default_locale)


async def of_host(db: Database, settings: Settings, host: str) -> Brand:
    """The brand of a host.

    Args:
        db: where brands are kept.
        settings: for a desk without brands.
        host: as the ``Host`` header says it.
    """
    known = _kept.get(db)
    now = clock.now()
    if known is None or not known.read_at <= now < known.read_at + KEPT_FOR:
        async with reading(db) as session:
            known = _Kept({brand.host: brand for brand in await list_brands(session)}, now)
        _kept[db] = known
    host = host.lower()
    found = known.brands.get(host) or known.brands.get(host.partition(":")[0]) or known.brands.get("")
    return found or of_settings(settings)


def address_of(brand: Brand, settings: Settings) -> str:
    """Under which address the pages of a brand are reached from outside, without a slash at the end."""
    return f"{urlsplit(settings.base_url).scheme}://{brand.host}" if brand.host else settings.base_url


async def list_brands(session: AsyncSession) -> list[Brand]:
    """All brands, the desk's own first."""
    return [_brand(row) for row in await session.scalars(select(BrandRow).order_by(BrandRow.host))]


async def name_at(session: AsyncSession, address: str, otherwise: str) -> str:
    """What the brand is called to whose pages an address leads, for mails that no visitor asked for.

    Args:
        session: to read with.
        address: as in the settings, ``https://…``.
        otherwise: for a desk without brands.
    """
    parts = urlsplit(address)
    hosts = {parts.netloc.lower(), parts.hostname or "", ""}
    found = await session.scalars(select(BrandRow).where(BrandRow.host.in_(hosts)))
    return max(((len(row.host), row.name) for row in found), default=(0, otherwise))[1]


async def find_brand(session: AsyncSession, brand_id: int) -> Brand | None:
    """A brand by its id."""
    row = await session.get(BrandRow, brand_id)
    return None if row is None else _brand(row)


async def create(session: AsyncSession, draft: Draft) -> Brand:
    """Make a brand.

    Raises:
        Invalid: a field is wrong.
        Conflict: the host has a brand already.
    """
    values = _checked(draft)
    row = BrandRow(**values, updated_at=clock.now())
    session.add(row)
    await _write(session, row)
    events.record(session, BrandChanged(brand_id=row.id, name=row.name, what="created", fields=sorted(values)))
    return _brand(row)


async def change(session: AsyncSession, brand_id: int, draft: Draft, version: int | None = None) -> Brand:
    """Replace what an administrator may set.

    Args:
        session: the unit of work.
        brand_id: which.
        draft: how it should be.
        version: that the administrator saw; None changes any.

    Raises:
        NotFound: there is no such brand.
        Stale: somebody changed it meanwhile.
        Invalid: a field is wrong.
        Conflict: the host belongs to another brand.
    """
    row = await _locked(session, brand_id)
    if version is not None and row.version != version:
        raise Stale(version=row.version)
    values = _checked(draft)
    changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, values[name])
    await _touch(session, row, changed)
    return _brand(row)


async def set_logo(session: AsyncSession, brand_id: int, key: str | None, content_type: str | None) -> Brand:
    """Give a brand another logo, or none.

    Args:
        session: the unit of work.
        brand_id: which.
        key: of the storage.
        content_type: as its content shows.

    Raises:
        NotFound: there is no such brand.
    """
    row = await _locked(session, brand_id)
    row.logo_key, row.logo_type = key, content_type
    await _touch(session, row, ["logo"])
    return _brand(row)


async def remove(session: AsyncSession, brand_id: int) -> None:
    """Take a brand away; its host then shows the desk's own.

    Raises:
        NotFound: there is no such brand.
    """
    row = await _locked(session, brand_id)
    await session.execute(delete(BrandRow).where(BrandRow.id == brand_id))
    _forget_with(session)
    events.record(session, BrandChanged(brand_id=brand_id, name=row.name, what="removed"))


async def _locked(session: AsyncSession, brand_id: int) -> BrandRow:
    row = await session.scalar(select(BrandRow).where(BrandRow.id == brand_id).with_for_update())
    if row is None:
        raise NotFound("There is no such brand.")
    return row


async def _touch(session: AsyncSession, row: BrandRow, changed: list[str]) -> None:
    if not changed:
        return
    row.version, row.updated_at = row.version + 1, clock.now()
    await _write(session, row)
    events.record(session, BrandChanged(brand_id=row.id, name=row.name, what="changed", fields=changed))


async def _write(session: AsyncSession, row: BrandRow) -> None:
    host = readable(row.host)
    try:
        await session.flush()
    except IntegrityError:
        words = f"The host {host} has a brand already." if host else "There is a brand for all other hosts already."
        raise Conflict(words, errors=[{"field": "host", "message": words}]) from None
    _forget_with(session)


def _forget_with(session: AsyncSession) -> None:
    """Read brands anew as soon as this unit of work is committed (other processes: within :data:`KEPT_FOR`)."""
    event.listen(session.sync_session, "after_commit", lambda _: _kept.clear(), once=True)


def _checked(draft: Draft) -> dict[str, Any]:
    """The columns of a draft.

    Raises:
        Invalid: fields are wrong; all of them are named.
    """
    typed, colon, port = draft.host.strip().partition(":")
    host, name, contact = ascii_host(typed), draft.name.strip(), draft.contact_address.strip()
    languages = [code for code in NAMES if code in draft.languages]
    faults = (
        (
            "host",
            (typed or colon) and (host is None or not (port.isdecimal() or not colon)),
            "Enter a host such as help.example.org, without https://.",
        ),
        ("host", host and port.isdecimal() and not is_port(port), f"A port is a number from 1 to {LARGEST_PORT}."),
        ("name", not 0 < len(name) <= 80, "Enter a name of at most 80 characters."),
        ("hue", not 0 <= draft.hue <= 360, "The hue is a number of degrees from 0 to 360."),
        ("languages", not languages, "Choose at least one language."),
        (
            "defaultLanguage",
            languages and draft.default_language not in languages,
            "Choose one of the languages that are offered.",
        ),
        ("contactAddress", contact and not _ADDRESS.fullmatch(contact), "This is not an e-mail address."),
        ("footerLinks", len(draft.footer_links) > MOST_LINKS, f"At most {MOST_LINKS} links have room."),
        *_faults_of_links(draft.footer_links),
    )
    wrong = [{"field": field, "message": words} for field, is_wrong, words in faults if is_wrong]
    if wrong:
        raise Invalid("; ".join(f"{each['field']}: {each['message']}" for each in wrong), errors=wrong)
    return {
        "host": (host or "") + (f":{int(port)}" if port else ""),
        "name": name,
        "hue": draft.hue,
        "default_language": draft.default_language,
        "languages": languages,
        "question": _texts(draft.question),
        "description": _texts(draft.description),
        "footer_links": [{"words": _texts(link.words), "address": link.address.strip()} for link in draft.footer_links],
        "contact_address": contact,
        "contact_phone": draft.contact_phone.strip()[:40],
        "mailbox_id": draft.mailbox_id,
        "team_id": draft.team_id,
    }


def _faults_of_links(links: Sequence[FooterLink]) -> Iterator[tuple[str, bool, str]]:
    for number, link in enumerate(links):
        at = f"footerLinks[{number}]"
        yield f"{at}.words", not _texts(link.words), "A link needs words in at least one language."
        yield f"{at}.address", not _leads_somewhere(link), "Enter an address that begins with https://, or a path."


def _leads_somewhere(link: FooterLink) -> bool:
    address = link.address.strip()
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    return is_path or address.startswith(("https://", "http://", "mailto:", "tel:"))


def _texts(texts: Mapping[str, str]) -> dict[str, str]:
    """The languages that say something."""
    return {code: " ".join(texts[code].split())[:300] for code in NAMES if texts.get(code, "").strip()}
