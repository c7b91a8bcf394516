"""Names of hosts: what browsers send of them, what people read, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.hosts import ascii_host, is_port, readable


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Help.Example.org", "help.example.org"),
        ("localhost", "localhost"),
        ("उदाहरण.परीक्षा", "xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g"),
        ("सहायता。भारत", "xn--h2bv0aezc.xn--h2brj9c"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("faß.de", "xn--fa-hia.de"),
        ("क्\u200dष.com", "xn--11b2ezcw70k.com"),  # the joiner counts
    ],
)
def test_hosts_are_kept_as_browsers_send_them(typed: str, kept: str) -> None:
    """In small ASCII letters, whatever script they are written in."""
    assert ascii_host(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "a..b", ".a", "a b", "-a.example", "a_b.example", "a/b", "x" * 64, "ा.example", "a@b", "☃.example"]
)
def test_what_no_host_can_be_called(typed: str) -> None:
    """Nothing is made up of it."""
    assert ascii_host(typed) is None


@given(st.text(max_size=20))
def test_what_is_read_is_what_is_kept(typed: str) -> None:
    """Whoever saves what she is shown changes nothing."""
    kept = ascii_host(typed)
    if kept is not None:
        assert ascii_host(readable(kept)) == kept
        assert readable(f"{kept}:8443") == f"{readable(kept)}:8443"


def test_ports() -> None:
    """From 1 to 65535."""
    assert [each for each in ("0", "1", "65535", "65536", "99999", "000001", "१", "", "-1") if is_port(each)] == [
        "1", "65535"
    ]  # fmt: skip
