"""Shapes of routing: queues, skills, kinds of work, offers, and why something waits."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from agent_ui.views.base import Id, IdList, Input, Named, ShortText, View
from routing.kinds import Kind
from routing.offers import Offered
from routing.queues import Draft, Queue
from routing.rings import Need, Ring
from routing.skills import Able
from routing.why import Waiting, Work

KindName = Literal["call", "callback", "chat", "sms", "whatsapp", "email", "web"]
Level = Annotated[int, msgspec.Meta(ge=1, le=5)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=30 * 86_400)]


class NeedView(View):
    """A skill that is needed at least at this level; an optional one can be let go by a ring."""

    skill_id: int
    level: int
    optional: bool


class NeedInput(Input):
    """A skill that is needed at least at this level; an optional one can be let go by a ring."""

    skill_id: Id
    level: Level = 1
    optional: bool = False


class NeededView(View):
    """A skill that some work needs, by its name; an optional one can be let go by a ring."""

    name: str
    level: int
    optional: bool


class RingView(View):
    """What is let go after so long: levels, optional skills, or that only the queue's own members are asked."""

    after_seconds: float
    lower: int
    drop_optional: bool
    queues: list[int]


class RingInput(Input):
    """What is let go after so long: levels, optional skills, or that only the queue's own members are asked."""

    after_seconds: Seconds
    lower: Annotated[int, msgspec.Meta(ge=0, le=4)] = 0
    drop_optional: bool = False
    queues: IdList = []


class QueueView(View):
    """A queue. A team's own (``isDefault``) has the team's name and members, and takes all kinds of work."""

    id: int
    name: str
    team_id: int | None
    is_default: bool
    of_team: bool
    kinds: list[str]
    skills: list[NeedView]
    rings: list[RingView]
    sticky_seconds: int | None
    owner_seconds: int | None
    hours: str | None
    hourly_cap: int | None
    misses_before_away: int
    requeue_hours: int | None
    members: list[int]
    version: int


class QueueInput(Input):
    """A queue, all of it; see ``QueueView``."""

    name: ShortText
    team_id: Id | None = None
    of_team: bool = False
    kinds: Annotated[list[KindName], msgspec.Meta(max_length=20)] = []
    skills: Annotated[list[NeedInput], msgspec.Meta(max_length=20)] = []
    rings: Annotated[list[RingInput], msgspec.Meta(max_length=20)] = []
    sticky_seconds: Seconds | None = None
    owner_seconds: Seconds | None = None
    hours: Annotated[str, msgspec.Meta(max_length=60)] | None = None
    hourly_cap: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    misses_before_away: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    requeue_hours: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    members: Annotated[list[Id], msgspec.Meta(max_length=2000)] = []

    def draft(self) -> Draft:
        """As the desk keeps it."""
        return Draft(
            name=self.name,
            team_id=self.team_id,
            of_team=self.of_team,
            kinds=tuple(self.kinds),
            skills=needs_of(self.skills),
            rings=tuple(
                Ring(each.after_seconds, each.lower, each.drop_optional, tuple(each.queues)) for each in self.rings
            ),
            sticky_seconds=self.sticky_seconds,
            owner_seconds=self.owner_seconds,
            hours=self.hours,
            hourly_cap=self.hourly_cap,
            misses_before_away=self.misses_before_away,
            requeue_hours=self.requeue_hours,
            members=tuple(self.members),
        )


class SkillInput(Input):
    """A skill's name."""

    name: ShortText


class LevelView(View):
    """A skill and how well somebody has it, from 1 to 5."""

    skill_id: int
    level: int


class LevelInput(Input):
    """A skill and how well somebody has it, from 1 to 5."""

    skill_id: Id
    level: Level


class AbleView(View):
    """An agent as routing sees her; ``hourlyCap``: how many items an hour may bring her, null: any number."""

    id: int
    name: str
    capacity: int
    hourly_cap: int | None
    skills: list[LevelView]


class AbleInput(Input):
    """What an agent can, all of it."""

    skills: Annotated[list[LevelInput], msgspec.Meta(max_length=200)] = []
    hourly_cap: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None


class KindView(View):
    """What a kind of work takes of an agent, and how it comes to her; ``offerSeconds`` null: it is hers at once."""

    kind: str
    weight: float
    blocks: bool
    beside: float | None
    offer_seconds: int | None
    idle_after_seconds: int | None
    idle_weight: float
    head_start_seconds: int
    requeue_after_seconds: int | None


class KindInput(Input):
    """What a kind of work takes of an agent, all of it; see ``KindView``."""

    weight: Annotated[float, msgspec.Meta(gt=0, le=100)] = 1.0
    blocks: bool = False
    beside: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    offer_seconds: Annotated[int, msgspec.Meta(ge=5, le=3600)] | None = None
    idle_after_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] | None = None
    idle_weight: Annotated[float, msgspec.Meta(ge=0, le=100)] = 1.0
    head_start_seconds: Annotated[int, msgspec.Meta(ge=0, le=90 * 86_400)] = 0
    requeue_after_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] | None = None


class OfferView(View):
    """Work that is held out to the agent who asks, until ``expiresAt``."""

    id: int
    ticket_id: int
    made_at: datetime
    expires_at: datetime
    subject: str
    channel: str
    priority: str
    customer: str
    snippet: str
    entered_at: datetime
    queue: str
    reason: str | None


class RejectInput(Input):
    """Why one does not take an offer."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class AcceptedView(View):
    """The ticket that one has now."""

    ticket_id: int


class WaitingView(View):
    """A line of the waiting list: ``code`` and ``reason`` as it is at this moment, and when it is looked at again."""

    ticket_id: int
    subject: str
    customer: str
    kind: str
    queue: Named
    priority: int
    entered_at: datetime
    queued_at: datetime
    code: str | None
    reason: str | None
    ring: int | None
    looks_again_at: datetime | None
    nobody_can: bool


class TriedView(View):
    """An agent who came into question; ``excluded`` is why not in English, ``why`` and ``detail`` for programs."""

    agent_id: int
    name: str
    score: float
    excluded: str | None
    why: str | None
    detail: str


class ChangeView(View):
    """What would let it go to somebody: for how many agents, and when if time alone does it."""

    code: str
    count: int
    at: datetime | None


class StretchView(View):
    """Where it has waited before; ``agentId``: who got it then, null: it was moved."""

    queue_id: int
    since: datetime
    until: datetime
    agent_id: int | None


class WorkView(View):
    """A ticket's work as it is at this moment; while it waits, why, and what would change it.

    ``skills``: what it needs beside its queue; ``needs``: all that it needs.
    """

    ticket_id: int
    kind: str
    state: str
    queue: Named
    agent: Named | None
    priority: int
    entered_at: datetime
    queued_at: datetime
    assigned_at: datetime | None
    waited_seconds: float
    sticky_agent_id: int | None
    owner_agent_id: int | None
    skills: list[NeedView]
    needs: list[NeededView]
    history: list[StretchView]
    nobody_can: bool
    offer_id: int | None
    offer_expires_at: datetime | None
    code: str | None
    reason: str | None
    ring: int
    looks_again_at: datetime | None
    candidates: list[TriedView]
    changes: list[ChangeView]


class MoveInput(Input):
    """Where a ticket's work goes: into a queue, or to an agent; one of the two."""

    queue_id: Id | None = None
    agent_id: Id | None = None


class NeedsInput(Input):
    """What a ticket's work needs, beside its queue's skills; all of it."""

    skills: Annotated[list[NeedInput], msgspec.Meta(max_length=20)]


def needs_of(inputs: list[NeedInput]) -> tuple[Need, ...]:
    """Needs as the desk keeps them."""
    return tuple(Need(each.skill_id, each.level, optional=each.optional) for each in inputs)


def _needs(needs: tuple[Need, ...]) -> list[NeedView]:
    return [NeedView(skill_id=each.skill_id, level=each.level, optional=each.optional) for each in needs]


def queue_view(queue: Queue) -> QueueView:
    """A queue for people."""
    plain = msgspec.structs.asdict(queue) | {
        "kinds": list(queue.kinds),
        "skills": _needs(queue.skills),
        "rings": [
            RingView(
                after_seconds=each.after_seconds,
                lower=each.lower,
                drop_optional=each.drop_optional,
                queues=list(each.queues),
            )
            for each in queue.rings
        ],
        "members": list(queue.members),
    }
    return QueueView(**plain)


def able_view(able: Able) -> AbleView:
    """An agent with what she can."""
    levels = [LevelView(skill_id=skill, level=level) for skill, level in sorted(able.skills.items())]
    return AbleView(id=able.id, name=able.name, capacity=able.capacity, hourly_cap=able.hourly_cap, skills=levels)


def kind_view(kind: Kind) -> KindView:
    """A kind of work for people."""
    return KindView(**msgspec.structs.asdict(kind))


def offer_view(offer: Offered) -> OfferView:
    """An offer for its agent."""
    return OfferView(**msgspec.structs.asdict(offer))


def waiting_view(line: Waiting) -> WaitingView:
    """A line of the waiting list."""
    return WaitingView(
        ticket_id=line.ticket_id,
        subject=line.subject,
        customer=line.customer,
        kind=line.kind,
        queue=Named(id=line.queue_id, name=line.queue),
        priority=line.priority,
        entered_at=line.entered_at,
        queued_at=line.queued_at,
        code=line.code,
        reason=line.reason,
        ring=line.ring,
        looks_again_at=line.looks_again_at,
        nobody_can=line.alarmed_at is not None,
    )


def work_view(work: Work) -> WorkView:
    """A ticket's work for people."""
    return WorkView(
        ticket_id=work.ticket_id,
        kind=work.kind,
        state=work.state,
        queue=Named(id=work.queue_id, name=work.queue),
        agent=None if work.agent_id is None else Named(id=work.agent_id, name=work.agent_name or ""),
        priority=work.priority,
        entered_at=work.entered_at,
        queued_at=work.queued_at,
        assigned_at=work.assigned_at,
        waited_seconds=work.waited_seconds,
        sticky_agent_id=work.sticky_agent_id,
        owner_agent_id=work.owner_agent_id,
        skills=_needs(work.skills),
        needs=[NeededView(name=each.name, level=each.level, optional=each.optional) for each in work.needs],
        history=[
            StretchView(queue_id=each.queue_id, since=each.since, until=each.until, agent_id=each.agent_id)
            for each in work.history
        ],
        nobody_can=work.alarmed_at is not None,
        offer_id=work.offer_id,
        offer_expires_at=work.offer_expires_at,
        code=work.code,
        reason=work.reason,
        ring=work.ring,
        looks_again_at=work.looks_again_at,
        candidates=[TriedView(**msgspec.structs.asdict(each)) for each in work.candidates],
        changes=[ChangeView(code=each.code, count=each.count, at=each.at) for each in work.changes],
    )
