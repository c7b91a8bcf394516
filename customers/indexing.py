"""Customers in the search (``core/search``): by name, addresses, numbers, organisation and notes, for agents only.

Asked for by ``core/search_feed`` after events, and for all customers when the index is built anew.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from core import jobs, search
from core.actor import Actor
from core.search import Document
from core.sql import Sql

INDEX: Final = "customers"
JOB: Final = "customers.index"
REBUILD_JOB: Final = "customers.index_all"
BATCH: Final = 500
TOKEN: Final = "agents"  # noqa: S105 - a right in the index, no password

_READ: Final = Sql(
    """
    select c.id, c.name, c.notes, c.vip, c.language, c.organisation_id, c.merged_into_id, c.created_at,
        o.name as organisation, (
            select string_agg(p.value || ' ' || p.display, ' ') from contact_points p where p.customer_id = c.id
        ) as contacts
    from customers c left join organisations o on o.id = c.organisation_id
    where c.id = any(:ids)
    """
)
_AFTER: Final = Sql("select id from customers where id > :after order by id limit :limit")


def tokens_of(actor: Actor) -> tuple[str, ...]:
    """The rights that an actor holds in the index."""
    return (TOKEN,) if actor.may("customers:read") else ()


async def index(session: AsyncSession, ids: list[int]) -> None:
    """Bring the search up to date with some customers; the job :data:`JOB`."""
    documents = await documents_of(session, ids)
    await search.put(session, documents)
    here = {each.id for each in documents}
    await search.remove(session, INDEX, [str(each) for each in ids if str(each) not in here])


async def index_all(session: AsyncSession, after: int) -> None:
    """Index the next customers and ask for those after them; the job :data:`REBUILD_JOB`."""
    documents, following = await batch(session, after)
    await search.put(session, documents)
    if following is not None:
        await jobs.enqueue(session, REBUILD_JOB, {"after": following}, key=f"search:{REBUILD_JOB}", priority=-10)


async def batch(session: AsyncSession, after: int = 0) -> tuple[list[Document], int | None]:
    """The documents of the next customers, and the key of those after them, None: these were the last."""
    ids = [row.id for row in await _AFTER.all(session, after=after, limit=BATCH)]
    return await documents_of(session, ids), ids[-1] if len(ids) == BATCH else None


async def documents_of(session: AsyncSession, ids: Iterable[int]) -> list[Document]:
    """The documents of some customers; a merged one has none."""
    return [_document(row) for row in await _READ.all(session, ids=list(ids)) if row.merged_into_id is None]


def _document(row: Any) -> Document:
    return Document(
        index=INDEX,
        id=str(row.id),
        title=row.name,
        body=row.notes,
        keywords=" ".join(filter(None, (row.contacts, row.organisation))),
        language=row.language,
        rights=(TOKEN,),
        fields={"customer_id": row.id, "organisation_id": row.organisation_id, "vip": row.vip},
        updated_at=row.created_at,
    )
