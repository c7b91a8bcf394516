"""Sign-in: what is counted, who is slowed down and who is not, and races."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.clock import ManualClock
from core.db import Database, unit_of_work
from staff import agents, login, passwords, sessions
from staff.errors import BadCredentials, TooManyTries
from staff.login import Place, sign_in
from tests.staff.conftest import PASSWORD

HOME, ELSEWHERE = Place("203.0.113.7", "Browser"), Place("198.51.100.9")


async def fail(db: Database, place: Place, times: int, email: str = "meera@desk.example") -> None:
    """Try wrong passwords."""
    for _ in range(times):
        with pytest.raises(BadCredentials):
            await sign_in(db, email, "wrong password", place, 14)


async def kinds(db: Database) -> list[str]:
    """The kinds of the events of sessions, in order."""
    async with db.sessions() as session:
        return list(await session.scalars(text("select kind from events where kind like 'session.%' order by id")))


async def test_a_sign_in_is_on_record(db: Database, agent_id: int) -> None:
    """Success and refusal are events; the token itself is nowhere in the database."""
    await fail(db, HOME, 1)
    made = await sign_in(db, " MEERA@desk.example", PASSWORD, HOME, 14)
    assert made.agent_id == agent_id
    assert await kinds(db) == ["session.refused", "session.started"]
    async with db.engine.connect() as connection:
        found = await sessions.find(db, made.token)
        assert found is not None
        assert found.actor.id == agent_id
        stored = (await connection.execute(text("select token_hash from sessions"))).scalar_one()
        assert bytes(stored) == sessions.token_hash(made.token) != made.token.encode()


async def test_guessing_from_elsewhere_does_not_lock_anybody_out(db: Database, agent_id: int) -> None:
    """The guesser waits; the owner signs in from her own place."""
    await fail(db, ELSEWHERE, login.PAIR_LIMIT)
    with pytest.raises(TooManyTries):
        await sign_in(db, "meera@desk.example", PASSWORD, ELSEWHERE, 14)
    assert (await sign_in(db, "meera@desk.example", PASSWORD, HOME, 14)).agent_id == agent_id


async def test_a_success_forgives_earlier_slips(db: Database, agent_id: int) -> None:
    """Typing wrong now and then never adds up to a wait."""
    for _ in range(3):
        await fail(db, HOME, login.PAIR_LIMIT - 1)
        await sign_in(db, "meera@desk.example", PASSWORD, HOME, 14)


async def test_waiting_helps_and_tries_meanwhile_do_not_lengthen_it(
    db: Database, agent_id: int, clock: ManualClock
) -> None:
    """The wait is told exactly, and asking again does not move it."""
    await fail(db, HOME, login.PAIR_LIMIT)
    clock.advance(timedelta(minutes=5))
    waits = []
    for _ in range(3):
        with pytest.raises(TooManyTries) as refused:
            await sign_in(db, "meera@desk.example", PASSWORD, HOME, 14)
        waits.append(refused.value.extra["retry_after"])
    assert waits == [10 * 60 + 1] * 3
    clock.advance(timedelta(seconds=waits[0]))
    await sign_in(db, "meera@desk.example", PASSWORD, HOME, 14)


async def test_a_place_that_tries_many_addresses_is_refused_but_for_its_own_people(
    db: Database, agent_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spraying one password over all addresses ends; who is at home there still gets in."""
    monkeypatch.setattr(login, "PLACE_LIMIT", 8)
    await sign_in(db, "meera@desk.example", PASSWORD, HOME, 14)
    for number in range(8):
        await fail(db, HOME, 1, f"nobody{number}@desk.example")
    with pytest.raises(TooManyTries):
        await sign_in(db, "nobody99@desk.example", "wrong password", HOME, 14)
    await sign_in(db, "meera@desk.example", PASSWORD, HOME, 14)
    for number in range(8):
        await fail(db, ELSEWHERE, 1, f"nobody{number}@desk.example")
    with pytest.raises(TooManyTries):
        await sign_in(db, "meera@desk.example", PASSWORD, ELSEWHERE, 14)


async def test_tries_sent_at_once_are_all_counted(db: Database, agent_id: int) -> None:
    """A burst gets no more guesses than a queue of single tries."""

    async def guess() -> type[Exception]:
        try:
            await sign_in(db, "meera@desk.example", "wrong password", HOME, 14)
        except (BadCredentials, TooManyTries) as refused:
            return type(refused)
        raise AssertionError

    outcomes = await asyncio.gather(*(guess() for _ in range(16)))
    assert outcomes.count(BadCredentials) == login.PAIR_LIMIT


async def test_one_person_with_many_addresses_of_ipv6_is_one_place(db: Database, agent_id: int) -> None:
    """The network is counted, of which one person has 2^64 addresses."""
    for number in range(login.PAIR_LIMIT):
        await fail(db, Place(f"2001:db8:1:2::{number + 1}"), 1)
    with pytest.raises(TooManyTries):
        await sign_in(db, "meera@desk.example", PASSWORD, Place("2001:db8:1:2:ffff::1"), 14)
    await sign_in(db, "meera@desk.example", PASSWORD, Place("2001:db8:1:3::1"), 14)


async def test_the_same_work_is_done_for_unknown_addresses(
    db: Database, agent_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password is hashed in both cases, so the time tells nothing."""
    verified: list[str | None] = []
    original = passwords.HASHER.verify_and_update

    def counting(password: str, stored: str) -> tuple[bool, str | None]:
        verified.append(stored)
        return original(password, stored)

    monkeypatch.setattr(passwords.HASHER, "verify_and_update", counting)
    await fail(db, HOME, 1)
    await fail(db, HOME, 1, "nobody@desk.example")
    assert len(verified) == 2
    assert {str(stored).rpartition("$")[0].rpartition("$")[0] for stored in verified} == {"$argon2id$v=19$m=8,t=1,p=1"}


async def test_a_closed_account_is_refused_like_a_wrong_password(db: Database, agent_id: int) -> None:
    """The answer does not say that the account exists."""
    async with unit_of_work(db) as session:
        await agents.set_active(session, agent_id, active=False)
    with pytest.raises(BadCredentials):
        await sign_in(db, "meera@desk.example", PASSWORD, HOME, 14)


async def test_a_password_changed_while_signing_in_wins(
    db: Database, agent_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No session of the old password begins after all sessions were ended."""
    original = passwords.verify

    async def slow(password: str, stored: str | None) -> tuple[bool, str | None]:
        result = await original(password, stored)
        async with unit_of_work(db) as session:
            await agents.set_password(session, agent_id, "another password")
        return result

    monkeypatch.setattr(passwords, "verify", slow)
    with pytest.raises(BadCredentials):
        await sign_in(db, "meera@desk.example", PASSWORD, HOME, 14)
    async with db.sessions() as session:
        assert await session.scalar(text("select count(*) from sessions")) == 0


async def test_a_weaker_hash_is_made_stronger_at_sign_in(
    db: Database, agent_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parameters grow over the years without anybody setting a new password."""
    stronger = passwords.PasswordHash((passwords.Argon2Hasher(time_cost=2, memory_cost=16, parallelism=1),))
    monkeypatch.setattr(passwords, "HASHER", stronger)
    await sign_in(db, "meera@desk.example", PASSWORD, HOME, 14)
    async with db.sessions() as session:
        stored = await session.scalar(text("select password_hash from agents"))
    assert "m=16,t=2" in str(stored)
    await sign_in(db, "meera@desk.example", PASSWORD, HOME, 14)
