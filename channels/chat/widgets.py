"""Widgets: made, changed, found by their key; their secrets. Called by ``agent_ui/api/widgets`` and the portal."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from channels.chat import origins
from channels.chat.events import WidgetChanged
from channels.chat.models import Widget
from channels.models import ChannelAccount
from core import clock, events
from core.errors import Invalid, NotFound, Stale
from core.i18n import NAMES
from core.vault import Vault
from routing import hours
from tickets import lifecycle
from tickets.intake import clean

CHANNEL: Final = "chat"
OLD_SECRET_LASTS: Final = timedelta(days=1)
LONGEST_TEXT: Final = 400
SEEN_EVERY: Final = timedelta(minutes=1)
Ask = Literal["off", "optional", "required"]
_PURPOSE: Final = "widget"


class Texts(msgspec.Struct, omit_defaults=True):
    """A widget's own words in one language; empty: the product's."""

    title: str = ""
    welcome: str = ""
    offline: str = ""


class Fields(msgspec.Struct):
    """What a visitor is asked before he can chat."""

    name: Ask = "optional"
    email: Ask = "optional"


class WidgetChange(msgspec.Struct, kw_only=True):
    """What to set; what is unset stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    origins: list[str] | msgspec.UnsetType = msgspec.UNSET
    hue: int | msgspec.UnsetType = msgspec.UNSET
    texts: dict[str, Texts] | msgspec.UnsetType = msgspec.UNSET
    fields: Fields | msgspec.UnsetType = msgspec.UNSET
    team_id: int | None | msgspec.UnsetType = msgspec.UNSET
    hours: str | None | msgspec.UnsetType = msgspec.UNSET
    is_enabled: bool | msgspec.UnsetType = msgspec.UNSET


async def create(session: AsyncSession, vault: Vault, wanted: WidgetChange) -> Widget:
    """Make a widget with a key and a secret of its own.

    Raises:
        Invalid: a value is not possible.
    """
    if wanted.name is msgspec.UNSET:
        raise Invalid.field("name", "A name is needed.")
    key = secrets.token_hex(8)
    account = ChannelAccount(
        channel=CHANNEL, name=f"chat:{key}", address="", display_name=_name(wanted.name), created_at=clock.now()
    )
    session.add(account)
    await session.flush()
    widget = Widget(
        key=key,
        name=account.display_name,
        account_id=account.id,
        origins=[],
        texts={},
        fields=msgspec.to_builtins(Fields()),
        secret=vault.seal(secrets.token_urlsafe(32), _PURPOSE),
        is_enabled=True,
        hue=268,
        version=0,
        created_at=clock.now(),
    )
    session.add(widget)
    await session.flush()
    await _apply(session, widget, wanted)
    widget.version = 1
    events.record(session, WidgetChanged(widget_id=widget.id, changes=["created"]))
    return widget


async def change(session: AsyncSession, widget_id: int, wanted: WidgetChange, if_version: int | None = None) -> Widget:
    """Change a widget.

    Raises:
        NotFound: there is none.
        Stale: somebody has changed it since ``if_version``.
        Invalid: a value is not possible.
    """
    widget = await _locked(session, widget_id)
    if if_version is not None and widget.version != if_version:
        raise Stale("Somebody changed this widget in the meantime.", version=widget.version)
    changed = await _apply(session, widget, wanted)
    if changed:
        widget.version += 1
        events.record(session, WidgetChanged(widget_id=widget.id, changes=changed))
    return widget


async def _locked(session: AsyncSession, widget_id: int) -> Widget:
    widget = await session.scalar(select(Widget).where(Widget.id == widget_id).with_for_update())
    if widget is None:
        raise NotFound("There is no such widget.")
    return widget


async def _apply(session: AsyncSession, widget: Widget, wanted: WidgetChange) -> list[str]:
    """Set what is given; returns the names of what has changed."""
    account = await session.get_one(ChannelAccount, widget.account_id)
    changed: list[str] = []
    for name, value in _checked(wanted).items():
        if name == "team_id":
            await lifecycle.check_team(session, value)
        if name == "hours" and value is not None and await hours.find(session, value) is None:
            raise Invalid.field("hours", "There are no opening hours of this name.")
        owner = account if name == "team_id" else widget
        if getattr(owner, name) != value:
            setattr(owner, name, value)
            changed.append(name)
    account.display_name = widget.name
    return changed


def _checked(wanted: WidgetChange) -> dict[str, Any]:
    given = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    found = {name: value for name, value in given.items() if value is not msgspec.UNSET}
    if "name" in found:
        found["name"] = _name(found["name"])
    if "origins" in found:
        found["origins"] = _origins(found["origins"])
    if "texts" in found:
        found["texts"] = _texts(found["texts"])
    if "fields" in found:
        found["fields"] = msgspec.to_builtins(found["fields"])
    if not 0 <= found.get("hue", 0) <= 360:
        raise Invalid.field("hue", "A hue is a number of degrees from 0 to 360.")
    return found


def _name(value: str) -> str:
    name = " ".join(clean(value).split())
    if not 0 < len(name) <= 80:
        raise Invalid.field("name", "A name of at most 80 characters is needed.")
    return name


def _origins(listed: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(origins.normalise(each) for each in listed if each.strip()))
    if len(found) > origins.MOST:
        raise Invalid.field("origins", f"At most {origins.MOST} sites.")
    return found


def _texts(given: dict[str, Texts]) -> dict[str, Any]:
    if not set(given) <= set(NAMES):
        raise Invalid.field("texts", f"A language is one of {', '.join(NAMES)}.")
    found: dict[str, Any] = {}
    for language, texts in given.items():
        words = {name: clean(value).strip() for name, value in msgspec.to_builtins(texts).items() if value.strip()}
        if any(len(value) > LONGEST_TEXT for value in words.values()):
            raise Invalid.field("texts", f"A text has at most {LONGEST_TEXT} characters.")
        if words:
            found[language] = words
    return found


async def rotate(session: AsyncSession, vault: Vault, widget_id: int) -> str:
    """Give a widget another secret, which is returned; the old one is believed for a day more.

    Raises:
        NotFound: there is none.
    """
    widget = await _locked(session, widget_id)
    fresh = secrets.token_urlsafe(32)
    widget.previous_secret, widget.previous_until = widget.secret, clock.now() + OLD_SECRET_LASTS
    widget.secret = vault.seal(fresh, _PURPOSE)
    widget.version += 1
    events.record(session, WidgetChanged(widget_id=widget.id, changes=["secret"]))
    return fresh


def secret_of(widget: Widget, vault: Vault) -> str:
    """The secret that the customer's site signs with."""
    return vault.open(widget.secret, _PURPOSE)


def keys_of(widget: Widget, vault: Vault) -> list[str]:
    """The secrets that are believed now."""
    held = [widget.secret]
    if widget.previous_secret and widget.previous_until and clock.now() < widget.previous_until:
        held.append(widget.previous_secret)
    return [vault.open(each, _PURPOSE) for each in held]


async def listed(session: AsyncSession) -> list[Widget]:
    """All widgets, oldest first."""
    return list(await session.scalars(select(Widget).order_by(Widget.id)))


async def get(session: AsyncSession, widget_id: int) -> Widget:
    """One widget.

    Raises:
        NotFound: there is none.
    """
    widget = await session.get(Widget, widget_id)
    if widget is None:
        raise NotFound("There is no such widget.")
    return widget


async def team_of(session: AsyncSession, widget: Widget) -> int | None:
    """The team whose agents answer; None: everybody's."""
    return (await session.get_one(ChannelAccount, widget.account_id)).team_id


async def by_key(session: AsyncSession, key: str) -> Widget:
    """The widget of a script tag.

    Raises:
        NotFound: there is none, or it is switched off.
    """
    widget = await session.scalar(select(Widget).where(Widget.key == key.replace("\x00", "")[:40]))
    if widget is None or not widget.is_enabled:
        raise NotFound("There is no such widget.")
    return widget


async def came(session: AsyncSession, widget: Widget, *, socket: bool) -> None:
    """Note how a visitor's browser reaches us, so that a proxy without WebSockets is noticed; once a minute."""
    name = "socket_at" if socket else "fallback_at"
    before: Any = getattr(widget, name)
    if before is None or before < clock.now() - SEEN_EVERY:
        await session.execute(update(Widget).where(Widget.id == widget.id).values({name: clock.now()}))


def lacks_sockets(widget: Widget) -> bool:
    """Whether visitors have to do without WebSockets: some did, and none came by one since."""
    if widget.fallback_at is None:
        return False
    return widget.socket_at is None or widget.socket_at < widget.fallback_at - SEEN_EVERY
