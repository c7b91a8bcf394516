"""Browser tests: the whole product as one process, and Chromium in front of it.

The browser is $CHROMIUM or the system's (tools/environment.py fetches one). Pictures go to build/screenshots.
These tests come last: Playwright's synchronous interface keeps an event loop of its own running.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.desk import Desk, running
from tools import assets

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
PATIENCE = 15_000
"""Milliseconds that a page may take for what is expected of it: the desk, the browser and other tests share two cores."""
LONG = (
    "test_settings",
    "test_mail_in_console",
    "test_portal_account",
    "test_products",
    "test_portal_help",
    "test_knowledge",
)
"""The modules that take longest: last, each would keep one worker busy while the other one has nothing to do."""
UNDO_SECONDS = 5
"""Long enough for a test to press "Undo" on a busy machine before the reply has left."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder, and run it after everything else, the long modules first."""
    here = Path(__file__).parent
    mine = [item for item in items if here in item.path.parents]
    mine.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))
    for item in mine:
        item.add_marker("browser")
    items[:] = [item for item in items if item not in mine] + mine


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory, demo_data: Path) -> Iterator[Desk]:
    """The product with the demo company, started as a user would, on ports and in a folder of its own."""
    patience = {"SAMPARK_UNDO_SEND_SECONDS": str(UNDO_SECONDS), "SAMPARK_CHAT_GONE_SECONDS": "30"}
    with running(tmp_path_factory.mktemp("browser") / "data", begun=demo_data, **patience) as started:
        yield started
        reports = ROOT / "build" / "reports"
        reports.mkdir(parents=True, exist_ok=True)
        shutil.copy(started.log, reports / "browser-desk.log")


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    """Wait longer than Playwright's five seconds; what comes sooner costs nothing."""
    expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session", autouse=True)
def node_of_ours() -> None:
    """Let Playwright run on the Node of .venv: its own needs a library that a bare Debian does not have."""
    found = assets.wheel_node()
    if found is not None:
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(found[0] / "node"))


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


@pytest.fixture(scope="session")
def kept_context(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[BrowserContext]:
    """One browser for all tests that need no second: what it has fetched and compiled once is there for the next test."""
    made = browser.new_context(**browser_context_args)
    yield made
    made.close()


@pytest.fixture
def context(kept_context: BrowserContext, desk: Desk) -> Iterator[BrowserContext]:
    """The kept browser, which knows nobody and remembers nothing of the test before."""
    yield kept_context
    kept_context.clear_cookies()
    for page in kept_context.pages:
        session = kept_context.new_cdp_session(page)
        session.send("Storage.clearDataForOrigin", {"origin": desk.url, "storageTypes": "local_storage,indexeddb"})
        page.close()


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keep a picture of a page: `picture(page, "inbox")` writes build/screenshots/<test>-inbox.png."""

    def take(page: Page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{request.node.name}-{name}.png", full_page=True)

    return take
