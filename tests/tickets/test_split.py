"""A message gets a ticket of its own, and both tickets are right afterwards."""

import pytest

from core.db import Database, unit_of_work
from core.errors import Conflict, NotFound
from tests import factories
from tickets import lifecycle
from tickets.models import Message
from tickets.reply import ReplyContent, reply
from tickets.split import split

pytestmark = pytest.mark.usefixtures("clock")


async def test_the_message_moves_and_both_tickets_are_right(db: Database) -> None:
    """The new ticket is open under the message's subject; the old one no longer waits for what has left it."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        agent = await factories.agent(session, team)
        first = await factories.received(session, team_id=team.id, subject="Machine stopped", message_id_header="a@x")
    async with unit_of_work(db, factories.actor(agent, team)) as session:
        answer = await reply(session, first.ticket_id, ReplyContent(client_key="k", html="<p>We come.</p>"))
    async with unit_of_work(db) as session:
        other = await factories.received(session, in_reply_to="a@x", subject="An invoice", text="Where is it?")
    async with unit_of_work(db, factories.actor(agent, team)) as session:
        made = await split(session, first.ticket_id, other.message_id)
    async with unit_of_work(db) as session:
        old, new = await lifecycle.lock(session, first.ticket_id), await lifecycle.lock(session, made.id)
        moved = await session.get_one(Message, other.message_id)
        assert (new.subject, new.status, new.message_count, new.snippet) == ("An invoice", "open", 1, "Where is it?")
        assert (moved.ticket_id, moved.subject_changed, new.team_id) == (new.id, False, team.id)
        assert new.waiting_since == moved.created_at
        assert (old.message_count, old.last_message_id, old.snippet_by, old.waiting_since) == (
            2,
            answer.id,
            "agent",
            None,
        )


async def test_only_a_customers_message_among_others_moves(db: Database) -> None:
    """The only message stays, and what is not in the ticket cannot leave it."""
    async with unit_of_work(db) as session:
        first = await factories.received(session)
        second = await factories.received(session)
    with pytest.raises(Conflict):
        async with unit_of_work(db) as session:
            await split(session, first.ticket_id, first.message_id)
    with pytest.raises(NotFound):
        async with unit_of_work(db) as session:
            await split(session, first.ticket_id, second.message_id)
