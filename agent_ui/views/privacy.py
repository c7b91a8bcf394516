"""Shapes of what customers want to be done with their data."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from agent_ui.views.base import Input, View
from customers.models import DataRequest
from customers.privacy import Line


class DataRequestView(View):
    """One wish; ``ticketId`` is the conversation about it."""

    id: int
    customer_id: int
    customer: str
    kind: str
    state: str
    words: str
    answer: str
    ticket_id: int | None
    handled_by: str | None
    asked_at: datetime
    done_at: datetime | None


class DataRequestInput(Input):
    """The next state of a wish; a refusal says why in ``answer``, which the customer reads."""

    state: Literal["working", "done", "refused"]
    answer: Annotated[str, msgspec.Meta(max_length=4000)] = ""


class ErasureInput(Input):
    """What to tell the customer beside; ``confirm`` is her number, typed by whoever erases her."""

    confirm: int
    answer: Annotated[str, msgspec.Meta(max_length=4000)] = ""


class DataRequestState(View):
    """How a wish stands now."""

    id: int
    kind: str
    state: str
    answer: str


def data_request(line: Line) -> DataRequestView:
    """A wish as a line of the list."""
    return DataRequestView(**msgspec.structs.asdict(line))


def data_request_state(row: DataRequest) -> DataRequestState:
    """How a wish stands."""
    return DataRequestState(id=row.id, kind=row.kind, state=row.state, answer=row.answer)
