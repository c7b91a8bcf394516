"""Mails out of an mbox file (RFC 4155), as mail programs write it.

Part of the e-mail channel; pure. Used by the commands that read stored mails.
"""

import re
from collections.abc import Iterator
from typing import Final

_START: Final = re.compile(rb"(?:\A|\n\r?\n)From [^\n]{3,300}\d{4}[^\n]{0,40}\n")
"""The line before each mail: behind an empty line, with a sender and a date; so no sentence is taken for one."""
_MARKED: Final = re.compile(rb"^>(?=>*From )", re.MULTILINE)
"""Lines of a mail that would look like the start of the next; the angle bracket in front is not the mail's."""


def is_mbox(raw: bytes) -> bool:
    """Whether a file begins as an mbox does."""
    return _START.match(raw) is not None


def messages(raw: bytes) -> Iterator[bytes]:
    """The mails of an mbox, as they were before they were put into it; none where there is no such line."""
    found = list(_START.finditer(raw))
    ends = [each.start() + 1 for each in found[1:]]
    for start, end in zip(found, [*ends, len(raw)], strict=True):
        content = raw[start.end() : end]
        if content.strip():
            yield _MARKED.sub(b"", content)
