"""Webhooks: programs elsewhere that are told of events, and what each was told.

What is to be told is a row of the transaction that notes it (``automation/following.py``, or a rule's action), so that
nothing is dropped, whatever the receiver does; ``automation/calling.py`` tells it. The secret, with which what is sent
is signed, is made here, shown once and kept sealed.
"""

import base64
import ipaddress
import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

import httpx
import msgspec
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from automation import references
from automation.engine import HAPPENINGS
from automation.events import WebhookChanged
from automation.models import Webhook, WebhookDelivery
from core import clock, events, jobs
from core.errors import Conflict, Invalid, NotFound, Stale
from core.hosts import is_port
from core.net import Networks
from core.retention import Kind
from core.sql import Sql
from core.vault import Vault
from customers.events import CustomerErased

CALL_JOB: Final = "automation.call_webhook"
PURPOSE: Final = "webhook"
PREFIX: Final = "whsec_"
TEST_KIND: Final = "webhook.test"
RULE_KIND: Final = "rule.fired"
KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **HAPPENINGS,
        "delivery.changed": "A message that we send got another state.",
        "ticket.routed": "Routing decided whose it is.",
        "customer.created": "A customer was made.",
        "customer.changed": "A customer was changed.",
    }
)
"""Kind of event → what happened. Programs can be told of these."""
LONGEST_NAME: Final = 100
LONGEST_URL: Final = 2000
DELIVERIES: Final = (
    Kind(
        name="deliveries of webhooks",
        table="webhook_deliveries",
        over="changed_at < :before and state in ('done', 'failed')",
    ),
)


class SwitchedOff(Invalid):
    """A rule is to tell a webhook that is switched off, or gone."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as somebody wants it."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    url: Annotated[str, msgspec.Meta(max_length=LONGEST_URL)]
    kinds: tuple[str, ...] = ()
    is_enabled: bool = True


class ShownWebhook(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A webhook as people see it, with how many deliveries wait and failed in the last week."""

    id: int
    name: str
    url: str
    kinds: list[str]
    is_enabled: bool
    failing_since: datetime | None
    flag: str | None
    version: int
    waiting: int
    failed: int
    last_at: datetime | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that a webhook was told; see :class:`automation.models.WebhookDelivery`."""

    id: int
    name: str
    kind: str
    ticket_id: int | None
    body: str
    state: str
    attempts: int
    next_at: datetime | None
    status: int | None
    error: str | None
    history: list[dict[str, Any]]
    created_at: datetime


_LIST: Final = Sql(
    """
    select w.id, w.name, w.url, w.kinds, w.is_enabled, w.failing_since, w.flag, w.version,
        coalesce(d.waiting, 0) as waiting, coalesce(d.failed, 0) as failed, d.last_at
    from webhooks w left join (
        select webhook_id, count(*) filter (where state in ('waiting', 'sending')) as waiting,
            count(*) filter (where state = 'failed') as failed, max(changed_at) as last_at
        from webhook_deliveries where created_at > :since group by webhook_id
    ) d on d.webhook_id = w.id order by w.name
    """
)
_WANTING: Final = Sql("select id, kinds from webhooks where is_enabled")
_TICKETS: Final = Sql(
    """
    select t.id, t.subject, t.status, t.priority, t.channel, t.tags, t.team_id, m.name as team, t.assignee_id,
        a.name as assignee, t.customer_id, c.name as customer, t.created_at, t.due_at, t.version
    from tickets t join customers c on c.id = t.customer_id left join teams m on m.id = t.team_id
        left join agents a on a.id = t.assignee_id
    where t.id = any(:ids)
    """
)
_INSERT: Final = Sql(
    """
    insert into webhook_deliveries (webhook_id, event_id, ticket_id, customer_id, name, kind, body, created_at,
        changed_at, next_at)
    values (:webhook_id, :event_id, :ticket_id, :customer_id, :name, :kind, :body, :now, :now, :now)
    on conflict (webhook_id, event_id) do nothing returning id
    """
)
_DELIVERIES: Final = Sql(
    """
    select id, name, kind, ticket_id, body, state, attempts, next_at, status, error, history::text as history,
        created_at
    from webhook_deliveries where webhook_id = :webhook_id and (cast(:before as bigint) is null or id < :before)
    order by id desc limit :limit
    """
)


async def list_all(session: AsyncSession, since: datetime) -> list[ShownWebhook]:
    """All webhooks by name, with how they fared since an instant."""
    return [ShownWebhook(**dict(row)) for row in await _LIST.all(session, since=since)]


async def get(session: AsyncSession, webhook_id: int) -> Webhook:
    """One webhook.

    Raises:
        NotFound: there is none with this id.
    """
    row = await session.get(Webhook, webhook_id)
    if row is None:
        raise NotFound("There is no such webhook.")
    return row


def checked(draft: Draft, networks: Networks) -> Draft:
    """A webhook that makes sense. Where its name leads is looked up with every call (``core/net.py``).

    Raises:
        Invalid: no name, no address of the web, a kind of event that there is not, or a network that may not be.
    """
    name = " ".join(draft.name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid.field("name", f"A name of at most {LONGEST_NAME} letters is needed.")
    if set(draft.kinds) - set(KINDS):
        raise Invalid.field("kinds", "There is no such event.")
    url, host = _parts(draft.url.strip())
    if url.scheme not in ("https", "http") or not host or url.userinfo or not _can_be_a_port(url.port):
        raise Invalid.field("url", "An address such as https://example.org/hook is needed.")
    if _is_forbidden(host, networks):
        raise Invalid.field("url", "This address is in a network that this desk may not connect to.")
    kinds = tuple(dict.fromkeys(draft.kinds))
    return msgspec.structs.replace(draft, name=name, url=str(url.copy_with(fragment=None)), kinds=kinds)


def _parts(address: str) -> tuple[httpx.URL, str]:
    """An address and its host; without one where it is none."""
    try:
        url = httpx.URL(address)
        return url, url.host
    except (httpx.InvalidURL, UnicodeError):  # also a host in letters that stand for nothing
        return httpx.URL(""), ""


def _can_be_a_port(port: int | None) -> bool:
    return port is None or is_port(str(port))


def _is_forbidden(host: str, networks: Networks) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return not networks.permits(host.strip("[]"))


def new_secret() -> str:
    """A secret as receivers want it (standardwebhooks.com): 24 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


async def save(
    session: AsyncSession,
    draft: Draft,
    vault: Vault,
    networks: Networks,
    webhook_id: int | None = None,
    if_version: int | None = None,
) -> tuple[Webhook, str | None]:
    """Make or change a webhook.

    Args:
        session: the unit of work.
        draft: what is wanted.
        vault: seals the secret.
        networks: where connections may go.
        webhook_id: which one is changed; None: a new one.
        if_version: refuse when it is not at this version.

    Returns:
        The webhook, and for a new one its secret, which is shown once.

    Raises:
        NotFound: there is none with this id.
        Stale: somebody has changed it meanwhile.
        Conflict: another one has the name.
        Invalid: see :func:`checked`.
    """
    wanted = checked(draft, networks)
    secret = None
    if webhook_id is None:
        secret = new_secret()
        row, before = Webhook(version=0, secret=vault.seal(secret, PURPOSE)), None
    else:
        row = await _locked(session, webhook_id)
        before = told(row)
    if if_version is not None and row.version != if_version:
        raise Stale("Somebody changed this webhook in the meantime.", version=row.version)
    try:
        async with session.begin_nested():
            row.name, row.url, row.kinds, row.is_enabled = (
                wanted.name,
                wanted.url,
                list(wanted.kinds),
                wanted.is_enabled,
            )
            row.flag, row.failing_since = None, None
            row.version, row.changed_at = row.version + 1, clock.now()
            session.add(row)
    except IntegrityError:
        raise Conflict(f"There is a webhook called {wanted.name} already.") from None
    events.record(session, WebhookChanged(webhook_id=row.id, name=row.name, before=before, after=told(row)))
    return row, secret


async def renew_secret(session: AsyncSession, webhook_id: int, vault: Vault) -> str:
    """Give a webhook another secret, which is shown once; the old one signs nothing any more.

    Raises:
        NotFound: there is none with this id.
    """
    row = await _locked(session, webhook_id)
    secret = new_secret()
    row.secret, row.version, row.changed_at = vault.seal(secret, PURPOSE), row.version + 1, clock.now()
    await session.flush()
    after = told(row) | {"secret": "renewed"}
    events.record(session, WebhookChanged(webhook_id=row.id, name=row.name, before=told(row), after=after))
    return secret


async def remove(session: AsyncSession, webhook_id: int) -> None:
    """Take a webhook away, with the log of what it was told.

    Raises:
        NotFound: there is none with this id.
        InUse: rules name it.
    """
    row = await _locked(session, webhook_id)
    await references.check_unused(session, "webhook", webhook_id)
    events.record(session, WebhookChanged(webhook_id=row.id, name=row.name, before=told(row), after=None))
    await session.delete(row)
    await session.flush()


async def _locked(session: AsyncSession, webhook_id: int) -> Webhook:
    row = await lock(session, webhook_id)
    if row is None:
        raise NotFound("There is no such webhook.")
    return row


async def lock(session: AsyncSession, webhook_id: int) -> Webhook | None:
    """A webhook, locked, before any of its deliveries is; deliveries may be noted meanwhile. None: it is gone."""
    statement = select(Webhook).where(Webhook.id == webhook_id).with_for_update(key_share=True)
    found: Webhook | None = await session.scalar(statement.execution_options(populate_existing=True))
    return found


def told(row: Webhook) -> dict[str, Any]:
    """A webhook as the history and the file tell it: without its secret."""
    return {"name": row.name, "url": row.url, "kinds": row.kinds, "is_enabled": row.is_enabled}


async def note(session: AsyncSession, happened: Sequence[Any]) -> None:
    """Note for each webhook what it is to be told of some rows of the event log."""
    wanting = await _WANTING.all(session)
    asked = {kind for each in wanting for kind in each.kinds}
    rows = [row for row in happened if row.kind in asked and row.kind in KINDS]
    if not rows:
        return
    tickets = await _briefs(session, [row.ticket_id for row in rows if row.ticket_id is not None])
    for row in rows:
        actor = {"kind": row.actor_kind, "id": row.actor_id, "name": row.actor_name}
        facts = {"event": row.id, "at": row.at, "actor": actor, "rule": row.rule}
        facts["data"] = msgspec.json.decode(row.data)
        for each in wanting:
            if row.kind in each.kinds:
                await _deliver(session, each.id, row.kind, tickets.get(row.ticket_id), facts, row)


async def tell(session: AsyncSession, webhook_id: int, ticket_id: int, by: str) -> None:
    """Have a webhook told of a ticket because a rule wants it.

    Raises:
        SwitchedOff: there is no such webhook, or it is switched off.
    """
    if not any(each.id == webhook_id for each in await _WANTING.all(session)):
        raise SwitchedOff("There is no such webhook, or it is switched off.")
    await session.flush()
    ticket = (await _briefs(session, [ticket_id])).get(ticket_id)
    await _deliver(session, webhook_id, RULE_KIND, ticket, {"at": clock.now(), "rule": by}, None)


async def try_out(session: AsyncSession, webhook_id: int) -> int:
    """Have a webhook told something that means nothing; returns the id of the delivery.

    Raises:
        NotFound: there is none with this id.
    """
    row = await get(session, webhook_id)
    facts = {"at": clock.now(), "data": {"text": f"Hello {row.name}, this is a try."}}
    return await _deliver(session, webhook_id, TEST_KIND, None, facts, None) or 0


async def _briefs(session: AsyncSession, ids: list[int]) -> dict[int, dict[str, Any]]:
    return {row.id: _brief(row) for row in await _TICKETS.all(session, ids=list(set(ids)))} if ids else {}


def _brief(row: Any) -> dict[str, Any]:
    """A ticket as programs are told of it, as it is when it is noted."""
    return {
        "id": row.id,
        "subject": row.subject,
        "status": row.status,
        "priority": row.priority,
        "channel": row.channel,
        "tags": list(row.tags),
        "team": {"id": row.team_id, "name": row.team} if row.team_id else None,
        "assignee": {"id": row.assignee_id, "name": row.assignee} if row.assignee_id else None,
        "customer": {"id": row.customer_id, "name": row.customer},
        "createdAt": row.created_at,
        "dueAt": row.due_at,
        "version": row.version,
    }


async def _deliver(
    session: AsyncSession,
    webhook_id: int,
    kind: str,
    ticket: dict[str, Any] | None,
    facts: dict[str, Any],
    row: Any,
) -> int | None:
    name = f"msg_{uuid.uuid4().hex}"
    body = msgspec.json.encode({"id": name, "type": kind, "ticket": ticket, **facts}).decode()
    found: int | None = await _INSERT.scalar(
        session,
        webhook_id=webhook_id,
        event_id=row.id if row is not None else None,
        ticket_id=ticket["id"] if ticket else None,
        customer_id=ticket["customer"]["id"] if ticket else getattr(row, "customer_id", None),
        name=name,
        kind=kind,
        body=body,
        now=clock.now(),
    )
    if found is not None:
        await jobs.enqueue(session, CALL_JOB, {"delivery_id": found})
    return found


async def deliveries(
    session: AsyncSession, webhook_id: int, before: int | None = None, limit: int = 50
) -> list[Delivery]:
    """What a webhook was told, newest first.

    Raises:
        NotFound: there is none with this id.
    """
    await get(session, webhook_id)
    rows = await _DELIVERIES.all(session, webhook_id=webhook_id, before=before, limit=max(1, min(limit, 200)))
    return [Delivery(**(dict(row) | {"history": msgspec.json.decode(row.history)})) for row in rows]


async def replay(session: AsyncSession, delivery_id: int) -> None:
    """Have something told again, word for word and under the same id, with new tries.

    Raises:
        NotFound: there is none with this id.
        Conflict: it is being told at this moment, or its webhook is switched off.
    """
    row = await session.scalar(select(WebhookDelivery).where(WebhookDelivery.id == delivery_id).with_for_update())
    if row is None:
        raise NotFound("There is no such delivery.")
    if row.state in ("waiting", "sending"):
        raise Conflict("It is on its way already.")
    if not (await get(session, row.webhook_id)).is_enabled:
        raise Conflict("The webhook is switched off.")
    row.state, row.attempts, row.next_at, row.changed_at = "waiting", 0, clock.now(), clock.now()
    await session.flush()
    await jobs.enqueue(session, CALL_JOB, {"delivery_id": row.id})


async def on_customer_erased(session: AsyncSession, event: CustomerErased) -> None:
    """Take out what programs were told of a customer who is erased; that they were told stays (handler)."""
    named = update(WebhookDelivery).where(WebhookDelivery.customer_id == event.customer_id)
    await session.execute(named.values(body="{}", state="done", customer_id=None))
