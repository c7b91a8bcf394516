"""Domains of organisations that were stored before the rule: which are too deep, and which can simply be put right."""

from customers.domains import deeper, renamed


def test_what_lies_below_a_registered_domain_is_found() -> None:
    """By the Public Suffix List; free mail and numbers belong to nobody."""
    domains = ["firm.co.in", "mail.firm.co.in", "mail.other.example", "gmail.com", "x.gmail.com", "10.0.0.5"]
    assert deeper(domains) == {"mail.firm.co.in": "firm.co.in", "mail.other.example": "other.example"}


def test_only_what_nobody_else_could_be_called_is_renamed() -> None:
    """Two that would share a name stay apart: one would read the other's requests."""
    assert renamed({"mail.firm.co.in"}) == {"mail.firm.co.in": "firm.co.in"}
    assert renamed({"mail.firm.co.in", "firm.co.in"}) == {}
    assert renamed({"a.firm.co.in", "b.firm.co.in", "c.other.example"}) == {"c.other.example": "other.example"}
