"""Every mail of the corpora goes through the whole pipeline: no crash, one ledger row each, an outcome each."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.journeys.desk import Desk

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "mail"
OUTCOMES = {"ticket", "reply", "duplicate", "bounce", "automatic", "own_loop", "report", "unreadable", "too_big"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the corpora of other projects are not beside the checkout"),
]


def test_the_corpora_are_ingested(tmp_path: Path) -> None:
    """The command ends well, prints a line a mail, and the ledger holds as many rows."""
    desk = Desk(tmp_path / "data", demo=False)
    folders = sorted(str(path) for path in FOLDER.glob("*/messages"))
    done = desk.command("ingest", "email", *folders)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) >= sum(1 for folder in folders for path in Path(folder).rglob("*") if path.is_file())
    assert {row["outcome"] for row in rows} <= OUTCOMES
    desk.start()
    try:
        counted = asyncio.run(desk.query("select count(*) as n from inbound_items"))
        assert counted[0]["n"] == len(rows)
    finally:
        desk.stop()
