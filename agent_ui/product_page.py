"""Puts registered products together with their history for ``agent_ui/api``; finds what inputs name."""

import msgspec

from agent_ui.deps import Desk
from agent_ui.views.products import (
    CaseView,
    ClaimDetail,
    ClaimView,
    CustomerProducts,
    ExtensionView,
    ImportProblem,
    ImportView,
    OrderInput,
    OrderLineView,
    OrderView,
    OwnerView,
    ProofView,
    RecallNoticeView,
    RecallView,
    RegistrationDetail,
    RegistrationInput,
    no_progress,
    view_of,
)
from core.errors import Invalid
from customers import service as customers
from products import catalogue, claims, coverage, importing, listing, orders, proofs, recalls, transfers
from products.listing import RegistrationRow
from products.models import Product, Recall
from products.orders import LineInput, OrderRow


async def registration(desk: Desk, registration_id: int) -> RegistrationRow:
    """A registered product as a line.

    Raises:
        NotFound: there is none with this id.
    """
    return await listing.row_of(desk.session, registration_id)


async def detail(desk: Desk, registration_id: int) -> RegistrationDetail:
    """A registered product with owners, months on top, proofs and recalls.

    Raises:
        NotFound: there is none with this id.
    """
    session = desk.session
    line = await registration(desk, registration_id)
    invited = await transfers.open_of(session, registration_id)
    notices = (await recalls.notices_for(session, [registration_id])).get(registration_id, [])
    return RegistrationDetail(
        registration=line,
        owners=[view_of(OwnerView, each) for each in await listing.owners_of(session, registration_id)],
        extensions=[view_of(ExtensionView, each) for each in await coverage.extensions_of(session, registration_id)],
        proofs=[view_of(ProofView, each) for each in await proofs.of_registration(session, registration_id)],
        recalls=[view_of(RecallNoticeView, each) for each in notices],
        invited=invited.to_email if invited else None,
    )


async def of_customer(desk: Desk, customer_id: int) -> CustomerProducts:
    """What a customer owns, ordered and claims.

    Raises:
        NotFound: there is no such customer.
    """
    session = desk.session
    await customers.get(session, customer_id)
    owned = await listing.of_customer(session, customer_id, with_ended=True)
    return CustomerProducts(
        registrations=owned,
        orders=[order_view(each) for each in await orders.of_customer(session, customer_id)],
        claims=[view_of(ClaimView, each) for each in await claims.of_customer(session, customer_id)],
    )


def order_view(row: OrderRow) -> OrderView:
    """An order with its lines."""
    return view_of(OrderView, row, lines=[view_of(OrderLineView, each) for each in row.lines])


async def claim(desk: Desk, claim_id: int) -> ClaimDetail:
    """A claim with the proofs of both sides.

    Raises:
        NotFound: there is none with this id.
    """
    row = await claims.row_of(desk.session, claim_id)
    theirs = await proofs.of_registration(desk.session, row.registration_id)
    return ClaimDetail(
        claim=view_of(ClaimView, row),
        proofs=[view_of(ProofView, each) for each in await proofs.of_claim(desk.session, claim_id)],
        owner_proofs=[view_of(ProofView, each) for each in theirs],
    )


async def recall(desk: Desk, found: Recall) -> RecallView:
    """A recall with its progress."""
    return (await recall_list(desk, [found]))[0]


async def recall_list(desk: Desk, found: list[Recall]) -> list[RecallView]:
    """Recalls with their progress; drafts with the number of products that they would reach."""
    session = desk.session
    progress = await recalls.progress(session, [each.id for each in found])
    names = {product.id: product.name for product in await catalogue.list_products(session)}
    return [
        view_of(
            RecallView,
            each,
            product=names.get(each.product_id, ""),
            words=msgspec.convert(each.words, dict[str, recalls.RecallWords]),
            progress=progress.get(each.id) or no_progress(),
            matching=await recalls.count_matching(session, each) if each.state == "draft" else None,
        )
        for each in found
    ]


async def recall_cases(
    desk: Desk, recall_id: int, state: str | None, after_id: int | None, limit: int
) -> tuple[list[CaseView], int | None]:
    """A page of an outreach list, and the key of the next."""
    await recalls.get(desk.session, recall_id)
    rows, following = await recalls.list_cases(desk.session, recall_id, state, after_id, limit)
    return [view_of(CaseView, each) for each in rows], following


async def named_product(desk: Desk, data: RegistrationInput) -> Product:
    """The product that an input names.

    Raises:
        Invalid: there is none with this article number.
        NotFound: there is none with this id.
    """
    if data.product_id is not None:
        return await catalogue.get(desk.session, data.product_id)
    found = await catalogue.find_by_sku(desk.session, data.sku or "")
    if found is None:
        raise Invalid.field("sku", "There is no product with this article number.")
    return found


async def named_customer(desk: Desk, data: RegistrationInput | OrderInput) -> int:
    """The customer that an input names, made when nobody has this address yet.

    Raises:
        Invalid: it is no address.
        NotFound: there is none with this id.
    """
    if data.customer_id is not None:
        return (await customers.get(desk.session, data.customer_id)).id
    address = data.customer_email or ""
    return (await customers.find_or_create(desk.session, address, data.customer_name, "api")).id


async def told_order(desk: Desk, external_id: str, data: OrderInput) -> tuple[OrderView, bool]:
    """Take an order over; returns it, and whether it is new."""
    lines = [
        LineInput(text=each.text, sku=each.sku, quantity=each.quantity, unit_price=each.unit_price, serial=each.serial)
        for each in data.lines
    ]
    told = orders.OrderInput(
        external_id=external_id,
        customer_id=await named_customer(desk, data),
        ordered_on=data.ordered_on,
        number=data.number,
        status=data.status,
        payment_status=data.payment_status,
        deliver_on=data.deliver_on,
        delivered_on=data.delivered_on,
        currency=data.currency,
        total=data.total,
        note=data.note,
        lines=lines,
    )
    _, what = await orders.tell(desk.session, told)
    return order_view(await orders.by_external_id(desk.session, external_id)), what == "created"


async def imported(desk: Desk, kind: importing.Kind, content: bytes, *, dry_run: bool) -> ImportView:
    """Import a file within this request.

    Raises:
        Invalid: it is none, or has more rows than one request takes.
    """
    items = importing.read(kind, content)
    if len(items) > importing.MOST_AT_ONCE:
        raise Invalid.field(
            "file", f"More than {importing.MOST_AT_ONCE} rows: use sampark products import on the machine itself."
        )
    country = desk.runtime.settings.default_country
    done = await importing.take(desk.session, kind, items, dry_run=dry_run, country=country)
    problems = [ImportProblem(line=each.line, field=each.field, message=each.message) for each in done.problems[:200]]
    text = importing.errors_file(kind, done.problems) if done.problems else ""
    return view_of(ImportView, done, problems=problems, errors_file=text)
