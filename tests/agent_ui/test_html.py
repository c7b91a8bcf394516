"""Strangers' HTML on its way to a screen: nothing is fetched from elsewhere, and links say where they lead."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_ui.html import cut, hold_back_images, name_targets
from core.html import sanitise

ELSEWHERE = "track.example"


@pytest.mark.parametrize(
    "source",
    [
        "https://track.example/x.gif",
        " https://track.example/x.gif",
        "https:\n//track.example/x",
        "https:\\\\track.example\\x",
        "HTTPS:track.example/x",
        "http:/track.example",
        "https://track.example/a b?c=&quot;",
    ],
)
def test_images_from_elsewhere_are_held_back_however_they_are_spelled(source: str) -> None:
    """Browsers read all of these as addresses of another host."""
    shown = hold_back_images(sanitise(f'<p>x<img alt="a src=" title="b>c" src="{source}"></p>'))
    assert shown.blocked == 1
    assert not re.search(r"\ssrc=\"", shown.markup.replace('alt="a src="', ""))
    assert "data-blocked-src=" in shown.markup


def test_images_that_came_with_the_mail_stay() -> None:
    """By Content-ID, in the HTML itself, or on this desk."""
    for source in ("cid:logo@x", "data:image/png;base64,AAAA", "/api/attachments/7"):
        markup = f'<img src="{source}">'
        assert hold_back_images(markup).markup == markup
        assert hold_back_images(markup).blocked == 0


@pytest.mark.parametrize(
    ("href", "label", "place"),
    [
        ("https://evil.example.net/x", "www.mybank.com", "evil.example.net"),
        ("https://mybank.com.evil.net/", "https://mybank.com/login", "mybank.com.evil.net"),
        ("https://mybank.com@evil.net/", "mybank.com", "evil.net"),
        ("https:\\\\evil.net", "mybank.com", "evil.net"),
        ("http://evil.net", "<b>my</b>bank.com", "evil.net"),
        ("http://evil.net", "my\u200bbank.com", "evil.net"),
        ("http://evil.net", "Log in (mybank.com)", "evil.net"),
        ("http://m\u0443bank.com", "m\u0443bank.com", "xn--mbank-eze.com"),
        ("mailto:thief@evil.net", "help@mybank.com", "thief@evil.net"),
        ("http://evil.example/", "http://bank.example/", "evil.example"),
        ("http://evil.example/", "Log in at HTTPS://bank.example.", "evil.example"),
        ("http://evil.example/", "http://intranet/login", "evil.example"),
        ("http://10.1.0.1/", "http://10.2.0.1:8080/", "10.1.0.1"),
    ],
)
def test_a_link_that_says_another_place_is_marked(href: str, label: str, place: str) -> None:
    """The host that it really leads to stands behind it, as DNS sees it."""
    shown = name_targets(sanitise(f'<p><a href="{href}">{label}</a> and more</p>'))
    assert f"[→ {place}]</small> and more" in shown


@pytest.mark.parametrize(
    ("href", "label"),
    [
        ("https://www.mybank.com/x", "mybank.com"),
        ("https://click.mybank.co.in/x?y=1", "www.mybank.co.in/offer"),
        ("https://mybank.com", "Click here"),
        ("https://mybank.com", "report.pdf"),
        ("https://mybank.com", "Version 2.0.1 of 3.5"),
        ("https://mybank.com", '<img src="cid:x" alt="y">'),
        ("mailto:help@mybank.com?subject=x", "help@mybank.com"),
        ("tel:+911234", "+91 1234"),
        ("http://www.bank.example/x", "http://bank.example/"),
        ("http://10.1.0.1/", "http://10.1.0.1/"),
        ("http://intranet/login", "http://intranet/login"),
        ("http://bank.example/", "orders.csv, notes.example"),
    ],
)
def test_an_honest_link_only_has_its_address_as_title(href: str, label: str) -> None:
    """No note where nothing is hidden; an old title of the sender's is gone."""
    shown = name_targets(sanitise(f'<a href="{href}" title="Trust me">{label}</a>'))
    assert "→" not in shown
    assert f'title="{href.split("&", maxsplit=1)[0]}' in shown
    assert "Trust me" not in shown


def test_a_link_to_nowhere_has_no_address() -> None:
    """Addresses of our own pages, and ones without a host, cannot be clicked."""
    for href in ("/api/session", "https:", "http://[", "console", "//"):
        assert "href=" not in name_targets(sanitise(f'<a href="{href}">x</a>')), href


def test_links_in_links_are_all_named() -> None:
    """A table lets a parser keep a link inside a link."""
    nested = sanitise('<a href="http://a.com">b.com<table><tr><td><a href="http://c.com">d.com</a></table></a>')
    shown = name_targets(nested)
    assert "[→ c.com]" in shown and "[→ a.com]" in shown


@given(st.text(alphabet="<>/=\"' aimgsrchef:.tpx&;#\n", max_size=300))
def test_no_text_is_lost_and_nothing_gets_in(markup: str) -> None:
    """Whatever a mail holds: its text stays, the form stays clean, and no image is fetched."""
    clean = sanitise(markup)
    shown = hold_back_images(clean).markup
    for source in re.findall(r"<img\b[^>]*?\ssrc=\"([^\"]*)\"", shown):
        assert source.startswith(("cid:", "data:"))
    with_notes = re.sub(r" <small>\[→ [^]]*\]</small>", "", name_targets(clean))
    assert re.sub(r"<[^>]*>", "", with_notes) == re.sub(r"<[^>]*>", "", clean)


def test_long_html_is_cut_whole() -> None:
    """What is cut stays well formed, and short HTML stays as it is."""
    long = "<div>" + "<p>words</p>" * 40_000 + "</div>"
    short = cut(long)
    assert len(short) <= 200_100
    assert short.endswith("</div>")
    assert cut("<p>x") == "<p>x"
