"""CSV files of a shop system: the catalogue, registrations, orders. Idempotent, with a dry run and a list of errors.

Called by ``sampark products import`` and by the console. Each row stands by itself: a wrong one is told with its line
and its fields, and the others go in. The same file again changes nothing, because every row has a name of the shop's
(``sku``, ``external_id``), so an import that was broken off is simply run again.
"""

import csv
import io
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import DeskError, Invalid
from core.i18n import NAMES
from customers import service as customers
from products import catalogue, orders, registering
from products.catalogue import ProductChange
from products.orders import LineInput, OrderInput
from products.registering import NewRegistration

Kind = Literal["catalogue", "registrations", "orders"]
Row = dict[str, str]
LARGEST: Final = 20_000_000
MOST_AT_ONCE: Final = 2000
"""Rows that one request takes; longer files belong to the command line, which commits in parts."""
ERROR_COLUMN: Final = "error"
NOON: Final = time(12)
COLUMNS: Final[dict[Kind, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "catalogue": (
        ("sku", "name"),
        (
            "family", "serial_masks", "serial_example", "serial_check", "serial_place", "manual_url", "article_tags",
            "sold_from", "active",
            *(f"{column}_{code}" for column in ("name", "serial_place") for code in NAMES if code != "en"),
        ),
    ),
    "registrations": (
        ("external_id", "sku", "serial", "customer_email", "purchased_on"),
        ("customer_name", "country", "registered_on", "seller", "second_name", "second_email", "second_phone"),
    ),
    "orders": (
        ("external_id", "customer_email", "ordered_on", "text"),
        (
            "customer_name", "number", "status", "payment_status", "deliver_on", "delivered_on", "currency", "total",
            "note", "sku", "quantity", "unit_price", "serial",
        ),
    ),
}  # fmt: skip
"""Kind → columns that must be there, columns that may. An order has a row for each of its lines."""
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_FORMULA: Final = frozenset("=+@")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")


class Problem(msgspec.Struct, frozen=True, rename="camel"):
    """A row that did not go in: its line in the file, and what is wrong with which field."""

    line: int
    field: str
    message: str
    row: Row


class Result(msgspec.Struct, rename="camel"):
    """What an import has done, or with a dry run would do."""

    kind: str
    dry_run: bool
    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    problems: list[Problem] = []

    def add(self, more: "Result") -> None:
        """Count another part of the same file."""
        for name in ("rows", "created", "changed", "unchanged", "failed"):
            setattr(self, name, getattr(self, name) + getattr(more, name))
        self.problems = [*self.problems, *more.problems]


class Item(msgspec.Struct, frozen=True):
    """What is taken in at once: a row, or the rows of an order, with the line of the first."""

    line: int
    rows: list[Row]


def read(kind: Kind, content: bytes) -> list[Item]:
    """The rows of a file.

    Args:
        kind: what they are.
        content: CSV in UTF-8, with commas, semicolons or tabs, and names in its first line.

    Raises:
        Invalid: it is no such file, or columns are missing or unknown.
    """
    if len(content) > LARGEST:
        raise Invalid.field("file", f"The file is too large: at most {LARGEST // 1_000_000} MB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid.field("file", "The file is not in UTF-8. Save it as “CSV UTF-8”.") from None
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        names = [name.strip().lower() for name in reader.fieldnames or []]
        _check_columns(kind, names)
        reader.fieldnames = names
        lined = [(reader.line_num, _tidy(row)) for row in reader]
    except csv.Error as problem:
        raise Invalid.field("file", f"The file cannot be read near line {reader.line_num}: {problem}.") from None
    filled = [(line, row) for line, row in lined if any(row.values())]
    return list(_grouped(filled)) if kind == "orders" else [Item(line, [row]) for line, row in filled]


def _check_columns(kind: Kind, names: Sequence[str]) -> None:
    needed, possible = COLUMNS[kind]
    missing = [name for name in needed if name not in names]
    if missing:
        raise Invalid.field("file", f"Columns are missing: {', '.join(missing)}.")
    unknown = [name for name in names if name not in {*needed, *possible, ERROR_COLUMN}]
    if unknown:
        raise Invalid.field("file", f"Columns are not known: {', '.join(unknown)}.")


def _tidy(row: dict[Any, Any]) -> Row:
    return {
        str(name): _as_typed((value or "").replace("\x00", "").strip())
        for name, value in row.items()
        if isinstance(name, str) and name != ERROR_COLUMN and not isinstance(value, list)
    }


def _grouped(lined: list[tuple[int, Row]]) -> Iterator[Item]:
    """The rows of each order together, wherever they stand in the file."""
    found: dict[str, Item] = {}
    for line, row in lined:
        known = found.setdefault(row["external_id"] or f"line {line}", Item(line, []))
        known.rows.append(row)
    yield from found.values()


async def take(
    session: AsyncSession, kind: Kind, items: Sequence[Item], *, dry_run: bool, country: str = "IN", zone: str = "UTC"
) -> Result:
    """Take items in; each by itself, so that a wrong one leaves nothing behind.

    Args:
        session: the unit of work of all of them.
        kind: what they are.
        items: of :func:`read`, or a part of them.
        dry_run: do everything and then nothing.
        country: of purchases whose row names none.
        zone: in which days without an hour are meant.
    """
    result = Result(kind=kind, dry_run=dry_run)
    around = await session.begin_nested() if dry_run else None
    before = len(session.info.setdefault("events", []))
    for item in items:
        result.rows += len(item.rows)
        kept = len(session.info["events"])
        try:
            async with session.begin_nested():
                what = await _TAKERS[kind](session, item.rows, Around(country, zone))
                await session.flush()
        except DeskError as problem:
            del session.info["events"][kept:]
            session.expire_all()
            result.failed += 1
            result.problems += _problems(item, problem)
        else:
            setattr(result, what, getattr(result, what) + 1)
    if around is not None:
        await around.rollback()
        del session.info["events"][before:]
        session.expire_all()
    return result


def _problems(item: Item, problem: DeskError) -> list[Problem]:
    errors = problem.extra.get("errors") or [{"field": "", "message": problem.detail}]
    return [
        Problem(line=item.line, field=str(each["field"]), message=str(each["message"]), row=item.rows[0])
        for each in errors
    ]


class Around(msgspec.Struct, frozen=True):
    """What rows leave out."""

    country: str
    zone: str


async def _product(session: AsyncSession, rows: list[Row], _around: Around) -> str:
    row = rows[0]
    texts = ("name", "family", "serial_masks", "serial_example", "serial_check", "serial_place", "manual_url")
    fields: dict[str, Any] = {name: row[name] for name in texts if name in row}
    for field, column in (("names", "name"), ("serial_places", "serial_place")):
        words = {code: row[f"{column}_{code}"] for code in NAMES if row.get(f"{column}_{code}")}
        if words:
            fields[field] = words
    if "article_tags" in row:
        fields["article_tags"] = [tag for tag in re.split(r"\s*[|,]\s*", row["article_tags"]) if tag]
    if "sold_from" in row:
        fields["sold_from"] = _day("sold_from", row["sold_from"])
    if row.get("active"):
        fields["is_active"] = row["active"].lower() not in {"no", "false", "0"}
    known = await catalogue.find_by_sku(session, row["sku"])
    if known is None:
        await catalogue.save_product(session, ProductChange(sku=row["sku"], **fields))
        return "created"
    version = known.version
    saved = await catalogue.save_product(session, ProductChange(**fields), known.id)
    return "unchanged" if saved.version == version else "changed"


async def _registration(session: AsyncSession, rows: list[Row], around: Around) -> str:
    row = rows[0]
    product = await catalogue.find_by_sku(session, row["sku"])
    if product is None:
        raise Invalid.field("sku", f"There is no product {row['sku'] or '(empty)'} in the catalogue.")
    if not row["external_id"]:
        raise Invalid.field("external_id", "A name of the shop's own is needed.")
    person = await _person(session, row)
    registered = _day("registered_on", row.get("registered_on", ""))
    wanted = NewRegistration(
        customer_id=person,
        product_id=product.id,
        serial=row["serial"],
        purchased_on=_day("purchased_on", row["purchased_on"]),
        country=row.get("country") or around.country,
        source="import",
        seller=row.get("seller", ""),
        external_id=row["external_id"],
        registered_at=datetime.combine(registered, NOON, ZoneInfo(around.zone)) if registered else None,
        second_name=row.get("second_name", ""),
        second_email=row.get("second_email", ""),
        second_phone=row.get("second_phone", ""),
    )
    known = await registering.find_by_external_id(session, row["external_id"])
    version = known.version if known is not None else 0
    done = await registering.register(session, wanted, claims_allowed=False)
    if done.state == "registered":
        return "created"
    return "unchanged" if known is None or done.registration.version == version else "changed"


async def _order(session: AsyncSession, rows: list[Row], _around: Around) -> str:
    row = rows[0]
    ordered = _day("ordered_on", row["ordered_on"])
    if ordered is None:
        raise Invalid.field("ordered_on", "Enter the day of the order.")
    told = OrderInput(
        external_id=row["external_id"],
        customer_id=await _person(session, row),
        ordered_on=ordered,
        number=row.get("number", ""),
        status=row.get("status") or "placed",
        payment_status=row.get("payment_status") or "unpaid",
        deliver_on=_day("deliver_on", row.get("deliver_on", "")),
        delivered_on=_day("delivered_on", row.get("delivered_on", "")),
        currency=row.get("currency") or "INR",
        total=_amount("total", row["total"]) if row.get("total") else None,
        note=row.get("note", ""),
        lines=[
            LineInput(
                text=each["text"],
                sku=each.get("sku", ""),
                quantity=_count("quantity", each.get("quantity") or "1"),
                unit_price=_amount("unit_price", each.get("unit_price") or "0"),
                serial=each.get("serial", ""),
            )
            for each in rows
        ],
    )
    _, what = await orders.tell(session, told)
    return what


async def _person(session: AsyncSession, row: Row) -> int:
    try:
        found = await customers.find_or_create(session, row["customer_email"], row.get("customer_name", ""), "import")
    except Invalid:
        raise Invalid.field("customer_email", "This is not an e-mail address.") from None
    return found.id


_TAKERS: Final[dict[Kind, Callable[[AsyncSession, list[Row], Around], Awaitable[str]]]] = {
    "catalogue": _product,
    "registrations": _registration,
    "orders": _order,
}


def _day(field: str, written: str) -> date | None:
    """A day as ``2026-03-02``, or with the day first: ``2.3.2026``, ``02/03/2026``."""
    if not written:
        return None
    iso, day_first = _ISO.fullmatch(written), _DAY_FIRST.fullmatch(written)
    try:
        if iso:
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        if day_first:
            return date(int(day_first[3]), int(day_first[2]), int(day_first[1]))
    except ValueError:
        pass
    raise Invalid.field(field, f"“{written[:30]}” is no day. Write 2026-03-02 or 02/03/2026.")


def _amount(field: str, written: str) -> int:
    """An amount such as ``27,990.00`` in hundredths."""
    try:
        hundredths = Decimal(written.replace(",", "").replace("₹", "").strip()) * 100
    except InvalidOperation:
        raise Invalid.field(field, f"“{written[:30]}” is no amount.") from None
    if not hundredths.is_finite() or hundredths != hundredths.to_integral_value():
        raise Invalid.field(field, f"“{written[:30]}” has too many decimals.")
    return int(hundredths)


def _count(field: str, written: str) -> int:
    if not (written.isascii() and written.isdecimal() and len(written) < 10):
        raise Invalid.field(field, f"“{written[:30]}” is no number.")
    return int(written)


def errors_file(kind: Kind, problems: Sequence[Problem]) -> str:
    """The rows that did not go in, as CSV with what is wrong; corrected, the file can be imported as it is."""
    needed, possible = COLUMNS[kind]
    columns = [*needed, *possible]
    out = io.StringIO()
    writer = csv.DictWriter(out, [*columns, ERROR_COLUMN], extrasaction="ignore")
    writer.writeheader()
    by_line: dict[int, list[Problem]] = {}
    for each in problems:
        by_line.setdefault(each.line, []).append(each)
    for line, found in by_line.items():
        said = "; ".join(f"{each.field}: {each.message}" if each.field else each.message for each in found)
        row = {name: _harmless(value) for name, value in found[0].row.items()}
        writer.writerow(row | {ERROR_COLUMN: f"line {line}: {said}"})
    return out.getvalue()


def _as_typed(value: str) -> str:
    """A cell without the apostrophe of :func:`_harmless`."""
    return value[1:] if value[:1] == "'" and value[1:2] in _FORMULA else value


def _harmless(value: str) -> str:
    """A cell that no spreadsheet takes for a formula (CWE-1236)."""
    return f"'{value}" if value[:1] in _FORMULA else value
