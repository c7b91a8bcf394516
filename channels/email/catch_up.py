"""Catches up with one folder: finds what is not in the ledger yet, takes it in the right order, writes the place down.

Part of the e-mail channel, used by `channels.email.fetch` on each connection. News comes first, and what lay in an old
mailbox when it was connected comes after it and gives way to news every second, so that an import of many thousands
holds nothing back. A mail is a committed ledger row before the cursor moves over it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import update

from channels.email.accounts import ImapSettings
from channels.email.carry import Carrier
from channels.email.imap_client import MailboxLost, MailboxRefused
from channels.email.mailbox import Facts, Folder, Mailbox
from channels.email.position import SKEW, Import, Position
from channels.models import ChannelAccount
from core import clock, log
from core.db import Database, reading, unit_of_work
from core.errors import Temporary
from core.sql import Sql

BATCH: Final = 50
"""Mails between two writings of the cursor."""
LOOK_SECONDS: Final = 1.0
"""While an old mailbox is imported, news is looked for so often."""
FRONT: Final = timedelta(hours=1)
"""Clocks of servers differ: mails from so long before the last contact are taken first as well."""
_log = log.get(__name__)

_STORED: Final = Sql(
    """
    select coalesce(array_agg(uid), '{}') from (
        select case when provider_id ~ :pattern then split_part(provider_id, ':', 2)::bigint end as uid
        from inbound_items where account_id = :account_id
    ) stored where uid > :after
    """
)


_BEGIN: Final = Sql(
    """
    select cursor, created_at, last_success_at, (
        select count(distinct split_part(provider_id, ':', 1)) from inbound_items
        where account_id = :account_id and provider_id ~ :pattern
    ) as others from channel_accounts where id = :account_id
    """
)
"""The account, and how many series of names there are already under a UIDVALIDITY; of one moment."""


class PlaceChanged(Temporary):
    """Somebody has set the mailbox to another place in the meantime; what was read of the old one does not count."""

    code = "mailbox-place-changed"


class CatchUp:
    """Keeps the ledger level with one folder.

    Args:
        db: where the ledger is.
        account_id: whose mailbox.
        max_bytes: of a larger mail only the headers are taken.

    Attributes:
        position: how far the folder has been read.
        stored: mails that were stored since the beginning.
    """

    def __init__(self, db: Database, account_id: int, max_bytes: int) -> None:
        self._db = db
        self._account_id = account_id
        self._carrier = Carrier(db, account_id, max_bytes)
        self._careful = False
        self._has_stored = False
        self._written: dict[str, Any] = {}
        self.position = Position()
        self.stored = 0

    def resume(self, account: ChannelAccount) -> None:
        """Go on from where the account's cursor is, when somebody else has moved it."""
        found = Position.of(account.cursor, account.created_at)
        here = self.position
        if (found.uidvalidity, found.series, found.last_uid) != (here.uidvalidity, here.series, here.last_uid):
            self.position = found
        self._written = account.cursor
        self.position.connected_at = account.created_at

    async def knows(self, mailbox: Mailbox, folder: Folder) -> bool:
        """Whether the folder, which is open, is the one that the position belongs to.

        A server that was restored from a backup may keep UIDVALIDITY and give UIDs out a second time, against RFC 3501
        (section 2.3.1.1); its next UID is then one that we know already. One that names a next UID below those of its
        own mails is not believed.
        """
        if folder.uidvalidity != self.position.uidvalidity:
            return False
        if folder.uidnext is None or folder.uidnext > self.position.last_uid:
            return True
        return bool(await mailbox.uids_after(folder.uidnext - 1))

    async def run(
        self,
        mailbox: Mailbox,
        settings: ImapSettings,
        stop: asyncio.Event,
        progress: Callable[[], Awaitable[None]],
    ) -> bool:
        """Store every mail that is not in the ledger yet.

        Args:
            mailbox: connected.
            settings: the cut-off, and how old mails are taken in.
            stop: ends it between two mails.
            progress: called now and then while it works.

        Returns:
            Whether all of them could be got; the others are tried again.

        Raises:
            MailboxLost: the connection is gone.
            PlaceChanged: the mailbox has been set to another place.
            SQLAlchemyError: the database is away.
        """
        folder = await mailbox.select()
        if not await self.knows(mailbox, folder):
            await self._begin(mailbox, folder, settings)
        await self._ask_the_ledger()
        position = self.position
        uids = await mailbox.uids_after(position.last_uid)
        old = await self._old(mailbox, settings, uids)
        news = [uid for uid in uids if uid > position.start_uid]
        rest, highest = deque([*old, *news]), max([position.start_uid, *news])
        kept = position.cursor()
        position.advance(rest)
        position.count(old)
        if position.cursor() != kept:
            await self._save()
        queue = await self._queue(mailbox, old, news)
        complete = True
        while queue and not stop.is_set():
            batch = queue[: 1 if self._careful else BATCH]
            try:
                tried, got = await self._take_batch(mailbox, settings, batch)
                complete = complete and got
            finally:
                position.advance(rest)
                position.count_taken(batch)
                await self._save()
            del queue[:tried]
            await progress()
            if queue and queue[0] <= position.start_uid:
                later = await mailbox.uids_after(highest)
                highest = max([highest, *later])
                rest.extend(later)
                queue[:0] = later
        self._careful = False
        return complete and not queue

    async def take(self, mailbox: Mailbox, settings: ImapSettings, uids: Sequence[int]) -> None:
        """Store mails that were passed over (the audit has found them); those that cannot be got stay missing."""
        for start in range(0, len(uids), BATCH):
            await self._take_batch(mailbox, settings, uids[start : start + BATCH], patient=True)
        self.position.beyond.difference_update(uid for uid in uids if uid <= self.position.last_uid)

    async def _old(self, mailbox: Mailbox, settings: ImapSettings, uids: Sequence[int]) -> list[int]:
        """Of these UIDs those that lay in the folder at the first look and are not older than the cut-off."""
        old = [uid for uid in uids if uid <= self.position.start_uid]
        if not old or settings.since is None:
            return old
        recent = set(await mailbox.uids_since(settings.since))
        return [uid for uid in old if uid in recent]

    async def _queue(self, mailbox: Mailbox, old: Sequence[int], news: Sequence[int]) -> list[int]:
        """The order: news, what may be news although its UID is old, the rest; what made trouble comes later."""
        front = await self._front(mailbox, old)
        return [
            *self._ordered([*front, *news]),
            *self._ordered(uid for uid in old if uid not in front),
        ]

    def _ordered(self, uids: Iterable[int]) -> list[int]:
        """Mails that made trouble come last, so that they keep nothing back; those that are stored not at all."""
        failures = self.position.failures
        wanted = (uid for uid in uids if not self.position.is_done(uid))
        return sorted(wanted, key=lambda uid: (failures.get(uid, 0), uid))

    async def _front(self, mailbox: Mailbox, old: Sequence[int]) -> set[int]:
        """Of the old UIDs those whose mails the server got since ``front_at``."""
        front_at = self.position.front_at
        if front_at is None or not old:
            return set()
        recent = set(await mailbox.uids_since((front_at - timedelta(days=1)).date())).intersection(old)
        facts = await mailbox.facts(sorted(recent))
        return {uid for uid, known in facts.items() if known.received_at and known.received_at >= front_at}

    async def _begin(self, mailbox: Mailbox, folder: Folder, settings: ImapSettings) -> None:
        """Start with a folder that is new to us: from its beginning, or from the day that the settings name.

        A folder that was made anew (another UIDVALIDITY) is read again like a new one, but what came since the last
        contact is taken first. Where rows of this UIDVALIDITY are in the ledger already (another server, moved to,
        may count from the same number), the mails get names of a new series, so that none is taken for an old one.
        """
        before = self.position
        async with reading(self._db) as session:
            row = await _BEGIN.first(session, account_id=self._account_id, pattern=f"^{folder.uidvalidity}[.:]")
        self._written = row.cursor
        self.position = Position.of(row.cursor, row.created_at)
        if before.uidvalidity != folder.uidvalidity and await self.knows(mailbox, folder):
            return  # somebody else has begun
        series = f"{folder.uidvalidity}.{row.others}" if row.others else str(folder.uidvalidity)
        uids = await mailbox.uids_after(0)
        position = Position(folder.uidvalidity, series, start_uid=max(uids, default=0), connected_at=row.created_at)
        position.front_at = row.created_at - SKEW
        if before.uidvalidity:
            _log.warning("the folder was made anew", account=self._account_id, uidvalidity=folder.uidvalidity)
            position.front_at = (row.last_success_at or row.created_at) - FRONT
        self.position = position
        old = await self._old(mailbox, settings, uids)
        position.last_uid = old[0] - 1 if old else position.start_uid
        position.importing = Import(len(old)) if old else None
        await self._save()

    async def _ask_the_ledger(self) -> None:
        """After a restart: what is stored already above the cursor need not be got again."""
        position = self.position
        if position.is_complete:
            return
        async with reading(self._db) as session:
            stored = await _STORED.scalar(
                session, account_id=self._account_id, pattern=position.names, after=position.last_uid
            )
        position.beyond.update(stored)
        position.is_complete = True

    async def _take_batch(
        self, mailbox: Mailbox, settings: ImapSettings, uids: Sequence[int], *, patient: bool = False
    ) -> tuple[int, bool]:
        """Take some mails; of old ones only as many as can be got until news is looked for again.

        Returns:
            How many were tried, and whether all those could be got.
        """
        facts = await self._facts(mailbox, uids)
        started, complete = clock.monotonic(), True
        for tried, uid in enumerate(uids):
            is_old = uid <= self.position.start_uid
            if is_old and tried and not patient and clock.monotonic() - started >= LOOK_SECONDS:
                return tried, complete
            try:
                known = facts if facts is not None else await mailbox.facts([uid])
                await self._take(mailbox, settings, uid, known.get(uid))
            except MailboxRefused as problem:
                complete = await self._carrier.failed(self.position, uid, problem.detail) and complete
            except MailboxLost as problem:
                await self._carrier.failed(self.position, uid, problem.detail)
                raise
        return len(uids), complete

    async def _take(self, mailbox: Mailbox, settings: ImapSettings, uid: int, facts: Facts | None) -> None:
        is_old = facts is not None and self.position.is_old(uid, facts.received_at)
        archived = is_old and settings.import_as == "closed"
        stored = await self._carrier.take(mailbox, self.position, uid, facts, archived=archived)
        self._has_stored = self._has_stored or stored
        self.stored += stored

    async def _facts(self, mailbox: Mailbox, uids: Sequence[int]) -> dict[int, Facts] | None:
        """Size and date of each mail; None when a server stumbles over one and they must be asked one by one."""
        if len(uids) == 1:
            return None
        self._careful = True  # until this has gone well: a server may hang up over one broken mail
        try:
            found = await mailbox.facts(uids)
        except MailboxRefused:
            return None
        self._careful = False
        return found

    async def _save(self) -> None:
        """Write down how far the folder has been read.

        Raises:
            PlaceChanged: the cursor is not the one that was written last.
        """
        cursor = self.position.cursor()
        values: dict[str, Any] = {"cursor": cursor}
        if self._has_stored:
            values["last_mail_at"] = clock.now()
            self._has_stored = False
        mine = (ChannelAccount.id == self._account_id, ChannelAccount.cursor == self._written)
        async with unit_of_work(self._db) as session:
            written = await session.scalar(
                update(ChannelAccount).where(*mine).values(**values).returning(ChannelAccount.id)
            )
        if written is None:
            raise PlaceChanged("The mailbox has been set to another place.")
        self._written = cursor
