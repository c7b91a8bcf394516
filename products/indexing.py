"""Registered products in the search (``core/search``): by serial number, model and order number, for agents only.

Asked for by ``core/search_feed`` after events of their owners, by ``CatalogueChanged``, and for all of them when the
index is built anew.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from core import jobs, search
from core.actor import Actor
from core.search import Document
from core.sql import Sql
from products.events import CatalogueChanged

INDEX: Final = "registrations"
CUSTOMER_JOB: Final = "products.index_customer"
PRODUCT_JOB: Final = "products.index_product"
REBUILD_JOB: Final = "products.index_all"
BATCH: Final = 500
OF_ONE_CUSTOMER: Final = 500
"""Newest products that are indexed anew when something happens to their owner."""
TOKEN: Final = "agents"  # noqa: S105 - a right in the index, no password
_DIGITS: Final = re.compile(r"[0-9]{4,}")

_READ: Final = Sql(
    """
    select r.id, r.serial, r.customer_id, r.product_id, r.external_id, r.registered_at, p.name, p.sku, p.family,
        p.names, c.name as customer, (
            select string_agg(distinct o.number, ' ') from orders o join order_lines l on l.order_id = o.id
            where o.customer_id = r.customer_id and (l.serial = r.serial or l.product_id = r.product_id)
        ) as orders
    from registrations r join products p on p.id = r.product_id join customers c on c.id = r.customer_id
    where r.id = any(:ids)
    """
)
_AFTER: Final = Sql("select id from registrations where id > :after order by id limit :limit")
_OF_PRODUCT: Final = Sql(
    "select id from registrations where product_id = :product_id and id > :after order by id limit :limit"
)
_OF_CUSTOMER: Final = Sql("select id from registrations where customer_id = :customer_id order by id desc limit :limit")


def tokens_of(actor: Actor) -> tuple[str, ...]:
    """The rights that an actor holds in the index."""
    return (TOKEN,) if actor.may("products:read") else ()


async def on_catalogue_changed(session: AsyncSession, event: CatalogueChanged) -> None:
    """A product has another name or number: so have all of its kind that are registered (handler)."""
    if event.what == "product":
        await _ask(session, PRODUCT_JOB, {"product_id": event.id, "after": 0})


async def index(session: AsyncSession, ids: list[int]) -> None:
    """Bring the search up to date with some registered products."""
    documents = await documents_of(session, ids)
    await search.put(session, documents)
    here = {each.id for each in documents}
    await search.remove(session, INDEX, [str(each) for each in ids if str(each) not in here])


async def index_customers(session: AsyncSession, ids: list[int]) -> None:
    """Bring the search up to date with what some customers own; the job :data:`CUSTOMER_JOB`."""
    for customer_id in ids:
        rows = await _OF_CUSTOMER.all(session, customer_id=customer_id, limit=OF_ONE_CUSTOMER)
        await index(session, [row.id for row in rows])


async def index_product(session: AsyncSession, product_id: int, after: int) -> None:
    """Index the next of one kind and ask for those after them; the job :data:`PRODUCT_JOB`."""
    ids = [row.id for row in await _OF_PRODUCT.all(session, product_id=product_id, after=after, limit=BATCH)]
    await index(session, ids)
    if len(ids) == BATCH:
        await _ask(session, PRODUCT_JOB, {"product_id": product_id, "after": ids[-1]})


async def index_all(session: AsyncSession, after: int) -> None:
    """Index the next registered products and ask for those after them; the job :data:`REBUILD_JOB`."""
    documents, following = await batch(session, after)
    await search.put(session, documents)
    if following is not None:
        await _ask(session, REBUILD_JOB, {"after": following})


async def batch(session: AsyncSession, after: int = 0) -> tuple[list[Document], int | None]:
    """The documents of the next registered products, and the key of those after them, None: these were the last."""
    ids = [row.id for row in await _AFTER.all(session, after=after, limit=BATCH)]
    return await documents_of(session, ids), ids[-1] if len(ids) == BATCH else None


async def documents_of(session: AsyncSession, ids: Iterable[int]) -> list[Document]:
    """The documents of some registered products."""
    return [_document(row) for row in await _READ.all(session, ids=list(ids))]


async def _ask(session: AsyncSession, job: str, args: dict[str, int]) -> None:
    await jobs.enqueue(session, job, args, key=f"search:{job}", priority=-10)


def _document(row: Any) -> Document:
    # many read out the digits of a serial number alone
    digits = _DIGITS.findall(row.serial)
    names = sorted(str(name) for name in row.names.values())
    words = (row.serial, *digits, row.sku, row.family, row.external_id, row.orders, row.customer, *names)
    return Document(
        index=INDEX,
        id=str(row.id),
        title=row.name,
        body="",
        keywords=" ".join(filter(None, words)),
        rights=(TOKEN,),
        fields={"registration_id": row.id, "customer_id": row.customer_id, "product_id": row.product_id},
        updated_at=row.registered_at,
    )
