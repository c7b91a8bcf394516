"""HTML from strangers: made safe to show, made readable as text, and text made HTML.

Part of core, below every channel and page that shows what somebody else wrote. Cleaning is done by nh3 (a
real HTML5
parser), never by patterns; reading as text walks over nh3's output, whose form is regular, so patterns are
exact there.
All of it takes time linear in the input, and inputs beyond `MAX_HTML` are cut and flagged.
"""

import html
import re
from collections.abc import Callable
from functools import lru_cache

import nh3

from core.html_cost import is_costly

MAX_HTML = 2_000_000
"""Characters of HTML that are read. The longest honest newsletters have some hundred thousand."""

QUOTE_CLASSES = frozenset((
    "gmail_quote", "gmail_quote_container", "gmail_attr", "gmail_extra", "gmail_signature", "yahoo_quoted",
    "yahoo-quoted-begin", "moz-cite-prefix", "moz-signature", "moz-forward-container", "protonmail_quote",
    "protonmail_signature_block", "zmail_extra", "zmail_extra_hr", "OutlookMessageHeader", "WordSection1",
    "tutanota_quote", "hm_gmail_quote", "quoted_text", "freebirdQuote", "elided-text",
))  # fmt: skip
"""Classes by which mail programs mark quotes and signatures; all others are dropped, so none of a page's
own can hit."""

QUOTE_IDS = frozenset((
    "divRplyFwdMsg", "appendonsend", "OLK_SRC_BODY_SECTION", "mail-editor-reference-message-container",
    "replySplit", "reply-intro", "forwardbody1", "isForwardContent", "isReplyContent",
    "ms-outlook-mobile-signature",
    "Signature", "AppleMailSignature", "yahoo_quoted", "zmail_extra",
))  # fmt: skip
"""Ids by which mail programs mark quotes and signatures; all others are dropped."""

_BLOCK = frozenset(("p", "div", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li",
    "table", "tr",
                    "hr", "center", "dl", "dt", "dd", "section", "article", "header", "footer", "figure",
                    "figcaption",
                    "address", "details", "summary", "caption"))  # fmt: skip
_INLINE = frozenset(("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "del", "dfn",
    "em", "font",
                     "i", "img", "ins", "kbd", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small",
                     "span", "strike",
                     "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"))  # fmt: skip
_TABLE = frozenset(("thead", "tbody", "tfoot", "th", "td", "col", "colgroup"))
_SIZES = {"width", "height", "align", "valign", "bgcolor", "border"}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"style", "title", "dir", "lang", "class", "id"},
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height", "align", "border", "hspace", "vspace"},
    "font": {"color", "face", "size"},
    "blockquote": {"type", "cite"},
    "table": _SIZES | {"cellpadding", "cellspacing"},
    "td": _SIZES | {"colspan", "rowspan", "nowrap"},
    "th": _SIZES | {"colspan", "rowspan", "nowrap", "scope"},
    "tr": _SIZES, "tbody": _SIZES, "thead": _SIZES, "tfoot": _SIZES, "div": {"align"}, "p": {"align"},
    "h1": {"align"}, "h2": {"align"}, "h3": {"align"}, "h4": {"align"}, "hr": {"width", "size", "color",
    "align"},
    "col": {"span", "width"}, "colgroup": {"span", "width"}, "ol": {"start", "type"}, "ul": {"type"},
    "li": {"value"}, "time": {"datetime"}, "bdo": {"dir"}, "br": {"clear"},
}  # fmt: skip
_STYLES = {
    "background-color", "border", "border-bottom", "border-bottom-color", "border-bottom-style",
    "border-bottom-width", "border-collapse", "border-color", "border-left", "border-left-color",
    "border-left-style",
    "border-left-width", "border-radius", "border-right", "border-right-color", "border-right-style",
    "border-right-width", "border-spacing", "border-style", "border-top", "border-top-color",
    "border-top-style",
    "border-top-width", "border-width", "color", "direction", "display", "font", "font-family", "font-size",
    "font-style", "font-variant", "font-weight", "height", "letter-spacing", "line-height", "list-style-type",
    "margin-bottom", "margin-left", "margin-right", "margin-top", "max-height", "max-width", "min-width",
    "padding",
    "padding-bottom", "padding-left", "padding-right", "padding-top", "margin", "table-layout", "text-align",
    "text-decoration", "text-indent", "text-transform", "unicode-bidi", "vertical-align", "white-space",
    "width",
    "word-break", "word-wrap", "overflow-wrap",
}  # fmt: skip
_DATA = re.compile(r"[\x00-\x20]*d[\x00-\x20]*a[\x00-\x20]*t[\x00-\x20]*a[\x00-\x20]*:", re.IGNORECASE)
"""An address that browsers take for ``data:``; they drop control characters and line ends within it."""
_DATA_IMAGE = re.compile(r"^data:image/(?:png|jpe?g|gif|webp|bmp);base64,[A-Za-z0-9+/=\s]*$", re.IGNORECASE)
_UNSAFE_STYLE = re.compile(r"url\s*\(|expression|@import|javascript|behavior|\\", re.IGNORECASE)
_NEGATIVE = re.compile(r":[^;]*(?<![\w.])-\s*[\d.]")


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    """What becomes of an attribute that is on the list; None drops it."""
    if name == "style":
        return _safe_style(value) if len(value) < 1_000 else _checked_style(value)
    if name == "class":
        return " ".join(word for word in value.split() if word.removeprefix("x_") in QUOTE_CLASSES) or None
    if name == "id":
        return value if value.removeprefix("x_") in QUOTE_IDS else None
    if name in ("href", "src") and _DATA.match(value):
        return value if tag == "img" and _DATA_IMAGE.match(value) else None
    if name == "src" and not value.lstrip()[:6].lower().startswith(("http:", "https:", "cid:")):
        return None
    return value


def _checked_style(value: str) -> str | None:
    """The rules of a style attribute that cannot reach out of the message; None when none is left."""
    risky = "-" in value and ("margin" in value or "text-indent" in value)
    if not risky and not _UNSAFE_STYLE.search(value):
        return value or None
    kept = [
        rule
        for rule in value.split(";")
        if not _UNSAFE_STYLE.search(rule)
        and not (rule.lstrip().startswith(("margin", "text-indent")) and _NEGATIVE.search(rule))
    ]
    return ";".join(kept) or None


_safe_style = lru_cache(maxsize=2_048)(_checked_style)
"""The same, remembered: a mail repeats a few styles hundreds of times."""

_OWN_FILE = re.compile(r"/api/attachments/\d{1,15}")


def _keep_own_files(tag: str, name: str, value: str) -> str | None:
    """The same for what our agents write: their pictures lie on our own server."""
    if tag == "img" and name == "src" and _OWN_FILE.fullmatch(value):
        return value
    return _keep_attribute(tag, name, value)


def _cleaner(keep: Callable[[str, str, str], str | None]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_BLOCK | _INLINE | _TABLE),
        clean_content_tags={"script", "style", "title", "head", "template", "noscript", "iframe", "object",
        "svg", "math",
                            "select", "textarea", "audio", "video", "canvas"},
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data", "sms", "xmpp", "callto"},
        link_rel="noopener noreferrer nofollow",
        filter_style_properties=_STYLES,
        strip_comments=True,
    )  # fmt: skip


_CLEANER = _cleaner(_keep_attribute)
_OWN_CLEANER = _cleaner(_keep_own_files)


def sanitise(markup: str) -> str:
    """Make HTML safe to show inside a page of ours.

    Scripts, forms, frames, event handlers, style sheets, classes and ids (but those that mark quotes) are
    removed, CSS
    is reduced to properties that cannot leave the message's box. Images of `cid:`, `http:`, `https:` and
    `data:` stay.

    Args:
        markup: HTML of any quality; beyond `MAX_HTML` characters it is cut (see `is_cut`).

    Returns:
        Clean HTML; every element closed.
    """
    markup = markup[:MAX_HTML].replace("\x00", "")
    if is_costly(markup):
        return text_to_html(html.unescape(re.sub(r"<[^<>]*>", " ", markup)))
    return _CLEANER.clean(markup)


def sanitise_written(markup: str) -> str:
    """Make HTML safe that one of our agents wrote: as `sanitise`, but pictures she uploaded stay.

    Args:
        markup: HTML from an editor of ours.

    Returns:
        Clean HTML; every element closed.
    """
    markup = markup[:MAX_HTML].replace("\x00", "")
    return sanitise(markup) if is_costly(markup) else _OWN_CLEANER.clean(markup)


def is_cut(markup: str) -> bool:
    """Whether `sanitise` leaves out the end of this HTML because it is too long."""
    return len(markup) > MAX_HTML


_TOKEN = re.compile(r"<(/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)>|([^<]+)|<")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_SPACES = re.compile(r"[ \t\r\n\f]+")
_MARKS = re.compile(r'(?:class|id)="(?:x_)?([^"]*)"')
_OUTLOOK_RULE = re.compile(r"border:\s*none;\s*border-top:\s*solid #(?:e1e1e1|b5c4df) 1(?:\.0)?pt", re.IGNORECASE)
_MAX_MARKS = 40
"""Quote marks before a line at most: every line inside deeply nested quotes repeats them."""
_TWICE_EMPTY = re.compile(r"\n{3,}")


class _Writer:
    """Collects the lines of a text while walking over clean HTML."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.prefix = 0
        self.lists: list[int] = []
        self.links: list[tuple[str, int]] = []
        self.pre = 0
        self.bullet = ""
        self.quote_starts: list[int] = []
        self.signature_starts: list[int] = []

    def text(self, raw: str) -> None:
        raw = html.unescape(raw)
        if self.pre:
            first, *rest = raw.split("\n")
            self.line.append(first)
            for item in rest:
                self.end_line(force=True)
                self.line.append(item)
            return
        words = _SPACES.sub(" ", raw)
        if not self.line and not self.bullet:
            words = words.lstrip(" ")
        if words:
            self.line.append(words)

    def end_line(self, *, force: bool = False) -> None:
        text = "".join(self.line).replace("\xa0", " ")
        text = text.rstrip() if self.pre else _SPACES.sub(" ", text).strip()
        self.line = []
        if text or force:
            mark = ("> " * min(self.prefix, _MAX_MARKS)).rstrip()
            self.lines.append(f"{mark} {self.bullet}{text}".rstrip() if mark else self.bullet + text)
            self.bullet = ""

    def paragraph(self) -> None:
        """An empty line, unless there is one."""
        self.end_line()
        mark = ">" * min(self.prefix, _MAX_MARKS)
        if self.lines and self.lines[-1].strip(" >"):
            self.lines.append(" ".join(mark))


_APART = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "table", "pre", "dl"))


def _open(writer: _Writer, tag: str, attributes: str) -> None:
    if tag in _BLOCK:
        if tag in _APART and not (tag in ("ul", "ol") and writer.lists):
            writer.paragraph()
        else:
            writer.end_line()
        _note_marks(writer, attributes)
    if tag == "br":
        writer.end_line(force=True)
    elif tag == "blockquote":
        writer.prefix += 1
    elif tag == "pre":
        writer.pre += 1
    elif tag in ("ul", "ol"):
        writer.lists.append(0 if tag == "ol" else -1)
    elif tag == "li":
        _open_item(writer)
    elif tag == "hr":
        writer.lines.append(("> " * min(writer.prefix, _MAX_MARKS)) + "_" * 32)
    elif tag in ("td", "th") and writer.line:
        writer.line.append(" ")
    elif tag == "img" and (found := re.search(r'alt="([^"]+)"', attributes)):
        writer.line.append(f"[{html.unescape(found[1])}]")
    elif tag == "a":
        found = re.search(r'href="([^"]*)"', attributes)
        writer.links.append((html.unescape(found[1]) if found else "", len(writer.line)))


def _note_marks(writer: _Writer, attributes: str) -> None:
    if not attributes:
        return
    marks = {word for value in _MARKS.findall(attributes) for word in value.split()}
    if marks & _QUOTE_MARKS or _OUTLOOK_RULE.search(attributes):
        writer.quote_starts.append(len(writer.lines))
    elif marks & _SIGNATURE_MARKS:
        writer.signature_starts.append(len(writer.lines))


_QUOTE_MARKS = frozenset((
    "gmail_quote", "gmail_quote_container", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote",
    "zmail_extra",
    "OutlookMessageHeader", "tutanota_quote", "divRplyFwdMsg", "appendonsend", "OLK_SRC_BODY_SECTION",
    "mail-editor-reference-message-container", "replySplit", "reply-intro", "isReplyContent",
))  # fmt: skip
_SIGNATURE_MARKS = frozenset((
    "gmail_signature", "moz-signature", "protonmail_signature_block", "ms-outlook-mobile-signature",
    "AppleMailSignature", "Signature",
))  # fmt: skip


def _open_item(writer: _Writer) -> None:
    indent = "  " * max(len(writer.lists) - 1, 0)
    if writer.lists and writer.lists[-1] >= 0:
        writer.lists[-1] += 1
        writer.bullet = f"{indent}{writer.lists[-1]}. "
    else:
        writer.bullet = f"{indent}- "


def _close(writer: _Writer, tag: str) -> None:
    if tag == "a" and writer.links:
        target, start = writer.links.pop()
        label = "".join(writer.line[start:]).strip()
        plain = target.removeprefix("mailto:")
        if label and target.startswith(("http", "mailto:")) and not _same_link(label, plain):
            writer.line.append(f" <{plain}>")
        return
    if tag not in _BLOCK:
        return
    if tag in _APART and not (tag in ("ul", "ol") and len(writer.lists) > 1):
        writer.end_line()
        if tag == "blockquote":
            writer.prefix = max(writer.prefix - 1, 0)
        writer.paragraph()
    else:
        writer.end_line()
    if tag == "pre":
        writer.pre = max(writer.pre - 1, 0)
    elif tag in ("ul", "ol") and writer.lists:
        writer.lists.pop()


def _same_link(label: str, target: str) -> bool:
    def bare(text: str) -> str:
        return text.lower().removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")

    return bare(label) == bare(target)


def read_clean(clean: str) -> tuple[str, list[int], list[int]]:
    """Read HTML that `sanitise` made as text, with what its structure says about quotes.

    Args:
        clean: Output of `sanitise`.

    Returns:
        The text (`blockquote` as lines that start with `>`), the numbers of the lines where a mail program
        marked the
        start of a quote, and of those where one marked a signature.
    """
    writer = _Writer()
    for closing, tag, attributes, text in _TOKEN.findall(clean):
        if text:
            writer.text(text)
        elif closing:
            _close(writer, tag)
        elif tag:
            _open(writer, tag, attributes)
        else:
            writer.text("<")
    writer.end_line()
    return "\n".join(writer.lines), writer.quote_starts, writer.signature_starts


def html_to_text(markup: str) -> str:
    """Make HTML readable as plain text: paragraphs, lists, quotes and links survive, everything else goes.

    Args:
        markup: HTML of any quality.

    Returns:
        Text with line feeds as line ends and at most one empty line in a row.
    """
    text, _, _ = read_clean(sanitise(markup))
    return _TWICE_EMPTY.sub("\n\n", text).strip()


_LINK = re.compile(
    r"\bhttps?://[^\s<>\"'`{}|\\^]{1,2000}|\bwww\.[^\s<>\"'`{}|\\^]{1,2000}|"
    r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
)
_TRAILING = ".,;:!?)]}'\u00bb\u201d"


def text_to_html(text: str) -> str:
    """Make plain text HTML: escaped, empty lines end paragraphs, line ends stay, addresses become links.

    Args:
        text: Plain text.

    Returns:
        HTML that is safe to show.
    """
    paragraphs = re.split(r"\n[ \t]*\n\s*", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip())
    return "".join(
        f"<p>{linkify(paragraph).replace(chr(10), '<br>' + chr(10))}</p>" for paragraph in paragraphs if paragraph
    )


def linkify(text: str) -> str:
    """Escape plain text and turn its web and mail addresses into links."""
    pieces: list[str] = []
    at = 0
    for found in _LINK.finditer(text):
        target = found[0].rstrip(_TRAILING)
        if found[0].startswith(target + ")") and target.count("(") > target.count(")"):
            target += ")"  # a closing bracket belongs to the address when the address opened it
        if not target:
            continue
        if target.startswith(("http://", "https://")):
            href = target
        else:
            href = f"mailto:{target}" if "@" in target and not target.startswith("www.") else f"https://{target}"
        pieces.append(html.escape(text[at : found.start()], quote=False))
        pieces.append(f'<a href="{html.escape(href)}" rel="noopener noreferrer nofollow">')
        pieces.append(f"{html.escape(target, quote=False)}</a>")
        at = found.start() + len(target)
    pieces.append(html.escape(text[at:], quote=False))
    return "".join(pieces)
