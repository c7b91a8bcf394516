"""Mails of the desk that belong to no conversation: to agents, to administrators, to senders who were refused.

An outbox of its own beside ``channels/outbound``: :func:`create` writes a row and a job in the caller's transaction,
job ``channels.send_notice`` sends it, and every state on the way is committed.

    queued → sending → sent            the way it should go
    withheld                           the brake on automatic mail stopped it (``channels/brake``)
    sending → queued                   a temporary failure; a timer brings it back
    sending → failed                   refused, or given up
    sending → unknown                  we died after handing it over; it is never sent again
    sent → bounced                     a report came back
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final, Protocol

from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from channels import brake
from channels.models import Notice
from channels.outbound import Send, Unknown
from core import clock, crash, jobs, log
from core.db import Database, unit_of_work
from core.errors import DeskError, Temporary
from core.timers import Timer
from staff.models import Agent, Role
from tickets.delivery import next_try
from tickets.intake import clean

SEND_JOB: Final = "channels.send_notice"
KEEP_WORDS: Final = 500
_log = log.get(__name__)


class _NotOurs(DeskError):
    """Another worker has it; whoever was faster keeps the state."""


class Mail(Protocol):
    """A channel's part of sending notices."""

    async def prepare_notice(self, session: AsyncSession, notice: Notice) -> Send:
        """Compose a notice within the claiming unit of work; see ``channels/outbound.Channel``."""
        ...


async def create(  # noqa: PLR0913 - every one is a fact of the mail, given by name
    session: AsyncSession,
    *,
    kind: str,
    to_address: str,
    to_name: str,
    subject: str,
    text: str,
    html: str = "",
    agent_id: int | None = None,
    ticket_id: int | None = None,
    message_id: int | None = None,
    account_id: int | None = None,
    sender_name: str = "",
    in_reply_to: str | None = None,
    unsubscribe_url: str | None = None,
    past_brake: bool = False,
) -> int | None:
    """Write a notice and ask for its sending, in this transaction.

    Args:
        session: the unit of work.
        kind: what it is about, a word for statistics and the brake.
        to_address: who gets it.
        to_name: the name beside it.
        subject: its subject.
        text: its words.
        html: the same as HTML; empty: text only.
        agent_id: the agent it goes to; with a ticket she can answer it by mail.
        ticket_id: the ticket it is about.
        message_id: the message it is about.
        account_id: the mailbox it leaves from; None: the ticket's, else the first that can send.
        sender_name: of the brand that writes; "" is the mailbox's.
        in_reply_to: Message-ID of the mail that it refuses.
        unsubscribe_url: where a post ends such mails to this address; for surveys, reminders and news.
        past_brake: it tells of the brake itself, so the brake does not stop it.

    Returns:
        Its id; None when the brake withheld it (the row stays, with the reason).
    """
    facts: dict[str, Any] = {
        "kind": kind,
        "to_address": to_address,
        "to_name": to_name,
        "subject": subject,
        "text": text,
        "html": html,
        "agent_id": agent_id,
        "ticket_id": ticket_id,
        "message_id": message_id,
        "account_id": account_id,
        "sender_name": sender_name,
        "in_reply_to": in_reply_to,
        "unsubscribe_url": unsubscribe_url,
    }
    why = None if past_brake else await brake.allow(session, kind, to_address, ticket_id, subject)
    if why is not None:
        await withhold(session, why, **facts)
        return None
    notice = await _written(session, "queued", None, facts)
    await _request(session, notice.id)
    return notice.id


async def withhold(session: AsyncSession, why: str, **facts: Any) -> None:
    """Keep an automatic mail that the brake stopped, so that people see what did not leave, and why.

    Args:
        session: the unit of work.
        why: the brake's sentence.
        facts: the mail, as for :func:`create`.
    """
    notice = await _written(session, "withheld", why, facts)
    _log.warning("an automatic mail is withheld", notice=notice.id, kind=notice.kind, reason=why)


async def _written(session: AsyncSession, state: str, error: str | None, facts: dict[str, Any]) -> Notice:
    now = clock.now()
    words = {name: clean(facts.get(name, "")) for name in ("to_address", "to_name", "subject", "text", "html")}
    words |= {"to_name": words["to_name"][:200], "subject": words["subject"][:998]}
    notice = Notice(**(facts | words), state=state, attempts=0, error=error, created_at=now, changed_at=now)
    session.add(notice)
    await session.flush()
    return notice


async def _request(session: AsyncSession, notice_id: int, seconds: float = 0) -> None:
    key = f"notice:{notice_id}"
    run_at = clock.now() + timedelta(seconds=seconds)
    await jobs.enqueue(session, SEND_JOB, {"notice_id": notice_id}, key=key, run_at=run_at, dedupe=key)


async def _move(session: AsyncSession, notice_id: int, state: str, *, only_from: tuple[str, ...], **facts: Any) -> bool:
    """Step to another state if it is in one of ``only_from``; False when somebody was faster."""
    changed = await session.execute(
        update(Notice)
        .where(Notice.id == notice_id, Notice.state.in_(only_from))
        .values(state=state, changed_at=clock.now(), **facts)
        .returning(Notice.id)
    )
    return changed.first() is not None


async def bounced(session: AsyncSession, notice_id: int, words: str, *, hard: bool = True) -> bool:
    """A report says that a notice did not arrive; no ticket is made of it.

    After a permanent failure no further mail goes to the agent until she has another address, or asks for mails anew.

    Args:
        session: the unit of work.
        notice_id: named by one of our own Message-IDs.
        words: what the report says.
        hard: it failed for good.

    Returns:
        Whether there is such a notice that was sent.
    """
    reason = clean(words)[:KEEP_WORDS] or "The mail came back."
    sent = ("sending", "sent", "unknown", "bounced")
    state = {"state": "bounced"} if hard else {}
    found = await session.execute(
        update(Notice)
        .where(Notice.id == notice_id, Notice.state.in_(sent))
        .values(error=reason, changed_at=clock.now(), **state)
        .returning(Notice.agent_id)
    )
    row = found.first()
    if row is not None and row.agent_id is not None and hard:
        await session.execute(update(Agent).where(Agent.id == row.agent_id).values(address_failed=reason))
    return row is not None


async def administrators(session: AsyncSession) -> list[tuple[int, str, str]]:
    """(id, name, address) of all active administrators."""
    statement = select(Agent.id, Agent.name, Agent.email).join(Role, Role.id == Agent.role_id)
    rows = await session.execute(statement.where(Role.name == "admin", Agent.is_active).order_by(Agent.id))
    return [(row.id, row.name, row.email) for row in rows]


async def alarm(session: AsyncSession, reason: str) -> None:
    """Tell the administrators, past the brake, that automatic mail is stopped (job, once for every trip)."""
    text = (
        f"All automatic mail of the desk is stopped: {reason}\n\n"
        "Acknowledgements and notices are withheld until an administrator lets them leave again, in the console under "
        "Settings, Automatic mail. Answers that people write are not affected, and nothing that comes in is lost."
    )
    for agent_id, name, address in await administrators(session):
        await create(
            session,
            kind="automatic_mail_stopped",
            to_address=address,
            to_name=name,
            subject="Automatic mail is stopped",
            text=text,
            agent_id=agent_id,
            past_brake=True,
        )


class Notices:
    """Sends notices.

    Args:
        db: the database.
        mail: e-mail's part.
        stale: a hand-over that has taken longer belongs to a process that died.
    """

    def __init__(self, db: Database, mail: Mail, stale: timedelta = timedelta(seconds=180)) -> None:
        self._db = db
        self._mail = mail
        self._stale = stale

    async def send(self, notice_id: int) -> None:
        """Send one notice (job). Anything that is not queued is left alone."""
        try:
            async with unit_of_work(self._db) as session:
                queued = select(Notice).where(Notice.id == notice_id, Notice.state == "queued")
                notice = await session.scalar(queued.with_for_update())
                if notice is None:
                    return
                send = await self._mail.prepare_notice(session, notice)
                notice.attempts += 1
                notice.changed_at = clock.now()
        except (Temporary, SQLAlchemyError, OSError):
            raise  # the job runs again
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with it, it must not stay in the queue for ever
            await self._give_up(notice_id, problem)
            return
        crash.point("notice-claimed")
        await self._hand_over(notice_id, send)

    async def _hand_over(self, notice_id: int, send: Send) -> None:
        try:
            provider_id = await send(self._point_of_no_return(notice_id))
        except Temporary as problem:
            await self._retry_later(notice_id, problem)
        except _NotOurs:
            return
        except Unknown as problem:
            await self._move(notice_id, "unknown", ("queued", "sending"), error=problem.detail[:KEEP_WORDS])
        except SQLAlchemyError:
            raise  # the job runs again
        except Exception as problem:  # noqa: BLE001 - as above
            await self._give_up(notice_id, problem)
        else:
            crash.point("notice-accepted")
            facts = {"provider_id": provider_id, "sent_at": clock.now(), "error": None}
            await self._move(notice_id, "sent", ("sending", "unknown"), **facts)

    def _point_of_no_return(self, notice_id: int) -> Callable[[], Awaitable[None]]:
        async def cross() -> None:
            crash.point("notice-before-handover")
            if not await self._move(notice_id, "sending", ("queued",)):
                raise _NotOurs
            crash.point("notice-handover-committed")

        return cross

    async def _move(self, notice_id: int, state: str, only_from: tuple[str, ...], **facts: Any) -> bool:
        async with unit_of_work(self._db) as session:
            return await _move(session, notice_id, state, only_from=only_from, **facts)

    async def _retry_later(self, notice_id: int, problem: Temporary) -> None:
        async with unit_of_work(self._db) as session:
            notice = await session.get_one(Notice, notice_id)
            tries = notice.attempts if problem.counts else notice.attempts - 1
            live = ("queued", "sending")
            seconds = next_try(tries, problem.retry_in, counts=problem.counts)
            if seconds is None:
                words = f"Given up: {problem.detail}"[:KEEP_WORDS]
                await _move(session, notice_id, "failed", only_from=live, error=words)
                return
            again = {"error": problem.detail[:KEEP_WORDS], "attempts": max(0, tries)}
            if await _move(session, notice_id, "queued", only_from=live, **again):
                await _request(session, notice_id, seconds)

    async def _give_up(self, notice_id: int, problem: Exception) -> None:
        if isinstance(problem, DeskError):
            await self._move(notice_id, "failed", ("queued", "sending"), error=problem.detail[:KEEP_WORDS])
            return
        _log.exception("a notice could not be sent", notice=notice_id, exc_info=problem)
        words = f"{type(problem).__name__}: {problem}"[:KEEP_WORDS]
        if not await self._move(notice_id, "failed", ("queued",), error=words):
            await self._move(notice_id, "unknown", ("sending",), error=words)

    async def recover(self) -> int:
        """Find what a dead process left behind: half handed over → unknown, forgotten in the queue → asked for again.

        Returns:
            How many notices were touched.
        """
        async with unit_of_work(self._db) as session:
            before = clock.now() - self._stale
            words = "The program stopped while it handed this mail over. It may have arrived."
            lost = await session.execute(
                update(Notice)
                .where(Notice.state == "sending", Notice.changed_at < before)
                .values(state="unknown", error=words, changed_at=clock.now())
                .returning(Notice.id)
            )
            # A notice that a timer will bring back is not forgotten, however long it waits.
            timed = select(Timer.id).where(Timer.dedupe == func.concat("notice:", Notice.id)).exists()
            forgotten = select(Notice.id).where(Notice.state == "queued", Notice.changed_at < before, ~timed)
            waiting = list(await session.scalars(forgotten))
            for notice_id in waiting:
                await _request(session, notice_id)
            return len(lost.all()) + len(waiting)
