"""Plans of threads become rows of tickets, messages, deliveries and files, with the derived columns filled in.

Numbers are given in the order of time, as they would have been were the office always open: so they are the same on
every day. The rules of the derived columns are those of
``tickets/intake`` and ``tickets/reply``; ``tests/simulator/test_demo.py`` checks them against the messages.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from channels.email.tokens import Tokens
from simulator import demo_files
from simulator.demo_draws import draws
from simulator.demo_people import AGENT, AGENTS, COMPANY
from simulator.demo_talk import as_html, quoted
from simulator.demo_threads import Plan, Turn
from tickets.intake import snippet_of

Row = dict[str, Any]
_BAD: Final = (
    ("failed", "550 5.1.1 The address does not exist at this server"),
    ("bounced", "552 5.2.2 The mailbox is full"),
)


@dataclass(frozen=True)
class Mailbox:
    """An account of the desk that writes and is written to."""

    id: int
    address: str
    name: str

    def person(self) -> dict[str, str]:
        """As a recipient."""
        return {"name": self.name, "address": self.address}


@dataclass(frozen=True)
class World:
    """What the rows refer to: ids given by the database, and what signs our Message-IDs.

    Attributes:
        agents: ids in the order of ``demo_people.AGENTS``.
        teams: key → id.
        mailboxes: team key → mailbox.
        first: table → first of the ids set aside for it.
        queues: team key → the team's own queue; tag → the queue in which such work waits (``demo_routing``).
    """

    now: datetime
    tokens: Tokens
    agents: list[int]
    teams: dict[str, int]
    mailboxes: dict[str, Mailbox]
    first: dict[str, int]
    queues: dict[str, int] = field(default_factory=dict)


@dataclass
class File:
    """A file to be stored and the message it belongs to."""

    message_id: int
    name: str
    content_type: str
    content: bytes
    at: datetime


@dataclass
class Rows:
    """Everything that is copied into the database, by table."""

    tickets: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    read_marks: list[Row] = field(default_factory=list)
    drafts: list[Row] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    unreachable: dict[int, str] = field(default_factory=dict)
    """Customers whose address refused a mail for good, and the reason."""

    delivery_of: dict[int, Row] = field(default_factory=dict)
    """Message id → its delivery."""


def number(plans: list[Plan], first_ticket: int, first_message: int) -> None:
    """Give tickets and messages their numbers, in the order of time as :attr:`Turn.ago` counts it."""
    for offset, plan in enumerate(plans):
        plan.id = first_ticket + offset
    turns = sorted((turn for plan in plans for turn in plan.turns), key=lambda turn: turn.ago, reverse=True)
    for offset, turn in enumerate(turns):
        turn.id = first_message + offset


class RowMaker:
    """Makes the rows of all plans.

    Args:
        world: what they refer to.
    """

    def __init__(self, world: World) -> None:
        self._rng = draws("rows")
        self._world = world
        self._rows = Rows()
        self._mentions = 3
        self._bad_to_place = list(_BAD)

    def make(self, plans: list[Plan]) -> Rows:
        """All rows; the plans must have their numbers."""
        for plan in plans:
            self._ticket(plan)
        self._rows.messages.sort(key=lambda row: row["id"])
        self._rows.deliveries.sort(key=lambda row: row["message_id"])
        for offset, row in enumerate(self._rows.deliveries):
            row["id"] = self._world.first["deliveries"] + offset
        self._drafts(plans)
        return self._rows

    def _ticket(self, plan: Plan) -> None:
        messages = self._thread(plan)
        deliveries = [self._rows.delivery_of[row["id"]] for row in messages if row["id"] in self._rows.delivery_of]
        customers = [row["id"] for row in messages if row["kind"] == "customer"]
        replies = [row["created_at"] for row in messages if row["kind"] == "agent"]
        last = messages[-1]
        owner = None if plan.assignee is None else self._world.agents[plan.assignee]
        self._rows.tickets.append(
            {
                "id": plan.id,
                "subject": plan.subject,
                "status": plan.status,
                "priority": plan.priority,
                "channel": plan.channel,
                "customer_id": plan.customer.id,
                "team_id": self._world.teams[plan.team],
                "assignee_id": owner,
                "account_id": self._world.mailboxes[plan.team].id,
                "tags": list(plan.tags),
                "created_at": plan.created_at,
                "last_activity_at": last["created_at"],
                "waiting_since": plan.waiting_since,
                "snoozed_until": plan.snoozed_until,
                "first_reply_at": replies[0] if replies else None,
                "solved_at": plan.solved_at,
                "closed_at": plan.closed_at,
                "reopen_count": int(plan.thanked),
                "message_count": len(messages),
                "last_message_id": last["id"],
                "last_customer_message_id": customers[-1],
                "snippet": snippet_of(last["text"]),
                "snippet_by": last["kind"],
                "failed_delivery": any(row["state"] in ("failed", "bounced", "unknown") for row in deliveries),
                "version": len(messages) + (plan.status != "open") + 2 * plan.thanked + (plan.priority != "normal"),
            }
        )
        self._marks(plan, owner, last["id"])

    def _thread(self, plan: Plan) -> list[Row]:
        rows: list[Row] = []
        chain: list[str] = []
        said: Turn | None = None
        for turn in plan.turns:
            row = self._message(plan, turn, chain, said)
            rows.append(row)
            self._rows.messages.append(row)
            if row["kind"] == "agent":
                self._deliver(plan, turn, row)
            if row["kind"] != "note":
                chain.append(row["message_id_header"])
                said = turn
            self._attach(plan, turn)
        return rows

    def _message(self, plan: Plan, turn: Turn, chain: list[str], said: Turn | None) -> Row:
        mailbox = self._world.mailboxes[plan.team]
        row: Row = {
            "id": turn.id,
            "ticket_id": plan.id,
            "channel": plan.channel if said is None else "email",
            "author_agent_id": None,
            "author_customer_id": None,
            "author_address": None,
            "subject": plan.subject if said is None else f"Re: {plan.subject}",
            "text": turn.text,
            "html": as_html(turn.text),
            "quoted_text": "",
            "quoted_html": "",
            "to": [mailbox.person()],
            "cc": [],
            "bcc": [],
            "message_id_header": None,
            "in_reply_to": chain[-1] if chain else None,
            "references": list(chain),
            "matched_by": None,
            "is_auto": False,
            "account_id": mailbox.id,
            "inbound_item_id": None,
            "client_key": None,
            "mentions": [],
            "language": plan.language,
            "created_at": turn.at,
        }
        if turn.agent is None:
            self._by_customer(row, plan, turn, said)
        else:
            self._by_agent(row, plan, turn)
        return row

    def _by_customer(self, row: Row, plan: Plan, turn: Turn, said: Turn | None) -> None:
        customer = plan.customer
        row |= {
            "kind": "customer",
            "author_customer_id": customer.id,
            "author_name": customer.name,
            "author_address": customer.email,
        }
        if row["channel"] == "web":
            row["html"] = ""
            return
        row["message_id_header"] = f"{self._rng.getrandbits(64):016x}.{turn.id}@{customer.email.partition('@')[2]}"
        if said is None:
            row["html"] = row["html"] if self._rng.random() < 0.65 else ""
            return
        row["matched_by"] = "in_reply_to" if self._rng.random() < 0.3 else "token"
        if self._rng.random() < 0.6:
            who = COMPANY if said.agent is not None else customer.name
            row["quoted_text"], row["quoted_html"] = quoted(plan.language, said.text, who, said.at)

    def _by_agent(self, row: Row, plan: Plan, turn: Turn) -> None:
        agent = turn.agent or 0
        row |= {
            "kind": "note" if turn.step == "note" else "agent",
            "author_agent_id": self._world.agents[agent],
            "author_name": AGENTS[agent].name,
            "client_key": f"demo-{turn.id}",
        }
        if turn.step != "note":
            row["to"] = [{"name": plan.customer.name, "address": plan.customer.email}]
            row["message_id_header"] = self._world.tokens.message_id(turn.id)
            row["channel"] = plan.channel
            return
        row |= {"to": [], "subject": "", "channel": "note", "in_reply_to": None, "references": []}
        row |= {"language": "en"}
        if plan.live and self._mentions and plan.team in AGENT.teams and AGENTS[agent] is not AGENT:
            self._mentions -= 1
            row["text"] = f"@{AGENT.name} {row['text']}"
            row["html"] = as_html(row["text"])
            row["mentions"] = [self._world.agents[AGENTS.index(AGENT)]]

    def _deliver(self, plan: Plan, turn: Turn, message: Row) -> None:
        state, error = "sent", None
        last_word = plan.turns[-1] is turn
        if plan.status == "pending" and last_word and plan.snoozed_until is None and self._bad_to_place:
            state, error = self._bad_to_place.pop()
        elif not plan.live and last_word and self._rng.random() < 0.006:
            state, error = self._rng.choice(_BAD)
        if state == "failed":
            self._rows.unreachable[plan.customer.id] = error or ""
        sent = turn.at + timedelta(seconds=self._rng.uniform(5.2, 8.5))
        row: Row = {
            "message_id": turn.id,
            "ticket_id": plan.id,
            "channel": plan.channel,
            "account_id": message["account_id"],
            "state": state,
            "attempts": 1,
            "error": error,
            "provider_id": message["message_id_header"] if state != "failed" else None,
            "send_at": turn.at + timedelta(seconds=5),
            "created_at": turn.at,
            "sent_at": sent if state != "failed" else None,
            "changed_at": sent,
            "history": [
                {"at": turn.at.isoformat(), "state": "queued"},
                {"at": sent.isoformat(), "state": state} | ({"error": error} if error else {}),
            ],
        }
        self._rows.deliveries.append(row)
        self._rows.delivery_of[turn.id] = row

    def _attach(self, plan: Plan, turn: Turn) -> None:
        tags = plan.tags
        if turn.step in ("open", "give") and {"damaged", "claim", "leak"} & set(tags):
            for number in range(self._rng.choice((0, 1, 1, 2) if "damaged" in tags else (0, 0, 1))):
                name = f"IMG_{turn.at:%Y%m%d}_{self._rng.randrange(1000, 9999) + number}.png"
                self._file(turn, name, "image/png", demo_files.photo(self._rng.randrange(24)))
        elif turn.step == "done" and {"invoice", "extended-warranty", "quote"} & set(tags):
            title = "Invoice" if "invoice" in tags else "Certificate" if "extended-warranty" in tags else "Quotation"
            lines = [
                COMPANY,
                plan.speaker.invoice,
                f"Serial {plan.speaker.serial}",
                f"Date {turn.at:%Y-%m-%d}",
            ]
            name = f"{title}-{plan.speaker.invoice.replace('/', '-')}.pdf"
            self._file(turn, name, "application/pdf", demo_files.paper(title, lines))

    def _file(self, turn: Turn, name: str, content_type: str, content: bytes) -> None:
        self._rows.files.append(File(turn.id, name, content_type, content, turn.at))

    def _marks(self, plan: Plan, owner: int | None, last: int) -> None:
        """Who has read it: of what is over, the owner; of what is live, most who may."""
        if not plan.live:
            readers = [owner] if owner else []
        else:
            team = [number for number, agent in enumerate(AGENTS) if plan.team in agent.teams]
            unread = plan.waiting_since is not None and self._world.now - plan.waiting_since < timedelta(hours=2)
            readers = [self._world.agents[number] for number in team if self._rng.random() < (0.1 if unread else 0.7)]
        self._rows.read_marks += [{"agent_id": agent, "ticket_id": plan.id, "message_id": last} for agent in readers]

    def _drafts(self, plans: list[Plan]) -> None:
        """Two answers that the demo's agent has begun."""
        me = AGENTS.index(AGENT)
        mine = [plan for plan in plans if plan.status == "open" and plan.assignee == me][-2:]
        for plan in mine:
            begun = plan.speaker.agent("ask", AGENT.name)
            self._rows.drafts.append(
                {
                    "ticket_id": plan.id,
                    "agent_id": self._world.agents[me],
                    "mode": "reply",
                    "html": as_html(begun.rpartition("\n\n")[0]),
                    "revision": 1,
                    "updated_at": self._world.now - timedelta(minutes=self._rng.uniform(1, 9)),
                }
            )


def attachment_row(file: File, storage_key: str) -> Row:
    """The row of a stored file."""
    return {
        "message_id": file.message_id,
        "name": file.name,
        "content_type": file.content_type,
        "size": len(file.content),
        "sha256": hashlib.sha256(file.content).hexdigest(),
        "storage_key": storage_key,
        "disposition": "attachment",
        "created_at": file.at,
    }
