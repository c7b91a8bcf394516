"""What customers are told of a promised first answer, where the policy says that they are (``routing/promises.py``)."""

from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from portal import moments
from portal.pages import Visitor
from routing import promises


async def words(session: AsyncSession, visitor: Visitor, ticket_id: int) -> str:
    """Until when we mean to answer first, or that we are late; "" where she is not told, or has her answer."""
    due = await promises.promised_answer(session, ticket_id)
    if due is None:
        return ""
    _ = visitor.language.text
    now = clock.now()
    if due >= now:
        return _("We mean to answer by %(moment)s.") % {"moment": moments.near(visitor, due, now)}
    at = {"moment": moments.moment(visitor, due)}
    return _("We meant to answer by %(moment)s. We are late, and still on it.") % at
