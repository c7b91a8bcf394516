"""When work ends that leaves something to write down, its agent gets the time for it (see ``sampark/wiring.py``)."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.actor import ActorKind
from core.db import actor_of
from core.sql import Sql
from routing import presence, presence_rules
from tickets.events import StatusChanged

_OWNED: Final = Sql("select channel, assignee_id from tickets where id = :ticket_id")
_OVER: Final = ("solved", "closed")


async def on_status_changed(session: AsyncSession, event: StatusChanged) -> None:
    """Its owner has solved a conversation: a wrap-up begins, where the desk says so."""
    actor = actor_of(session)
    if event.new not in _OVER or event.old in _OVER or actor.kind is not ActorKind.AGENT:
        return
    ticket = await _OWNED.first(session, ticket_id=event.ticket_id)
    if ticket is None or ticket.assignee_id != actor.id or ticket.channel not in ("chat", "voice"):
        return
    rules = await presence_rules.read(session)
    if rules.after_chats if ticket.channel == "chat" else rules.after_calls:
        await presence.wrap_up(session, ticket.assignee_id)
