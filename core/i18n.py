"""Languages of what customers see: translations by gettext, dates and numbers by Babel, the choice of a language.

Kernel module, used by the portal's templates and by mails that the product writes itself. The one store of
translations is ``locale/<language>/LC_MESSAGES/sampark.po`` (``tools/i18n.py``), for the console as well. English is in
the sources. A compiled ``.mo`` beside it is used while it is younger; otherwise the PO file is read, so nothing has to
be built before the first start.
"""

import functools
import gettext
import io
from datetime import date, datetime
from pathlib import Path
from typing import Final

from babel import dates, numbers
from babel.core import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

DOMAIN: Final = "sampark"
NAMES: Final = {"en": "English", "hi": "हिन्दी", "mr": "मराठी", "bn": "বাংলা", "kn": "ಕನ್ನಡ"}
"""The languages of the product, each in its own words."""

Day = date | datetime
"""What has a day; inside :class:`Language` the word ``date`` is a method's."""

_NO_COUNTRIES: Final = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
_PARTS: Final = frozenset({"AC", "CP", "CQ", "DG", "EA", "IC", "TA"})  # of countries that have codes of their own

_GROUPS: Final = "#,##,##0.###"  # CLDR has it for all our languages but Kannada, which is used in the same shops
_HERE: Final = Path(__file__).resolve().parent
# In a wheel the catalogues lie inside this package, in a checkout beside it.
FOLDER: Final = next((path for path in (_HERE / "locale", _HERE.parent / "locale") if path.is_dir()), _HERE / "locale")


def catalogue(language: str) -> Path:
    """Where the translations of a language are kept."""
    return FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"


@functools.cache
def translations(language: str) -> gettext.NullTranslations:
    """The translations of a language; without a catalogue, as in English, sentences stay as they are."""
    source = catalogue(language)
    if language == "en" or not source.is_file():
        return gettext.NullTranslations()
    compiled = source.with_suffix(".mo")
    if compiled.is_file() and compiled.stat().st_mtime >= source.stat().st_mtime:
        with compiled.open("rb") as file:
            return gettext.GNUTranslations(file)
    with source.open("rb") as file:
        read = read_po(file, locale=language)
    buffer = io.BytesIO()
    write_mo(buffer, read)
    buffer.seek(0)
    return gettext.GNUTranslations(buffer)


def is_language(code: str) -> bool:
    """Whether a code (ISO 639, perhaps with a region as in ``pt-BR``) names a language that there is."""
    try:
        found = Locale.parse(code, sep="-")
    except (ValueError, TypeError, UnknownLocaleError):
        return False
    return found.language in Locale("en").languages


def choose(wanted: str | None, default: str = "en") -> str:
    """The language for an Accept-Language header (RFC 9110 section 12.5.4): the best of ours, else the default.

    Args:
        wanted: the header's value, or a single language tag.
        default: what to take when nothing fits.
    """
    offers: list[tuple[float, int, str]] = []
    for place, part in enumerate((wanted or "")[:500].split(",")):
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            quality = 0.0
        offers.append((-quality, place, tag.strip().partition("-")[0].lower()))
    return next((tag for quality, _, tag in sorted(offers) if quality < 0 and tag in NAMES), default)


@functools.cache
def country_codes() -> frozenset[str]:
    """Codes of all countries (ISO 3166, and Kosovo); CLDR's territories also have unions, parts and codes for tests."""
    two_letters = {code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha()}
    return frozenset(two_letters - _NO_COUNTRIES - _PARTS)


class Language:
    """One language's words, dates and numbers.

    Args:
        code: one of :data:`NAMES`.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        self.words = translations(code)
        self._locale = Locale.parse("en_IN" if code == "en" else f"{code}_IN")

    def text(self, message: str) -> str:
        """A sentence of the product in this language."""
        return self.words.gettext(message)

    def plural(self, one: str, many: str, count: int) -> str:
        """The form for a number; ``%(num)s`` in it stands for the number."""
        return self.words.ngettext(one, many, count) % {"num": self.number(count)}

    def number(self, value: float) -> str:
        """With the grouping that is used in India (12,34,567) and Latin digits."""
        return numbers.format_decimal(value, format=_GROUPS, locale=self._locale)

    def date(self, value: date | datetime) -> str:
        """As in "Tuesday, 3 March 2026". Aware instants must be in the reader's time zone already."""
        return dates.format_date(value, "EEEE, d MMMM y", locale=self._locale)

    def day(self, value: Day) -> str:
        """As in "3 March 2026"; instants as for :meth:`date`."""
        return dates.format_date(value, "d MMMM y", locale=self._locale)

    def moment(self, value: datetime) -> str:
        """As in "3 March 2026, 14:05"; an aware instant in the reader's time zone."""
        return f"{self.day(value)}, {value:%H:%M}"

    def countries(self) -> dict[str, str]:
        """Code of a country → its name, in the order of the names."""
        named = {code: str(name) for code, name in self._locale.territories.items() if code in country_codes()}
        return dict(sorted(named.items(), key=lambda item: item[1].casefold()))

    def money(self, hundredths: int, currency: str) -> str:
        """An amount with its currency, as in "₹27,990.00"."""
        grouped = f"¤{_GROUPS.partition('.')[0]}.00"
        return numbers.format_currency(hundredths / 100, currency, grouped, locale=self._locale, currency_digits=False)

    def size(self, octets: int) -> str:
        """A file size: whole megabytes, or kilobytes below one."""
        if octets >= 1_000_000:
            return self.text("%(number)s MB") % {"number": self.number(octets // 1_000_000)}
        return self.text("%(number)s kB") % {"number": self.number(max(1, octets // 1000))}
