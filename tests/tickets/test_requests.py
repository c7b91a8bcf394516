"""What customers see of tickets: which, whose words, and what never appears."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select, update

from core import clock as clocks
from core.actor import Actor, ActorKind
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.errors import NotFound
from customers.models import ContactPoint, Customer
from tests import factories
from tickets import access, guests, lifecycle, participants, policy, requests
from tickets.intake import Person
from tickets.lifecycle import TicketChange
from tickets.models import Attachment, Delivery, Message, Participant, Ticket
from tickets.policy import Policy
from tickets.reply import NoteContent, ReplyContent, note, reply

ASHA, RAVI, BOSS, OTHER = (
    "asha@customer.example", "ravi@customer.example", "boss@customer.example", "mallory@elsewhere.example"
)  # fmt: skip
HTML = "<p>Please send a photo of the plate.</p>"


async def verified(db: Database, address: str) -> Actor:
    """The customer with an address, which she has proved."""
    async with unit_of_work(db) as session:
        proved = update(ContactPoint).where(ContactPoint.value == address).values(verified=True)
        customer_id = await session.scalar(proved.returning(ContactPoint.customer_id))
        customer = await session.get_one(Customer, customer_id)
        managed = customer.organisation_id if customer.manages_organisation else None
        return Actor(ActorKind.CUSTOMER, customer.id, customer.name, organisation_id=managed)


async def seen(db: Database, actor: Actor) -> set[int]:
    """The tickets that somebody finds in her list."""
    async with reading(db) as session:
        lines, _ = await requests.list_requests(session, actor)
        listed = {line.id for line in lines}
        scope = set(await session.scalars(select(Ticket.id).where(access.visible_to(actor))))
        every = set(await session.scalars(select(Ticket.id)))
        for ticket_id in every:
            if ticket_id in scope:
                await access.check_visible(session, actor, ticket_id)
                await requests.get_request(session, actor, ticket_id, Policy())
            else:
                for ask in (access.get_visible, access.check_visible):
                    with pytest.raises(NotFound):
                        await ask(session, actor, ticket_id)
                with pytest.raises(NotFound):
                    await requests.get_request(session, actor, ticket_id, Policy())
                assert (await requests.read_talk(session, actor, ticket_id, Policy())).items == ()
    assert listed == scope
    return listed


async def test_a_customer_sees_exactly_her_own_copied_and_managed_requests(db: Database, clock: ManualClock) -> None:
    """The matrix: own, in Cc with a proved address, a colleague's only as a manager; a guest sees one."""
    async with unit_of_work(db) as session:
        own = (await factories.received(session, ASHA)).ticket_id
        copied = (await factories.received(session, OTHER, cc=[Person("", ASHA)])).ticket_id
        ravis = (await factories.received(session, RAVI)).ticket_id
        others = (await factories.received(session, OTHER)).ticket_id
        await factories.received(session, BOSS)
        manages = update(Customer).where(Customer.name == "Asha Rao", Customer.id.in_(
            select(ContactPoint.customer_id).where(ContactPoint.value == BOSS)
        )).values(manages_organisation=True)  # fmt: skip
        await session.execute(manages)
    async with reading(db) as session:
        bosss = await session.scalar(select(Ticket.id).order_by(Ticket.id.desc()).limit(1))
        asha_unproved = (await session.scalars(select(ContactPoint).where(ContactPoint.value == ASHA))).one()
    unproved = Actor(ActorKind.CUSTOMER, asha_unproved.customer_id, "Asha")
    assert await seen(db, unproved) == {own}
    asha, ravi, boss, other = [await verified(db, each) for each in (ASHA, RAVI, BOSS, OTHER)]
    assert await seen(db, asha) == {own, copied}
    assert await seen(db, ravi) == {ravis}
    assert await seen(db, boss) == {bosss, own, ravis}
    assert await seen(db, other) == {copied, others}
    assert await seen(db, msgspec.structs.replace(asha, only_ticket_id=own)) == {own}
    assert await seen(db, Actor(ActorKind.CUSTOMER, 999_999, "Nobody")) == set()
    rights = frozenset({"tickets:read", "tickets:read_all"})
    assert await seen(db, msgspec.structs.replace(ravi, permissions=rights, team_ids=(1,))) == {ravis}


async def answered(db: Database, ticket_id: int, actor: Actor, **fields: object) -> int:
    """An agent's answer, as it stands before it leaves."""
    async with unit_of_work(db, actor) as session:
        content = ReplyContent(client_key=f"key-{ticket_id}-{len(fields)}", html=HTML, **fields)  # type: ignore[arg-type]
        return (await reply(session, ticket_id, content)).id


async def leave(db: Database, message_id: int, state: str = "sent") -> None:
    """The answer has left."""
    async with unit_of_work(db) as session:
        await session.execute(update(Delivery).where(Delivery.message_id == message_id).values(state=state, attempts=1))


@pytest.fixture
async def agent(db: Database, clock: ManualClock) -> Actor:
    """An agent of a team."""
    async with unit_of_work(db) as session:
        team = await factories.team(session, "Repairs")
        return factories.actor(await factories.agent(session, team, name="Meera Iyer"), team)


@pytest.fixture
async def ticket(db: Database, agent: Actor) -> int:
    """A ticket of Asha."""
    async with unit_of_work(db) as session:
        return (await factories.received(session, ASHA, team_id=agent.team_ids[0], text="It drips.")).ticket_id


async def test_notes_and_what_has_not_left_never_appear(db: Database, agent: Actor, ticket: int) -> None:
    """No note, no reply that can be taken back, was taken back or waits, nothing passed on: nowhere, not as a file."""
    async with unit_of_work(db, agent) as session:
        noted = await note(session, ticket, NoteContent(client_key="n1", html="<p>secret: she is VIP</p>"))
    soon = await answered(db, ticket, agent)
    cancelled = await answered(db, ticket, agent, force=True)
    await leave(db, cancelled, "cancelled")
    later = await answered(db, ticket, agent, force=True, send_at=clocks.now() + timedelta(days=1))
    passed = await answered(
        db, ticket, agent, force=True, subject="Fwd: secret", to=[Person("", "supplier@elsewhere.example")]
    )
    await leave(db, passed)
    asha = await verified(db, ASHA)
    hidden = [noted.id, soon, cancelled, later, passed]
    async with unit_of_work(db) as session:
        files = [
            Attachment(message_id=each, name="f.txt", content_type="text/plain", size=1, sha256="x", storage_key="x",
                       created_at=clocks.now())
            for each in hidden
        ]  # fmt: skip
        session.add_all(files)
        await session.flush()
        file_ids = [file.id for file in files]
    async with reading(db) as session:
        talk = await requests.read_talk(session, asha, ticket, Policy())
        assert [item.text for item in talk.items] == ["It drips."]
        lines, _ = await requests.list_requests(session, asha)
        assert lines[0].asked == ""
        assert (await requests.list_requests(session, asha, q="secret"))[0] == []
        assert (await requests.list_requests(session, asha, q="photo of the plate"))[0] == []
        for message_id in hidden:
            with pytest.raises(NotFound):
                await access.get_message(session, asha, message_id)
        for file_id in file_ids:
            with pytest.raises(NotFound):
                await access.get_attachment(session, asha, file_id)
    await leave(db, soon)
    async with reading(db) as session:
        talk = await requests.read_talk(session, asha, ticket, Policy())
        assert [(item.kind, item.text) for item in talk.items][1:] == [("ours", "Please send a photo of the plate.")]
        assert (await access.get_attachment(session, asha, file_ids[1])).id == file_ids[1]
        assert (await requests.list_requests(session, asha, q="photo of the plate"))[0] != []


@pytest.mark.parametrize(
    ("shown", "author"), [("full", "Meera Iyer"), ("first", "Meera"), ("team", "Repairs")], ids=str
)
async def test_agents_are_named_as_the_desk_wants(
    db: Database, agent: Actor, ticket: int, shown: str, author: str
) -> None:
    """Full name, first name, or only the team."""
    await leave(db, await answered(db, ticket, agent))
    asha = await verified(db, ASHA)
    async with unit_of_work(db) as session:
        await policy.write(session, Policy(agent_names=shown))  # type: ignore[arg-type]
    async with reading(db) as session:
        talk = await requests.read_talk(session, asha, ticket, await policy.read(session))
    assert [(item.kind, item.author) for item in talk.items] == [("own", "Asha Rao"), ("ours", author)]
    kept = msgspec.json.encode(talk).decode()
    assert ("Iyer" in kept) is (shown == "full")


async def test_states_are_the_customers(db: Database, agent: Actor, ticket: int, clock: ManualClock) -> None:
    """Our turn, her turn with what we asked, held, solved with the last day to reopen, closed."""
    asha = await verified(db, ASHA)

    async def found() -> requests.Request:
        async with reading(db) as session:
            return await requests.get_request(session, asha, ticket, Policy(reopen_days=10))

    assert ((await found()).line.state, (await found()).line.is_own) == ("working", True)
    await leave(db, await answered(db, ticket, agent, status="pending"))
    assert ((await found()).line.state, (await found()).line.asked) == ("waiting", "Please send a photo of the plate.")
    for status, state in (("on_hold", "held"), ("solved", "solved")):
        async with unit_of_work(db, agent) as session:
            await lifecycle.change(session, ticket, TicketChange(status=status))
        assert (await found()).line.state == state
    solved = await found()
    assert (solved.reopen_until, solved.follow_up) == (clock.now() + timedelta(days=10), False)
    clock.advance(timedelta(days=10, seconds=1))
    assert ((await found()).reopen_until, (await found()).follow_up) == (None, True)
    async with unit_of_work(db, agent) as session:
        await lifecycle.change(session, ticket, TicketChange(status="closed"))
    assert ((await found()).line.state, (await found()).follow_up) == ("closed", True)
    async with reading(db) as session:
        kinds = [item.kind for item in (await requests.read_talk(session, asha, ticket, Policy())).items]
    assert kinds == ["own", "ours", "solved"]


async def test_pages_follow_one_another(db: Database, clock: ManualClock) -> None:
    """Every request once, newest first; open and finished ones apart."""
    async with unit_of_work(db) as session:
        made = [(await factories.received(session, ASHA)).ticket_id for _ in range(7)]
        await lifecycle.change(session, made[3], TicketChange(status="solved"))
    asha = await verified(db, ASHA)
    async with reading(db) as session:
        got: list[int] = []
        before: int | None = None
        while True:
            lines, before = await requests.list_requests(session, asha, before=before, limit=3)
            got += [line.id for line in lines]
            if before is None:
                break
        assert got == made[::-1]
        done, _ = await requests.list_requests(session, asha, over=True)
        still, _ = await requests.list_requests(session, asha, over=False)
        assert ([line.id for line in done], len(still)) == ([made[3]], 6)
        assert [line.id for line in (await requests.list_requests(session, asha, q=f"#{made[2]}"))[0]] == [made[2]]


Say = Callable[..., Awaitable[int]]


@pytest.mark.parametrize(
    ("proof", "believed"),
    [
        ({"token_ticket_id": True}, True),
        ({"portal_ticket_id": True}, True),
        ({"mark_ticket_id": True}, True),
        ({"subject": "number"}, False),
    ],
    ids=["token", "portal", "mark", "subject"],
)
async def test_only_proven_mails_make_participants(db: Database, ticket: int, proof: dict, believed: bool) -> None:
    """Whoever only claims to be the customer, and knows a number, cannot let himself in by a Cc."""
    fields = {name: ticket if value is True else f"Re: #{ticket}" for name, value in proof.items()}
    async with unit_of_work(db) as session:
        got = await factories.received(session, ASHA, cc=[Person("", OTHER)], **fields)
        assert got.ticket_id == ticket
        rows = list(await session.scalars(select(Participant.address)))
    assert rows == ([OTHER] if believed else [])


async def test_writing_into_a_thread_lets_nobody_in(db: Database, ticket: int) -> None:
    """A stranger with a signed address is heard, and sees nothing; nor do robots, lists and old mails add anybody."""
    async with unit_of_work(db) as session:
        await factories.received(session, OTHER, token_ticket_id=ticket, cc=[Person("", RAVI)])
        for kind in ("is_auto", "is_list", "archived"):
            await factories.received(session, ASHA, token_ticket_id=ticket, cc=[Person("", RAVI)], **{kind: True})
        assert list(await session.scalars(select(Participant.address))) == []
    other = await verified(db, OTHER)
    assert await seen(db, other) == set()


async def test_those_whom_an_agent_copies_take_part(db: Database, agent: Actor, ticket: int) -> None:
    """In Cc, not blindly, and not whom something is passed on to."""
    people = {"cc": [Person("", RAVI)], "bcc": [Person("", BOSS)]}
    await answered(db, ticket, agent, **people)
    await answered(db, ticket, agent, force=True, subject="Fwd", to=[Person("", OTHER)])
    async with reading(db) as session:
        assert list(await session.scalars(select(Participant.address))) == [RAVI]
        assert (await session.scalars(select(Message.kind).where(Message.ticket_id == ticket))).all() != []


async def test_a_mail_to_hundreds_is_no_conversation(db: Database, ticket: int) -> None:
    """More than fifty at once take no part."""
    async with unit_of_work(db) as session:
        await participants.add(session, ticket, [f"p{number}@elsewhere.example" for number in range(51)])
        assert list(await session.scalars(select(Participant.address))) == []


async def test_a_customer_says_that_it_is_solved(db: Database, ticket: int) -> None:
    """Her own only; again changes nothing; a participant may, too."""
    asha, nobody = await verified(db, ASHA), Actor(ActorKind.CUSTOMER, 999, "Nobody")
    for _ in range(2):
        async with unit_of_work(db, asha) as session:
            await requests.solve(session, asha, ticket)
    async with reading(db) as session:
        assert (await session.get_one(Ticket, ticket)).status == "solved"
    with pytest.raises(NotFound):
        async with unit_of_work(db, nobody) as session:
            await requests.solve(session, nobody, ticket)


async def test_a_guest_link_is_signed_and_ends(db: Database, ticket: int, clock: ManualClock) -> None:
    """One for a time; forged, old, taken back or unwanted ones open nothing."""
    async with unit_of_work(db) as session:
        token = await guests.link_to(session, "secret", ticket)
        assert token is not None
        assert await guests.link_to(session, "secret", ticket) == token
        guest = await guests.guest_of(session, "secret", token)
        assert (guest.ticket_id, guest.address) == (ticket, ASHA)
        assert guest.actor.only_ticket_id == ticket
    number, _, signature = token.partition("-")
    forged = [f"{int(number) + 1}-{signature}", f"{number}-{'0' * len(signature)}", number, "", "x-y", f"²-{signature}"]
    async with reading(db) as session:
        for each in forged:
            with pytest.raises(NotFound):
                await guests.guest_of(session, "secret", each)
        with pytest.raises(NotFound):
            await guests.guest_of(session, "another secret", token)
    async with unit_of_work(db) as session:
        await policy.write(session, Policy(guest_links=False))
        assert await guests.link_to(session, "secret", ticket) is None
        with pytest.raises(NotFound):
            await guests.guest_of(session, "secret", token)
        await policy.write(session, Policy())
        assert (await guests.guest_of(session, "secret", token)).ticket_id == ticket
    clock.advance(timedelta(days=20))
    async with unit_of_work(db) as session:
        newer = await guests.link_to(session, "secret", ticket)
        assert newer != token
    clock.advance(timedelta(days=11))
    async with unit_of_work(db) as session:
        with pytest.raises(NotFound):
            await guests.guest_of(session, "secret", token)
        assert (await guests.guest_of(session, "secret", newer)).ticket_id == ticket
        assert await guests.revoke(session, ticket) == 1
        with pytest.raises(NotFound):
            await guests.guest_of(session, "secret", newer)
