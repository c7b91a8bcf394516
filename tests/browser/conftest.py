"""Browser tests: the whole product as one process, and Chromium in front of it.

The browser is $CHROMIUM or the system's (tools/environment.py fetches one). Pictures go to build/screenshots.
These tests come last: Playwright's synchronous interface keeps an event loop of its own running.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
START_SECONDS = 120


@dataclass(frozen=True)
class Desk:
    """A running product with the demo company.

    Attributes:
        url: where it answers, without a slash at the end.
        smtp_port: where it takes mail.
        simulator_smtp_port: where it hands its own mail over.
        simulator_imap_port: where the mailboxes of the demo customers can be read.
        data: its folder.
    """

    url: str
    smtp_port: int
    simulator_smtp_port: int
    simulator_imap_port: int
    data: Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder, and run it after everything else."""
    here = Path(__file__).parent
    mine = [item for item in items if here in item.path.parents]
    for item in mine:
        item.add_marker("browser")
    items[:] = [item for item in items if item not in mine] + mine


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until the product answers; its log is shown when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the product did not start:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The product with the demo company, started as a user would, on ports and in a folder of its own."""
    data = tmp_path_factory.mktemp("desk")
    http, smtp, simulator_smtp, simulator_imap = free_ports(4)
    running = Desk(f"http://127.0.0.1:{http}", smtp, simulator_smtp, simulator_imap, data)
    settings = {
        "SAMPARK_HTTP_PORT": str(http),
        "SAMPARK_SMTP_PORT": str(smtp),
        "SAMPARK_SIMULATOR_SMTP_PORT": str(simulator_smtp),
        "SAMPARK_SIMULATOR_IMAP_PORT": str(simulator_imap),
        "SAMPARK_DATA": str(data),
        "SAMPARK_UNDO_SEND_SECONDS": "1",
        "DATABASE_URL": os.environ.get("BROWSER_DATABASE_URL", ""),
    }
    log = data / "log.txt"
    command = [str(Path(sys.executable).with_name("sampark")), "serve", "--demo"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | settings, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        wait_until_ready(process, running.url, log)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reports = ROOT / "build" / "reports"
        reports.mkdir(parents=True, exist_ok=True)
        shutil.copy(log, reports / "browser-desk.log")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the browser that is there; Playwright's own is never downloaded."""
    named = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if named is None:
        pytest.fail("no Chromium: `make test` installs one, or name it with CHROMIUM=/path")
    return {**browser_type_launch_args, "executable_path": named}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """An Indian desktop whose animations are off."""
    return {
        **browser_context_args,
        "viewport": {"width": 1440, "height": 900},
        "locale": "en-IN",
        "timezone_id": "Asia/Kolkata",
        "reduced_motion": "reduce",
    }


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keep a picture of a page: `picture(page, "inbox")` writes build/screenshots/<test>-inbox.png."""

    def take(page: Page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{request.node.name}-{name}.png")

    return take
