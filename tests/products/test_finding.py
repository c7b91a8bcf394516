"""Registered products in the agents' search: by serial number, model and order number, as it changes."""

from datetime import date

import pytest
from sqlalchemy import delete

from core.actor import Actor, ActorKind
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.jobs import Registry, Worker
from core.search_feed import Feed
from core.search_models import DOCUMENTS
from customers import service as customers
from products import catalogue, finding, orders, registering
from products.catalogue import ProductChange
from products.events import CatalogueChanged
from products.indexing import INDEX, on_catalogue_changed
from products.orders import LineInput, OrderInput
from sampark import searching
from staff.permissions import ROLES
from tests.products import rows

AGENT = Actor(ActorKind.AGENT, 1, "Neha", ROLES["agent"])
BLIND = Actor(ActorKind.AGENT, 2, "Ravi", frozenset({"tickets:read"}))


@pytest.fixture
def feed(db: Database, clock: ManualClock) -> Feed:
    """The product's feed."""
    return Feed(db, searching.FOLLOWERS, searching.REBUILD_JOBS)


async def follow(db: Database, feed: Feed) -> None:
    """Index what has changed."""
    await feed.step()
    await Worker(db, Registry(searching.DEFINITIONS)).drain()


async def found(db: Database, words: str, actor: Actor = AGENT) -> list[str]:
    """Serial numbers of what is found."""
    async with reading(db) as session:
        return [line.serial for line in await finding.find(session, actor, words, 10)]


async def test_by_serial_number_model_and_order(db: Database, feed: Feed) -> None:
    """However it is typed, by its pieces, by what it is, by its order and its owner; not by whoever may not see it."""
    await follow(db, feed)
    async with unit_of_work(db) as session:
        asha, bina = await rows.person(session), await rows.person(session, "Bina Das")
        fridge = await rows.product(session, name="Trident", sku="TRI-400")
        await rows.register(session, fridge.id, asha)
        await rows.register(session, fridge.id, bina, "TF777777", external_id="shop-88")
        line = LineInput(text="Fridge", sku="TRI-400")
        told = OrderInput(
            external_id="o-1", number="SO-2026-0815", customer_id=asha, status="delivered", payment_status="paid",
            ordered_on=date(2026, 1, 10), lines=[line],
        )  # fmt: skip
        await orders.tell(session, told)
    assert await found(db, "tf-1234") == ["TF123456"]  # it is not indexed yet
    await follow(db, feed)
    for words in ("TF123456", "tf 123456", "TF-12", "123456", "SO-2026-0815"):
        assert await found(db, words) == ["TF123456"], words
    assert await found(db, "shop-88") == ["TF777777"]
    assert set(await found(db, "TRI-400")) == {"TF123456", "TF777777"}
    assert (await found(db, "trident bina"))[0] == "TF777777"
    assert await found(db, "%") == await found(db, "TF123456", BLIND) == []


async def test_the_index_follows_owner_serial_and_catalogue(db: Database, feed: Feed) -> None:
    """A serial number that is put right, an owner with another name, a model with another name."""
    await follow(db, feed)
    async with unit_of_work(db) as session:
        asha = await rows.person(session)
        made = await rows.registered(session, asha)
    await follow(db, feed)
    async with unit_of_work(db) as session:
        wanted = registering.RegistrationChange(serial="TF999999")
        await registering.change(session, made.id, wanted)
        await customers.change(session, asha, customers.CustomerChange(name="Asha Naidu"))
    await follow(db, feed)
    assert await found(db, "999999") == await found(db, "naidu") == ["TF999999"]
    assert await found(db, "123456") == []
    async with unit_of_work(db) as session:
        await catalogue.save_product(session, ProductChange(name="Poseidon"), made.product_id)
        event = CatalogueChanged(what="product", id=made.product_id, name="Poseidon", changes={})
        await on_catalogue_changed(session, event)
    await follow(db, feed)
    assert await found(db, "poseidon") == ["TF999999"]


async def test_the_index_is_built_anew(db: Database, feed: Feed) -> None:
    """A desk whose index is new reads all that is registered, by the job of the feed and by ``sampark search``."""
    async with unit_of_work(db) as session:
        await rows.registered(session, await rows.person(session))
    await follow(db, feed)
    assert await found(db, "123456") == ["TF123456"]
    async with unit_of_work(db) as session:
        await session.execute(delete(DOCUMENTS[INDEX]))
        documents, following = await searching.BATCHES[INDEX](session, 0)
    assert ([each.title for each in documents], following) == ([documents[0].title], None)
    assert await found(db, "123456") == []
