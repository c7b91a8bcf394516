"""The catalogue: products with the format of their serial numbers, and warranty rules. Called by ``agent_ui/api``.

A change of a rule never touches what was registered before: a warranty is frozen (``products/coverage.py``).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Conflict, Invalid, NotFound, Stale
from core.sniff import sniff
from core.storage import Storage
from products import days, warranty
from products.events import CatalogueChanged
from products.models import Product, WarrantyRule
from products.serials import Format, checked_format

PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
LARGEST_PICTURE: Final = 2_000_000
_SKU: Final = 60
UNSET: Final = msgspec.UNSET


class ProductChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of a product; what is unset stays."""

    sku: str | msgspec.UnsetType = UNSET
    name: str | msgspec.UnsetType = UNSET
    names: dict[str, str] | msgspec.UnsetType = UNSET
    family: str | msgspec.UnsetType = UNSET
    serial_masks: str | msgspec.UnsetType = UNSET
    serial_example: str | msgspec.UnsetType = UNSET
    serial_check: str | msgspec.UnsetType = UNSET
    serial_place: str | msgspec.UnsetType = UNSET
    serial_places: dict[str, str] | msgspec.UnsetType = UNSET
    manual_url: str | msgspec.UnsetType = UNSET
    article_tags: list[str] | msgspec.UnsetType = UNSET
    sold_from: date | None | msgspec.UnsetType = UNSET
    is_active: bool | msgspec.UnsetType = UNSET


class RuleChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of a warranty rule; what is unset stays."""

    name: str | msgspec.UnsetType = UNSET
    product_id: int | None | msgspec.UnsetType = UNSET
    family: str | None | msgspec.UnsetType = UNSET
    country: str | None | msgspec.UnsetType = UNSET
    bought_from: date | None | msgspec.UnsetType = UNSET
    bought_until: date | None | msgspec.UnsetType = UNSET
    register_within_days: int | None | msgspec.UnsetType = UNSET
    starts_from: str | msgspec.UnsetType = UNSET
    months: int | msgspec.UnsetType = UNSET
    covers: str | msgspec.UnsetType = UNSET
    is_active: bool | msgspec.UnsetType = UNSET


def format_of(product: Product) -> Format:
    """How the serial numbers of a product look."""
    masks = tuple(product.serial_masks.split())
    return Format(masks=masks, example=product.serial_example, check=product.serial_check)


def name_in(product: Product, language: str) -> str:
    """What a product is called in a language."""
    return str(product.names.get(language) or product.name)


def place_in(product: Product, language: str) -> str:
    """Where the plate with the serial number is, in a language; "" when nobody has said it."""
    return str(product.serial_places.get(language) or product.serial_place)


async def list_products(session: AsyncSession, *, active_only: bool = False) -> list[Product]:
    """The catalogue by name."""
    statement = select(Product).order_by(Product.name, Product.id)
    if active_only:
        statement = statement.where(Product.is_active)
    return list(await session.scalars(statement))


async def get(session: AsyncSession, product_id: int) -> Product:
    """One product.

    Raises:
        NotFound: there is none with this id.
    """
    product = await session.get(Product, product_id)
    if product is None:
        raise NotFound("There is no such product.")
    return product


async def find_by_sku(session: AsyncSession, sku: str) -> Product | None:
    """The product with this article number, if there is one."""
    found: Product | None = await session.scalar(select(Product).where(Product.sku == sku.strip()))
    return found


async def save_product(
    session: AsyncSession, wanted: ProductChange, product_id: int | None = None, if_version: int | None = None
) -> Product:
    """Add a product, or change one.

    Args:
        session: the unit of work.
        wanted: its fields.
        product_id: None: a new one.
        if_version: refuse when the product is not at this version.

    Raises:
        Invalid: a field is wrong, or the example does not fit the format of serial numbers.
        Conflict: another product has this article number.
        NotFound: there is none with this id.
        Stale: somebody changed it since ``if_version``.
    """
    if product_id is None:
        product = _new_product()
    else:
        locked = select(Product).where(Product.id == product_id).with_for_update()
        found = await session.scalar(locked.execution_options(populate_existing=True))
        if found is None:
            raise NotFound("There is no such product.")
        product = found
        if if_version is not None and product.version != if_version:
            raise Stale("Somebody changed this product in the meantime.", version=product.version)
    changes = _take(product, wanted)
    await _check_product(session, product)
    if product_id is None:
        session.add(product)
    elif changes:
        product.version += 1
    await session.flush()
    if changes:
        changed = CatalogueChanged(what="product", id=product.id, name=product.name, changes=changes)
        events.record(session, changed)
    return product


def _new_product() -> Product:
    return Product(
        sku="", name="", names={}, family="", serial_masks="", serial_example="", serial_check="", serial_place="",
        serial_places={}, manual_url="", article_tags=[], is_active=True, version=1, created_at=clock.now(),
    )  # fmt: skip


def _take(row: Any, wanted: msgspec.Struct) -> dict[str, list[Any]]:
    """Set the fields that are not unset; returns those that changed."""
    changes: dict[str, list[Any]] = {}
    for name in wanted.__struct_fields__:
        new = getattr(wanted, name)
        if new is UNSET:
            continue
        new = " ".join(new.split()) if isinstance(new, str) and name != "covers" else new
        old = getattr(row, name)
        if new != old:
            setattr(row, name, new)
            changes[name] = [old, new]
    return changes


async def _check_product(session: AsyncSession, product: Product) -> None:
    if not product.sku or len(product.sku) > _SKU:
        raise Invalid.field("sku", "Enter the article number.")
    if not product.name:
        raise Invalid.field("name", "A name is needed.")
    checked = checked_format(product.serial_masks, product.serial_example, product.serial_check)
    product.serial_masks, product.serial_example = " ".join(checked.masks), checked.example
    product.names = _said(product.names)
    product.serial_places = _said(product.serial_places)
    product.article_tags = list(dict.fromkeys(tag.strip() for tag in product.article_tags if tag.strip()))
    if product.manual_url and urlsplit(product.manual_url).scheme not in {"http", "https"}:
        raise Invalid.field("manualUrl", "Enter an address that begins with https://.")
    with session.no_autoflush:
        twin = await find_by_sku(session, product.sku)
    if twin is not None and twin.id != product.id:
        raise Conflict("Another product has this article number.")


def _said(words: Mapping[str, str]) -> dict[str, str]:
    return {language: text.strip() for language, text in words.items() if text.strip()}


async def set_picture(session: AsyncSession, storage: Storage, product_id: int, content: bytes) -> Product:
    """Give a product a picture.

    Raises:
        Invalid: it is too large, or no picture.
        NotFound: there is no such product.
    """
    product = await get(session, product_id)
    content_type = sniff(content)
    if content_type not in PICTURES:
        raise Invalid.field("picture", "A PNG, JPEG, WebP or GIF picture is needed.")
    if len(content) > LARGEST_PICTURE:
        raise Invalid.field("picture", "The picture is too large: at most 2 MB.")
    product.picture_key = await storage.put(content)
    product.picture_type = content_type
    product.version += 1
    changed = CatalogueChanged(what="product", id=product.id, name=product.name, changes={"picture": [None, None]})
    events.record(session, changed)
    return product


async def list_rules(session: AsyncSession) -> list[WarrantyRule]:
    """All rules, those in force first, then in the order in which they were made."""
    return list(await session.scalars(select(WarrantyRule).order_by(WarrantyRule.is_active.desc(), WarrantyRule.id)))


async def rules_in_force(session: AsyncSession) -> list[warranty.Rule]:
    """What ``products/warranty.py`` chooses from."""
    return as_rules(await session.scalars(select(WarrantyRule).where(WarrantyRule.is_active)))


def as_rules(rows: Iterable[WarrantyRule]) -> list[warranty.Rule]:
    """Rows as rules."""
    return [msgspec.convert(row, warranty.Rule, from_attributes=True) for row in rows]


async def save_rule(session: AsyncSession, wanted: RuleChange, rule_id: int | None = None) -> WarrantyRule:
    """Add a warranty rule, or change one. What is registered already keeps the warranty it has.

    Raises:
        Invalid: a field is wrong.
        NotFound: there is no such rule or product.
    """
    if rule_id is None:
        rule = WarrantyRule(name="", months=0, starts_from="purchase", covers="", is_active=True)
        rule.created_at = clock.now()
    else:
        found = await session.get(WarrantyRule, rule_id)
        if found is None:
            raise NotFound("There is no such warranty rule.")
        rule = found
    changes = _take(rule, wanted)
    await _check_rule(session, rule)
    if rule_id is None:
        session.add(rule)
    await session.flush()
    if changes:
        events.record(session, CatalogueChanged(what="warranty rule", id=rule.id, name=rule.name, changes=changes))
    return rule


async def _check_rule(session: AsyncSession, rule: WarrantyRule) -> None:
    if not rule.name:
        raise Invalid.field("name", "A name is needed: it is written on the certificate.")
    if not 1 <= rule.months <= warranty.MOST_MONTHS:
        raise Invalid.field("months", f"From 1 to {warranty.MOST_MONTHS} months.")
    if rule.starts_from not in {"purchase", "registration"}:
        raise Invalid.field("startsFrom", "Months are counted from the purchase or from the registration.")
    if rule.register_within_days is not None and not 0 <= rule.register_within_days <= 3650:
        raise Invalid.field("registerWithinDays", "From 0 to 3650 days.")
    if rule.bought_from and rule.bought_until and rule.bought_from > rule.bought_until:
        raise Invalid.field("boughtUntil", "This day is before the first one.")
    rule.country = days.country_code(rule.country) if rule.country else None
    rule.family = rule.family or None
    if rule.product_id is not None:
        with session.no_autoflush:
            await get(session, rule.product_id)
