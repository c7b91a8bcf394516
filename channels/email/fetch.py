"""The fetcher: brings the mails of one mailbox into the ledger, each once, whatever happens in between.

First step of an arriving mail beside `channels.email.listener`. It remembers UIDVALIDITY and the last UID whose mail,
and every mail's before it, is stored (`channels.email.position`, `channels.email.catch_up`); it never looks at the
Seen flag, so a colleague who reads the mailbox hides nothing. A mail is first a committed ledger row
(`channels.inbound.store`), and only then does the cursor move. When all is caught up, and then every hour, the
server's mails are compared with the ledger (`channels.email.audit`), so that a mistake in any of this is found and
mended.

Run as a singleton per mailbox by ``sampark/roles.py``. What was stored twice all the same (a crash between row and
cursor, a folder made anew) is told by the row's name or, behind a new UIDVALIDITY, by Message-ID in the intake.
"""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from channels.email import audit, watch
from channels.email.accounts import ImapSettings
from channels.email.catch_up import CatchUp, PlaceChanged
from channels.email.imap_client import MailboxLost, SignInRefused
from channels.email.mailbox import Mailbox, first_of
from channels.email.signin import SignIn
from channels.models import ChannelAccount
from core import clock, log
from core.db import Database, reading, unit_of_work
from core.errors import DeskError
from core.settings import Settings

IDLE_SECONDS: Final = 120.0
"""How long one IDLE lasts. Servers end it after 30 minutes; a dead line is noticed when it is renewed."""
POLL_SECONDS: Final = 60.0
FIRST_PAUSE: Final = 1.0
SIGN_IN_PAUSE: Final = 60.0
LONGEST_PAUSE: Final = 300.0
BROKEN_IDLES: Final = 3
"""After so many connections that broke as soon as they waited, the mailbox is polled instead."""
NOTE_SECONDS: Final = 60.0
AUDIT_EVERY: Final = timedelta(hours=1)
AUDIT_AGAIN: Final = timedelta(minutes=5)
"""A connection that keeps breaking does not have its mailbox compared more often than this."""
_log = log.get(__name__)


class Fetcher:
    """Fetches one mailbox.

    Args:
        db: where the ledger is.
        account_id: whose mailbox.
        settings: the largest mail that is taken in.
        sign_in: makes the settings that a connection can be opened with.
        timeout: seconds that one command of IMAP may take.
    """

    def __init__(
        self, db: Database, account_id: int, settings: Settings, sign_in: SignIn, timeout: float = 60.0
    ) -> None:
        self._db = db
        self._account_id = account_id
        self._settings = settings
        self._sign_in = sign_in
        self._timeout = timeout
        self._catch_up = CatchUp(db, account_id, settings.max_mail_bytes)
        self._noted_at: float | None = None
        self._failed = False
        self._broken_idles = 0
        self._audited_at: datetime | None = None
        self._is_new_connection = True

    async def run(self, stop: asyncio.Event) -> None:
        """Fetch until ``stop``; whatever breaks is noted at the account and tried again after a growing pause."""
        pause = FIRST_PAUSE
        while not stop.is_set():
            started, stored = clock.monotonic(), self._catch_up.stored
            try:
                await self._connected(stop)
                continue  # the settings have changed, or it is time to stop
            except PlaceChanged:
                _log.info("the mailbox was set to another place", account=self._account_id)
            except SignInRefused as problem:
                pause = max(pause, SIGN_IN_PAUSE)
                await self._note_failure(problem.detail, refused=True)
            except DeskError as problem:
                await self._note_failure(problem.detail)
            except (SQLAlchemyError, OSError) as problem:
                _log.warning("mails cannot be stored", account=self._account_id, reason=repr(problem))
            except Exception as problem:  # noqa: BLE001 - nothing that a mail or a server does may end fetching
                _log.exception("the fetcher failed", account=self._account_id, exc_info=problem)
                await self._note_failure(f"{type(problem).__name__}: {problem}")
            if clock.monotonic() - started > POLL_SECONDS or self._catch_up.stored > stored:
                pause = FIRST_PAUSE  # it had worked for a while, or brought mail: a bad line must not grow slow
            await first_of(stop.wait(), clock.sleep(pause * random.uniform(0.5, 1.5)))  # noqa: S311 - jitter
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _connected(self, stop: asyncio.Event) -> None:
        """One connection: catch up, wait for news, catch up, until ``stop`` or until the settings change."""
        settings = await self._load()
        if settings is None:
            await first_of(stop.wait(), clock.sleep(POLL_SECONDS))
            return
        mailbox = await self._mailbox(settings)
        self._is_new_connection = True
        try:
            while not stop.is_set():
                complete = await self._catch_up.run(mailbox, settings, stop, self._note_success)
                await self._note_success()
                if not (complete and await self._audit(mailbox, settings)):
                    await self._wait(mailbox, stop, push=complete and mailbox.tells)
                if await self._load() != settings:
                    return
        finally:
            await mailbox.close()

    async def _mailbox(self, settings: ImapSettings) -> Mailbox:
        """A connection that is signed in."""
        ready = await self._sign_in.imap(self._account_id, settings)
        mailbox = Mailbox(ready, self._timeout, self._sign_in.networks)
        try:
            await mailbox.connect()
        except BaseException as problem:
            if isinstance(problem, SignInRefused) and ready.token:
                self._sign_in.reject(self._account_id, ready.token)
            await mailbox.close()
            raise
        return mailbox

    async def _wait(self, mailbox: Mailbox, stop: asyncio.Event, *, push: bool) -> None:
        """Wait for news: told by the server, or a minute where it tells nothing or its IDLE keeps breaking."""
        if not push or self._broken_idles >= BROKEN_IDLES:
            await first_of(stop.wait(), clock.sleep(POLL_SECONDS))
            return

        async def over() -> None:  # begun only when it is waited for
            await first_of(stop.wait(), clock.sleep(IDLE_SECONDS))

        started = clock.monotonic()
        try:
            await mailbox.wait(over())
        except MailboxLost:
            soon = clock.monotonic() - started < POLL_SECONDS
            self._broken_idles = self._broken_idles + 1 if soon else 0
            raise
        self._broken_idles = 0

    async def _load(self) -> ImapSettings | None:
        """How the mailbox is read, and how far it has been; None when it is not to be read (any more)."""
        wanted = select(ChannelAccount).where(ChannelAccount.id == self._account_id, ChannelAccount.is_active)
        async with reading(self._db) as session:
            account = await session.scalar(wanted)
        if account is None:
            return None
        self._catch_up.resume(account)
        return self._sign_in.read(account.settings)

    async def _audit(self, mailbox: Mailbox, settings: ImapSettings) -> bool:
        """Compare the server's mails with the ledger when it is time, and fetch what is missing.

        Returns:
            Whether there is something to catch up with.
        """
        age = None if self._audited_at is None else clock.now() - self._audited_at
        if age is not None and age < (AUDIT_AGAIN if self._is_new_connection else AUDIT_EVERY):
            return False
        self._is_new_connection = False
        found = await audit.audit_folder(self._db, self._account_id, mailbox, settings, self._catch_up)
        self._audited_at = clock.now()
        return found.pending > 0

    async def _note_success(self) -> None:
        """Say that the mailbox works; once a minute is enough for those who watch."""
        now = clock.monotonic()
        if self._failed or self._noted_at is None or now - self._noted_at >= NOTE_SECONDS:
            await self._write(last_success_at=clock.now(), last_error=None)
            self._noted_at, self._failed = now, False

    async def _note_failure(self, reason: str, *, refused: bool = False) -> None:
        """Say what is wrong; a refused sign-in does not mend itself, so people are told at once (field 2.1.26)."""
        _log.warning("a mailbox cannot be fetched", account=self._account_id, reason=reason)
        self._failed = True
        words = reason.replace("\x00", "")[:500]
        try:
            await self._write(last_error=words)
            if refused:
                async with unit_of_work(self._db) as session:
                    await watch.alarm(session, self._settings, self._account_id, words)
        except (SQLAlchemyError, OSError) as problem:
            _log.warning("nor can that be noted", reason=repr(problem))

    async def _write(self, **values: Any) -> None:
        async with unit_of_work(self._db) as session:
            await session.execute(update(ChannelAccount).where(ChannelAccount.id == self._account_id).values(**values))
