"""The make-believe mailboxes: one Maildir for each address, under ``data/simulator``.

Written by the simulator's SMTP server and by what its customers send; read by its IMAP server, its pages and by any
program that can read a Maildir. Plain files, so that every process of the desk sees the same world.
"""

import hashlib
import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

import msgspec

from core import clock
from simulator.robots import BounceForm, HolidayForm

_NAME = re.compile(r"[0-9A-Za-z_.-]{1,200}")
_serial = itertools.count(1)


class Switches(msgspec.Struct, frozen=True):
    """How a mailbox answers by itself.

    Attributes:
        holiday: every new correspondent gets an out-of-office answer.
        bounce: mails come back as undeliverable.
        refuses: nobody can sign in to it over IMAP, as after a change of its password.
        holiday_form: whether the answer's headers tell that it is one.
        holiday_language: of the answer.
        bounce_form: how the server puts it.
    """

    holiday: bool = False
    bounce: bool = False
    refuses: bool = False
    holiday_form: HolidayForm = "headers"
    holiday_language: str = "en"
    bounce_form: BounceForm = "report"


@dataclass(frozen=True)
class StoredMail:
    """One mail in a mailbox.

    Attributes:
        key: its file name without flags; stable while the mail exists.
        sent: written by the owner of the mailbox rather than received.
        at: when it was put there, aware UTC.
        path: the file.
    """

    key: str
    sent: bool
    at: datetime
    path: Path

    def read(self) -> bytes:
        """The bytes of the mail."""
        return self.path.read_bytes()


class Mailboxes:
    """All mailboxes of one make-believe world.

    Args:
        root: the folder that holds them.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, address: str) -> Path:
        """The Maildir of an address. Never outside the root, whatever the address says."""
        name = quote(address.strip().lower(), safe="@+_-.")
        if "@" not in name.strip("@"):
            name = f"{name}@"
        if len(name) > 200:
            name = hashlib.sha256(name.encode()).hexdigest() + "@long"
        return self.root / name

    def addresses(self) -> list[str]:
        """The addresses that have a mailbox, in order."""
        if not self.root.is_dir():
            return []
        return sorted(unquote(entry.name) for entry in self.root.iterdir() if (entry / "cur").is_dir())

    def create(self, address: str) -> Path:
        """Make the mailbox of an address if it is not there; returns its folder."""
        folder = self.folder(address)
        for place in (folder, folder / ".Sent"):
            for part in ("tmp", "new", "cur"):
                (place / part).mkdir(parents=True, exist_ok=True)
        (folder / ".Sent" / "maildirfolder").touch()
        return folder

    def deliver(self, address: str, raw: bytes, *, sent: bool = False) -> str:
        """Put a mail into a mailbox; returns its key.

        Written beside and renamed, so that a reader never sees half a mail.
        """
        place = self.create(address) / (".Sent" if sent else "")
        now = clock.now()
        digest = hashlib.sha256(raw).hexdigest()[:12]
        key = f"{int(now.timestamp())}.M{now.microsecond:06}P{os.getpid()}Q{next(_serial)}.{digest}"
        draft = place / "tmp" / key
        draft.write_bytes(raw)
        os.utime(draft, (now.timestamp(), now.timestamp()))
        draft.rename(place / "cur" / f"{key}:2,S" if sent else place / "new" / key)
        return key

    def mails(self, address: str) -> list[StoredMail]:
        """The mails of a mailbox, received and sent, oldest first."""
        folder = self.folder(address)
        found = [*self._listed(folder, sent=False), *self._listed(folder / ".Sent", sent=True)]
        return sorted(found, key=lambda mail: (mail.at, _order(mail.key)))

    def find(self, address: str, key: str) -> StoredMail | None:
        """One mail of a mailbox."""
        if not _NAME.fullmatch(key):
            return None
        return next((mail for mail in self.mails(address) if mail.key == key), None)

    def count(self, address: str) -> int:
        """How many mails a mailbox has received."""
        return sum(1 for _ in self._listed(self.folder(address), sent=False))

    def switches(self, address: str) -> Switches:
        """How this mailbox answers by itself."""
        try:
            return msgspec.json.decode((self.folder(address) / "switches.json").read_bytes(), type=Switches)
        except (OSError, msgspec.DecodeError):
            return Switches()

    def switch(self, address: str, switches: Switches) -> None:
        """Change how a mailbox answers; correspondents are told of a new holiday anew."""
        folder = self.create(address)
        draft = folder / "tmp" / "switches.json"
        draft.write_bytes(msgspec.json.encode(switches))
        draft.rename(folder / "switches.json")
        (folder / "told.json").unlink(missing_ok=True)

    def tell_once(self, address: str, correspondent: str) -> bool:
        """Whether ``correspondent`` has not had this holiday's answer yet; remembers that it has now."""
        path = self.create(address) / "told.json"
        told: list[str] = msgspec.json.decode(path.read_bytes(), type=list[str]) if path.exists() else []
        if correspondent.lower() in told:
            return False
        path.write_bytes(msgspec.json.encode([*told, correspondent.lower()]))
        return True

    @staticmethod
    def _listed(place: Path, *, sent: bool) -> Iterator[StoredMail]:
        for part in ("new", "cur"):
            try:
                entries = list(os.scandir(place / part))
            except FileNotFoundError:
                continue
            for entry in entries:
                try:
                    at = datetime.fromtimestamp(entry.stat().st_mtime, UTC)
                except FileNotFoundError:
                    continue  # a mail program has just moved it
                yield StoredMail(entry.name.partition(":")[0], sent, at, Path(entry.path))


def _order(key: str) -> tuple[int, str]:
    """Mails of the same instant in the order of their arrival."""
    found = re.search(r"Q(\d+)\.", key)
    return (int(found[1]) if found else 0, key)
