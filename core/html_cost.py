"""Tell HTML that would cost a parser quadratic time, before any parser sees it.

Part of core, called by `core.html` and by everybody else who parses HTML of strangers. The time of an HTML5 parser
grows with the number of elements times the number of those that are open, and with the square of a tag's attributes:
a mail of less than a megabyte can hold a process for minutes, and nothing can interrupt it meanwhile. So tags are read
here as the standard's tokeniser reads them (HTML, 13.2.5), in linear time, and an upper bound of the open elements is
kept. The bound errs on the side of too many: an element counts as closed only where the standard says so beyond doubt.
"""

import re
from collections import Counter
from typing import Final

MAX_DEPTH: Final = 400
"""Open elements up to which HTML is parsed as HTML."""
MAX_ATTRIBUTES: Final = 500
"""Attributes of one tag up to which HTML is parsed as HTML. Honest tags have a dozen."""
_SPACE: Final = "\t\n\f\r "
_ATTRIBUTE: Final = (
    rf"[^{_SPACE}/>][^{_SPACE}/>=]*+(?:[{_SPACE}]*+=[{_SPACE}]*+"
    rf"(?:\"[^\"]*+\"|'[^']*+'|[^{_SPACE}\"'>][^{_SPACE}>]*+)?+)?+"
)
_ATTRIBUTES: Final = re.compile(_ATTRIBUTE)
_TOKEN: Final = re.compile(
    rf"<!--(?:-?>|.*?(?:--!?>|\Z))|<(?P<cdata>!\[CDATA\[)|<[!?][^>]*+>?|"
    rf"<(?P<close>/?)(?P<name>[a-z][^{_SPACE}/>]*+)(?P<rest>(?:[{_SPACE}/]++|{_ATTRIBUTE})*+)(?:>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_RAW: Final = {
    name: re.compile(rf"</{name}(?=[{_SPACE}/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes")
}
"""Elements in which tags are text, with what ends them."""
_OTHER_RULES: Final = frozenset(("svg", "math", "noscript", "plaintext", "select", "template", "frameset"))
"""Inside these tags are read otherwise, and parsers differ. Honest mails of that many elements have none of them."""
_FLAT: Final = frozenset((
    "br", "img", "hr", "input", "meta", "link", "col", "wbr", "area", "base", "source", "embed", "param", "track",
    "html", "head", "body", "p", "tr", "td", "th", "tbody", "thead", "tfoot",
))  # fmt: skip
"""Elements without an end, and those that cannot be inside their like without a counted one in between."""
_GROUPS: Final = {"li": "li", "dd": "dd", "dt": "dd", "option": "option"}
"""Elements that end where the next of their group begins."""
_FORMATTING: Final = frozenset((
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
))  # fmt: skip
"""Elements that are opened again after the block in which they were not closed."""
_BARRIERS: Final = frozenset(("table", "caption", "marquee", "object", "applet", "button"))
"""Elements beyond which an end tag does not reach."""
_ENDING: Final = frozenset((
    "div", "center", "blockquote", "ul", "ol", "dl", "pre", "section", "article", "header", "footer", "figure", "main",
    "address",
))  # fmt: skip
"""Elements whose end tag ends everything inside them but barriers."""

_NOT_HELD: Final = _FORMATTING | _BARRIERS | {"h1", "h2", "h3", "h4", "h5", "h6", "li", "dd", "dt", "form"}
"""Further elements that an open paragraph does not keep from ending."""


class _Open:
    """The elements that are open, outermost first, and how many more may be.

    Attributes:
        names: of the elements.
        held: for each, whether a paragraph is open in it: paragraphs add no depth, but they hold end tags up.
        counts: how many elements of a name are open.
        left: elements that were left without a sure end.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.held: list[bool] = []
        self.counts: Counter[str] = Counter()
        self.left = 0

    def begin(self, name: str) -> None:
        """An element begins, maybe in place of the one before it."""
        group = _GROUPS.get(name)
        if group and self.names and _GROUPS.get(self.names[-1]) == group:
            self._pop()
        self.names.append(name)
        self.held.append(False)
        self.counts[name] += 1

    def paragraph(self, *, begins: bool) -> None:
        """A paragraph begins or ends in the innermost element."""
        if self.held:
            self.held[-1] = begins

    def end(self, name: str) -> None:
        """An end tag: the innermost element of this name ends, and what is inside it ends or is left open."""
        if name in _FLAT or not self.counts[name]:
            return
        inner: list[str] = []
        held = self.held[-1]
        while (last := self._pop()) != name:
            inner.append(last)
            held = held or self.held[-1]
        if name in _ENDING and not _BARRIERS.intersection(inner):
            self.left += sum(each in _FORMATTING for each in inner)
        elif inner or (held and name not in _NOT_HELD):
            self.left += len(inner) + 1

    def _pop(self) -> str:
        self.held.pop()
        name = self.names.pop()
        self.counts[name] -= 1
        return name


def is_costly(markup: str) -> bool:
    """Whether a parser might need quadratic time for this HTML.

    Args:
        markup: HTML of any quality.

    Returns:
        True if more than `MAX_DEPTH` elements may be open at once, or a tag has more than `MAX_ATTRIBUTES` attributes.
    """
    many = markup.count("<") - markup.count("</") > MAX_DEPTH
    open_ = _Open()
    at = 0
    while (token := _TOKEN.search(markup, at)) is not None:
        at = token.end()
        if token["name"] is None:
            if token["cdata"]:
                return True
            continue
        name = token["name"].lower()
        if many and name in _OTHER_RULES:
            return True
        if _too_many_attributes(token["rest"]):
            return True
        if name == "p":
            open_.paragraph(begins=not token["close"])
        elif token["close"]:
            open_.end(name)
        elif name in _RAW:
            end = _RAW[name].search(markup, at)
            at = end.start() if end else len(markup)
        elif name not in _FLAT:
            open_.begin(name)
        if len(open_.names) + open_.left > MAX_DEPTH:
            return True
    return False


def _too_many_attributes(rest: str) -> bool:
    return len(rest) > 2 * MAX_ATTRIBUTES and sum(1 for _ in _ATTRIBUTES.finditer(rest)) > MAX_ATTRIBUTES
