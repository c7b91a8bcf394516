"""Words on both sides of a search: the function of the database, its twin for single words, marks and snippets."""

import unicodedata

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from core.db import Database, reading
from core.search_documents import Part
from core.search_text import marked, norm, snippet
from core.sql import Sql

_NORM = Sql("select search_norm(cast(:text as text))")
_TOKENS = Sql("select array(select word from search_tokens(cast(:text as text)) order by place)")
SCRIPTS = st.one_of(
    st.characters(min_codepoint=0x21, max_codepoint=0x17F, categories=("L", "N"), exclude_characters="ŉĿŀ¼½¾"),
    st.characters(min_codepoint=0x900, max_codepoint=0x97F, categories=("L", "M", "N")),
    st.characters(min_codepoint=0x980, max_codepoint=0x9FF, categories=("L", "M", "N")),
    st.characters(min_codepoint=0xC80, max_codepoint=0xCFF, categories=("L", "M", "N")),
    st.characters(min_codepoint=0x621, max_codepoint=0x6D3, categories=("L", "M")),
    st.sampled_from("\u200b\u200c\u200d\u00ad\u2060\ufeff"),
)


async def normed(db: Database, text: str) -> str:
    """The text as the database spells it."""
    async with reading(db) as session:
        return str(await _NORM.scalar(session, text=text))


async def tokens(db: Database, text: str) -> list[str]:
    """Its words."""
    async with reading(db) as session:
        return list(await _TOKENS.scalar(session, text=text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ಪಾಸ್\u200cವರ್ಡ್", "ಪಾಸ್ವರ್ಡ್"),
        ("कृपया\u200dकर", "कृपयाकर"),
        ("क़ीमत", "क\u093cीमत"),
        ("क़ीमत", "कीमत"),
        ("ড়", "ড\u09bc"),
        ("हिन्दी सम्पर्क", "हिंदी संपर्क"),
        ("पाँच", "पांच"),
        ("१२३ ৪৫ ೬", "123 45 6"),
        ("Größe Café ÅNGSTRÖM", "grosse cafe angstrom"),
        ("ﬁlter", "filter"),
        ("soft\u00adhyphen", "softhyphen"),
        ("مُحَمَّد أحمد", "محمد احمد"),
    ],
)
async def test_spellings_that_people_mix_are_the_same(db: Database, one: str, other: str) -> None:
    """Joiners, nukta forms, nasals, digits, accents, case, ligatures and vowel points do not keep words apart."""
    assert await normed(db, one) == await normed(db, other)


async def test_numbers_are_found_by_their_parts(db: Database) -> None:
    """An order number, a telephone number and an address are cut where people cut them."""
    assert await tokens(db, "ORD-12345, +91-98765 #77 a_b asha@firm.example: wi-fi। ठीक॥") == (
        ["ord", "12345", "91", "98765", "77", "a", "b", "asha", "firm", "example", "wi", "fi", "ठीक"]
    )


async def test_scripts_without_spaces_are_cut_into_pairs(db: Database) -> None:
    """Chinese, Japanese and Thai words are found inside a run of characters; Korean and Indic words stay whole."""
    assert await tokens(db, "人人自由iPhone保証") == ["人人", "人自", "自由", "iphone", "保証"]
    assert await tokens(db, "한국어 वारंटी") == ["한국어", "वारंटी"]


@rules(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.one_of(SCRIPTS, st.sampled_from(" -#_.,।!")), max_size=40))
async def test_norm_is_settled_and_blind_to_form(db: Database, text: str) -> None:
    """What is normed stays as it is, and composed and decomposed forms of a text come out the same."""
    once = await normed(db, text)
    assert await normed(db, once) == once
    assert await normed(db, unicodedata.normalize("NFD", text)) == await normed(db, unicodedata.normalize("NFC", text))


@rules(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(SCRIPTS, min_size=1, max_size=12))
async def test_the_twin_spells_words_as_the_database_does(db: Database, word: str) -> None:
    """A word of the scripts that we serve is marked exactly where the database would find it."""
    assert norm(word).split() == (await normed(db, word)).split()


def test_words_are_marked_and_the_best_stretch_is_cut() -> None:
    """The snippet begins near the words of the question, whatever their case and accents; without any, at the start."""
    text = "Start. " + "nothing here " * 40 + "open the Café filter and rinse it " + "more " * 100
    parts = snippet(text, frozenset({"cafe", "filter"}))
    assert [part.text for part in parts if part.marked] == ["Café", "filter"]
    assert parts[0].text == "… " and parts[-1].text == " …"
    assert len("".join(part.text for part in parts)) < 330
    assert snippet("Short text", frozenset()) == (Part("Short text"),)
    assert marked("Filter, filters", frozenset({"filter"})) == (Part("Filter", True), Part(", filters"))


def test_a_run_without_spaces_is_marked_where_a_pair_stands_in_it() -> None:
    """A Chinese sentence is one run; it is marked when a pair of it was asked for."""
    assert marked("人人自由", frozenset({"自由"})) == (Part("人人自由", True),)
