"""What rules name may go all the same: then they are switched off, flagged, and a person is told (handlers of events).

An agent leaves; opening hours, a queue or a skill are taken away. What the console lets nobody take away while it is
named is refused before (``automation/references.py``).
"""

from sqlalchemy.ext.asyncio import AsyncSession

from automation import references, rules
from automation.events import AutomationAlarmed
from automation.references import Kind
from core import events, jobs
from core.sql import Sql
from routing.events import HoursChanged, QueueChanged, SkillChanged
from staff.events import AgentChanged

TELL_JOB = "automation.tell_flagged"
_NAME = Sql("select name from agents where id = :id")


async def flag_users(session: AsyncSession, kind: Kind, key: str | int, reason: str) -> None:
    """Switch off the rules that name something which is gone."""
    for use in await references.users_of(session, kind, key):
        told = await rules.flag(session, use.id, reason) if use.kind == "rule" else None
        if told is not None:  # what a handler records is handled by nobody else, so a job says it
            await jobs.enqueue(session, TELL_JOB, {"rule_id": told.rule_id, "name": told.name, "reason": told.reason})


async def tell(session: AsyncSession, rule_id: int, name: str, reason: str) -> None:
    """Have a person told of a rule that was switched off because what it names is gone (job)."""
    told = AutomationAlarmed(rule_id=rule_id, name=name, reason=reason, teams=(events.NO_TEAM,))
    events.record(session, told)


async def on_agent_changed(session: AsyncSession, event: AgentChanged) -> None:
    """An agent who is no longer active is given nothing by rules."""
    if event.changes.get("is_active", [None, None])[1] is False:
        name = await _NAME.scalar(session, id=event.agent_id)
        await flag_users(session, "agent", event.agent_id, f"{name} no longer works here.")


async def on_queue_changed(session: AsyncSession, event: QueueChanged) -> None:
    """A queue was taken away."""
    if event.after is None:
        await flag_users(session, "queue", event.queue_id, f"The queue {event.name} is gone.")


async def on_skill_changed(session: AsyncSession, event: SkillChanged) -> None:
    """A skill was taken away."""
    if event.after is None:
        await flag_users(session, "skill", event.skill_id, f"The skill {event.before} is gone.")


async def on_hours_changed(session: AsyncSession, event: HoursChanged) -> None:
    """Opening hours were taken away."""
    if event.after is None:
        await flag_users(session, "hours", event.name, f"The opening hours {event.name} are gone.")
