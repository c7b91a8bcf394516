"""How far a folder has been read: what `channels.email.fetch` remembers between two looks, and writes down.

Part of the e-mail channel; plain data, no connection. The invariant: every mail up to ``last_uid`` is in the ledger,
or lies before the cut-off. Mails above it that are stored already (news is taken before an old mailbox's archive)
are in ``beyond``; after a restart they are known from the ledger.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Self

SKEW: Final = timedelta(minutes=1)
"""Dates of mails are whole seconds of another machine's clock; in doubt a mail is news."""


@dataclass
class Import:
    """How far the mails are that lay in the folder when it was read for the first time (or was made anew).

    Attributes:
        total: how many there are to take.
        done: how many of them are taken.
    """

    total: int
    done: int = 0

    @property
    def is_running(self) -> bool:
        """Whether some are still to be taken."""
        return self.done < self.total


@dataclass
class Position:
    """How far a folder has been read.

    Attributes:
        uidvalidity: what the UIDs belong to; 0 before the first look.
        series: first half of the names that mails have in the ledger: the UIDVALIDITY, with a number behind it where
            other mails have had names of that UIDVALIDITY before.
        last_uid: every mail up to here is done with.
        start_uid: the highest UID at the first look; what is above came while we watched.
        front_at: mails that the server got since are taken first, although they are below ``start_uid``.
        connected_at: when the mailbox was connected; not part of the cursor.
        importing: progress of the mails up to ``start_uid``; None when there were none.
        beyond: UIDs above ``last_uid`` whose mails are stored already.
        failures: how often the mail of a UID could not be got.
        is_complete: whether ``beyond`` holds all of them (False after a restart, until the ledger was asked).
    """

    uidvalidity: int = 0
    series: str = ""
    last_uid: int = 0
    start_uid: int = 0
    front_at: datetime | None = None
    connected_at: datetime | None = None
    importing: Import | None = None
    beyond: set[int] = field(default_factory=set)
    failures: dict[int, int] = field(default_factory=dict)
    is_complete: bool = False

    @classmethod
    def of(cls, cursor: dict[str, Any], connected_at: datetime | None = None) -> Self:
        """The position that an account's ``cursor`` tells of."""
        progress, front = cursor.get("import"), cursor.get("front_at")
        return cls(
            uidvalidity=int(cursor.get("uidvalidity", 0)),
            series=str(cursor.get("series", cursor.get("uidvalidity", 0))),
            last_uid=int(cursor.get("last_uid", 0)),
            start_uid=int(cursor.get("start_uid", 0)),
            front_at=datetime.fromisoformat(front) if front else None,
            connected_at=connected_at,
            importing=Import(int(progress["total"]), int(progress["done"])) if progress else None,
        )

    def cursor(self) -> dict[str, Any]:
        """The position as an account's ``cursor``."""
        kept: dict[str, Any] = {
            "uidvalidity": self.uidvalidity,
            "series": self.series,
            "last_uid": self.last_uid,
            "start_uid": self.start_uid,
        }
        if self.front_at is not None and self.last_uid < self.start_uid:
            kept["front_at"] = self.front_at.isoformat()
        if self.importing is not None:
            kept["import"] = {
                "until_uid": self.start_uid,
                "total": self.importing.total,
                "done": self.importing.done,
                "state": "running" if self.importing.is_running else "done",
            }
        return kept

    def name(self, uid: int) -> str:
        """A mail's name in the ledger."""
        return f"{self.series}:{uid}"

    @property
    def names(self) -> str:
        """The names of all its mails, as a regular expression of PostgreSQL."""
        return f"^{self.series.replace('.', '[.]')}:[0-9]{{1,18}}$"

    def is_done(self, uid: int) -> bool:
        """Whether this mail needs nothing more."""
        return uid <= self.last_uid or uid in self.beyond

    def is_old(self, uid: int, received_at: datetime | None) -> bool:
        """Whether a mail lay in the mailbox before that was connected.

        Both must hold: an old mail that a colleague moves into the folder later is news, and so is a mail that came
        between the connecting and our first look. A server that tells no date is believed by the UID alone.
        """
        if uid > self.start_uid:
            return False
        return received_at is None or self.connected_at is None or received_at < self.connected_at - SKEW

    def advance(self, rest: deque[int]) -> None:
        """Move over every mail that is done with.

        Args:
            rest: all UIDs above ``last_uid`` that are to be taken, in order; those done with leave it.
        """
        while rest and rest[0] in self.beyond:
            self.last_uid = rest.popleft()
            self.beyond.discard(self.last_uid)
            self.failures.pop(self.last_uid, None)
        if not rest or rest[0] > self.start_uid:
            self.last_uid = max(self.last_uid, self.start_uid)  # what is left below lies before the cut-off

    def count(self, old: Iterable[int]) -> None:
        """Note the progress of the import; ``old`` are the UIDs up to ``start_uid`` that are to be taken."""
        if self.importing is not None:
            left = sum(not self.is_done(uid) for uid in old)
            self.importing.done = max(self.importing.done, self.importing.total - left)

    def count_taken(self, tried: Iterable[int]) -> None:
        """Note the progress by these UIDs, which were not done with before."""
        if self.importing is not None:
            taken = sum(uid <= self.start_uid and self.is_done(uid) for uid in tried)
            self.importing.done = min(self.importing.done + taken, self.importing.total)
