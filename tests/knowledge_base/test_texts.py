"""Markdown as safe HTML, pasted text as Markdown, texts without personal data, addresses in words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from knowledge_base.markdown import Picture, render, video_of
from knowledge_base.pasted import to_markdown
from knowledge_base.redaction import Known, redact
from knowledge_base.slugs import checked, slug_of
from knowledge_base.visitors import hashed, words_to_keep

PIECES = st.sampled_from([
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "[x](javascript:alert(1))",
    "![x](data:text/html,x)", "<a href='java&#10;script:x'>y</a>", "<iframe src=//e>", "<style>*{}</style>", "`", "```\n",
    "> [!NOTE]\n> ", "# ", "\n\n", "1. ", "- ", "|a|b|\n|-|-|\n", "<details>", "</details>", "<div class='x' style='y'>",
    "[a](article:3)", "![p](/kb/files/3)", "](/kb/files/3)", "<img src='/kb/files/3' onload=x>", "ठंडा", "&lt;", "<!--",
    "https://youtu.be/dQw4w9WgXcQ", "<form action=//e>", "<h2 id='login'>", "<input autofocus onfocus=x>", "<base href=//e>",
])  # fmt: skip
ALLOWED = re.compile(
    r"</?(?:p|br|hr|blockquote|pre|code|ul|ol|li|table|thead|tbody|tr|th|td|strong|em|s|del|sub|sup|kbd|mark|a|img|div|"
    r"details|summary|dl|dt|dd|abbr|h[2-6])(?: [^<>]*)?>"
)


@pytest.mark.timeout(30)
def test_thousands_of_equal_headings_are_no_burden() -> None:
    """Each has an id of its own; finding the next one does not begin at the first again."""
    found = render("# a\n" * 40_000)
    assert (found.headings[0].id, found.headings[1].id, found.headings[-1].id) == ("s-a", "s-a-2", "s-a-40000")


@given(st.lists(PIECES, max_size=12).map("".join))
def test_whatever_is_written_nothing_acts(body: str) -> None:
    """Only the tags of the list come out, without handlers, styles, scripts or addresses of others' pictures."""
    html = render(body).placed({3: Picture("/ok.png")}, {3: "/ok"})
    left = ALLOWED.sub("", html)
    assert "<" not in left, left
    for tag in re.findall(r"<[^>]+>", html):
        bare = re.sub(r'"[^"]*"', '""', tag)
        assert not re.search(r"\son\w+=|\sstyle=|\ssrcdoc=", bare), tag
        assert not re.search(r'(?:href|src)="(?!https?:|mailto:|tel:|/ok|#)', tag), tag
    assert {one for one in re.findall(r' id="([^"]*)"', html) if not one.startswith("s-")} == set()


def test_an_article_has_what_articles_have() -> None:
    """Callouts in the reader's language, steps, tables with heads, headings with ids, films as plain links."""
    found = render(
        "# Reset *it*\n\n> [!WARNING]\n> Pull the plug.\n\n1. One\n2. Two\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n"
        "## Reset it\n\n[A film](https://www.youtube.com/watch?v=dQw4w9WgXcQ)\n\n- [x] done\n\n"
        "<details><summary>More</summary>\n\nInside *it*\n\n</details>\n"
    )
    assert [(one.level, one.id, one.text) for one in found.headings] == [
        (2, "s-reset-it", "Reset it"),
        (3, "s-reset-it-2", "Reset it"),
    ]
    for piece in (
        '<h2 id="s-reset-it">',
        '<div class="callout callout-warning" role="note">',
        '<p class="callout-title">Warning</p>',
        '<ol class="steps">',
        '<th scope="col" align="right">b</th>',
        '<p class="video"><a href="https://www.youtube.com/watch?v=dQw4w9WgXcQ" class="video-link" data-video="youtube:dQw4w9WgXcQ"',
        '<li class="task-list-item">☑ done</li>',
        "<details><summary>More</summary>",
    ):
        assert piece in found.html, piece
    assert "Pull the plug." in found.text


def test_pictures_and_links_of_ours_find_their_places() -> None:
    """A picture that the reader may have gets its address and size; one she may not have, and strangers', do not show."""
    body = "![a](/kb/files/1) ![b](/kb/files/2) ![c](https://elsewhere.example/c.png) [d](article:1) [e](article:2)"
    html = render(body).placed({1: Picture("/f/1?a=1&b=2", 30, 40)}, {1: "/one"})
    assert html.count("<img") == 1
    assert 'src="/f/1?a=1&amp;b=2" alt="a" width="30" height="40" loading="lazy"' in html
    assert '<a href="https://elsewhere.example/c.png" rel="noopener noreferrer">c</a>' in html
    assert '<a href="/one">d</a> e' in html


def test_addresses_in_the_text_become_links() -> None:
    """As they are typed, without the full stop behind them; not in code, and not twice."""
    html = render(
        "See https://a.example/x?y=1, or (https://b.example/). `https://c.example` [d](https://d.example)"
    ).html
    assert re.findall(r'href="([^"]+)"', html) == ["https://a.example/x?y=1", "https://b.example/", "https://d.example"]
    assert 'data-video="youtube:dQw4w9WgXcQ"' in render("https://youtu.be/dQw4w9WgXcQ").html


@pytest.mark.parametrize(
    ("url", "film"),
    [
        ("https://youtu.be/dQw4w9WgXcQ", "youtube:dQw4w9WgXcQ"),
        ("https://player.vimeo.com/video/123456", "vimeo:123456"),
        ("https://example.org/a.mp4", "file"),
        ("https://example.org/a.html", None),
        ("https://www.youtube.com/watch?v=<script>", None),
        ("ftp://youtu.be/dQw4w9WgXcQ", None),
        ("https://[", None),
    ],
)
def test_films_are_known_by_their_address(url: str, film: str | None) -> None:
    """Of the big services by number, of others by the ending of a file."""
    assert video_of(url) == film


WORD = (
    "<html><head><style>p{}</style></head><body><!--[if gte mso 9]><xml>x</xml><![endif]--><h1>Title</h1>"
    "<p class=MsoNormal>Hello&nbsp;<b>World</b> <o:p></o:p> a &lt;b&gt;</p>"
    "<p class=MsoListParagraphCxSpFirst style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>1.<span>&nbsp;</span></span>First</p>"
    "<p class=MsoListParagraphCxSpMiddle style='mso-list:l0 level2 lfo1'><span style='mso-list:Ignore'>·</span>Inner</p>"
    "<p class=MsoListParagraphCxSpLast style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>2.</span>Second "
    "<span style='font-weight:700'>bold</span></p><table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table>"
    "<img src='data:x' alt='pic'><script>alert(1)</script><a href='javascript:x'>bad</a></body></html>"
)


def test_paste_from_word_is_cleaned() -> None:
    """Lists that Word types as paragraphs become lists, styles and scripts go, a lost picture is counted."""
    found = to_markdown(WORD)
    assert found.markdown == (
        "## Title\n\nHello **World** a \\<b>\n\n1. First\n    - Inner\n1. Second **bold**\n\n"
        "| a | b |\n| --- | --- |\n| 1 | 2 |\n\npicbad"
    )
    assert found.lost_images == 1
    assert "<b>" not in render(found.markdown).html


LETTER = """Dear Asha Rao,

please call +91 98765 43210 or write to asha.rao@customer.example. Order ORD-12345 with serial TN12345678 goes to Pune 411001.
Asha's filter: press reset for 3 seconds, wait 20 minutes at 230 V. Model TUF-340L needs part 7712-A.

Kind regards,
Neha Kulkarni
Tuhinara Care"""


def test_personal_data_is_stripped_and_listed() -> None:
    """Names, addresses, numbers of orders, devices and telephones go; what the article is about stays."""
    text, removed = redact(LETTER, Known(names=("Asha Rao", "Neha Kulkarni"), emails=("asha.rao@customer.example",)))
    for private in ("Asha", "Rao", "98765", "customer.example", "ORD-12345", "TN12345678", "411001", "Neha", "regards"):
        assert private not in text
    for useful in ("3 seconds", "20 minutes", "230 V", "TUF-340L", "7712-A"):
        assert useful in text
    assert {one.kind for one in removed} == {"name", "email", "phone", "order", "serial", "postcode"}
    assert ("ORD-12345", "[order number]", 1) in {(one.text, one.placeholder, one.count) for one in removed}


@given(
    st.lists(
        st.sampled_from(["Priya", "Priya Shah", "priya@x.example", "+919812345678", "ok", "filter", "\n"]), max_size=9
    )
)
def test_what_is_known_never_stays(words: list[str]) -> None:
    """However often and wherever it stands."""
    known = Known(names=("Priya Shah",), emails=("priya@x.example",), phones=("+919812345678",))
    text, _ = redact(" ".join(words), known)
    assert not re.search(r"priya|shah|98123", text, re.IGNORECASE)


def test_slugs_keep_every_script() -> None:
    """Letters and their signs stay; what has neither is refused."""
    assert slug_of("Fridge isn't cooling? (TUF-340L)") == "fridge-isnt-cooling-tuf-340l"
    assert slug_of("फ्रिज ठंडा नहीं कर रहा") == "फ्रिज-ठंडा-नहीं-कर-रहा"
    assert slug_of("ফ্রিজ / ঠান্ডা") == "ফ্রিজ-ঠান্ডা"
    assert slug_of("ಫ್ರಿಜ್ ತಣ್ಣಗಾಗುತ್ತಿಲ್ಲ") == "ಫ್ರಿಜ್-ತಣ್ಣಗಾಗುತ್ತಿಲ್ಲ"
    assert len(slug_of("word " * 60)) <= 80
    with pytest.raises(Invalid):
        checked("??")


def test_visitors_are_hashes_and_words_lose_numbers() -> None:
    """The same marks are the same visitor, none is nobody, and nothing private is kept of a question."""
    assert hashed("key", "a") == hashed("key", "a") != hashed("other", "a")
    assert hashed("key", "", "") == ""
    assert words_to_keep("My order 12345678, mail a@b.example  NOW") == "my order …, mail … now"
