"""Sign-in over HTTP: cookie, CSRF, fixation, limits, sign-out."""

from datetime import timedelta

from core.clock import ManualClock
from core.db import Database, unit_of_work
from staff import agents, login
from tests.agent_ui.conftest import PASSWORD, Client, Desk


async def test_signing_in_sets_a_careful_cookie(desk: Desk, client: Client) -> None:
    """The cookie is out of reach of scripts and of other sites; the answer says what the console needs."""
    answer = await client().post("/api/session", json={"email": " AGENT@desk.example ", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    body = answer.json()
    assert body["agent"]["role"] == "agent"
    assert body["agent"]["teams"] == [{"id": desk.team, "name": "Repairs"}]
    assert "tickets:reply" in body["permissions"] and "ledger:read" not in body["permissions"]
    assert body["settings"]["heartbeatSeconds"] == 15


async def test_wrong_and_unknown_are_told_the_same(desk: Desk) -> None:
    """Nobody learns from the answer which addresses have accounts."""
    http = desk.anonymous
    wrong = await http.post("/api/session", json={"email": desk.agent.email, "password": "not this one"})
    unknown = await http.post("/api/session", json={"email": "nobody@desk.example", "password": "not this one"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["code"] == "bad-credentials"
    assert wrong.headers["content-type"].startswith("application/problem+json")


async def test_a_chosen_cookie_becomes_nobodys_session(desk: Desk, client: Client) -> None:
    """Session fixation: the token is made at sign-in, whatever the browser brought; each sign-in makes another."""
    http = client()
    http.cookies.set("sampark_session", "chosen-by-somebody-else")
    first = await http.post("/api/session", json={"email": desk.agent.email, "password": PASSWORD})
    token = first.cookies["sampark_session"]
    assert token != "chosen-by-somebody-else"
    second = await client().post("/api/session", json={"email": desk.agent.email, "password": PASSWORD})
    assert second.cookies["sampark_session"] != token
    planted = client()
    planted.cookies.set("sampark_session", "chosen-by-somebody-else")
    assert (await planted.get("/api/session")).status_code == 401


async def test_unsafe_requests_need_the_token_of_their_own_session(desk: Desk) -> None:
    """Without it, with another session's, or from another site, nothing is done."""
    http = desk.agent.http
    own = http.headers["x-csrf-token"]
    for token in ("", desk.stranger.session["csrfToken"], own[:-1], "ü"):
        headers = [(b"x-csrf-token", token.encode("utf-8"))]
        refused = await http.patch("/api/me", json={"theme": "dark"}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf"), token
    refused = await http.patch("/api/me", json={"theme": "dark"}, headers={"origin": "https://evil.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    assert (await http.get("/api/session")).json()["agent"]["theme"] == "system"
    allowed = await http.patch("/api/me", json={"theme": "dark"}, headers={"origin": "http://desk.test"})
    assert allowed.status_code == 200
    assert allowed.json()["theme"] == "dark"


async def test_another_site_cannot_sign_anybody_in(desk: Desk) -> None:
    """A sign-in has no session to bind a token to, so its origin is looked at."""
    credentials = {"email": desk.agent.email, "password": PASSWORD}
    refused = await desk.anonymous.post("/api/session", json=credentials, headers={"origin": "https://evil.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")


async def test_signing_out_ends_this_session_only(desk: Desk, client: Client) -> None:
    """The other browser stays signed in; "everywhere" ends that one, too."""
    other = client()
    answer = await other.post("/api/session", json={"email": desk.agent.email, "password": PASSWORD})
    assert (await desk.agent.http.delete("/api/session")).status_code == 204
    assert (await desk.agent.http.get("/api/session")).status_code == 401
    assert (await other.get("/api/session")).status_code == 200
    headers = {"x-csrf-token": answer.json()["csrfToken"]}
    assert (await other.delete("/api/session/all", headers=headers)).status_code == 204
    assert (await other.get("/api/session")).status_code == 401


async def test_guessing_is_slowed_down(desk: Desk, clock: ManualClock) -> None:
    """After five failures even the right password has to wait, and the answer says how long."""
    wrong = {"email": desk.agent.email, "password": "wrong password"}
    for _ in range(login.PAIR_LIMIT):
        assert (await desk.anonymous.post("/api/session", json=wrong)).status_code == 401
    right = wrong | {"password": PASSWORD}
    refused = await desk.anonymous.post("/api/session", json=right)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    assert 0 < int(refused.headers["retry-after"]) <= 15 * 60 + 1
    clock.advance(timedelta(seconds=int(refused.headers["retry-after"])))
    assert (await desk.anonymous.post("/api/session", json=right)).status_code == 200


async def test_a_role_change_ends_the_sessions(desk: Desk, db: Database) -> None:
    """Old rights do not live on in an old session."""
    async with unit_of_work(db) as session:
        await agents.set_role(session, desk.lead.id, "agent")
    assert (await desk.lead.http.get("/api/session")).status_code == 401


async def test_a_session_ends_when_it_is_not_used(desk: Desk, clock: ManualClock) -> None:
    """Two weeks after the last use; using it moves the end."""
    clock.advance(timedelta(days=10))
    assert (await desk.agent.http.get("/api/session")).status_code == 200
    clock.advance(timedelta(days=10))
    assert (await desk.agent.http.get("/api/session")).status_code == 200
    assert (await desk.stranger.http.get("/api/session")).status_code == 401


async def test_last_seen_is_written_every_five_minutes(desk: Desk, clock: ManualClock, count_queries) -> None:
    """Reading does not write on each request."""
    with count_queries() as soon:
        await desk.agent.http.get("/api/macros")
    assert len(soon) == 2, soon.statements
    clock.advance(timedelta(minutes=6))
    with count_queries() as later:
        await desk.agent.http.get("/api/macros")
    assert [s.split()[0] for s in later.statements if "update" in s.lower()] == ["UPDATE"]
    with count_queries() as again:
        await desk.agent.http.get("/api/macros")
    assert len(again) == 2


async def test_preferences_are_checked(desk: Desk) -> None:
    """What is wrong is named as the JSON has it."""
    http = desk.agent.http
    for body, field in (
        ({"theme": "pink"}, "theme"),
        ({"timeZone": "Mars/Olympus"}, "timeZone"),
        ({"role": "admin"}, "role"),
        ({"singleKeys": "perhaps"}, "singleKeys"),
        ({"name": "  "}, "name"),
    ):
        answer = await http.patch("/api/me", json=body)
        assert answer.status_code == 422, answer.text
        assert [error["field"] for error in answer.json()["errors"]] == [field], answer.text
    kept = await http.patch("/api/me", json={"signature": "<p>Best<script>x()</script></p>", "singleKeys": False})
    assert kept.json()["signature"] == "<p>Best</p>"
    assert kept.json()["singleKeys"] is False


async def test_presence_is_set_and_shown_to_colleagues(desk: Desk) -> None:
    """What an agent chooses is what her colleagues see."""
    answer = await desk.agent.http.put("/api/me/presence", json={"state": "available"})
    assert answer.json()["state"] == "available"
    colleagues = {one["id"]: one for one in (await desk.lead.http.get("/api/agents")).json()}
    assert colleagues[desk.agent.id]["presence"] == "available"
    assert colleagues[desk.agent.id]["teamIds"] == [desk.team]
    assert (await desk.agent.http.put("/api/me/presence", json={"state": "asleep"})).status_code == 422
