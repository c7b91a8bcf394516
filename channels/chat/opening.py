"""Whether somebody can chat now; if not, the widget shows a form and when it opens next.

An agent of the widget's team must be there, and where the widget keeps to opening hours, these must allow it.
"""

from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from channels.chat import widgets
from channels.chat.models import Widget
from core import clock
from core.sql import Sql
from routing import hours
from routing.presence import GRACE_SECONDS


class Opening(msgspec.Struct, frozen=True, rename="camel"):
    """Whether somebody can chat now, how many wait, and when it opens next if that is known."""

    is_open: bool
    waiting: int = 0
    next_at: datetime | None = None


_READY = Sql(
    """
    select count(*) from agents a join presence p on p.agent_id = a.id
    where a.is_active and p.state in ('available', 'busy')
        and p.heartbeat_at >= cast(:now as timestamptz) - make_interval(secs => :grace)
        and (cast(:team_id as bigint) is null
            or exists (select 1 from team_members m where m.team_id = :team_id and m.agent_id = a.id))
    """
)
_WAITING = Sql(
    """
    select count(*) from work_items w where w.state = 'waiting' and w.kind = 'chat'
        and w.team_id is not distinct from cast(:team_id as bigint)
    """
)


async def of_widget(session: AsyncSession, widget: Widget) -> Opening:
    """Whether somebody can chat through a widget now, and if not, when we are there again."""
    now = clock.now()
    schedule = await hours.read(session, widget.hours or hours.DEFAULT)
    is_open = hours.is_open(schedule, now)
    next_at = None if is_open else hours.next_opening(schedule, now)
    if widget.hours is not None and not is_open:
        return Opening(False, next_at=next_at)
    team_id = await widgets.team_of(session, widget)
    if not await _READY.scalar(session, now=now, grace=float(GRACE_SECONDS), team_id=team_id):
        return Opening(False, next_at=next_at)
    return Opening(True, await _WAITING.scalar(session, team_id=team_id))
