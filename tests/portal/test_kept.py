"""Rendered pages that are kept in memory."""

import asyncio
from typing import Any

from litestar import Response
from litestar.response import Redirect

from core.db import Database
from portal import kept


class Printer:
    """Renders slowly enough that others come in the meantime, and counts how often."""

    def __init__(self, made: kept.Rendered | Response[Any]) -> None:
        self.made, self.count = made, 0

    async def __call__(self) -> kept.Rendered | Response[Any]:
        """Render."""
        self.count += 1
        await asyncio.sleep(0)
        return self.made


async def test_one_visitor_renders_for_all_who_wait(db: Database) -> None:
    """A page that many ask for at the same moment is rendered once; again only when its stamp has changed."""
    printer = Printer(kept.Rendered(Response("<p>Relay</p>")))
    pages = await asyncio.gather(*(kept.page(db, "relay", "1", printer) for _ in range(8)))
    assert printer.count == 1
    assert all(page is pages[0] for page in pages)
    assert await kept.page(db, "relay", "1", printer) is pages[0]
    assert await kept.page(db, "relay", "2", printer) is not pages[0]
    assert printer.count == 2


async def test_a_redirect_is_answered_and_not_kept(db: Database) -> None:
    """Who asks for an address that leads elsewhere is led there each time."""
    printer = Printer(Redirect("/portal/en/articles/new"))
    for number in (1, 2):
        assert await kept.page(db, "old", "1", printer) is printer.made
        assert printer.count == number
