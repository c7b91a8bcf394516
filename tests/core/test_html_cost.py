"""HTML that would hold a parser for minutes is told from honest HTML, in linear time and without a parser."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from core.html import html_to_text, sanitise
from core.html_cost import MAX_DEPTH, is_costly

NAMES = (
    "div", "b", "font", "a", "table", "td", "tr", "li", "dd", "ul", "p", "span", "button", "h1", "option", "ruby",
    "form", "object", "center", "i", "caption", "x", "pre", "style", "title", "body", "img", "dl",
)  # fmt: skip
BOMBS = {
    "unclosed": "<div>" * 100_000,
    "ends of nothing": "<div></x>" * 100_000,
    "ends in attributes": '<div title="</div>">' * 60_000,
    "ends in comments": "<div><!--</div>-->" * 60_000,
    "ends in styles": "<div><style></div></style>" * 40_000,
    "ends that are held up": "<span><p></span>" * 60_000,
    "ends behind a table": "<div><table></div>" * 50_000,
    "upper case": "<DIV>" * 100_000,
    "closed in themselves": "<div/>" * 100_000,
    "two kinds of points": "<li><dd>" * 100_000,
    "a quote that is a name": '<a ="><b title=">x</b>' * 40_000,
    "opened again": "".join(f"<font size={number}></x><p></x>" for number in range(20_000)),
    "attributes": "<p " + " ".join(f"a{number}='>'" for number in range(60_000)) + ">",
}


@pytest.mark.parametrize("markup", BOMBS.values(), ids=BOMBS.keys())
def test_html_that_holds_a_parser_is_told_and_read_as_text(markup: str) -> None:
    """Whatever hides that elements stay open: it is seen, and reading the megabyte takes seconds."""
    started = time.process_time()
    assert is_costly(markup)
    sanitise(markup)
    html_to_text(markup)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "markup",
    [
        "<table>" + "<tr><td align=left><p>x<td><font color=red>y</font>" * 3_000 + "</table>",
        "<div><span>x</span><br><img src='a>b'></div>" * 3_000,
        "<ul>" + "<li>point <a href=x>y</a>" * 3_000 + "</ul>",
        "<!-- <div> -->" * 1_000,
        "<style>a > b {}</style>" + "<p class=MsoNormal>x<o:p></o:p></p>" * 2_000,
        "1 < 2 & <" * 5_000,
    ],
)
def test_long_honest_html_stays_html(markup: str) -> None:
    """Thousands of closed elements, and of those that end by themselves, are no burden."""
    assert not is_costly(markup)


def test_deeply_nested_quotes_do_not_blow_up_the_text() -> None:
    """A line inside hundreds of quotes is not hundreds of marks long."""
    text = html_to_text("<blockquote>" * 300 + "<p>y</p>" * 1_000)
    assert len(text) < 200_000
    assert "> y" in text


def depth(markup: str) -> int:
    """How deep a real parser's tree is."""
    root = LexborHTMLParser(markup).root
    deepest = 0
    waiting: list[tuple[LexborNode, int]] = [(root, 1)] if root is not None else []
    while waiting:
        node, level = waiting.pop()
        deepest = max(deepest, level)
        child = node.child
        while child is not None:
            waiting.append((child, level + 1))
            child = child.next
    return deepest


PIECES = st.one_of(
    st.sampled_from([f"<{name}>" for name in NAMES]),
    st.sampled_from([f"</{name}>" for name in NAMES]),
    st.sampled_from([f"<!--</{name}>-->" for name in NAMES]),
    st.sampled_from([f"<{name} a='</{name}>'>" for name in NAMES]),
    st.sampled_from(['"', "x", '<b ="></b x=">', "<i/>"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=8))
def test_what_passes_is_as_shallow_as_promised(pieces: list[str]) -> None:
    """No pattern of tags, repeated, gets a parser deeper than what was found to be no burden."""
    markup = "".join(pieces) * 500
    assert is_costly(markup) or depth(markup) <= MAX_DEPTH + 10
