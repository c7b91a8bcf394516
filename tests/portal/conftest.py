"""The portal alone, over real HTTP requests, on a database of the test's own."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from litestar import Litestar
from litestar.datastructures import State

from channels.inbound import Inbound
from channels.models import ChannelAccount
from channels.web.form import WebReader
from core import brands
from core import clock as clocks
from core.db import Database, unit_of_work
from core.i18n import NAMES
from core.settings import Settings
from core.storage import Storage
from portal import requests
from portal.limits import Gate
from portal.routes import HANDLERS
from staff.models import Team

BASE = "http://desk.example"
VALUES = {
    "name": "Aarohi Jadhav",
    "email": "aarohi.jadhav@example.com",
    "topic": "order",
    "subject": "Where is my order?",
    "message": "It was to arrive on Monday.",
}


@dataclass
class Runtime:
    """What the portal uses of the running product."""

    settings: Settings
    db: Database
    storage: Storage
    secret: str


@dataclass
class Desk:
    """A desk with one team and its mailbox, and the portal in front of it."""

    client: httpx.AsyncClient
    clock: clocks.ManualClock
    team_id: int
    mailbox_id: int

    async def form(self, query: str = "") -> tuple[str, str]:
        """Open the form and look at it for ten seconds; returns the page and its token."""
        page = (await self.client.get(f"/portal/requests/new{query}")).text
        self.clock.advance(timedelta(seconds=10))
        found = re.search(r'name="token" value="([^"]+)"', page)
        assert found is not None
        return page, found[1]


def browser(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    """A client with cookies of its own that names the origin of its posts, as every browser does."""
    return httpx.AsyncClient(transport=transport, base_url=BASE, headers={"Origin": BASE})


@pytest.fixture
async def desk(
    db: Database, settings: Settings, storage: Storage, clock: clocks.ManualClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """The portal of a desk whose orders are a team's."""
    monkeypatch.setattr(requests, "GATE", Gate())
    async with unit_of_work(db) as session:
        team = Team(name="Orders", created_at=clock.now())
        session.add(team)
        await session.flush()
        mailbox = ChannelAccount(
            channel="email",
            name="orders",
            address="orders@desk.example",
            display_name="Acme",
            team_id=team.id,
            created_at=clock.now(),
        )
        web = ChannelAccount(
            channel="web",
            name="web",
            address="",
            display_name="Acme",
            settings={"topics": {"order": team.id}},
            created_at=clock.now(),
        )
        session.add_all([mailbox, web])
        own = brands.Draft(host="", name="Acme", hue=172, default_language="en", languages=list(NAMES))
        await brands.create(session, own)
    reader = WebReader(storage)
    state = State(
        {
            "runtime": Runtime(settings, db, storage, "test-secret"),
            "inbound": Inbound({"web": reader}, {"web": reader.could_not_read}),
        }
    )
    app = Litestar(HANDLERS, state=state, openapi_config=None)
    transport = httpx.ASGITransport(app)  # Litestar's own client would run the application on another loop
    async with browser(transport) as client:
        yield Desk(client, clock, team.id, mailbox.id)
