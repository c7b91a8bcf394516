"""Messages made ready to be shown: images that would tell the sender that his mail was read are held back.

The HTML was made safe when it came in (``core/html``); its form is regular, so patterns are exact here.
"""

import re
from typing import Final

from tickets.timeline import EventItem, Item, MessageItem, NoteItem

_IMAGE: Final = re.compile(r"<img\b(?:[^>\"]|\"[^\"]*\")*>", re.IGNORECASE)
_REMOTE: Final = re.compile(r"(\s)src=(\"(?:https?:)?//)", re.IGNORECASE)


def hold_back_images(markup: str) -> str:
    """Rename the ``src`` of images from elsewhere to ``data-blocked-src``; our own and embedded ones stay."""
    if "<img" not in markup:
        return markup
    return _IMAGE.sub(lambda found: _REMOTE.sub(r"\1data-blocked-src=\2", found[0]), markup)


def show(items: list[Item]) -> list[Item]:
    """The same items with images from elsewhere held back."""
    return [item if isinstance(item, EventItem) else show_item(item) for item in items]


def show_item(item: MessageItem | NoteItem) -> MessageItem | NoteItem:
    """One message or note with images from elsewhere held back."""
    item.html = hold_back_images(item.html)
    if isinstance(item, MessageItem) and item.quoted_html:
        item.quoted_html = hold_back_images(item.quoted_html)
    return item
