"""Articles from files and to files: Markdown folders, archives, Zendesk; both ways give the same."""

import io
import json
import string
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.db import Database, reading, unit_of_work
from core.errors import Invalid
from core.storage import Storage
from knowledge_base import bundle, exporting, importing
from knowledge_base import reading as articles
from knowledge_base.access import VISITOR
from knowledge_base.front_matter import STATES, Page, read_page, write_page
from knowledge_base.importing import Report
from knowledge_base.models import Article, ArticleFile, Category, Version
from knowledge_base.reading import ArticleText
from tests.knowledge_base.conftest import People, rewrite

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x04\x08\x02\0\0\0"
PILE = {
    "categories.yaml": (
        "categories:\n- slug: care\n  names: {en: Care, hi: देखभाल}\n  descriptions: {en: Keep it running}\n"
        "- slug: filters\n  parent: care\n  names: {en: Filters}\n"
    ).encode(),
    "filters/reset.md": (
        b"---\ntitle: Reset the filter\nslug: reset\ncategory: filters\ntags: [Filter, lamp]\nsummary: In three steps\n"
        b"files: [sheet.txt]\n---\n\nPress ![the button](reset/button.png) and read [cleaning](clean.md).\n"
    ),
    "filters/reset.hi.md": "---\ntitle: फ़िल्टर रीसेट\narticle: filters/reset\nsource_locale: en\n---\nबटन दबाएँ।".encode(),
    "filters/clean.md": b"# Clean the filter\n\nThen [reset it](reset.md).\n\n```\n![not a picture](nowhere.png)\n```\n",
    "filters/internal.md": b"---\ntitle: Goodwill\nvisibility: agents\nstate: draft\nneeds_acknowledgement: yes\n---\nAsk a lead.",
    "filters/reset/button.png": PNG,
    "filters/sheet.txt": b"A sheet",
}


async def take(db: Database, storage: Storage, files: dict[str, bytes], **more: bool) -> Report:
    """Import a pile of files."""
    async with unit_of_work(db) as session:
        return await importing.take(session, storage, bundle.read(files), **more)


async def give(db: Database, storage: Storage) -> dict[str, bytes]:
    """Export everything."""
    async with reading(db) as session:
        return await exporting.bundle(session, storage)


async def shown(db: Database, slug: str, locale: str = "en") -> ArticleText:
    """What a visitor reads."""
    async with reading(db) as session:
        found = await articles.by_slug(session, VISITOR, locale, slug)
        assert isinstance(found, ArticleText)
        return found


async def empty(db: Database) -> None:
    """Throw all articles away, as on another desk."""
    async with unit_of_work(db) as session:
        for one in await session.scalars(select(Article)):
            await session.delete(one)
        await session.flush()
        for one in await session.scalars(select(Category).order_by(Category.parent_id.is_(None))):
            await session.delete(one)
            await session.flush()


async def test_a_folder_comes_in_with_its_pictures_and_links(db: Database, storage: Storage, people: People) -> None:
    """Languages stand together, pictures and files are kept, links lead to each other, drafts stay drafts."""
    report = await take(db, storage, PILE)
    assert [(row.path, row.action, row.message) for row in report.rows] == [
        ("filters/clean.md", "created", ""),
        ("filters/internal.md", "created", ""),
        ("filters/reset.md", "created", ""),
        ("filters/reset.hi.md", "created", ""),
    ]
    reset, clean = await shown(db, "reset"), await shown(db, "clean-the-filter")
    assert (reset.title, reset.summary, reset.tags) == ("Reset the filter", "In three steps", ["filter", "lamp"])
    assert [(one.name, one.is_shown, one.width) for one in reset.files] == [
        ("button.png", True, 3),
        ("sheet.txt", False, None),
    ]
    assert [one.locale for one in reset.told] == ["en", "hi"]
    assert set(reset.linked) == {clean.article_id}
    assert set(clean.linked) == {reset.article_id}
    html = reset.html(lambda number, name: f"/f/{number}/{name}", lambda locale, slug: f"/a/{locale}/{slug}")
    assert f'<img src="/f/{reset.files[0].id}/button.png" alt="the button" width="3" height="4"' in html
    assert '<a href="/a/en/clean-the-filter">cleaning</a>' in html
    async with reading(db) as session:
        assert await session.scalar(select(func.count()).select_from(Version)) == 4
        shelf = (await session.scalars(select(Category).where(Category.slug == "filters"))).one()
        assert shelf.parent_id is not None


async def test_the_same_again_changes_nothing(db: Database, storage: Storage, people: People) -> None:
    """No new version, file or category; a changed file is a new version of its text alone."""
    await take(db, storage, PILE)
    assert {row.action for row in (await take(db, storage, PILE)).rows} == {"unchanged"}
    changed = PILE | {"filters/clean.md": PILE["filters/clean.md"].replace(b"Then", b"Now")}
    report = await take(db, storage, changed)
    assert {row.path for row in report.rows if row.action == "updated"} == {"filters/clean.md"}
    assert report.count("unchanged") == 3
    assert (await shown(db, "clean-the-filter")).rendered.text.startswith("Now")
    async with reading(db) as session:
        assert await session.scalar(select(func.count()).select_from(ArticleFile)) == 2


async def test_a_dry_run_says_the_same_and_keeps_nothing(db: Database, storage: Storage, people: People) -> None:
    """Neither rows nor files stay."""
    report = await take(db, storage, PILE, dry_run=True)
    assert report.count("created") == 4
    async with reading(db) as session:
        for model in (Article, Category, ArticleFile):
            assert await session.scalar(select(func.count()).select_from(model)) == 0
    assert (await take(db, storage, PILE)).count("created") == 4


async def test_what_cannot_be_taken_is_a_row_and_stops_nothing(db: Database, storage: Storage, people: People) -> None:
    """Each mistake is told with its file; an article with one is left out whole."""
    wrong = {
        "a/broken.md": b"---\ntitle: [unclosed\n---\nx",
        "a/alias.md": b"---\ntitle: &a x\ntags: [*a, *a]\n---\nx",
        "a/unknown.md": b"---\ncolour: blue\n---\nx",
        "a/tongue.md": b"---\nlocale: tlh\n---\nx",
        "a/picture.md": b"# Picture\n\n![x](missing.png)",
        "a/picture.hi.md": "---\ntitle: चित्र\narticle: a/picture\nsource_locale: en\n---\nx".encode(),
        "a/org.md": b"---\ntitle: Org\nvisibility: restricted\norganisations: [Nobody]\n---\nx",
        "a/product.md": b"---\ntitle: P\nproducts: [NO-SUCH]\n---\nx",
        "a/bytes.md": b"\xff\xfe\xfa",
        "a/export.json": b"{}",
        "a/good.md": b"# Good",
    }
    report = await take(db, storage, wrong)
    assert {row.path: row.action for row in report.rows} == {
        name: "created" if name == "a/good.md" else "error" for name in wrong
    }
    assert all(row.message for row in report.rows if row.action == "error")
    async with reading(db) as session:
        assert await session.scalar(select(func.count()).select_from(Article)) == 1


async def test_export_and_import_are_inverse(db: Database, storage: Storage, people: People) -> None:
    """What goes out comes in elsewhere and goes out again byte for byte, the next version beside the published one."""
    await take(db, storage, PILE)
    async with unit_of_work(db) as session:
        reset = await shown(db, "reset")
        await rewrite(session, reset.article_id, f"Next: ![b](/kb/files/{reset.files[0].id})")
    first = await give(db, storage)
    assert set(first) == {
        "categories.yaml", "filters/reset.en.md", "filters/reset.en.draft.md", "filters/reset.hi.md",
        "filters/clean-the-filter.en.md", "filters/goodwill.en.md", "filters/reset/button.png", "filters/reset/sheet.txt",
    }  # fmt: skip
    await empty(db)
    report = await take(db, storage, bundle.from_zip(bundle.to_zip(first)))
    assert report.count("error") == 0, report.rows
    assert await give(db, storage) == first
    assert (await shown(db, "reset")).rendered.text.startswith("Press")


WORDS = st.text(st.sampled_from(string.ascii_letters + " कखगি.,:'\"#-[]()!&%@*`|>{}\\"), max_size=40)
TITLES = st.builds(
    " ".join, st.lists(st.text(st.sampled_from("abc कख1:#'\""), min_size=1, max_size=8), min_size=1, max_size=3)
)


@given(
    st.builds(
        Page,
        path=st.just(""),
        key=st.just("a/b"),
        locale=st.sampled_from(("en", "hi")),
        title=TITLES.map(lambda words: " ".join(words.split()) or "x"),
        body=st.lists(WORDS, max_size=6).map(lambda lines: "\n".join(lines).strip("\n")),
        summary=WORDS.map(lambda words: " ".join(words.split())),
        slug=st.sampled_from(("", "x", "no", "2020")),
        category=st.sampled_from(("filters", "true")),
        visibility=st.sampled_from(("public", "agents", "signed_in")),
        tags=st.lists(st.sampled_from(("null", "a b", "1", "x: y")), max_size=3),
        products=st.lists(st.sampled_from(("TF-340", "007", "on")), max_size=2),
        review_on=st.none() | st.dates(),
        needs_acknowledgement=st.booleans(),
        position=st.integers(0, 9),
        state=st.sampled_from(STATES),
        is_outdated=st.booleans(),
    )
)
def test_any_page_survives_its_file(page: Page) -> None:
    """Whatever stands in it, also what YAML would take for something else: writing and reading give the same."""
    assert read_page("", write_page(page)) == page


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.integers(1, 4), st.tuples(TITLES, WORDS, st.sampled_from(STATES), st.booleans()), min_size=1),
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), max_size=4),
)
async def test_any_pile_comes_back(
    db: Database,
    storage: Storage,
    people: People,
    pile: dict[int, tuple[str, str, str, bool]],
    links: list[tuple[int, int]],
) -> None:
    """Articles with any words, states, pictures and links between them: export, import, export are the same."""
    files: dict[str, bytes] = {}
    for number, (title, words, state, has_picture) in pile.items():
        picture = f"\n\n![p](p{number}.png)" if has_picture else ""
        lead = "".join(f"\n\n[see](a{to}.md)" for start, to in links if start == number and to in pile)
        page = Page(
            path="", key=f"shelf/a{number}", locale="en", title=" ".join(title.split()) or "x", body=f"{words}{picture}{lead}".strip("\n"),
            slug=f"slug-{number}", category="shelf", state=state,
        )  # fmt: skip
        files[f"shelf/a{number}.md"] = write_page(page).encode()
        if has_picture:
            files[f"shelf/p{number}.png"] = PNG + bytes([number])
    await empty(db)
    report = await take(db, storage, files)
    assert report.count("error") == 0, report.rows
    first = await give(db, storage)
    await empty(db)
    assert (await take(db, storage, first)).count("error") == 0
    assert await give(db, storage) == first


async def test_zendesk_comes_in(db: Database, storage: Storage, people: People) -> None:
    """Sections become categories in two levels, HTML becomes Markdown, what was for segments is for agents only."""
    said = {
        "categories": [{"id": 1, "name": "Help", "locale": "en-us"}],
        "sections": [{"id": 2, "name": "Filters", "category_id": 1, "locale": "en-us", "description": "All of them"}],
        "articles": [
            {
                "id": 360, "title": "Reset the filter", "locale": "en-us", "source_locale": "en-us", "section_id": 2,
                "body": '<h1>Steps</h1><ol><li>Press <b>reset</b></li></ol><img src="https://x.zendesk.com/hc/article_attachments/77/a.png" alt="a">',
                "label_names": ["Lamp"], "draft": False, "user_segment_id": None, "position": 3,
            },
            {"id": 361, "title": "For dealers", "locale": "en-us", "section_id": 2, "body": "<p>x</p>", "user_segment_id": 9},
            {"id": 362},
        ],
    }  # fmt: skip
    report = await take(db, storage, {"articles.json": json.dumps(said).encode(), "article_attachments/77/a.png": PNG})
    assert {row.path: row.action for row in report.rows} == {
        "articles.json#3": "error", "articles.json#360": "created", "articles.json#361": "created",
    }  # fmt: skip
    found = await shown(db, "reset-the-filter")
    assert found.rendered.text == "Steps\n\n1. Press reset"
    assert [one.name for one in found.files] == ["a.png"]
    assert found.tags == ["lamp"]
    async with reading(db) as session:
        assert len(await articles.newest(session, VISITOR, "en")) == 1
        names = {one.slug: one.parent_id is None for one in await session.scalars(select(Category))}
        assert names == {"help-1": True, "filters-2": False}


def test_hostile_archives_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no archive, or unpacks to more than anybody has, is refused before it is unpacked."""
    with pytest.raises(Invalid):
        bundle.from_zip(b"PK\x03\x04 nothing")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/x.md", "# Up")
        archive.writestr("big.md", b"0" * 5_000_000)
    assert "../../etc/x.md" in bundle.from_zip(packed.getvalue())  # a name, not a place: nothing is written by it
    monkeypatch.setattr(bundle, "LARGEST", 1_000_000)
    with pytest.raises(Invalid):
        bundle.from_zip(packed.getvalue())
