"""The mails of a soak: thousands of them, of every kind that a desk gets, the same ones for the same seed.

Used by `sampark/commands/soak.py`. Each mail names its letter in the first line, so that the ledger can be compared
with what was sent; a copy is the same letter over another way. Built from bytes by hand: much of it is wrong on
purpose, and a library for mails would not write it.
"""

import base64
import random
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

PEOPLE_EACH: Final = 6
"""So many letters come from one person, on average."""
BEGIN: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOO_BIG: Final = 140_000
"""Bytes of the mails that are too big, when the desk is told to take no more than 128 KiB."""
REMEMBERED: Final = 400
_NAME = re.compile(rb"soak(\d+)\.(\d+)")
_TO = re.compile(rb"(?m)^To: [^\r\n]*")

_TEXTS: Final = (
    "The machine stops after ten minutes and shows the red light. I have cleaned the filter twice.",
    "Please tell me when somebody can come; mornings are best for us.",
    "My order has not arrived yet. The parcel service says that it was handed over on Monday.",
    "Could you send me the invoice once more? The first one was cut off at the second page.",
)
_CHARSETS: Final = (
    ("iso-2022-jp", "フィルターが動きません。修理をお願いします。"),
    ("shift_jis", "請求書をもう一度送ってください。"),
    ("gb18030", "机器在十分钟后停止工作，请派人来看看。"),
    ("big5", "請告訴我什麼時候可以來修理。"),
    ("euc-kr", "기계가 십 분 후에 멈춥니다. 확인해 주세요."),
    ("koi8-r", "Машина останавливается через десять минут."),
    ("windows-1251", "Пришлите, пожалуйста, счёт ещё раз."),
    ("windows-1252", "Die Rechnung – bitte noch einmal, für „Müller“."),
    ("iso-8859-15", "Le prix était de 12 € à la caisse."),
    ("windows-1256", "الجهاز لا يعمل منذ أمس."),
    ("utf-8", "पानी का फ़िल्टर काम नहीं कर रहा। कृपया किसी को भेजें।"),
    ("utf-7", "Größe und Straße"),
)


@dataclass(frozen=True)
class SoakMail:
    """One mail that is put on the server.

    Attributes:
        letter: number of the letter; copies share it.
        copy: which copy, from 0.
        kind: what sort of mail.
        mailbox: which of the desk's mailboxes gets it, from 0.
        raw: the bytes.
        human: a person wrote it, so it must end as one message; of others only an outcome is asked.
        answers: Message-ID of the letter whose ticket's reply address it should be sent to, if that is known.
    """

    letter: int
    copy: int
    kind: str
    mailbox: int
    raw: bytes
    human: bool = True
    answers: str | None = None

    def sent_to(self, address: str) -> bytes:
        """The bytes with another recipient."""
        return _TO.sub(b"To: " + address.encode(), self.raw, count=1)


def name_in(raw: bytes) -> tuple[int, int] | None:
    """Letter and copy of a mail, from its first lines; None when it is none of ours."""
    found = _NAME.search(raw[:400])
    return (int(found[1]), int(found[2])) if found else None


@dataclass(frozen=True)
class _Letter:
    """What later mails need to know of an earlier one."""

    number: int
    sender: str
    subject: str
    message_id: str
    mailbox: int
    body: bytes


class Letters:
    """Writes the mails of one soak.

    Args:
        seed: of everything.
        count: how many mails there will be, copies included.
        addresses: the desk's mailboxes.
    """

    def __init__(self, seed: int, count: int, addresses: list[str]) -> None:
        self._random = random.Random(seed)
        self._seed = seed
        self._count = count
        self._addresses = addresses
        self._people = max(5, count // PEOPLE_EACH)
        self._past: deque[_Letter] = deque(maxlen=REMEMBERED)
        self._copies: dict[int, int] = {}
        self._number = 0

    def __iter__(self) -> Iterator[SoakMail]:
        """The mails in the order of their arrival; every kind comes early, then by weight."""
        kinds = list(_KINDS)
        weights = [weight for weight, _ in _KINDS.values()]
        for number in range(self._count):
            early = number % 4 == 3 and number // 4 < len(kinds)
            kind = kinds[number // 4] if early else self._random.choices(kinds, weights)[0]
            yield _KINDS[kind][1](self, kind)

    def _begin(self) -> tuple[int, str, int]:
        """A new letter: its number, who writes it, and to which mailbox."""
        self._number += 1
        person = self._random.randrange(self._people)
        return self._number, f"customer{person}@firm{person % 40}.example", self._random.randrange(len(self._addresses))

    def _heads(self, letter: int, sender: str, mailbox: int, subject: str, message_id: str, *more: str) -> bytes:
        lines = [
            f"From: Customer <{sender}>",
            f"To: {self._addresses[mailbox]}",
            f"Subject: {subject}",
            f"Date: {format_datetime(BEGIN + timedelta(seconds=7 * letter))}",
            *([f"Message-ID: <{message_id}>"] if message_id else []),
            *more,
        ]
        return "\r\n".join(lines).encode() + b"\r\n"

    def _done(
        self, kind: str, letter: int, sender: str, mailbox: int, subject: str, message_id: str, body: bytes,
        *, human: bool = True, answers: str | None = None,
    ) -> SoakMail:  # fmt: skip
        if human:
            self._past.append(_Letter(letter, sender, subject, message_id, mailbox, body))
        return SoakMail(letter, 0, kind, mailbox, _received(letter, 0) + body, human, answers)

    def _id(self, letter: int) -> str:
        return f"{self._seed}.{letter}.{self._random.getrandbits(48):x}@firm.example"

    def _words(self, letter: int) -> str:
        return f"Hello,\r\n\r\n{self._random.choice(_TEXTS)}\r\n\r\nThis is letter {letter}.\r\n"

    def _answered(self) -> _Letter | None:
        """An earlier letter that somebody may write about again."""
        known = [each for each in self._past if each.message_id]
        return self._random.choice(known) if known else None

    def plain(self, kind: str) -> SoakMail:
        """A new mail; of the kind ``without an id`` one that has no Message-ID."""
        letter, sender, mailbox = self._begin()
        message_id = "" if kind == "without an id" else self._id(letter)
        subject = f"Request {letter}"
        body = self._heads(letter, sender, mailbox, subject, message_id, "Content-Type: text/plain; charset=utf-8")
        return self._done(
            kind, letter, sender, mailbox, subject, message_id, body + b"\r\n" + self._words(letter).encode()
        )

    def device(self, kind: str) -> SoakMail:
        """A machine that sends all its mails under one Message-ID: different mails all the same."""
        letter, _, mailbox = self._begin()
        sender, message_id = "scanner@firm.example", f"{self._seed}.scanner@firm.example"
        body = self._heads(letter, sender, mailbox, f"Scan {letter}", message_id)
        words = b"\r\n" + self._words(letter).encode()
        return self._done(kind, letter, sender, mailbox, "", "", body + words)  # nobody answers or copies it

    def files(self, kind: str) -> SoakMail:
        """A mail with HTML, a picture and a paper; too big a one for the kind ``too big``."""
        letter, sender, mailbox = self._begin()
        message_id, subject = self._id(letter), f"Invoice {letter}"
        size = TOO_BIG if kind == "too big" else self._random.choice((400, 3000, 12_000))
        picture = base64.encodebytes(self._random.randbytes(size)).replace(b"\n", b"\r\n")
        mark = f"=_{letter:x}"
        parts = [
            b"Content-Type: text/html; charset=utf-8\r\n\r\n<table><tr><td>Part</td><td>99</td></tr></table>"
            + f"<p>{self._random.choice(_TEXTS)} Letter <b>{letter}</b></p>\r\n".encode(),
            b"Content-Type: image/png\r\nContent-Disposition: attachment; filename*=utf-8''f%C3%BCr%20Sie.png\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" + picture,
            b'Content-Type: application/pdf; name="=?utf-8?B?UmVjaG51bmcucGRm?="\r\n\r\n%PDF-1.4\r\n',
        ]
        heads = self._heads(
            letter, sender, mailbox, subject, message_id, "MIME-Version: 1.0",
            f'Content-Type: multipart/mixed; boundary="{mark}"',
        )  # fmt: skip
        body = b"".join(b"\r\n--" + mark.encode() + b"\r\n" + part for part in parts) + f"\r\n--{mark}--\r\n".encode()
        return self._done(kind, letter, sender, mailbox, subject, message_id, heads + body)

    def charset(self, kind: str) -> SoakMail:
        """Another alphabet, sometimes under a wrong label or with bare bytes in the subject."""
        letter, sender, mailbox = self._begin()
        name, words = _CHARSETS[self._random.randrange(len(_CHARSETS))]
        content, message_id = words.encode(name), self._id(letter)
        word = f"=?{name}?B?{base64.b64encode(content).decode()}?= {letter}"
        label = self._random.choice((name, name, name, "us-ascii", "unknown-8bit", "x-nonsense"))
        heads = self._heads(
            letter, sender, mailbox, word, message_id, f"Content-Type: text/plain; charset={label}",
            "Content-Transfer-Encoding: 8bit",
        )  # fmt: skip
        if self._random.random() < 0.3:
            heads = heads.replace(word.encode(), content + b" %d" % letter)
        body = heads + b"\r\n" + content + b"\r\n\r\nletter %d\r\n" % letter
        return self._done(kind, letter, sender, mailbox, f"Letter {letter}", message_id, body)

    def reply(self, kind: str) -> SoakMail:
        """Somebody writes again: shown by In-Reply-To, by References only, or by our own address for answers."""
        earlier = self._answered()
        if earlier is None:
            return self.plain("new")
        letter, _, _ = self._begin()
        message_id = self._id(letter)
        shown = {
            "reply": (f"In-Reply-To: <{earlier.message_id}>", f"References: <{earlier.message_id}>"),
            "reply by references": (f"References: <gone@elsewhere.example> <{earlier.message_id}>",),
            "reply by token": (),
        }[kind]
        subject = f"Re: {earlier.subject}"
        heads = self._heads(letter, earlier.sender, earlier.mailbox, subject, message_id, *shown)
        quoted = f"Any news? ({letter})\r\n\r\nOn Mon, 2 Mar 2026 at 10:00, Support wrote:\r\n> {_TEXTS[0]}\r\n"
        token_of = earlier.message_id if kind == "reply by token" else None
        return self._done(
            kind, letter, earlier.sender, earlier.mailbox, subject, message_id, heads + b"\r\n" + quoted.encode(),
            answers=token_of,
        )  # fmt: skip

    def again(self, kind: str) -> SoakMail:
        """A copy of an earlier letter: the same Message-ID over another way; perhaps to another of our mailboxes."""
        earlier = self._answered()
        if earlier is None:
            return self.plain("new")
        copy = self._copies[earlier.number] = self._copies.get(earlier.number, 0) + 1
        mailbox = earlier.mailbox
        if kind == "copy elsewhere":
            mailbox = (mailbox + 1) % len(self._addresses)
        return SoakMail(earlier.number, copy, kind, mailbox, _received(earlier.number, copy) + earlier.body)

    def automatic(self, kind: str) -> SoakMail:
        """A machine's answer: out of office, a receipt, often about an earlier letter."""
        letter, sender, mailbox = self._begin()
        earlier = self._answered()
        more = [f"In-Reply-To: <{earlier.message_id}>"] if earlier and self._random.random() < 0.5 else []
        more.append(self._random.choice(("Auto-Submitted: auto-replied", "X-Autoreply: yes", "Precedence: auto_reply")))
        heads = self._heads(letter, sender, mailbox, f"Out of office: request {letter}", self._id(letter), *more)
        body = heads + b"\r\nI am away until Monday. (%d)\r\n" % letter
        return self._done(kind, letter, sender, mailbox, "", "", body, human=False)

    def bounce(self, kind: str) -> SoakMail:
        """A report about a mail that was never ours."""
        letter, _, mailbox = self._begin()
        mark, gone = f"=_{letter:x}", f"gone{letter}@nowhere.example"
        heads = self._heads(
            letter, "mailer-daemon@nowhere.example", mailbox, "Undelivered Mail Returned to Sender", self._id(letter),
            "Return-Path: <>", "MIME-Version: 1.0",
            f'Content-Type: multipart/report; report-type=delivery-status; boundary="{mark}"',
        )  # fmt: skip
        failed = f"Final-Recipient: rfc822; {gone}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        parts = (
            f"Content-Type: text/plain\r\n\r\n<{gone}>: 550 5.1.1 no such user\r\n",
            f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.nowhere.example\r\n\r\n{failed}",
            f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{letter}@never.example>\r\nSubject: x\r\n",
        )
        body = heads + "".join(f"\r\n--{mark}\r\n{part}" for part in parts).encode() + f"\r\n--{mark}--\r\n".encode()
        return self._done(kind, letter, "", mailbox, "", "", body, human=False)

    def newsletter(self, kind: str) -> SoakMail:
        """List mail."""
        letter, _, mailbox = self._begin()
        heads = self._heads(
            letter, "news@shop.example", mailbox, f"Our offers, number {letter}", self._id(letter),
            "List-Id: Offers <offers.shop.example>", "List-Unsubscribe: <https://shop.example/no>", "Precedence: bulk",
        )  # fmt: skip
        return self._done(
            kind, letter, "", mailbox, "", "", heads + b"\r\nCheaper than ever: %d\r\n" % letter, human=False
        )

    def broken(self, kind: str) -> SoakMail:
        """What no standard allows and every desk gets."""
        letter, sender, mailbox = self._begin()
        message_id, subject = self._id(letter), f"Broken {letter}"
        heads = self._heads(letter, sender, mailbox, subject, message_id)
        words = b"letter %d" % letter
        bodies = (
            b"Content-Type: multipart/mixed; boundary=never\r\n\r\n" + words,
            b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/related; boundary=b\r\n"
            b"\r\n--b\r\nContent-Type: text/plain\r\n\r\n" + words + b"\r\n--a\r\n",
            b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!" + base64.b64encode(words)[:-3],
            b"Content-Type: text/plain; charset=\r\n\r\n" + words + b"\x00\xff\xfe\x00",
            b"Content-Type: text/html\r\n\r\n<html><body><p " + b"<b>" * 60 + words + b"<script>alert(1)",
            b"no colon here\r\n: nameless\r\n\r\n" + words,
            b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: message/rfc822\r\n\r\n" + words,
            b"X-Long: " + b"x" * 5000 + b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=ZZ=" + words,
        )
        return self._done(
            kind, letter, sender, mailbox, subject, message_id, heads + self._random.choice(bodies) + b"\r\n"
        )


def _received(letter: int, copy: int) -> bytes:
    """What the server adds on top: the way of this copy."""
    return f"Received: from mx.firm.example by mx.desk.example id soak{letter}.{copy}\r\n".encode()


_KINDS: Final[dict[str, tuple[int, Callable[[Letters, str], SoakMail]]]] = {
    "new": (26, Letters.plain),
    "with files": (10, Letters.files),
    "other alphabet": (10, Letters.charset),
    "reply": (12, Letters.reply),
    "reply by references": (4, Letters.reply),
    "reply by token": (5, Letters.reply),
    "copy": (6, Letters.again),
    "copy elsewhere": (2, Letters.again),
    "without an id": (6, Letters.plain),
    "one id for all": (2, Letters.device),
    "automatic": (5, Letters.automatic),
    "bounce": (4, Letters.bounce),
    "newsletter": (4, Letters.newsletter),
    "broken": (4, Letters.broken),
    "too big": (1, Letters.files),
}
"""Kind of mail: its weight, and who writes it."""
