"""Tickets in the search (``core/search``): what of a ticket can be found, and by whom.

Asked for by ``core/search_feed`` after events, and for all tickets when an index is built anew. A ticket is a document
with what the customer can see, and a second one with the notes of colleagues, which no token of a customer opens.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from core import jobs, search
from core.actor import Actor, ActorKind
from core.events import NO_TEAM
from core.search import Document
from core.sql import Sql

INDEX: Final = "tickets"
JOB: Final = "tickets.index"
CUSTOMER_JOB: Final = "tickets.index_customer"
REBUILD_JOB: Final = "tickets.index_all"
BATCH: Final = 100
OF_ONE_CUSTOMER: Final = 500
"""Newest tickets that are indexed anew when their customer gets another name."""
LONGEST_BODY: Final = 100_000
"""Characters of a ticket that can be found, the newest messages first."""
NOTES: Final = "-notes"

_SAID: Final = """(
        select string_agg(m.text, E'\\n\\n' order by m.id desc) from (
            select m.id, left(m.text, 20000) as text from messages m
            where m.ticket_id = t.id and m.kind {kinds} and not exists (
                select 1 from deliveries d where d.message_id = m.id and d.state = 'cancelled')
            order by m.id desc limit 100
        ) m
    )"""
_READ: Final = Sql(
    """
    select t.id, t.subject, t.status, t.priority, t.channel, t.team_id, t.assignee_id, t.customer_id, t.tags,
        t.entitlement, t.merged_into_id, c.name as customer, c.organisation_id,
        cast(extract(epoch from t.created_at) as bigint) as created, t.last_activity_at,
        (
            select string_agg(p.value, ' ') from contact_points p
            where p.customer_id = t.customer_id and p.kind in ('email', 'phone')
        ) as contacts,
        (
            select string_agg(p.address, ' ') from ticket_participants p where p.ticket_id = t.id
        ) as participants,
        (
            select string_agg(a.name, ' ') from attachments a join messages m on m.id = a.message_id
            where m.ticket_id = t.id and m.kind in ('customer', 'agent')
        ) as files,
        (
            select m.language from messages m
            where m.ticket_id = t.id and m.kind = 'customer' and m.language is not null order by m.id desc limit 1
        ) as language,
        {said} as said, {noted} as noted
    from tickets t join customers c on c.id = t.customer_id
    where t.id = any(:ids)
    """.replace("{said}", _SAID.replace("{kinds}", "in ('customer', 'agent')")).replace(
        "{noted}", _SAID.replace("{kinds}", "= 'note'")
    )
)
_AFTER: Final = Sql("select id from tickets where id > :after order by id limit :limit")
_OF_CUSTOMERS: Final = Sql(
    "select id from tickets where customer_id = any(:customers) order by id desc limit cast(:limit as bigint)"
)


def tokens_of(actor: Actor) -> tuple[str, ...]:
    """The rights that an actor holds in the index; what she finds is read once more under ``tickets/access``."""
    if actor.kind is ActorKind.CUSTOMER:
        if actor.only_ticket_id is not None:
            return ()
        organisation = () if actor.organisation_id is None else (f"organisation:{actor.organisation_id}",)
        return (f"customer:{actor.id}", *organisation)
    if actor.sees_all_tickets:
        return ("all_tickets",)
    if not actor.may("tickets:read"):
        return ()
    return (f"team:{NO_TEAM}", *(f"team:{team}" for team in actor.team_ids), f"agent:{actor.id}")


async def index(session: AsyncSession, ids: list[int]) -> None:
    """Bring the search up to date with some tickets; the job :data:`JOB`."""
    documents = await documents_of(session, ids)
    await search.put(session, documents)
    here = {each.id for each in documents}
    possible = (name for ticket_id in ids for name in (str(ticket_id), f"{ticket_id}{NOTES}"))
    await search.remove(session, INDEX, [name for name in possible if name not in here])


async def index_customers(session: AsyncSession, ids: list[int]) -> None:
    """Bring the search up to date with the tickets of some customers; the job :data:`CUSTOMER_JOB`."""
    rows = await _OF_CUSTOMERS.all(session, customers=ids, limit=OF_ONE_CUSTOMER)
    for start in range(0, len(rows), BATCH):
        await index(session, [row.id for row in rows[start : start + BATCH]])


async def index_all(session: AsyncSession, after: int) -> None:
    """Index the next tickets and ask for those after them; the job :data:`REBUILD_JOB`."""
    documents, following = await batch(session, after)
    await search.put(session, documents)
    if following is not None:
        await jobs.enqueue(session, REBUILD_JOB, {"after": following}, key=f"search:{REBUILD_JOB}", priority=-10)


async def batch(session: AsyncSession, after: int = 0) -> tuple[list[Document], int | None]:
    """The documents of the next tickets, and the key of those after them, None: these were the last.

    Args:
        session: where to read.
        after: the key that the batch before returned; 0: from the beginning.
    """
    ids = [row.id for row in await _AFTER.all(session, after=after, limit=BATCH)]
    return await documents_of(session, ids), ids[-1] if len(ids) == BATCH else None


async def documents_of(session: AsyncSession, ids: Iterable[int]) -> list[Document]:
    """The documents of some tickets; a merged one has none."""
    rows = await _READ.all(session, ids=list(ids))
    return [document for row in rows if row.merged_into_id is None for document in _documents(row)]


def _documents(row: Any) -> list[Document]:
    staff = [f"team:{row.team_id or NO_TEAM}", "all_tickets"]
    staff += [f"agent:{row.assignee_id}"] if row.assignee_id else []
    customer = [f"customer:{row.customer_id}"]
    customer += [f"organisation:{row.organisation_id}"] if row.organisation_id else []
    fields = {
        "ticket_id": row.id,
        "status": row.status,
        "priority": row.priority,
        "channel": row.channel,
        "team_id": row.team_id,
        "assignee_id": row.assignee_id,
        "customer_id": row.customer_id,
        "organisation_id": row.organisation_id,
        "tags": list(row.tags),
        "language": row.language,
        "entitlement": row.entitlement,
        "created_at": row.created,
    }
    seen = Document(
        index=INDEX,
        id=str(row.id),
        title=row.subject,
        body=(row.said or "")[:LONGEST_BODY],
        keywords=" ".join(
            filter(None, (str(row.id), row.customer, row.contacts, row.participants, row.files, *row.tags))
        ),
        language=row.language,
        rights=(*staff, *customer),
        fields=fields,
        updated_at=row.last_activity_at,
    )
    if not row.noted:
        return [seen]
    notes = Document(
        index=INDEX,
        id=f"{row.id}{NOTES}",
        title="",
        body=row.noted[:LONGEST_BODY],
        language=row.language,
        rights=tuple(staff),
        fields=fields,
        updated_at=row.last_activity_at,
    )
    return [seen, notes]
