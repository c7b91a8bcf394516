"""The outbox's worker: one queued delivery becomes a sent message, and every state on the way is committed.

Job ``channels.deliver`` (own units of work, one at a time per delivery):

1. claim: load the queued delivery and compose; a guard refuses notes and recipients that are our own addresses;
2. the channel talks to its provider up to the point of no return, then the state ``sending`` is committed;
3. the provider takes it: ``sent`` with its id. It refuses: ``failed``, or ``queued`` again with a timer.

What nobody foresaw ends as ``failed`` too (``unknown`` after the hand-over): a message that stayed in the queue would
be asked for again for ever, and its author would never hear of it.

If the process dies between 2 and 3, the row stays ``sending``; :meth:`Outbound.recover` turns it into ``unknown``,
which an agent sees. It is never sent again without her word.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, crash, log
from core.db import Database, unit_of_work
from core.errors import DeskError, Permanent, Temporary
from tickets import delivery
from tickets.models import Delivery

_log = log.get(__name__)


Send = Callable[[Callable[[], Awaitable[None]]], Awaitable[str]]
"""Sends one message: awaits its argument just before the point of no return, returns the provider's id."""


class Unknown(DeskError):
    """The provider may have the message or not."""

    code = "delivery-unknown"


class _NotOurs(DeskError):
    """Nothing was sent: its author took it back, or another worker has it. Whoever was faster keeps the state."""


class Channel(Protocol):
    """A channel's own part of sending."""

    async def prepare(self, session: AsyncSession, sending: Delivery) -> Send:
        """Compose one delivery within the claiming unit of work.

        Returns:
            A function that sends it; it awaits its argument just before the point of no return and returns the
            provider's id. It raises Temporary, Permanent or Unknown.
        """
        ...


class Outbound:
    """Sends deliveries of all channels.

    Args:
        db: the database.
        channels: channel → its part. Web requests are answered by e-mail.
        stale: a hand-over that has taken longer (than any time-out of ours) belongs to a process that died.
    """

    def __init__(
        self, db: Database, channels: Mapping[str, Channel], stale: timedelta = timedelta(seconds=180)
    ) -> None:
        self._db = db
        self._stale = stale
        self._channels = channels

    async def deliver(self, delivery_id: int) -> None:
        """Send one delivery (job). Anything that is not queued and due is left alone."""
        try:
            async with unit_of_work(self._db) as session:
                sending = await delivery.take(session, delivery_id)
                if sending is None:
                    return
                channel = self._channels.get(sending.channel)
                if channel is None:
                    raise Permanent(f"Nothing can be sent through {sending.channel} here.")
                send = await channel.prepare(session, sending)
                sending.attempts += 1
        except (Temporary, SQLAlchemyError, OSError):
            raise  # the job runs again
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with this message, its author must see it
            await self._give_up(delivery_id, problem)
            return
        crash.point("delivery-claimed")
        await self._hand_over(delivery_id, send)

    async def _hand_over(self, delivery_id: int, send: Send) -> None:
        async def point_of_no_return() -> None:
            crash.point("before-handover")
            async with unit_of_work(self._db) as session:
                if await delivery.move(session, delivery_id, "sending", only_from=("queued",)) is None:
                    raise _NotOurs
            crash.point("handover-committed")

        try:
            provider_id = await send(point_of_no_return)
        except Temporary as problem:
            async with unit_of_work(self._db) as session:
                await delivery.retry_later(
                    session, delivery_id, problem.detail, problem.retry_in, counts=problem.counts
                )
        except _NotOurs:
            return
        except Unknown as problem:
            await self._finish(delivery_id, "unknown", problem.detail)
        except SQLAlchemyError:
            raise  # the job runs again
        except Exception as problem:  # noqa: BLE001 - as above
            await self._give_up(delivery_id, problem)
        else:
            crash.point("provider-accepted")
            async with unit_of_work(self._db) as session:
                facts: dict[str, Any] = {"provider_id": provider_id, "sent_at": clock.now(), "error": None}
                await delivery.move(session, delivery_id, "sent", only_from=("sending", "unknown"), **facts)
            crash.point("sent-committed")

    async def _give_up(self, delivery_id: int, problem: Exception) -> None:
        """Show the author why her message was not sent, or that its fate is unknown when it was half handed over."""
        if isinstance(problem, DeskError):
            await self._finish(delivery_id, "failed", problem.detail)
            return
        _log.exception("a message could not be sent", delivery=delivery_id, exc_info=problem)
        words = f"{type(problem).__name__}: {problem}"[:500]
        async with unit_of_work(self._db) as session:
            if await delivery.move(session, delivery_id, "failed", only_from=("queued",), error=words) is None:
                await delivery.move(session, delivery_id, "unknown", only_from=("sending",), error=words)

    async def _finish(self, delivery_id: int, state: str, error: str) -> None:
        async with unit_of_work(self._db) as session:
            await delivery.move(session, delivery_id, state, only_from=("queued", "sending"), error=error)

    async def recover(self) -> int:
        """Find what a dead process left behind: half handed over → unknown, forgotten in the queue → asked for again.

        Returns:
            How many deliveries were touched.
        """
        async with unit_of_work(self._db) as session:
            lost, forgotten = await delivery.left_behind(session, clock.now() - self._stale)
            for each in lost:
                why = "The program stopped while it handed this message over. It may have arrived."
                await delivery.move(session, each.id, "unknown", only_from=("sending",), error=why)
            for each in forgotten:
                await delivery.request_send(session, each)
        touched = len(lost) + len(forgotten)
        if touched:
            _log.warning("deliveries recovered", count=touched)
        return touched
