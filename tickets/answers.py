"""What a customer answered to the questions of a form: kept beside the ticket, as it was asked then.

Called by ``channels/web/form`` when a request has become a ticket. The same answers stand in the message, in the
customer's own words; these are for agents, lists and rules.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.sql import Sql


class FormAnswer(msgspec.Struct, frozen=True):
    """One answer.

    Attributes:
        key: of the field of the form.
        label: the question, in the desk's language.
        value: the answer, in the desk's language.
    """

    key: str
    label: str
    value: str


_KEEP = Sql("update tickets set form_answers = cast(:answers as jsonb) where id = :ticket_id")


async def keep(session: AsyncSession, ticket_id: int, answers: Sequence[FormAnswer]) -> None:
    """Keep the answers of a ticket that was just opened.

    Args:
        session: the unit of work.
        ticket_id: the ticket.
        answers: in the order of the form.
    """
    await _KEEP.all(session, ticket_id=ticket_id, answers=msgspec.json.encode(list(answers)).decode())
