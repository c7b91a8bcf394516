"""Webhooks: signed, at least once, again over a day, switched off with a word about it, never into our own network."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from sqlalchemy import text

from automation import calling, following, webhooks
from automation.actions import Call
from automation.calling import WAITS, Caller, signature
from automation.models import Webhook
from core import scheduler
from core.clock import ManualClock
from core.db import Database, reading, unit_of_work
from core.errors import Conflict, Invalid, NotFound
from core.jobs import Definition, Registry, Worker
from core.net import LOOPBACK, PUBLIC_ONLY, Networks
from core.vault import Vault
from tests import factories
from tests.automation.rule_desk import RuleDesk, wire

HERE = Networks(LOOPBACK)
VAULT = Vault("test-secret-of-the-suite")


class Heard(NamedTuple):
    """What a receiver was sent."""

    headers: dict[str, str]
    body: bytes


class Receiver:
    """A program that takes webhooks: answers ``answers`` one after the other, then the last one for ever."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers or (200,))
        self.heard: list[Heard] = []
        self.url = ""

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            self.heard.append(Heard(headers, await reader.readexactly(int(headers["content-length"]))))
            status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            words = b"I say so" if status != 302 else b""
            to = "Location: http://169.254.169.254/\r\n" if status == 302 else ""
            head = f"HTTP/1.1 {status} Said\r\n{to}Content-Length: {len(words)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + words)
            await writer.drain()
        writer.close()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["Receiver"]:
        """Take what comes."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
        try:
            yield self
        finally:
            server.close()


async def webhook(db: Database, url: str, *kinds: str, networks: Networks = HERE) -> tuple[int, str]:
    """A webhook; its id and secret."""
    draft = webhooks.Draft(name="Shop", url=url, kinds=kinds)
    async with unit_of_work(db) as session:
        made, secret = await webhooks.save(session, draft, VAULT, networks)
    return made.id, secret or ""


async def call(db: Database, networks: Networks = HERE) -> None:
    """Make the deliveries whose time has come."""
    caller = Caller(db, VAULT, networks)
    await scheduler.run_due(db)
    await Worker(db, Registry((Definition(webhooks.CALL_JOB, caller.call, own_units=True),))).drain()


async def told(db: Database, webhook_id: int) -> list[webhooks.Delivery]:
    """What a webhook was told, the first thing first."""
    async with reading(db) as session:
        return (await webhooks.deliveries(session, webhook_id))[::-1]


async def test_what_is_sent_is_signed_with_its_id_and_time(desk: RuleDesk, clock: ManualClock) -> None:
    """As Standard Webhooks says; of the kinds that were asked for, nothing private, with the ticket as it was."""
    async with Receiver().listening() as receiver:
        hook, secret = await webhook(desk.db, receiver.url, "ticket.created", "ticket.priority_changed")
        ticket = await desk.ticket()
        await desk.change(ticket, priority="high", tags=["x"])
        await following.step(desk.db)
        await desk.change(ticket, subject="Later")
        await call(desk.db)
    assert [each.kind for each in await told(desk.db, hook)] == ["ticket.created", "ticket.priority_changed"]
    assert {(each.state, each.status, each.attempts) for each in await told(desk.db, hook)} == {("done", 200, 1)}
    changed = next(each for each in receiver.heard if b"priority_changed" in each.body)
    body: dict[str, Any] = msgspec.json.decode(changed.body)
    assert (body["data"]["old"], body["data"]["new"], body["ticket"]["id"]) == ("normal", "high", ticket)
    assert body["ticket"]["subject"] != "Later"
    assert body["id"] == changed.headers["webhook-id"]
    assert changed.headers["webhook-timestamp"] == str(int(clock.now().timestamp()))
    expected = signature(secret, body["id"], clock.now(), changed.body.decode())
    assert changed.headers["webhook-signature"] == expected
    assert expected != signature(secret, body["id"], clock.now() + timedelta(seconds=1), changed.body.decode())


def test_the_signature_is_that_of_the_standard() -> None:
    """The example that standardwebhooks.com's own libraries test with."""
    at = clock_at(1614265330)
    secret, name = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert signature(secret, name, at, '{"test": 2432232314}') == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def clock_at(seconds: int) -> Any:
    """An instant by its seconds since 1970."""
    return timedelta(seconds=seconds) + webhooks.datetime.fromisoformat("1970-01-01T00:00:00+00:00")


async def test_failures_are_tried_again_over_a_day_under_the_same_id(desk: RuleDesk, clock: ManualClock) -> None:
    """Each wait longer than the one before; then it is taken, and every try is on record."""
    assert 23 * 3600 < sum(WAITS) < 25 * 3600
    async with Receiver(*[500] * len(WAITS), 204).listening() as receiver:
        hook, _ = await webhook(desk.db, receiver.url, "ticket.created")
        await desk.ticket()
        await following.step(desk.db)
        await call(desk.db)
        for number, wait in enumerate(WAITS, 1):
            clock.advance(timedelta(seconds=wait - 1))
            await call(desk.db)
            assert len(receiver.heard) == number
            clock.advance(timedelta(seconds=1))
            await call(desk.db)
    (delivery,) = await told(desk.db, hook)
    assert (delivery.state, delivery.attempts, delivery.status) == ("done", len(WAITS) + 1, 204)
    assert [each["status"] for each in delivery.history] == [500] * len(WAITS) + [204]
    assert delivery.history[0]["words"] == "I say so"
    assert {each.headers["webhook-id"] for each in receiver.heard} == {delivery.name}
    assert len({each.headers["webhook-signature"] for each in receiver.heard}) == len(WAITS) + 1


async def test_one_that_takes_nothing_for_a_day_is_switched_off_with_a_mail(desk: RuleDesk, clock: ManualClock) -> None:
    """Administrators are told; what it was to be told stays, and can be repeated once it is on again."""
    wire()
    async with unit_of_work(desk.db) as session:
        await session.execute(text("insert into roles (name, permissions) values ('admin', '{}')"))
        await factories.agent(session)
        await session.execute(text("update agents set role_id = (select id from roles where name = 'admin')"))
    async with Receiver(503).listening() as receiver:
        hook, _ = await webhook(desk.db, receiver.url, "ticket.created")
        await desk.ticket()
        await following.step(desk.db)
        await call(desk.db)
        for wait in WAITS:
            clock.advance(timedelta(seconds=wait))
            await call(desk.db)
        (delivery,) = await told(desk.db, hook)
        assert delivery.state == "failed"
        off = "select not is_enabled and flag like '%nothing for a day%503%' from webhooks"
        assert await desk.scalar(off)
        mail = "select text from notices where kind = 'automation_alarm'"
        assert "The webhook “Shop” was switched off." in await desk.scalar(mail)
        await desk.ticket()
        await following.step(desk.db)
        assert len(await told(desk.db, hook)) == 1
        async with unit_of_work(desk.db) as session:
            with pytest.raises(Conflict):
                await webhooks.replay(session, delivery.id)
            draft = webhooks.Draft(name="Shop", url=receiver.url, kinds=("ticket.created",))
            await webhooks.save(session, draft, VAULT, HERE, hook)
            await webhooks.replay(session, delivery.id)
        receiver.answers = [200]
        await call(desk.db)
    (again,) = await told(desk.db, hook)
    assert (again.state, again.name, again.body) == ("done", delivery.name, delivery.body)


async def test_a_redirect_is_an_answer_like_any_other_and_gone_is_gone(desk: RuleDesk) -> None:
    """Nobody follows it, it is not taken; 410 switches the webhook off at once."""
    async with Receiver(302, 410).listening() as receiver:
        hook, _ = await webhook(desk.db, receiver.url, "ticket.created")
        for _ in range(2):
            await desk.ticket()
        await following.step(desk.db)
        await call(desk.db)
    assert sorted(each.status or 0 for each in await told(desk.db, hook)) == [302, 410]
    assert await desk.scalar("select flag like '%410%' from webhooks")


async def test_what_a_dead_process_left_half_told_is_told_again(desk: RuleDesk, clock: ManualClock) -> None:
    """At least once: it may have arrived, and the id says so."""
    async with Receiver().listening() as receiver:
        hook, _ = await webhook(desk.db, receiver.url, "ticket.created")
        await desk.ticket()
        await following.step(desk.db)
        caller = Caller(desk.db, VAULT, HERE)
        async with unit_of_work(desk.db) as session:
            assert await caller._claim(session, (await told(desk.db, hook))[0].id) is not None
        await call(desk.db)
        assert (receiver.heard, await caller.recover()) == ([], 0)
        clock.advance(calling.STALE + timedelta(seconds=1))
        assert await caller.recover() == 1
        await call(desk.db)
        assert [each.state for each in await told(desk.db, hook)] == ["done"]
        assert len(receiver.heard) == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/x", "https://10.1.2.3/", "https://[::1]/", "https://169.254.169.254/"]
)
async def test_our_own_network_is_refused_when_it_is_written(desk: RuleDesk, url: str) -> None:
    """Also other things that are no address of the web."""
    none = ("ftp://example.org/", "https://", "https://user:word@example.org/", "nonsense", "https://xn--/")
    for wrong in (url, *none, "https://example.org:99999/", "https://example.org:0/"):
        with pytest.raises(Invalid):
            await webhook(desk.db, wrong, "ticket.created", networks=PUBLIC_ONLY)


async def test_a_name_that_leads_into_our_network_is_never_called(
    desk: RuleDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the name was public when it was written; the call goes to the address that was checked, or nowhere."""
    addresses = ["127.0.0.1", "203.0.114.1"]
    original = asyncio.get_running_loop().getaddrinfo

    async def getaddrinfo(host: str, port: int, **more: Any) -> Any:
        if host != "hook.test":
            return await original(host, port, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (addresses.pop(0), port))]

    reached: list[str] = []

    async def handle(_: object, request: httpx.Request) -> httpx.Response:
        reached.append(f"{request.url.host} {request.headers['host']}")
        return httpx.Response(200, content=b"", request=request)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle)
    hook, _ = await webhook(desk.db, "https://hook.test/x", "ticket.created", networks=PUBLIC_ONLY)
    await desk.ticket()
    await following.step(desk.db)
    await call(desk.db, PUBLIC_ONLY)
    (delivery,) = await told(desk.db, hook)
    assert (delivery.state, reached) == ("waiting", [])
    assert "may not connect to" in (delivery.error or "")
    async with unit_of_work(desk.db) as session:
        await session.execute(text("update webhook_deliveries set state = 'failed'"))
        await webhooks.replay(session, delivery.id)
    await call(desk.db, PUBLIC_ONLY)
    assert reached == ["203.0.114.1 hook.test"]


async def test_a_rule_tells_a_webhook_which_cannot_be_taken_away_meanwhile(desk: RuleDesk) -> None:
    """With the rule's name; a webhook that is named stays."""
    async with Receiver().listening() as receiver:
        hook, _ = await webhook(desk.db, receiver.url)
        made = await desk.rule("ticket.created", Call(hook))
        ticket = await desk.ticket()
        await desk.settle()
        await call(desk.db)
    (heard,) = receiver.heard
    body = msgspec.json.decode(heard.body)
    assert (body["type"], body["rule"], body["ticket"]["id"]) == ("rule.fired", made.name, ticket)
    async with unit_of_work(desk.db) as session:
        with pytest.raises(Conflict, match=made.name):
            await webhooks.remove(session, hook)


async def test_secrets_are_sealed_shown_once_and_renewed(desk: RuleDesk) -> None:
    """Neither table nor history has one in plain words; a try can be made; an unknown webhook is not found."""
    hook, secret = await webhook(desk.db, "https://example.org/x#there")
    async with unit_of_work(desk.db) as session:
        row = await session.get_one(Webhook, hook)
        assert (row.url, VAULT.open(row.secret, webhooks.PURPOSE)) == ("https://example.org/x", secret)
        assert secret not in row.secret
        renewed = await webhooks.renew_secret(session, hook, VAULT)
        assert renewed != secret
        assert await webhooks.try_out(session, hook)
        with pytest.raises(NotFound):
            await webhooks.try_out(session, hook + 1)
    assert not await desk.scalar("select count(*) from events where data::text like :it", it=f"%{renewed}%")


async def test_what_was_told_of_somebody_who_is_erased_is_forgotten(desk: RuleDesk) -> None:
    """That there was something stays."""
    hook, _ = await webhook(desk.db, "https://example.org/x", "ticket.created")
    ticket = await desk.ticket()
    await following.step(desk.db)
    customer = (await desk.read(ticket)).customer_id
    async with unit_of_work(desk.db) as session:
        await webhooks.on_customer_erased(
            session, webhooks.CustomerErased(customer_id=customer, request_id=1, counts={})
        )
    (delivery,) = await told(desk.db, hook)
    assert (delivery.body, delivery.state) == ("{}", "done")


async def test_one_that_is_taken_away_while_it_is_told_is_no_failure(desk: RuleDesk) -> None:
    """The answer comes to nobody any more."""
    async with Receiver().listening() as receiver:
        hook, _ = await webhook(desk.db, receiver.url)

        class Removing(httpx.AsyncHTTPTransport):
            """Takes the webhook away before it asks."""

            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                """Send one request."""
                async with unit_of_work(desk.db) as session:
                    await webhooks.remove(session, hook)
                return await super().handle_async_request(request)

        async with unit_of_work(desk.db) as session:
            delivery = await webhooks.try_out(session, hook)
        caller = Caller(desk.db, VAULT, HERE, lambda _: httpx.AsyncClient(transport=Removing()))
        await caller.call(delivery)
        assert len(receiver.heard) == 1
    assert await desk.scalar("select count(*) from webhook_deliveries") == 0


async def test_a_rule_that_tells_one_that_is_off_is_switched_off(desk: RuleDesk) -> None:
    """It cannot do better with the next ticket."""
    hook, _ = await webhook(desk.db, "https://example.org/x")
    await desk.rule("ticket.created", Call(hook))
    async with unit_of_work(desk.db) as session:
        await session.execute(text("update webhooks set is_enabled = false"))
    await desk.ticket()
    await desk.settle()
    assert [(each.is_enabled, "switched off" in (each.flag or "")) for each in await desk.rules()] == [(False, True)]
