"""One folder of a mailbox, read over IMAP without leaving a trace: nothing is marked as seen, nothing is moved.

Part of the e-mail channel, between `channels.email.imap_client` (the guarded connection) and `channels.email.fetch`.
Everything is asked for by UID, in batches of at most 200; bodies come as literals, and ENVELOPE is never used (the
library damages it).
"""

import asyncio
import base64
import re
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import aioimaplib

from channels.email.accounts import ImapSettings
from channels.email.imap_client import COMMAND_SECONDS, ImapClient, MailboxLost, MailboxRefused

BATCH: Final = 200
HEADER_BYTES: Final = 65_536
SLOWEST: Final = 20_000
"""Bytes a second below which a line is taken for dead."""
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_VALIDITY = re.compile(rb"\[UIDVALIDITY (\d+)\]", re.IGNORECASE)
_NEXT = re.compile(rb"\[UIDNEXT (\d+)\]", re.IGNORECASE)
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_QUOTED = re.compile(rb'\bBODY\[[^\]]*\](?:<\d+>)? "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Folder:
    """The state of a folder when it was opened.

    Attributes:
        uidvalidity: when this changes, UIDs mean other mails than before (RFC 3501, section 2.3.1.1).
        uidnext: UIDs below this one exist or existed; None when the server does not tell.
    """

    uidvalidity: int
    uidnext: int | None


class Mailbox:
    """A signed-in connection to one folder.

    Args:
        settings: where and how.
        timeout: seconds that a command may take.
    """

    def __init__(self, settings: ImapSettings, timeout: float = COMMAND_SECONDS) -> None:
        self._settings = settings
        self._client = ImapClient(settings, timeout)

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
        return Folder(int(validity[1]), int(following[1]) if following else None)

    async def uids_after(self, last: int) -> list[int]:
        """The UIDs above ``last``, in order.

        "n:*" always names the last mail, even one below n (RFC 3501, section 6.4.8), so the answer is filtered.
        """
        return [uid for uid in await self._search(f"UID {last + 1}:*") if uid > last]

    async def uids_since(self, day: date) -> list[int]:
        """The UIDs of mails that the server received on ``day`` or later, in order."""
        return await self._search(f"SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year}")

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Bytes of each mail; mails that are gone are missing."""
        found: dict[int, int] = {}
        for start in range(0, len(uids), BATCH):
            wanted = ",".join(map(str, uids[start : start + BATCH]))
            for line in await self._fetch(wanted, "(UID RFC822.SIZE)"):
                uid, size = _UID.search(line), _SIZE.search(line)
                if uid and size:
                    found[int(uid[1])] = int(size[1])
        return found

    async def content(self, uid: int, size: int) -> bytes | None:
        """The bytes of a mail; None when it is gone.

        Args:
            uid: which.
            size: as told by :meth:`sizes`; decides how long it may take.

        Raises:
            MailboxRefused: the server will not give it.
            MailboxLost: the connection is gone.
        """
        return _body(await self._fetch(str(uid), "(UID BODY.PEEK[])", size / SLOWEST))

    async def headers(self, uid: int) -> bytes | None:
        """The first 64 kB of a mail's header block; None when it is gone."""
        return _body(await self._fetch(str(uid), f"(UID BODY.PEEK[HEADER]<0.{HEADER_BYTES}>)"))

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


async def first_of(*waits: Awaitable[object]) -> None:
    """Wait until one of these is over."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
