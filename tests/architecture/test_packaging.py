"""The wheel: the packages of the product and the built console, nothing else."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import assets

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = {
    "agent_ui",
    "automation",
    "channels",
    "core",
    "customers",
    "knowledge_base",
    "products",
    "migrations",
    "portal",
    "routing",
    "workforce",
    "sampark",
    "simulator",
    "staff",
    "tickets",
}


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of all files in a wheel that was just built, without building the console again."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        env=os.environ | {"SAMPARK_SKIP_ASSETS": "1"},
        capture_output=True,
        check=True,
    )
    return zipfile.ZipFile(next(folder.glob("*.whl"))).namelist()


def test_the_wheel_holds_only_our_packages(contents: list[str]) -> None:
    """Nothing but the listed packages lands in somebody's site-packages."""
    top = {name.partition("/")[0] for name in contents}
    assert {name for name in top if not name.endswith(".dist-info")} == TOP_LEVEL


def test_the_wheel_carries_no_sources_of_the_console(contents: list[str]) -> None:
    """TypeScript and node_modules stay out."""
    assert not [name for name in contents if name.startswith("agent_ui/web") or "node_modules" in name]


def test_the_wheel_carries_the_built_console(contents: list[str]) -> None:
    """The page and its scripts are packed although git ignores them."""
    if not assets.fresh():
        pytest.skip("the console is not built: python -m tools.assets")
    console = [name for name in contents if name.startswith("agent_ui/static/console/")]
    assert "agent_ui/static/console/index.html" in console
    assert any(name.endswith(".js") for name in console)


def test_the_wheel_carries_the_languages(contents: list[str]) -> None:
    """The catalogues lie beside the packages in a checkout and inside core in a wheel."""
    for language in ("bn", "hi", "kn", "mr"):
        assert f"core/locale/{language}/LC_MESSAGES/sampark.po" in contents


def test_the_wheel_carries_templates_and_styles(contents: list[str]) -> None:
    """Pages that are rendered need their templates beside the code."""
    for name in ("portal/templates/home.html", "portal/static/portal.css", "migrations/env.py"):
        assert name in contents


def test_the_wheel_carries_the_license(contents: list[str]) -> None:
    """Apache-2.0 asks for its text to travel along."""
    assert any(name.endswith("licenses/LICENSE") for name in contents)
