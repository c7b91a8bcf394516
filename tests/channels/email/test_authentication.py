"""The receiving server's word about senders, and what senders forge; all made up here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.authentication import AuthenticationResults, organisation, results, same_organisation
from channels.email.parse import parse_mail

OURS = frozenset(("MX.shop.example",))


def read(head: str, trusted: frozenset[str] = OURS, author: str = "Jo <jo@home.example>") -> AuthenticationResults:
    """Findings about a mail with these fields above its own."""
    return results(parse_mail(f"{head}\nFrom: {author}\nTo: desk@shop.example\nSubject: x\n\nHi\n".encode()), trusted)


def test_an_ordinary_field() -> None:
    """Methods, server and alignment of a field as RFC 8601 has it, with comments, folds and a version."""
    found = read(
        "Authentication-Results: mx.shop.example 1;\n\tspf=pass (sender (home) says; dmarc=fail) smtp.mailfrom=bounce.home.example;\n"
        "\tdkim=pass (2048-bit key; unprotected) header.d=home.example header.i=@home.example header.b=abc;\n"
        "\tdmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=home.example\nReceived: from a by mx.shop.example"
    )
    assert found == AuthenticationResults("pass", "pass", "pass", "mx.shop.example", aligned=True)


@pytest.mark.parametrize(
    ("items", "aligned"),
    [
        ("dmarc=pass header.from=home.example", True),
        ("dmarc=pass", True),
        ("dmarc=pass header.from=other.example", False),
        ("dkim=pass header.d=home.example", True),
        ("dkim=pass header.d=mail.home.example", True),
        ("dkim=pass header.i=@home.example", True),
        ("dkim=pass header.d=mailer.example", False),
        ("dkim=fail header.d=home.example; dkim=pass header.d=mailer.example", False),
        ("dkim=fail header.d=mailer.example; dkim=pass header.d=home.example", True),
        ("spf=pass smtp.mailfrom=bounces@news.home.example", True),
        ("spf=pass smtp.mailfrom=mailer.example", False),
        ("spf=pass smtp.helo=home.example", False),
        ("spf=softfail smtp.mailfrom=home.example", False),
        ("dkim=pass header.d=home.example; dmarc=fail header.from=home.example", False),
        ("spf=none; dkim=none", False),
        ("none", False),
    ],
)
def test_alignment(items: str, *, aligned: bool) -> None:
    """What passed must be about the author's organisation."""
    assert read(f"Authentication-Results: mx.shop.example; {items}").aligned is aligned


def test_only_the_topmost_of_a_trusted_server_counts() -> None:
    """Fields of strangers, and fields below the receiving server's own, are the sender's invention."""
    forged = "Authentication-Results: mx.shop.example; dmarc=pass header.from=home.example"
    strange = "Authentication-Results: mx.evil.example; dmarc=pass header.from=home.example"
    true = "Authentication-Results: mx.shop.example; dmarc=fail header.from=home.example"
    assert read(f"{strange}\n{true}\nReceived: x\n{forged}") == AuthenticationResults(
        dmarc="fail", server="mx.shop.example"
    )
    assert read(strange) == AuthenticationResults()


def test_without_trusted_names_only_what_no_sender_can_place() -> None:
    """A field above the topmost Received is the receiving server's; one below may be anybody's."""
    field = "Authentication-Results: mx.shop.example; dmarc=pass header.from=home.example"
    assert read(f"{field}\nReceived: x", frozenset()).aligned
    assert read(f"Received: x\n{field}", frozenset()) == AuthenticationResults()
    assert read(f"X: y\nAuthentication-Results: mx.other.example; dmarc=fail\n{field}", frozenset()).dmarc == "fail"


def test_a_server_without_a_name() -> None:
    """Microsoft gives no name: with the empty name trusted, the topmost field counts, and no other."""
    field = "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\n smtp.mailfrom=home.example; dkim=pass (signature was verified)\n header.d=home.example;dmarc=bestguesspass action=none\n header.from=home.example;compauth=pass reason=109"
    unnamed = frozenset(("", "mx.shop.example"))
    assert read(f"Received: x\n{field}", unnamed) == AuthenticationResults("pass", "pass", "", "", aligned=True)
    assert read(f"Authentication-Results: mx.evil.example; spf=fail\n{field}", unnamed) == AuthenticationResults()
    assert read(field) == AuthenticationResults()


def test_the_other_fields_when_there_is_no_first() -> None:
    """ARC's copy of the results, and then SPF's own field."""
    arc = "ARC-Authentication-Results: i=1; mx.shop.example; dkim=pass header.d=home.example"
    spf = 'Received-SPF: pass (home.example: 192.0.2.1 is authorized) receiver=mx.shop.example; client-ip=192.0.2.1; envelope-from="jo@home.example";'
    assert read(f"{spf}\n{arc}") == AuthenticationResults(dkim="pass", server="mx.shop.example", aligned=True)
    assert read(spf) == AuthenticationResults(spf="pass", server="mx.shop.example", aligned=True)
    assert read(spf.replace("receiver=mx.shop", "receiver=mx.evil")) == AuthenticationResults()


@pytest.mark.parametrize(
    "items",
    [
        'spf=pass smtp.mailfrom="a; dmarc=pass header.from=home.example"@evil.example',
        'spf=pass (" \\) dmarc=pass; dkim=pass header.d=home.example) smtp.mailfrom=evil.example',
        'spf=pass (it\'s " odd) smtp.mailfrom=evil.example; dkim=none (") header.d=home.example',
        "spf=pass smtp.mailfrom==?utf-8?q?x=3B_dmarc=3Dpass_header=2Efrom=3Dhome.example?=@evil.example",
        "spf=pass (never closed; dmarc=pass header.from=home.example",
        "spf=pass smtp.mailfrom=jo@home.example@evil.example",
        "x-dmarc=pass header.from=home.example; xdkim=pass header.d=home.example",
    ],
)
def test_what_senders_write_into_addresses_proves_nothing(items: str) -> None:
    """Quotes, comments and encoded words are the sender's to choose."""
    found = read(f"Authentication-Results: mx.shop.example; {items}")
    assert not found.aligned
    assert found.dmarc == ""


def test_several_authors_are_never_aligned() -> None:
    """Who else stands in From is vouched for by nobody."""
    field = "Authentication-Results: mx.shop.example; dmarc=pass header.from=home.example"
    assert not read(field, author="jo@home.example, ann@shop.example").aligned
    assert not read(f"{field}\nFrom: ann@shop.example").aligned
    assert not read(field, author="Jo").aligned


def test_domains_of_one_organisation() -> None:
    """The Public Suffix List tells where an organisation's own domain begins."""
    assert organisation("mail.shop.co.uk") == "shop.co.uk"
    assert organisation("co.uk") == ""
    assert same_organisation("a.shop.co.uk", "shop.co.uk")
    assert not same_organisation("one.co.uk", "two.co.uk")
    assert not same_organisation("one.github.io", "two.github.io")
    assert same_organisation("BÜCHER.example", "mail.xn--bcher-kva.example")
    assert not same_organisation("", "")


@given(st.text(max_size=200))
def test_any_field_is_read(value: str) -> None:
    """Whatever stands there, nothing fails, and results are those of the standard."""
    found = read("Authentication-Results: mx.shop.example; " + value.replace("\n", " ").replace("\r", " "))
    assert {found.spf, found.dkim, found.dmarc} <= {
        "",
        "pass",
        "fail",
        "softfail",
        "none",
        "neutral",
        "temperror",
        "permerror",
    }
