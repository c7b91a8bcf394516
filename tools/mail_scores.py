"""Write docs/reference/mail-expectations.md: how many expectations of other projects' mails hold, and why not.

    python -m tools.mail_scores

Reads the corpora and the scorer that lie beside the checkout (their licences keep them out of it); measures only. The
reasons are worked out from each expectation and what was read instead; what no reason fits is listed as not explained.
"""

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
CORPORA = SHARED / "corpora" / "mail"
PAGE = ROOT / "docs" / "reference" / "mail-expectations.md"
HEAD = """# How many expectations of other projects' mails hold

Written by `python -m tools.mail_scores`; do not edit. Each row is one source of mails with the expectations that its
own tests state (held/stated); an aspect that no mail of the source states is empty. The sources contradict one another
about signatures, charsets and what is a file, so not every number can be full; the list below the table tells what does
not hold and why. One row leaves out only the expectations that want letters to be lost.
`sampark ingest email` takes all of these mails in without a crash, one ledger row each
(`tests/journeys/test_corpora.py`).

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

REASONS: Final = {
    "scorer": "The scorer looks for the mail under another name, because its folder is called `messages` twice. It is "
    "read, and what its source states about it holds.",
    "lost letters": "The source states what its own parser makes of bytes in another charset than the mail names, or "
    "in none: replacement characters. We read the letters. Of the same mail (`stalwart-mail-parser` legacy/010 and "
    "`zbateson-mail-mime-parser` m2015 are equal to the last byte) another source states the letters, as we read them.",
    "utf-7": "A subject in UTF-7 without the marks of an encoded word. This source states it as it stands, another "
    "(`zbateson-mail-mime-parser` m1011) decoded, as we read it.",
    "nul": "The source keeps a NUL character in a text. A database takes none, and nobody sees it: it is left out.",
    "broken": "A multipart without its boundary line, or nested in one of the same boundary. The source states the raw "
    "lines as the text, or takes a text for a file; we show the text that somebody wrote.",
    "emphasis": "The source marks bold words with asterisks when it makes text of HTML. Our text is searched, so words "
    "stand as they are.",
    "recoded": "The source recodes a text file to UTF-8, or its line ends, before it states the hash. We keep a file's "
    "bytes as they were sent.",
    "made up": "The mail gives the file no name. The source makes one up, and so do we, another one.",
    "folders": "The name in the mail is a path. Names lose their folders, which a hostile mail could use.",
    "few files": "The source keeps no more than fifteen files of a mail. We keep all.",
    "inner files": "The source counts the files inside an attached mail as well. We keep the attached mail whole.",
    "challenge": "A server refused the mail for good until the sender proves something. The source does not count "
    "that; for whoever sent the mail it has not arrived.",
    "delay": "A notice of a delay. This source does not count it, two others do.",
    "not understood": "A failure that the source cannot read. It names the recipient and the reason, so we can.",
    "no bounce": "No report of a failure at all: an ordinary mail, or a list's note that a moderator has to look.",
    "delay is final": "The source states a permanent fault for a notice that says the mail is tried again, or a "
    "temporary one where the server gave up.",
    "about the address": "We call a failure final when the address itself is of no use, by the server's own words. "
    "The source takes some of the same words for a filter, by the command that was refused, or by provider.",
    "absence": "An absence note. The source lists it among bounces; we call it an automatic answer.",
    "list is automatic": "The source drops everything with `Precedence: list`. People write to lists.",
    "signature": "The source keeps the signature in the reply, as two others do not.",
    "forward": "The source shows a mail that is passed on as part of the answer. We fold it and read its author apart.",
    "unmarked": "Nothing in the text marks a quote. In doubt everything is shown.",
}
"""Why an expectation does not hold, by a short name."""

LOST: Final = "\ufffd"
"""What a parser puts where it could not read a letter."""


def _reason(aspect: str, want: dict[str, Any], got: dict[str, Any] | None) -> str:
    """The name of the reason why an expectation does not hold; "" when none fits."""
    if got is None:
        return "scorer"
    answer = _REASON_OF.get(aspect, "")
    return answer if isinstance(answer, str) else answer(want, got)


def _subject(want: dict[str, Any], _: dict[str, Any]) -> str:
    if LOST in want["subject"]:
        return "lost letters"
    return "utf-7" if re.search(r"\+[A-Za-z0-9+/]+-", want["subject"]) else ""


def _text(want: dict[str, Any], _: dict[str, Any]) -> str:
    stated = "".join(want.get("text_contains") or [])
    if LOST in stated:
        return "lost letters"
    if "\x00" in stated:
        return "nul"
    if "/malformed/" in want["file"]:
        return "broken"
    return "emphasis" if "*" in stated else ""


def _file_content(want: dict[str, Any], _: dict[str, Any]) -> str:
    odd = "/malformed/" in want["file"] or LOST in json.dumps(want.get("text", ""), ensure_ascii=False)
    return "broken" if odd else "recoded"


def _file_count(want: dict[str, Any], got: dict[str, Any]) -> str:
    return "inner files" if len(got["attachments"]) < want["attachment_count"] else "few files"


def _final(_: dict[str, Any], got: dict[str, Any]) -> str:
    return "about the address" if got["bounces"] else "absence"


def _file_name(want: dict[str, Any], got: dict[str, Any]) -> str:
    have = {item["name"] for item in got["attachments"]}
    missing = [item["name"] for item in want["attachments"] if item.get("name") and item["name"] not in have]
    if any("\ufffd" in name for name in missing):
        return "lost letters"
    return "folders" if any("/" in name for name in missing) else "made up"


def _no_bounce(_: dict[str, Any], got: dict[str, Any]) -> str:
    report = got["bounces"][0]
    if "confirm" in report["reason"]:
        return "challenge"
    return "delay" if report["status"].startswith("4") else "not understood"


def _reply(want: dict[str, Any], got: dict[str, Any]) -> str:
    if "[quote]" in want["reply_text"]:
        return "forward"
    return "signature" if len(want["reply_text"]) > len(got["reply_text"]) else "unmarked"


_REASON_OF: Final[dict[str, str | Callable[[dict[str, Any], dict[str, Any]], str]]] = {
    "subject": _subject,
    "text": _text,
    "attachment_name": _file_name,
    "attachment_sha256": _file_content,
    "attachment_count": _file_count,
    "is_bounce": "no bounce",
    "not_bounce": _no_bounce,
    "bounce_recipient": "no bounce",
    "bounce_status_class": "delay is final",
    "bounce_hard": _final,
    "is_auto_reply": "list is automatic",
    "reply_text": _reply,
}


def _scorer() -> Any:
    place = importlib.util.spec_from_file_location("score_mail", SHARED / "tools" / "score_mail.py")
    if place is None or place.loader is None:
        sys.exit("The scorer is not beside the checkout; nothing was written.")
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    return module


def read_all() -> dict[str, dict[str, Any]]:
    """What the command line prints about each mail, by the name under which the scorer looks for it."""
    folders = sorted(path for path in CORPORA.glob("*/messages") if path.is_dir())
    with tempfile.TemporaryDirectory() as place:
        output = Path(place) / "output.jsonl"
        with output.open("wb") as file:
            command = [sys.executable, "-m", "sampark", "parse-email", *map(str, folders)]
            subprocess.run(command, stdout=file, check=True, cwd=ROOT)
        rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        parts = Path(row["file"]).parts
        at = len(parts) - 1 - parts[::-1].index("messages")
        found["/".join(parts[at - 1 :])] = row
    return found


def expectations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Source and expectations of each mail."""
    for expected in sorted(CORPORA.glob("*/expected.jsonl")):
        for line in expected.read_text(encoding="utf-8").splitlines():
            want = json.loads(line)
            if want.get("kind") in ("eml", "text_body"):
                yield expected.parent.name, want


class Score:
    """Counts of expectations by source and aspect, and the reasons why some do not hold."""

    def __init__(self) -> None:
        self.counts: defaultdict[str, Counter[tuple[str, bool]]] = defaultdict(Counter)
        self.missed: Counter[tuple[str, str]] = Counter()
        self.unexplained: list[str] = []

    def add(self, source: str, aspect: str, want: dict[str, Any], got: dict[str, Any] | None, *, holds: bool) -> None:
        """Count one expectation."""
        self.counts[source][aspect, holds] += 1
        if holds:
            return
        reason = _reason(aspect, want, got)
        self.missed[reason, aspect] += 1
        if reason not in REASONS:
            self.unexplained.append(f"{aspect}: {source}/{want['file']}")


def measure() -> Score:
    """Read every mail with the command line, and count as the scorer does."""
    scorer = _scorer()
    read = read_all()
    score = Score()
    for source, want in expectations():
        got = read.get(f"{source}/{want['file']}")
        for aspect, holds in scorer.checks(want, got):
            score.add(source, aspect, want, got, holds=holds)
    return score


def page(score: Score, order: tuple[str, ...]) -> str:
    """The table and the reasons as Markdown."""
    total: Counter[tuple[str, bool]] = sum(score.counts.values(), Counter())
    order = tuple(name for name in order if total[name, True] + total[name, False])
    kept = Counter(total)
    for (reason, aspect), number in score.missed.items():
        kept[aspect, False] -= number if reason in ("lost letters", "nul") else 0
    lines = ["| source | " + " | ".join(NAMES.get(name, name.replace("_", " ")) for name in order) + " |"]
    lines.append("|---|" + "--:|" * len(order))
    rows = [*sorted(score.counts.items()), ("**all**", total), ("**all that want no letters lost**", kept)]
    for source, row in rows:
        cells = [_cell(row[name, True], row[name, True] + row[name, False]) for name in order]
        lines.append(f"| {source} | " + " | ".join(cells) + " |")
    share = [f"{100 * total[name, True] / (total[name, True] + total[name, False]):.1f} %" for name in order]
    lines.append("| **share of all** | " + " | ".join(share) + " |")
    return HEAD + "\n".join([*lines, "", *_explained(score)]) + "\n"


def _cell(held: int, stated: int) -> str:
    return f"{held}/{stated}" if stated else ""


def _explained(score: Score) -> list[str]:
    lines = ["## What does not hold, and why", ""]
    for reason, words in REASONS.items():
        found = [(aspect, number) for (name, aspect), number in sorted(score.missed.items()) if name == reason]
        if found:
            where = ", ".join(f"{NAMES.get(aspect, aspect.replace('_', ' '))} {number}" for aspect, number in found)
            lines.append(f"- {words} ({where})")
    if score.unexplained:
        lines += ["", "Not explained:", "", *(f"- {item}" for item in score.unexplained)]
    return lines


def main() -> None:
    """Measure and write."""
    if not CORPORA.is_dir():
        sys.exit("The corpora are not beside the checkout; nothing was written.")
    PAGE.write_text(page(measure(), _scorer().ASPECTS), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main()
