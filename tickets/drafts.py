"""Drafts: what an agent has written and not sent, kept on the server per ticket and mode.

The client counts revisions. A save older than what is stored is ignored, so a late request never overwrites newer
text; a send discards the draft only if its revision is the one that was sent.
"""

from typing import Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.db import actor_of
from core.errors import Invalid, NotAllowed
from core.sql import Sql
from tickets import attachments
from tickets.events import DraftChanged
from tickets.intake import clean
from tickets.models import Draft

MODES: Final = ("reply", "note")
MAX_HTML: Final = 1_000_000

_SAVE = text(
    """
    insert into drafts (ticket_id, agent_id, mode, html, revision, updated_at)
    values (:ticket_id, :agent_id, :mode, :html, :revision, :now)
    on conflict on constraint uq_drafts_ticket_agent_mode do update
        set html = excluded.html, revision = excluded.revision, updated_at = excluded.updated_at
        where drafts.revision <= excluded.revision
    """
)
_DISCARD = Sql(
    """
    delete from drafts where ticket_id = :ticket_id and agent_id = :agent_id and mode = :mode
    and (cast(:revision as bigint) is null or revision <= :revision) returning id
    """
)


def _agent(session: AsyncSession) -> int:
    actor = actor_of(session)
    if actor.id is None:
        raise NotAllowed("Only agents have drafts.")
    return actor.id


async def find(session: AsyncSession, ticket_id: int, mode: str) -> Draft | None:
    """The actor's draft in one mode, as stored now."""
    statement = (
        select(Draft)
        .where(Draft.ticket_id == ticket_id, Draft.agent_id == _agent(session), Draft.mode == mode)
        .execution_options(populate_existing=True)
    )
    found: Draft | None = await session.scalar(statement)
    return found


async def drafts_of(session: AsyncSession, ticket_id: int) -> list[Draft]:
    """The actor's drafts in a ticket."""
    statement = select(Draft).where(Draft.ticket_id == ticket_id, Draft.agent_id == _agent(session))
    return list(await session.scalars(statement))


async def save(
    session: AsyncSession, ticket_id: int, mode: str, html: str, revision: int, attachment_ids: list[int] | None = None
) -> Draft:
    """Keep a draft; returns what is stored afterwards (newer than what was sent, when this save came late).

    Raises:
        Invalid: no such mode, or far too long.
    """
    if mode not in MODES:
        raise Invalid.field("mode", "A draft is a reply or a note.")
    if len(html) > MAX_HTML:
        raise Invalid.field("html", "This text is too long to be kept.")
    agent_id = _agent(session)
    await session.execute(
        _SAVE,
        {
            "ticket_id": ticket_id,
            "agent_id": agent_id,
            "mode": mode,
            "html": clean(html),
            "revision": revision,
            "now": clock.now(),
        },
    )
    draft = await find(session, ticket_id, mode)
    if draft is None:
        raise Invalid("The draft could not be kept.")
    if draft.revision == revision:
        if attachment_ids is not None:
            await attachments.bind_to_draft(session, attachment_ids, draft.id)
        _tell(session, ticket_id, mode, revision)
    return draft


_GIVE_BACK = text(
    """
    insert into drafts (ticket_id, agent_id, mode, html, revision, updated_at)
    values (:ticket_id, :agent_id, 'reply', :html, :beyond, :now)
    on conflict on constraint uq_drafts_ticket_agent_mode do update
        set html = excluded.html || case when drafts.html = '' then '' else '<p></p>' || drafts.html end,
            revision = greatest(drafts.revision + 1, excluded.revision), updated_at = excluded.updated_at
    returning id
    """
)


async def give_back(session: AsyncSession, ticket_id: int, agent_id: int, html: str) -> Draft:
    """Put the text of a reply that did not leave before what its author has written since.

    Its revision is a point in time in seconds, beyond whatever a client has counted to: an open editor takes a lower
    one for the text that it has just sent (``shared/drafts.ts``).
    """
    now = clock.now()
    beyond = int(now.timestamp())
    values = {"ticket_id": ticket_id, "agent_id": agent_id, "html": html, "beyond": beyond, "now": now}
    draft_id = await session.scalar(_GIVE_BACK, values)
    draft = await session.get_one(Draft, draft_id, populate_existing=True)
    events.record(
        session,
        DraftChanged(ticket_id=ticket_id, mode="reply", revision=draft.revision, agents=(agent_id,), private=True),
    )
    return draft


async def discard(session: AsyncSession, ticket_id: int, mode: str, revision: int | None = None) -> bool:
    """Throw the actor's draft away, unless it is newer than ``revision``; False when nothing went."""
    gone = await _DISCARD.first(session, ticket_id=ticket_id, agent_id=_agent(session), mode=mode, revision=revision)
    if gone is not None:
        _tell(session, ticket_id, mode, None)
    return gone is not None


def _tell(session: AsyncSession, ticket_id: int, mode: str, revision: int | None) -> None:
    agent_id = _agent(session)
    events.record(
        session, DraftChanged(ticket_id=ticket_id, mode=mode, revision=revision, agents=(agent_id,), private=True)
    )
