"""Data rights over the API: who sees and handles what customers want to be done with their data."""

import pytest
from sqlalchemy import select

from core.db import Database, reading, unit_of_work
from customers import privacy
from customers.models import Customer
from tests import factories
from tests.agent_ui.conftest import Desk

PATH = "/api/data-requests"


@pytest.fixture
async def customer_id(desk: Desk, db: Database) -> int:
    """A customer who wants something corrected, and then to be forgotten."""
    async with unit_of_work(db) as session:
        customer_id = (await factories.received(session)).customer_id
        await privacy.ask(session, customer_id, "correction", "My name is Asha Iyer.")
        await privacy.ask(session, customer_id, "deletion")
    return customer_id


async def test_administrators_handle_wishes(desk: Desk, db: Database, customer_id: int) -> None:
    """Listed until they are done; a refusal needs a reason; who is erased must be named."""
    assert (await desk.lead.http.get(PATH)).status_code == 403
    found = (await desk.admin.http.get(PATH)).json()["items"]
    assert [(each["kind"], each["state"], each["words"]) for each in found] == [
        ("deletion", "asked", ""), ("correction", "asked", "My name is Asha Iyer."),
    ]  # fmt: skip
    deletion, correction = (f"{PATH}/{each['id']}" for each in found)
    assert (await desk.admin.http.patch(correction, json={"state": "refused"})).status_code == 422
    assert (await desk.admin.http.patch(correction, json={"state": "working"})).json()["state"] == "working"
    assert (await desk.admin.http.patch(correction, json={"state": "done", "answer": "Done."})).json()[
        "answer"
    ] == "Done."
    assert (await desk.admin.http.patch(correction, json={"state": "working"})).status_code == 409
    assert (await desk.admin.http.patch(deletion, json={"state": "done"})).status_code == 422
    assert (await desk.admin.http.post(f"{deletion}/erase", json={"confirm": customer_id + 1})).status_code == 422
    assert (await desk.admin.http.post(f"{deletion}/erase", json={"confirm": customer_id})).json()["state"] == "done"
    assert (await desk.admin.http.get(PATH)).json()["items"] == []
    everything = (await desk.admin.http.get(PATH, params={"everything": True, "limit": 1})).json()
    assert (len(everything["items"]), everything["items"][0]["handledBy"], everything["next"] is None) == (
        1,
        "Admin",
        False,
    )
    rest = (await desk.admin.http.get(PATH, params={"everything": True, "cursor": everything["next"]})).json()
    assert (len(rest["items"]), rest["next"]) == (1, None)
    async with reading(db) as session:
        assert (
            await session.scalars(select(Customer.name).where(Customer.id == customer_id))
        ).one() == "Erased customer"
