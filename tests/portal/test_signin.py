"""Signing in on the portal by a mailed link or code: who gets in, who does not, and what nobody can find out."""

import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select, update

from core.db import Database, reading, unit_of_work
from core.events import EventRow
from customers import signin
from customers.models import ContactPoint, Customer, CustomerSession, SignInLink
from portal import auth, known
from tests import factories
from tests.portal.conftest import Desk, browser
from tests.portal.signing_in import ask, code_to, link_to, mails, sign_in, token_in

ASHA = "asha@customer.example"


@pytest.fixture
async def asha(db: Database, desk: Desk) -> int:
    """A customer who has written once."""
    async with unit_of_work(db) as session:
        return (await factories.received(session, ASHA)).customer_id


@pytest.fixture
async def other(desk: Desk) -> httpx.AsyncClient:
    """Another browser."""
    async with browser(desk.client._transport) as client:
        yield client


async def sessions(db: Database) -> int:
    """How many sessions there are."""
    async with reading(db) as session:
        return await session.scalar(select(func.count()).select_from(CustomerSession)) or 0


async def test_a_link_signs_in_and_proves_the_address(desk: Desk, db: Database, asha: int) -> None:
    """From the address to a session: the mail's link shows a button, the button signs in, the address is verified."""
    answer = await ask(desk, f"  {ASHA.upper()} ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/sign-in/code")
    assert [mail.sender_name for mail in await mails(db)] == ["Acme"]
    path = await link_to(db)
    page = await desk.client.get(path)
    assert (page.status_code, "Is it you?" in page.text, await sessions(db)) == (200, True, 0)
    assert page.headers["referrer-policy"] == "same-origin"  # with "no-referrer" browsers post with "Origin: null"
    answer = await desk.client.post(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/requests")
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(auth.COOKIE))
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/portal"))
    assert ">My requests</a>" in (await desk.client.get("/portal")).text
    async with reading(db) as session:
        point = (await session.scalars(select(ContactPoint).where(ContactPoint.value == ASHA))).one()
        row = (await session.scalars(select(CustomerSession))).one()
        kinds = set(await session.scalars(select(EventRow.kind).where(EventRow.customer_id == asha)))
    assert (point.verified, point.customer_id, row.customer_id, row.contact) == (True, asha, asha, ASHA)
    assert {"customer.signed_in", "customer.contact_verified"} <= kinds
    assert desk.client.cookies[auth.COOKIE].encode() not in row.token_hash


async def test_known_and_unknown_addresses_get_the_same_answer(
    desk: Desk, db: Database, asha: int, other: httpx.AsyncClient
) -> None:
    """Status, place to go and page are equal for a customer, a stranger, and an address that no mail reaches."""
    async with unit_of_work(db) as session:
        await factories.received(session, "dead@customer.example")
        dead = update(ContactPoint).where(ContactPoint.value == "dead@customer.example")
        await session.execute(dead.values(invalid_reason="550 no such user"))
    answers = []
    for address in (ASHA, "stranger@elsewhere.example", "dead@customer.example"):
        answer = await ask(desk, address, client=other)
        page = await other.get(answer.headers["location"])
        answers.append((answer.status_code, answer.headers["location"], page.text))
    assert answers[0] == answers[1] == answers[2]
    assert [mail.to_address for mail in await mails(db)] == [ASHA, "stranger@elsewhere.example"]


async def test_whoever_proves_a_new_address_becomes_a_customer(desk: Desk, db: Database) -> None:
    """Nobody is made by asking; the proof makes her, with the language of the page."""
    page = (await desk.client.get("/portal/sign-in?lang=mr")).text
    data = {"email": "new@elsewhere.example", "token": token_in(page), "next": ""}
    await desk.client.post("/portal/sign-in?lang=mr", data=data)
    async with reading(db) as session:
        assert await session.scalar(select(func.count()).select_from(Customer)) == 0
    await desk.client.post(await link_to(db))
    async with reading(db) as session:
        customer = (await session.scalars(select(Customer))).one()
    assert (customer.name, customer.language) == ("New", "mr")


async def test_the_code_works_in_the_same_browser(desk: Desk, db: Database, asha: int) -> None:
    """Typed or pasted with a space in it; used once."""
    await ask(desk, ASHA)
    code = await code_to(db)
    answer = await desk.client.post("/portal/sign-in/code", data={"code": f" {code[:3]} {code[3:]} "})
    assert (answer.status_code, await sessions(db)) == (303, 1)
    desk.client.cookies.delete(auth.COOKIE)
    answer = await desk.client.post("/portal/sign-in/code", data={"code": code})
    assert (answer.status_code, await sessions(db)) == (422, 1)
    assert "This code does not work" in answer.text


async def test_another_browser_gets_nowhere(desk: Desk, db: Database, asha: int, other: httpx.AsyncClient) -> None:
    """Neither link nor code of a mail that another browser asked for, with or without a cookie of its own."""
    await ask(desk, ASHA)
    path, code = await link_to(db), await code_to(db)
    for _ in range(2):
        assert "does not work here" in (await other.get(path)).text
        assert "does not work here" in (await other.post(path)).text
        assert (await other.post("/portal/sign-in/code", data={"code": code})).status_code == 422
        await ask(desk, "other@customer.example", client=other)
    assert await sessions(db) == 0
    assert (await desk.client.post(path)).status_code == 303


async def test_a_link_works_once_and_for_twenty_minutes(desk: Desk, db: Database, asha: int) -> None:
    """A used one and an old one say so; looking uses nothing up."""
    await ask(desk, ASHA)
    path = await link_to(db)
    for _ in range(3):
        await desk.client.get(path)
        await desk.client.head(path)
    await desk.client.post(path)
    assert "does not work here" in (await desk.client.post(path)).text
    await ask_again(desk)
    path, code = await link_to(db), await code_to(db)
    desk.clock.advance(signin.LIFETIME)
    assert "does not work here" in (await desk.client.post(path)).text
    assert (await desk.client.post("/portal/sign-in/code", data={"code": code})).status_code == 422
    assert await sessions(db) == 1


async def ask_again(desk: Desk) -> None:
    """Ask from the same browser, signed out."""
    desk.client.cookies.delete(auth.COOKIE)
    await ask(desk, ASHA)


async def test_a_code_can_be_guessed_five_times(desk: Desk, db: Database, asha: int) -> None:
    """Then even the right one is refused; the link still works."""
    await ask(desk, ASHA)
    code = await code_to(db)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(signin.TRIES):
        assert (await desk.client.post("/portal/sign-in/code", data={"code": wrong})).status_code == 422
    assert (await desk.client.post("/portal/sign-in/code", data={"code": code})).status_code == 422
    assert (await desk.client.post(await link_to(db))).status_code == 303


async def test_nobody_is_flooded(desk: Desk, db: Database) -> None:
    """Five mails in an hour of one network to one address; thirty to all; then it says how long to wait."""
    for _ in range(signin.PER_HOUR):
        assert (await ask(desk, ASHA)).status_code == 303
    desk.clock.advance(timedelta(minutes=10))
    answer = await ask(desk, ASHA)
    assert answer.status_code == 429
    assert "Please wait 51 minutes" in answer.text
    assert int(answer.headers["retry-after"]) > 50 * 60
    assert f'value="{ASHA}"' in answer.text
    for number in range(signin.PER_NETWORK - signin.PER_HOUR):
        assert (await ask(desk, f"person{number}@elsewhere.example")).status_code == 303
    assert (await ask(desk, "one-more@elsewhere.example")).status_code == 429
    desk.clock.advance(timedelta(hours=1))
    assert (await ask(desk, ASHA)).status_code == 303
    assert len(await mails(db)) == signin.PER_NETWORK + 1


async def test_a_stranger_does_not_lock_the_owner_out(
    desk: Desk, db: Database, asha: int, other: httpx.AsyncClient
) -> None:
    """A network uses up its own turns, many together use up those of strangers; a browser of hers keeps its own."""
    app = desk.client._transport.app
    own = await sign_in(desk, db, ASHA)
    own.cookies.delete(auth.COOKIE)
    asked = 0
    for network in range(1, signin.PER_ADDRESS):
        elsewhere = httpx.ASGITransport(app, client=(f"198.51.100.{network}", 9))
        async with browser(elsewhere) as stranger:
            answers = [(await ask(desk, ASHA, client=stranger)).status_code for _ in range(signin.PER_HOUR + 1)]
        asked += answers.count(303)
        assert answers.count(303) <= signin.PER_HOUR
        if network == 1:  # its turns are used up, those of her other network are not
            assert answers[-1] == 429
            assert (await ask(desk, ASHA, client=other)).status_code == 303
        if 303 not in answers:
            break
    assert asked == signin.PER_ADDRESS - 2  # the first sign-in and the other network had theirs
    assert (await ask(desk, ASHA, client=other)).status_code == 429
    for _ in range(signin.PER_HOUR):
        assert (await ask(desk, ASHA, client=own)).status_code == 303
    assert (await own.post(await link_to(db))).status_code == 303
    own.cookies.delete(auth.COOKIE)
    assert (await ask(desk, ASHA, client=own)).status_code == 429


async def test_a_known_browser_is_one_for_its_addresses_only(desk: Desk, db: Database, asha: int) -> None:
    """What another secret, another address or a made-up name has signed counts for nothing."""
    await sign_in(desk, db, ASHA)
    cookie = desk.client.cookies[known.COOKIE]
    assert known.name_in("test-secret", cookie, ASHA)
    assert ASHA not in cookie
    name, _, signature = cookie.partition(".")
    forged = [
        ("test-secret", f"{name}x.{signature}", ASHA),
        ("test-secret", cookie, "b@c.example"),
        ("x", cookie, ASHA),
    ]
    forged += [("test-secret", made_up, ASHA) for made_up in ("", ".", "a.b", "é." + signature, cookie * 30)]
    assert [known.name_in(*each) for each in forged] == [""] * len(forged)
    for number in range(known.MOST_ADDRESSES):
        cookie = known.with_address("test-secret", cookie, f"{number}@c.example")
    assert known.name_in("test-secret", cookie, "0@c.example") == name
    assert known.name_in("test-secret", cookie, ASHA) == ""


@pytest.mark.parametrize("address", ["", "asha", "asha@localhost", "a b@example.com, c@example.com", "x" * 300])
async def test_what_is_no_address_is_refused_with_the_words_kept(desk: Desk, db: Database, address: str) -> None:
    """The summary links to the field, which keeps what was typed."""
    answer = await ask(desk, address)
    assert (answer.status_code, await mails(db)) == (422, [])
    assert 'href="#email"' in answer.text
    assert f'value="{address}"' in answer.text


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/portal//evil.example", "/portal/\\evil", "/console", ""]
)
async def test_nobody_is_led_elsewhere(desk: Desk, db: Database, asha: int, target: str) -> None:
    """Only pages of the portal are gone on to."""
    await ask(desk, ASHA, f"?next={target}")
    assert (await desk.client.post(await link_to(db))).headers["location"] == "/portal/requests"


async def test_one_goes_on_to_where_one_wanted(desk: Desk, db: Database, asha: int) -> None:
    """The page that asked for the sign-in comes after it."""
    await ask(desk, ASHA, "?next=/portal/profile")
    assert (await desk.client.post(await link_to(db))).headers["location"] == "/portal/profile"


async def test_the_token_is_new_at_each_sign_in(desk: Desk, db: Database, asha: int) -> None:
    """A planted cookie is not taken over, and the session before ends."""
    desk.client.cookies.set(auth.COOKIE, "planted-by-somebody", domain="desk.example", path="/portal")
    await sign_in(desk, db, ASHA)
    first = [each.value for each in desk.client.cookies.jar if each.name == auth.COOKIE]
    assert "planted-by-somebody" not in first
    page = (await desk.client.get("/portal/sign-in")).headers
    assert page["location"] == "/portal/requests"


async def test_signing_out_ends_the_session(desk: Desk, db: Database, asha: int, other: httpx.AsyncClient) -> None:
    """Here only, or everywhere; without the form's token nothing happens."""
    await sign_in(desk, db, ASHA)
    await sign_in(desk, db, ASHA, client=other)
    assert (await desk.client.post("/portal/sign-out", data={})).status_code == 403
    assert await sessions(db) == 2
    token = auth.form_token(desk.client.cookies[auth.COOKIE])
    foreign = {"Origin": "https://evil.example"}
    assert (await desk.client.post("/portal/sign-out", data={"token": token}, headers=foreign)).status_code == 403
    await desk.client.post("/portal/sign-out", data={"token": token})
    assert await sessions(db) == 1
    assert ">Sign in</a>" in (await desk.client.get("/portal")).text
    await sign_in(desk, db, ASHA)
    token = auth.form_token(desk.client.cookies[auth.COOKIE])
    await desk.client.post("/portal/sign-out", data={"token": token, "everywhere": "1"})
    assert await sessions(db) == 0


async def test_other_sites_cannot_ask(desk: Desk, db: Database) -> None:
    """A post from another origin, or without a form of ours, sends no mail and uses no link."""
    token = token_in((await desk.client.get("/portal/sign-in")).text)
    data = {"email": ASHA, "token": token}
    foreign = {"Origin": "https://evil.example"}
    assert (await desk.client.post("/portal/sign-in", data=data, headers=foreign)).status_code == 422
    assert (await desk.client.post("/portal/sign-in", data=data | {"token": "x"})).status_code == 422
    assert await mails(db) == []
    await ask(desk, ASHA)
    assert (await desk.client.post(await link_to(db), headers=foreign)).status_code == 403
    assert await sessions(db) == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://desk.example"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),  # a page without a referrer
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://shop.desk.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://desk.example"}, 403),
        ({"Origin": "http://desk.example"}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
    ids=str,
)
async def test_a_post_with_a_cookie_proves_where_it_comes_from(
    desk: Desk, db: Database, asha: int, headers: dict[str, str], status: int
) -> None:
    """The browser's word for it decides, in an older one the origin; nothing at all is no proof, token or not."""
    await sign_in(desk, db, ASHA)
    token = auth.form_token(desk.client.cookies[auth.COOKIE])
    del desk.client.headers["Origin"]
    answer = await desk.client.post("/portal/sign-out", data={"token": token}, headers=headers)
    assert (answer.status_code, await sessions(db)) == (status, 0 if status == 303 else 1)


async def test_a_program_without_a_cookie_names_no_origin(desk: Desk, db: Database) -> None:
    """It acts for nobody, so there is nobody to be misled."""
    del desk.client.headers["Origin"]
    assert (await ask(desk, ASHA)).status_code == 303
    code = {"code": await code_to(db)}
    assert (await desk.client.post("/portal/sign-in/code", data=code)).status_code == 403  # now it has one
    desk.client.headers["Origin"] = "http://desk.example"
    assert (await desk.client.post("/portal/sign-in/code", data=code)).status_code == 303


async def test_a_session_ends_when_it_is_not_used(desk: Desk, db: Database, asha: int, settings) -> None:
    """Use moves the end; thirty days without use end it."""
    await sign_in(desk, db, ASHA)
    for _ in range(3):
        desk.clock.advance(timedelta(days=settings.portal_session_days - 1))
        assert ">My requests</a>" in (await desk.client.get("/portal")).text
    desk.clock.advance(timedelta(days=settings.portal_session_days))
    assert ">Sign in</a>" in (await desk.client.get("/portal")).text


async def test_the_profiles_language_comes_before_the_browsers(desk: Desk, db: Database, asha: int) -> None:
    """Until she chooses another one in this browser."""
    async with unit_of_work(db) as session:
        await session.execute(update(Customer).values(language="kn"))
    desk.client.headers["Accept-Language"] = "hi"
    assert '<html lang="hi">' in (await desk.client.get("/portal")).text
    await ask(desk, ASHA)
    desk.client.cookies.delete("sampark_lang")
    await desk.client.post(await link_to(db))
    assert '<html lang="kn">' in (await desk.client.get("/portal")).text
    await desk.client.get("/portal?lang=bn")
    assert '<html lang="bn">' in (await desk.client.get("/portal")).text


async def test_only_hashes_are_kept(desk: Desk, db: Database, asha: int) -> None:
    """The row of a link holds neither its token nor its code nor the browser's secret."""
    await ask(desk, ASHA)
    async with reading(db) as session:
        row = (await session.scalars(select(SignInLink))).one()
    kept = repr({name: value for name, value in vars(row).items() if not name.startswith("_")})
    token = re.search(r"link/(.+)", await link_to(db))[1]
    assert not any(secret in kept for secret in (token, await code_to(db), desk.client.cookies["sampark_signin"]))
