"""What the demo company's customers answered to its surveys: rows of satisfaction, and the events that tell of them.

Asked a day after the solution and at most once each, as the product does it; a good half of them answer.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from core.actor import Actor, ActorKind
from simulator.demo_draws import draws
from simulator.demo_events import History
from simulator.demo_people import DemoCustomer
from simulator.demo_rows import Row
from simulator.demo_threads import Plan
from tickets.events import TicketRated
from tickets.policy import Policy
from tickets.satisfaction import REASONS

_ANSWER: Final = 0.55
_SETTLED: Final = timedelta(days=4)
"""So long ago a ticket's last turn is drawn to be if its customer was asked: wherever it is placed in the calendar, she
has answered by now."""
_SCORES: Final = (5, 5, 5, 5, 5, 4, 4, 4, 4, 3, 3, 2, 1)
_WORDS: Final[dict[bool, dict[str, tuple[str, ...]]]] = {
    True: {
        "en": ("Solved the same day, thank you.", "Very patient on a difficult question.", "Quick and clear."),
        "hi": ("बहुत जल्दी हल हो गया, धन्यवाद।", "अच्छे से समझाया।"),
        "mr": ("लगेच मदत मिळाली, धन्यवाद.",),
        "bn": ("খুব তাড়াতাড়ি সমাধান হয়েছে।",),
        "kn": ("ಬೇಗ ಪರಿಹಾರ ಸಿಕ್ಕಿತು, ಧನ್ಯವಾದ.",),
    },
    False: {
        "en": ("I had to explain everything three times.", "The technician came a week late.", "It still drips."),
        "hi": ("तीन बार फ़ोन करना पड़ा।",),
        "mr": ("उत्तर यायला खूप उशीर झाला.",),
        "bn": ("উত্তর পেতে অনেক দেরি হয়েছে।",),
        "kn": ("ಉತ್ತರ ಬರಲು ತುಂಬಾ ತಡವಾಯಿತು.",),
    },
}


def write(history: History, plans: Sequence[Plan], tickets: Sequence[Row]) -> list[Row]:
    """Rows of satisfaction for tickets that are over; what was answered goes into the history as well.

    Args:
        history: of the tickets.
        plans: what the tickets were made of.
        tickets: their rows, in the same order.
    """
    rng = draws("ratings")
    rows: list[Row] = []
    said: list[tuple[datetime, Actor, TicketRated]] = []
    asked: set[int] = set()
    for plan, ticket in zip(plans, tickets, strict=True):
        drawn = _Draw(rng)  # for each ticket, so that one that is not asked about changes nothing of the others
        person, is_settled = plan.customer, plan.turns[-1].ago >= _SETTLED
        if plan.solved_at is None or not is_settled or ticket["first_reply_at"] is None or person.id in asked:
            continue
        asked.add(person.id)
        row = drawn.row(ticket, person, plan.solved_at + timedelta(hours=Policy().survey_hours))
        rows.append(row)
        if row["score"] is not None:
            said.append((row["answered_at"], Actor(ActorKind.CUSTOMER, person.id, person.name), _event(ticket, row)))
    history.tell(said)
    return rows


class _Draw:
    """What one customer would answer."""

    def __init__(self, rng: random.Random) -> None:
        self._later = timedelta(hours=rng.uniform(0.1, 18))
        self._answers = rng.random() < _ANSWER
        self._score = rng.choice(_SCORES)
        self._speaks = rng.random() < 0.4
        self._words = rng.random()
        self._reasons = [rng.random() < 0.45 for _ in range(4)]

    def row(self, ticket: Row, person: DemoCustomer, at: datetime) -> Row:
        said = at + self._later
        score = self._score if self._answers else None
        good = self._score > 3
        told = score is not None and score != 3
        of_kind = REASONS[:4] if good else REASONS[4:]
        words = _WORDS[good].get(person.language or "en", _WORDS[good]["en"])
        return {
            "ticket_id": ticket["id"],
            "customer_id": person.id,
            "agent_id": ticket["assignee_id"],
            "team_id": ticket["team_id"],
            "address": person.email,
            "asked_at": at,
            "score": score,
            "reasons": [each for each, given in zip(of_kind, self._reasons, strict=True) if told and given],
            "comment": words[int(self._words * len(words))] if told and self._speaks else "",
            "answered_at": None if score is None else said,
            "changed_at": None if score is None else said,
        }


def _event(ticket: Row, row: Row) -> TicketRated:
    return TicketRated(
        ticket_id=ticket["id"],
        customer_id=row["customer_id"],
        teams=(ticket["team_id"],),
        agents=() if ticket["assignee_id"] is None else (ticket["assignee_id"],),
        score=row["score"],
        old=None,
        reasons=row["reasons"],
        comment=row["comment"],
        is_low=row["score"] <= Policy().low_score,
    )
