"""What administrators set of the portal over the API: brands with their logos, topics with their questions."""

from typing import Any

from tests.agent_ui.conftest import Desk

BRAND: dict[str, Any] = {
    "host": "help.acme.example",
    "name": "Acme",
    "hue": 30,
    "defaultLanguage": "en",
    "languages": ["en", "hi"],
    "question": {"en": "What can we do for you?"},
    "footerLinks": [{"words": {"en": "Terms"}, "address": "https://acme.example/terms"}],
}
TOPIC: dict[str, Any] = {
    "key": "moving",
    "names": {"en": "Moving a unit"},
    "fields": [
        {"key": "stairs", "kind": "checkbox", "names": {"en": "There are stairs"}},
        {
            "key": "floor",
            "kind": "number",
            "names": {"en": "Which floor?"},
            "isRequired": True,
            "shownWhen": {"field": "stairs", "answers": ["yes"]},
        },
    ],
}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10"/></svg>'


async def test_a_brand_is_made_changed_and_taken_away(desk: Desk) -> None:
    """What was set comes back; an old version is refused with 412."""
    made = (await desk.admin.http.post("/api/brands", json=BRAND)).json()
    assert {name: made[name] for name in BRAND} == BRAND
    path = f"/api/brands/{made['id']}"
    changed = await desk.admin.http.put(path, json=BRAND | {"name": "Acme Ltd", "version": made["version"]})
    assert (changed.status_code, changed.json()["name"]) == (200, "Acme Ltd")
    stale = await desk.admin.http.put(path, json=BRAND | {"version": made["version"]})
    assert stale.status_code == 412
    again = await desk.admin.http.post("/api/brands", json=BRAND)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert again.json()["errors"][0]["field"] == "host"
    homeless = await desk.admin.http.put(path, json=BRAND | {"mailboxId": 999})
    assert (homeless.status_code, homeless.json()["errors"][0]["field"]) == (422, "mailboxId")
    assert (await desk.admin.http.delete(path)).status_code == 204
    assert (await desk.admin.http.get("/api/brands")).json() == []


async def test_a_logo_is_a_picture(desk: Desk) -> None:
    """An SVG is taken, a page or a script under the name of one is not; the address changes with the picture."""
    made = (await desk.admin.http.post("/api/brands", json=BRAND)).json()
    path = f"/api/brands/{made['id']}/logo"
    taken = await desk.admin.http.put(path, files={"file": ("logo.svg", SVG, "image/svg+xml")})
    assert taken.json()["logo"].startswith(f"/portal/logo/{made['id']}/")
    page = await desk.admin.http.put(path, files={"file": ("logo.svg", b"<html><body>x", "image/svg+xml")})
    assert page.status_code == 422
    large = await desk.admin.http.put(path, files={"file": ("logo.png", b"x" * 600_000, "image/png")})
    assert (large.status_code, "512 kB" in large.json()["detail"]) == (413, True)
    assert (await desk.admin.http.delete(path)).status_code == 204
    assert (await desk.admin.http.get("/api/brands")).json()[0]["logo"] is None


async def test_a_topic_is_made_with_its_questions(desk: Desk) -> None:
    """It comes back as it was sent, after the five of the product."""
    made = await desk.admin.http.post("/api/request-topics", json=TOPIC)
    assert made.status_code == 201
    listed = (await desk.admin.http.get("/api/request-topics")).json()
    found = next(topic for topic in listed if topic["key"] == "moving")
    assert len(listed) == 6
    assert found["fields"][1]["shownWhen"] == {"field": "stairs", "answers": ["yes"]}
    changed = await desk.admin.http.put("/api/request-topics/moving", json=TOPIC | {"isActive": False})
    assert (changed.status_code, changed.json()["isActive"]) == (200, False)
    assert (await desk.admin.http.delete("/api/request-topics/moving")).status_code == 204


async def test_questions_that_make_no_sense_are_refused(desk: Desk) -> None:
    """422 with a sentence at the place of each."""
    wrong = [TOPIC["fields"][1]]
    answer = await desk.admin.http.post("/api/request-topics", json=TOPIC | {"fields": wrong})
    assert answer.status_code == 422
    [complaint] = answer.json()["errors"]
    assert complaint["field"] == "fields[0].shownWhen"
    assert "stands before" in complaint["message"]


async def test_topics_are_sorted(desk: Desk) -> None:
    """In one request, which answers with the new order; a topic called "order" is no obstacle."""
    keys = [topic["key"] for topic in (await desk.admin.http.get("/api/request-topics")).json()]
    sorted_keys = [*keys[1:], keys[0]]
    answer = await desk.admin.http.put("/api/request-topics", json={"keys": sorted_keys})
    assert (answer.status_code, [topic["key"] for topic in answer.json()]) == (200, sorted_keys)
    gone = await desk.admin.http.put("/api/request-topics", json={"keys": ["gone"]})
    assert gone.status_code == 404
