"""The import contracts: kept by the sources, and each one really catches a violation."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = PROJECT["tool"]["importlinter"]
PACKAGES: list[str] = CONTRACTS["root_packages"]

# (a file to plant, what it imports, words of the contract that must break)
VIOLATIONS = [
    ("core/planted.py", "import tickets.models", "only downwards"),
    ("tickets/planted.py", "import knowledge_base", "only downwards"),
    ("products/planted.py", "import tickets.models", "only downwards"),
    ("customers/planted.py", "import staff.models", "only downwards"),
    ("portal/planted.py", "import agent_ui", "only downwards"),
    ("routing/planted.py", "import channels.inbound", "only downwards"),
    ("routing/planted.py", "import workforce.erlang", "only downwards"),
    ("routing/planted.py", "import automation.rules", "only downwards"),
    ("automation/planted.py", "import channels.notices", "only downwards"),
    ("agent_ui/planted.py", "import sampark", "only downwards"),
    ("staff/planted.py", "import litestar", "no web framework"),
    ("portal/planted.py", "import staff.models", "sees no staff"),
    ("portal/planted.py", "import channels.email.parse", "sees no staff"),
    ("channels/planted.py", "import simulator", "make-believe"),
]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages in a folder."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages, to plant violations in."""
    folder = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        for source in (ROOT / package).rglob("*.py"):
            if "node_modules" not in source.parts:
                copied = folder / source.relative_to(ROOT)
                copied.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, copied)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_contracts_are_kept() -> None:
    """No module imports what it may not."""
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("path", "line", "words"), VIOLATIONS, ids=[f"{path}: {line}" for path, line, _ in VIOLATIONS])
def test_a_planted_violation_is_caught(copy: Path, path: str, line: str, words: str) -> None:
    """Each contract fails, by name, on a module that breaks it."""
    planted = copy / path
    planted.write_text(line + "\n")
    try:
        done = lint_imports(copy)
    finally:
        planted.unlink()
    broken = [text for text in done.stdout.splitlines() if text.endswith("BROKEN")]
    assert done.returncode == 1, done.stdout + done.stderr
    assert any(words in text for text in broken), broken


def test_every_channel_is_in_the_independence_contract() -> None:
    """A new channel must be listed, or it could import its neighbours."""
    listed = next(rule["modules"] for rule in CONTRACTS["contracts"] if rule["id"] == "channels")
    channels = {f"channels.{path.parent.name}" for path in ROOT.glob("channels/*/__init__.py")}
    assert channels == set(listed)


def test_every_package_is_known_to_every_tool() -> None:
    """A package that is added must be packed, typed and under the contracts."""
    tool = PROJECT["tool"]
    on_disk = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "tools", "migrations"}
    assert set(PACKAGES) == on_disk
    assert set(tool["hatch"]["build"]["targets"]["wheel"]["packages"]) == on_disk | {"migrations"}
    assert set(tool["mypy"]["packages"]) == on_disk | {"tools"}
    assert set(tool["basedpyright"]["include"]) == on_disk | {"tools"}
    layers = {name for layer in CONTRACTS["contracts"][0]["layers"] for name in layer.split(" | ")}
    assert layers == on_disk - {"simulator"}
