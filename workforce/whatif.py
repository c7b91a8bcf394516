"""What is different in the second run of a replay: a file of rules, and the desk as they make it.

Pure. Queues, skills and agents go by the names that people know; what the file leaves out stays as it is.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
import yaml

from core.errors import Invalid
from routing.engine import AVAILABLE, OFFLINE, Agent
from routing.rings import Queue, Ring
from workforce.past import Desk, KindOf, Traffic
from workforce.turning import Change

MOST_EXTRA: Final = 500


class RingRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ring as it is written in a file: queues by their names."""

    after_seconds: Annotated[float, msgspec.Meta(ge=0)]
    lower: Annotated[int, msgspec.Meta(ge=0, le=5)] = 0
    drop_optional: bool = False
    queues: tuple[str, ...] = ()


class QueueRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is different about a queue; what is left out stays. ``always_open``: its hours do not count."""

    rings: tuple[RingRule, ...] | None = None
    sticky_seconds: Annotated[float, msgspec.Meta(ge=0)] | None | msgspec.UnsetType = msgspec.UNSET
    owner_seconds: Annotated[float, msgspec.Meta(ge=0)] | None | msgspec.UnsetType = msgspec.UNSET
    hourly_cap: Annotated[int, msgspec.Meta(ge=1)] | None | msgspec.UnsetType = msgspec.UNSET
    members: tuple[str, ...] | None = None
    always_open: bool = False


class AgentRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is different about an agent. ``away``: she was not there at all."""

    capacity: Annotated[float, msgspec.Meta(gt=0, le=1000)] | None = None
    skills: dict[str, Annotated[int, msgspec.Meta(ge=1, le=5)]] | None = None
    queues: tuple[str, ...] | None = None
    away: bool = False


class ExtraRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """People who were not there: so many more, all the time."""

    queues: tuple[str, ...]
    count: Annotated[int, msgspec.Meta(ge=1, le=MOST_EXTRA)] = 1
    capacity: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 5.0
    skills: dict[str, Annotated[int, msgspec.Meta(ge=1, le=5)]] = {}


class KindRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is different about a kind of work."""

    weight: Annotated[float, msgspec.Meta(gt=0, le=100)] | None = None
    blocks: bool | None = None


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: what is different, by the names of queues, addresses of agents and names of kinds."""

    queues: dict[str, QueueRule] = {}
    agents: dict[str, AgentRule] = {}
    extra: tuple[ExtraRule, ...] = ()
    kinds: dict[str, KindRule] = {}


def read(text: str) -> Rules:
    """Read a file of rules, in YAML or JSON.

    Raises:
        Invalid: it cannot be read, or names what there is not; the sentence says where.
    """
    try:
        raw: Any = yaml.safe_load(text)
        return msgspec.convert(raw or {}, Rules)
    except (yaml.YAMLError, msgspec.ValidationError) as problem:
        raise Invalid(f"The rules cannot be read: {problem}") from problem


class Names:
    """Whom and what the words of a file mean.

    Args:
        traffic: with the desk's names.
    """

    def __init__(self, traffic: Traffic) -> None:
        self._queues = {name.casefold(): number for number, name in traffic.queue_names.items()}
        self._agents = {email.casefold(): number for number, email in traffic.agent_emails.items()}
        self._skills = {name.casefold(): number for number, name in traffic.skill_names.items()}

    def queue(self, name: str) -> int:
        """A queue by its name."""
        return _known(self._queues, name, "queue")

    def agent(self, email: str) -> int:
        """An agent by her address."""
        return _known(self._agents, email, "agent")

    def skills(self, levels: Mapping[str, int]) -> dict[int, int]:
        """Skills by their names."""
        return {_known(self._skills, name, "skill"): level for name, level in levels.items()}

    def ring(self, rule: RingRule) -> Ring:
        """A ring whose queues have names."""
        queues = tuple(self.queue(each) for each in rule.queues)
        return Ring(rule.after_seconds, rule.lower, drop_optional=rule.drop_optional, queues=queues)


def _known(known: Mapping[str, int], name: str, what: str) -> int:
    found = known.get(name.casefold())
    if found is None:
        raise Invalid(f"There is no {what} {name}; there are: {', '.join(sorted(known)) or 'none'}.")
    return found


def changed(traffic: Traffic, rules: Rules) -> tuple[Desk, dict[int, str]]:
    """The desk with the changes of a file, and everybody's name."""
    from_file = Names(traffic)
    desk = traffic.desk
    queues = dict(desk.queues)
    members: dict[int, frozenset[int]] = {}
    agents = dict(desk.agents)
    for name, queue_rule in rules.queues.items():
        number = from_file.queue(name)
        queues[number] = _queue(queues[number], queue_rule, from_file)
        if queue_rule.members is not None:
            members[number] = frozenset(from_file.agent(each) for each in queue_rule.members)
    for number, agent in desk.agents.items():
        without = agent.queues - members.keys()
        joined = {queue for queue, chosen in members.items() if number in chosen}
        agents[number] = msgspec.structs.replace(agent, queues=without | joined)
    away = set()
    for email, agent_rule in rules.agents.items():
        number = from_file.agent(email)
        agents[number] = _agent(agents[number], agent_rule, from_file)
        if agent_rule.away:
            away.add(number)
    names = dict(traffic.agent_names)
    for extra in rules.extra:
        for _ in range(extra.count):
            number = max(names, default=0) + 1
            names[number] = f"+{number - max(traffic.agent_names, default=0)}"
            agents[number] = _extra(number, extra, from_file)
    kinds = dict(desk.kinds)
    for kind, kind_rule in rules.kinds.items():
        known = kinds.get(kind, KindOf())
        weight = known.weight if kind_rule.weight is None else kind_rule.weight
        blocks = known.blocks if kind_rule.blocks is None else kind_rule.blocks
        kinds[kind] = msgspec.structs.replace(known, weight=weight, blocks=blocks)
    always = {from_file.queue(name) for name, rule in rules.queues.items() if rule.always_open}
    changes = tuple(_later(each, queues, agents, away, always) for each in desk.changes)
    return Desk(queues=queues, agents=agents, kinds=kinds, changes=changes), names


def _later(
    change: Change, queues: dict[int, Queue], agents: dict[int, Agent], away: set[int], always: set[int]
) -> Change:
    """A change of the past, of the changed queue or agent."""
    agent, queue = change.agent, change.queue
    if agent is not None:
        state = OFFLINE if agent.id in away else agent.state
        agent = msgspec.structs.replace(agents[agent.id], state=state)
    if queue is not None:
        is_open = queue.is_open or queue.id in always
        queue = msgspec.structs.replace(queues[queue.id], is_open=is_open, opens_at=queue.opens_at)
    return Change(change.at, agent, queue)


def _queue(queue: Queue, rule: QueueRule, names: Names) -> Queue:
    values = {
        name: getattr(rule, name)
        for name in ("sticky_seconds", "owner_seconds", "hourly_cap")
        if getattr(rule, name) is not msgspec.UNSET
    }
    if rule.rings is not None:
        values["rings"] = tuple(names.ring(each) for each in rule.rings)
    if rule.always_open:
        values["is_open"] = True
    return msgspec.structs.replace(queue, **values)


def _agent(agent: Agent, rule: AgentRule, names: Names) -> Agent:
    return msgspec.structs.replace(
        agent,
        state=OFFLINE if rule.away else agent.state,
        capacity=agent.capacity if rule.capacity is None else rule.capacity,
        skills=agent.skills if rule.skills is None else names.skills(rule.skills),
        queues=agent.queues if rule.queues is None else frozenset(names.queue(each) for each in rule.queues),
    )


def _extra(number: int, rule: ExtraRule, names: Names) -> Agent:
    return Agent(
        id=number,
        state=AVAILABLE,
        queues=frozenset(names.queue(each) for each in rule.queues),
        skills=names.skills(rule.skills),
        capacity=rule.capacity,
    )
