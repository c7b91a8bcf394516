"""Write docs/reference/mail-expectations.md: how many expectations of other projects' mails our reader holds.

    python -m tools.mail_scores

Reads the corpora and the scorer that lie beside the checkout (their licences keep them out of it); measures only.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
PAGE = ROOT / "docs" / "reference" / "mail-expectations.md"
HEAD = """# How many expectations of other projects' mails hold

Written by `python -m tools.mail_scores`; do not edit. Each row is one source of mails with the expectations that its
own tests state (held/stated); an aspect that no mail of the source states is empty. The sources contradict one another
about signatures, charsets and what is a file, so not every number can be full. `sampark ingest email` takes all of
these mails in without a crash, one ledger row each (`tests/journeys/test_corpora.py`).

"""
NAMES = {
    "output": "read",
    "readable": "readable",
    "reply_text": "reply text",
    "attachment_name": "file names",
    "attachment_sha256": "file contents",
    "attachment_count": "file count",
    "is_bounce": "is a bounce",
    "not_bounce": "is no bounce",
    "bounce_recipient": "bounced recipient",
    "bounce_status_class": "bounce status",
    "bounce_hard": "bounce is final",
    "is_auto_reply": "automatic reply",
    "is_feedback_report": "abuse report",
}


def measure() -> dict[str, dict[str, list[int]]]:
    """Parse every mail with the command line, and let the scorer count."""
    folders = sorted(path for path in (SHARED / "corpora" / "mail").glob("*/messages") if path.is_dir())
    with tempfile.TemporaryDirectory() as place:
        output = Path(place) / "output.jsonl"
        with output.open("wb") as file:
            command = [sys.executable, "-m", "sampark", "parse-email", *map(str, folders)]
            subprocess.run(command, stdout=file, check=True, cwd=ROOT)
        scorer = [sys.executable, SHARED / "tools" / "score_mail.py", SHARED / "corpora" / "mail", output, "--json"]
        done = subprocess.run(scorer, capture_output=True, text=True, check=True)
    table: dict[str, dict[str, list[int]]] = json.loads(done.stdout)
    return table


def page(table: dict[str, dict[str, list[int]]]) -> str:
    """The table as Markdown."""
    order = list(table.pop("ALL", {}))
    lines = ["| source | " + " | ".join(NAMES.get(name, name.replace("_", " ")) for name in order) + " |"]
    lines.append("|---|" + "--:|" * len(order))
    totals = {name: [sum(row.get(name, [0, 0])[at] for row in table.values()) for at in (0, 1)] for name in order}
    for source, row in [*sorted(table.items()), ("**all**", totals)]:
        cells = [f"{row[name][0]}/{row[name][1]}" if name in row else "" for name in order]
        lines.append(f"| {source} | " + " | ".join(cells) + " |")
    return HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write."""
    if not SHARED.is_dir():
        sys.exit("The corpora are not beside the checkout; nothing was written.")
    PAGE.write_text(page(measure()), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main()
