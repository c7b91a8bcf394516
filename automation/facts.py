"""The facts about a ticket that conditions ask for, read by one statement for any number of tickets.

Also what an event says of old and new values, and how a ticket stood at a moment in the past: its changes are events
with old and new values, so they are taken back one after the other (:func:`as_of`).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from automation.conditions import Condition, Facts, questions_of
from automation.fields import FIELDS, Value
from core.sql import Sql
from routing import hours
from routing.hours import Schedule

Values = dict[str, Value]
LONGEST_TEXT: Final = 20_000
"""Characters of a message that conditions look at."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the log, as far as rules want to know it."""

    id: int
    kind: str
    at: datetime
    ticket_id: int
    by: str = "system"
    origin: str | None = None
    xid: str = "0"
    data: dict[str, Any] = {}


_TICKETS: Final = Sql(
    """
    select t.id, t.subject, t.status, t.priority, t.channel, t.team_id, t.assignee_id, t.account_id, t.tags,
        t.entitlement, t.form_answers::text as answers, t.reopen_count, t.message_count,
        t.snoozed_until is not null as snoozed, t.waiting_since is not null as waiting, t.last_customer_message_id,
        (select w.queue_id from work_items w where w.ticket_id = t.id) as queue_id,
        exists(select from sla_clocks s where s.ticket_id = t.id and s.breached_at is not null) as late,
        c.vip, coalesce(c.tier, o.tier) as tier, c.organisation_id, c.language, c.name as customer, (
            select m.author_address from messages m where m.ticket_id = t.id and m.kind = 'customer'
            and m.author_address is not null order by m.id desc limit 1) as address
    from tickets t join customers c on c.id = t.customer_id left join organisations o on o.id = c.organisation_id
    where t.id = any(:ids)
    """
)
_MESSAGES: Final = Sql(
    """
    select m.id, left(m.text, :longest) as text, m.subject, m.is_auto,
        (select count(*) from attachments a where a.message_id = m.id) as files
    from messages m where m.id = any(:ids)
    """
)
_CHANGES: Final = {
    "ticket.status_changed": ("ticket.status", "old", "new"),
    "ticket.priority_changed": ("ticket.priority", "old", "new"),
    "ticket.assigned": ("ticket.assignee", "from_id", "to_id"),
    "ticket.team_changed": ("ticket.team", "from_id", "to_id"),
    "ticket.tags_changed": ("ticket.tags", "removed", "added"),
    "ticket.subject_changed": ("ticket.subject", "old", "new"),
}
CHANGE_KINDS: Final = tuple(_CHANGES)


def changes_of(event: Event) -> dict[str, tuple[Value, Value]]:
    """Field → old and new value, where the event is its change; of tags those taken off and those put on."""
    if event.kind not in _CHANGES:
        return {}
    field, old, new = _CHANGES[event.kind]
    return {field: (event.data.get(old), event.data.get(new))}


def as_of(values: Mapping[str, Value], later: Iterable[Event]) -> Values:
    """A ticket's values before some changes.

    Args:
        values: as they are after all of them.
        later: the changes, in any order.
    """
    then = dict(values)
    for event in sorted(later, key=lambda each: each.id, reverse=True):
        for field, (old, new) in changes_of(event).items():
            then[field] = _without(then.get(field), old, new) if field == "ticket.tags" else old
    return then


def _without(tags: Value, removed: Value, added: Value) -> Value:
    before = tags if isinstance(tags, list) else []
    gone = added if isinstance(added, list) else []
    back = removed if isinstance(removed, list) else []
    return [*(tag for tag in before if tag not in gone), *(tag for tag in back if tag not in before)]


async def read(session: AsyncSession, events: Iterable[Event]) -> dict[int, Values]:
    """Event id → the values of its ticket as they are now, with the message that the event is about.

    An event without a message (also one that is made up for a time rule, id 0) has the customer's newest. Tickets that
    are gone are left out.
    """
    asked = list(events)
    rows = await _TICKETS.all(session, ids=list({each.ticket_id for each in asked}))
    tickets = {row.id: row for row in rows}
    wanted = {each.id: _message_of(each, tickets) for each in asked}
    found = await _MESSAGES.all(session, ids=[each for each in wanted.values() if each], longest=LONGEST_TEXT)
    messages = {row.id: row for row in found}
    return {
        each.id: _values(tickets[each.ticket_id], messages.get(wanted[each.id]), each)
        for each in asked
        if each.ticket_id in tickets
    }


def _message_of(event: Event, tickets: Mapping[int, Any]) -> int | None:
    named = event.data.get("message_id")
    ticket = tickets.get(event.ticket_id)
    return named if isinstance(named, int) else ticket.last_customer_message_id if ticket else None


def _values(ticket: Any, message: Any, event: Event) -> Values:
    answers = msgspec.json.decode(ticket.answers)
    return {
        "ticket.status": ticket.status,
        "ticket.priority": ticket.priority,
        "ticket.channel": ticket.channel,
        "ticket.team": ticket.team_id,
        "ticket.assignee": ticket.assignee_id,
        "ticket.mailbox": ticket.account_id,
        "ticket.tags": list(ticket.tags),
        "ticket.subject": ticket.subject,
        "ticket.entitlement": ticket.entitlement,
        "ticket.answers": "\n".join(f"{each['label']}: {each['value']}" for each in answers),
        "ticket.reopened": ticket.reopen_count,
        "ticket.messages": ticket.message_count,
        "ticket.snoozed": ticket.snoozed,
        "ticket.waiting": ticket.waiting,
        "ticket.late": ticket.late,
        "ticket.queue": ticket.queue_id,
        "customer.vip": ticket.vip,
        "customer.tier": ticket.tier,
        "customer.organisation": ticket.organisation_id,
        "customer.language": ticket.language,
        "customer.name": ticket.customer,
        "customer.address": ticket.address,
        "message.text": message.text if message else "",
        "message.subject": message.subject if message else "",
        "message.automatic": message.is_auto if message else False,
        "message.files": message.files if message else 0,
        "event.by": event.by,
    }


async def schedules(session: AsyncSession, condition: Condition) -> dict[str, Schedule]:
    """The opening hours that a condition asks about, by name; nothing is read when it asks about none."""
    named = {str(each.value) for each in questions_of(condition) if FIELDS[each.field].type == "hours"}
    return {each.name: each for each in await hours.list_all(session) if each.name in named} if named else {}


def facts(values: Values, event: Event, known: Mapping[str, Schedule]) -> Facts:
    """What a condition is asked about; ``known`` are the opening hours that it names."""
    open_now = frozenset(name for name, schedule in known.items() if hours.is_open(schedule, event.at))
    return Facts(values=values, changes=changes_of(event), open_hours=open_now)
