"""Which ticket a message belongs to: every proof, every guard, every order."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ManualClock
from core.db import Database, unit_of_work
from tests import factories
from tickets import lifecycle, threading
from tickets.intake import OurAnswer, Person
from tickets.lifecycle import TicketChange
from tickets.models import Message
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


CANDIDATE = Candidate(1, "Hello", "open", None, None, None, 1, False, False, False, False)


@given(st.text(), st.lists(st.text(min_size=1), max_size=5), st.text())
def test_no_text_of_a_mail_proves_anything_by_itself(subject: str, references: list[str], in_reply_to: str) -> None:
    """Whatever a stranger writes into his headers, no proof is accepted for a ticket he takes no part in."""
    clues = Clues(None, in_reply_to, references, 1, subject, "x@y.example", 9, [])
    offered = proofs(clues, dict.fromkeys([*references, in_reply_to], 1))
    assert not any(accepted(proof, CANDIDATE) for proof, _ in offered)


@pytest.mark.parametrize(
    ("answer", "subject", "same"),
    [
        ("Re: Machine stopped", "Machine stopped", True),
        ("AW: WG: Machine  stopped ", "machine stopped", True),
        ("Re[2]: [Desk #1001] Machine stopped", "Machine stopped", True),
        ("回复：机器", "机器", True),
        ("Fwd: Machine stopped again", "Machine stopped", True),
        ("", "Machine stopped", True),
        ("Re: an invoice of last year", "Machine stopped", False),
        ("Regarding my order", "Order", False),
    ],
)
def test_subjects_are_compared_without_answer_marks(answer: str, subject: str, same: bool) -> None:
    """What mail programs put before a subject does not make it another."""
    assert threading.same_subject(answer, subject) is same


async def test_a_changed_subject_stays_and_is_shown(db: Database) -> None:
    """Field 2.1.9: the same ticket, and a hint that it may be another matter."""
    async with unit_of_work(db) as session:
        first = await factories.received(session, subject="Machine stopped", message_id_header="a@x.example")
        same = await factories.received(session, subject="Re: Machine stopped", in_reply_to="a@x.example")
        other = await factories.received(session, subject="An invoice of last year", in_reply_to="a@x.example")
        rows = {each: await session.get_one(Message, each.message_id) for each in (same, other)}
    assert {first.ticket_id, same.ticket_id, other.ticket_id} == {first.ticket_id}
    assert [rows[each].subject_changed for each in (same, other)] == [False, True]


async def test_a_ticket_solved_long_ago_is_followed_by_a_new_one(db: Database, clock: ManualClock) -> None:
    """Field 2.1.9: within the days it is opened again, after them a new one is linked to it."""
    async with unit_of_work(db) as session:
        first = await factories.received(session, message_id_header="a@x.example")
        await lifecycle.change(session, first.ticket_id, TicketChange(status="solved"))
    clock.advance(timedelta(days=31))
    async with unit_of_work(db) as session:
        late = await factories.received(session, in_reply_to="a@x.example", reopen_days=30)
        assert (late.created, late.matched_by) == (True, "follow_up:in_reply_to")
        soon = await factories.received(session, in_reply_to="a@x.example", reopen_days=32)
        assert (soon.created, soon.ticket_id) == (False, first.ticket_id)


async def test_a_mark_in_the_body_needs_a_participant(db: Database) -> None:
    """Field 2.1.6: it finds the ticket where Message-IDs were rewritten, but not for a stranger who got it quoted."""
    async with unit_of_work(db) as session:
        first = await factories.received(session)
        again = await factories.received(session, mark_ticket_id=first.ticket_id)
        stranger = await factories.received(session, sender="x@else.example", mark_ticket_id=first.ticket_id)
    assert (again.ticket_id, again.matched_by) == (first.ticket_id, "mark")
    assert stranger.created


async def test_history_is_taken_in_closed_and_with_its_date(db: Database, clock: ManualClock) -> None:
    """Field 2.1.25: an imported mail keeps its moment, opens nothing and is answered by nobody's clock."""
    then = clock.now() - timedelta(days=900)
    async with unit_of_work(db) as session:
        old = await factories.received(session, message_id_header="a@x.example", archived=True, at=then)
        later = await factories.received(
            session,
            in_reply_to="a@x.example",
            archived=True,
            at=then + timedelta(days=1),
            message_id_header="b@x.example",
        )
        ticket = await lifecycle.lock(session, old.ticket_id)
        assert later.ticket_id == old.ticket_id
        assert (ticket.status, ticket.created_at, ticket.waiting_since) == ("closed", then, None)
        assert (ticket.closed_at, ticket.last_activity_at) == (then, then + timedelta(days=1))
        assert (await session.get_one(Message, later.message_id)).created_at == then + timedelta(days=1)
        new = await factories.received(session, in_reply_to="b@x.example")
        assert (new.created, new.matched_by) == (True, "follow_up:in_reply_to")


async def test_an_answer_from_elsewhere_is_kept_as_ours(db: Database) -> None:
    """Field 2.1.11: a colleague answers in her own mail program; the customer waits no more, and his answer threads."""
    async with unit_of_work(db) as session:
        agent = await factories.agent(session)
        first = await factories.received(session, message_id_header="a@x.example")
        ours = await factories.received(
            session,
            sender="agent@desk.example",
            in_reply_to="a@x.example",
            message_id_header="outlook@desk.example",
            our_answer=OurAnswer(agent.id, Person("Asha Rao", "asha@customer.example")),
        )
        ticket = await lifecycle.lock(session, first.ticket_id)
        message = await session.get_one(Message, ours.message_id)
        assert (ours.ticket_id, ticket.waiting_since, ticket.snippet_by) == (first.ticket_id, None, "agent")
        assert (message.kind, message.author_agent_id, message.sent_elsewhere) == ("agent", agent.id, True)
        again = await factories.received(session, in_reply_to="outlook@desk.example")
        assert again.ticket_id == first.ticket_id


async def test_mails_in_the_wrong_order_find_together(db: Database) -> None:
    """The answer was processed before the mail that it answers: one ticket; a stranger's answer draws nothing to it."""
    async with unit_of_work(db) as session:
        answer = await factories.received(session, message_id_header="b@x.example", in_reply_to="a@x.example")
        first = await factories.received(session, message_id_header="a@x.example")
        stranger = await factories.received(
            session, sender="x@else.example", message_id_header="d@x.example", in_reply_to="c@x.example"
        )
        asked = await factories.received(session, message_id_header="c@x.example")
    assert (first.ticket_id, first.matched_by) == (answer.ticket_id, "answered_by")
    assert asked.ticket_id != stranger.ticket_id
