"""The history of the demo's tickets: the events that would have been written, work items, routing decisions.

The events are the product's own structs, so their fields are those that the console reads. They are made in the order
of time, one ticket after another, and sorted before they are copied into the log.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from core import events
from core.actor import SYSTEM, Actor, ActorKind
from routing import kinds
from routing.engine import PRIORITY_SECONDS
from routing.events import TicketRouted
from simulator.demo_draws import draws
from simulator.demo_macros import DANGER_TAG
from simulator.demo_people import AGENTS
from simulator.demo_rows import Row, Rows, World
from simulator.demo_threads import Plan, Turn
from tickets.events import (
    DeliveryChanged,
    MessageQueued,
    MessageReceived,
    NoteAdded,
    PriorityChanged,
    StatusChanged,
    TagsChanged,
    TicketAssigned,
    TicketCreated,
    TicketSnoozed,
)
from tickets.lifecycle import PRIORITIES

DANGER: Final = "Danger first"
"""The rule that has acted in the demo."""
ACTED_AFTER: Final = timedelta(seconds=2)
_DECISIONS_SINCE: Final = timedelta(days=14)


class History:
    """Writes down what happened.

    Args:
        world: ids.
        rows: the tickets and messages that it happened to.
    """

    def __init__(self, world: World, rows: Rows) -> None:
        self._rng = draws("history")
        self._world = world
        self._rows = rows
        self._messages = {row["id"]: row for row in rows.messages}
        self.events: list[Row] = []
        self.decisions: list[Row] = []
        self.work_items: list[Row] = []

    def write(self, plans: list[Plan]) -> None:
        """Fill :attr:`events`, :attr:`decisions` and :attr:`work_items`."""
        for plan in plans:
            self._ticket(plan)
            if plan.live:
                self._work_item(plan)
        self.events.sort(key=lambda row: row["at"])

    def tell(self, happened: Iterable[tuple[datetime, Actor, events.Event]]) -> None:
        """Add what happened beside the plans, at its place."""
        for at, actor, event in happened:
            self._add(at, actor, event)
        self.events.sort(key=lambda row: row["at"])

    def _ticket(self, plan: Plan) -> None:
        facts: dict[str, Any] = {
            "ticket_id": plan.id,
            "customer_id": plan.customer.id,
            "teams": (self._world.teams[plan.team],),
        }
        customer = Actor(ActorKind.CUSTOMER, plan.customer.id, plan.customer.name)
        account = self._world.mailboxes[plan.team].id
        at = plan.created_at
        self._add(at, customer, TicketCreated(channel=plan.channel, account_id=account, **facts))
        if DANGER_TAG in plan.tags:
            self._danger(plan, at + ACTED_AFTER, facts)
        facts["agents"] = self._assigned(plan, facts)
        status = "open"
        for turn in plan.turns:
            status = self._turn(plan, turn, customer, facts, status)
        for after, who, old, new in self._endings(plan, status):
            self._add(after, who, StatusChanged(old=old, new=new, rule=_RULES.get((old, new)), **facts))
        if plan.snoozed_until is not None:
            owner = self._agent(plan.assignee or 0)
            until = TicketSnoozed(until=plan.snoozed_until, **facts)
            self._add(plan.turns[-1].at + timedelta(minutes=2), owner, until)

    def _danger(self, plan: Plan, at: datetime, facts: dict[str, Any]) -> None:
        """The rule on danger has seen the ticket (``simulator/demo_rules.py`` writes its log)."""
        rule = Actor(ActorKind.RULE, None, DANGER)
        self._add(at, rule, PriorityChanged(old="normal", new=plan.priority, rule=DANGER, **facts))
        self._add(at, rule, TagsChanged(added=[DANGER_TAG], removed=[], rule=DANGER, **facts))

    def _assigned(self, plan: Plan, facts: dict[str, Any]) -> tuple[int, ...]:
        """The first owner: given by the router at once, or she took it shortly before she answered."""
        if plan.assignee is None:
            return ()
        owner = self._world.agents[plan.assignee]
        answer = next((turn.at for turn in plan.turns if turn.agent is not None), None)
        at = plan.created_at + timedelta(seconds=1)
        if not plan.routed and answer is not None:
            at = max(at, answer - timedelta(minutes=self._rng.uniform(4, 30)))
        rule = "Longest idle" if plan.routed else None
        who = SYSTEM if plan.routed else self._agent(plan.assignee)
        self._add(at, who, TicketAssigned(from_id=None, to_id=owner, rule=rule, agents=(owner,), **facts))
        if plan.routed and plan.ago < _DECISIONS_SINCE:
            self._decision(plan, owner, at, facts)
        return (owner,)

    def _decision(self, plan: Plan, owner: int, at: datetime, facts: dict[str, Any]) -> None:
        team = [number for number, agent in enumerate(AGENTS) if plan.team in agent.teams]
        ready = self._rng.randint(0, 2)
        name = AGENTS[plan.assignee or 0].name
        reason = f"{name} is available, has room, and has been idle longest"
        reason += f" of {ready + 1} ready agents" if ready else ""
        others = [number for number in team if number != plan.assignee]
        candidates = [
            {
                "agentId": owner,
                "name": name,
                "score": round(self._rng.uniform(300, 5400), 1),
                "excluded": None,
            }
        ]
        for place, number in enumerate(others):
            excuse = "somebody else has been idle longer" if place < ready else self._rng.choice(_EXCUSES)
            score = round(self._rng.uniform(10, 300), 1)
            entry = {"agentId": self._world.agents[number], "name": AGENTS[number].name, "score": score}
            candidates.append(entry | {"excluded": excuse})
        decision_id = self._world.first["routing_decisions"] + len(self.decisions)
        self.decisions.append(
            {
                "id": decision_id,
                "ticket_id": plan.id,
                "at": at,
                "trigger": "opened",
                "team_id": self._world.teams[plan.team],
                "chosen_agent_id": owner,
                "reason": reason,
                "candidates": candidates,
            }
        )
        routed = TicketRouted(
            agent_id=owner, agent_name=name, reason=reason, decision_id=decision_id, rule="Longest idle",
            agents=(owner,), **facts,
        )  # fmt: skip
        self._add(at, SYSTEM, routed)

    def _turn(self, plan: Plan, turn: Turn, customer: Actor, facts: dict[str, Any], status: str) -> str:
        """The events of one message; returns the status after it."""
        row = self._messages[turn.id]
        if turn.agent is None:
            self._add(turn.at, customer, MessageReceived(message_id=turn.id, matched_by=row["matched_by"], **facts))
            if status != "open":
                changed = StatusChanged(old=status, new="open", rule="The customer wrote", **facts)
                self._add(turn.at, customer, changed)
            return "open"
        agent = self._agent(turn.agent)
        if turn.step == "note":
            self._add(turn.at, agent, NoteAdded(message_id=turn.id, mentions=row["mentions"], **facts))
            return status
        self._first_touch(plan, turn, agent, facts)
        delivery = self._rows.delivery_of[turn.id]
        queued = MessageQueued(message_id=turn.id, delivery_id=delivery["id"], send_at=delivery["send_at"], **facts)
        self._add(turn.at, agent, queued)
        sent = DeliveryChanged(
            message_id=turn.id,
            delivery_id=delivery["id"],
            state=delivery["state"],
            error=delivery["error"],
            **facts,
        )
        self._add(delivery["changed_at"], SYSTEM, sent)
        parked = plan.status == "on_hold" and turn is plan.turns[-1]
        new = "solved" if turn.step == "done" else "on_hold" if parked else "pending"
        if status != new:
            at = turn.at + timedelta(seconds=60 if new == "solved" else 1)
            self._add(at, agent, StatusChanged(old=status, new=new, **facts))
        return new

    def _first_touch(self, plan: Plan, turn: Turn, agent: Actor, facts: dict[str, Any]) -> None:
        """With her first answer an agent sorts the ticket: tags, and priority where it is not the usual one."""
        if turn is not next(each for each in plan.turns if each.agent is not None and each.step != "note"):
            return
        at = turn.at - timedelta(seconds=20)
        tags = [tag for tag in plan.tags if tag != DANGER_TAG]
        if tags:
            self._add(at, agent, TagsChanged(added=tags, removed=[], **facts))
        if plan.priority != "normal" and DANGER_TAG not in plan.tags:
            self._add(at, agent, PriorityChanged(old="normal", new=plan.priority, **facts))

    def _endings(self, plan: Plan, status: str) -> Iterator[tuple[datetime, Actor, str, str]]:
        if plan.thanked and plan.solved_at is not None:
            yield plan.solved_at, self._agent(plan.assignee or 0), status, "solved"
        if plan.closed_at is not None:
            yield plan.closed_at, SYSTEM, "solved", "closed"

    def _work_item(self, plan: Plan) -> None:
        waits = plan.assignee is None
        over = plan.status in ("solved", "closed")
        rests = plan.status != "open" or plan.snoozed_until is not None
        state = "done" if over else "resting" if rests else "waiting" if waits else "assigned"
        owner = None if plan.assignee is None else self._world.agents[plan.assignee]
        priority = PRIORITIES.index(plan.priority)
        start = kinds.BROUGHT[plan.channel].head_start_seconds
        self.work_items.append(
            {
                "kind": plan.channel,
                "ticket_id": plan.id,
                "team_id": self._world.teams[plan.team],
                "queue_id": self._queue(plan, waits=state == "waiting"),
                "agent_id": owner if state == "assigned" else None,
                "state": state,
                "priority": priority,
                "lane": plan.channel,
                "sticky_agent_id": owner,
                "entered_at": plan.created_at,
                "queued_at": plan.created_at,
                "rank_at": plan.created_at - timedelta(seconds=priority * PRIORITY_SECONDS + start),
                "assigned_at": None if waits else plan.created_at + timedelta(seconds=1),
            }
        )

    def _queue(self, plan: Plan, *, waits: bool) -> int:
        """That of its team, or one for such work that nobody has begun."""
        queues = self._world.queues
        return next((queues[tag] for tag in plan.tags if waits and tag in queues), queues[plan.team])

    def _agent(self, number: int) -> Actor:
        return Actor(ActorKind.AGENT, self._world.agents[number], AGENTS[number].name)

    def _add(self, at: datetime, actor: Actor, event: events.Event) -> None:
        at = min(at, self._world.now)
        fields = msgspec.to_builtins(event)
        row = {name: fields.pop(name) for name in events.COLUMNS}
        row |= {"at": at, "kind": event.kind, "data": fields}
        row |= {"actor_kind": actor.kind.value, "actor_id": actor.id, "actor_name": actor.name}
        self.events.append(row)


_RULES: Final = {("solved", "closed"): "Solved for seven days"}
_EXCUSES: Final = ("offline", "offline", "on a break", "busy", "at capacity (40 of 40)")
