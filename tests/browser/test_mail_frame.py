"""Mails of strangers in a real browser: no script runs and nothing is asked for, by either of two walls alone."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext

from agent_ui import html as pages
from agent_ui import mail_page
from agent_ui.links import FileLinks
from channels.email.parse import parse_mail
from core.clock import now
from core.html import sanitise
from tickets.timeline import Author, MessageItem

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "mail"
SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
"""What the console gives its frames."""

HOSTILE = [
    "<script>parent.hits = 1; fetch('https://evil.example/1')</script>",
    "<img src=x onerror=\"parent.hits = 1\"><svg onload='parent.hits = 1'></svg><body onload='parent.hits = 1'>",
    "<img src='https://evil.example/2.png'><img src=' https:\\\\evil.example/3'><img src='https:&#10;//evil.example/4'>",
    "<img src='//evil.example/5'><img srcset='https://evil.example/6 2x' src='cid:none'>",
    "<picture><source srcset='https://evil.example/7'><img src='cid:none'></picture>",
    "<div style='background:url(https://evil.example/8);background-image:image-set(\"https://evil.example/9\" 1x)'>x</div>",
    "<style>@import 'https://evil.example/10'; p{background:url(https://evil.example/11)}</style><p>x</p>",
    "<link rel=stylesheet href='https://evil.example/12'><link rel=prefetch href='https://evil.example/13'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/14'>",
    "<iframe src='https://evil.example/15'></iframe><iframe srcdoc='<script>top.hits=1</script>'></iframe>",
    "<object data='https://evil.example/16'></object><embed src='https://evil.example/17'>",
    "<video poster='https://evil.example/18' src='https://evil.example/19' autoplay></video>",
    "<audio src='https://evil.example/20' autoplay></audio><input type=image src='https://evil.example/21'>",
    "<table background='https://evil.example/22'><td background='https://evil.example/23'>x</table>",
    "<base href='https://evil.example/'><img src='24.png'><a href='25' ping='https://evil.example/26'>x</a>",
    "<svg><image href='https://evil.example/27'/><use href='https://evil.example/28#x'/></svg>",
    "<math><mtext><img src='https://evil.example/29' onerror='parent.hits=1'></mtext></math>",
    "<ul style='list-style-image:url(https://evil.example/30)'><li style='cursor:url(https://evil.example/31),auto'>x</ul>",
    "<p style=\"font-family:'x';content:url(https://evil.example/32);mask:url(https://evil.example/33)\">x</p>",
    '<noscript><p title="</noscript><img src=https://evil.example/34 onerror=parent.hits=1>"></noscript>',
    "<a href='javascript:parent.hits=1' autofocus onfocus='parent.hits=1'>x</a><details open ontoggle='parent.hits=1'>",
    "<form action='https://evil.example/35'><button autofocus formaction='https://evil.example/36'>x</button></form>",
    "<img src='data:image/svg+xml,<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"https://evil.example/37\"/></svg>'>",
]  # fmt: skip


def item_of(html: str) -> MessageItem:
    """A customer's message as the timeline reads it."""
    return MessageItem(
        key="m1", id=1, at=now(), kind="customer", channel="email", author=Author("customer", 1, "Asha"), html=html,
        text="", quoted_html=None, quoted_text=None, subject="x", to=[], cc=[], attachments=[], delivery=None,
        matched_by=None, is_auto=False, raw_url=None, lang=None, dated_at=None, own_address=None, is_list=False,
        subject_changed=False, sent_elsewhere=False, forwarded_by=None, protection="", authentication=None,
        signature_html="", plain=False,
    )  # fmt: skip


class Served:
    """A small server of documents under their headers, and a list of what else it was asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        served = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body, headers = served.pages.get(self.path, (b"", {}))
                if self.path not in served.pages and self.path != "/favicon.ico":
                    served.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                self.send_response(200 if self.path in served.pages else 404)
                for name, value in ({"Content-Type": "text/html; charset=utf-8"} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def document(self, name: str, html: str, *, images: bool = False, walls: str = "both") -> str:
        """Serve a message's document; ``walls``: only its markup, only its policy, or both."""
        made = mail_page.document(
            item_of(sanitise(html)), mail_page.Wanted(images=images), FileLinks("secret"), pages.pictures_of([])
        )
        body = html.encode() if walls == "policy" else made.content
        self.pages[name] = (body, {} if walls == "markup" else dict(made.headers))
        return name


@pytest.fixture
def served() -> Iterator[Served]:
    """Two of them would be two origins; this is the desk's."""
    made = Served()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser in which no request leaves the machine; what tries to is noted in ``left``."""
    made = browser.new_context()
    left: list[str] = []

    def stop(route: Any) -> None:
        left.append(route.request.url)
        route.abort()

    made.route(lambda url: urlsplit(url).hostname not in ("127.0.0.1", "localhost"), stop)
    made.left = left  # type: ignore[attr-defined]
    yield made
    made.close()


def framed(served: Served, names: list[str], *, sandbox: bool) -> str:
    """A page that shows documents in frames as the console does; returns its address."""
    attribute = f' sandbox="{SANDBOX}"' if sandbox else ""
    frames = "".join(f'<iframe src="{name}"{attribute} width=600 height=200></iframe>' for name in names)
    served.pages["/"] = (f"<!doctype html><title>desk</title>{frames}".encode(), {})
    return f"http://127.0.0.1:{served.port}/"


@pytest.mark.parametrize("walls", ["both", "markup", "policy"])
def test_hostile_mails_run_nothing_and_ask_for_nothing(served: Served, context: BrowserContext, walls: str) -> None:
    """The cleaned markup without a policy, and the policy with the mail as it came, each hold alone."""
    names = [served.document(f"/{n}", html, walls=walls) for n, html in enumerate(HOSTILE)]
    page = context.new_page()
    page.goto(framed(served, names, sandbox=walls != "markup"), wait_until="networkidle")
    assert len(page.frames) >= len(HOSTILE) + 1
    assert page.evaluate("window.hits") is None
    assert page.title() == "desk"
    assert context.left == []  # type: ignore[attr-defined]
    if walls != "policy":  # the policy alone lets a mail ask the desk for an image, which only looks
        assert served.asked == []
    assert len(context.pages) == 1


def test_the_trap_works(served: Served, context: BrowserContext) -> None:
    """The same mails without both walls do run and ask, so the test above can fail."""
    for n, html in enumerate(HOSTILE):
        served.pages[f"/{n}"] = (html.encode(), {})
    page = context.new_page()
    names = [f"/{n}" for n, html in enumerate(HOSTILE) if "refresh" not in html]
    page.goto(framed(served, names, sandbox=False), wait_until="networkidle")
    assert page.evaluate("window.hits") == 1
    assert len(context.left) >= 15  # type: ignore[attr-defined]


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora of other projects are not beside the checkout")
def test_real_mails_ask_for_nothing(served: Served, context: BrowserContext) -> None:
    """The HTML of all mails of other projects' tests, twenty frames at a time."""
    bodies: list[str] = []
    for path in sorted(CORPORA.rglob("*")):
        if path.is_file() and path.stat().st_size < 2_000_000:
            found = parse_mail(path.read_bytes()).html
            if "<img" in found or "url(" in found or "<script" in found:
                bodies.append(found)
    assert len(bodies) > 20
    page = context.new_page()
    for start in range(0, len(bodies), 20):
        names = [
            served.document(f"/c{start + n}", html, walls="markup") for n, html in enumerate(bodies[start : start + 20])
        ]
        page.goto(framed(served, names, sandbox=False), wait_until="networkidle")
    assert context.left == []  # type: ignore[attr-defined]
    assert served.asked == []


@pytest.mark.parametrize("policy", [True, False])
def test_allowed_images_carry_no_cookie_and_no_referrer(served: Served, context: BrowserContext, policy: bool) -> None:
    """They are fetched, and their server learns of nobody; without our headers it would (so this test can fail)."""
    elsewhere = Served()
    home = f"http://localhost:{elsewhere.port}"
    context.add_cookies([{"name": "who", "value": "asha", "url": home}])
    html = f'<p>x</p><img src="{home}/pixel.png?who=1">'
    name = served.document("/doc", html, images=True)
    if not policy:
        served.pages[name] = (served.pages[name][0].replace(b'content="no-referrer"', b'content="unsafe-url"'), {})
    page = context.new_page()
    # Another port of one host is another origin of one site: browsers keep cookies from other sites by themselves.
    page.goto(framed(served, [name], sandbox=True).replace("127.0.0.1", "localhost"), wait_until="networkidle")
    elsewhere.server.shutdown()
    elsewhere.server.server_close()
    assert [path for path, _ in elsewhere.asked] == ["/pixel.png?who=1"]
    headers = elsewhere.asked[0][1]
    assert ("cookie" in headers, "referer" in headers) == (not policy, not policy), json.dumps(headers)
