"""The visitor as a reader of articles: what she may read, and the hash that tells her votes and searches apart."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base import access, visitors
from knowledge_base.access import VISITOR, Reader
from portal.limits import network
from portal.pages import PortalRequest, Visitor, runtime_of

_ROBOTS: Final = ("bot", "spider", "crawl", "preview", "lighthouse", "monitor")


async def reader_of(session: AsyncSession, visitor: Visitor) -> Reader:
    """What somebody may read: public articles, and what her customer record opens when she is signed in."""
    if visitor.customer is None:
        return VISITOR
    return await access.customer(session, visitor.customer.customer_id)


def mark_of(request: PortalRequest) -> str:
    """The hash of a visitor: of the customer when she is signed in, else of her network and browser. No cookie."""
    customer = Visitor.of(request).customer
    secret = runtime_of(request).secret
    if customer is not None:
        return visitors.hashed(secret, f"customer {customer.customer_id}")
    address = network(request.client.host if request.client else "")
    return visitors.hashed(secret, address, request.headers.get("user-agent", ""))


def is_person(request: PortalRequest) -> bool:
    """Whether a request is to be counted: robots and pages that browsers fetch in advance are not."""
    agent = request.headers.get("user-agent", "").lower()
    return not any(name in agent for name in _ROBOTS) and not request.headers.get("sec-purpose")
