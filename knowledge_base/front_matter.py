"""One article text as a Markdown file: what holds for it stands on top in YAML, its words below.

Used in both directions, by ``knowledge_base/importing`` and ``knowledge_base/exporting``. All values are read as text
(``no`` is a word here, and ``2020`` a title), and aliases of YAML are refused, because they can make a small file huge.
"""

import re
from datetime import date
from typing import Any, Final

import msgspec
import yaml

from core.errors import Invalid
from core.i18n import NAMES

LONGEST_HEAD: Final = 20_000
_HEAD: Final = re.compile(r"\A\ufeff?---[ \t]*\n(?P<head>.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TITLE: Final = re.compile(r"\A\s*#[ \t]+(?P<title>[^\n]+)\n*")
KEYS: Final = frozenset({
    "title", "summary", "slug", "locale", "source_locale", "article", "category", "visibility", "organisations",
    "segments", "teams", "tags", "products", "owner", "review_on", "needs_acknowledgement", "position", "state",
    "outdated", "files",
})  # fmt: skip
STATES: Final = ("published", "draft", "in_review", "archived")


class Page(msgspec.Struct, kw_only=True):
    """An article in one language, as a file says it.

    Attributes:
        path: of the file, for messages and relative addresses.
        key: what the languages of one article have in common.
        products: SKUs of the catalogue.
        state: ``published``, ``draft``, ``in_review`` or ``archived``.
        files: files that are offered below the text, relative to the file.
    """

    path: str
    key: str
    locale: str
    title: str
    body: str
    summary: str = ""
    slug: str = ""
    source_locale: str = ""
    category: str = ""
    visibility: str = ""
    organisations: list[str] = []
    segments: list[str] = []
    teams: list[str] = []
    tags: list[str] = []
    products: list[str] = []
    owner: str = ""
    review_on: date | None = None
    needs_acknowledgement: bool = False
    position: int = 0
    state: str = "published"
    is_outdated: bool = False
    files: list[str] = []


class _Plain(yaml.BaseLoader):
    """Everything is text, and nothing refers to something else."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("an alias is not allowed here")
        return super().compose_node(parent, index)


def read_yaml(text: str) -> Any:
    """YAML as text, lists and mappings of text.

    Raises:
        Invalid: it is no YAML, or longer than anybody writes.
    """
    if len(text) > LONGEST_HEAD * 20:
        raise Invalid("This YAML is too long.")
    try:
        return yaml.load(text, Loader=_Plain)  # noqa: S506 - a base loader makes nothing but text
    except (yaml.YAMLError, RecursionError) as problem:
        raise Invalid(f"The YAML cannot be read: {' '.join(str(problem).split())[:200]}") from None


def write_yaml(values: dict[str, Any]) -> str:
    """Values as YAML in the order of their names."""
    return yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=1000, default_flow_style=False)


def read_page(path: str, text: str) -> Page:
    """A Markdown file. Without anything on top its first heading is the title, its name the key and the language.

    Raises:
        Invalid: the top cannot be read, a value is wrong, or there is no title.
    """
    text = text.replace("\r\n", "\n").replace("\x00", "")
    found = _HEAD.match(text)
    head = read_yaml(found["head"]) if found else {}
    body = text[found.end() :] if found else text.removeprefix("\ufeff")
    if head is None:
        head = {}
    if not isinstance(head, dict):
        raise Invalid("What stands on top is no list of names and values.")
    unknown = sorted(set(map(str, head)) - KEYS)
    if unknown:
        raise Invalid(f"{unknown[0]} is not known on top of an article.")
    key, locale = _from_name(path)
    titled = _TITLE.match(body)
    title = _text(head, "title")
    if not title and titled:
        title, body = titled["title"].strip(), body[titled.end() :]
    page = Page(
        path=path,
        key=_text(head, "article") or key,
        locale=_text(head, "locale") or locale,
        title=title or key.rpartition("/")[2].replace("-", " ").replace("_", " ").strip().capitalize(),
        body=body.strip("\n"),
        summary=_text(head, "summary"),
        slug=_text(head, "slug"),
        source_locale=_text(head, "source_locale"),
        category=_text(head, "category") or path.rpartition("/")[0].partition("/")[0],
        visibility=_text(head, "visibility"),
        owner=_text(head, "owner"),
        state=_text(head, "state") or "published",
        organisations=_list(head, "organisations"),
        segments=_list(head, "segments"),
        teams=_list(head, "teams"),
        tags=_list(head, "tags"),
        files=_list(head, "files"),
        products=_list(head, "products"),
        position=_number(_text(head, "position") or "0", "position"),
        needs_acknowledgement=_yes(head, "needs_acknowledgement"),
        is_outdated=_yes(head, "outdated"),
        review_on=_date(head, "review_on"),
    )
    if page.locale not in NAMES:
        raise Invalid(f"locale: {page.locale} is not a language of this desk.")
    if page.state not in STATES:
        raise Invalid(f"state: one of {', '.join(STATES)}.")
    return page


def write_page(page: Page) -> str:
    """The file of a page; reading it gives the same page."""
    head: dict[str, Any] = {
        "title": page.title,
        "summary": page.summary,
        "slug": page.slug,
        "locale": page.locale,
        "source_locale": page.source_locale,
        "article": page.key,
        "category": page.category,
        "visibility": page.visibility,
        "organisations": page.organisations,
        "segments": page.segments,
        "teams": page.teams,
        "tags": page.tags,
        "products": page.products,
        "owner": page.owner,
        "review_on": page.review_on.isoformat() if page.review_on else "",
        "needs_acknowledgement": page.needs_acknowledgement,
        "position": page.position,
        "state": page.state,
        "outdated": page.is_outdated,
        "files": page.files,
    }
    always = ("title", "locale", "state")
    said = write_yaml({name: value for name, value in head.items() if value or name in always})
    return f"---\n{said}---\n\n{page.body}\n"


def _from_name(path: str) -> tuple[str, str]:
    """Key and language of a file's name: ``help/filter.hi.md`` is ``help/filter`` in Hindi."""
    folder, _, name = path.rpartition("/")
    stem = re.sub(r"\.(?:md|markdown)$", "", name, flags=re.IGNORECASE).removesuffix(".draft")
    base, _, ending = stem.rpartition(".")
    key, locale = (base, ending) if base and ending in NAMES else (stem, "en")
    return (f"{folder}/{key}" if folder else key), locale


def _text(head: dict[str, Any], name: str) -> str:
    value = head.get(name, "")
    if not isinstance(value, str):
        raise Invalid(f"{name}: a text is wanted.")
    return " ".join(value.split())


def _list(head: dict[str, Any], name: str) -> list[str]:
    value = head.get(name) or []
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Invalid(f"{name}: a list of texts is wanted.")
    return [one.strip() for one in value if one.strip()]


def _yes(head: dict[str, Any], name: str) -> bool:
    word = _text(head, name).lower()
    if word not in ("", "true", "false", "yes", "no"):
        raise Invalid(f"{name}: true or false.")
    return word in ("true", "yes")


def _number(word: str, name: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 10):
        raise Invalid(f"{name}: a number is wanted.")
    return int(word)


def _date(head: dict[str, Any], name: str) -> date | None:
    word = _text(head, name)
    try:
        return date.fromisoformat(word) if word else None
    except ValueError:
        raise Invalid(f"{name}: a day such as 2027-03-01 is wanted.") from None
