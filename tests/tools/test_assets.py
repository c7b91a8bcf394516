"""Building the console and the portal's scripts: what counts as a change, and when nothing needs to be built."""

import hashlib
from pathlib import Path

import pytest

from tools import assets
from tools.assets import Part


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Part:
    """A part whose sources and output are in a folder of their own."""
    sources, out = tmp_path / "web", tmp_path / "out"
    (sources / "src").mkdir(parents=True)
    out.mkdir()
    (sources / "src" / "main.ts").write_text("start()")
    part = Part("a part", sources, out, "/static/part/")
    monkeypatch.setattr(assets, "PARTS", (part,))
    return part


def test_a_build_stays_fresh_until_a_source_changes(web: Part) -> None:
    """The stamp holds the hash of the sources; content counts, packages do not."""
    assert not assets.fresh()
    web.stamp.write_text(assets.fingerprint(web))
    assert assets.fresh()
    (web.sources / "node_modules").mkdir()
    (web.sources / "node_modules" / "x.js").write_text("changed")
    assert assets.fresh()
    (web.sources / "src" / "main.ts").write_text("start( )")
    assert not assets.fresh()


def test_a_renamed_source_is_a_change(web: Part) -> None:
    """The path is part of the hash."""
    web.stamp.write_text(assets.fingerprint(web))
    (web.sources / "src" / "main.ts").rename(web.sources / "src" / "begin.ts")
    assert not assets.fresh()


def test_without_sources_the_built_files_are_taken_as_they_are(
    web: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who installs a wheel has no sources and needs no Node."""
    monkeypatch.setattr(assets, "PARTS", (Part("a part", tmp_path / "nowhere", web.out, ""),))
    assert assets.fresh()


@pytest.mark.parametrize(("version", "accepted"), [("18.19.0", False), ("20.20.2", False), ("24.1.0", True)])
def test_only_a_young_enough_node_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, accepted: bool
) -> None:
    """An old Node of the system is passed over, and Node from PyPI taken instead."""
    for name in ("node", "npm"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (assets.system_node() is not None) is accepted


def test_no_node_at_all_is_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody should have to read a traceback to learn that Node is missing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(assets, "wheel_node", lambda: None)
    with pytest.raises(SystemExit, match="needs Node 22.13 or newer"):
        assets.npm_command("ci")


def test_packages_of_another_folder_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a link npm would empty the other folder; with the packages that are asked for, a link will do."""
    monkeypatch.setattr(assets, "npm", lambda *_, **__: pytest.fail("npm was called"))
    others, folder = tmp_path / "others", tmp_path / "mine"
    others.mkdir()
    folder.mkdir()
    (others / "package.js").touch()
    (folder / "package-lock.json").write_text("{}")
    (folder / "node_modules").symlink_to(others)
    with pytest.raises(SystemExit, match="is a link to .*: remove the link") as refused:
        assets.install(folder)
    assert str(others) in str(refused.value)
    assert (others / "package.js").exists()
    (others / ".lock-sha").write_text(hashlib.sha256(b"{}").hexdigest())
    assets.install(folder)
