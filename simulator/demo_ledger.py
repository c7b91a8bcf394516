"""The mail log of the demo's last two weeks: each mail of a customer as the bytes that would have arrived.

Also a few items that never became a ticket (out-of-office, a list, an own loop), so that the log shows outcomes of
every kind. Older mails have no ledger row, as if they had been imported from another system.
"""

import base64
import hashlib
from datetime import datetime, timedelta
from email.header import Header
from email.utils import format_datetime
from typing import Final

import msgspec

from simulator.demo_draws import draws
from simulator.demo_rows import Row, World
from simulator.demo_threads import Plan

SINCE: Final = timedelta(days=14)
_OTHERS: Final = (
    (
        "automatic",
        "Automatic reply: out of office",
        "The sender's mail program answered by itself (Auto-Submitted).",
    ),
    ("automatic", "Read: your request", "A receipt that the mail was opened."),
    ("blocked", "You have won a voucher", "The sender is on the list of blocked addresses."),
    ("own_loop", "Re: Your request has been received", "It carries one of our own Message-IDs as its own."),
    ("duplicate", "Where is my order?", "The same mail came in a second time."),
)


def _encoded(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=998).encode()


def mail(row: Row, to: str) -> bytes:
    """The bytes of a customer's message, in RFC 5322's form."""
    headers = [
        f"From: {_encoded(row['author_name'])} <{row['author_address']}>",
        f"To: <{to}>",
        f"Subject: {_encoded(row['subject'])}",
        f"Date: {format_datetime(row['created_at'])}",
        f"Message-ID: <{row['message_id_header']}>",
    ]
    if row["in_reply_to"]:
        headers.append(f"In-Reply-To: <{row['in_reply_to']}>")
        headers.append("References: " + "\r\n ".join(f"<{each}>" for each in row["references"]))
    headers += [
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
    ]
    body = "\r\n".join(f"{row['text']}\n\n{row['quoted_text']}".strip().split("\n")).encode()
    return "\r\n".join(headers).encode() + b"\r\n\r\n" + base64.encodebytes(body).replace(b"\n", b"\r\n")


def _form(row: Row) -> bytes:
    """A post of the request form, as ``channels/web`` stores it."""
    fields = {"name": row["author_name"], "email": row["author_address"], "subject": row["subject"]}
    return msgspec.json.encode(fields | {"message": row["text"], "language": row["language"], "files": []})


class Ledger:
    """Makes the rows of the inbound ledger.

    Args:
        world: ids; ``first["inbound_items"]`` is the first of ours.
        web_account: the account of the request form.
    """

    def __init__(self, world: World, web_account: int) -> None:
        self._rng = draws("mail log")
        self._world = world
        self._web = web_account
        self.items: list[Row] = []
        self.raw: list[Row] = []

    def write(self, plans: list[Plan], messages: list[Row]) -> None:
        """Fill :attr:`items` and :attr:`raw`, and name each message's item in its row."""
        boxes = {plan.id: self._world.mailboxes[plan.team] for plan in plans}
        opened = {plan.turns[0].id for plan in plans}
        recent = {turn.id for plan in plans for turn in plan.turns if turn.ago < SINCE}
        for row in messages:
            if row["kind"] != "customer" or row["id"] not in recent:
                continue
            box = boxes[row["ticket_id"]]
            web = row["channel"] == "web"
            item = self._item(
                row["created_at"], self._web if web else box.id, _form(row) if web else mail(row, box.address)
            )
            row["inbound_item_id"] = item["id"]
            item |= {
                "channel": row["channel"],
                "envelope_from": row["author_address"],
                "envelope_to": [] if web else [box.address],
                "outcome": "ticket" if row["id"] in opened else "reply",
                "from_address": row["author_address"],
                "subject": row["subject"],
                "message_id_header": row["message_id_header"],
                "matched_by": row["matched_by"],
                "ticket_id": row["ticket_id"],
                "message_id": row["id"],
            }
        self._without_ticket()

    def _without_ticket(self) -> None:
        boxes = list(self._world.mailboxes.values())
        for number in range(22):
            outcome, subject, reason = _OTHERS[number % len(_OTHERS)]
            at = self._world.now - timedelta(hours=self._rng.uniform(1, 300))
            box = self._rng.choice(boxes)
            sender = f"{self._rng.choice(('office', 'hello', 'noreply', 'team'))}{number}@example.org"
            header = f"{self._rng.getrandbits(64):016x}@example.org"
            fake: Row = {"author_name": "", "author_address": sender, "subject": subject, "created_at": at}
            fake |= {
                "message_id_header": header,
                "in_reply_to": None,
                "references": [],
                "text": subject,
                "quoted_text": "",
            }
            item = self._item(at, box.id, mail(fake, box.address))
            item |= {
                "channel": "email",
                "envelope_from": sender,
                "envelope_to": [box.address],
                "outcome": outcome,
            }
            item |= {
                "reason": reason,
                "from_address": sender,
                "subject": subject,
                "message_id_header": header,
            }
        self.items.sort(key=lambda row: row["id"])

    def _item(self, at: datetime, account: int, raw: bytes) -> Row:
        item_id = self._world.first["inbound_items"] + len(self.items)
        item: Row = {
            "id": item_id,
            "account_id": account,
            "provider_id": f"demo:{item_id}",
            "received_at": at,
            "size": len(raw),
            "sha256": hashlib.sha256(raw).hexdigest(),
            "state": "done",
            "reason": None,
            "matched_by": None,
            "ticket_id": None,
            "message_id": None,
            "attempts": 1,
            "processed_at": min(self._world.now, at + timedelta(milliseconds=self._rng.randint(20, 90))),
        }
        self.items.append(item)
        self.raw.append({"item_id": item_id, "content": raw})
        return item
