"""The simulated OAuth 2.0 provider as a server of its own, and a Dovecot that asks it about every token."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import uvicorn
from litestar import Litestar

from channels.email.accounts import OauthSettings
from channels.email.oauth import authorize_url, exchange, read_state
from core.net import LOOPBACK, Networks, http_client
from core.vault import Vault
from simulator.oauth import CALLBACK, Provider, handlers

VAULT = Vault("test-secret-of-the-suite")
HERE = Networks(LOOPBACK)
REDIRECT = f"http://desk.test{CALLBACK}"


@contextlib.asynccontextmanager
async def serving(provider: Provider, port: int = 0) -> AsyncIterator[str]:
    """The provider on a port; gives its address."""
    app = Litestar(handlers(provider), openapi_config=None)
    config = uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # the tests own their signals
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/simulator/oauth"
    finally:
        server.should_exit = True
        await task


def client_of(provider: Provider, url: str, **changes: Any) -> OauthSettings:
    """The desk as a client of the provider."""
    given = {
        "provider": "custom",
        "client_id": provider.client_id,
        "client_secret": provider.client_secret,
        "authorize_url": f"{url}/authorize",
        "token_url": f"{url}/token",
        "scope": "mail",
    }
    return OauthSettings(**{**given, **changes})


async def consent(url: str, answer: str = "yes") -> dict[str, str]:
    """The owner of the mailbox opens the page and answers; what her browser brings back."""
    async with httpx.AsyncClient() as browser:
        page = await browser.get(url)
        assert page.status_code == 200, page.text
        sent = await browser.post(url, data={"answer": answer})
    assert sent.status_code == 303, sent.text
    back = urlsplit(sent.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == REDIRECT
    return {name: values[0] for name, values in parse_qs(back.query).items()}


async def connected(settings: OauthSettings, user: str = "help@desk.test", account_id: int = 1) -> OauthSettings:
    """The client after its owner said yes."""
    url = authorize_url(settings, VAULT, account_id=account_id, session_id=7, redirect=REDIRECT, hint=user)
    back = await consent(url)
    async with http_client(HERE) as client:
        return await exchange(client, settings, read_state(VAULT, back["state"], 7), back["code"])
