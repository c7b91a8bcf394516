"""My products: the list, registering one, one product with its warranty, its certificate, handing it over.

Everything works without a script: registering asks for the product first, because its plate, its picture and the form
of its serial number belong to it. What is wrong is said beside each field, and what was typed is kept.
"""

from datetime import date
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from core.db import reading, unit_of_work
from core.errors import Invalid, NotFound
from portal import auth, failures, moments, taking_in
from portal.forms import Upload
from portal.limits import Gate
from portal.pages import PortalRequest, Visitor, runtime_of
from portal.product_words import complaints, state_words
from products import catalogue, claims, listing, orders, proofs, recalls, registering, transfers
from products.errors import InvitationGone, ProofNeeded
from products.models import Product
from products.registering import NewRegistration, RegistrationChange

GATE: Final = Gate()
LARGEST_POST: Final = 60 * 1024 * 1024
ACCEPT: Final = ",".join((*sorted(set(proofs.TAKEN.values())), ".jpeg", ".heif"))
Values = dict[str, str]


@get("/products")
async def listed(request: PortalRequest) -> Response[str]:
    """What the visitor owns, and what she has claimed."""
    customer, visitor = auth.signed_in(request), Visitor.of(request)
    async with reading(runtime_of(request).db) as session:
        rows = await listing.of_customer(session, customer.customer_id)
        theirs = await claims.of_customer(session, customer.customer_id)
        has_orders = bool(await orders.of_customer(session, customer.customer_id))
    return visitor.page(
        "products.html",
        rows=[(row, row.name_in(visitor.language.code), state_words(visitor.language, row)) for row in rows],
        claims=[(claim, moments.day(visitor, claim.created_at)) for claim in theirs if claim.state != "withdrawn"],
        told=request.query_params.get("told", ""),
        has_orders=has_orders,
    )


@get("/orders")
async def ordered(request: PortalRequest) -> Response[str]:
    """What the visitor has bought."""
    customer, visitor = auth.signed_in(request), Visitor.of(request)
    async with reading(runtime_of(request).db) as session:
        rows = await orders.of_customer(session, customer.customer_id)
    return visitor.page("orders.html", orders=rows, states=_order_words(visitor), payment=_payment_words(visitor))


def _order_words(visitor: Visitor) -> dict[str, str]:
    _ = visitor.language.text
    return {
        "placed": _("Ordered"),
        "confirmed": _("Confirmed"),
        "packed": _("Packed"),
        "shipped": _("On its way"),
        "delivered": _("Delivered"),
        "cancelled": _("Cancelled"),
        "returned": _("Sent back"),
    }


def _payment_words(visitor: Visitor) -> dict[str, str]:
    _ = visitor.language.text
    return {
        "unpaid": _("Not paid yet"),
        "paid": _("Paid"),
        "part_paid": _("Paid in part"),
        "refunded": _("Money sent back"),
        "failed": _("The payment failed"),
    }


@get("/products/register")
async def ask(request: PortalRequest) -> Response[str]:
    """Which product; then its form."""
    auth.signed_in(request)
    wanted = request.query_params.get("product", "")
    async with reading(runtime_of(request).db) as session:
        offered = await catalogue.list_products(session, active_only=True)
    product = next((each for each in offered if str(each.id) == wanted), None)
    return _form(request, offered, product, {}, {})


@post("/products/register", request_max_body_size=LARGEST_POST, status_code=303)
async def register(request: PortalRequest) -> Response[Any]:
    """Register a product, or say what is wrong beside each field."""
    customer, visitor, runtime = auth.signed_in(request), Visitor.of(request), runtime_of(request)
    posted, files = await taking_in.read_post(request)
    if not auth.is_genuine(request, posted.get("csrf", "")):
        return failures.outdated(request)
    async with reading(runtime.db) as session:
        offered = await catalogue.list_products(session, active_only=True)
    product = next((each for each in offered if str(each.id) == posted.get("product")), None)
    if product is None:
        return _form(request, offered, None, posted, {"product": visitor.language.text("Choose the product.")}, 422)
    if later := _later(visitor, customer.customer_id):
        return _form(request, offered, product, posted, {"form": later}, 429)
    try:
        state, number = await _registered(request, product, posted, files)
    except ProofNeeded:
        words = visitor.language.text(
            "Somebody else has registered this serial number. If the product is yours, add the bill or a photo of the "
            "plate; we look into it."
        )
        return _form(request, offered, product, posted, {"files": words}, 409)
    except Invalid as problem:
        return _form(request, offered, product, posted, complaints(visitor.language, problem), 422)
    if state == "claimed":
        return Redirect(visitor.to("/products", told="claimed"), status_code=303)
    return Redirect(visitor.to(f"/products/{number}", told=state), status_code=303)


def _later(visitor: Visitor, customer_id: int) -> str:
    """Take a turn; returns "", or what to say to who has to wait for one."""
    wait = GATE.wait(f"{customer_id}")
    if not wait:
        return ""
    return visitor.language.plural(
        "Please wait %(num)s second and send it again.", "Please wait %(num)s seconds and send it again.", wait
    )


async def _registered(request: PortalRequest, product: Product, posted: Values, files: list[Upload]) -> tuple[str, int]:
    """(what became of it, number of the registration)."""
    customer, runtime = auth.signed_in(request), runtime_of(request)
    wanted = NewRegistration(
        customer_id=customer.customer_id,
        product_id=product.id,
        serial=posted.get("serial", "")[:400],
        purchased_on=_day(posted.get("purchased_on", "")),
        country=posted.get("country", ""),
        seller=posted.get("seller", ""),
        source="portal",
        words=posted.get("words", ""),
    )
    _check(product, wanted, files)
    kept = [await proofs.keep(runtime.storage, file.name, file.content) for file in files[: proofs.MOST]]
    async with unit_of_work(runtime.db, customer.actor) as session:
        done = await registering.register(session, wanted, kept)
        return done.state, done.registration.id


def _check(product: Product, wanted: NewRegistration, files: list[Upload]) -> None:
    """Everything that can be wrong, said at once, before any file is kept.

    Raises:
        Invalid: ``errors`` has all of it.
    """
    found: list[dict[str, Any]] = []
    try:
        registering.checked(product, wanted)
    except Invalid as problem:
        found += problem.extra["errors"]
    for file in files[: proofs.MOST]:
        try:
            proofs.check(file.name, file.content)
        except Invalid as problem:
            found += problem.extra["errors"]
    if found:
        raise Invalid(errors=found)


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written.strip()) if written.strip() else None
    except ValueError:
        complaint = {"field": "purchased_on", "message": "This is no date.", "reason": "date_unreadable"}
        raise Invalid(errors=[complaint]) from None


def _form(
    request: PortalRequest,
    offered: list[Product],
    product: Product | None,
    posted: Values,
    errors: Values,
    status: int = 200,
) -> Response[str]:
    visitor = Visitor.of(request)
    code = visitor.language.code
    names = {str(each.id): catalogue.name_in(each, code) for each in offered}
    return visitor.page(
        "register_product.html",
        status,
        product=product,
        names=dict(sorted(names.items(), key=lambda item: item[1].casefold())),
        name=catalogue.name_in(product, code) if product else "",
        place=catalogue.place_in(product, code) if product else "",
        posted={"country": runtime_of(request).settings.default_country} | posted,
        errors=errors,
        countries=visitor.language.countries(),
        csrf=auth.csrf_token(request),
        accept=ACCEPT,
    )


@get("/products/{registration_id:int}")
async def one(request: PortalRequest, registration_id: FromPath[int]) -> Response[str]:
    """One product."""
    return await _page(request, registration_id)


async def _page(
    request: PortalRequest,
    registration_id: int,
    errors: Values | None = None,
    posted: Values | None = None,
    status: int = 200,
) -> Response[str]:
    customer, visitor = auth.signed_in(request), Visitor.of(request)
    async with reading(runtime_of(request).db) as session:
        row = await listing.row_of(session, registration_id, customer.customer_id)
        product = await catalogue.get(session, row.product_id)
        notices = (await recalls.notices_for(session, [row.id], visitor.language.code)).get(row.id, [])
        files = await proofs.of_owner(session, row.id, customer.customer_id)
        invited = await transfers.open_of(session, row.id)
    return visitor.page(
        "product.html",
        status,
        row=row,
        product=product,
        name=row.name_in(visitor.language.code),
        state=state_words(visitor.language, row),
        notices=notices,
        desk_language=runtime_of(request).settings.default_locale,
        files=[(each.name, visitor.language.size(each.size)) for each in files],
        registered=moments.day(visitor, row.registered_at),
        invited=invited,
        invited_until=moments.day(visitor, invited.expires_at) if invited else "",
        told=request.query_params.get("told", ""),
        errors=errors or {},
        posted=posted or {},
        csrf=auth.csrf_token(request),
    )


@get("/products/{registration_id:int}/certificate")
async def certificate(request: PortalRequest, registration_id: FromPath[int]) -> Response[str]:
    """The certificate of a product, to be printed."""
    customer, visitor = auth.signed_in(request), Visitor.of(request)
    async with reading(runtime_of(request).db) as session:
        row = await listing.row_of(session, registration_id, customer.customer_id)
        owners = await listing.owners_of(session, row.id)
    return visitor.page(
        "certificate.html",
        row=row,
        name=row.name_in(visitor.language.code),
        state=state_words(visitor.language, row),
        country=visitor.language.countries().get(row.country, row.country),
        owned_since=moments.day(visitor, owners[-1].from_at if owners else row.registered_at),
        registered=moments.day(visitor, row.registered_at),
    )


@post("/products/{registration_id:int}/contact", status_code=303)
async def second_contact(request: PortalRequest, registration_id: FromPath[int]) -> Response[Any]:
    """Name somebody else who may be asked about a product."""
    customer = auth.signed_in(request)
    posted = await _genuine_post(request)
    if posted is None:
        return failures.outdated(request)
    wanted = RegistrationChange(
        second_name=posted.get("second_name", ""),
        second_email=posted.get("second_email", ""),
        second_phone=posted.get("second_phone", ""),
    )
    try:
        async with unit_of_work(runtime_of(request).db, customer.actor) as session:
            await registering.lock_own(session, registration_id, customer.customer_id)
            await registering.change(session, registration_id, wanted)
    except Invalid as problem:
        errors = complaints(Visitor.of(request).language, problem)
        return await _page(request, registration_id, errors, posted, 422)
    return _back(request, registration_id, "contact")


@post("/products/{registration_id:int}/transfer", status_code=303)
async def transfer(request: PortalRequest, registration_id: FromPath[int]) -> Response[Any]:
    """Invite somebody to take a product over, or take the invitation back."""
    customer = auth.signed_in(request)
    posted = await _genuine_post(request)
    if posted is None:
        return failures.outdated(request)
    _ = Visitor.of(request).language.text
    is_offer = not posted.get("cancel")  # each one is a mail to somebody whom the owner names
    if is_offer and (later := _later(Visitor.of(request), customer.customer_id)):
        return await _page(request, registration_id, {"email": later}, posted, 429)
    try:
        async with unit_of_work(runtime_of(request).db, customer.actor) as session:
            if not is_offer:
                await transfers.cancel(session, registration_id, customer.customer_id)
                return _back(request, registration_id, "taken-back")
            await transfers.offer(session, registration_id, customer.customer_id, posted.get("email", "")[:320])
    except Invalid as problem:
        own = problem.detail.endswith("present owner.")
        words = _("This is your own address.") if own else _("This does not look like an e-mail address.")
        return await _page(request, registration_id, {"email": words}, posted, 422)
    return _back(request, registration_id, "invited")


@post("/products/{registration_id:int}/recall", status_code=303)
async def answer_recall(request: PortalRequest, registration_id: FromPath[int]) -> Response[Any]:
    """The owner has read of a recall."""
    customer = auth.signed_in(request)
    posted = await _genuine_post(request)
    if posted is None:
        return failures.outdated(request)
    async with unit_of_work(runtime_of(request).db, customer.actor) as session:
        await registering.lock_own(session, registration_id, customer.customer_id)
        await recalls.answer(session, registration_id, posted.get("words", "")[:2000])
    return _back(request, registration_id, "answered")


async def _genuine_post(request: PortalRequest) -> Values | None:
    """What was posted; None when our page did not make the form. Whose the product is, looks the write itself."""
    posted, _files = await taking_in.read_post(request)
    return posted if auth.is_genuine(request, posted.get("csrf", "")) else None


def _back(request: PortalRequest, registration_id: int, told: str) -> Response[Any]:
    return Redirect(Visitor.of(request).to(f"/products/{registration_id}", told=told), status_code=303)


@get("/products/invitation/{token:str}")
async def invitation(request: PortalRequest, token: FromPath[str]) -> Response[str]:
    """What somebody is invited to take over; looking uses nothing up."""
    visitor, runtime = Visitor.of(request), runtime_of(request)
    async with reading(runtime.db) as session:
        try:
            found = await transfers.read(session, runtime.secret, token[:200])
        except InvitationGone:
            return visitor.page("invitation.html", 404, row=None)
        row = await listing.row_of(session, found.registration.id)
    page = visitor.page(
        "invitation.html",
        row=row,
        name=row.name_in(visitor.language.code),
        state=state_words(visitor.language, row),
        token=token,
        sign_in=auth.sign_in_address(request),
        csrf=auth.csrf_token(request),
        is_own=visitor.customer is not None and visitor.customer.customer_id == row.customer_id,
    )
    page.headers["Referrer-Policy"] = "same-origin"
    return page


@post("/products/invitation/{token:str}", status_code=303)
async def accept(request: PortalRequest, token: FromPath[str]) -> Response[Any]:
    """Take a product over."""
    customer, runtime = auth.signed_in(request), runtime_of(request)
    posted, _files = await taking_in.read_post(request)
    if not auth.is_genuine(request, posted.get("csrf", "")):
        return failures.outdated(request)
    try:
        async with unit_of_work(runtime.db, customer.actor) as session:
            taken = await transfers.accept(session, runtime.secret, token[:200], customer.customer_id)
    except InvitationGone:
        return Visitor.of(request).page("invitation.html", 404, row=None)
    return _back(request, taken.id, "taken-over")


@get("/products/picture/{product_id:int}")
async def picture(request: PortalRequest, product_id: FromPath[int]) -> Response[bytes]:
    """The picture of a product."""
    runtime = runtime_of(request)
    async with reading(runtime.db) as session:
        product = await catalogue.get(session, product_id)
    if product.picture_key is None or product.picture_type is None:
        raise NotFound
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    content = await runtime.storage.get(product.picture_key)
    return Response(content, media_type=product.picture_type, headers=headers)


HANDLERS: Final[list[Any]] = [
    listed,
    ordered,
    ask,
    register,
    one,
    certificate,
    second_contact,
    transfer,
    answer_recall,
    invitation,
    accept,
    picture,
]
