"""Who may see which tickets, messages, deliveries and files."""

import pytest
from sqlalchemy import select

from core.actor import SYSTEM, Actor, ActorKind
from core.clock import ManualClock
from core.db import Database, unit_of_work
from core.errors import NotFound
from tests import factories
from tickets import access, lifecycle
from tickets.lifecycle import TicketChange
from tickets.models import Attachment, Message, Ticket
from tickets.reply import NoteContent, note

ALL = frozenset({"tickets:read", "tickets:read_all"})


async def test_what_an_agent_sees(db: Database, clock: ManualClock) -> None:
    """Her teams, no team, assigned to her; with the right for all, all; without any right, nothing."""
    async with unit_of_work(db) as session:
        team, other = await factories.team(session), await factories.team(session)
        agent = await factories.agent(session, team)
        own = (await factories.received(session, team_id=team.id)).ticket_id
        nobodys = (await factories.received(session)).ticket_id
        foreign = (await factories.received(session, team_id=other.id)).ticket_id
        assigned = (await factories.received(session, team_id=other.id)).ticket_id
        await lifecycle.change(session, assigned, TicketChange(assignee_id=agent.id))
        customer_id = (await session.get_one(Ticket, own)).customer_id
    everything = {own, nobodys, foreign, assigned}
    for actor, expected in (
        (factories.actor(agent, team), {own, nobodys, assigned}),
        (factories.actor(agent), {nobodys, assigned}),
        (factories.actor(agent, rights=ALL), everything),
        (factories.actor(agent, team, rights=frozenset()), set()),
        (SYSTEM, everything),
        (Actor(ActorKind.CUSTOMER, customer_id, "Asha"), everything),
        (Actor(ActorKind.CUSTOMER, customer_id + 1000, "Somebody"), set()),
    ):
        async with db.sessions() as session:
            assert set(await session.scalars(select(Ticket.id).where(access.visible_to(actor)))) == expected
            for ticket_id in everything:
                if ticket_id in expected:
                    assert (await access.get_visible(session, actor, ticket_id)).id == ticket_id
                    await access.check_visible(session, actor, ticket_id)
                else:
                    with pytest.raises(NotFound):
                        await access.get_visible(session, actor, ticket_id)
                    with pytest.raises(NotFound):
                        await access.check_visible(session, actor, ticket_id)


async def test_notes_and_their_files_are_not_for_customers(db: Database, clock: ManualClock) -> None:
    """A customer sees his own ticket's messages and files, and no note nor what is attached to one."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        agent = await factories.agent(session, team)
        made = await factories.received(session, team_id=team.id)
    actor = factories.actor(agent, team)
    async with unit_of_work(db, actor) as session:
        inside = await note(session, made.ticket_id, NoteContent(client_key="n1", html="<p>hm</p>"))
        files = [
            Attachment(
                message_id=message_id, uploaded_by_id=agent.id, name="a", content_type="text/plain", size=1,
                sha256="x", storage_key="x", created_at=clock.now(),
            )
            for message_id in (made.message_id, inside.id, None)
        ]  # fmt: skip
        session.add_all(files)
        await session.flush()
        of_message, of_note, upload = (file.id for file in files)
        customer_id = await session.scalar(select(Message.author_customer_id).where(Message.id == made.message_id))
    customer = Actor(ActorKind.CUSTOMER, customer_id, "Asha")
    rival = factories.actor(await _another(db), team)
    async with db.sessions() as session:
        assert (await access.get_message(session, customer, made.message_id)).id == made.message_id
        assert (await access.get_attachment(session, customer, of_message)).id == of_message
        for file_id in (of_message, of_note, upload):
            assert (await access.get_attachment(session, actor, file_id)).id == file_id
        with pytest.raises(NotFound):
            await access.get_message(session, customer, inside.id)
        for file_id in (of_note, upload):
            with pytest.raises(NotFound):
                await access.get_attachment(session, customer, file_id)
        with pytest.raises(NotFound):
            await access.get_attachment(session, rival, upload)


async def _another(db: Database) -> "factories.Agent":
    async with unit_of_work(db) as session:
        return await factories.agent(session)
