"""What the portal says of products: how they are covered, and what is wrong with what was typed.

The rules themselves are in ``products``; their refusals carry a stable reason, which is put into the visitor's language
here.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from core.errors import Invalid
from core.i18n import Language
from products.listing import RegistrationRow


def state_words(language: Language, row: RegistrationRow) -> str:
    """How a product is covered today, in a sentence."""
    _ = language.text
    day = language.day(row.until) if row.until else ""
    return {
        "in_warranty": _("In warranty until %(day)s") % {"day": day},
        "contract": _("Covered by your contract until %(day)s") % {"day": day},
        "expired": _("The cover ended on %(day)s") % {"day": day},
        "none": _("No warranty is known"),
    }[row.state]


def complaints(language: Language, problem: Invalid) -> dict[str, str]:
    """Field → complaint, in the order of the fields on the page."""
    found: dict[str, str] = {}
    for each in problem.extra.get("errors", []):
        field = str(each["field"])
        found.setdefault(_FIELDS.get(field, field), _complaint(language, each))
    order = ("product", "serial", "purchased_on", "country", "seller", "files", "words")
    known = {name: found[name] for name in order if name in found}
    return known | {name: words for name, words in found.items() if name not in known}


_FIELDS = {"proof": "files", "email": "email"}


def _complaint(language: Language, error: Mapping[str, Any]) -> str:
    _ = language.text
    values: dict[str, Any] = dict(error.get("values") or {})
    if "first" in values:
        values["first"] = language.day(date.fromisoformat(values["first"]))
    if "wanted" in values:
        values["wanted"] = str(values["wanted"]).replace(" or ", ", ")
    said = {
        "serial_empty": _("Enter the serial number. It is on the plate of the product."),
        "serial_too_long": _("This is too long for a serial number."),
        "serial_characters": _("“%(character)s” cannot be part of a serial number."),
        "serial_length": _(
            "This has %(found)s characters; serial numbers of this product have %(wanted)s, such as %(example)s."
        ),
        "serial_place": _(
            "Character %(place)s, “%(character)s”, cannot stand there. A serial number looks like %(example)s."
        ),
        "serial_check_digit": _("A character is wrong, or two have changed places. Compare it with the plate, please."),
        "date_missing": _("Enter the date of the purchase. It is on the bill."),
        "date_unreadable": _("This does not look like a date."),
        "date_future": _("This date is in the future."),
        "date_early": _("This product has been sold since %(first)s."),
        "country": _("Choose the country for which you bought it."),
        "inactive": _("This product cannot be registered any more."),
        "too_long": _("This is too long: %(most)s characters are possible."),
        "email": _("This does not look like an e-mail address. It should look like name@example.com."),
        "proof_empty": _("“%(name)s” is empty."),
        "proof_large": _("“%(name)s” is too large: a file may have 10 MB."),
        "proof_kind": _("“%(name)s” cannot be used. Send a photo or a PDF of the bill."),
    }.get(error.get("reason") or "")
    return said % values if said else str(error["message"])
