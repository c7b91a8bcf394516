"""Carries one mail from a mailbox into the ledger, or leaves a note for a person where a server will not give it.

Part of the e-mail channel, between `channels.email.mailbox` and ``channels/inbound``; used by the fetcher and by the
audit, so that a mail is stored in one way only.
"""

from datetime import datetime
from typing import Final

from channels import inbound
from channels.email.accounts import CHANNEL
from channels.email.filters import NOT_FETCHED_HEADER, TOO_BIG_HEADER
from channels.email.mailbox import Facts, Mailbox
from channels.email.position import Position
from core import log
from core.db import Database

TRIES: Final = 5
"""After so many failures to get one mail the others go on, and a person is told to look at it."""
_log = log.get(__name__)


class Carrier:
    """Stores the mails of one mailbox.

    Args:
        db: where the ledger is.
        account_id: whose mailbox.
        max_bytes: of a larger mail only the headers are taken.
    """

    def __init__(self, db: Database, account_id: int, max_bytes: int) -> None:
        self._db = db
        self._account_id = account_id
        self._max_bytes = max_bytes

    async def take(
        self, mailbox: Mailbox, position: Position, uid: int, facts: Facts | None, *, archived: bool
    ) -> bool:
        """Get one mail and store it. One without facts has gone in the meantime.

        Args:
            mailbox: connected, with its folder open.
            position: names the row, and learns that the mail is done with.
            uid: which.
            facts: what the server said of it.
            archived: it lay in the mailbox before that was connected.

        Returns:
            Whether the ledger has got a new row.

        Raises:
            MailboxRefused: the server will not give it.
            MailboxLost: the connection is gone.
            SQLAlchemyError: the database is away.
        """
        raw: bytes | None = None
        if facts is not None and facts.size > self._max_bytes:
            headers = await mailbox.headers(uid)
            raw = None if headers is None else b"%s: %d\r\n%s" % (TOO_BIG_HEADER.encode(), facts.size, headers)
        elif facts is not None:
            raw = await mailbox.content(uid, facts.size)
        stored = False
        if raw is not None and facts is not None:
            stored = await self._store(position.name(uid), raw, facts.received_at, archived=archived)
        position.beyond.add(uid)
        return stored

    async def failed(self, position: Position, uid: int, reason: str) -> bool:
        """Note that a mail could not be got; after some tries leave a note for a person in its place.

        Returns:
            Whether this mail is done with.
        """
        failures = position.failures
        failures[uid] = failures.get(uid, 0) + 1
        _log.warning("a mail could not be fetched", account=self._account_id, uid=uid, reason=reason)
        if failures[uid] < TRIES:
            return False
        name, words = position.name(uid), " ".join(reason.split())
        note = f"{NOT_FETCHED_HEADER}: The mail server does not give out the mail {name} of this mailbox: {words}\r\n"
        await self._store(name, note.encode("utf-8", "replace"), None, archived=False)
        position.beyond.add(uid)
        return True

    async def _store(self, name: str, raw: bytes, received_at: datetime | None, *, archived: bool) -> bool:
        incoming = inbound.Incoming(self._account_id, CHANNEL, name, raw, archived=archived, internal_date=received_at)
        return await inbound.store(self._db, incoming) is not None
