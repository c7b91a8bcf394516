"""What customers are told of a promised first answer, and of what agents promised (``routing/promises.py``)."""

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


async def given(session: AsyncSession, visitor: Visitor, ticket_id: int) -> list[tuple[str, str, bool]]:
    """What agents have promised about a request: their words, how it stands, and whether it was done."""
    _ = visitor.language.text
    now = clock.now()
    shown: list[tuple[str, str, bool]] = []
    for each in await promises.told(session, ticket_id):
        if each.kept_at is not None:
            stands = _("Done on %(day)s.") % {"day": moments.day(visitor, each.kept_at)}
        elif each.due_at >= now:
            stands = _("Until %(moment)s.") % {"moment": moments.near(visitor, each.due_at, now)}
        else:
            stands = _("It was due on %(moment)s. We are late, and still on it.") % {
                "moment": moments.moment(visitor, each.due_at)
            }
        shown.append((each.text, stands, each.kept_at is not None))
    return shown
