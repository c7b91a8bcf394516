"""One folder of a mailbox, read over IMAP without leaving a trace: nothing is marked as seen, nothing is moved.

Part of the e-mail channel, between `channels.email.imap_client` (the guarded connection) and `channels.email.fetch`.
Everything is asked for by UID, in batches of at most 200; bodies come as literals, and ENVELOPE is never used (the
library damages it).
"""

import asyncio
import base64
import re
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

import aioimaplib

from channels.email.accounts import ImapSettings
from channels.email.imap_client import COMMAND_SECONDS, ImapClient, MailboxLost, MailboxRefused
from core.net import PUBLIC_ONLY, Networks

BATCH: Final = 200
HEADER_BYTES: Final = 65_536
SLOWEST: Final = 20_000
"""Bytes a second below which a line is taken for dead."""
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_VALIDITY = re.compile(rb"\[UIDVALIDITY (\d+)\]", re.IGNORECASE)
_NEXT = re.compile(rb"\[UIDNEXT (\d+)\]", re.IGNORECASE)
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_DATE = re.compile(rb'\bINTERNALDATE "([ \d]\d)-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"')
_LISTED = re.compile(rb'\((.*?)\) (?:NIL|"(?:[^"\\]|\\.)*") (.+)$', re.DOTALL)
_QUOTED = re.compile(rb'\bBODY\[[^\]]*\](?:<\d+>)? "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Folder:
    """The state of a folder when it was opened.

    Attributes:
        uidvalidity: when this changes, UIDs mean other mails than before (RFC 3501, section 2.3.1.1).
        uidnext: every UID of this folder is below it, and every new one is not; None when the server does not tell.
    """

    uidvalidity: int
    uidnext: int | None = None


@dataclass(frozen=True)
class Facts:
    """What is known of a mail before its bytes are asked for.

    Attributes:
        size: in bytes.
        received_at: when the server got it, UTC; None when it tells nothing that can be read.
    """

    size: int
    received_at: datetime | None


class Mailbox:
    """A signed-in connection to one folder.

    Args:
        settings: where and how.
        timeout: seconds that a command may take.
        networks: where connections may go.
    """

    def __init__(
        self, settings: ImapSettings, timeout: float = COMMAND_SECONDS, networks: Networks = PUBLIC_ONLY
    ) -> None:
        self._settings = settings
        self._client = ImapClient(settings, timeout, networks)

    async def connect(self) -> None:
        """Connect and sign in.

        Raises:
            SignInRefused: name, password or token are wrong, or no longer accepted.
            MailboxLost: the server cannot be reached.
        """
        await self._client.connect()

    async def select(self) -> Folder:
        """Open the folder, or look at it again. News from here on ends :meth:`wait`.

        Raises:
            MailboxRefused: there is no such folder.
            MailboxLost: the connection is gone.
        """
        name = aioimaplib.quoted(_folder_name(self._settings.folder))
        self._client.forget_growth()
        lines = await self._client.command("SELECT", lambda client: client.select(name))
        self._client.forget_growth()
        text = b"\n".join(bytes(line) for line in lines)
        validity, following = _VALIDITY.search(text), _NEXT.search(text)
        if validity is None:
            raise MailboxLost("the mail server gives no UIDVALIDITY")
        return Folder(int(validity[1]), (int(following[1]) or None) if following else None)

    async def uids_after(self, last: int) -> list[int]:
        """The UIDs above ``last``, in order.

        "n:*" always names the last mail, even one below n (RFC 3501, section 6.4.8), so the answer is filtered.
        """
        return [uid for uid in await self._search(f"UID {last + 1}:*") if uid > last]

    async def uids_since(self, day: date) -> list[int]:
        """The UIDs of mails that the server received on ``day`` or later, in order."""
        return await self._search(f"SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year}")

    async def facts(self, uids: Sequence[int]) -> dict[int, Facts]:
        """Size and date of each mail; mails that are gone are missing."""
        found: dict[int, Facts] = {}
        for start in range(0, len(uids), BATCH):
            wanted = ",".join(map(str, uids[start : start + BATCH]))
            for line in await self._fetch(wanted, "(UID RFC822.SIZE INTERNALDATE)"):
                uid, size = _UID.search(line), _SIZE.search(line)
                if uid and size:
                    found[int(uid[1])] = Facts(int(size[1]), _date_in(line))
        return found

    async def content(self, uid: int, size: int) -> bytes | None:
        """The bytes of a mail; None when it is gone.

        Args:
            uid: which.
            size: as told by :meth:`facts`; decides how long it may take.

        Raises:
            MailboxRefused: the server will not give it.
            MailboxLost: the connection is gone.
        """
        return _body(await self._fetch(str(uid), "(UID BODY.PEEK[])", size / SLOWEST))

    async def headers(self, uid: int) -> bytes | None:
        """The first 64 kB of a mail's header block; None when it is gone."""
        return _body(await self._fetch(str(uid), f"(UID BODY.PEEK[HEADER]<0.{HEADER_BYTES}>)"))

    async def folders(self) -> tuple[str, ...]:
        """The names of the folders that can be opened, as people know them.

        Raises:
            MailboxRefused: the server does not tell.
            MailboxLost: the connection is gone.
        """
        lines = await self._client.command("LIST", lambda client: client.list('""', "*"))
        return tuple(dict.fromkeys(_folder_names(lines)))

    @property
    def tells(self) -> bool:
        """Whether the server can tell of new mail (RFC 2177)."""
        return self._client.supports("IDLE")

    async def wait(self, until: Awaitable[object]) -> bool:
        """Wait for news.

        Args:
            until: when this is over, waiting ends without news.

        Returns:
            Whether there was news.

        Raises:
            MailboxLost: the connection is gone.
        """
        return await self._client.idle(until)

    async def close(self) -> None:
        """Sign out and hang up."""
        await self._client.close(politely=True)

    async def _search(self, criteria: str) -> list[int]:
        lines = await self._client.command("SEARCH", lambda client: client.uid_search(criteria, charset=None))
        words = b" ".join(bytes(line) for line in lines[:-1]).split()
        return sorted({int(word) for word in words if word.isdigit()})

    async def _fetch(self, uids: str, items: str, seconds: float = 0) -> list[bytes | bytearray]:
        return await self._client.command("FETCH", lambda client: client.uid("fetch", uids, items), seconds)


def _body(lines: list[bytes | bytearray]) -> bytes | None:
    """The body in a FETCH answer: a literal (the library keeps those as bytearrays), or a short quoted string.

    Raises:
        MailboxRefused: the mail is there, and its body is not.
    """
    for line in lines:
        if isinstance(line, bytearray):
            return bytes(line)
    for line in lines:
        if quoted := _QUOTED.search(line):
            return re.sub(rb"\\(.)", rb"\1", quoted[1])
    if any(_UID.search(line) and b"BODY[" in line for line in lines):
        raise MailboxRefused("the mail server's answer holds no mail")
    return None


def _date_in(line: bytes | bytearray) -> datetime | None:
    """The INTERNALDATE in a FETCH answer (RFC 3501, section 2.3.3)."""
    found = _DATE.search(line)
    month = found[2].decode("ascii", "replace").capitalize() if found else ""
    if found is None or month not in _MONTHS:
        return None
    day, year, hour, minute, second, hours, minutes = (int(found[part]) for part in (1, 3, 4, 5, 6, 8, 9))
    east = timedelta(hours=hours, minutes=minutes) * (-1 if found[7] == b"-" else 1)
    try:
        local = datetime(year, _MONTHS.index(month) + 1, day, hour, minute, min(second, 59), tzinfo=timezone(east))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _folder_names(lines: Sequence[bytes | bytearray]) -> Iterator[str]:
    """The names in a LIST answer (RFC 3501, section 7.2.2): quoted, bare, or a literal on the next line."""
    for place, line in enumerate(lines):
        listed = _LISTED.match(line)
        if listed is None or b"\\noselect" in listed[1].lower():
            continue
        name = listed[2]
        if re.fullmatch(rb"\{\d+\}", name) and place + 1 < len(lines):
            name = bytes(lines[place + 1])
        elif name.startswith(b'"'):
            name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
        yield _name_of_folder(name.decode("utf-8", "replace"))


def _name_of_folder(coded: str) -> str:
    """The name behind IMAP's own form of UTF-7; as it is written where it is none."""

    def plain(found: re.Match[str]) -> str:
        if not found[1]:
            return "&"
        letters = found[1].replace(",", "/")
        return base64.b64decode(letters + "=" * (-len(letters) % 4)).decode("utf-16-be")

    try:
        return re.sub(r"&([A-Za-z0-9+,]*)-", plain, coded)
    except ValueError:
        return coded


def _folder_name(name: str) -> str:
    """A folder's name in IMAP's own form of UTF-7 (RFC 3501, section 5.1.3)."""
    parts: list[str] = []
    for plain, strange in re.findall(r"([\x20-\x7e]+)|([^\x20-\x7e]+)", name):
        if plain:
            parts.append(plain.replace("&", "&-"))
        else:
            coded = base64.b64encode(strange.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
            parts.append(f"&{coded}-")
    return "".join(parts)


@dataclass(frozen=True)
class Counted:
    """What a first import of a mailbox would take.

    Attributes:
        total: mails.
        oldest: when the server got the first of them (by its own order); None when there are none.
        newest: when it got the last.
    """

    total: int
    oldest: datetime | None
    newest: datetime | None


async def count(
    settings: ImapSettings,
    since: date | None,
    timeout: float = COMMAND_SECONDS,
    networks: Networks = PUBLIC_ONLY,
) -> Counted:
    """Try out a first import: how many mails it would take; changes nothing, here or there.

    Args:
        settings: where and how.
        since: the cut-off; None takes all.
        timeout: seconds that a command may take.
        networks: where connections may go.

    Raises:
        SignInRefused: name, password or token are wrong.
        MailboxRefused: there is no such folder.
        MailboxLost: the server cannot be reached.
    """
    mailbox = Mailbox(settings, timeout, networks)
    try:
        await mailbox.connect()
        await mailbox.select()
        uids = await (mailbox.uids_after(0) if since is None else mailbox.uids_since(since))
        facts = await mailbox.facts(sorted({uids[0], uids[-1]})) if uids else {}
        dates = [facts[uid].received_at if uid in facts else None for uid in (*uids[:1], *uids[-1:])]
        return Counted(len(uids), dates[0] if dates else None, dates[-1] if dates else None)
    finally:
        await mailbox.close()


async def first_of(*waits: Awaitable[object]) -> None:
    """Wait until one of these is over."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
