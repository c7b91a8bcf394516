"""Addresses of articles and categories in words, in any script: ``reset-the-filter``, ``फ्रिज-ठंडा-नहीं``.

Letters, their signs and digits stay, everything else becomes a hyphen. A slug is made of the title once and then only
changed by hand, so that addresses stay; an old one leads to the new one (``knowledge_base/addresses.py``).
"""

import re
import unicodedata
from typing import Final

from core.errors import Invalid

LONGEST: Final = 80
_RUN: Final = re.compile(r"-{2,}")


def slug_of(title: str) -> str:
    """The slug of a title; empty when it has no letter and no digit."""
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", title).lower())
    kept = "".join(one if unicodedata.category(one)[0] in "LMN" else "" if one in "'’" else "-" for one in text)
    slug = _RUN.sub("-", kept).strip("-")
    if len(slug) <= LONGEST:
        return slug
    cut = slug[: LONGEST + 1].rpartition("-")[0] or slug[:LONGEST]
    return cut.strip("-")


def checked(slug: str) -> str:
    """A slug that somebody typed, in its normal form.

    Raises:
        Invalid: nothing is left of it.
    """
    normal = slug_of(slug)
    if not normal:
        raise Invalid.field("slug", "An address needs letters or digits.")
    return normal
