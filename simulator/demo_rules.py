"""The rules of the demo company, and what one of them has done in the last weeks.

That rule has acted in the tickets' histories (``simulator/demo_events.py``); here is its log, asked and planned by the
product's own arithmetic about each ticket. Those that are switched off are there to be tried out: on a time that has
passed, and on customers who matter most.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from automation import actions, conditions, log, rules
from automation.actions import ChangeTags, Note, SetPriority
from automation.conditions import Facts, Group, Question
from automation.engine import AfterTime, OnEvent
from automation.facts import Values
from automation.models import RuleRow, RuleRun
from automation.rules import Draft
from core.actor import Actor, ActorKind
from core.db import acting_as
from simulator.demo_events import ACTED_AFTER, DANGER
from simulator.demo_macros import DANGER_TAG
from simulator.demo_people import ADMIN
from staff.models import Agent

KEPT: Final = timedelta(days=14)
"""So much of the log is there."""
SIGNS: Final = ("sparks", "light shock", "burning smell", "झटका लगता", "जलने की गंध", "পোড়া গন্ধ", "শক লাগছে")
"""Words of a subject that mean danger, in the languages in which customers write of it."""
_WRITTEN: Final = timedelta(days=60)
"""So long ago the rules were written."""
_NEW: Final = OnEvent(("ticket.created",))
_HOURS_TO_WAIT: Final = 8
DRAFTS: Final = (
    Draft(
        name=DANGER,
        trigger=_NEW,
        condition=Group("any", tuple(Question("ticket.subject", "contains", sign) for sign in SIGNS)),
        actions=(SetPriority(value="urgent"), ChangeTags(add=(DANGER_TAG,))),
        excludes=("import",),
        is_enabled=True,
    ),
    Draft(
        name="Opened again and again",
        trigger=OnEvent(("ticket.status_changed",)),
        condition=Group(
            "all",
            (
                Question("ticket.reopened", "at_least", 2),
                Question("ticket.status", "changed_from", "solved"),
                Question("ticket.tags", "has_not", "comes-back"),
            ),
        ),
        actions=(
            ChangeTags(add=("comes-back",)),
            Note(text="Solved twice and opened again. Please find the cause before you solve it once more."),
        ),
        excludes=("import", "merge"),
        is_enabled=True,
    ),
    Draft(
        name="VIP customers do not wait",
        trigger=_NEW,
        condition=Group(
            "all", (Question("customer.vip", "is", True), Question("ticket.priority", "in", ["low", "normal"]))
        ),
        actions=(SetPriority(value="high"),),
        excludes=("import",),
    ),
    Draft(
        name="Nobody has answered all day",
        trigger=AfterTime("waiting", _HOURS_TO_WAIT * 60, business=True, again=True),
        condition=Group("none", (Question("ticket.priority", "in", ["high", "urgent"]),)),
        actions=(SetPriority(value="high"), Note(text="{{customer.first_name}} has waited for a whole day.")),
    ),
)
_SEEN: Final = text(
    """
    select e.id, e.at, e.ticket_id, t.subject from events e join tickets t on t.id = e.ticket_id
    where e.kind = 'ticket.created' and e.at >= :since and :tag = any(t.tags) order by e.at, e.id
    """
)


async def fill(session: AsyncSession, now: datetime) -> None:
    """Write the rules in the administrator's name, and the log of the one that has acted."""
    author = await session.scalar(select(Agent.id).where(Agent.email == ADMIN.email))
    rights = frozenset({"tickets:read_all", "tickets:change", "tickets:reply"})
    with acting_as(session, Actor(ActorKind.AGENT, author, ADMIN.name, rights)):
        ids = {draft.name: (await rules.save(session, draft)).id for draft in DRAFTS}
    await session.execute(update(RuleRow).values(changed_at=now - _WRITTEN))
    seen = await session.execute(_SEEN, {"since": now - KEPT, "tag": DANGER_TAG})
    runs = [run_of(ids[DANGER], DRAFTS[0], row) for row in seen]
    if runs:
        await session.execute(insert(RuleRun), runs)


def run_of(rule_id: int, draft: Draft, opened: Any) -> dict[str, Any]:
    """What the rule has asked, found and done when a ticket was opened, as ``automation/log.py`` keeps it."""
    before: Values = {"ticket.subject": opened.subject, "ticket.priority": "normal", "ticket.tags": []}
    verdict = conditions.ask(draft.condition, Facts(values=before))
    effects = [actions.plan(action, before) for action in draft.actions]
    return {
        "rule_id": rule_id,
        "ticket_id": opened.ticket_id,
        "event_id": opened.id,
        "at": opened.at + ACTED_AFTER,
        "trigger": "ticket.created",
        "outcome": "acted",
        "answers": msgspec.to_builtins(log.for_record(verdict.answers)),
        "effects": msgspec.to_builtins(effects),
    }
