"""The make-believe shop: its pages carry the widget's tag, and the signature of who is signed in there."""

import re
from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx
import pytest
from litestar import Litestar
from litestar.datastructures import State

from agent_ui import problems
from channels.chat import widgets
from channels.chat.identity import Claim, proven
from core.db import Database, unit_of_work
from core.errors import DeskError
from core.vault import Vault
from simulator import demo_chat, shop

SECRET = "test-secret-of-the-suite"


@pytest.fixture
async def visitor(db: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who looks at the shop."""
    runtime = SimpleNamespace(db=db, vault=Vault(SECRET))
    app = Litestar(
        shop.HANDLERS,
        state=State({"runtime": runtime}),
        exception_handlers={DeskError: problems.desk_error},
        openapi_config=None,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.example") as client:
        yield client


async def test_a_desk_without_a_widget_says_how_to_make_one(visitor: httpx.AsyncClient) -> None:
    """No tag, and a hint."""
    page = (await visitor.get("/simulator/shop")).text
    assert "<script" not in page
    assert "no chat widget yet" in page


async def test_the_shop_carries_the_tag_under_a_strict_policy(visitor: httpx.AsyncClient, db: Database) -> None:
    """One script of the desk's, nothing inline; unknown goods are not found."""
    async with unit_of_work(db) as session:
        made = await demo_chat.fill(session, SECRET)
    answer = await visitor.get("/simulator/shop/fan?lang=hi&dir=rtl")
    assert re.findall(r"<script[^>]*>", answer.text) == [f'<script async src="/widget/{made.key}.js">']
    assert '<html lang="hi" dir="rtl">' in answer.text
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert (await visitor.get("/simulator/shop/yacht")).status_code == 404


async def test_who_is_signed_in_is_signed(visitor: httpx.AsyncClient, db: Database) -> None:
    """The tag's attributes are a proof that the widget believes."""
    async with unit_of_work(db) as session:
        made = await demo_chat.fill(session, SECRET)
        keys = widgets.keys_of(made, Vault(SECRET))
    page = (await visitor.get("/simulator/shop?who=asha")).text
    said = dict(re.findall(r'data-([a-z-]+)="([^"]*)"', page))
    claim = Claim(said["user-id"], said["email"], said["name"], said["hash"])
    assert proven(claim, keys).name == "Asha Kulkarni"
    assert "data-hash" not in (await visitor.get("/simulator/shop?who=nobody")).text
