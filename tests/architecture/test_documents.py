"""The documents are under test: what they name exists, what can be generated is current."""

import re
import tomllib
from itertools import chain, pairwise
from pathlib import Path

import pytest

from tools import docs

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    if path.parent.name != "reference" or path.name == "glossary.md"
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<target>[^)#]+)")
FOLDERS = "sampark|core|staff|customers|tickets|knowledge_base|products|routing|workforce|channels|agent_ui|portal|simulator|migrations|docs|tests|tools|requirements"
NAMED_PATH = re.compile(rf"`(?P<path>(?:{FOLDERS})/[\w./-]*)(?:::(?P<name>\w+))?`")
BUILT = ("agent_ui/static/",)


def ids(paths: list[Path]) -> list[str]:
    """Readable names for parametrised tests."""
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids(DOCUMENTS))
def test_every_link_leads_somewhere(document: Path) -> None:
    """A relative link names a file of the checkout."""
    dead = [
        hit["target"] for hit in LINK.finditer(document.read_text()) if not (document.parent / hit["target"]).exists()
    ]
    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids(DOCUMENTS))
def test_every_file_that_is_named_exists(document: Path) -> None:
    """A path in backticks exists, and so does the function named behind it (`tickets/access.py::visible_to`)."""
    text = document.read_text()
    for hit in NAMED_PATH.finditer(text):
        if hit["path"].startswith(BUILT) or "<" in hit["path"]:
            continue
        path = ROOT / hit["path"]
        assert path.exists(), hit["path"]
        if hit["name"]:
            assert re.search(rf"\b{hit['name']}\b", path.read_text()), hit[0]


@pytest.mark.parametrize("document", sorted(ROOT.glob("docs/flows/*.md")), ids=lambda path: path.stem)
def test_a_flow_names_its_files_in_order(document: Path) -> None:
    """A flow is numbered from 1, and every step names the file where it happens."""
    steps = re.findall(r"^(\d+)\. (.*)$", document.read_text(), re.MULTILINE)
    assert [int(number) for number, _ in steps] == list(range(1, len(steps) + 1))
    assert len(steps) >= 5
    assert [line for _, line in steps if not NAMED_PATH.search(line)] == []


@pytest.mark.parametrize("name", docs.PAGES)
def test_a_generated_page_is_current(name: str) -> None:
    """The reference says what the code does: `make docs` was run."""
    assert docs.stale(name) == ""


def test_decisions_are_numbered_without_gaps_and_have_their_parts() -> None:
    """Each record has the four headings, and no number is used twice or left out."""
    records = sorted(ROOT.glob("docs/decisions/[0-9]*.md"))
    numbers = [int(path.name[:4]) for path in records]
    assert numbers == list(range(1, len(records) + 1))
    for path in records:
        headings = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences", "Alternatives"], path.name
        assert path.read_text().startswith(f"# {path.name[:4]} "), path.name


def test_every_dependency_is_explained() -> None:
    """docs/dependencies.md has a line for each package that we ask for, and for no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = chain(*project["project"]["optional-dependencies"].values())
    asked = [*project["project"]["dependencies"], *extras, *chain(*project["dependency-groups"].values())]
    wanted = {re.split(r"[\[<>=;]", line)[0].strip() for line in asked if isinstance(line, str)}
    explained = set(re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE))
    assert explained == wanted


def test_every_behaviour_names_a_test_that_exists() -> None:
    """The table of behaviours points at real tests."""
    rows = re.findall(r"`(tests/[\w/.-]+)::(\w+)`", (ROOT / "docs/behaviours.md").read_text())
    assert len(rows) >= 10
    missing = [f"{path}::{name}" for path, name in rows if f"def {name}(" not in (ROOT / path).read_text()]
    assert missing == []


def test_the_glossary_is_sorted() -> None:
    """Words are found where one looks for them."""
    words = re.findall(r"^\*\*(.+?)\*\*", (ROOT / "docs/reference/glossary.md").read_text(), re.MULTILINE)
    assert len(words) > 20
    assert all(one.lower() < two.lower() for one, two in pairwise(words))
