"""The audit: compares the mails on a mailbox's server with the ledger, so that "nothing is lost" is a number.

Part of the e-mail channel. `channels.email.fetch` audits when it has caught up and then every hour, and fetches what is
missing; ``sampark doctor mail`` and the ledger page ask for one at any time. Only plain SEARCH is used, which every
server has; a hundred thousand UIDs are a few megabytes for a moment.

Each mail on the server is in exactly one class: in the ledger, older than the cut-off, still to be fetched
(``pending``: above the cursor), or ``missing``: passed over, which must never be.
"""

from datetime import datetime
from typing import Any, Final, Self

import msgspec
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from channels.email.accounts import ImapSettings
from channels.email.catch_up import CatchUp
from channels.email.mailbox import Mailbox
from channels.email.position import Position
from channels.email.signin import SignIn
from channels.models import ChannelAccount
from core import clock, log
from core.db import Database, reading, unit_of_work
from core.errors import DeskError, NotFound
from core.settings import Settings
from core.sql import Sql

KEPT: Final = 1000
"""UIDs of missing mails that are written down; how many there are is known all the same."""
_log = log.get(__name__)
_COMPARE: Final = Sql(
    """
    with stored as materialized (
        select uid from (
            select case when provider_id ~ :pattern then split_part(provider_id, ':', 2)::bigint end as uid
            from inbound_items where account_id = :account_id
        ) named where uid is not null
    ), server as materialized (
        select unnest(cast(:uids as bigint[])) as uid
    )
    select (select cursor from channel_accounts where id = :account_id) as cursor,
        (select count(*) from server join stored using (uid)) as ledger,
        (select count(*) from stored left join server using (uid) where server.uid is null) as gone,
        (select coalesce(array_agg(uid order by uid), '{}') from server left join stored using (uid)
            where stored.uid is null) as absent
    """
)
"""One statement, hence one moment: a row is always committed before the cursor moves over it."""


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison has shown. ``server = ledger + before_start + pending + missing_count``.

    Attributes:
        at: when, UTC.
        uidvalidity: what the UIDs belong to.
        server: mails in the folder.
        ledger: those of them that are in the ledger.
        before_start: those that are older than the cut-off, and stay where they are.
        pending: those that are still to be fetched.
        missing: UIDs that were passed over (the first :data:`KEPT`).
        missing_count: how many.
        mended: mails that had been passed over, and were fetched by this audit.
        gone: ledger rows whose mails are no longer in the folder; people may move and delete them.
        error: why the last try failed; the numbers are then those of the last one that did not.
    """

    at: datetime
    uidvalidity: int = 0
    server: int = 0
    ledger: int = 0
    before_start: int = 0
    pending: int = 0
    missing: list[int] = []
    missing_count: int = 0
    mended: int = 0
    gone: int = 0
    error: str | None = None

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self | None:
        """The audit that an account keeps; None when there was none yet."""
        return msgspec.convert(kept, cls, strict=False) if kept else None


async def compare(
    session: AsyncSession, account_id: int, mailbox: Mailbox, settings: ImapSettings, position: Position
) -> Audit:
    """Compare the folder that is open with the ledger; changes nothing.

    Args:
        session: for reading.
        account_id: whose mailbox.
        mailbox: connected, with its folder open.
        settings: the cut-off.
        position: names the mails; how far they were fetched is read anew, in the same moment as the ledger.

    Raises:
        MailboxLost: the connection is gone.
    """
    uids = await mailbox.uids_after(0)
    recent = set(await mailbox.uids_since(settings.since)) if settings.since is not None else set(uids)
    row = await _COMPARE.first(session, account_id=account_id, pattern=position.names, uids=uids)
    now = Position.of(row.cursor)
    if (now.uidvalidity, now.series) != (position.uidvalidity, position.series):
        now = Position()  # nothing of this folder was fetched yet
    wanted = [uid for uid in row.absent if uid in recent or uid > now.start_uid > 0]
    missing = [uid for uid in wanted if uid <= now.last_uid]
    return Audit(
        at=clock.now(),
        uidvalidity=position.uidvalidity,
        server=len(uids),
        ledger=row.ledger,
        before_start=len(row.absent) - len(wanted),
        pending=len(wanted) - len(missing),
        missing=missing,
        missing_count=len(missing),
        gone=row.gone,
    )


async def keep(session: AsyncSession, account_id: int, found: Audit) -> None:
    """Write an audit down at its account."""
    kept = msgspec.to_builtins(msgspec.structs.replace(found, missing=found.missing[:KEPT]))
    await session.execute(update(ChannelAccount).where(ChannelAccount.id == account_id).values(audit=kept))


async def audit_folder(
    db: Database, account_id: int, mailbox: Mailbox, settings: ImapSettings, catch_up: CatchUp
) -> Audit:
    """Compare the open folder, fetch what is missing, and write down what is then left.

    Raises:
        MailboxLost: the connection is gone.
    """
    position = catch_up.position
    async with reading(db) as session:
        found = await compare(session, account_id, mailbox, settings, position)
    if found.missing:
        _log.error("mails were passed over and are fetched now", account=account_id, count=found.missing_count)
        await catch_up.take(mailbox, settings, found.missing)
        before = found.missing_count
        async with reading(db) as session:
            found = await compare(session, account_id, mailbox, settings, position)
        found = msgspec.structs.replace(found, mended=max(0, before - found.missing_count))
    async with unit_of_work(db) as session:
        await keep(session, account_id, found)
    return found


async def audit(db: Database, account_id: int, settings: Settings, sign_in: SignIn, timeout: float = 30.0) -> Audit:
    """Audit a mailbox over a connection of its own; what is missing is fetched, what is pending is left to the fetcher.

    An unreachable server is no error here: the audit then says so, beside the numbers of the last one.

    Raises:
        NotFound: there is no such mailbox, or it is not read.
    """
    async with reading(db) as session:
        account = await session.get(ChannelAccount, account_id)
    if account is None or not account.is_active or not account.settings.get("imap"):
        raise NotFound("There is no mailbox with this number that is read.")
    try:
        found = await _audited(db, account, settings, sign_in, timeout)
    except DeskError as problem:
        before = Audit.of(account.audit) or Audit(at=clock.now())
        found = msgspec.structs.replace(before, error=problem.detail)
        async with unit_of_work(db) as session:
            await keep(session, account_id, found)
    return found


async def _audited(db: Database, account: ChannelAccount, settings: Settings, sign_in: SignIn, timeout: float) -> Audit:
    imap = sign_in.read(account.settings)
    if imap is None:
        raise NotFound("This mailbox is not read over IMAP.")
    mailbox = Mailbox(await sign_in.imap(account.id, imap), timeout, sign_in.networks)
    try:
        await mailbox.connect()
        folder = await mailbox.select()
        catch_up = CatchUp(db, account.id, settings.max_mail_bytes)
        catch_up.resume(account)
        if await catch_up.knows(mailbox, folder):
            return await audit_folder(db, account.id, mailbox, imap, catch_up)
        position = Position(folder.uidvalidity, "none")
        async with unit_of_work(db) as session:  # the fetcher has not begun with this folder: all is pending
            found = await compare(session, account.id, mailbox, imap, position)
            await keep(session, account.id, found)
        return found
    finally:
        await mailbox.close()
