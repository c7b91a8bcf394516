"""Queues as the router sees them: what their items need, and the rings through which a search for an agent widens.

Pure. A ring takes something off what is asked for, once an item has waited so long: lower levels, no optional skills,
the members of other queues as well. What one ring has let go, the later ones do not ask for again.
"""

from typing import Final

import msgspec

LEVELS: Final = (1, 5)
"""The lowest and the highest level of a skill."""


class Need(msgspec.Struct, frozen=True):
    """A skill that an item needs, at least at this level; an optional one can be let go by a ring."""

    skill_id: int
    level: int = 1
    optional: bool = False


class Ring(msgspec.Struct, frozen=True):
    """What is let go after an item has waited so long.

    Attributes:
        after_seconds: since it came into the queue.
        lower: by how many levels less is asked for; 1 at least always is.
        drop_optional: optional skills are not asked for any more.
        queues: whose members are asked as well.
    """

    after_seconds: float
    lower: int = 0
    drop_optional: bool = False
    queues: tuple[int, ...] = ()


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """Where items wait.

    Attributes:
        id: its number.
        rings: how the search widens, the earliest first.
        sticky_seconds: how long an item waits for who answered last, while she is there; None: she is not preferred.
        owner_seconds: the same for whom the customer knows.
        is_open: nothing is given outside its hours.
        opens_at: when it is open again.
        hourly_cap: how many items an agent gets in an hour at most.
    """

    id: int
    rings: tuple[Ring, ...] = ()
    sticky_seconds: float | None = None
    owner_seconds: float | None = None
    is_open: bool = True
    opens_at: float | None = None
    hourly_cap: int | None = None


class Step(msgspec.Struct, frozen=True):
    """All that a ring asks for and whom it asks, with what the rings before it have let go."""

    after_seconds: float
    lower: int
    drop_optional: bool
    queues: tuple[int, ...]


def steps_of(queue: Queue) -> tuple[Step, ...]:
    """The rings of a queue one after the other; the first one is everything that is asked for, of its own members."""
    step = Step(0.0, 0, drop_optional=False, queues=(queue.id,))
    found = [step]
    for ring in sorted(queue.rings, key=lambda each: each.after_seconds):
        step = Step(
            ring.after_seconds,
            max(step.lower, ring.lower),
            drop_optional=step.drop_optional or ring.drop_optional,
            queues=tuple(dict.fromkeys((*step.queues, *ring.queues))),
        )
        found.append(step)
    return tuple(found)


def meets(needs: tuple[Need, ...], skills: dict[int, int], step: Step) -> bool:
    """Whether somebody with these skills has what a step still asks for."""
    for need in needs:
        if need.optional and step.drop_optional:
            continue
        if skills.get(need.skill_id, 0) < max(LEVELS[0], need.level - step.lower):
            return False
    return True
