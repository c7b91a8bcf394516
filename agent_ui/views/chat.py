"""Shapes of widgets and of the conversations behind them."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from agent_ui.views.base import EmailText, Id, Input, View
from channels.chat.models import Widget
from channels.chat.widgets import Ask, Fields, Texts, WidgetChange, lacks_sockets

Goes = Literal["window", "mail", "nowhere"]
Site = Annotated[str, msgspec.Meta(max_length=300)]


class ChatView(View):
    """The live conversation of a ticket.

    ``goes``: where an answer goes now: into the visitor's window, by mail to ``email`` because he has left, or nowhere
    because no address is known. ``is_signed``: his site has vouched for who he is; else it is what he typed.
    """

    id: int
    state: str
    widget: str
    name: str
    email: str | None
    is_signed: bool
    is_online: bool
    left_at: datetime | None
    goes: Goes
    page_url: str
    page_title: str
    read_message_id: int | None
    rating: int | None
    rating_comment: str
    time_zone: str | None


class PresentVisitor(View):
    """A visitor who is there now, and the ticket of his conversation."""

    ticket_id: int
    page_title: str


class TranscriptInput(Input):
    """Where the conversation is mailed to; left out: the visitor's own address."""

    email: EmailText | None = None


class TranscriptView(View):
    """Where it was mailed to."""

    email: str


class TextsView(View):
    """A widget's own words in one language; empty: the product's."""

    title: str
    welcome: str
    offline: str


class FieldsView(View):
    """What a visitor is asked before he can chat."""

    name: Ask
    email: Ask


class TextsInput(Input):
    """A widget's own words in one language; what is left out is the product's."""

    title: str = ""
    welcome: str = ""
    offline: str = ""


class FieldsInput(Input):
    """What a visitor is asked before he can chat."""

    name: Ask = "optional"
    email: Ask = "optional"


class WidgetView(View):
    """A widget. ``lacks_sockets``: visitors' browsers could not open a WebSocket lately; a proxy may be in the way."""

    id: int
    key: str
    name: str
    origins: list[str]
    hue: int
    texts: dict[str, TextsView]
    fields: FieldsView
    team_id: int | None
    hours: str | None
    is_enabled: bool
    snippet: str
    lacks_sockets: bool
    version: int


class SecretView(View):
    """A widget with its secret, which is shown this once."""

    widget: WidgetView
    secret: str


class WidgetInput(Input):
    """What to set; what is not sent stays."""

    name: Annotated[str, msgspec.Meta(max_length=200)] | msgspec.UnsetType = msgspec.UNSET
    origins: Annotated[list[Site], msgspec.Meta(max_length=50)] | msgspec.UnsetType = msgspec.UNSET
    hue: int | msgspec.UnsetType = msgspec.UNSET
    texts: dict[str, TextsInput] | msgspec.UnsetType = msgspec.UNSET
    fields: FieldsInput | msgspec.UnsetType = msgspec.UNSET
    team_id: Id | msgspec.UnsetType | None = msgspec.UNSET
    hours: Annotated[str, msgspec.Meta(max_length=60)] | msgspec.UnsetType | None = msgspec.UNSET
    is_enabled: bool | msgspec.UnsetType = msgspec.UNSET


def change_of(data: WidgetInput) -> WidgetChange:
    """The wish as the service takes it."""
    change = WidgetChange(name=data.name, origins=data.origins, hue=data.hue)
    change.team_id, change.hours, change.is_enabled = data.team_id, data.hours, data.is_enabled
    if isinstance(data.texts, dict):
        change.texts = {code: Texts(each.title, each.welcome, each.offline) for code, each in data.texts.items()}
    if isinstance(data.fields, FieldsInput):
        change.fields = Fields(data.fields.name, data.fields.email)
    return change


def _texts(kept: dict[str, str]) -> TextsView:
    return TextsView(title=kept.get("title", ""), welcome=kept.get("welcome", ""), offline=kept.get("offline", ""))


def widget_view(widget: Widget, team_id: int | None, base_url: str) -> WidgetView:
    """A widget as its settings show it, with the tag to copy."""
    return WidgetView(
        id=widget.id,
        key=widget.key,
        name=widget.name,
        origins=list(widget.origins),
        hue=widget.hue,
        texts={code: _texts(each) for code, each in widget.texts.items()},
        fields=msgspec.convert(widget.fields, FieldsView),
        team_id=team_id,
        hours=widget.hours,
        is_enabled=widget.is_enabled,
        snippet=f'<script async src="{base_url}/widget/{widget.key}.js"></script>',
        lacks_sockets=lacks_sockets(widget),
        version=widget.version,
    )
