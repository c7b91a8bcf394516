"""The soak of the mail intake: the whole product fetches thousands of mails while its processes and lines die.

Run by ``sampark soak mail`` (`sampark/commands/soak.py`). A database, files and mailboxes of its own in a temporary
folder; the simulated IMAP server, the mail role and the worker are processes of their own. What happens when is drawn
from the seed; `sampark/soak/verdict.py` proves at the end what became of each mail.
"""

import asyncio
import contextlib
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import text

from channels.email.audit import Audit, audit
from channels.email.connect import Change, create
from channels.email.tokens import Tokens
from core import clock
from core.db import reading, unit_of_work
from core.errors import StartError
from core.settings import Settings, load
from sampark.runtime import Runtime, running
from sampark.soak.processes import Child, Memory, Server
from sampark.soak.verdict import Sent, Verdict, judge
from simulator.soak_letters import Letters, SoakMail
from simulator.spool import Spool

ADDRESSES: Final = ("help@desk.example", "sales@desk.example", "service@desk.example")
SECRET: Final = "key of a soak"  # noqa: S105 - of a database that is thrown away
LARGEST_MAIL: Final = 131_072
LOOPBACK: Final = "127.0.0.0/8"
ROOM: Final = 200
"""At most so many mails (of few mails, a tenth) wait on the server; then the desk must catch up first."""
LOOK_SECONDS: Final = 0.25
STALL_SECONDS: Final = 120.0
START_SECONDS: Final = 60.0
ACCIDENTS: Final = ("kill worker", "kill mail", "restart", "cut", "renumber")


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What ``sampark soak mail`` prints.

    Attributes:
        verdict: what became of the mails.
        kills: processes of the product that were killed.
        restarts: of the mail server.
        cuts: connections that were cut in the middle of an answer.
        uidvalidity_changes: mailboxes whose UIDs were all given anew.
        seconds: from the first mail until everything was at rest.
        peak_memory_mib: of the product's processes together.
        peak_memory_by_process: of each, MiB.
        server: mails on the server as the desk itself counts them in its audit (`channels/email/audit.py`).
        server_in_ledger: how many of them it finds in its ledger.
        at_rest: whether everything was processed in the end; ``waiting`` says what was not.
    """

    verdict: Verdict
    kills: int
    restarts: int
    cuts: int
    uidvalidity_changes: int
    seconds: float
    peak_memory_mib: float
    peak_memory_by_process: dict[str, float]
    server: int
    server_in_ledger: int
    at_rest: bool
    waiting: str

    @property
    def good(self) -> bool:
        """Whether the soak was passed."""
        return self.at_rest and self.verdict.good and self.server == self.server_in_ledger == self.verdict.sent


@dataclass(frozen=True)
class Progress:
    """How far a soak is: mails sent and waiting on the server, ledger rows that wait to be processed."""

    sent: int
    behind: int
    unprocessed: int


def accidents(count: int, draw: random.Random) -> dict[int, list[str]]:
    """What happens before which mail.

    Args:
        count: of mails.
        draw: decides; the same state gives the same accidents.
    """
    often = max(1, count // 1500)
    numbers = {"cut": max(2, count // 500), "renumber": min(4, max(1, count // 4000))}
    planned: dict[int, list[str]] = {}
    for kind in ACCIDENTS:
        for _ in range(numbers.get(kind, often)):
            begin = count // 2 if kind == "renumber" else count // 5  # there must be something to number anew
            end = count * 2 // 3 if kind.startswith("kill") else count  # who lives on shows whether memory grows
            planned.setdefault(draw.randrange(begin, end), []).append(kind)
    return planned


@dataclass
class _World:
    """The parts of one soak."""

    runtime: Runtime
    spools: list[Spool]
    server: Server
    mail: Child
    worker: Child
    draw: random.Random
    room: int = ROOM
    accounts: list[int] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    async def behind(self) -> int:
        """How many mails on the server the cursors have not passed."""
        async with reading(self.runtime.db) as session:
            rows = await session.execute(
                text("select cursor from channel_accounts where id = any(:ids) order by id"), {"ids": self.accounts}
            )
            cursors = [row[0] for row in rows]
        total = 0
        for spool, cursor in zip(self.spools, cursors, strict=True):
            current = cursor.get("uidvalidity") == spool.numbering().uidvalidity
            total += max(0, spool.last_uid() - cursor["last_uid"]) if current else spool.count
        return total

    async def unprocessed(self) -> int:
        """How many ledger rows have no outcome yet."""
        statement = text("select count(*) from inbound_items where state = 'received'")
        async with reading(self.runtime.db) as session:
            return int(await session.scalar(statement) or 0)

    def check(self) -> None:
        """See that no process has ended by itself.

        Raises:
            StartError: one has.
        """
        for child in (self.server, self.mail, self.worker):
            child.check()


async def soak(count: int, seed: int, tell: Callable[[Progress], None]) -> Result:
    """Run a soak.

    Args:
        count: mails, copies included.
        seed: of the mails and the accidents.
        tell: called a few times a second.

    Raises:
        StartError: the product or the mail server does not start, or ends by itself.
    """
    with tempfile.TemporaryDirectory(prefix="sampark-soak-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        settings = load(
            database_url="",
            data=folder / "data",
            secret=SECRET,
            simulator=False,
            max_mail_bytes=LARGEST_MAIL,
            trusted_networks=(LOOPBACK,),
        )
        async with running(settings) as runtime:
            spools = [Spool(folder / "spools" / address) for address in ADDRESSES]
            environment = _environment(runtime, settings)
            world = _World(
                runtime,
                spools,
                Server(folder / "spools", folder),
                Child("mail", ["-m", "sampark", "serve", "--roles", "mail,scheduler"], folder, environment),
                Child("worker", ["-m", "sampark", "serve", "--roles", "worker"], folder, environment),
                random.Random(f"accidents {seed}"),  # noqa: S311 - repeatable on purpose
                min(ROOM, count // 10),
            )
            try:
                return await _run(world, count, seed, tell)
            finally:
                for child in (world.mail, world.worker, world.server):
                    await child.stop()


def _environment(runtime: Runtime, settings: Settings) -> dict[str, str]:
    return {
        "DATABASE_URL": runtime.db.url,
        "SAMPARK_DATA": str(settings.data),
        "SAMPARK_SECRET": SECRET,
        "SAMPARK_SMTP_HOST": "127.0.0.1",
        "SAMPARK_SMTP_PORT": "0",
        "SAMPARK_SIMULATOR": "false",
        "SAMPARK_MAX_MAIL_BYTES": str(LARGEST_MAIL),
        "SAMPARK_LOG_LEVEL": "WARNING",
        "SAMPARK_TRUSTED_NETWORKS": LOOPBACK,
    }


async def _run(world: _World, count: int, seed: int, tell: Callable[[Progress], None]) -> Result:
    await world.server.open()
    await _connect(world)
    memory = Memory((world.mail, world.worker))
    await world.mail.start()
    await world.worker.start()
    await _until_read(world)
    watching = asyncio.create_task(memory.watch())
    try:
        started = clock.monotonic()
        sent = Sent()
        await _send(world, Letters(seed, count, list(ADDRESSES)), accidents(count, world.draw), sent, tell)
        waiting = await _until_at_rest(world, len(sent.mails), tell)
        seconds = clock.monotonic() - started
        async with reading(world.runtime.db) as session:
            verdict = await judge(session, sent)
        audits = [await _audited(world, account_id) for account_id in world.accounts]
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    peaks = {name: round(size, 1) for name, size in memory.peaks.items()}
    return Result(
        verdict=verdict,
        kills=world.done["kill worker"] + world.done["kill mail"],
        restarts=world.done["restart"] + world.done["renumber"],
        cuts=world.server.cuts,
        uidvalidity_changes=world.done["renumber"],
        seconds=round(seconds, 1),
        peak_memory_mib=peaks.pop("all"),
        peak_memory_by_process=peaks,
        server=sum(each.server for each in audits),
        server_in_ledger=sum(each.ledger for each in audits),
        at_rest=not waiting,
        waiting=waiting,
    )


async def _audited(world: _World, account_id: int) -> Audit:
    """What ``sampark doctor mail`` would say of a mailbox."""
    runtime = world.runtime
    return await audit(runtime.db, account_id, runtime.settings, runtime.signin)


async def _connect(world: _World) -> None:
    """Tell the desk of its mailboxes, as an administrator does."""
    async with unit_of_work(world.runtime.db) as session:
        for address in ADDRESSES:
            imap = {"host": "127.0.0.1", "port": world.server.port, "user": address, "password": "x", "tls": "none"}
            change = Change(name=address.partition("@")[0], address=address, imap=imap)
            world.accounts.append(await create(session, world.runtime.vault, change))


async def _until_read(world: _World) -> None:
    """Until every mailbox was looked at once: what lies in it before that counts as old.

    Raises:
        StartError: that takes too long.
    """
    limit = clock.monotonic() + START_SECONDS
    statement = text("select count(*) from channel_accounts where (cursor ->> 'uidvalidity')::bigint > 0")
    while clock.monotonic() < limit:
        world.check()
        async with reading(world.runtime.db) as session:
            if await session.scalar(statement) == len(ADDRESSES):
                return
        await clock.sleep(LOOK_SECONDS)
    raise StartError(f"The mailboxes were not read within {START_SECONDS:.0f} seconds: {_tail(world.mail)}")


def _tail(child: Child) -> str:
    return child.log.read_text(errors="replace").strip()[-500:] if child.log.exists() else ""


async def _send(
    world: _World, letters: Letters, planned: dict[int, list[str]], sent: Sent, tell: Callable[[Progress], None]
) -> None:
    """Put the mails on the server, not much faster than they are fetched, with accidents in between."""
    room = world.room
    for number, mail in enumerate(letters):
        if room <= 0 or number in planned:
            room = await _room(world, number, tell)
        for accident in planned.get(number, ()):
            await _happen(world, accident)
        world.spools[mail.mailbox].deliver(await _addressed(world, mail))
        sent.add(mail)
        room -= 1


async def _room(world: _World, number: int, tell: Callable[[Progress], None]) -> int:
    """Wait until no more than half of the room is taken, so that accidents find the desk at work.

    Returns:
        How many more mails may be sent.
    """
    limit = clock.monotonic() + STALL_SECONDS
    least = sys.maxsize
    while True:
        world.check()
        behind = await world.behind()
        tell(Progress(number, behind, await world.unprocessed()))
        if behind < world.room // 2:
            return world.room - behind
        if behind < least:
            least, limit = behind, clock.monotonic() + STALL_SECONDS
        if clock.monotonic() > limit:
            return world.room  # the end of the soak will say what is wrong
        await clock.sleep(LOOK_SECONDS)


async def _addressed(world: _World, mail: SoakMail) -> bytes:
    """The mail's bytes; to the ticket's own address when it answers one that is known by now."""
    if mail.answers is None:
        return mail.raw
    statement = text("select ticket_id from messages where message_id_header = :header order by id limit 1")
    async with reading(world.runtime.db) as session:
        ticket_id = await session.scalar(statement, {"header": mail.answers})
    if ticket_id is None:
        return mail.raw
    settings = world.runtime.settings
    return mail.sent_to(Tokens(SECRET, settings.mail_domain).reply_address(ADDRESSES[mail.mailbox], ticket_id))


async def _happen(world: _World, accident: str) -> None:
    """Let one accident happen; the next mails are sent while the desk recovers."""
    world.done[accident] += 1
    if accident == "cut":
        await world.server.cut(world.draw.randrange(20, 4000))
    elif accident in ("restart", "renumber"):
        await world.server.kill()
        if accident == "renumber":
            world.draw.choice(world.spools).renumber(world.draw.randrange(1_000_000))
        await clock.sleep(world.draw.random())
        await world.server.open()
    else:
        child = world.worker if accident == "kill worker" else world.mail
        await child.kill()
        await child.start()


async def _until_at_rest(world: _World, sent: int, tell: Callable[[Progress], None]) -> str:
    """Wait until everything is fetched and processed.

    Returns:
        Empty, or what was still waiting when nothing had moved for :data:`STALL_SECONDS`.
    """
    before, moved_at = (-1, -1), clock.monotonic()
    while clock.monotonic() - moved_at < STALL_SECONDS:
        world.check()
        now = (await world.behind(), await world.unprocessed())
        tell(Progress(sent, *now))
        if now == (0, 0):
            return ""
        if now != before:
            before, moved_at = now, clock.monotonic()
        await clock.sleep(LOOK_SECONDS)
    return (
        f"For {STALL_SECONDS:.0f} seconds nothing has moved: {before[0]} mails are still to be fetched, "
        f"{before[1]} ledger rows to be processed. mail: {_tail(world.mail)} worker: {_tail(world.worker)}"
    )
