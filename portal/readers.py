"""The visitor as a reader of articles: what she may read."""

from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base import access
from knowledge_base.access import VISITOR, Reader
from portal.pages import Visitor


async def reader_of(session: AsyncSession, visitor: Visitor) -> Reader:
    """What somebody may read: public articles, and what her customer record opens when she is signed in."""
    if visitor.customer is None:
        return VISITOR
    return await access.customer(session, visitor.customer.customer_id)
