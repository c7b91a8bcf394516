"""Mails of other projects, when they lie beside the checkout: none may crash us, and most must be read rightly."""

import collections
import json
from pathlib import Path

import pytest

from channels.email.report import describe, encode

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "corpora" / "mail"

FLOORS = {
    "subject": 0.92,
    "from": 0.98,
    "message_id": 0.95,
    "reply_text": 0.9,
    "is_bounce": 0.98,
    "not_bounce": 0.8,
    "bounce_recipient": 0.95,
    "bounce_status_class": 0.97,
    "bounce_hard": 0.9,
    "is_auto_reply": 0.85,
    "is_feedback_report": 1.0,
}
"""Share of the stated expectations that must hold; the sources contradict one another, so none but one is 1."""

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the corpora of other projects are not beside the checkout")


def _flat(value: object) -> str:
    return " ".join(str(value or "").split())


def _checks(want: dict, got: dict):
    addresses = [item["address"].lower() for item in got["from"]]
    sender = str(want.get("from_email") or "").lower()
    if "@" in sender:
        yield "from", sender in addresses
    for name in ("subject", "message_id", "reply_text"):
        if isinstance(want.get(name), str):
            yield name, _flat(got[name]).strip("<>") == _flat(want[name]).strip("<>")
    for name in ("is_auto_reply", "is_feedback_report"):
        if name in want:
            yield name, got[name] == want[name]
    if "is_bounce" in want:
        yield ("is_bounce", got["is_bounce"]) if want["is_bounce"] else ("not_bounce", not got["is_bounce"])
    if want.get("bounce_recipient"):
        yield (
            "bounce_recipient",
            set(want["bounce_recipient"]) <= {item["recipient"].lower() for item in got["bounces"]},
        )
    stated = [item for item in want.get("bounces") or [] if isinstance(item, dict)]
    if stated and stated[0].get("status"):
        classes = {item["status"][:1] for item in got["bounces"]}
        yield "bounce_status_class", stated[0]["status"][0] in classes
    if stated and isinstance(stated[0].get("hard"), bool):
        yield "bounce_hard", stated[0]["hard"] in {item["hard"] for item in got["bounces"]}


@pytest.mark.slow
def test_corpora() -> None:
    """Every message is read without an internal fault, and the share of held expectations is above the floor."""
    held: collections.Counter[str] = collections.Counter()
    stated: collections.Counter[str] = collections.Counter()
    for expected in sorted(FOLDER.glob("*/expected.jsonl")):
        for line in expected.read_text(encoding="utf-8").splitlines():
            want = json.loads(line)
            if want.get("kind") not in ("eml", "text_body", "html_body"):
                continue
            as_ = {"text_body": "text", "html_body": "html"}.get(want["kind"])
            got = json.loads(encode(describe((expected.parent / want["file"]).read_bytes(), want["file"], as_)))
            assert "completely" not in (got["error"] or ""), want["file"]
            for aspect, holds in _checks(want, got) if want["kind"] != "html_body" else ():
                stated[aspect] += 1
                held[aspect] += bool(holds)
    shares = {aspect: held[aspect] / stated[aspect] for aspect in FLOORS if stated[aspect]}
    assert all(share >= FLOORS[aspect] for aspect, share in shares.items()), shares
