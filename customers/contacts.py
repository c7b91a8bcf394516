"""One spelling for each address and number, so that one person is found whichever way she writes it."""

import re
import unicodedata

import phonenumbers

from core.errors import Invalid

_SPACES = re.compile(r"\s+")


def normalise_email(address: str) -> str:
    """Lower case, NFC, without surrounding blanks and angle brackets.

    The local part is case-sensitive by RFC 5321 section 2.4 and never in practice; plus parts are kept, since
    they may be other people (``jobs+anna@``).

    Raises:
        Invalid: it is not an address.
    """
    value = _SPACES.sub("", unicodedata.normalize("NFC", address)).strip("<>\"'").lower()
    local, at, domain = value.rpartition("@")
    if not (at and local and domain) or len(value) > 320 or any(ord(char) < 33 for char in value):
        raise Invalid.field("email", "This is not an e-mail address.")
    return value


def leads_nowhere(address: str) -> bool:
    """Whether nobody can ever be reached at an address: its domain is set aside for that (RFC 2606, section 2)."""
    return address.rpartition("@")[2].rstrip(".").lower().rpartition(".")[2] == "invalid"


def normalise_phone(number: str, country: str) -> str:
    """E.164, e.g. ``+919822000000``.

    Args:
        number: as written.
        country: where numbers without a country code belong (ISO 3166).

    Raises:
        Invalid: it cannot be a telephone number.
    """
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        raise Invalid.field("phone", "This is not a telephone number.") from None
    if not phonenumbers.is_possible_number(parsed):
        raise Invalid.field("phone", "This number has too few or too many digits.")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def name_from(display: str, address: str) -> str:
    """What to call somebody: the name the mail gives, else the local part made readable."""
    name = _SPACES.sub(" ", display).strip(" \"'")
    if name and "@" not in name:
        return name[:200]
    local = address.partition("@")[0].partition("+")[0]
    words = [word for word in re.split(r"[._\-]+", local) if word]
    return " ".join(word.capitalize() if word.islower() else word for word in words)[:200] or address
