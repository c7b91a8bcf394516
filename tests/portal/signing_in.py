"""Signing in on the portal as a customer does, for tests of what is behind it."""

import re

import httpx
from sqlalchemy import select

from channels.models import Notice
from core.db import Database, reading
from tests.portal.conftest import Desk

LINK = re.compile(r"http\S+(/portal/sign-in/link/[^?\s]+)")
CODE = re.compile(r"\b(\d{6})\b")


def token_in(page: str) -> str:
    """The token in a page's form."""
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


async def ask(desk: Desk, address: str, query: str = "", client: httpx.AsyncClient | None = None) -> httpx.Response:
    """Ask for a link; the answer is not followed."""
    client = client or desk.client
    page = (await client.get(f"/portal/sign-in{query}")).text
    following = re.search(r'name="next" value="([^"]*)"', page)
    data = {"email": address, "token": token_in(page), "next": following[1] if following else ""}
    return await client.post("/portal/sign-in?lang=en", data=data)


async def mails(db: Database, kind: str = "sign_in") -> list[Notice]:
    """The mails of a kind, oldest first."""
    async with reading(db) as session:
        return list(await session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.id)))


async def link_to(db: Database) -> str:
    """The path of the newest link."""
    found = LINK.search((await mails(db))[-1].text)
    assert found is not None
    return found[1]


async def code_to(db: Database) -> str:
    """The newest code."""
    text = LINK.sub("", (await mails(db))[-1].text)
    found = CODE.search(text)
    assert found is not None, text
    return found[1]


async def sign_in(desk: Desk, db: Database, address: str, client: httpx.AsyncClient | None = None) -> httpx.AsyncClient:
    """Sign in with the link; returns the client, whose cookie says so."""
    client = client or desk.client
    await ask(desk, address, client=client)
    answer = await client.post(await link_to(db))
    assert answer.status_code == 303, answer.text
    return client
