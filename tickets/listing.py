"""Lists of tickets for agents: the views of the inbox, and search (their counters: ``tickets/counters``).

A list is one statement: what a row shows is kept on the ticket (architecture: speed rules), and rows become structs
directly, without entities. Pages are by key, never by offset. Everything is composed with ``tickets/access``.
"""

import base64
import binascii
import functools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from core import clock
from core.actor import Actor
from core.errors import Invalid
from customers.models import ContactPoint, Customer
from staff.models import Agent
from tickets.access import scope_condition, scope_of, scope_parameters
from tickets.models import LIVE, Draft, Message, ReadMark, Ticket
from tickets.queries import Compiled, Source

LONGEST_PAGE: Final = 100
BREACHING_SOON: Final = timedelta(minutes=30)
STATUSES: Final = ("open", "pending", "on_hold", "solved", "closed")
SHORTEST_SEARCH: Final = 3
SEARCHED_CUSTOMERS: Final = 200

Sort = Literal["activity", "due"]


class CustomerRef(msgspec.Struct, rename="camel"):
    """Whose ticket it is."""

    id: int
    name: str
    vip: bool


class AgentRef(msgspec.Struct, rename="camel"):
    """Who owns it."""

    id: int
    name: str


class TicketRow(msgspec.Struct, rename="camel"):
    """A ticket as a line of an agent's list.

    ``snippet``: the start of the newest message; ``snippet_by``: whose it is.
    ``unread``: the customer has written since this agent read it. ``waiting_since``: since when the customer waits.
    ``entitlement``: how its product was covered when it was opened (``in_warranty``, ``contract``, ``expired``,
    ``none``). Times are UTC.
    """

    id: int
    subject: str
    status: str
    priority: str
    channel: str
    customer: CustomerRef
    assignee: AgentRef | None
    team_id: int | None
    snippet: str
    snippet_by: str
    last_activity_at: datetime
    created_at: datetime
    due_at: datetime | None
    waiting_since: datetime | None
    unread: bool
    tags: list[str]
    has_draft: bool
    message_count: int
    snoozed_until: datetime | None
    failed_delivery: bool
    version: int
    entitlement: str


class TicketPage(msgspec.Struct, rename="camel"):
    """One page of a list, with the key of the next."""

    items: list[TicketRow]
    next: str | None


class ListQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        view: key of a view (see :data:`VIEWS`), ``team:<id>`` or ``channel:<name>``; None: every visible ticket.
        statuses: instead of the statuses that belong to the view.
        q: words of the subject, a ticket's number, or a customer's name or address.
        customer_id: only this customer's.
        sort: newest activity first, or what is due first.
        cursor: where the page before ended.
        limit: rows, at most :data:`LONGEST_PAGE`.
    """

    view: str | None = None
    statuses: tuple[str, ...] = ()
    q: str = ""
    customer_id: int | None = None
    sort: Sort = "activity"
    cursor: str | None = None
    limit: int = 50


def _me() -> ColumnElement[int]:
    return bindparam("me", 0, type_=BigInteger)


# The statuses stand in the text of the statements, not in parameters: only then can PostgreSQL use partial indexes.
OPEN: Final[ColumnElement[bool]] = literal_column("tickets.status = 'open'")
SOLVED: Final[ColumnElement[bool]] = literal_column("tickets.status = 'solved'")
BEING_WORKED_ON: Final[ColumnElement[bool]] = literal_column(f"tickets.{LIVE.text}")
AWAKE: Final = Ticket.snoozed_until.is_(None)


def _mentioned() -> ColumnElement[bool]:
    mentions = literal_column("messages.mentions").op("@>")(bindparam("mentioned", [0], type_=ARRAY(BigInteger)))
    return Ticket.id.in_(select(Message.ticket_id).where(mentions, literal_column("messages.mentions <> '{}'")))


def _drafted() -> ColumnElement[bool]:
    return Ticket.id.in_(select(Draft.ticket_id).where(Draft.agent_id == _me()))


View = tuple[ColumnElement[bool], ColumnElement[bool]]


def _views() -> dict[str, View]:
    """View → what belongs to it, and which statuses it shows unless the reader asks for others."""
    due = Ticket.due_at <= bindparam("soon", None, type_=DateTime(timezone=True))
    return {
        "mine": (Ticket.assignee_id == _me(), and_(BEING_WORKED_ON, AWAKE)),
        "unassigned": (Ticket.assignee_id.is_(None), and_(OPEN, AWAKE)),
        "open": (true(), and_(OPEN, AWAKE)),
        "breaching": (due, and_(BEING_WORKED_ON, AWAKE)),
        "promised": (Ticket.promise_due_at.is_not(None), true()),
        "mentions": (_mentioned(), true()),
        "drafts": (_drafted(), true()),
        "snoozed": (Ticket.snoozed_until.is_not(None), BEING_WORKED_ON),
        "solved": (true(), SOLVED),
    }


VIEWS: Final = _views()
"""The views that every agent has; ``team:<id>`` and ``channel:<name>`` come on top."""


def _view(key: str) -> View:
    kind, _, value = key.partition(":")
    if kind == "team" and value == "*":
        return Ticket.team_id == bindparam("team", 0, type_=BigInteger), and_(BEING_WORKED_ON, AWAKE)
    if kind == "channel" and value == "*":
        return Ticket.channel == bindparam("channel", "", type_=Text), and_(BEING_WORKED_ON, AWAKE)
    return VIEWS[key]


def _view_shape(view: str | None) -> tuple[str | None, dict[str, Any]]:
    """The view without its value, and the value.

    Raises:
        Invalid: there is no such view.
    """
    kind, _, value = (view or "").partition(":")
    if kind == "team" and value.isdecimal() and len(value) < 19:
        return "team:*", {"team": int(value)}
    if kind == "channel" and value:
        return "channel:*", {"channel": value}
    if view is not None and view not in VIEWS:
        raise Invalid.field("view", "There is no such view.")
    return view, {}


_ASSIGNEE = aliased(Agent, name="assignee")


def row_columns(scope: str) -> Select[*tuple[Any, ...]]:
    """The columns of a row, in the order that :func:`row_from` reads them; without condition but the scope's."""
    mark = aliased(ReadMark, name="mark")
    drafted = exists(select(literal_column("1")).where(Draft.ticket_id == Ticket.id, Draft.agent_id == _me()))
    unread = func.coalesce(Ticket.last_customer_message_id, 0) > func.coalesce(mark.message_id, 0)
    return (
        select(
            Ticket.id, Ticket.subject, Ticket.status, Ticket.priority, Ticket.channel,
            Ticket.customer_id, Customer.name, Customer.vip,
            Ticket.assignee_id, _ASSIGNEE.name,
            Ticket.team_id, Ticket.snippet, Ticket.snippet_by, Ticket.last_activity_at, Ticket.created_at,
            Ticket.due_at, Ticket.waiting_since, unread, Ticket.tags, drafted, Ticket.message_count,
            Ticket.snoozed_until, Ticket.failed_delivery, Ticket.version,
            Ticket.entitlement,
        )
        .select_from(Ticket)
        .join(Customer, Customer.id == Ticket.customer_id)
        .outerjoin(_ASSIGNEE, _ASSIGNEE.id == Ticket.assignee_id)
        .outerjoin(mark, and_(mark.ticket_id == Ticket.id, mark.agent_id == _me()))
        .where(scope_condition(scope), Ticket.merged_into_id.is_(None))
    )  # fmt: skip


ROW_COLUMNS: Final = 25


def row_from(r: Sequence[Any]) -> TicketRow:
    """The row in the first :data:`ROW_COLUMNS` columns of a result."""
    assignee = AgentRef(r[8], r[9]) if r[8] is not None else None
    return TicketRow(
        r[0], r[1], r[2], r[3], r[4], CustomerRef(r[5], r[6], r[7]), assignee, r[10], r[11], r[12], r[13], r[14],
        r[15], r[16], r[17], r[18], r[19], r[20], r[21], r[22], r[23], r[24],
    )  # fmt: skip


def _searched() -> ColumnElement[bool]:
    """Number, words of the subject, or customer. Each part has an index; a bounded number of customers is looked at."""
    pattern = bindparam("pattern", "", type_=Text)
    start, end = bindparam("q", "", type_=Text), bindparam("q_end", "", type_=Text)
    by_name = select(Customer.id).where(Customer.name.ilike(pattern)).limit(SEARCHED_CUSTOMERS)
    by_contact = (
        select(ContactPoint.customer_id)
        .where(ContactPoint.kind.in_([literal_column("'email'"), literal_column("'phone'")]))
        .where(ContactPoint.value >= start, ContactPoint.value < end)
        .limit(SEARCHED_CUSTOMERS)
    )
    people = func.array(by_name.union_all(by_contact).scalar_subquery(), type_=ARRAY(BigInteger))
    return or_(
        Ticket.id == bindparam("number", 0, type_=BigInteger),
        Ticket.subject.ilike(pattern),
        Ticket.customer_id == any_(people),
    )


def _after(sort: Sort, *, past_due: bool) -> ColumnElement[bool]:
    """What comes after the key of the last row. With ``past_due`` the rows with a due time are all behind us."""
    at, last = bindparam("key_at", None, type_=DateTime(timezone=True)), bindparam("key_id", 0, type_=BigInteger)
    if sort == "activity":
        return or_(Ticket.last_activity_at < at, and_(Ticket.last_activity_at == at, Ticket.id < last))
    if past_due:
        return and_(Ticket.due_at.is_(None), Ticket.id < last)
    same = and_(Ticket.due_at == at, Ticket.id < last)
    return or_(Ticket.due_at > at, same, Ticket.due_at.is_(None))


class _Shape(msgspec.Struct, frozen=True):
    """What decides the text of a list's statement; its values do not."""

    scope: str
    view: str | None
    by_status: bool
    search: Literal["none", "short", "long"]
    by_customer: bool
    sort: Sort
    after: Literal["start", "key", "past_due"]
    limit: int | None


PAGES: Final = (21, 51, LONGEST_PAGE + 1)
"""Rows that are read: a row more than a page of 20, 50 or 100. Other limits read the next of them."""


def _fixed_limit(wanted: int, search: str) -> int | None:
    """The number of rows as part of the statement's text, None for a parameter.

    With a number PostgreSQL knows that a generic plan is as good as any and stops planning each time, which takes
    longer than running. A search is better planned anew: how many rows its words meet decides which index is read.
    """
    return next(number for number in PAGES if wanted <= number) if search == "none" else None


@functools.lru_cache(maxsize=512)
def _list_statement(shape: _Shape) -> Compiled:
    statement = row_columns(shape.scope)
    belongs, state = _view(shape.view) if shape.view else (true(), true())
    statement = statement.where(belongs)
    if shape.by_status:
        statement = statement.where(Ticket.status == any_(bindparam("statuses", [""], type_=ARRAY(Text))))
    else:
        statement = statement.where(state)
    if shape.search != "none":
        statement = statement.where(_searched())
    if shape.search == "short":  # too short for the trigram index: look through what is being worked on only
        statement = statement.where(BEING_WORKED_ON)
    if shape.by_customer:
        statement = statement.where(Ticket.customer_id == bindparam("customer", 0, type_=BigInteger))
    if shape.after != "start":
        statement = statement.where(_after(shape.sort, past_due=shape.after == "past_due"))
    if shape.sort == "due":
        statement = statement.order_by(Ticket.due_at.asc().nulls_last(), Ticket.id.desc())
    else:
        statement = statement.order_by(Ticket.last_activity_at.desc(), Ticket.id.desc())
    limit = bindparam("limit", 51, type_=BigInteger) if shape.limit is None else literal_column(str(shape.limit))
    return Compiled(statement.limit(limit))


def _key(sort: Sort, row: TicketRow) -> str:
    at = row.due_at if sort == "due" else row.last_activity_at
    stamp = "" if at is None else at.astimezone(UTC).isoformat()
    return base64.urlsafe_b64encode(f"{sort}|{stamp}|{row.id}".encode()).decode().rstrip("=")


def _read_key(sort: Sort, cursor: str) -> tuple[datetime | None, int]:
    """The key in a cursor of ours.

    Raises:
        Invalid: it is not one, or of a list in another order.
    """
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        kind, stamp, number = plain.split("|")
        at = datetime.fromisoformat(stamp) if stamp else None
        last = int(number)
    except (ValueError, binascii.Error):
        raise Invalid.field("cursor", "This is not a cursor of this list.") from None
    usable = kind == sort and 0 < last < 2**63 and (at is not None or sort == "due")
    if not usable or (at is not None and at.tzinfo is None):
        raise Invalid.field("cursor", "This is not a cursor of this list.")
    return at, last


def _search_values(q: str) -> dict[str, Any]:
    escaped = q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    number = q.removeprefix("#")
    start = q.lower()
    return {
        "pattern": f"%{escaped}%",
        "q": start,
        "q_end": start + "\U0010ffff",
        "number": int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else 0,
    }


async def list_tickets(source: Source, actor: Actor, query: ListQuery) -> TicketPage:
    """One page of the tickets that ``actor`` may see, in one statement.

    Raises:
        Invalid: no such view or status, or not a cursor of this list.
    """
    view, values = _view_shape(query.view)
    for status in query.statuses:
        if status not in STATUSES:
            raise Invalid.field("status", f"One of {', '.join(STATUSES)}.")
    q = " ".join(query.q.replace("\x00", " ").split())[:200]
    now = clock.now()
    values |= scope_parameters(actor) | {
        "me": actor.id or 0,
        "mentioned": [actor.id or 0],
        "soon": now + BREACHING_SOON,
        "statuses": list(query.statuses),
        "customer": query.customer_id,
        "limit": max(1, min(query.limit, LONGEST_PAGE)) + 1,
    }
    after: Literal["start", "key", "past_due"] = "start"
    if query.cursor:
        values["key_at"], values["key_id"] = _read_key(query.sort, query.cursor)
        after = "key" if values["key_at"] is not None else "past_due"
    if q:
        values |= _search_values(q)
    search: Literal["none", "short", "long"] = "none" if not q else "short" if len(q) < SHORTEST_SEARCH else "long"
    shape = _Shape(
        scope=scope_of(actor),
        view=view,
        by_status=bool(query.statuses),
        search=search,
        by_customer=query.customer_id is not None,
        sort=query.sort,
        after=after,
        limit=_fixed_limit(values["limit"], search),
    )
    rows = await _list_statement(shape).run(source, values)
    items = [row_from(row) for row in rows[: values["limit"] - 1]]
    more = len(rows) >= values["limit"]
    return TicketPage(items, _key(query.sort, items[-1]) if more else None)


@functools.lru_cache(maxsize=8)
def _row_statement(scope: str) -> Compiled:
    return Compiled(row_columns(scope).where(Ticket.id == any_(bindparam("ids", [0], type_=ARRAY(BigInteger)))))


async def row_of(source: Source, actor: Actor, ticket_id: int) -> TicketRow | None:
    """One ticket as a row for ``actor``, whatever its view; None when it was moved out of her sight."""
    values = scope_parameters(actor) | {"me": actor.id or 0, "ids": [ticket_id]}
    rows = await _row_statement(scope_of(actor)).run(source, values)
    return row_from(rows[0]) if rows else None


async def rows_of(source: Source, actor: Actor, ids: Sequence[int]) -> list[TicketRow]:
    """Those of some tickets that ``actor`` may see, in the order of ``ids``."""
    if not ids:
        return []
    values = scope_parameters(actor) | {"me": actor.id or 0, "ids": list(ids)}
    found = {row[0]: row_from(row) for row in await _row_statement(scope_of(actor)).run(source, values)}
    return [found[each] for each in ids if each in found]
