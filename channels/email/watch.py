"""Watches the mailboxes: says when one falls silent and when it is back, and warns before credentials end.

Part of the e-mail channel. The scheduler calls :func:`sweep` every minute (``sampark/roles.py``); the fetcher raises
the alarm itself when a sign-in is refused, because that does not mend itself. An alarm is a mark at the account, an
event that brings the banner to every open console (``agent_ui/api/banners.py``), and a mail to every administrator.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from channels import notices
from channels.email.accounts import CHANNEL, options_of
from channels.models import BrakeTrip, ChannelAccount, Notice
from core import clock, events, log
from core.errors import DeskError
from core.settings import Settings

SHORTEST_SILENCE: Final = timedelta(minutes=5)
"""The fetcher notes its success when it renews IDLE; silence cannot be told from waiting earlier."""
WARN_DAYS: Final = (30, 14, 7, 3, 1)
"""Days before credentials end on which administrators get a mail, one each."""
WARNING: Final = "credentials_expire"
_log = log.get(__name__)


class MailboxChanged(events.Event, frozen=True, kw_only=True):
    """A mailbox fell silent (``alarm`` says why), or is back (``alarm`` is None)."""

    kind = "mailbox.changed"
    account_id: int
    alarm: str | None


class Banner(msgspec.Struct, frozen=True, kw_only=True):
    """Something that people at the desk must know, shown above every page until it is over.

    Attributes:
        key: names it, so that a client can tell an old one from a new one.
        kind: which sentence to show.
        data: what stands in it, as text.
        since: when it began, UTC.
        for_admins: only administrators can do something about it.
    """

    key: str
    kind: Literal["mailbox_silent", "credentials_expire", "automatic_mail_stopped", "ledger_difference"]
    data: dict[str, str]
    since: datetime | None
    for_admins: bool


class _Mailbox(msgspec.Struct, frozen=True):
    """What the watch needs of an account."""

    id: int
    name: str
    address: str
    settings: dict[str, Any]
    options: dict[str, Any]
    audit: dict[str, Any]
    alarm: str | None
    alarm_since: datetime | None
    last_success_at: datetime | None
    last_error: str | None
    created_at: datetime


_COLUMNS: Final = tuple(getattr(ChannelAccount, name) for name in _Mailbox.__struct_fields__)


async def _mailboxes(session: AsyncSession, account_id: int | None = None) -> list[_Mailbox]:
    """The mailboxes that are fetched."""
    statement = select(*_COLUMNS).where(
        ChannelAccount.channel == CHANNEL, ChannelAccount.is_active, ChannelAccount.settings.has_key("imap")
    )
    if account_id is not None:
        statement = statement.where(ChannelAccount.id == account_id)
    found = await session.execute(statement.order_by(ChannelAccount.id))
    return [_Mailbox(**row) for row in found.mappings()]


async def sweep(session: AsyncSession, settings: Settings, watching_since: datetime) -> None:
    """Raise and clear alarms, and warn of credentials that end.

    Args:
        session: the unit of work.
        settings: the desk's name and address, for the mails.
        watching_since: when this desk began to run; a mailbox was not silent while nobody listened.
    """
    for mailbox in await _mailboxes(session):
        silence = _silence(mailbox, watching_since)
        if mailbox.alarm is None and silence is not None:
            await _raise(session, settings, mailbox, silence)
        elif mailbox.alarm is not None and _is_back(mailbox):
            await _clear(session, settings, mailbox)
        await _warn(session, settings, mailbox)


async def alarm(session: AsyncSession, settings: Settings, account_id: int, reason: str) -> None:
    """Raise the alarm for a mailbox at once, unless it is raised already."""
    for mailbox in await _mailboxes(session, account_id):
        if mailbox.alarm is None:
            await _raise(session, settings, mailbox, reason)


async def silences(session: AsyncSession) -> dict[int, str]:
    """The mailboxes that have not been reached for too long, whoever runs or not: id → why."""
    began = datetime.fromtimestamp(0, UTC)
    found = {mailbox.id: _silence(mailbox, began) for mailbox in await _mailboxes(session)}
    return {account_id: reason for account_id, reason in found.items() if reason is not None}


def _silence(mailbox: _Mailbox, watching_since: datetime) -> str | None:
    """Why this mailbox counts as silent; None while it does not."""
    try:
        after = timedelta(minutes=options_of(mailbox.options).silent_after_minutes)
    except DeskError:
        after = SHORTEST_SILENCE  # options that nobody can read are no reason to keep quiet
    heard = max(mailbox.last_success_at or mailbox.created_at, watching_since)
    silent = clock.now() - heard
    if silent < max(after, SHORTEST_SILENCE):
        return None
    minutes = int(silent.total_seconds() // 60)
    return f"no contact for {minutes} minutes: {mailbox.last_error or 'the mail server does not answer'}"


def _is_back(mailbox: _Mailbox) -> bool:
    """Whether the mailbox was reached after its alarm."""
    heard, since = mailbox.last_success_at, mailbox.alarm_since
    return mailbox.last_error is None and heard is not None and since is not None and heard >= since


async def _raise(session: AsyncSession, settings: Settings, mailbox: _Mailbox, reason: str) -> None:
    now = clock.now()
    changed = await session.execute(
        update(ChannelAccount)
        .where(ChannelAccount.id == mailbox.id, ChannelAccount.alarm.is_(None))
        .values(alarm=reason[:500], alarm_since=now)
        .returning(ChannelAccount.id)
    )
    if changed.first() is None:
        return  # somebody was faster
    _log.error("a mailbox is silent", account=mailbox.id, reason=reason)
    events.record(session, MailboxChanged(account_id=mailbox.id, alarm=reason[:500], teams=(events.NO_TEAM,)))
    heard = f"{mailbox.last_success_at:%Y-%m-%d %H:%M} UTC" if mailbox.last_success_at else "never"
    await _tell(
        session, settings, mailbox, "mailbox_silent",
        f"No mail arrives from {mailbox.address}",
        f"The mailbox {mailbox.name} ({mailbox.address}) is silent: {reason}.\n\nLast contact: {heard}. "
        "Nothing is lost: the mails wait at the provider, and are fetched as soon as it answers again.",
    )  # fmt: skip


async def _clear(session: AsyncSession, settings: Settings, mailbox: _Mailbox) -> None:
    since = mailbox.alarm_since or clock.now()
    changed = await session.execute(
        update(ChannelAccount)
        .where(ChannelAccount.id == mailbox.id, ChannelAccount.alarm_since == since)
        .values(alarm=None, alarm_since=None)
        .returning(ChannelAccount.id)
    )
    if changed.first() is None:
        return
    _log.info("a mailbox is back", account=mailbox.id)
    events.record(session, MailboxChanged(account_id=mailbox.id, alarm=None, teams=(events.NO_TEAM,)))
    minutes = max(1, int((clock.now() - since).total_seconds() // 60))
    await _tell(
        session, settings, mailbox, "mailbox_recovered",
        f"Mail arrives from {mailbox.address} again",
        f"The mailbox {mailbox.name} ({mailbox.address}) is back after {minutes} minutes. "
        "What came in meanwhile is being fetched.",
    )  # fmt: skip


def ends_at(settings: dict[str, Any]) -> datetime | None:
    """When the first of an account's credentials ends, UTC; None when none does, as far as we are told.

    Args:
        settings: as stored; neither of the two dates is a secret.
    """
    oauth = settings.get("oauth") or {}
    found: list[datetime] = []
    if day := oauth.get("secret_expires_on"):
        found.append(datetime.combine(datetime.fromisoformat(day).date(), time(), UTC))
    if moment := oauth.get("refresh_expires_at"):
        found.append(datetime.fromisoformat(moment).astimezone(UTC))
    return min(found, default=None)


async def _warn(session: AsyncSession, settings: Settings, mailbox: _Mailbox) -> None:
    """Write to the administrators once on each of :data:`WARN_DAYS`; after a pause only for the nearest."""
    end = ends_at(mailbox.settings)
    if end is None:
        return
    left = end - clock.now()
    due = [days for days in WARN_DAYS if left <= timedelta(days=days)]
    if not due or left <= timedelta(0):
        return  # ended: the refused sign-in raises the alarm
    told = select(Notice.id).where(
        Notice.kind == WARNING,
        Notice.account_id == mailbox.id,
        Notice.created_at >= end - timedelta(days=min(due)),
    )
    if await session.scalar(told.limit(1)) is not None:
        return
    days = max(1, -(-left // timedelta(days=1)))
    await _tell(
        session, settings, mailbox, WARNING,
        f"The sign-in of {mailbox.address} ends in {days} {'day' if days == 1 else 'days'}",
        f"The mailbox {mailbox.name} ({mailbox.address}) can be read until {end:%Y-%m-%d}. "
        "Renew the client secret at the provider, or connect the mailbox again, before that day.",
    )  # fmt: skip


async def _tell(
    session: AsyncSession, settings: Settings, mailbox: _Mailbox, kind: str, subject: str, text: str
) -> None:
    """One mail to every administrator, from a mailbox that works if there is one."""
    link = f"{settings.base_url}/console/settings/mailboxes/{mailbox.id}"
    leaves_from = mailbox.id if kind == WARNING else await _working(session, mailbox.id)
    for agent_id, name, address in await notices.administrators(session):
        await notices.create(
            session, kind=kind, to_address=address, to_name=name, subject=subject, text=f"{text}\n\n{link}\n",
            agent_id=agent_id, account_id=leaves_from,
        )  # fmt: skip


async def _working(session: AsyncSession, silent_id: int) -> int | None:
    """Another mailbox that can send and is not silent itself; None leaves the choice to the outbox."""
    statement = (
        select(ChannelAccount.id)
        .where(
            ChannelAccount.channel == CHANNEL,
            ChannelAccount.is_active,
            ChannelAccount.settings.has_key("smtp"),
            ChannelAccount.alarm.is_(None),
            ChannelAccount.id != silent_id,
        )
        .order_by(ChannelAccount.id)
    )
    found: int | None = await session.scalar(statement.limit(1))
    return found


async def banners(session: AsyncSession) -> list[Banner]:
    """What people must know now: silent mailboxes first."""
    found: list[Banner] = []
    for mailbox in await _mailboxes(session):
        names = {"mailbox": mailbox.name, "address": mailbox.address}
        if mailbox.alarm is not None:
            data = {**names, "reason": mailbox.alarm}
            since = mailbox.last_success_at or mailbox.alarm_since
            found.append(_banner("mailbox_silent", mailbox.id, data, since, for_admins=False))
        if lost := int(mailbox.audit.get("missing_count", 0)):
            at = datetime.fromisoformat(mailbox.audit["at"])
            data = {**names, "count": str(lost)}
            found.append(_banner("ledger_difference", mailbox.id, data, at, for_admins=True))
        end = ends_at(mailbox.settings)
        if end is not None and end - clock.now() <= timedelta(days=WARN_DAYS[0]):
            data = {**names, "date": f"{end:%Y-%m-%d}"}
            found.append(_banner("credentials_expire", mailbox.id, data, None, for_admins=True))
    trip = (
        await session.execute(select(BrakeTrip.reason, BrakeTrip.tripped_at).where(BrakeTrip.released_at.is_(None)))
    ).first()
    if trip is not None:
        found.append(
            Banner(
                key="automatic_mail_stopped", kind="automatic_mail_stopped", data={"reason": trip[0]},
                since=trip[1], for_admins=False,
            )
        )  # fmt: skip
    return found


def _banner(kind: Any, account_id: int, data: dict[str, str], since: datetime | None, *, for_admins: bool) -> Banner:
    return Banner(key=f"{kind}:{account_id}", kind=kind, data=data, since=since, for_admins=for_admins)
