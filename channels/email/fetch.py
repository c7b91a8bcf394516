"""The fetcher: brings the mails of one mailbox into the ledger, each once, whatever happens in between.

First step of an arriving mail beside `channels.email.listener`. It remembers UIDVALIDITY and the last UID whose mail,
and every mail's before it, is stored; it never looks at the Seen flag, so a colleague who reads the mailbox hides
nothing. A mail is first a committed ledger row (`channels.inbound.store`), and only then does the cursor move.

Run as a singleton per mailbox by ``sampark/roles.py``. What was stored twice all the same (a crash between row and
cursor, a folder made anew) is told by the row's name or, behind a new UIDVALIDITY, by Message-ID in the intake.
"""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from channels import inbound
from channels.email.accounts import CHANNEL, ImapSettings, imap_settings
from channels.email.filters import TOO_BIG_HEADER
from channels.email.imap_client import MailboxLost, MailboxRefused, SignInRefused
from channels.email.mailbox import Folder, Mailbox, first_of
from channels.models import ChannelAccount
from core import clock, log
from core.db import Database, reading, unit_of_work
from core.errors import DeskError
from core.settings import Settings

IDLE_SECONDS: Final = 300.0
"""How long one IDLE lasts. Servers end it after 30 minutes; a dead line is noticed when it is renewed."""
POLL_SECONDS: Final = 60.0
FIRST_PAUSE: Final = 1.0
SIGN_IN_PAUSE: Final = 60.0
LONGEST_PAUSE: Final = 300.0
TRIES: Final = 5
"""After so many failures to get one mail the others go on, and a person is told to look at it."""
BROKEN_IDLES: Final = 3
"""After so many connections that broke as soon as they waited, the mailbox is polled instead."""
CURSOR_EVERY: Final = 50
NOTE_SECONDS: Final = 60.0
_log = log.get(__name__)


@dataclass
class _Position:
    """How far a folder has been read."""

    uidvalidity: int = 0
    last_uid: int = 0
    beyond: set[int] = field(default_factory=set)
    """UIDs above ``last_uid`` whose mails are stored already."""
    failures: dict[int, int] = field(default_factory=dict)
    """How often the mail of a UID could not be got."""

    def name(self, uid: int) -> str:
        """A mail's name in the ledger."""
        return f"{self.uidvalidity}:{uid}"

    def advance(self, rest: deque[int]) -> None:
        """Move over every mail that is stored; ``rest`` are all UIDs that the folder holds above ``last_uid``."""
        while rest and rest[0] in self.beyond:
            self.last_uid = rest.popleft()
            self.beyond.discard(self.last_uid)
            self.failures.pop(self.last_uid, None)


class Fetcher:
    """Fetches one mailbox.

    Args:
        db: where the ledger is.
        account_id: whose mailbox.
        settings: the largest mail that is taken in.
        timeout: seconds that one command of IMAP may take.
    """

    def __init__(self, db: Database, account_id: int, settings: Settings, timeout: float = 60.0) -> None:
        self._db = db
        self._account_id = account_id
        self._max_bytes = settings.max_mail_bytes
        self._timeout = timeout
        self._position = _Position()
        self._noted_at: float | None = None
        self._failed = False
        self._careful = False
        self._broken_idles = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Fetch until ``stop``; whatever breaks is noted at the account and tried again after a growing pause."""
        pause = FIRST_PAUSE
        while not stop.is_set():
            started = clock.monotonic()
            try:
                await self._connected(stop)
                continue  # the settings have changed, or it is time to stop
            except SignInRefused as problem:
                pause = max(pause, SIGN_IN_PAUSE)
                await self._note_failure(problem.detail)
            except DeskError as problem:
                await self._note_failure(problem.detail)
            except (SQLAlchemyError, OSError) as problem:
                _log.warning("mails cannot be stored", account=self._account_id, reason=repr(problem))
            except Exception as problem:  # noqa: BLE001 - nothing that a mail or a server does may end fetching
                _log.exception("the fetcher failed", account=self._account_id, exc_info=problem)
                await self._note_failure(f"{type(problem).__name__}: {problem}")
            if clock.monotonic() - started > POLL_SECONDS:
                pause = FIRST_PAUSE  # it had worked for a while
            await first_of(stop.wait(), clock.sleep(pause * random.uniform(0.5, 1.5)))  # noqa: S311 - jitter
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _connected(self, stop: asyncio.Event) -> None:
        """One connection: catch up, wait for news, catch up, until ``stop`` or until the settings change."""
        settings = await self._load()
        if settings is None:
            await first_of(stop.wait(), clock.sleep(POLL_SECONDS))
            return
        mailbox = Mailbox(settings, self._timeout)
        try:
            await mailbox.connect()
            while not stop.is_set():
                complete = await self.catch_up(mailbox, settings)
                await self._note_success()
                await self._wait(mailbox, stop, push=complete and mailbox.tells)
                if await self._load() != settings:
                    return
        finally:
            await mailbox.close()

    async def _wait(self, mailbox: Mailbox, stop: asyncio.Event, *, push: bool) -> None:
        """Wait for news: told by the server, or a minute where it tells nothing or its IDLE keeps breaking."""
        if not push or self._broken_idles >= BROKEN_IDLES:
            await first_of(stop.wait(), clock.sleep(POLL_SECONDS))
            return
        started = clock.monotonic()
        try:
            await mailbox.wait(first_of(stop.wait(), clock.sleep(IDLE_SECONDS)))
        except MailboxLost:
            soon = clock.monotonic() - started < POLL_SECONDS
            self._broken_idles = self._broken_idles + 1 if soon else 0
            raise
        self._broken_idles = 0

    async def _load(self) -> ImapSettings | None:
        """How the mailbox is read, and how far it has been; None when it is not to be read (any more)."""
        async with reading(self._db) as session:
            row = (
                await session.execute(
                    select(ChannelAccount.settings, ChannelAccount.cursor).where(
                        ChannelAccount.id == self._account_id, ChannelAccount.is_active
                    )
                )
            ).one_or_none()
        if row is None:
            return None
        validity, last = int(row[1].get("uidvalidity", 0)), int(row[1].get("last_uid", 0))
        if (validity, last) != (self._position.uidvalidity, self._position.last_uid):
            self._position = _Position(validity, last)
        return imap_settings(row[0])

    async def catch_up(self, mailbox: Mailbox, settings: ImapSettings) -> bool:
        """Store every mail that came since the last time.

        Returns:
            Whether all of them could be got; the others are tried again.

        Raises:
            MailboxLost: the connection is gone.
            SQLAlchemyError: the database is away.
        """
        folder = await mailbox.select()
        if folder.uidvalidity != self._position.uidvalidity:
            await self._begin(mailbox, folder, settings)
        position = self._position
        uids = await mailbox.uids_after(position.last_uid)
        wanted = sorted((uid for uid in uids if uid not in position.beyond), key=self._order)
        complete, rest = True, deque(uids)
        while wanted:
            step = 1 if self._careful else CURSOR_EVERY
            batch, wanted = wanted[:step], wanted[step:]
            try:
                complete = await self._take_batch(mailbox, batch) and complete
            finally:
                position.advance(rest)
                await self._save(mails=True)
        self._careful = False
        return complete

    def _order(self, uid: int) -> tuple[int, int]:
        """Mails that made trouble come last, so that they keep nothing back."""
        return (self._position.failures.get(uid, 0), uid)

    async def _begin(self, mailbox: Mailbox, folder: Folder, settings: ImapSettings) -> None:
        """Start with a folder that is new to us: from its beginning, or from the day that the settings name."""
        if self._position.uidvalidity:
            _log.warning("the folder was made anew", account=self._account_id, uidvalidity=folder.uidvalidity)
        last = 0
        if settings.since is not None:
            recent = await mailbox.uids_since(settings.since)
            known = await mailbox.uids_after(0) if not recent and folder.uidnext is None else []
            last = recent[0] - 1 if recent else max([(folder.uidnext or 1) - 1, *known])
        self._position = _Position(folder.uidvalidity, last)
        await self._save(mails=False)

    async def _take_batch(self, mailbox: Mailbox, uids: Sequence[int]) -> bool:
        sizes = await self._sizes(mailbox, uids)
        complete = True
        for uid in uids:
            try:
                known = sizes if sizes is not None else await mailbox.sizes([uid])
                await self._take(mailbox, uid, known.get(uid))
            except MailboxRefused as problem:
                complete = await self._count(uid, problem.detail) and complete
            except MailboxLost as problem:
                await self._count(uid, problem.detail)
                raise
        return complete

    async def _sizes(self, mailbox: Mailbox, uids: Sequence[int]) -> dict[int, int] | None:
        """Bytes of each mail; None when a server stumbles over one of them and they must be asked for one by one."""
        if len(uids) == 1:
            return None
        self._careful = True  # until this has gone well: a server may hang up over one broken mail
        try:
            found = await mailbox.sizes(uids)
        except MailboxRefused:
            return None
        self._careful = False
        return found

    async def _take(self, mailbox: Mailbox, uid: int, size: int | None) -> None:
        """Get one mail and store it. One without a size has gone in the meantime."""
        raw: bytes | None = None
        if size is not None and size > self._max_bytes:
            headers = await mailbox.headers(uid)
            raw = None if headers is None else b"%s: %d\r\n%s" % (TOO_BIG_HEADER.encode(), size, headers)
        elif size is not None:
            raw = await mailbox.content(uid, size)
        if raw is not None:
            await self._store(uid, raw)
        self._position.beyond.add(uid)

    async def _count(self, uid: int, reason: str) -> bool:
        """Note that a mail could not be got; after some tries leave a note for a person in its place.

        Returns:
            Whether this mail is done with.
        """
        failures = self._position.failures
        failures[uid] = failures.get(uid, 0) + 1
        _log.warning("a mail could not be fetched", account=self._account_id, uid=uid, reason=reason)
        if failures[uid] < TRIES:
            return False
        note = (
            f"Subject: A mail could not be fetched (UID {uid})\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
            f"The mail server does not give out this mail; please look at it in the mailbox.\r\n{reason}\r\n"
        )
        await self._store(uid, note.encode("utf-8", "replace"))
        self._position.beyond.add(uid)
        return True

    async def _store(self, uid: int, raw: bytes) -> None:
        incoming = inbound.Incoming(self._account_id, CHANNEL, self._position.name(uid), raw)
        await inbound.store(self._db, incoming)

    async def _save(self, *, mails: bool) -> None:
        """Write down how far the folder has been read."""
        position = self._position
        cursor = {"uidvalidity": position.uidvalidity, "last_uid": position.last_uid}
        await self._write(cursor=cursor, **({"last_mail_at": clock.now()} if mails else {}))

    async def _note_success(self) -> None:
        """Say that the mailbox works; once a minute is enough for those who watch."""
        now = clock.monotonic()
        if self._failed or self._noted_at is None or now - self._noted_at >= NOTE_SECONDS:
            await self._write(last_success_at=clock.now(), last_error=None)
            self._noted_at, self._failed = now, False

    async def _note_failure(self, reason: str) -> None:
        _log.warning("a mailbox cannot be fetched", account=self._account_id, reason=reason)
        self._failed = True
        try:
            await self._write(last_error=reason.replace("\x00", "")[:500])
        except (SQLAlchemyError, OSError) as problem:
            _log.warning("nor can that be noted", reason=repr(problem))

    async def _write(self, **values: Any) -> None:
        async with unit_of_work(self._db) as session:
            await session.execute(update(ChannelAccount).where(ChannelAccount.id == self._account_id).values(**values))
