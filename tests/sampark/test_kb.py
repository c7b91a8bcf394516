"""``sampark kb``: articles from files and to files on the command line."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core import events
from core.db import Database, reading
from core.settings import Settings
from knowledge_base import search
from knowledge_base.access import VISITOR
from knowledge_base.search import Wish
from sampark.commands.kb import command


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command connects the product's parts; the tests after this one want none of them."""
    monkeypatch.setattr(events, "_handlers", {})


async def kb(db: Database, settings: Settings, *arguments: str) -> Result:
    """Run the command in a process's place, on this test's database."""
    given = {
        "DATABASE_URL": db.url,
        "SAMPARK_DATA": str(settings.data),
        "SAMPARK_SECRET": settings.secret.get_secret_value(),
    }
    return await asyncio.to_thread(CliRunner().invoke, command, arguments, env=given)


async def test_a_folder_comes_in_and_goes_out(db: Database, settings: Settings, tmp_path: Path) -> None:
    """A dry run keeps nothing, an import is found by the search at once, an export comes in again unchanged."""
    folder = tmp_path / "help"
    (folder / "care").mkdir(parents=True)
    (folder / "care" / "filter.md").write_text("# Filter\n\nWash it.")
    (folder / "care" / "bad.md").write_text("---\nlocale: xx\n---\n")
    dry = await kb(db, settings, "import", str(folder), "--dry-run", "--json")
    assert (dry.exit_code, json.loads(dry.stdout)["dryRun"]) == (1, True)
    done = await kb(db, settings, "import", str(folder))
    assert done.exit_code == 1
    assert "1 created, 0 updated, 0 unchanged, 1 error." in " ".join(done.stdout.split())
    async with reading(db) as session:
        assert [hit.slug for hit in (await search.find(session, VISITOR, Wish(words="wash", locale="en"))).hits] == [
            "filter"
        ]
    for target in ("out", "out.zip"):
        out = await kb(db, settings, "export", str(tmp_path / target), "--json")
        assert (out.exit_code, json.loads(out.stdout)["texts"]) == (0, 1), out.output
        again = await kb(db, settings, "import", str(tmp_path / target))
        assert again.exit_code == 0, again.output
        assert "0 created, 0 updated, 1 unchanged, 0 error." in " ".join(again.stdout.split())
