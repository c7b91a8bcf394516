"""Mails that the desk writes to customers by itself, as text and HTML: paragraphs, and links with their words.

Used with ``channels/notices`` by whoever has something to say; the words come translated.
"""

import html as markup
from typing import NamedTuple


class Link(NamedTuple):
    """A place to go to; the text form of the mail shows the address below the words."""

    words: str
    url: str


def written(*parts: str | Link) -> tuple[str, str]:
    """The text and the HTML of a mail.

    Args:
        parts: paragraphs and links in their order; empty ones are left out.
    """
    kept = [part for part in parts if part]
    text = "\n\n".join(f"{part.words}\n{part.url}" if isinstance(part, Link) else part for part in kept)
    return text, "".join(map(_html, kept))


def _html(part: str | Link) -> str:
    if isinstance(part, Link):
        return f'<p><a href="{markup.escape(part.url)}">{markup.escape(part.words)}</a></p>'
    return f"<p>{markup.escape(part).replace(chr(10), '<br>')}</p>"
