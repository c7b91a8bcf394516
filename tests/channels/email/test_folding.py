"""Folding the quoted part of HTML: what programs mark is folded, and nothing ever vanishes."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.folding import fold
from channels.email.parse import parse_mail
from core.html import html_to_text

CLIENTS = {
    "gmail": '<div>Yes.</div><br><div class="gmail_quote"><div class="gmail_attr">On Monday Ann wrote:<br></div>'
    '<blockquote class="gmail_quote">Old</blockquote></div>',
    "outlook": '<div><p>Yes.</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
    "<p><b>From:</b> Ann</p></div></div><p>Old</p></div>",
    "outlook web": '<div>Yes.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Ann</div><p>Old</p>',
    "outlook mobile": '<div>Yes.</div><div id="mail-editor-reference-message-container"><div>From: Ann</div><p>Old</p></div>',
    "apple": '<div>Yes.<br><blockquote type="cite"><div>On Monday, Ann wrote:</div><div>Old</div></blockquote></div>',
    "thunderbird": '<p>Yes.</p><div class="moz-cite-prefix">Ann wrote:</div><blockquote type="cite">Old</blockquote>',
    "yahoo": '<div>Yes.</div><div class="yahoo_quoted"><div>On Monday, Ann wrote:</div><div>Old</div></div>',
    "proton": '<div>Yes.</div><div class="protonmail_quote">Ann wrote:<blockquote type="cite">Old</blockquote></div>',
    "zoho": '<div>Yes.</div><div class="zmail_extra"><div>Ann wrote</div><blockquote>Old</blockquote></div>',
}  # fmt: skip


def seen(*markup: str) -> list[str]:
    """The visible words of pieces of HTML, in order."""
    return re.sub(r"[>_\s]+", " ", " ".join(html_to_text(piece) for piece in markup)).split()


@pytest.mark.parametrize("client", CLIENTS)
def test_quotes_of_mail_programs_are_folded(client: str) -> None:
    """The answer stays, the quote and its introduction go to the second half, and nothing is lost."""
    new, quoted = fold(CLIENTS[client], "Yes.")
    assert seen(new) == ["Yes."]
    assert "Old" in seen(quoted)
    assert seen(new, quoted) == seen(CLIENTS[client])


@pytest.mark.parametrize(
    ("markup", "reply"),
    [
        ("<blockquote type=cite>One?</blockquote><p>Yes.</p><blockquote type=cite>Two?</blockquote><p>No.</p>", "Yes. No."),
        ('<div class="gmail_quote"><blockquote>Old</blockquote></div><p>Below it is my answer.</p>', "Below it is my answer."),
        ("<blockquote type=cite>Only a quote</blockquote>", ""),
        ("<p>Nothing is quoted here.</p>", "Nothing is quoted here."),
        ("", ""),
    ],
)  # fmt: skip
def test_in_doubt_everything_is_shown(markup: str, reply: str) -> None:
    """Answers between and below quotes, a quote alone, and no quote at all are left as they are."""
    assert fold(markup, reply) == (markup, "")


PIECES = st.sampled_from([
    *CLIENTS.values(), "<p>words</p>", "<div>more<b>bold</b></div>", "<blockquote type=cite>said", "</blockquote>",
    '<div class="gmail_quote">', "</div>", "<table><tr><td>cell</td></tr></table>", "plain ", "<ul><li>item</ul>", "</p>",
])  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=12), st.sampled_from(["", "Yes.", "words"]))
def test_folding_loses_no_word(pieces: list[str], reply: str) -> None:
    """Whatever the structure, both halves together hold each visible word as often as the whole."""
    markup = "".join(pieces)
    new, quoted = fold(markup, reply)
    assert sorted(seen(new, quoted)) == sorted(seen(markup))


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=8))
def test_reply_and_quote_of_html_hold_every_word(pieces: list[str]) -> None:
    """The plain text of a mail with only HTML is wholly in its reply and its quote."""
    read = parse_mail(("From: a@b.example\nContent-Type: text/html\n\n" + "".join(pieces)).encode())
    both = f"{read.reply_text}\n{read.quoted_text}"
    assert sorted(both.split()) == sorted(read.text.split())


def test_html_that_would_hold_the_parser_is_not_folded() -> None:
    """A mail of a megabyte that nothing closes costs no minutes in which the whole desk stands still."""
    html = "<div></x>" * 100_000
    started = time.process_time()
    assert fold(html, "x") == (html, "")
    assert time.process_time() - started < 2
