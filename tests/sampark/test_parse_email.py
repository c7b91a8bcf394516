"""The command that prints mails as JSON lines."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sampark.commands.parse_email import command, read_file

MAIL = b"From: Jo <jo@home.example>\nTo: desk@shop.example\nSubject: Order\nMessage-ID: <m@x>\n\nYes.\n\n-- \nJo\n"
KEYS = [
    "file", "from", "to", "cc", "subject", "message_id", "in_reply_to", "references", "date", "text", "html", "reply_text",
    "quoted_text", "attachments", "is_auto_reply", "is_bounce", "bounces", "is_feedback_report", "error",
]  # fmt: skip


def run(*arguments: str | Path) -> tuple[int, list[dict]]:
    """Exit status and the printed objects."""
    result = CliRunner().invoke(command, [str(item) for item in arguments])
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


def test_one_mail(tmp_path: Path) -> None:
    """A file gives one line with every field."""
    (tmp_path / "a.eml").write_bytes(MAIL)
    status, [found] = run(tmp_path / "a.eml")
    assert status == 0
    assert list(found) == KEYS
    assert found["from"] == [{"name": "Jo", "address": "jo@home.example"}]
    assert (found["reply_text"], found["error"]) == ("Yes.", None)


def test_folders_are_walked_in_order(tmp_path: Path) -> None:
    """All files below a folder are read, sorted, and an empty one only has its error."""
    for name in ("b/2.eml", "b/1.eml", "a.eml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(MAIL)
    (tmp_path / "b" / "0.eml").write_bytes(b"")
    status, found = run(tmp_path)
    assert status == 0
    assert [item["file"].removeprefix(f"{tmp_path}/") for item in found] == ["a.eml", "b/0.eml", "b/1.eml", "b/2.eml"]
    assert found[1]["error"] == "The mail is empty."


def test_a_missing_path_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    """The exit status is not zero, but the other files have their lines."""
    (tmp_path / "a.eml").write_bytes(MAIL)
    status, found = run(tmp_path / "nowhere", tmp_path / "a.eml")
    assert status == 1
    assert len(found) == 1


def test_bare_bodies(tmp_path: Path) -> None:
    """A body without headers is read as text or HTML."""
    (tmp_path / "a.txt").write_text(
        "Yes.\n\nOn Mon, 3 Mar 2025 at 10:15, A <a@b.example> wrote:\n> Well?", encoding="utf-8"
    )
    _, [found] = run("--as", "text", tmp_path / "a.txt")
    assert (found["reply_text"], found["quoted_text"].splitlines()[-1]) == ("Yes.", "> Well?")
    (tmp_path / "a.html").write_text("<p>Yes.</p><blockquote>Well?</blockquote><script>1</script>", encoding="utf-8")
    _, [found] = run("--as", "html", tmp_path / "a.html")
    assert found["reply_text"] == "Yes."
    assert "script" not in found["html"]


def test_mbox(tmp_path: Path) -> None:
    """A mailbox file gives a line for each message."""
    box = b"".join(b"From jo@home.example Mon Mar  3 10:15:00 2025\n" + MAIL + b"\n" for _ in range(3))
    (tmp_path / "a.mbox").write_bytes(box)
    found = [json.loads(line) for line in read_file(tmp_path / "a.mbox")]
    assert [item["subject"] for item in found] == ["Order"] * 3
    assert found[0]["file"].endswith("a.mbox#1")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_that_an_mbox_marks(tmp_path: Path, end: str) -> None:
    """A line that begins with "From " is marked in an mbox; whoever reads the mail does not see that."""
    said = "Dear all\n\n>From here on\n>>From there\n> From elsewhere\nFrom me, in 2025 or so"
    box = f"From jo@home.example Mon Mar  3 10:15:00 2025\nSubject: a\n\n{said}\n\n".replace("\n", end)
    (tmp_path / "a.mbox").write_bytes(box.encode() * 2)
    found = [json.loads(line) for line in read_file(tmp_path / "a.mbox")]
    want = "Dear all\n\nFrom here on\n>From there\n> From elsewhere\nFrom me, in 2025 or so"
    assert [item["text"].strip() for item in found] == [want] * 2


def test_what_is_no_file_has_its_reason(tmp_path: Path) -> None:
    """A file that vanished does not raise."""
    [line] = read_file(tmp_path / "gone.eml")
    assert json.loads(line)["error"] == "It is no regular file."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """What is no regular file has its line with the reason, and the mails behind it are read."""
    os.mkfifo(tmp_path / "a.eml")
    (tmp_path / "b.eml").write_bytes(MAIL)
    status, found = run(tmp_path)
    assert status == 0
    assert [(item["error"], item["subject"]) for item in found] == [("It is no regular file.", ""), (None, "Order")]
    assert run(tmp_path / "a.eml")[0] == 1


def test_a_mail_that_takes_too_long_costs_one_line(tmp_path: Path) -> None:
    """After the deadline the next file is read by a new process."""
    big = b"From: a@b.example\n\n" + b"On 1 Jan 2025 10:00 x wrote:\n" * 2_000_000
    (tmp_path / "a.eml").write_bytes(big)
    (tmp_path / "b.eml").write_bytes(MAIL)
    status, found = run("--deadline", "0.6", tmp_path)
    assert status == 0
    assert found[0]["error"] == "Reading took longer than 0.6 seconds."
    assert found[1]["subject"] == "Order"


@pytest.mark.parametrize("heavy", ["litestar", "sqlalchemy", "asyncpg"])
def test_it_starts_without_the_web_and_the_database(heavy: str) -> None:
    """The command imports neither, so that it starts fast."""
    code = f"import sys, sampark.commands.parse_email; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
