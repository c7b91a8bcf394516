"""A mailbox for long runs: mails as numbered files, UIDs that outlive the server, and a UIDVALIDITY that can change.

Beside the Maildirs of `simulator.mailboxes`, whose server looks at every file again on every question: right for a
hundred mails, too slow for ten thousand. Written by whoever runs the soak (`sampark/commands/soak.py`), served by
`simulator.spool_server` in a process of its own.
"""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from pymap.backend.dict.mailbox import LoadedMessage, MailboxData, MailboxSet, Message
from pymap.concurrent import Event
from pymap.mime import MessageContent
from pymap.parsing.specials import FetchRequirement
from pymap.selected import SelectedMailbox

FIRST_VALIDITY: Final = 1_700_000_000
GAP: Final = 100
"""UIDs begin this much higher after each renumbering, so that an old number never fits by chance."""
IDLE_SECONDS: Final = 0.5
"""How often a client that waits is told of new files."""


class Numbering(msgspec.Struct, frozen=True):
    """Which UID belongs to which file.

    Attributes:
        uidvalidity: of the folder; grows with every renumbering.
        shuffled: so many of the oldest files stand in the order that ``seed`` gives; the rest in their own.
        seed: of the order.
        first: UID of the first mail, less one.
    """

    uidvalidity: int = FIRST_VALIDITY
    shuffled: int = 0
    seed: int = 0
    first: int = 0


class Spool:
    """One folder of mails on disk.

    Args:
        folder: where; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.count = 0
        self.notice()

    def notice(self) -> int:
        """Look for files that were put there; returns how many there are now."""
        while self._file(self.count + 1).exists():
            self.count += 1
        return self.count

    def deliver(self, raw: bytes) -> None:
        """Put a mail at the end; a reader never sees half of it."""
        draft = self._folder / "draft"
        draft.write_bytes(raw)
        draft.rename(self._file(self.count + 1))
        self.count += 1

    def numbering(self) -> Numbering:
        """The UIDs as they are now."""
        try:
            return msgspec.json.decode((self._folder / "numbering.json").read_bytes(), type=Numbering)
        except FileNotFoundError:
            return Numbering()

    def renumber(self, seed: int) -> None:
        """Give every mail another UID, in another order, under a new UIDVALIDITY. Only while nobody serves it."""
        before = self.numbering()
        after = Numbering(before.uidvalidity + 1, self.count, seed, before.first + GAP)
        draft = self._folder / "numbering.draft"
        draft.write_bytes(msgspec.json.encode(after))
        draft.rename(self._folder / "numbering.json")

    def last_uid(self) -> int:
        """The UID of the last mail; 0 when there is none."""
        return self.numbering().first + self.count if self.count else 0

    def order(self) -> list[Path]:
        """The files in the order of their UIDs."""
        numbering = self.numbering()
        numbers = list(range(1, numbering.shuffled + 1))
        random.Random(numbering.seed).shuffle(numbers)
        numbers += range(numbering.shuffled + 1, self.count + 1)
        return [self._file(number) for number in numbers]

    def newer(self, count: int) -> list[Path]:
        """The files after the first ``count``."""
        return [self._file(number) for number in range(count + 1, self.count + 1)]

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:08}.eml"


class _Mail(Message):
    """A mail that is read from its file when it is asked for."""

    __slots__ = ["_path"]

    def __init__(self, uid: int, path: Path) -> None:
        super().__init__(uid, datetime.fromtimestamp(path.stat().st_mtime, UTC), ())
        self._path = path

    async def load_content(self, requirement: FetchRequirement) -> LoadedMessage:
        """Read the file, if its content is wanted."""
        if requirement.has_none(FetchRequirement.CONTENT):
            return LoadedMessage(self, requirement, None)
        return LoadedMessage(self, requirement, MessageContent.parse(self._path.read_bytes()))


class _Inbox(MailboxData):
    """A spool as pymap's folder. Mails are only ever added."""

    def __init__(self, spool: Spool, like: MailboxSet) -> None:
        super().__init__(like._content_cache, like._thread_cache)  # noqa: SLF001 - of no use here, and wanted
        numbering = spool.numbering()
        self._spool = spool
        self._uid_validity = numbering.uidvalidity
        self._max_uid = numbering.first
        self._in_order: list[_Mail] = []
        self._add(spool.order())

    def _add(self, paths: Sequence[Path]) -> None:
        for path in paths:
            self._max_uid += 1
            mail = _Mail(self._max_uid, path)
            self._messages[mail.uid] = mail
            self._in_order.append(mail)

    def look(self) -> None:
        """Take in what was put there in the meantime."""
        self._spool.notice()
        self._add(self._spool.newer(len(self._in_order)))

    async def update_selected(self, selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        """Tell a client what is new to it; the modification sequence is the number of mails."""
        if wait_on is not None:
            await wait_on.wait(timeout=IDLE_SECONDS)
        self.look()
        selected.add_updates(self._in_order[selected.mod_sequence or 0 :], [])
        selected.mod_sequence = len(self._in_order)
        return selected


class SpoolFolders(MailboxSet):
    """The folders of one address: an INBOX that is a spool.

    Args:
        spool: what is in it.
    """

    def __init__(self, spool: Spool) -> None:
        super().__init__()
        self._inbox: _Inbox = _Inbox(spool, self)

    async def get_mailbox(self, name: str) -> MailboxData:
        """The folder, with what has come in."""
        self._inbox.look()
        return await super().get_mailbox(name)
