"""What customers see of their tickets ("requests" to them): lists, and one with what was said in it.

Structs of their own, so that a note, a tag or an agent's full name cannot slip in: only what is named here is read.
Which tickets and messages, ``tickets/access.py`` decides. Called by the portal.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Select, and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.actor import Actor
from core.errors import NotFound
from core.events import EventRow
from customers.models import Customer
from staff.models import Team
from tickets import lifecycle
from tickets.access import get_visible, said_to_customers, visible_to
from tickets.intake import snippet_of
from tickets.models import Attachment, Message, Ticket
from tickets.policy import Policy
from tickets.templates import first_name

LONGEST_PAGE: Final = 50
LONGEST_TALK: Final = 200
"""Messages of one request that a page shows; older ones are a page away."""
State = Literal["working", "waiting", "held", "solved", "closed"]
_STATES: Final[dict[str, State]] = {
    "open": "working",
    "pending": "waiting",
    "on_hold": "held",
    "solved": "solved",
    "closed": "closed",
}
_OVER: Final = ("solved", "closed")
_SAID_BY_US: Final = ("agent", "system")


class RequestLine(msgspec.Struct, frozen=True, kw_only=True):
    """A request as a line of a list.

    Attributes:
        state: ``working`` (our turn), ``waiting`` (the customer's turn), ``held``, ``solved``, ``closed``.
        whose: who asked.
        is_own: it is the reader's own; else she takes part, or manages the organisation.
        asked: beginning of our last words, where it is the customer's turn.
        said_at: when somebody last said something that customers see.
    """

    id: int
    subject: str
    state: State
    whose: str
    is_own: bool
    asked: str
    created_at: datetime
    said_at: datetime


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request whole.

    Attributes:
        reopen_until: until when an answer opens it again; None: it is not solved, or that is over.
        follow_up: an answer opens a new request that is linked to this one.
        version: changes with everything that is done to it.
    """

    line: RequestLine
    reopen_until: datetime | None
    follow_up: bool
    version: int


class SaidFile(msgspec.Struct, frozen=True):
    """A file of a message."""

    id: int
    name: str
    size: int


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Words in a request, or a change of its state.

    Attributes:
        key: of this line on the page.
        kind: ``ours``, ``theirs``, ``own`` (the reader's), or ``solved`` or ``reopened``.
        author: as the desk's policy shows it; "" where only the company is named.
    """

    key: str
    at: datetime
    kind: Literal["ours", "theirs", "own", "solved", "reopened"]
    author: str = ""
    text: str = ""
    files: tuple[SaidFile, ...] = ()


class Talk(msgspec.Struct, frozen=True):
    """What was said, oldest first, and the key of what came before it."""

    items: tuple[Said, ...]
    before: int | None


def _last_said() -> Any:
    """The newest words that customers see of a ticket."""
    return (
        select(Message.kind, Message.text, Message.created_at)
        .where(Message.ticket_id == Ticket.id, Message.kind != "system", said_to_customers())
        .order_by(Message.id.desc())
        .limit(1)
        .correlate(Ticket)
        .lateral("last_said")
    )


def _lines(actor: Actor) -> Select[*tuple[Any, ...]]:
    last = _last_said()
    return (
        select(
            Ticket.id, Ticket.subject, Ticket.status, Customer.name, Ticket.customer_id, Ticket.created_at,
            last.c.kind, last.c.text, last.c.created_at,
        )
        .join(Customer, Customer.id == Ticket.customer_id)
        .outerjoin(last, true())
        .where(visible_to(actor), Ticket.merged_into_id.is_(None))
    )  # fmt: skip


def _line(row: Sequence[Any], actor: Actor) -> RequestLine:
    state = _STATES[row[2]]
    asked = snippet_of(row[7]) if state == "waiting" and row[6] == "agent" else ""
    return RequestLine(
        id=row[0],
        subject=row[1],
        state=state,
        whose=row[3],
        is_own=row[4] == actor.id,
        asked=asked,
        created_at=row[5],
        said_at=row[8] or row[5],
    )


def _found(q: str) -> Any:
    """Requests with these words in their subject or in what was said, or with this number."""
    pattern = "%" + q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    said = select(Message.id).where(Message.ticket_id == Ticket.id, said_to_customers(), Message.text.ilike(pattern))
    found = or_(Ticket.subject.ilike(pattern), said.correlate(Ticket).exists())
    number = q.removeprefix("#")
    return (
        or_(found, Ticket.id == int(number)) if number.isascii() and number.isdecimal() and len(number) < 13 else found
    )


async def list_requests(
    session: AsyncSession,
    actor: Actor,
    *,
    q: str = "",
    over: bool | None = None,
    before: int | None = None,
    limit: int = 20,
) -> tuple[list[RequestLine], int | None]:
    """One page of what a customer may see, newest first, and the key of the next.

    Args:
        session: where to read.
        actor: the customer.
        q: words to find, or a number.
        over: only those that are solved or closed, or only the others; None: all.
        before: the key of this page.
        limit: lines, at most :data:`LONGEST_PAGE`.
    """
    limit = max(1, min(limit, LONGEST_PAGE))
    statement = _lines(actor).order_by(Ticket.id.desc()).limit(limit + 1)
    words = " ".join(q.replace("\x00", " ").split())[:200]
    if words:
        statement = statement.where(_found(words))
    if over is not None:
        statement = statement.where(Ticket.status.in_(_OVER) if over else Ticket.status.not_in(_OVER))
    if before is not None:
        statement = statement.where(Ticket.id < before)
    lines = [_line(row, actor) for row in await session.execute(statement)]
    return lines[:limit], lines[limit - 1].id if len(lines) > limit else None


async def get_request(session: AsyncSession, actor: Actor, ticket_id: int, policy: Policy) -> Request:
    """One request.

    Raises:
        NotFound: there is none with this number, or the customer may not see it.
    """
    row = (await session.execute(_lines(actor).where(Ticket.id == ticket_id))).one_or_none()
    if row is None:
        raise NotFound("There is no such request.")
    ticket = await get_visible(session, actor, ticket_id)
    until = reopen_until(ticket, policy)
    over = ticket.status == "closed" or (ticket.status == "solved" and until is None)
    return Request(line=_line(row, actor), reopen_until=until, follow_up=over, version=ticket.version)


async def solve(session: AsyncSession, actor: Actor, ticket_id: int) -> None:
    """The customer says that her request is solved; again, or when it is over already: no change.

    Raises:
        NotFound: there is none with this number, or the customer may not see it.
    """
    ticket = await get_visible(session, actor, ticket_id, for_update=True)
    if ticket.status not in _OVER:
        await lifecycle.apply(session, ticket, lifecycle.TicketChange(status="solved"), rule="The customer said so")


def reopen_until(ticket: Ticket, policy: Policy) -> datetime | None:
    """Until when an answer on the portal opens a solved ticket again; None: not solved, or it is over."""
    if ticket.status != "solved" or ticket.solved_at is None:
        return None
    until = ticket.solved_at + timedelta(days=policy.reopen_days)
    return until if until >= clock.now() else None


async def read_talk(
    session: AsyncSession, actor: Actor, ticket_id: int, policy: Policy, before: int | None = None
) -> Talk:
    """What was said in a request, the newest :data:`LONGEST_TALK` messages before a key.

    Args:
        session: where to read.
        actor: the customer; she must be allowed to see the ticket, which is checked here, too.
        ticket_id: the request.
        policy: says how agents are named.
        before: number of a message; only older ones.
    """
    statement = (
        select(
            Message.id, Message.kind, Message.author_name, Message.author_customer_id, Message.text,
            Message.created_at, Team.name,
        )
        .join(Ticket, Ticket.id == Message.ticket_id)
        .outerjoin(Team, Team.id == Ticket.team_id)
        .where(Message.ticket_id == ticket_id, Message.kind != "system", said_to_customers(), visible_to(actor))
        .order_by(Message.id.desc())
        .limit(LONGEST_TALK + 1)
    )  # fmt: skip
    if before is not None:
        statement = statement.where(Message.id < before)
    rows = (await session.execute(statement)).all()
    shown = rows[:LONGEST_TALK]
    files = await _files(session, [row[0] for row in shown])
    items = [_said(row, files.get(row[0], ()), actor, policy) for row in reversed(shown)]
    more = len(rows) > LONGEST_TALK
    changes = await _changes(session, ticket_id, since=items[0].at if items else None)
    if before is not None:
        changes = [each for each in changes if items and each.at <= items[-1].at]
    merged = sorted([*items, *changes], key=lambda each: each.at)
    return Talk(tuple(merged), shown[-1][0] if more else None)


def _said(row: Sequence[Any], files: tuple[SaidFile, ...], actor: Actor, policy: Policy) -> Said:
    ours = row[1] in _SAID_BY_US
    kind: Literal["ours", "theirs", "own"] = "ours" if ours else "own" if row[3] == actor.id else "theirs"
    author = _agent_name(row[2], row[6], policy) if ours else row[2]
    return Said(key=f"m{row[0]}", at=row[5], kind=kind, author=author, text=row[4], files=files)


def _agent_name(name: str, team: str | None, policy: Policy) -> str:
    """An agent as customers see her; a mailbox's own name is nobody's."""
    if policy.agent_names == "full":
        return name
    return first_name(name) if policy.agent_names == "first" else team or ""


async def _files(session: AsyncSession, message_ids: list[int]) -> dict[int, tuple[SaidFile, ...]]:
    statement = (
        select(Attachment.message_id, Attachment.id, Attachment.name, Attachment.size)
        .where(Attachment.message_id.in_(message_ids or [0]))
        .order_by(Attachment.id)
    )
    found: dict[int, tuple[SaidFile, ...]] = {}
    for row in await session.execute(statement):
        message_id = row.message_id or 0
        found[message_id] = (*found.get(message_id, ()), SaidFile(row.id, row.name, row.size))
    return found


async def _changes(session: AsyncSession, ticket_id: int, since: datetime | None) -> list[Said]:
    """When the request was solved and opened again; who did it stays with us."""
    new, old = EventRow.data["new"].astext, EventRow.data["old"].astext
    solved = and_(new.in_(_OVER), old.not_in(_OVER))
    reopened = and_(new.not_in(_OVER), old.in_(_OVER))
    statement = select(EventRow.id, EventRow.at, new).where(
        EventRow.ticket_id == ticket_id, EventRow.kind == "ticket.status_changed", or_(solved, reopened)
    )
    if since is not None:
        statement = statement.where(EventRow.at >= since)
    return [
        Said(key=f"e{row[0]}", at=row[1], kind="solved" if row[2] in _OVER else "reopened")
        for row in await session.execute(statement.order_by(EventRow.id))
    ]
