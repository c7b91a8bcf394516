"""Who is asked how content she is, and what becomes of the answer."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.actor import Actor
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.errors import Invalid, NotFound
from core.events import EventRow
from customers import consent
from customers.models import ContactPoint
from tests import factories
from tickets import lifecycle, policy, satisfaction
from tickets.lifecycle import TicketChange
from tickets.models import Delivery, Satisfaction, Ticket
from tickets.policy import Policy
from tickets.reply import ReplyContent, reply
from tickets.satisfaction import Rating, RatingOver

ASHA = "asha@customer.example"


@pytest.fixture
async def agent(db: Database, clock: ManualClock) -> Actor:
    """An agent of a team."""
    async with unit_of_work(db) as session:
        team = await factories.team(session)
        return factories.actor(await factories.agent(session, team), team)


async def solved(db: Database, agent: Actor, *, answered: bool = True, **fields: object) -> int:
    """A ticket that is solved, with an answer or without."""
    async with unit_of_work(db) as session:
        ticket_id = (
            await factories.received(session, **{"sender": ASHA, "team_id": agent.team_ids[0]} | fields)
        ).ticket_id
    async with unit_of_work(db, agent) as session:
        if answered:
            await reply(session, ticket_id, ReplyContent(client_key=f"k{ticket_id}", html="<p>Done.</p>"))
            await session.execute(update(Delivery).values(state="sent", attempts=1))
        await lifecycle.change(session, ticket_id, TicketChange(status="solved"))
    return ticket_id


async def asked(db: Database, ticket_id: int) -> bool:
    """Whether the customer of a ticket is asked now."""
    async with unit_of_work(db) as session:
        return await satisfaction.ask(session, ticket_id) is not None


async def test_somebody_is_asked_once(db: Database, agent: Actor) -> None:
    """Where she wrote from, in her language; a second time nobody is asked."""
    ticket_id = await solved(db, agent, language="mr")
    async with unit_of_work(db) as session:
        question = await satisfaction.ask(session, ticket_id)
    assert question is not None
    assert (question.address, question.name, question.language) == (ASHA, "Asha Rao", "mr")
    assert not await asked(db, ticket_id)


@pytest.mark.parametrize(
    "case", ["open", "merged", "spam", "unanswered", "cancelled", "automatic", "list", "refused", "dead", "unwanted"]
)
async def test_nobody_is_asked_in_vain(db: Database, agent: Actor, case: str) -> None:
    """About what is open, merged, spam, unanswered, a robot's; nor who said no, cannot be reached, or by policy."""
    fields: dict[str, object] = {"automatic": {"is_auto": True}, "list": {"is_list": True}}.get(case, {})  # type: ignore[assignment]
    ticket_id = await solved(db, agent, answered=case != "unanswered", **fields)
    async with unit_of_work(db) as session:
        if case == "open":
            await lifecycle.change(session, ticket_id, TicketChange(status="open"))
        if case == "merged":
            other = (await factories.received(session)).ticket_id
            await session.execute(update(Ticket).where(Ticket.id == ticket_id).values(merged_into_id=other))
        if case == "spam":
            await lifecycle.change(session, ticket_id, TicketChange(tags=["spam"]))
        if case == "cancelled":
            await session.execute(update(Delivery).values(state="cancelled"))
        if case == "refused":
            await consent.say(session, kind="email", value=ASHA, purpose="survey", granted=False, source="test")
        if case == "dead":
            await session.execute(update(ContactPoint).values(invalid_reason="550"))
        if case == "unwanted":
            await policy.write(session, Policy(survey=False))
    assert not await asked(db, ticket_id)
    async with reading(db) as session:
        assert list(await session.scalars(select(Satisfaction))) == []


async def test_a_person_is_asked_once_a_week(db: Database, agent: Actor, clock: ManualClock) -> None:
    """However many tickets of hers are solved."""
    first, second, third = [await solved(db, agent) for _ in range(3)]
    assert [await asked(db, each) for each in (first, second)] == [True, False]
    clock.advance(satisfaction.PAUSE)
    assert await asked(db, third)
    assert await asked(db, await solved(db, agent, sender="ravi@customer.example"))


async def test_an_answer_is_kept_once_and_can_be_changed(db: Database, agent: Actor, clock: ManualClock) -> None:
    """One row for each ticket; changes are events of the customer; after some days it is over."""
    ticket_id = await solved(db, agent)
    assert await asked(db, ticket_id)
    for score, comment in ((5, ""), (2, " It broke again. "), (2, "It broke again.")):
        async with unit_of_work(db) as session:
            rating = Rating(score=score, reasons=["slow", "quick"], comment=comment)
            await satisfaction.rate(session, ticket_id, rating)
    async with reading(db) as session:
        row = (await session.scalars(select(Satisfaction))).one()
        rated = list(
            await session.scalars(select(EventRow).where(EventRow.kind == "ticket.rated").order_by(EventRow.id))
        )
    assert (row.score, row.reasons, row.comment) == (2, ["quick", "slow"], "It broke again.")
    assert [(each.data["old"], each.data["score"], each.data["is_low"]) for each in rated] == [
        (None, 5, False),
        (5, 2, True),
    ]
    assert {(each.actor_kind, each.actor_name) for each in rated} == {("customer", "Asha Rao")}
    clock.advance(timedelta(days=15))
    async with reading(db) as session:
        assert not (await satisfaction.standing(session, ticket_id)).is_open
    with pytest.raises(RatingOver):
        async with unit_of_work(db) as session:
            await satisfaction.rate(session, ticket_id, Rating(score=1))


@pytest.mark.parametrize("rating", [Rating(score=0), Rating(score=6), Rating(score=3, reasons=["planted"])])
async def test_impossible_answers_are_refused(db: Database, agent: Actor, rating: Rating) -> None:
    """A score that is none, a reason that is not ours."""
    ticket_id = await solved(db, agent)
    with pytest.raises(Invalid):
        async with unit_of_work(db) as session:
            await satisfaction.rate(session, ticket_id, rating)


async def test_what_is_open_cannot_be_rated_unless_it_was_asked(db: Database, agent: Actor) -> None:
    """Somebody who was asked may answer although the ticket was opened again; others must wait for the end."""
    ticket_id, other = await solved(db, agent), await solved(db, agent, sender="ravi@customer.example")
    assert await asked(db, ticket_id)
    async with unit_of_work(db) as session:
        for each in (ticket_id, other):
            await lifecycle.change(session, each, TicketChange(status="open"))
    async with unit_of_work(db) as session:
        await satisfaction.rate(session, ticket_id, Rating(score=4))
        with pytest.raises(NotFound):
            await satisfaction.rate(session, other, Rating(score=4))


def test_tokens_are_signed() -> None:
    """They name a ticket; forged ones, and those of another desk, name nothing."""
    token = satisfaction.token("secret", 1001)
    assert satisfaction.ticket_of("secret", token) == 1001
    number, _, signature = token.partition("-")
    for forged in (f"1002-{signature}", f"{number}-", number, "", "-", f"²-{signature}", f"{number}-é"):
        with pytest.raises(NotFound):
            satisfaction.ticket_of("secret", forged)
    with pytest.raises(NotFound):
        satisfaction.ticket_of("other", token)
