"""Which ticket a message belongs to: every proof, every guard, every order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ManualClock
from core.db import Database, unit_of_work
from tests import factories
from tickets import lifecycle
from tickets.intake import Person
from tickets.lifecycle import TicketChange
from tickets.threading import Candidate, Clues, accepted, proofs

pytestmark = pytest.mark.usefixtures("clock")


async def test_a_token_attaches_whoever_writes(db: Database) -> None:
    """A signed address is proof enough, also for somebody new."""
    async with unit_of_work(db) as session:
        first = await factories.received(session)
        again = await factories.received(session, sender="new@elsewhere.example", token_ticket_id=first.ticket_id)
    assert (again.ticket_id, again.matched_by, again.created) == (first.ticket_id, "token", False)


async def test_in_reply_to_attaches_a_participant(db: Database) -> None:
    """The customer answers his own mail, or ours."""
    async with unit_of_work(db) as session:
        first = await factories.received(session, message_id_header="a@x.example")
        again = await factories.received(session, in_reply_to="a@x.example")
    assert (again.ticket_id, again.matched_by) == (first.ticket_id, "in_reply_to")


async def test_a_stranger_who_answers_a_known_id_opens_his_own_ticket(db: Database) -> None:
    """Somebody who answers a newsletter is not mixed into another's ticket."""
    async with unit_of_work(db) as session:
        first = await factories.received(session, message_id_header="news@x.example")
        other = await factories.received(session, sender="stranger@other.example", in_reply_to="news@x.example")
    assert other.ticket_id != first.ticket_id
    assert other.matched_by is None


async def test_a_colleague_who_writes_to_the_participant_joins(db: Database) -> None:
    """A forwarded thread attaches when a participant is among its recipients."""
    async with unit_of_work(db) as session:
        first = await factories.received(session, message_id_header="a@x.example")
        joined = await factories.received(
            session, sender="boss@customer.example", in_reply_to="a@x.example", cc=[Person("", "asha@customer.example")]
        )
    assert joined.ticket_id == first.ticket_id


async def test_references_are_read_newest_first(db: Database) -> None:
    """Where two tickets are named, the younger ancestor wins."""
    async with unit_of_work(db) as session:
        old = await factories.received(session, message_id_header="old@x.example")
        new = await factories.received(session, message_id_header="new@x.example")
        again = await factories.received(session, references=["old@x.example", "new@x.example"])
    assert (again.ticket_id, again.matched_by) == (new.ticket_id, "references")
    assert old.ticket_id != new.ticket_id


@pytest.mark.parametrize(("sender", "same"), [("asha@customer.example", True), ("thief@other.example", False)])
async def test_a_number_in_the_subject_counts_only_for_participants(db: Database, sender: str, same: bool) -> None:
    """A guessed number attaches nothing."""
    async with unit_of_work(db) as session:
        first = await factories.received(session)
        again = await factories.received(session, sender=sender, subject=f"Re: [#{first.ticket_id}] Question")
    assert (again.ticket_id == first.ticket_id) is same


async def test_a_closed_ticket_is_followed_by_a_new_one(db: Database) -> None:
    """Closed is history: the answer opens a ticket that names the old one."""
    async with unit_of_work(db) as session:
        first = await factories.received(session, message_id_header="a@x.example")
        await lifecycle.change(session, first.ticket_id, TicketChange(status="closed"))
        again = await factories.received(session, in_reply_to="a@x.example")
    assert again.created
    assert again.matched_by == "follow_up:in_reply_to"


async def test_a_solved_ticket_opens_again(db: Database, clock: ManualClock) -> None:
    """The customer's answer reopens, counts the reopening, and restarts the waiting clock."""
    async with unit_of_work(db) as session:
        first = await factories.received(session, message_id_header="a@x.example")
        await lifecycle.change(session, first.ticket_id, TicketChange(status="solved"))
        await factories.received(session, in_reply_to="a@x.example")
        ticket = await lifecycle.lock(session, first.ticket_id)
        assert (ticket.status, ticket.reopen_count, ticket.waiting_since) == ("open", 1, clock.now())


async def test_an_automatic_answer_changes_neither_status_nor_clock(db: Database) -> None:
    """Out-of-office is kept in the ticket; the ticket stays solved and nobody waits."""
    async with unit_of_work(db) as session:
        first = await factories.received(session, message_id_header="a@x.example")
        await lifecycle.change(session, first.ticket_id, TicketChange(status="solved"))
        again = await factories.received(session, in_reply_to="a@x.example", is_auto=True)
        ticket = await lifecycle.lock(session, first.ticket_id)
        assert again.ticket_id == first.ticket_id
        assert (ticket.status, ticket.waiting_since, ticket.message_count) == ("solved", None, 2)


CANDIDATE = Candidate(1, "open", None, None, 1, False, False, False, False)


@given(st.text(), st.lists(st.text(min_size=1), max_size=5), st.text())
def test_no_text_of_a_mail_proves_anything_by_itself(subject: str, references: list[str], in_reply_to: str) -> None:
    """Whatever a stranger writes into his headers, no proof is accepted for a ticket he takes no part in."""
    clues = Clues(None, in_reply_to, references, subject, "x@y.example", 9, [])
    offered = proofs(clues, dict.fromkeys([*references, in_reply_to], 1))
    assert not any(accepted(proof, CANDIDATE) for proof, _ in offered)
