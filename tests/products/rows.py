"""Products, rules, people and registered products for tests."""

import itertools
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from core.storage import Storage
from customers import service as customers
from products import catalogue, proofs, registering
from products.catalogue import ProductChange, RuleChange
from products.models import Product, Registration, WarrantyRule
from products.proofs import NewProof
from products.registering import NewRegistration, Registered

_numbers = itertools.count(1)
BILL = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF"


async def product(session: AsyncSession, **fields: object) -> Product:
    """A fridge whose serial numbers are two letters and six digits."""
    number = next(_numbers)
    values: dict[str, object] = {
        "sku": f"TF-{number}",
        "name": f"Fridge {number}",
        "family": "fridge",
        "serial_masks": "@@######",
        "serial_example": "TF123456",
        "sold_from": date(2020, 1, 1),
    }
    return await catalogue.save_product(session, ProductChange(**(values | fields)))  # type: ignore[arg-type]


async def rule(session: AsyncSession, months: int = 24, **fields: object) -> WarrantyRule:
    """A rule for everything."""
    values: dict[str, object] = {"name": f"{months} months", "months": months, "covers": "Parts and labour"}
    return await catalogue.save_rule(session, RuleChange(**(values | fields)))  # type: ignore[arg-type]


async def person(session: AsyncSession, name: str = "Asha Rao") -> int:
    """A customer; returns her id."""
    address = f"{name.partition(' ')[0].lower()}@customer.example"
    return (await customers.find_or_create(session, address, name)).id


def wanted(product_id: int, customer_id: int, serial: str = "TF123456", **fields: object) -> NewRegistration:
    """What somebody registers."""
    values: dict[str, object] = {
        "product_id": product_id,
        "customer_id": customer_id,
        "serial": serial,
        "purchased_on": date(2026, 1, 15),
        "country": "IN",
        "source": "portal",
        "seller": "Khanna Electronics",
    }
    return NewRegistration(**(values | fields))  # type: ignore[arg-type]


async def registered(
    session: AsyncSession, customer_id: int, serial: str = "TF123456", **fields: object
) -> Registration:
    """A registered fridge with a warranty of 24 months."""
    made = await product(session)
    await rule(session, product_id=made.id)
    return (await register(session, made.id, customer_id, serial, **fields)).registration


async def register(
    session: AsyncSession, product_id: int, customer_id: int, serial: str = "TF123456", **fields: object
) -> Registered:
    """Register a product."""
    return await registering.register(session, wanted(product_id, customer_id, serial, **fields))


async def bill(storage: Storage, name: str = "bill.pdf") -> NewProof:
    """A proof in the storage."""
    return await proofs.keep(storage, name, BILL)
