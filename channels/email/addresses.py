"""Address lists of mail headers.

Part of the e-mail channel, used by `channels.email.parse`. Reads what RFC 5322, section 3.4 allows and what
is sent
instead: missing quotes, several spellings of names, encoded words inside quotes, only a name. One pass, so a
list of
ten thousand recipients costs milliseconds.
"""

import re

from channels.email.headers import decode_words
from channels.email.parsed import Address

MAX_ADDRESSES = 20_000
"""Addresses of one header that are kept."""

MAX_NAME = 2_000
"""Characters of one mailbox's name that are looked at."""

_SPECIAL = re.compile(r'["(<>,;:]')
_BARE = re.compile(r"[^\s<>\"(),;:\[\]]{1,300}@[^\s<>\"(),;:]+")
_WHITE = re.compile(r"\s+")
_ESCAPED = re.compile(r"\\(.)")


def parse_addresses(value: str) -> list[Address]:
    """Read an address header.

    Args:
        value: Unfolded value, encoded words not yet decoded (a decoded name may hold commas).

    Returns:
        The mailboxes in order, members of groups among them. Parts without an address are kept with their
        name only.
    """
    if value.count("=?") == 1 and "@" not in value:
        value = decode_words(value)  # some senders encode the whole header
    found: list[Address] = []
    for name, route, comment in _tokens(value):
        item = _address(name, route, comment)
        if item is not None:
            found.append(item)
        if len(found) >= MAX_ADDRESSES:
            break
    return found


def _tokens(value: str) -> list[tuple[str, str | None, str]]:
    """Cut at commas: (text outside brackets, text inside angle brackets or None, comments)."""
    items: list[tuple[str, str | None, str]] = []
    name: list[str] = []
    comment: list[str] = []
    route: str | None = None
    at = 0
    closed = True
    for _ in range(len(value) + 1):
        hit = _SPECIAL.search(value, at)
        name.append(value[at : hit.start() if hit else len(value)])
        if hit is None:
            break
        at = hit.end()
        if hit[0] == '"':
            end = _end_of_quote(value, at) if closed else -1
            closed = end >= 0  # once a quote stays open, looking again for every later one would take quadratic time
            name.append(_ESCAPED.sub(r"\1", value[at:end]) if closed else "")
            at = end + 1 if closed else at
        elif hit[0] == "(":
            end = value.find(")", at)
            comment.append(value[at : end if end >= 0 else len(value)])
            at = end + 1 if end >= 0 else len(value)
        elif hit[0] == "<":
            end = value.find(">", at)
            inner = value[at : end if end >= 0 else len(value)]
            route = inner if route is None or "@" in inner else route
            at = end + 1 if end >= 0 else len(value)
        elif hit[0] == ":" and "@" not in "".join(name):
            name = []  # the name of a group
        elif hit[0] in ",;":
            if route is not None or "@" in "".join(name) or hit[0] == ";" or not _continues(value, at):
                items.append(("".join(name), route, " ".join(comment)))
                name, comment, route = [], [], None
            else:
                name.append(",")  # "Doe, John <j@example.com>" without the quotes it needs
    items.append(("".join(name), route, " ".join(comment)))
    return items


def _end_of_quote(value: str, at: int) -> int:
    end = value.find('"', at)
    while end > 0 and value[end - 1] == "\\":
        end = value.find('"', end + 1)
    return end


def _continues(value: str, at: int) -> bool:
    """Whether the text up to the next separator is the rest of a name before an angle bracket."""
    hit = _SPECIAL.search(value, at)
    return hit is not None and hit[0] == "<" and "@" not in value[at : hit.start()]


def _address(name: str, route: str | None, comment: str) -> Address | None:
    name = _WHITE.sub(" ", decode_words(name[:MAX_NAME])).strip().strip("'").strip()
    if route is not None:
        route = route[:MAX_NAME]
        address = _WHITE.sub("", decode_words(route)).rpartition(":")[2].strip("<>,;\"'")
        if address.lower().startswith("mailto"):
            address = address[6:]
        if not address and (inside := _BARE.search(name)):
            return Address(name=name.replace(inside[0], "").strip(), address=inside[0])
        return Address(name=name, address=address) if address or name else None
    if found := _BARE.search(name):
        rest = (name[: found.start()] + " " + name[found.end() :]).strip(" '\"[]")
        return Address(name=rest or decode_words(comment).strip(), address=found[0].strip(".'"))
    return Address(name=name, address="") if name else None
