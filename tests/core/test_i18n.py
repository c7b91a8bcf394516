"""Languages: the choice of one, plural forms, dates and numbers, and that no translation is missing or broken."""

import os
import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from core import i18n
from core.i18n import Language, choose
from tools import i18n as tool

PACKAGES = (
    *("agent_ui", "channels", "core", "customers", "knowledge_base", "portal", "products", "routing", "sampark"),
    *("staff", "tickets"),
)
OWN_SCRIPT = {"hi": "\u0900-\u097f", "mr": "\u0900-\u097f", "bn": "\u0980-\u09ff", "kn": "\u0c80-\u0cff"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("mr-IN,mr;q=0.9,en;q=0.8", "mr"),
        ("fr-FR, kn;q=0.4, en;q=0.3", "kn"),
        ("en;q=0.5, hi;q=0.9", "hi"),
        ("hi;q=0, bn", "bn"),
        ("BN", "bn"),
        ("fr, *", "en"),
        ("", "en"),
        (None, "en"),
        (";;;q=,,mr;q=x", "en"),
        ("a" * 100_000, "en"),
    ],
)
def test_the_best_language_that_we_have_is_chosen(header: str | None, expected: str) -> None:
    """By weight, then by order; refused ones and nonsense are passed over."""
    assert choose(header) == expected


def test_a_default_is_taken_when_nothing_fits() -> None:
    """The desk's own language."""
    assert choose("fr", "hi") == "hi"


@pytest.mark.parametrize(("language", "zero_is_one"), [("hi", True), ("bn", True), ("kn", True), ("mr", False)])
def test_plural_forms_follow_the_language(language: str, zero_is_one: bool) -> None:
    """CLDR: in Hindi, Bangla and Kannada nought goes with one; in Marathi with many."""
    zero, one, two = (i18n.translations(language).plural(number) for number in (0, 1, 2))
    assert (one, two) == (0, 1)
    assert zero == (0 if zero_is_one else 1)


def test_numbers_are_grouped_as_in_india_with_latin_digits() -> None:
    """The same digits in every language; a preference for native ones may come later."""
    assert {Language(code).number(1234567) for code in i18n.NAMES} == {"12,34,567"}


def test_dates_are_in_the_language() -> None:
    """Weekday and month in words, digits Latin."""
    assert Language("en").date(date(2026, 3, 3)) == "Tuesday, 3 March 2026"
    assert Language("mr").date(date(2026, 3, 3)) == "मंगळवार, 3 मार्च 2026"


@pytest.mark.parametrize(("octets", "words"), [(26_214_400, "26 MB"), (65_536, "65 kB"), (10, "1 kB")])
def test_sizes_are_readable(octets: int, words: str) -> None:
    """Whole numbers, never zero."""
    assert Language("en").size(octets) == words


def test_a_compiled_catalogue_is_used_only_while_it_is_younger(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old .mo must not hide a new translation."""
    folder = tmp_path / "hi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    shutil.copy(i18n.catalogue("hi"), folder / "sampark.po")
    (folder / "sampark.mo").write_bytes(b"not a catalogue")
    monkeypatch.setattr(i18n, "FOLDER", tmp_path)
    i18n.translations.cache_clear()
    try:
        newer = (folder / "sampark.po").stat().st_mtime_ns + 10**9
        os.utime(folder / "sampark.po", ns=(newer, newer))
        assert i18n.translations("hi").gettext("Send a request") != "Send a request"
    finally:
        i18n.translations.cache_clear()


def test_everything_is_translated_and_compiled() -> None:
    """The same check as in `make check`: coverage of portal and console is whole in all languages."""
    assert tool.check() == []


@pytest.mark.parametrize("language", tool.LANGUAGES)
def test_the_portals_sentences_are_in_the_languages_own_script(language: str) -> None:
    """A sentence left in English would count as translated; its letters give it away."""
    wrong = [
        message.id
        for message in tool.read(language)
        if message.id and not message.context
        for form in tool.forms(message)[1]
        if re.search(r"\w", re.sub(r"%\(\w+\)s", "", form))  # a comma between two values needs no letters
        and not re.search(f"[{OWN_SCRIPT[language]}]", form)
    ]
    assert wrong == []


def test_every_module_that_speaks_to_customers_is_searched_for_sentences() -> None:
    """A sentence that the search for them passes over is dropped from every catalogue, and stays English in silence."""
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in tool.template() if message.id}
    spoken = re.compile(r"""(?:\b_|[Ll]anguage(?:\(\w+\))?\.text|\.plural)\(\s*"((?:[^"\\]|\\.)+)\"""")
    silent = {
        f"{path.relative_to(tool.ROOT)}: {sentence}"
        for package in PACKAGES
        for path in (tool.ROOT / package).rglob("*.py")
        if "node_modules" not in path.parts
        for sentence in spoken.findall(path.read_text(encoding="utf-8"))
        if not any(each.startswith(sentence) for each in known)  # a long one is written in several pieces
    }
    assert silent == set()


@pytest.mark.parametrize("language", tool.LANGUAGES)
def test_no_sentence_has_letters_of_another_language(language: str) -> None:
    """Neither in the portal nor in the console; the names of the languages themselves are in their own scripts."""
    others = "".join(script for script in set(OWN_SCRIPT.values()) if script != OWN_SCRIPT[language])
    others = others.replace("\u0900-\u097f", "\u0904-\u0963\u0966-\u097f")  # the full stop of Hindi is Bangla's, too
    wrong = [
        form
        for message in tool.read(language)
        if message.id
        for form in tool.forms(message)[1]
        if re.search(f"[{others}]", form)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("english", "translated", "fine"),
    [
        ("{n} tickets in {view}", "{view} में {n} टिकट", True),
        ("{n} tickets in {view}", "{n} टिकट", False),
        ("Write to <a>us</a>", "हमें लिखें", False),
        ("%(size)s together", "कुल %(sise)s", False),
        ("name{'@'}example.com", "name@example.com", False),
    ],
)
def test_a_lost_placeholder_is_found(english: str, translated: str, fine: bool) -> None:
    """Named values, tags and the escaped at sign."""
    source, catalog = Catalog(), Catalog()
    source.add(english)
    catalog.add(english, translated)
    assert (tool.complaints("hi", catalog, source) == []) is fine


def test_a_missing_sentence_is_found() -> None:
    """Not in the file, or there and empty."""
    source, catalog = Catalog(), Catalog()
    source.add("One")
    source.add("Two")
    catalog.add("One", "")
    assert len(tool.complaints("hi", catalog, source)) == 2


def test_the_consoles_keys_survive_the_way_through_the_catalogue() -> None:
    """Flat and nested undo each other, whatever the depth."""
    tree = {"a": {"b": {"c": "x"}, "d": "y"}, "e": "z"}
    assert tool.nested(dict(tool.flat(tree))) == tree


def test_the_pseudo_locale_keeps_placeholders() -> None:
    """It is longer than English, and still takes its values."""
    shown = tool.pseudo("Reply due in {t}")
    assert "{t}" in shown
    assert len(shown) >= len("Reply due in {t}") * 1.4


def test_only_countries_are_offered() -> None:
    """The 249 of ISO 3166 and Kosovo, with a name in every language; no union and no code for tests."""
    assert len(i18n.country_codes()) == 250
    for code in i18n.NAMES:
        assert set(Language(code).countries()) == i18n.country_codes()


def test_a_sentence_that_has_changed_loses_its_translation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the console's JSON says under the same key is adopted for new keys only: it translates the old sentence."""
    (tmp_path / "hi.json").write_text('{"list": {"old": "पुराना", "new": "नया"}}', encoding="utf-8")
    monkeypatch.setattr(tool, "CONSOLE", tmp_path)
    catalog = Catalog(locale="hi")
    for key in ("old", "new"):
        catalog.add(f"What the {key} one says now", context=f"console:list.{key}")
    tool.adopt("hi", catalog, known={"console:list.old"})
    assert {message.context: message.string for message in catalog if message.id} == {
        "console:list.old": None,
        "console:list.new": "नया",
    }
