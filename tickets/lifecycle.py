"""What is done to a ticket: assign and claim, status, priority, team, tags, subject, snooze, read marks.

Every change is one locked row, one version step and one event per fact, with old and new values. Called by
``agent_ui/api``, by ``routing/assignment`` and by timers.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, jobs, timers
from core.db import actor_of
from core.errors import Invalid, NotFound, Stale
from tickets.errors import AlreadyAssigned
from tickets.events import (
    PriorityChanged,
    StatusChanged,
    SubjectChanged,
    TagsChanged,
    TeamChanged,
    TicketAssigned,
    TicketRead,
    TicketSnoozed,
    TicketWoken,
    audience,
)
from tickets.intake import clean
from tickets.models import Ticket

STATUSES: Final = ("open", "pending", "on_hold", "solved", "closed")
PRIORITIES: Final = ("low", "normal", "high", "urgent")
WAKE_JOB: Final = "tickets.wake"
MAX_TAG: Final = 60
UNSET: Final = msgspec.UNSET


class TicketChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields to change; what is unset stays."""

    status: str | msgspec.UnsetType = UNSET
    priority: str | msgspec.UnsetType = UNSET
    assignee_id: int | None | msgspec.UnsetType = UNSET
    team_id: int | None | msgspec.UnsetType = UNSET
    tags: list[str] | msgspec.UnsetType = UNSET
    subject: str | msgspec.UnsetType = UNSET
    snoozed_until: datetime | None | msgspec.UnsetType = UNSET


async def lock(session: AsyncSession, ticket_id: int) -> Ticket:
    """The ticket, locked for the rest of the transaction.

    Raises:
        NotFound: there is none with this number.
    """
    statement = select(Ticket).where(Ticket.id == ticket_id).with_for_update().execution_options(populate_existing=True)
    ticket = await session.scalar(statement)
    if ticket is None:
        raise NotFound("There is no such ticket.")
    return ticket


async def place_of(session: AsyncSession, ticket_id: int) -> tuple[int | None, int | None]:
    """Team and mailbox of a ticket; neither where there is no such ticket."""
    row = (await session.execute(select(Ticket.team_id, Ticket.account_id).where(Ticket.id == ticket_id))).one_or_none()
    return (row.team_id, row.account_id) if row else (None, None)


async def change(
    session: AsyncSession,
    ticket_id: int,
    wanted: TicketChange,
    if_version: int | None = None,
    rule: str | None = None,
) -> Ticket:
    """Change fields of a ticket.

    Args:
        session: the unit of work.
        ticket_id: its number.
        wanted: what to change.
        if_version: refuse when the ticket is not at this version.
        rule: what caused it, where no person did.

    Raises:
        NotFound: there is none.
        Stale: it has another version by now.
        Invalid: a value is not possible.
    """
    ticket = await lock(session, ticket_id)
    if if_version is not None and ticket.version != if_version:
        raise Stale("Somebody changed this ticket in the meantime.", version=ticket.version)
    return await apply(session, ticket, wanted, rule)


async def apply(session: AsyncSession, ticket: Ticket, wanted: TicketChange, rule: str | None = None) -> Ticket:
    """Change fields of a ticket that the caller has locked (see :func:`lock`); as :func:`change` otherwise."""
    before = len(session.info.get("events", []))
    for name in wanted.__struct_fields__:
        value = getattr(wanted, name)
        if value is not UNSET and value != getattr(ticket, name):
            await _SETTERS[name](session, ticket, value, rule)
    if len(session.info.get("events", [])) > before:
        ticket.version += 1
        await session.flush()
    return ticket


async def _status(session: AsyncSession, ticket: Ticket, value: str, rule: str | None) -> None:
    if value not in STATUSES:
        raise Invalid.field("status", f"A status is one of {', '.join(STATUSES)}.")
    old, ticket.status = ticket.status, value
    now = clock.now()
    if value in ("solved", "closed"):
        ticket.solved_at = ticket.solved_at or now
        ticket.closed_at = now if value == "closed" else None
        ticket.waiting_since = None
        await _wake_up(session, ticket, "It was solved" if value == "solved" else "It was closed")
    elif old in ("solved", "closed"):
        ticket.solved_at = ticket.closed_at = None
        ticket.reopen_count += 1
    events.record(session, StatusChanged(old=old, new=value, rule=rule, **audience(ticket)))


async def _priority(session: AsyncSession, ticket: Ticket, value: str, rule: str | None) -> None:
    if value not in PRIORITIES:
        raise Invalid.field("priority", f"A priority is one of {', '.join(PRIORITIES)}.")
    old, ticket.priority = ticket.priority, value
    events.record(session, PriorityChanged(old=old, new=value, rule=rule, **audience(ticket)))


async def _assignee(session: AsyncSession, ticket: Ticket, value: int | None, rule: str | None) -> None:
    if value is not None and not await session.scalar(
        text("select is_active from agents where id = :id"), {"id": value}
    ):
        raise Invalid.field("assigneeId", "There is no such agent at work here.")
    old, ticket.assignee_id = ticket.assignee_id, value
    facts = audience(ticket)
    facts["agents"] = tuple({each for each in (old, value) if each})
    events.record(session, TicketAssigned(from_id=old, to_id=value, rule=rule, **facts))


async def _team(session: AsyncSession, ticket: Ticket, value: int | None, rule: str | None) -> None:
    await check_team(session, value)
    old, ticket.team_id = ticket.team_id, value
    events.record(session, TeamChanged(from_id=old, to_id=value, rule=rule, **audience(ticket, old)))


async def check_team(session: AsyncSession, team_id: int | None) -> None:
    """Refuse a team that there is not; none at all is fine.

    Raises:
        Invalid: there is no such team.
    """
    found = text("select 1 from teams where id = :id")
    if team_id is not None and not await session.scalar(found, {"id": team_id}):
        raise Invalid.field("teamId", "There is no such team.")


async def _tags(session: AsyncSession, ticket: Ticket, value: list[str], rule: str | None) -> None:
    wanted = list(dict.fromkeys(" ".join(clean(tag).split())[:MAX_TAG] for tag in value if tag.strip()))
    added = [tag for tag in wanted if tag not in ticket.tags]
    removed = [tag for tag in ticket.tags if tag not in wanted]
    if added or removed:
        ticket.tags = wanted
        events.record(session, TagsChanged(added=added, removed=removed, rule=rule, **audience(ticket)))


async def _subject(session: AsyncSession, ticket: Ticket, value: str, rule: str | None) -> None:
    new = " ".join(clean(value).split())[:998]
    if not new:
        raise Invalid.field("subject", "A subject is needed.")
    old, ticket.subject = ticket.subject, new
    events.record(session, SubjectChanged(old=old, new=new, rule=rule, **audience(ticket)))


async def _snooze(session: AsyncSession, ticket: Ticket, value: datetime | None, rule: str | None) -> None:
    if value is None:
        await _wake_up(session, ticket, "An agent fetched it back")
        return
    if value <= clock.now():
        raise Invalid.field("snoozedUntil", "This moment has passed.")
    ticket.snoozed_until = value
    await jobs.enqueue(session, WAKE_JOB, {"ticket_id": ticket.id}, run_at=value, dedupe=_wake_key(ticket.id))
    events.record(session, TicketSnoozed(until=value, rule=rule, **audience(ticket)))


_SETTERS: Final[dict[str, Any]] = {
    "status": _status,
    "priority": _priority,
    "assignee_id": _assignee,
    "team_id": _team,
    "tags": _tags,
    "subject": _subject,
    "snoozed_until": _snooze,
}


def _wake_key(ticket_id: int) -> str:
    return f"wake:{ticket_id}"


async def _wake_up(session: AsyncSession, ticket: Ticket, because: str) -> None:
    if ticket.snoozed_until is None:
        return
    ticket.snoozed_until = None
    await timers.cancel_timer(session, _wake_key(ticket.id))
    events.record(session, TicketWoken(because=because, **audience(ticket)))


async def wake(session: AsyncSession, ticket_id: int) -> None:
    """Bring a snoozed ticket back when its date is reached (job; running twice changes nothing)."""
    ticket = await lock(session, ticket_id)
    if ticket.snoozed_until is None or ticket.snoozed_until > clock.now():
        return
    ticket.snoozed_until = None
    ticket.version += 1
    ticket.last_activity_at = clock.now()
    events.record(session, TicketWoken(because="Its time has come", **audience(ticket)))


async def claim(session: AsyncSession, ticket_id: int) -> Ticket:
    """Take a ticket that nobody has. Two agents in the same millisecond: one wins, the other is told who.

    Raises:
        AlreadyAssigned: somebody has it; the error names her.
        NotFound: there is none.
    """
    me = actor_of(session).id
    won = await session.scalar(
        update(Ticket)
        .where(Ticket.id == ticket_id, Ticket.assignee_id.is_(None))
        .values(assignee_id=me, version=Ticket.version + 1)
        .returning(Ticket.id)
    )
    ticket = await lock(session, ticket_id)
    if won is None:
        if ticket.assignee_id == me:
            return ticket
        name = await session.scalar(text("select name from agents where id = :id"), {"id": ticket.assignee_id})
        raise AlreadyAssigned(
            f"{name} took this ticket a moment ago.", assignee={"id": ticket.assignee_id, "name": name}
        )
    events.record(session, TicketAssigned(from_id=None, to_id=me, **audience(ticket)))
    return ticket


_READ = text(
    """
    insert into read_marks (agent_id, ticket_id, message_id)
    select :agent_id, id, coalesce(last_message_id, 0) from tickets where id = :ticket_id
    on conflict (agent_id, ticket_id) do update set message_id = excluded.message_id
    """
)
_UNREAD = text("delete from read_marks where agent_id = :agent_id and ticket_id = :ticket_id")


async def mark_read(session: AsyncSession, ticket_id: int) -> None:
    """The actor has read everything in the ticket."""
    await _mark(session, ticket_id, unread=False)


async def mark_unread(session: AsyncSession, ticket_id: int) -> None:
    """Show the ticket as unread to the actor again."""
    await _mark(session, ticket_id, unread=True)


async def _mark(session: AsyncSession, ticket_id: int, *, unread: bool) -> None:
    me = actor_of(session).id
    await session.execute(_UNREAD if unread else _READ, {"agent_id": me, "ticket_id": ticket_id})
    events.record(session, TicketRead(ticket_id=ticket_id, unread=unread, agents=(me or 0,), private=True))
