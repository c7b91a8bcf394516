"""What the receiving mail server found out about a mail's sender: SPF, DKIM, DMARC.

Part of the e-mail channel: pure, called by the intake for every mail, so that agents see whether a sender is who it
says, and so that answers of agents by mail are believed only when it is.

A mail can carry any header its sender likes, so only the receiving server's word counts:

- With `trusted` names, the topmost Authentication-Results (RFC 8601) of one of them is believed, and nothing below it.
  That server has to take out what senders forge in its name, as RFC 8601, section 5 demands. A server that adds no name
  to its results (Microsoft 365) is trusted by the empty name: then only the mail's topmost field counts.
- Without any, a result is believed only where no sender can put it: above the topmost Received, which the server that
  took the mail has written.
- Where no such field is found, the same rules are applied to ARC-Authentication-Results (RFC 8617), and then to
  Received-SPF (RFC 7208, section 9.1), which tells of SPF only.

Two domains belong together when they are of one organisation by the Public Suffix List ("relaxed" in RFC 7489).
"""

import functools
import re
from collections.abc import Callable

import msgspec
from publicsuffixlist import PublicSuffixList

from channels.email.parsed import ParsedMail

RESULTS = frozenset(("pass", "fail", "softfail", "none", "neutral", "temperror", "permerror"))
"""Results that are passed on; `hardfail` of old servers is `fail`, and whatever else says nothing."""

_MAX_FIELD = 8_000
_NAME = re.compile(r"^\s*([^\s;=]{1,255})(?:\s+\d{1,3})?\s*$")
_INSTANCE = re.compile(r"^\s*i\s*=\s*\d{1,3}\s*;")
_METHOD = re.compile(r"^\s*(spf|dkim|dmarc)\s*(?:/\s*\d{1,3}\s*)?=\s*([a-z]{1,20})\b", re.IGNORECASE)
_PROPERTY = re.compile(
    r"(?:^|\s)(header\.(?:d|i|from)|smtp\.(?:mailfrom|mail|mfrom|envelope-from))\s*=\s*([^\s;]{1,400})", re.IGNORECASE
)
_SPF = re.compile(r"^\s*([a-z]{1,20})\b", re.IGNORECASE)
_PAIR = re.compile(r"(?:^|[\s;])(receiver|envelope-from)\s*=\s*([^\s;]{1,400})", re.IGNORECASE)


class AuthenticationResults(msgspec.Struct, frozen=True):
    """A receiving server's word about a sender.

    Attributes:
        spf: Whether the sending server may send for the envelope sender's domain (RFC 7208): `pass`, `fail`,
            `softfail`, `none`, `neutral`, `temperror`, `permerror`; empty when unknown.
        dkim: Whether a signature holds (RFC 6376), the best of several; likewise.
        dmarc: Whether the From domain's owner vouches for the mail (RFC 7489); likewise.
        server: Name of the server whose word it is; empty when none is believed, or it gives no name.
        aligned: True when the mail comes from the domain in From: DMARC passed, or DKIM or SPF passed for a domain of
            the same organisation and DMARC did not fail. Never with more than one author.
    """

    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    server: str = ""
    aligned: bool = False


class _Finding(msgspec.Struct):
    """One method's result and the domains it is about."""

    method: str
    result: str
    domains: dict[str, str]


_Reading = tuple[str, list[_Finding]]
"""Name of a server, and its findings."""


def results(mail: ParsedMail, trusted: frozenset[str]) -> AuthenticationResults:
    """The receiving server's findings about a mail.

    Args:
        mail: The mail; its headers in the order in which they stand, the latest first.
        trusted: Names by which our mailbox's servers call themselves, in any case. See the module's text for how they
            are used, and what holds without any.

    Returns:
        The findings; all empty when nothing may be believed.
    """
    names = frozenset(name.strip().lower() for name in trusted)
    domain = _author_domain(mail)
    for field, read in _SOURCES:
        believed = _believed(mail, field, names, read)
        if believed is not None:
            return _judge(*believed, domain)
    return AuthenticationResults()


def _believed(mail: ParsedMail, field: str, names: frozenset[str], read: Callable[[str], _Reading]) -> _Reading | None:
    """What the topmost field that counts says, see the module's text."""
    topmost = True
    for name, value in mail.headers:
        if not names and name.lower() == "received":
            return None
        if name.lower() == field:
            server, findings = read(value[:_MAX_FIELD])
            if not names or (server.lower() in names and (server or topmost)):
                return server, findings
            topmost = False
    return None


def same_organisation(one: str, other: str) -> bool:
    """Whether two domains belong to one organisation by the Public Suffix List (RFC 7489, section 3.2)."""
    one, other = _ascii(one), _ascii(other)
    if not one or not other:
        return False
    return one == other or (organisation(one) or one) == (organisation(other) or other)


def organisation(domain: str) -> str:
    """The domain that an organisation registered, `shop.example` of `mail.shop.example`; "" of a public suffix."""
    return _suffixes().privatesuffix(_ascii(domain)) or ""


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # reading the list takes some hundredths of a second: not at import


def _ascii(domain: str) -> str:
    domain = domain.strip(" .\"'<>").lower()
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _author_domain(mail: ParsedMail) -> str:
    """Domain of the only author; "" when there are several or none."""
    if len(mail.from_) != 1:
        return ""
    return mail.from_[0].address.rpartition("@")[2].lower()


def _read(value: str) -> _Reading:
    """Server and findings of an Authentication-Results field."""
    plain = _plain(_INSTANCE.sub("", value))
    first, *rest = plain.split(";")
    named = _NAME.match(first)
    findings: list[_Finding] = []
    for item in rest if named else [first, *rest]:
        if found := _METHOD.match(item):
            domains = {name.lower(): _domain(data) for name, data in _PROPERTY.findall(item)}
            findings.append(_Finding(found[1].lower(), _result(found[2]), domains))
    return (named[1] if named else ""), findings


def _plain(value: str) -> str:
    """Without comments, and without what would have a meaning inside quotes: senders put there what they like."""
    kept: list[str] = []
    depth = 0
    quoted = escaped = False
    for character in value:
        if escaped:
            escaped = False
        elif character == "\\" and (quoted or depth):
            escaped = True
        elif quoted:
            quoted = character != '"'
            if quoted and character not in ";=()":
                kept.append("_" if character.isspace() else character)
        elif depth:
            depth += (character == "(") - (character == ")")
        elif character == '"':
            quoted = True
        elif character == "(":
            depth = 1
            kept.append(" ")
        else:
            kept.append(character)
    return "".join(kept)


def _domain(value: str) -> str:
    return value.rpartition("@")[2].strip("\"'<>").lower()


def _result(word: str) -> str:
    word = word.lower()
    word = {"hardfail": "fail", "policy": "neutral"}.get(word, word)
    return word if word in RESULTS else ""


def _read_spf(value: str) -> _Reading:
    """Server and the one finding of a Received-SPF field."""
    plain = _plain(value)
    found = _SPF.match(plain)
    pairs = {name.lower(): data.strip("\"'") for name, data in _PAIR.findall(plain)}
    domains = {"smtp.mailfrom": _domain(pairs.get("envelope-from", ""))}
    return pairs.get("receiver", ""), [_Finding("spf", _result(found[1]) if found else "", domains)]


_SOURCES: tuple[tuple[str, Callable[[str], _Reading]], ...] = (
    ("authentication-results", _read),
    ("arc-authentication-results", _read),
    ("received-spf", _read_spf),
)


def _judge(server: str, findings: list[_Finding], domain: str) -> AuthenticationResults:
    spf, dkim, dmarc = (_best([item for item in findings if item.method == name]) for name in ("spf", "dkim", "dmarc"))
    return AuthenticationResults(
        spf=spf, dkim=dkim, dmarc=dmarc, server=server, aligned=dmarc != "fail" and _aligned(findings, domain)
    )


def _best(findings: list[_Finding]) -> str:
    """The result of a method; one signature that holds is enough."""
    stated = [item.result for item in findings if item.result]
    return "pass" if "pass" in stated else next(iter(stated), "")


def _aligned(findings: list[_Finding], domain: str) -> bool:
    if not domain:
        return False
    return any(
        same_organisation(domain, about) for item in findings if item.result == "pass" for about in _about(item, domain)
    )


def _about(item: _Finding, domain: str) -> list[str]:
    """The domains that a passed finding vouches for; DMARC is about From by definition where it names none."""
    if item.method == "dmarc":
        return [item.domains.get("header.from") or domain]
    if item.method == "dkim":
        return [item.domains.get("header.d") or item.domains.get("header.i", "")]
    return [data for name, data in item.domains.items() if name.startswith("smtp.")]
