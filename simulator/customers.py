"""The customers of a scenario at work: they write, wait, answer, send things twice, and never look at a real clock.

Part of the simulator. Mails go to the desk over real SMTP; the desk's answers come back through `simulator.smtp`,
which tells :meth:`Customers.arrived`. Everything waits on `core.clock`, so a turned clock plays a day in seconds.
"""

import asyncio
import contextlib
import functools
import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core import clock, log
from simulator import demo_files, letters, phrases, robots
from simulator.letters import File, Person
from simulator.mailboxes import Mailboxes, Switches
from simulator.scenario import Customer, Kind, Letter, Robot, Scenario
from simulator.smtp import Post

RETRY = timedelta(minutes=1)
"""How long a customer's mail program waits when the desk does not take a mail."""
MAX_TRIES = 10
_log = log.get(__name__)


@dataclass(order=True)
class _Switch:
    """A mailbox that begins to let nobody in, or lets people in again."""

    at: datetime
    mailbox: str
    refuses: bool


@dataclass(order=True)
class _Task:
    """A mail that somebody will send."""

    at: datetime
    order: int
    write: Callable[[], bytes] = field(compare=False)
    sender: Person = field(compare=False)
    to: str = field(compare=False)
    copies: int = field(compare=False, default=1)
    tries: int = field(compare=False, default=0)


class Customers:
    """Plays one scenario.

    Args:
        scenario: who writes what.
        mailboxes: the world's mailboxes.
        post: sends a mail to the desk.
        hang_up: ends the connections of a mailbox that lets nobody in any longer.
    """

    def __init__(self, scenario: Scenario, mailboxes: Mailboxes, post: Post, hang_up: Callable[[str], None]) -> None:
        self._hang_up = hang_up
        self._scenario = scenario
        self._mailboxes = mailboxes
        self._post = post
        self._tasks: list[_Task] = []
        self._switches: list[_Switch] = []
        self._hosted = {address.lower() for address in scenario.hosted}
        self._robots = Counter[str]()
        self._order = itertools.count()
        self._wake = asyncio.Event()
        self._people = {customer.address.lower(): customer for customer in scenario.customers}
        self._left = {address: customer.answers for address, customer in self._people.items()}
        self._moods = {address: random.Random(f"{scenario.seed} {address}") for address in self._people}

    def start(self) -> None:
        """Make the mailboxes, and put every letter into the diary, counted from now."""
        for customer in self._scenario.customers:
            self._mailboxes.create(customer.address)
            if customer.holiday or customer.bounces:
                self._mailboxes.switch(customer.address, _switches_of(customer))
        for letter in self._scenario.letters:
            customer = self._people[letter.who.lower()]
            for number in range(letter.times):
                self._plan(
                    clock.now() + timedelta(minutes=letter.at + number * letter.every),
                    functools.partial(self._letter, letter, customer, number),
                    Person(customer.name, customer.address),
                    letter.to,
                    letter.copies,
                )
        for outage in self._scenario.outages:
            begin = clock.now() + timedelta(minutes=outage.at)
            self._switches.append(_Switch(begin, outage.mailbox, True))
            self._switches.append(_Switch(begin + timedelta(minutes=outage.minutes), outage.mailbox, False))
        heapq.heapify(self._switches)

    def arrived(self, owner: str, sender: str, raw: bytes) -> None:
        """A mail of the desk has reached a mailbox: its owner may answer."""
        customer = self._people.get(owner.lower())
        if customer is None or not sender:
            return
        if customer.robot is not None:
            self._answer_by_robot(customer, customer.robot, raw)
        elif self._left[owner.lower()] > 0 and not letters.is_automatic(raw):
            self._left[owner.lower()] -= 1
            self._answer(customer, raw, minutes=customer.answers_after)

    def next_due(self) -> datetime | None:
        """When the next mail will be sent or a mailbox switched; None when nothing is planned."""
        return min((each[0].at for each in (self._tasks, self._switches) if each), default=None)

    async def tick(self) -> int:
        """Send every mail that is due by the clock; returns how many were taken by the desk."""
        sent = 0
        while self._switches and self._switches[0].at <= clock.now():
            due = heapq.heappop(self._switches)
            self._mailboxes.switch(due.mailbox, Switches(refuses=due.refuses))
            if due.refuses:
                self._hang_up(due.mailbox)
        while self._tasks and self._tasks[0].at <= clock.now():
            sent += await self._send(heapq.heappop(self._tasks))
        return sent

    async def run(self, stop: asyncio.Event) -> None:
        """Play until ``stop``."""
        stopping = asyncio.create_task(stop.wait())
        while not stop.is_set():
            await self.tick()
            self._wake.clear()
            waits: list[asyncio.Task[object]] = [stopping, asyncio.create_task(self._wake.wait())]
            due = self.next_due()
            if due is not None:
                waits.append(asyncio.create_task(_until(due)))
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in waits[1:]:
                task.cancel()
        stopping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await stopping

    async def _send(self, task: _Task) -> int:
        raw = task.write()
        try:
            for _ in range(task.copies):
                if task.to.lower() in self._hosted:
                    self._mailboxes.deliver(task.to, raw)
                else:
                    await self._post(task.sender.address, [task.to], raw)
        except Exception as problem:  # noqa: BLE001 - the desk is away: a mail program keeps the mail and tries again
            _log.info("the desk did not take a customer's mail", sender=task.sender.address, reason=repr(problem))
            if task.tries + 1 < MAX_TRIES:
                self._plan(clock.now() + RETRY, lambda: raw, task.sender, task.to, task.copies, task.tries + 1)
            return 0
        self._mailboxes.deliver(task.sender.address, raw, sent=True)
        return 1

    def _plan(
        self, at: datetime, write: Callable[[], bytes], sender: Person, to: str, copies: int = 1, tries: int = 0
    ) -> None:
        heapq.heappush(self._tasks, _Task(at, next(self._order), write, sender, to, copies, tries))
        self._wake.set()

    def _letter(self, letter: Letter, customer: Customer, number: int) -> bytes:
        mood = self._moods[customer.address.lower()]
        subject, text = mood.choice(phrases.LETTERS[customer.language])
        message = letters.letter(
            Person(customer.name, customer.address),
            letter.to,
            f"{letter.subject or subject} {number + 1}" if letter.times > 1 else letter.subject or subject,
            letter.text or text,
            [_file(kind, mood) for kind in letter.files],
            salt=f"{self._scenario.seed} {letter.at} {letter.who} {number}",
            heads=_heads(letter),
        )
        return letters.as_bytes(message)

    def _answer_by_robot(self, customer: Customer, robot: Robot, raw: bytes) -> None:
        self._robots[customer.address] += 1
        number = self._robots[customer.address]
        if number > robot.most:
            return
        person = Person(customer.name, customer.address)
        to = letters.sender_address(raw) if robot.to_from else letters.answer_address(raw)
        write = functools.partial(
            robots.answer_of_a_robot,
            person,
            raw,
            number,
            robot.subject,
            threads=robot.threads,
            to_from=robot.to_from,
        )
        self._plan(clock.now() + timedelta(minutes=robot.after), write, person, to)

    def _answer(self, customer: Customer, raw: bytes, minutes: float) -> None:
        original = letters.read_original(raw)
        person = Person(customer.name, customer.address)
        text = self._moods[customer.address.lower()].choice(phrases.ANSWERS[customer.language])
        salt = f"{self._scenario.seed} {original.message_id}"
        self._plan(
            clock.now() + timedelta(minutes=minutes),
            lambda: letters.as_bytes(letters.answer(person, original, text, customer.style, salt=salt)),
            person,
            original.answer_to,
        )


def _switches_of(customer: Customer) -> Switches:
    return Switches(
        holiday=customer.holiday,
        bounce=customer.bounces,
        holiday_form=customer.holiday_form,
        holiday_language=customer.holiday_language,
        bounce_form=customer.bounce_form,
    )


def _heads(letter: Letter) -> dict[str, str]:
    heads: dict[str, str] = {}
    if letter.message_id:
        heads["Message-ID"] = f"<{letter.message_id}>"
    if letter.answers:
        heads |= {"In-Reply-To": f"<{letter.answers}>", "References": f"<{letter.answers}>"}
    if letter.list_id:
        heads |= {
            "List-Id": f"<{letter.list_id}>",
            "List-Unsubscribe": f"<https://{letter.list_id}/leave>",
            "Precedence": "list",
        }
    return heads


def _file(kind: Kind, mood: random.Random) -> File:
    if kind == "paper":
        return File("bill.pdf", "application/pdf", demo_files.paper("Bill", [f"No. {mood.randrange(1000, 9999)}"]))
    return File("photo.png", "image/png", demo_files.photo(mood.randrange(1000)), inline=kind == "inline photo")


async def _until(due: datetime) -> None:
    await clock.sleep((due - clock.now()).total_seconds())
