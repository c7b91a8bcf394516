"""Not faster than the provider takes it: mails of one mailbox wait for their turn.

Part of sending, used by ``channels/email/send`` before it opens a connection. In any minute at most so many mails
leave; the ones after that are told when theirs is, in the order in which they came. Each worker process counts its own
mails: with n of them, set a mailbox's ``per_minute`` to its share.
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from core import clock

PROVIDERS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "smtp.gmail.com": 20,  # unpublished; about the pace at which Gmail begins to answer 421 4.7.0
        "smtp.office365.com": 30,  # Exchange Online limits, "message rate limit" of a mailbox
        "smtp-mail.outlook.com": 30,
    }
)
"""Host → mails a minute; other hosts take what they are given."""
_MINUTE: Final = timedelta(minutes=1)
_LATE: Final = timedelta(seconds=15)
"""A turn that was missed by more is gone: after a standstill all would leave at once."""
_FORGOTTEN: Final = timedelta(minutes=10)


def rate(host: str, per_minute: int) -> int:
    """Mails a minute for a host; 0: no limit.

    Args:
        host: the SMTP server.
        per_minute: what the administrator says; 0 leaves it to what is known of the provider.
    """
    return per_minute or PROVIDERS.get(host.strip().lower().rstrip("."), 0)


class Throttle:
    """Gives every mail its turn."""

    def __init__(self) -> None:
        self._turns: dict[tuple[str, str], deque[datetime]] = {}
        self._waiting: dict[tuple[str, str], dict[str, datetime]] = {}

    def wait(self, mailbox: tuple[str, str], mail: str, per_minute: int) -> float:
        """Seconds until this mail may leave; 0: now. Whoever asks again later keeps the turn it was given.

        Args:
            mailbox: host and user.
            mail: the mail's id.
            per_minute: how many may leave in any minute; 0: all.
        """
        if per_minute <= 0:
            return 0.0
        now = clock.now()
        waiting = self._waiting.setdefault(mailbox, {})
        turn = waiting.pop(mail, None)
        if turn is None or turn < now - _LATE:
            turn = self._next_turn(mailbox, per_minute, now)
        if turn <= now:
            return 0.0
        waiting[mail] = turn
        for gone in [each for each, at in waiting.items() if at < now - _FORGOTTEN]:
            del waiting[gone]
        return (turn - now).total_seconds()

    def _next_turn(self, mailbox: tuple[str, str], per_minute: int, now: datetime) -> datetime:
        """The first moment that leaves no more than so many in the minute before it."""
        given = self._turns.get(mailbox)
        if given is None or given.maxlen != per_minute:
            given = self._turns[mailbox] = deque(given or (), maxlen=per_minute)
        full = len(given) == per_minute
        turn = max(now, given[0] + _MINUTE if full else now, given[-1] if given else now)
        given.append(turn)
        return turn
