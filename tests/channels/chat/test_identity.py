"""Who a visitor is: nobody's guess is anything, and two people are never made one (field 2.4.6)."""

import base64
from datetime import timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from channels.chat import visitors, widgets
from channels.chat.identity import Claim, NotProven, Signed, VisitorTokens, proven, signature
from channels.chat.models import ChatVisitor
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from customers.models import ContactPoint, Customer
from tests import factories
from tests.channels.chat.talking import TOKENS, VAULT, Desk

KEY = "the-widgets-secret-of-forty-characters-.."
ASHA = Claim(user_id="17", email="asha@customer.example", name="Asha Rao")


def signed(claim: Claim, key: str = KEY) -> Claim:
    """The claim with the site's signature."""
    return Claim(claim.user_id, claim.email, claim.name, signature(key, claim.user_id, claim.email))


def token(clock: ManualClock, key: str = KEY, **said: object) -> str:
    """A JSON Web Token of the site."""
    ends = int((clock.now() + timedelta(minutes=10)).timestamp())
    return jwt.encode({"sub": "17", "email": "asha@customer.example", "name": "Asha Rao", "exp": ends} | said, key)


def test_the_sites_signature_is_believed_in_both_spellings() -> None:
    """Hexadecimal or base64url, as the site's language makes it easy."""
    found = proven(signed(ASHA), [KEY])
    assert found == Signed("17", "asha@customer.example", "Asha Rao")
    raw = bytes.fromhex(signature(KEY, "17", "asha@customer.example"))
    other = Claim("17", "asha@customer.example", "", base64.urlsafe_b64encode(raw).decode())
    assert proven(other, [KEY]).external_id == "17"


@pytest.mark.parametrize(
    "claim",
    [
        ASHA,
        Claim("18", ASHA.email, "", signature(KEY, "17", ASHA.email)),
        Claim("17", "ravi@customer.example", "", signature(KEY, "17", ASHA.email)),
        Claim("17", ASHA.email, "", signature("other", "17", ASHA.email)),
        Claim("", "", "", signature(KEY, "", "")),
        Claim("17", ASHA.email, "", "é" * 64),
        Claim(jwt="x.y.z"),
    ],
)
def test_anything_else_proves_nobody(claim: Claim) -> None:
    """No signature, another's, one of another widget, or rubbish."""
    assert proven(signed(ASHA), [KEY]).external_id == "17"
    with pytest.raises(NotProven):
        proven(claim, [KEY])


def test_a_web_token_is_believed_until_it_ends(clock: ManualClock) -> None:
    """It names its end; after it, or with an end too far away, it is nothing."""
    given_now = Claim(jwt=token(clock))
    assert proven(given_now, ["an-older-secret-of-more-than-forty-characters", KEY]) == Signed(
        "17", "asha@customer.example", "Asha Rao"
    )
    clock.advance(timedelta(minutes=11))
    with pytest.raises(NotProven):
        proven(given_now, [KEY])


def test_a_web_token_without_an_end_or_with_another_algorithm_is_refused(clock: ManualClock) -> None:
    """The classic holes: no expiry, "none", another key, an end in a year."""
    far = int((clock.now() + timedelta(days=365)).timestamp())
    bad = [
        jwt.encode({"sub": "17"}, KEY),
        jwt.encode({"sub": "17", "exp": far}, KEY),
        jwt.encode({"sub": "17", "exp": far}, None, algorithm="none"),
        token(clock, "another-widgets-secret-of-forty-characters"),
        token(clock, sub=""),
        token(clock, exp="soon"),
    ]
    for each in bad:
        with pytest.raises(NotProven):
            proven(Claim(jwt=each), [KEY])
    assert proven(Claim(jwt=token(clock)), [KEY]).external_id == "17"


@given(st.text(max_size=60), st.integers(0, 5))
def test_no_made_up_token_is_a_visitor(text: str, widget_id: int) -> None:
    """Whatever somebody sends, only what we have signed names a visitor."""
    for made in (text, f"a.{text}", f"s.{widget_id}.1.99999999999.{text}", f"1.2.{text}"):
        assert TOKENS.name_in(made, widget_id) is None
        assert TOKENS.visitor_in(made, widget_id) is None


def test_tokens_belong_to_one_widget_and_one_desk(clock: ManualClock) -> None:
    """A token of one widget opens nothing behind another; a session ends within an hour."""
    anonymous, name_hash = TOKENS.anonymous(1)
    session = TOKENS.session(1, 7)
    assert (TOKENS.name_in(anonymous, 1), TOKENS.visitor_in(session, 1)) == (name_hash, 7)
    assert (TOKENS.name_in(anonymous, 2), TOKENS.visitor_in(session, 2)) == (None, None)
    assert VisitorTokens("another desk").name_in(anonymous, 1) is None
    clock.advance(timedelta(minutes=61))
    assert TOKENS.visitor_in(session, 1) is None


async def test_who_the_site_vouches_for_is_the_customer(desk: Desk, db: Database) -> None:
    """A signed address leads to the known person and is verified; the site's id decides from then on."""
    async with unit_of_work(db) as session:
        known = await factories.received(session)
        visitor = await visitors.signed_in(session, desk.widget, Signed("17", "asha@customer.example", "Asha Rao"))
        again = await visitors.signed_in(session, desk.widget, Signed("17", "asha.new@customer.example", ""))
    assert (visitor.customer_id, again.id, again.customer_id) == (known.customer_id, visitor.id, known.customer_id)
    async with reading(db) as session:
        points = list(await session.scalars(select(ContactPoint).order_by(ContactPoint.id)))
    assert [(each.value, each.verified) for each in points] == [
        ("asha@customer.example", True),
        ("asha.new@customer.example", True),
    ]


async def test_two_people_on_one_browser_are_two_visitors(desk: Desk, db: Database) -> None:
    """A chat without a name, then Asha signs in, then Ravi: three visitors, none of whom sees another's words."""
    anonymous = await desk.visitor()
    await desk.say(await desk.begin(anonymous), "Who sees this?")
    async with unit_of_work(db) as session:
        asha = await visitors.signed_in(session, desk.widget, Signed("17", "asha@customer.example", "Asha"))
        ravi = await visitors.signed_in(session, desk.widget, Signed("18", "ravi@customer.example", "Ravi"))
    first, second = await desk.begin(asha), await desk.begin(ravi)
    await desk.say(first, "From Asha")
    await desk.say(second, "From Ravi")
    assert await desk.texts(first) == ["From Asha"]
    assert await desk.texts(second) == ["From Ravi"]
    async with reading(db) as session:
        assert await session.scalar(select(func.count()).select_from(Customer)) == 3


async def test_recognising_a_visitor(desk: Desk, db: Database) -> None:
    """A kept token is its visitor, and its neighbour's number is not."""
    kept, name_hash = TOKENS.anonymous(desk.widget.id)
    async with unit_of_work(db) as session:
        made = await visitors.anonymous(session, desk.widget, name_hash)
    async with reading(db) as session:
        found = await visitors.recognise(session, TOKENS, desk.widget, kept)
        assert found is not None
        assert found.id == made.id
        for guess in ("", "a.1", str(made.id), kept[:-1], TOKENS.anonymous(desk.widget.id)[0]):
            assert await visitors.recognise(session, TOKENS, desk.widget, guess) is None
        assert await session.scalar(select(func.count()).select_from(ChatVisitor)) == 1


async def test_an_old_secret_is_believed_for_a_day(desk: Desk, db: Database, clock: ManualClock) -> None:
    """The site has time to change it; then it is worth nothing."""
    async with unit_of_work(db) as session:
        old = widgets.secret_of(await widgets.get(session, desk.widget.id), VAULT)
        new = await widgets.rotate(session, VAULT, desk.widget.id)
    async with reading(db) as session:
        widget = await widgets.get(session, desk.widget.id)
        assert widgets.keys_of(widget, VAULT) == [new, old]
        assert old not in (widget.secret + (widget.previous_secret or ""))
        clock.advance(timedelta(days=1, seconds=1))
        assert widgets.keys_of(widget, VAULT) == [new]
