"""The benchmark's own parts: its mails, its table, its light clients. The figures themselves are not tests."""

import json
import struct
from array import array

from channels.email.parse import parse_mail
from tools.bench import sockets
from tools.bench.figures import Figure, aimed, percentile, write
from tools.bench.http_load import requests
from tools.bench.mails import mixed


def test_mails_are_always_the_same_and_mixed():
    """Two runs compare only if they take in the same mails: answers, files and scripts among them."""
    first, second = mixed(200, ["a@desk.example"], "x"), mixed(200, ["a@desk.example"], "x")
    assert [parse_mail(raw).text for raw in first] == [parse_mail(raw).text for raw in second]
    parsed = [parse_mail(raw) for raw in first]
    assert sum(bool(mail.in_reply_to) for mail in parsed) >= 20
    assert sum(len(mail.attachments) == 2 for mail in parsed) == 60
    assert sum("ा" in mail.text or "া" in mail.text or "ಾ" in mail.text for mail in parsed) == 20
    ids = {mail.message_id for mail in parsed}
    assert all(mail.in_reply_to in ids for mail in parsed if mail.in_reply_to)


def test_figure_says_whether_its_aim_was_met(tmp_path):
    """A missed aim is named, and the file is a list with exactly the promised keys."""
    fast = aimed("list", 120, "requests/s", 100, "x", (">", 150))
    slow = aimed("p99", 40, "ms", None, "x", ("<", 60))
    assert fast.note.startswith("aim ≥ 150: MISSED") and slow.note.startswith("aim ≤ 60: met")
    write([fast, slow], tmp_path / "bench.json")
    rows = json.loads((tmp_path / "bench.json").read_text())
    assert [list(row) for row in rows] == [["name", "value", "unit", "floor", "note", "ratio"]] * 2
    assert [row["ratio"] for row in rows] == [1.2, None]


def test_percentile():
    """The value that the named share lies below."""
    assert percentile([float(n) for n in range(100)], 0.99) == 99
    assert Figure("x", 1, "s", 0, "").ratio is None


def test_frames_are_found_in_pieces():
    """A frame that is not all there waits; long ones have their length in two bytes."""
    short, long = b"\x81\x05hello", b"\x81\x7e" + struct.pack("!H", 300) + b"x" * 300
    assert sockets._frame(short, 0) == (1, 2, 7)
    assert sockets._frame(short[:4], 0) is None
    assert sockets._frame(short + long, 7) == (1, 11, 311)
    assert sockets._frame(long[:200], 0) is None


def test_lost_and_doubled_events_are_seen():
    """Each socket must get each number once and in order; anything else is counted."""
    socket = object.__new__(sockets.Socket)
    socket.expected = socket.wrong = 0
    seen, at = array("q"), array("d")
    socket._look(b'[{"data":{"n": 0}},{"data":{"n": 1}}]', 1.0, seen, at)
    assert socket.wrong == 0
    socket._look(b'[{"data":{"n": 1}}]', 2.0, seen, at)
    socket._look(b'[{"data":{"n": 3}}]', 3.0, seen, at)
    assert socket.wrong == 2 and list(seen) == [0, 1, 1, 3] and list(at) == [1.0, 1.0, 2.0, 3.0]


def test_requests_carry_a_key_each():
    """A reply is made anew by each request: the key in its body is its own."""
    order = {"host": "h", "port": 1, "headers": {"Cookie": "c"}, "requests": [["POST", "/x", '"@KEY@"']], "once": False}
    made = requests(order)
    first, second = next(made), next(made)
    assert first != second and b"Content-Length: 38\r\n\r\n" in first and first.startswith(b"POST /x HTTP/1.1\r\n")
