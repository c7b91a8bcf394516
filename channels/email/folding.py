"""Fold the quoted part of an HTML mail by its structure, so that a timeline shows what is new.

Called by ``channels/email/reader`` beside the plain-text split of ``core/quoting``. Folding never deletes: both halves
are kept, and when the new part would be empty or stand after the quote too, everything stays in the first half.
"""

from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from core.html_cost import is_costly

MARKERS: Final = (
    "div.gmail_quote",
    "div.gmail_quote_container",
    "blockquote[type=cite]",
    "div#appendonsend",
    "div#divRplyFwdMsg",
    "div.moz-cite-prefix",
    "div.yahoo_quoted",
    "div.protonmail_quote",
    "div.zmail_extra",
    "div#mail-editor-reference-message-container",
    "blockquote.gmail_quote",
    "div[style*='border-top:solid #E1E1E1']",
    "div[style*='border-top:solid #B5C4DF']",
)
"""Gmail; Apple Mail and Thunderbird; Outlook on the web and mobile; Yahoo; Proton; Zoho; Outlook for Windows."""
_LIMIT: Final = 2_000_000


def fold(html: str, reply_text: str) -> tuple[str, str]:
    """The new part and the quoted part of an HTML body (not yet sanitised); the second is empty when in doubt.

    Args:
        html: the body.
        reply_text: what the plain-text rules found to be new. Were part of it folded away (answers between the
            quotes), nothing is folded.
    """
    if not html or len(html) > _LIMIT or is_costly(html):
        return html, ""
    tree = LexborHTMLParser(html)
    first = tree.css_first(", ".join(MARKERS))
    if first is None or tree.body is None:
        return html, ""
    quoted = _cut_from(first, tree.body)
    rest = (tree.body.text(strip=True) or "").strip()
    if not rest and tree.body.css_first("img") is None:
        return html, ""
    if len(_squeezed(rest)) < 0.9 * len(_squeezed(reply_text)):
        return html, ""
    return tree.body.inner_html or "", quoted


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _cut_from(first: LexborNode, body: LexborNode) -> str:
    """Take ``first`` and everything after it out of the tree; returns its HTML in document order."""
    pieces: list[str] = []
    node: LexborNode | None = first
    while node is not None and node != body and node.tag not in ("body", "html"):
        parent = node.parent
        following = node if node is first else node.next
        while following is not None:
            after = following.next
            pieces.append(following.html or "")
            following.decompose()
            following = after
        node = parent
    return "".join(pieces)
