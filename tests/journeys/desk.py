"""A whole desk as a process of its own, driven from outside: HTTP, SMTP, simulated mailboxes, signals."""

import asyncio
import contextlib
import email.policy
import fcntl
import os
import signal
import smtplib
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any, Self, TypeVar

import asyncpg
import httpx

from tests.ports import free_ports

AGENT = ("neha.kulkarni@tuhinara.example", "sampark-agent")
ADMIN = ("arjun.nair@tuhinara.example", "sampark-admin")
SUPPORT = "support@sampark.localhost"
Found = TypeVar("Found")


def eventually(look: Callable[[], Found], what: str, seconds: float = 20.0) -> Found:
    """The first true value that ``look`` gives; fails with ``what`` when there is none in time."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        with contextlib.suppress(httpx.TransportError, ConnectionError, smtplib.SMTPException):
            found = look()
            if found:
                return found
        time.sleep(0.05)
    raise AssertionError(f"not in {seconds:.0f} s: {what}")


started: "list[Desk]" = []
"""Every desk of this process, for the hook that shows their logs beside a failure (tests/conftest.py)."""


class Desk:
    """One running desk.

    Args:
        folder: its data.
        environment: settings on top of those of this class.
        demo: with the demo company, or empty.
        begun: data of an earlier start, which it goes on with; what it has besides is its own.
    """

    def __init__(self, folder: Path, *, demo: bool = True, begun: Path | None = None, **environment: str) -> None:
        self.folder = folder
        self.demo = demo
        self._begun = begun
        self.http, self.smtp, self.sim_smtp, self.sim_imap = free_ports(4)
        self.url = f"http://127.0.0.1:{self.http}"
        self.environment = {
            "SAMPARK_DATA": str(folder),
            "SAMPARK_HTTP_PORT": str(self.http),
            "SAMPARK_SMTP_PORT": str(self.smtp),
            "SAMPARK_SIMULATOR_SMTP_PORT": str(self.sim_smtp),
            "SAMPARK_SIMULATOR_IMAP_PORT": str(self.sim_imap),
            "SAMPARK_SIMULATOR": "true",
            "SAMPARK_UNDO_SEND_SECONDS": "1",
            "SAMPARK_HASTE": "10",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder.parent / f"{folder.name}.log"
        self._crash = folder.parent / f"{folder.name}.crash"
        self._told = 0
        started.append(self)

    def start(self) -> None:
        """Start the process and wait until it is ready. One that a failed test left is ended."""
        self.kill()
        goes_on = self._begun is not None and not self.folder.exists()
        if goes_on:
            subprocess.run(["cp", "-a", self._begun, self.folder], check=True)  # with its owner: the server is not root
        self._crash.write_text("")
        environment = os.environ | self.environment | {"SAMPARK_CRASH_AT": str(self._crash)}
        arguments = [sys.executable, "-m", "sampark", "serve", *(["--demo"] if self.demo else [])]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(arguments, env=environment, stdout=log, stderr=log, start_new_session=True)
        self.wait_ready()
        if goes_on:
            port = f"jsonb_set(settings, '{{smtp,port}}', '{self.sim_smtp}')"
            self.tell(f"update channel_accounts set settings = {port} where settings ? 'smtp'")

    def crash_at(self, point: str) -> None:
        """Let the running process kill itself at a point of ``core/crash``."""
        self._crash.write_text(point)

    def news(self) -> str:
        """What its log has got since the last call."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self._told)
            found = log.read()
            self._told = log.tell()
        return found.decode(errors="replace")

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.poll() is None

    def wait_ready(self) -> None:
        """Until the first page answers."""
        web = httpx.Client(timeout=2, verify=False)  # no TLS here, and no time spent on getting it ready

        def ready() -> bool:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the desk ended: {self.log.read_text()[-3000:]}")
            return web.get(f"{self.url}/healthz").status_code == 200

        with web:
            eventually(ready, "the desk starts", 180)

    def stop(self) -> int:
        """Ask it to stop, as Ctrl-C does; returns the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        self.process = None
        return code

    def wait_dead(self) -> None:
        """Until it has killed itself."""
        assert self.process is not None
        assert self.process.wait(30) == -signal.SIGKILL
        self.process = None

    def kill(self) -> None:
        """``kill -9``."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the product on the same data."""
        return subprocess.run(
            [sys.executable, "-m", "sampark", *arguments],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def sign_in(self, who: tuple[str, str] = AGENT) -> "Client":
        """A signed-in client of the API."""
        return Client(self.url, *who)

    def send(self, mail: EmailMessage) -> None:
        """Send a mail to the listener as any mail program does."""
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=10) as smtp:
            smtp.send_message(mail)

    def inbox(self, address: str) -> list[EmailMessage]:
        """What has arrived in a simulated customer's mailbox."""
        paths = sorted((self.folder / "simulator" / address).rglob("*"))
        parser = BytesParser(EmailMessage, policy=email.policy.default)
        return [parser.parsebytes(path.read_bytes()) for path in paths if path.parent.name in ("new", "cur")]

    def tell(self, *statements: str) -> None:
        """Write into the desk's database, beside an event loop that may run in this thread."""

        async def write() -> None:
            for statement in statements:
                await self.query(statement)

        with ThreadPoolExecutor(1) as other:
            other.submit(asyncio.run, write()).result()

    async def query(self, statement: str, *arguments: object) -> list[Any]:
        """Ask the desk's database."""
        connection = await asyncpg.connect(f"postgresql://postgres:@/sampark?host={self.folder / 'postgres'}")
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()


class Client(httpx.Client):
    """The API as one agent sees it."""

    def __init__(self, url: str, email_address: str, password: str) -> None:
        super().__init__(base_url=url, timeout=20, verify=False)  # as above
        answer = self.post("/api/session", json={"email": email_address, "password": password})
        assert answer.status_code in (200, 201), answer.text
        self.me = answer.json()["agent"]
        self.headers["X-CSRF-Token"] = answer.json()["csrfToken"]

    def __enter__(self) -> Self:
        """Signed in already (httpx opens a client only once)."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self.close()

    def available(self) -> None:
        """Ready for work."""
        assert self.put("/api/me/presence", json={"state": "available"}).status_code == 200

    def ticket_with(self, subject: str, view: str = "open") -> dict[str, Any] | None:
        """The ticket with this subject, if it is in the view."""
        rows = self.get("/api/tickets", params={"view": view, "limit": 20}).json()["items"]
        return next((row for row in rows if row["subject"] == subject), None)

    def reply(self, ticket: dict[str, Any], html: str, **fields: object) -> httpx.Response:
        """Answer a ticket as the console does."""
        seen = self.get(f"/api/tickets/{ticket['id']}").json()["lastEventId"]
        body = {"clientKey": str(uuid.uuid4()), "html": html, "lastSeen": seen} | fields
        return self.post(f"/api/tickets/{ticket['id']}/replies", json=body)


def mail(sender: str, subject: str, text: str = "Water drips below the unit.", **headers: str) -> EmailMessage:
    """A customer's mail."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = headers.pop("to", SUPPORT)
    message["Subject"] = subject
    message["Message-ID"] = headers.pop("message_id", f"<{uuid.uuid4()}@customer.example>")
    for name, value in headers.items():
        message[name.replace("_", "-").title()] = value
    message.set_content(text)
    return message


def first_start(place: Path) -> Path:
    """Data of a demo desk as its first start leaves it, indexed and stopped. Whoever comes first begins it in ``place``."""
    data = place / "data"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            with running(data) as desk, desk.sign_in() as agent:

                def is_indexed() -> bool:
                    found = agent.get("/api/search", params={"q": "invoice"}).json()
                    return "solved" in found["facets"].get("status", {})

                eventually(is_indexed, "what the demo brings is indexed", 60)
            (place / "done").touch()
    return data


@contextlib.contextmanager
def running(folder: Path, *, demo: bool = True, begun: Path | None = None, **environment: str) -> Iterator[Desk]:
    """A desk for the length of a block."""
    desk = Desk(folder, demo=demo, begun=begun, **environment)
    desk.start()
    try:
        yield desk
    finally:
        desk.stop()
