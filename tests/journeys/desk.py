"""A whole desk as a process of its own, driven from outside: HTTP, SMTP, simulated mailboxes, signals."""

import contextlib
import email.policy
import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any, Self, TypeVar

import asyncpg
import httpx

AGENT = ("neha.kulkarni@tuhinara.example", "sampark-agent")
ADMIN = ("arjun.nair@tuhinara.example", "sampark-admin")
SUPPORT = "support@sampark.localhost"
Found = TypeVar("Found")


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


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


class Desk:
    """One running desk.

    Args:
        folder: its data.
        environment: settings on top of those of this class.
        demo: with the demo company, or empty.
    """

    def __init__(self, folder: Path, *, demo: bool = True, **environment: str) -> None:
        self.folder = folder
        self.demo = demo
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
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder.parent / f"{folder.name}.log"

    def start(self, *, crash_at: str = "", wait: bool = True) -> None:
        """Start the process; with ``crash_at`` it kills itself at that point. One that a failed test left is ended."""
        self.kill()
        environment = os.environ | self.environment
        if crash_at:
            environment["SAMPARK_CRASH_AT"] = crash_at
        arguments = [sys.executable, "-m", "sampark", "serve", *(["--demo"] if self.demo else [])]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(arguments, env=environment, stdout=log, stderr=log, start_new_session=True)
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        """Until the first page answers."""

        def ready() -> bool:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the desk ended: {self.log.read_text()[-3000:]}")
            return httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200

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
        super().__init__(base_url=url, timeout=20)
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


@contextlib.contextmanager
def running(folder: Path, *, demo: bool = True, **environment: str) -> Iterator[Desk]:
    """A desk for the length of a block."""
    desk = Desk(folder, demo=demo, **environment)
    desk.start()
    try:
        yield desk
    finally:
        desk.stop()
