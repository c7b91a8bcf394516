"""Webhooks are called: signed, at least once, with growing waits over a day; one that takes nothing is switched off.

The signature is that of Standard Webhooks: headers ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``
(``v1,`` and the base64 of an HMAC-SHA256 over ``id.timestamp.body`` with the secret behind ``whsec_``). Each try is
signed anew with its own time, so a receiver may refuse what is old; the id stays, so it knows what it has had.

    waiting → sending → done            the receiver answered 2xx
    sending → waiting                   anything else: tried again after :data:`WAITS`
    sending → failed                    a day has passed, or the webhook was switched off
    sending → waiting                   we died in between: told again (:meth:`Caller.recover`)

Connections go only to addresses that were checked (``core/net.py``): never to this machine or the company's network,
whatever name leads there, also not by a redirect, which is an answer like any other.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import httpx
import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from automation import webhooks
from automation.events import WebhookDisabled
from automation.models import Webhook, WebhookDelivery
from automation.webhooks import CALL_JOB, PREFIX, PURPOSE
from core import clock, events, jobs, log
from core.db import Database, unit_of_work
from core.errors import DeskError
from core.net import Networks, http_client, post
from core.vault import Vault

WAITS: Final = (15, 60, 240, 960, 3600, 10_800, 28_800, 43_200)
"""Seconds before each further try: a day altogether."""
STALE: Final = timedelta(minutes=3)
KEPT: Final = 1000
"""Characters of an answer that are kept."""
GONE: Final = 410
_log = log.get(__name__)


class Outcome(NamedTuple):
    """What a receiver answered: a status and the beginning of its words, or why there is none."""

    status: int | None
    words: str

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300


class _Claimed(NamedTuple):
    """A delivery that is ours to make."""

    name: str
    body: str
    url: str
    secret: str


def signature(secret: str, name: str, at: datetime, body: str) -> str:
    """What proves that a body is ours, with its id and time (standardwebhooks.com).

    Args:
        secret: as it was shown, beginning with ``whsec_``.
        name: the id.
        at: the time of this try.
        body: what is sent.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{name}.{int(at.timestamp())}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Caller:
    """Calls webhooks.

    Args:
        db: the database.
        vault: opens the secrets.
        networks: where connections may go.
        client: makes an HTTP client for them.
    """

    def __init__(
        self,
        db: Database,
        vault: Vault,
        networks: Networks,
        client: Callable[[Networks], httpx.AsyncClient] = http_client,
    ) -> None:
        self._db = db
        self._vault = vault
        self._networks = networks
        self._client = client

    async def call(self, delivery_id: int) -> None:
        """Make one delivery (job). One that is not waiting is left alone."""
        async with unit_of_work(self._db) as session:
            claimed = await self._claim(session, delivery_id)
        if claimed is None:
            return
        outcome = await self._post(claimed)
        async with unit_of_work(self._db) as session:
            await _keep(session, delivery_id, outcome)

    async def _claim(self, session: AsyncSession, delivery_id: int) -> _Claimed | None:
        now = clock.now()
        waiting = select(WebhookDelivery).where(WebhookDelivery.id == delivery_id, WebhookDelivery.state == "waiting")
        row = await session.scalar(waiting.with_for_update(skip_locked=True))
        if row is None or (row.next_at is not None and row.next_at > now):
            return None
        webhook = await session.get_one(Webhook, row.webhook_id)
        row.changed_at = now
        if not webhook.is_enabled:
            row.state, row.error, row.next_at = "failed", "The webhook is switched off.", None
            return None
        row.state, row.attempts = "sending", row.attempts + 1
        return _Claimed(row.name, row.body, webhook.url, self._vault.open(webhook.secret, PURPOSE))

    async def _post(self, claimed: _Claimed) -> Outcome:
        at = clock.now()
        headers = {
            "content-type": "application/json",
            "user-agent": "Sampark",
            "webhook-id": claimed.name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature(claimed.secret, claimed.name, at, claimed.body),
        }
        try:
            async with self._client(self._networks) as client:
                status, answer = await post(client, claimed.url, claimed.body.encode(), headers)
        except DeskError as problem:
            return Outcome(None, problem.detail)
        words = answer[: KEPT * 4].decode("utf-8", "replace").replace("\x00", "")[:KEPT]
        return Outcome(status, words)

    async def recover(self) -> int:
        """Have told again what a dead process left half told, or nobody asks for any more; returns how many."""
        async with unit_of_work(self._db) as session:
            before = clock.now() - STALE
            unfinished = WebhookDelivery.state.in_(("sending", "waiting"))
            late = (WebhookDelivery.next_at.is_(None)) | (WebhookDelivery.next_at < before)
            found = await session.execute(
                update(WebhookDelivery)
                .where(unfinished, WebhookDelivery.changed_at < before, late)
                .values(state="waiting", next_at=clock.now(), changed_at=clock.now())
                .returning(WebhookDelivery.id)
            )
            ids = [row.id for row in found]
            for delivery_id in ids:
                await jobs.enqueue(session, CALL_JOB, {"delivery_id": delivery_id})
            return len(ids)


async def _keep(session: AsyncSession, delivery_id: int, outcome: Outcome) -> None:
    """Write down how a try ended, and what follows from it."""
    whose = await session.scalar(select(WebhookDelivery.webhook_id).where(WebhookDelivery.id == delivery_id))
    webhook = await webhooks.lock(session, whose or 0)
    row = await session.get(WebhookDelivery, delivery_id, with_for_update=True)
    if webhook is None or row is None:
        return  # it was taken away while it was told
    now = clock.now()
    tried: dict[str, Any] = {"at": now, "status": outcome.status, "words": outcome.words}
    row.history = [*row.history, msgspec.to_builtins(tried)][-20:]
    row.status, row.changed_at, row.next_at = outcome.status, now, None
    if outcome.is_taken:
        row.state, row.error = "done", None
        webhook.failing_since = None
        return
    row.error = f"It answered {outcome.status}." if outcome.status is not None else outcome.words
    failing_since = webhook.failing_since or now
    webhook.failing_since = failing_since
    if outcome.status == GONE:
        row.state = "failed"
        _disable(session, webhook, "It says that it is gone for good (410).")
    elif row.attempts > len(WAITS):
        row.state = "failed"
        if now - failing_since >= timedelta(seconds=sum(WAITS)):
            _disable(session, webhook, f"It has taken nothing for a day. The last time: {row.error}")
    else:
        row.state, row.next_at = "waiting", now + timedelta(seconds=WAITS[row.attempts - 1])
        await jobs.enqueue(session, CALL_JOB, {"delivery_id": row.id}, run_at=row.next_at)


def _disable(session: AsyncSession, webhook: Webhook, reason: str) -> None:
    if webhook.is_enabled:
        _log.warning("a webhook is switched off", webhook=webhook.id, reason=reason)
        webhook.is_enabled, webhook.flag, webhook.version = False, reason, webhook.version + 1
        told = WebhookDisabled(webhook_id=webhook.id, name=webhook.name, reason=reason, teams=(events.NO_TEAM,))
        events.record(session, told)
