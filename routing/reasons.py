"""The words for the router's decisions, in English, as they are stored: why somebody got it, why something waits.

The console has the words of its own language for the same codes (``code`` of a decision, ``why`` of a candidate).
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from routing.engine import Candidate, Decision

LONGEST_IDLE: Final = "Longest idle"
RULES: Final[Mapping[str, str]] = MappingProxyType(
    {"longest_idle": LONGEST_IDLE, "sticky": "Last agent", "owner": "Relationship owner"}
)
"""By which rule the router gives work to somebody."""
LOCKED: Final = "locked"
"""The state of somebody whom another router gives work to at this moment."""
MOST_CANDIDATES: Final = 50
"""So many candidates are kept with a decision; the others are counted."""
_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {"break": "on a break", "wrap_up": "in wrap-up", LOCKED: "being given other work at this moment"}
)
_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "absent": "not signed in",
        "skill": "without a skill that is needed",
        "refused": "refused it a moment ago",
        "blocked": "busy with something beside which there is nothing else",
        "capped": "had her share of this hour",
        "kept_free": "kept free for something more urgent",
        "later_ring": "asked later",
        "idle_less": "somebody else has been idle longer",
        "preferred_first": "the preferred agent is asked first",
        "closed": "outside opening hours",
    }
)


class Told(msgspec.Struct, rename="camel"):
    """A candidate as she is stored.

    ``excluded`` says why she was not chosen, ``why`` and ``detail`` say the same for programs.
    """

    agent_id: int
    name: str
    score: float
    excluded: str | None
    why: str | None = None
    detail: str = ""


def words_of(candidate: Candidate) -> str | None:
    """Why an agent was not chosen."""
    if candidate.excluded is None:
        return None
    if candidate.excluded == "state":
        return _STATES.get(candidate.detail, candidate.detail)
    if candidate.excluded == "full":
        return f"at capacity ({candidate.detail.replace('/', ' of ')})"
    return _WORDS[candidate.excluded]


def told(decision: Decision, names: Mapping[int, str]) -> list[Told]:
    """The candidates of a decision as they are stored, the nearest to it first."""
    return [
        Told(each.agent_id, names.get(each.agent_id, ""), each.score, words_of(each), each.excluded, each.detail)
        for each in decision.candidates[:MOST_CANDIDATES]
    ]


def counts(decision: Decision) -> dict[str, int]:
    """How many candidates there were for each word against them."""
    return dict(Counter(each.excluded for each in decision.candidates if each.excluded is not None))


def sentence(decision: Decision, names: Mapping[int, str]) -> str:
    """Why somebody got it, or why it waits."""
    if decision.agent_id is not None:
        return _given(decision, names.get(decision.agent_id, ""))
    if decision.reason == "nobody_works_here":
        return "Waits: nobody works in this team"
    if decision.reason == "nobody_has_the_skill":
        return "Waits: nobody has the skill that is needed"
    if decision.reason == "closed":
        return "Waits: outside opening hours"
    found: Counter[str] = Counter()
    for each in decision.candidates:
        found[(words_of(each) or "").partition(" (")[0]] += 1
    return "Waits: " + ", ".join(f"{count} {word}" for word, count in sorted(found.items()))


def _given(decision: Decision, name: str) -> str:
    if decision.reason == "sticky":
        return f"{name} had it last, is available and has room"
    if decision.reason == "owner":
        return f"{name} is whom the customer knows, is available and has room"
    others = sum(each.excluded == "idle_less" for each in decision.candidates)
    ring = f" in ring {decision.ring}" if decision.ring else ""
    return f"{name} is available, has room, and has been idle longest" + (
        f" of {others + 1} ready agents" if others else ""
    ) + ring  # fmt: skip


def row(decision: Decision, names: Mapping[int, str], trigger: str) -> dict[str, Any]:
    """A decision as a row of ``routing_decisions`` has it, but for what it is about."""
    return {
        "trigger": trigger,
        "code": decision.reason,
        "ring": decision.ring,
        "reason": sentence(decision, names),
        "candidates": told(decision, names),
        "counts": counts(decision),
        "alarm": decision.alarm,
    }
