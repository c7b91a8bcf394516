"""Past traffic of the desk, and the desk as it is: what a replay needs to know. Read by ``workforce/traffic.py``."""

from datetime import datetime

import msgspec

from routing.engine import Agent
from routing.rings import Need, Queue
from workforce.turning import Change


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """Something that came.

    Attributes:
        number: its ticket.
        kind: what it was.
        queue_id: where it came in.
        came_at: when, in seconds.
        waited_seconds: until somebody really had it; None: nobody had.
        work_seconds: for how long she had it; None: she has it still, or nobody had.
        priority: as it is now.
        needs: its skills.
        last_agent_id: who had that customer's ticket before.
        owner_agent_id: whom the customer knows.
    """

    number: int
    kind: str
    queue_id: int
    came_at: float
    waited_seconds: float | None
    work_seconds: float | None
    priority: int = 1
    needs: tuple[Need, ...] = ()
    last_agent_id: int | None = None
    owner_agent_id: int | None = None


class KindOf(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of work takes of an agent."""

    weight: float = 1.0
    blocks: bool = False
    beside: float | None = None
    head_start: float = 0.0


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Who is there and by which rules, in one of the two runs.

    Attributes:
        queues: number → queue, as it was at the beginning.
        agents: number → agent, as she was at the beginning.
        kinds: kind → what it takes.
        changes: who came and went, which queue opened and closed.
    """

    queues: dict[int, Queue]
    agents: dict[int, Agent]
    kinds: dict[str, KindOf]
    changes: tuple[Change, ...] = ()


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of the past: what came, the desk as it is, and by which names people know it."""

    since: datetime
    until: datetime
    items: tuple[Past, ...]
    desk: Desk
    queue_names: dict[int, str]
    agent_names: dict[int, str]
    agent_emails: dict[int, str]
    skill_names: dict[int, str]
