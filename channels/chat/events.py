"""What can happen in a chat beside its messages. Field names are what the timeline and the live feed read."""

from core.events import Event


class ChatMoved(Event, frozen=True, kw_only=True):
    """The stream has grown, or somebody has read further: a wake-up for those who show it, and nothing to keep."""

    kind = "chat.moved"
    chat_id: int


class VisitorLeft(Event, frozen=True, kw_only=True):
    """The visitor has no page of the site open any more."""

    kind = "chat.visitor_left"
    chat_id: int


class VisitorCameBack(Event, frozen=True, kw_only=True):
    """The visitor is there again."""

    kind = "chat.visitor_back"
    chat_id: int


class TurnedToMail(Event, frozen=True, kw_only=True):
    """The visitor did not come back: answers go by mail from now on, or nowhere where no address is known."""

    kind = "chat.turned_to_mail"
    chat_id: int
    address: str | None


class VisitorRead(Event, frozen=True, kw_only=True):
    """The visitor has looked at what was said, up to a message."""

    kind = "chat.read"
    chat_id: int
    message_id: int


class ChatEnded(Event, frozen=True, kw_only=True):
    """One of both has ended the conversation: ``agent`` or ``visitor``."""

    kind = "chat.ended"
    chat_id: int
    by: str


class WidgetChanged(Event, frozen=True, kw_only=True):
    """A widget was made or changed."""

    kind = "widget.changed"
    widget_id: int
    changes: list[str]
