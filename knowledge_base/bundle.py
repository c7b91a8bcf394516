"""A pile of articles as files: from a folder, a zip archive or a Zendesk export, and back into a folder or archive.

A bundle is a mapping of paths (with ``/``) to contents. ``categories.yaml`` names the categories, ``*.md`` are the
texts, everything else is a picture or file that a text names by its relative address.
"""

import io
import json
import posixpath
import zipfile
from pathlib import Path
from typing import Any, Final

import msgspec

from core.errors import Invalid
from core.i18n import NAMES
from knowledge_base.front_matter import Page, read_page, read_yaml
from knowledge_base.pasted import to_markdown
from knowledge_base.slugs import slug_of

CATEGORIES: Final = "categories.yaml"
MOST_FILES: Final = 20_000
LARGEST: Final = 512 * 1024 * 1024
"""Bytes of a bundle when it is unpacked."""
_TEXTS: Final = (".md", ".markdown")
_IGNORED: Final = ("__macosx", ".git", ".ds_store", "thumbs.db")
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
"""The date of every file in an archive, so that the same articles make the same bytes."""


class Shelf(msgspec.Struct, kw_only=True):
    """A category as a bundle says it; ``parent`` is a slug."""

    slug: str
    names: dict[str, str]
    descriptions: dict[str, str] = {}
    parent: str = ""


class Problem(msgspec.Struct, frozen=True):
    """A file that cannot be taken, and why."""

    path: str
    message: str


class Bundle(msgspec.Struct, kw_only=True):
    """What a pile of files says."""

    shelves: list[Shelf]
    pages: list[Page]
    files: dict[str, bytes]
    problems: list[Problem]


def from_path(path: Path) -> dict[str, bytes]:
    """The files of a folder, a zip archive, or a single file.

    Raises:
        Invalid: it is too much, or cannot be read.
    """
    if path.is_dir():
        found: dict[str, bytes] = {}
        size = 0
        for file in sorted(one for one in path.rglob("*") if one.is_file() and not one.is_symlink()):
            name = file.relative_to(path).as_posix()
            if _is_ignored(name):
                continue
            size += file.stat().st_size
            _check(len(found), size)
            found[name] = file.read_bytes()
        return found
    content = path.read_bytes()
    return from_zip(content) if zipfile.is_zipfile(io.BytesIO(content)) else {path.name: content}


def from_zip(content: bytes) -> dict[str, bytes]:
    """The files of an archive; nothing is written anywhere.

    Raises:
        Invalid: it is no archive, or too much comes out of it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir() and not _is_ignored(one.filename)]
            _check(len(entries), sum(one.file_size for one in entries))
            return {posixpath.normpath(one.filename.replace("\\", "/")): archive.read(one) for one in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as problem:
        raise Invalid.field("file", f"This archive cannot be read: {problem}") from None


def to_zip(files: dict[str, bytes]) -> bytes:
    """Files as an archive; the same files make the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), files[name], zipfile.ZIP_DEFLATED)
    return target.getvalue()


def to_folder(files: dict[str, bytes], folder: Path) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def read(files: dict[str, bytes]) -> Bundle:
    """What a pile of files says; what cannot be read is a problem of its own and stops nothing else."""
    bundle = Bundle(shelves=[], pages=[], files={}, problems=[])
    for path, content in sorted(files.items()):
        try:
            if posixpath.basename(path) == CATEGORIES:
                bundle.shelves += _shelves(content.decode("utf-8"))
            elif path.lower().endswith(_TEXTS):
                bundle.pages.append(read_page(path, content.decode("utf-8-sig")))
            elif path.lower().endswith(".json"):
                _add_zendesk(bundle, path, json.loads(content))
            else:
                bundle.files[path] = content
        except UnicodeDecodeError:
            bundle.problems.append(Problem(path, "This file is no text in UTF-8."))
        except (json.JSONDecodeError, RecursionError):
            bundle.problems.append(Problem(path, "This JSON cannot be read."))
        except Invalid as problem:
            bundle.problems.append(Problem(path, problem.detail))
    return bundle


def write_shelves(shelves: list[Shelf]) -> dict[str, Any]:
    """Categories as they stand in ``categories.yaml``."""
    return {
        "categories": [
            {
                "slug": one.slug,
                **({"parent": one.parent} if one.parent else {}),
                "names": one.names,
                **({"descriptions": one.descriptions} if one.descriptions else {}),
            }
            for one in shelves
        ]
    }


def _shelves(text: str) -> list[Shelf]:
    said = read_yaml(text)
    try:
        return msgspec.convert((said or {}).get("categories", []), list[Shelf])
    except (msgspec.ValidationError, AttributeError) as problem:
        raise Invalid(f"The categories cannot be read: {problem}") from None


def _check(count: int, size: int) -> None:
    if count > MOST_FILES or size > LARGEST:
        raise Invalid.field("file", f"A bundle has {MOST_FILES} files and {LARGEST // 1_048_576} MB at most.")


def _is_ignored(name: str) -> bool:
    return any(part.lower() in _IGNORED for part in name.replace("\\", "/").split("/"))


def _add_zendesk(bundle: Bundle, path: str, said: Any) -> None:
    """Articles of a Zendesk help centre (its API's ``articles.json`` with sections and categories side-loaded)."""
    if not isinstance(said, dict) or not isinstance(said.get("articles"), list):
        raise Invalid("This JSON is no export of a Zendesk help centre.")
    above = {one.get("id"): one for one in said.get("categories") or [] if isinstance(one, dict)}
    sections = {one.get("id"): one for one in said.get("sections") or [] if isinstance(one, dict)}
    for one in above.values():
        bundle.shelves.append(_zendesk_shelf(one, ""))
    for one in sections.values():
        parent = above.get(one.get("category_id"))
        bundle.shelves.append(_zendesk_shelf(one, _zendesk_slug(parent) if parent else ""))
    for number, one in enumerate(said["articles"]):
        try:
            bundle.pages.append(_zendesk_page(path, one, sections))
        except (KeyError, TypeError, AttributeError):
            bundle.problems.append(Problem(f"{path}#{number + 1}", "This article has no title, or is none."))


def _zendesk_slug(one: dict[str, Any]) -> str:
    return f"{slug_of(str(one.get('name', '')))[:60]}-{one.get('id')}".strip("-")


def _zendesk_shelf(one: dict[str, Any], parent: str) -> Shelf:
    locale = _locale(one)
    said = " ".join(str(one.get("description") or "").split())
    return Shelf(
        slug=_zendesk_slug(one),
        names={locale: str(one.get("name") or one.get("id"))},
        descriptions={locale: said} if said else {},
        parent=parent,
    )


def _zendesk_page(path: str, one: dict[str, Any], sections: dict[Any, dict[str, Any]]) -> Page:
    section = sections.get(one.get("section_id"))
    # Which user segment may read it is not in the export, so whatever has one comes in for agents only.
    visibility = "public" if one.get("user_segment_id") is None else "agents"
    return Page(
        path=f"{path}#{one['id']}",
        key=f"zendesk-{one['id']}",
        locale=_locale(one),
        source_locale=_locale({"locale": one.get("source_locale") or one.get("locale")}),
        title=str(one["title"]),
        body=to_markdown(str(one.get("body") or ""), keep_pictures=True).markdown,
        category=_zendesk_slug(section) if section else "",
        visibility=visibility,
        tags=[str(tag) for tag in one.get("label_names") or []],
        position=int(one.get("position") or 0),
        state="draft" if one.get("draft") else "published",
        is_outdated=bool(one.get("outdated")),
    )


def _locale(one: dict[str, Any]) -> str:
    tag = str(one.get("locale") or "en").partition("-")[0].lower()
    return tag if tag in NAMES else "en"
