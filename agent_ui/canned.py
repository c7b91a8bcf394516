"""Canned replies filled for a ticket, and where they are used. Called by ``agent_ui/api``."""

from datetime import datetime

from agent_ui.deps import Desk
from agent_ui.views.people import MacroView
from automation.macros import actions_of
from channels.email import leaving
from core.errors import Permanent
from core.html import html_to_text
from staff import macros
from staff.models import Macro
from tickets import access, templates
from tickets.models import Message, Ticket
from tickets.templates import Surroundings


async def replies(desk: Desk, ticket_id: int | None) -> list[MacroView]:
    """All canned replies by name.

    Args:
        desk: who reads.
        ticket_id: fill them for this ticket; None: as they are written.

    Raises:
        NotFound: there is no such ticket, or the agent may not see it.
    """
    values: templates.Values | None = None
    if ticket_id is not None:
        ticket = await access.get_visible(desk.session, desk.actor, ticket_id)
        values = await templates.values_of(desk.session, ticket_id, desk.agent_id, await around(desk, ticket))
    return [view(one, values) for one in await macros.list_all(desk.session)]


async def used(desk: Desk, macro_ids: list[int], answer: Message, send_at: datetime | None) -> None:
    """Note those canned replies of which something stands in an answer.

    Args:
        desk: who has answered.
        macro_ids: put in while it was written; one that is gone, or was deleted from the text again, is left out.
        answer: a message that is passed on to somebody else is none.
        send_at: when it leaves; None: now.
    """
    if not macro_ids or answer.passed_on:
        return
    written = html_to_text(answer.html)
    leaves = max(answer.created_at, send_at or answer.created_at)
    for macro in await macros.named(desk.session, macro_ids):
        if templates.stands_in(html_to_text(macro.html), written):
            await macros.use(desk.session, macro.id, answer.ticket_id, answer.id, leaves)


def view(macro: Macro, values: templates.Values | None = None) -> MacroView:
    """A macro for people, filled if values are known."""
    markup, missing = macro.html, list[str]()
    if values is not None:
        markup, missing = templates.render(markup, values, html=True)
    wanted = list(actions_of(macro))
    return MacroView(
        id=macro.id, name=macro.name, html=markup, text=html_to_text(markup), missing=missing, actions=wanted
    )


async def around(desk: Desk, ticket: Ticket) -> Surroundings:
    """What the desk knows beside the ticket: the mailbox that will answer, product and address."""
    settings = desk.runtime.settings
    listed = await leaving.mailboxes(desk.session)
    try:
        place = leaving.place_for(listed, leaving.book_of(listed), None, ticket.account_id, ticket.team_id)
    except Permanent:  # no mailbox can send; the variables that name it stay unfilled
        return Surroundings(product_name=settings.product_name, base_url=settings.base_url)
    return Surroundings(
        mailbox_name=place.name,
        mailbox_address=place.address,
        product_name=settings.product_name,
        base_url=settings.base_url,
    )
