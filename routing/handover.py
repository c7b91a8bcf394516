"""An agent's open work, and how it goes on without her: before a break, at the end of a shift, or by a supervisor.

What is handed over goes back to where it came from with the time it has waited, and routing gives it to somebody who
is there; its words, drafts and promises stay with it.
"""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Invalid
from core.sql import Sql
from routing import work

MOST: Final = 200
"""Tickets that are shown, or handed over at once."""
RULE: Final = "Handed over"


class OpenWork(msgspec.Struct, frozen=True):
    """One thing that an agent has not finished.

    Attributes:
        ticket_id: its ticket.
        subject: its subject.
        customer: whose it is.
        channel: how the customer writes.
        status: ``open``, ``pending`` or ``on_hold``.
        priority: how urgent it is.
        waiting_since: since when its customer waits for an answer.
        due_at: its next deadline.
        snoozed_until: it sleeps until then.
    """

    ticket_id: int
    subject: str
    customer: str
    channel: str
    status: str
    priority: str
    waiting_since: datetime | None
    due_at: datetime | None
    snoozed_until: datetime | None


_WORK: Final = Sql(
    """
    select t.id as ticket_id, t.subject, c.name as customer, t.channel, t.status, t.priority, t.waiting_since,
        t.due_at, t.snoozed_until
    from tickets t join customers c on c.id = t.customer_id
    where t.assignee_id = :agent_id and t.status in ('open', 'pending', 'on_hold')
    order by t.status <> 'open', t.snoozed_until is not null, t.due_at nulls last, t.id limit :most
    """
)
_WAITS: Final = Sql(
    """
    select id from tickets where assignee_id = :agent_id and status in ('open', 'pending', 'on_hold')
    and status = 'open' and snoozed_until is null order by id limit :most
    """
)
_HERS: Final = Sql(
    """
    select id from tickets where id = any(cast(:ids as bigint[])) and assignee_id = :agent_id
    and status in ('open', 'pending', 'on_hold') order by id
    """
)


async def open_work(session: AsyncSession, agent_id: int) -> list[OpenWork]:
    """What she has not finished: what waits for her first, then what waits for others, then what sleeps."""
    return [msgspec.convert(dict(row), OpenWork) for row in await _WORK.all(session, agent_id=agent_id, most=MOST)]


async def hand_over(session: AsyncSession, agent_id: int, ticket_ids: list[int] | None = None) -> list[int]:
    """Give open work of an agent back to its queue.

    Args:
        session: the unit of work.
        agent_id: whose it is.
        ticket_ids: these of her tickets; None: all that wait for an answer now.

    Returns:
        What was handed over: what is no longer hers is left where it is.

    Raises:
        Invalid: too many at once.
    """
    if ticket_ids is not None and len(ticket_ids) > MOST:
        raise Invalid.field("ticketIds", f"At most {MOST} at once.")
    rows = (
        await _WAITS.all(session, agent_id=agent_id, most=MOST)
        if ticket_ids is None
        else await _HERS.all(session, agent_id=agent_id, ids=ticket_ids)
    )
    given: list[int] = [row.id for row in rows]
    await work.hand_back(session, agent_id, given, RULE)
    return given
