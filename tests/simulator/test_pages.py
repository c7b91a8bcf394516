"""The simulator's pages: read a mailbox, write as a customer, answer, switch, and show hostile mail harmlessly."""

import re
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from litestar import Litestar
from litestar.datastructures import State

import portal
from agent_ui import problems
from channels.email.listener import Listener
from channels.email.parse import parse_mail
from core.errors import DeskError
from simulator.letters import File, Person, as_bytes, letter
from simulator.mailboxes import Mailboxes, Switches
from simulator.routes import HANDLERS
from tests.channels.email.conftest import make_account
from tests.simulator.test_world import arrived

RAVI = "ravi@example.com"
BOX = f"/simulator/mailboxes/{RAVI}"
EVIL = (
    b'From: "<script>alert(1)</script>" <x@y.z>\r\nTo: ravi@example.com\r\nSubject: <img src=x onerror=alert(1)>\r\n'
    b"Message-ID: <e@y.z>\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script><img src=https://spy.test/p.gif>hi\r\n"
)


@pytest.fixture
async def desk(db, settings):
    """A desk's listener; the settings point at it."""
    await make_account(db)
    listener = Listener(db, settings)
    await listener.start()
    yield settings.model_copy(update={"smtp_port": listener.port})
    await listener.stop()


@pytest.fixture
async def client(db, desk):
    """A browser without scripts."""
    app = Litestar(
        HANDLERS,
        state=State({"runtime": SimpleNamespace(settings=desk, db=db)}),
        exception_handlers={DeskError: problems.desk_error},
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.test", follow_redirects=True) as made:
        yield made


@pytest.fixture
def mailboxes(desk):
    """The world that the pages show."""
    return Mailboxes(desk.data / "simulator")


async def test_an_empty_world_says_what_to_do(client):
    """No rows, one sentence, and the desk's own address."""
    page = (await client.get("/simulator")).text
    assert "No mail yet" in page
    assert "support@desk.test" in page


@pytest.mark.parametrize("path", ["/simulator", "/simulator/write", BOX, "/simulator/shop"])
async def test_each_page_names_an_icon_that_there_is(client, path):
    """Browsers ask for /favicon.ico otherwise, which fills the log with pages that are not found."""
    page = (await client.get(path)).text
    named = re.search(r'<link rel="icon" href="/static/portal/([a-z.]+)"', page)
    assert named and (Path(portal.__file__).parent / "static" / named[1]).is_file()


async def test_write_as_a_new_customer_and_see_it_in_the_desk(client, db, mailboxes):
    """Form → SMTP → ledger; a copy stays in the customer's mailbox."""
    form = {"name": "रवि", "address": RAVI, "to": "support@desk.test", "subject": "मदद", "text": "फ्रिज\nबंद है"}
    answer = await client.post(
        "/simulator/mails",
        data=form,
        files={"file": ("bill.pdf", b"%PDF-1.4", "application/pdf")},
        follow_redirects=False,
    )
    assert (answer.status_code, answer.headers["location"]) == (303, BOX)
    (mail,) = await arrived(db)
    assert (mail.from_[0].name, mail.subject, mail.text.strip()) == ("रवि", "मदद", "फ्रिज\nबंद है")
    assert [file.name for file in mail.attachments] == ["bill.pdf"]
    page = (await client.get(BOX)).text
    assert "मदद" in page
    assert "रवि" in (await client.get("/simulator?q=RAVI")).text
    assert "No mailbox has" in (await client.get("/simulator?q=nobody")).text


async def test_answer_a_mail_of_the_desk(client, db, mailboxes):
    """The reply form quotes the mail, goes to its Reply-To and threads."""
    asked = as_bytes(letter(Person("Support", "support@desk.test"), RAVI, "When?", "May we come on Monday?"))
    key = mailboxes.deliver(RAVI, asked.replace(b"To: ", b"Reply-To: support+t1.x@desk.test\r\nTo: ", 1))
    form = (await client.get(f"/simulator/write?address={RAVI}&reply={key}")).text
    assert "May we come on Monday?" in form
    assert 'value="support+t1.x@desk.test"' in form
    sent = {
        "address": RAVI,
        "name": "Ravi",
        "to": "support+t1.x@desk.test",
        "text": "Yes.",
        "reply": key,
        "style": "apple",
    }
    await client.post("/simulator/mails", data=sent, follow_redirects=False)
    (mail,) = await arrived(db)
    assert mail.in_reply_to == parse_mail(asked).message_id
    assert mail.reply_text == "Yes."
    page = (await client.get(BOX)).text
    assert page.count("<section") == 1
    assert page.index("May we come") < page.index("Yes.")


async def test_a_refusal_keeps_what_was_written(client, mailboxes):
    """The desk's sentence is shown, the text is still there, and no copy pretends that it was sent."""
    form = {"address": RAVI, "to": "nobody@elsewhere.test", "subject": "x", "text": "long and dear"}
    answer = await client.post("/simulator/mails", data=form)
    assert answer.status_code == 503
    assert "relaying denied" in answer.text
    assert "long and dear" in answer.text
    assert mailboxes.mails(RAVI) == []


@pytest.mark.parametrize("address", ["", "ravi", "a b@c.d", "a@b\nBcc: x@y.z", "@"])
async def test_wrong_addresses_are_told(client, address):
    """One sentence, status 422."""
    answer = await client.post("/simulator/mails", data={"address": address, "to": "support@desk.test", "text": "x"})
    assert answer.status_code == 422
    assert "Please check" in answer.text


async def test_hostile_mail_is_shown_as_text_and_in_a_sandbox(client, mailboxes):
    """Nothing of a mail runs or is fetched: escaped on our page, sandboxed in its own."""
    key = mailboxes.deliver(RAVI, EVIL)
    for path in ("/simulator", BOX, f"{BOX}/mails/{key}"):
        answer = await client.get(path)
        assert "<script" not in answer.text
        assert "<img src=x" not in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    body = await client.get(f"{BOX}/mails/{key}/body")
    assert body.headers["content-security-policy"].startswith("sandbox allow-popups; default-src 'none'")
    assert "img-src data:" in body.headers["content-security-policy"]


async def test_pictures_files_and_the_raw_mail(client, mailboxes):
    """Inline pictures are shown, files can be kept, the bytes can be read."""
    files = [File("p.png", "image/png", b"\x89PNG", inline=True), File("क.pdf", "application/pdf", b"%PDF")]
    raw = as_bytes(letter(Person("Support", "support@desk.test"), RAVI, "Photo", "See", files))
    key = mailboxes.deliver(RAVI, raw)
    assert "data:image/png;base64,iVBORw==" in (await client.get(f"{BOX}/mails/{key}/body")).text
    assert (await client.get(f"{BOX}/mails/{key}/raw")).content == raw
    page = (await client.get(f"{BOX}/mails/{key}")).text
    number = page.partition("/files/")[2].partition('"')[0]
    names = [(await client.get(f"{BOX}/mails/{key}/files/{each}")).headers["content-disposition"] for each in (0, 1)]
    assert number == "0"
    assert any("%E0%A4%95.pdf" in name for name in names)
    assert (await client.get(f"{BOX}/mails/{key}/files/9")).status_code == 404


async def test_switches(client, mailboxes):
    """On holiday and back."""
    await client.post(f"{BOX}/switches", data={"holiday": "on"})
    assert mailboxes.switches(RAVI) == Switches(holiday=True)
    assert "on holiday" in (await client.get("/simulator")).text
    await client.post(f"{BOX}/switches", data={"bounce": "on"})
    assert mailboxes.switches(RAVI) == Switches(bounce=True)
    await client.post(f"{BOX}/switches", data={})
    assert mailboxes.switches(RAVI) == Switches()


async def test_another_site_cannot_write_in_our_name(client, mailboxes):
    """Forms of other origins are refused."""
    for path in ("/simulator/mails", f"{BOX}/switches", "/simulator/visitors"):
        answer = await client.post(path, data={"address": RAVI}, headers={"Origin": "https://evil.test"})
        assert answer.status_code == 403
    assert mailboxes.addresses() == []


async def test_a_visitor_needs_a_widget(client):
    """The button is on the page; a desk without a widget says how to make one."""
    assert "A visitor writes now" in (await client.get("/simulator?visitor=<b>")).text
    answer = await client.post("/simulator/visitors")
    assert answer.status_code == 503
    assert "no chat widget yet" in answer.text


@pytest.mark.parametrize("path", ["mails/none", "mails/..%2Fx", "mails/none/body", "mails/none/raw"])
async def test_what_is_not_there_is_404(client, path):
    """No traces, no crash."""
    assert (await client.get(f"{BOX}/{path}")).status_code == 404


async def test_the_look_takes_the_tenants_hue(client, desk):
    """One brand colour for all pages."""
    answer = await client.get("/simulator/style.css")
    assert f"--brand-h: {desk.brand_hue}" in answer.text
    assert answer.headers["content-type"].startswith("text/css")
