"""Products in a browser: a customer registers one with its bill and asks about it; agents see what it is entitled to."""

import random

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Desk
from tests.browser.looks import LOOKS, recolour, shared_out, violations
from tests.browser.signing_in import sign_in as enter
from tests.browser.test_portal_account import look_at, sign_in
from tests.journeys.desk import ADMIN, AGENT, eventually

BILL = {
    "name": "bill.pdf",
    "mimeType": "application/pdf",
    "buffer": b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF",
}
PRODUCT = "TF-260 Frost refrigerator"


def serial() -> str:
    """One that the demo has not given to anybody."""
    return f"ZZ{random.randrange(10**8):08}"


def register(page: Page, desk: Desk, number: str) -> None:
    """From the list of products to the product's own page."""
    page.goto(f"{desk.url}/portal/products/register?lang=en")
    page.get_by_label("Which product is it?").select_option(PRODUCT)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Serial number").fill(number)
    page.get_by_label("Date of the purchase").fill("2026-01-15")
    page.get_by_label("Bill or photo of the plate").set_input_files(BILL)
    page.get_by_role("button", name="Register", exact=True).click()


def test_a_customer_registers_a_product_and_asks_about_it(browser: Browser, desk: Desk, picture) -> None:
    """Without a script: serial number put right, bill, warranty at once, a request on it, and the agent sees why."""
    number, subject = serial(), "The journey of a warm refrigerator"
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, desk, "asha.products@example.com")
    register(page, desk, number[:6])
    expect(page.get_by_role("alert")).to_contain_text("serial numbers of this product have 10")
    page.get_by_label("Serial number").fill(f"{number[:2].lower()}-{number[2:6]} {number[6:]}")
    page.get_by_label("Bill or photo of the plate").set_input_files(BILL)
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_text("Your product is registered.")).to_be_visible()
    expect(page.get_by_text("In warranty until 15 January 2028")).to_be_visible()
    expect(page.get_by_text("bill.pdf")).to_be_visible()
    picture(page, "product")
    page.get_by_role("link", name="Report a fault").click()
    expect(page.get_by_label("Which of your products?")).to_contain_text("In warranty until 15 January 2028")
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("What does it do?").select_option(index=1)
    page.get_by_label("What happened?").fill("It is warm inside.")
    page.wait_for_timeout(3_500)  # nobody fills the form in faster, and the portal knows
    page.get_by_role("button", name="Send request").last.click()
    expect(page.get_by_role("link", name="Follow your request")).to_be_visible()
    context.close()
    with desk.sign_in(AGENT) as agent:
        ticket = eventually(lambda: agent.ticket_with(subject), "the request is a ticket", 40)
        seen = agent.get(f"/api/tickets/{ticket['id']}").json()
    assert (seen["entitlement"], seen["entitlementUntil"], seen["product"]["serial"]) == (
        "in_warranty", "2028-01-15", number
    )  # fmt: skip


def test_the_pages_of_products_are_accessible(browser: Browser, desk: Desk, picture) -> None:
    """Axe finds nothing, nothing scrolls sideways, whatever can be pressed is large enough, in every language."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, desk, "products.looks@example.com")
    for language, name, look in shared_out(["none"]):
        page.goto(f"{desk.url}/portal/products?lang={language}")
        look_at(page, picture, look, name, language)
    register(page, desk, "AB12")
    for look in LOOKS:
        look_at(page, picture, look, f"complaint-{look.width}-{look.colours}", "en")
    register(page, desk, serial())
    expect(page.get_by_text("Your product is registered.")).to_be_visible()
    place = page.url.partition("?")[0]
    paths = {
        "product": place,
        "certificate": f"{place}/certificate",
        "list": f"{desk.url}/portal/products",
        "which": f"{desk.url}/portal/products/register",
        "orders": f"{desk.url}/portal/orders",
        "invitation": f"{desk.url}/portal/products/invitation/1.x",
    }
    for language, name, look in shared_out(list(paths)):
        page.goto(f"{paths[name]}?lang={language}")
        look_at(page, picture, look, name, language)
    context.close()


def test_the_console_shows_products_claims_and_recalls(page: Page, desk: Desk, picture) -> None:
    """Each page of the settings has its rows and nothing that axe finds; a claim cannot be rejected without a reason."""
    enter(page, desk, ADMIN)
    for path, words in {
        "products": PRODUCT,
        "warranty-rules": "Tara warranty India",
        "claims": "Claims the product",
        "recalls": "Drain hose of TW-80 washing machines",
        "recalls/1": "Owners",
        "api-keys": "Make a key",
    }.items():
        page.goto(f"{desk.url}/console/settings/{path}")
        expect(page.get_by_text(words).first).to_be_visible()
        for colours in ("light", "dark"):
            recolour(page, colours)  # type: ignore[arg-type]  # one of those
            expect(page.locator("html")).to_have_attribute("data-theme", colours)
            picture(page, f"{path.replace('/', '-')}-{colours}")
            assert violations(page) == [], (path, colours)
    page.goto(f"{desk.url}/console/settings/claims")
    expect(page.get_by_role("button", name="Reject", exact=True)).to_be_disabled()
