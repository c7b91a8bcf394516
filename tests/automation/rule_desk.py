"""Rules on a real database, for tests: written, set off by what happens, and looked at."""

from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from automation import following, log, rules
from automation.actions import Action
from automation.conditions import ALWAYS, Condition
from automation.engine import OnEvent, Rule, Trigger
from automation.log import Run
from automation.rules import Draft
from automation.running import Automation
from channels.acknowledge import Acknowledger
from channels.notify import Notifier
from channels.product_mail import ProductMail
from channels.review_mail import ReviewMail
from channels.rule_mail import RuleMail
from core import events
from core.actor import SYSTEM, Actor
from core.db import Database, reading, unit_of_work
from core.settings import load
from portal.surveys import Surveys
from sampark.wiring import handlers, of_automation
from tests import factories
from tickets import lifecycle
from tickets.lifecycle import TicketChange
from tickets.models import Ticket
from tickets.templates import Surroundings

AROUND = Surroundings(product_name="Sampark", base_url="https://desk.example")


class RuleDesk:
    """A desk with rules.

    Args:
        db: its database.
    """

    def __init__(self, db: Database) -> None:
        self.db = db
        self.automation = Automation(db, AROUND)

    async def begin(self) -> None:
        """Look at the log for the first time; what happens from now on is the rules' business."""
        await following.step(self.db)

    async def rule(
        self,
        trigger: Trigger | str,
        *actions: Action,
        when: Condition = ALWAYS,
        author: Actor = SYSTEM,
        rule_id: int | None = None,
        **fields: Any,
    ) -> Rule:
        """A rule that is switched on."""
        values = {"name": f"Rule {len(await self.rules()) + 1}", "is_enabled": True} | fields
        wanted = OnEvent((trigger,)) if isinstance(trigger, str) else trigger
        async with unit_of_work(self.db, author) as session:
            draft = Draft(trigger=wanted, condition=when, actions=actions, **values)
            return await rules.save(session, draft, rule_id)

    async def rules(self) -> list[Rule]:
        """All of them."""
        async with reading(self.db) as session:
            return await rules.list_all(session)

    async def ticket(self, origin: str | None = None, **fields: object) -> int:
        """A ticket that a customer opens; ``origin``: where that comes from."""
        async with unit_of_work(self.db) as session:
            if origin is not None:
                events.comes_from(session, origin)
            return (await factories.received(session, **fields)).ticket_id

    async def change(self, ticket_id: int, actor: Actor = SYSTEM, **fields: Any) -> None:
        """Somebody changes a ticket."""
        async with unit_of_work(self.db, actor) as session:
            await lifecycle.change(session, ticket_id, TicketChange(**fields))

    async def settle(self) -> None:
        """Let the rules do what they want to do, until nothing more follows."""
        while True:
            await following.step(self.db)
            payloads = await self._take()
            for payload in payloads:
                await self.automation.react(**msgspec.json.decode(payload)["args"])
            if not payloads:
                return

    async def _take(self) -> list[bytes]:
        taken = text("delete from jobs.pgqueuer where entrypoint = :name returning id, payload")
        async with unit_of_work(self.db) as session:
            rows = (await session.execute(taken, {"name": following.REACT_JOB})).all()
        return [row.payload for row in sorted(rows)]

    async def read(self, ticket_id: int) -> Ticket:
        """A ticket as it is."""
        async with reading(self.db) as session:
            return await session.get_one(Ticket, ticket_id)

    async def runs(self, **which: Any) -> list[Run]:
        """What the rules did, the first run first."""
        async with reading(self.db) as session:
            return (await log.page(session, **which))[::-1]

    async def scalar(self, sql: str, **values: Any) -> Any:
        """One value out of the database."""
        async with reading(self.db) as session:
            return await session.scalar(text(sql), values)


class _Quiet(Acknowledger):
    """Acknowledges nothing."""

    async def on_ticket_created(self, session: AsyncSession, event: Any) -> None:
        """Nothing."""


def wire() -> None:
    """Install the product's own table of handlers, so that what rules ask for comes about."""
    quiet, mail = _Quiet(AROUND, "en", "x"), ProductMail("", "", "", "en")
    table = handlers(quiet, Notifier(AROUND.base_url), mail, Surveys(load(), "secret"), ReviewMail(""))
    events.subscribe({**table, **of_automation(RuleMail(AROUND))})
