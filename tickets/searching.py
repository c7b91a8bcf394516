"""The agents' search: what was typed is read for operators, the index answers, and the rows come as lists show them.

Called by ``agent_ui``. The index holds rights of its own (``tickets/indexing``); every row is read once more under
``tickets/access``, so an index that lags shows nothing that was taken away. What came in a moment ago, and numbers,
addresses and pieces of words that no index knows, are found by ``tickets/listing`` as before and stand at the end.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import search
from core.actor import Actor
from core.errors import Invalid
from core.search import Filter, Found, Part, Query, Range
from customers import listing as customers
from products import entitlement
from tickets import listing
from tickets.indexing import INDEX, NOTES, tokens_of
from tickets.listing import STATUSES, ListQuery, TicketPage, TicketRow

LONGEST: Final = 400
MOST_SKIPPED: Final = 1000
_CURSOR: Final = "relevance-"
MOST_CUSTOMERS: Final = 100
"""Customers that ``from:`` may mean."""
FACETS: Final = ("status", "channel", "team_id", "tags", "entitlement")
_VALUES: Final = {"status": STATUSES, "entitlement": entitlement.STATES}
"""Conditions that have only these values; typed with a hyphen where the value has an underscore."""
_CHOICES: Final = _VALUES | {"assignee": ("me",)}
"""All that may stand there, told to who typed something else."""
_OPERATOR: Final = re.compile(
    r'(?<!\S)(status|channel|priority|tag|language|entitlement|from|before|after|assignee):("[^"]*"|\S+)',
    re.IGNORECASE,
)


class Operator(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A condition that was typed, such as ``status:open``.

    ``understood`` is false where the value means nothing (``before:soon``); nothing is found then, since leaving the
    condition out would show what was not asked for. ``choices`` says what may stand there, where that can be said.
    """

    name: str
    value: str
    understood: bool
    choices: tuple[str, ...] = ()


class Marks(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why a ticket was found: its subject and the best stretch of its messages in pieces, the words marked."""

    title: tuple[Part, ...]
    snippet: tuple[Part, ...]
    in_note: bool


class TicketsFound(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was found.

    Attributes:
        rows: the best first.
        marks: id of the ticket → why, for those that the index has found.
        total: about how many there are.
        facets: field → value → number.
        operators: the conditions that were read out of what was typed.
        corrected: the words put right where one was misspelt, None: none was.
        degraded: the search engine is down; a simpler one has answered.
    """

    rows: list[TicketRow]
    marks: dict[str, Marks]
    total: int
    facets: dict[str, dict[str, int]]
    operators: list[Operator]
    corrected: str | None
    degraded: bool


class Asked(msgspec.Struct, frozen=True):
    """What was typed, taken apart."""

    words: str
    operators: tuple[tuple[str, str], ...]


def parse(typed: str) -> Asked:
    """Take the operators out of what was typed; a word with an unknown name before its colon stays a word."""
    found: list[tuple[str, str]] = []

    def take(match: re.Match[str]) -> str:
        found.append((match[1].lower(), match[2].strip('"')))
        return " "

    words = _OPERATOR.sub(take, typed.replace("\x00", " ")[:LONGEST])
    return Asked(" ".join(words.split()), tuple(found))


async def find(session: AsyncSession, actor: Actor, typed: str, *, limit: int = 20, offset: int = 0) -> TicketsFound:
    """The tickets that ``actor`` may see and that answer what was typed, the best first.

    Args:
        session: where to read.
        actor: who searches.
        typed: words and operators.
        limit: rows.
        offset: rows to leave out first.
    """
    asked = parse(typed)
    filters, operators = await _filters(session, actor, asked)
    if not all(each.understood for each in operators):
        return _nothing(operators)
    query = Query(
        index=INDEX,
        words=asked.words,
        rights=tokens_of(actor),
        filters=filters,
        limit=limit,
        offset=offset,
        facets=FACETS,
        unfinished=True,
    )
    answer = await search.find(session, query)
    ids = list(dict.fromkeys(int(hit.fields["ticket_id"]) for hit in answer.hits))
    rows = await listing.rows_of(session, actor, ids)
    if asked.words and not offset and not filters:
        rows = await _with_the_newest(session, actor, asked.words, rows, limit)
    return TicketsFound(
        rows=rows,
        marks=_marks(answer, {row.id for row in rows}),
        total=max(answer.total, len(rows)),
        facets=answer.facets,
        operators=operators,
        corrected=answer.corrected,
        degraded=answer.degraded,
    )


def _nothing(operators: list[Operator]) -> TicketsFound:
    return TicketsFound(
        rows=[], marks={}, total=0, facets={}, operators=operators, corrected=None, degraded=False
    )  # fmt: skip


async def page(
    session: AsyncSession, actor: Actor, typed: str, statuses: tuple[str, ...], cursor: str | None, limit: int
) -> TicketPage:
    """What :func:`find` finds as a page of a list, the best first.

    Args:
        session: where to read.
        actor: who searches.
        typed: words and operators.
        statuses: only these.
        cursor: where the page before ended.
        limit: rows.

    Raises:
        Invalid: not a cursor of this list.
    """
    offset = _offset(cursor)
    wanted = f"{typed} status:{','.join(statuses)}" if statuses else typed
    found = await find(session, actor, wanted, limit=limit, offset=offset)
    following = offset + limit
    more = following < min(found.total, MOST_SKIPPED) and bool(found.rows)
    return TicketPage(found.rows, f"{_CURSOR}{following}" if more else None)


def _offset(cursor: str | None) -> int:
    if not cursor:
        return 0
    number = cursor.removeprefix(_CURSOR)
    if number == cursor or not (number.isascii() and number.isdecimal() and len(number) < 5):
        raise Invalid.field("cursor", "This is not a cursor of this list.")
    return int(number)


def _marks(answer: Found, shown: set[int]) -> dict[str, Marks]:
    found: dict[str, Marks] = {}
    for hit in answer.hits:
        key = str(hit.fields["ticket_id"])
        if key not in found and int(key) in shown:
            found[key] = Marks(title=hit.title, snippet=hit.snippet, in_note=hit.id.endswith(NOTES))
    return found


async def _with_the_newest(
    session: AsyncSession, actor: Actor, words: str, rows: list[TicketRow], limit: int
) -> list[TicketRow]:
    """The rows, a ticket that is named by its number before them, and what only the lists find after them."""
    page = await listing.list_tickets(session, actor, ListQuery(q=words, limit=limit))
    known = {row.id for row in rows}
    more = [row for row in page.items if row.id not in known]
    named = [row for row in (*rows, *more) if str(row.id) == words.removeprefix("#")]
    rest = [row for row in (*rows, *more) if row not in named]
    return [*named, *rest][: max(limit, len(rows))]


async def _filters(session: AsyncSession, actor: Actor, asked: Asked) -> tuple[dict[str, Filter], list[Operator]]:
    filters: dict[str, Filter] = {}
    ranges: dict[str, float] = {}
    operators = []
    for name, value in asked.operators:
        understood = True
        if name in ("status", "entitlement", "channel", "priority", "tag", "language"):
            few = _VALUES.get(name)
            wanted = tuple(part for part in (value.replace("-", "_") if few else value).split(",") if part)
            understood = bool(wanted) and (few is None or all(part in few for part in wanted))
            if understood:
                filters["tags" if name == "tag" else name] = wanted
        elif name == "from":
            lines, _ = await customers.list_customers(session, value, limit=MOST_CUSTOMERS)
            filters["customer_id"] = tuple(line.id for line in lines)
        elif name == "assignee":
            understood = value == "me" and actor.id is not None
            if understood:
                filters["assignee_id"] = actor.id or 0
        else:
            moment = _midnight(value, days=1 if name == "after" else 0)
            understood = moment is not None
            if moment is not None:
                ranges["below" if name == "before" else "least"] = moment
        choices = () if understood else _CHOICES.get(name, ())
        operators.append(Operator(name=name, value=value, understood=understood, choices=choices))
    if ranges:
        filters["created_at"] = Range(least=ranges.get("least"), below=ranges.get("below"))
    return filters, operators


def _midnight(day: str, days: int) -> float | None:
    """The beginning (UTC) of a day, or of the day after it, in seconds since 1970; None: it is no day."""
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return None
    return (datetime.combine(found, time(), UTC) + timedelta(days=days)).timestamp()
