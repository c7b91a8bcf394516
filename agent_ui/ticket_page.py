"""Puts a ticket's screen together from tickets, channels, routing and the live socket. Called by ``agent_ui/api``."""

import contextlib
import functools
from collections.abc import AsyncIterator, Sequence

import msgspec
from sqlalchemy import BigInteger, Text, any_, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY

from agent_ui import answering, html
from agent_ui.deps import Desk
from agent_ui.views.base import Named
from agent_ui.views.tickets import Mailbox, Routing, SentView, TicketView, Viewer, ticket_view
from channels.email import accounts, leaving
from channels.models import ChannelAccount
from core.errors import Invalid, Stale
from products import listing as registrations
from routing import promises
from routing.models import Decision, WorkItem, WorkQueue
from staff.models import Agent, Team
from tickets import attachments, detail, timeline
from tickets.detail import Detail, DraftItem
from tickets.errors import StaleReply
from tickets.queries import Compiled
from tickets.timeline import Address, Item, MessageItem, NoteItem


@functools.lru_cache(maxsize=1)
def _around() -> Compiled:
    """A ticket's mailbox and queue, the router's newest reason, how an answer begins, what is promised: in one row."""
    account = ChannelAccount.id == bindparam("account", None, type_=BigInteger)
    name = literal_column(leaving.SENDER_NAME, Text)
    why = (
        select(Decision.reason)
        .where(Decision.ticket_id == bindparam("ticket", 0, type_=BigInteger))
        .order_by(Decision.id.desc())
        .limit(literal_column("1"))
    )
    of_mail = ChannelAccount.channel == literal_column(f"'{accounts.CHANNEL}'")
    of_team = ChannelAccount.team_id == bindparam("team", None, type_=BigInteger)
    # As channels/email/leaving chooses it: the ticket's mailbox, else the team's, else the first.
    box = (
        select(
            func.json_build_object(
                "id", ChannelAccount.id, "name", name, "address", ChannelAccount.address,
                "aliases", ChannelAccount.aliases,
            )
        )
        .where(of_mail, ChannelAccount.is_active)
        .order_by(account.is_(True).desc(), of_team.is_(True).desc(), ChannelAccount.id)
        .limit(literal_column("1"))
    )  # fmt: skip
    ours = select(func.unnest(func.array_append(ChannelAccount.aliases, ChannelAccount.address))).where(of_mail)
    named = func.lower(Agent.email) == any_(bindparam("people", [""], type_=ARRAY(Text)))
    work = (
        select(func.json_build_object("id", WorkQueue.id, "name", func.coalesce(Team.name, WorkQueue.name)))
        .join(WorkItem, WorkItem.queue_id == WorkQueue.id)
        .join(Team, (Team.id == WorkQueue.team_id) & WorkQueue.is_default, isouter=True)
        .where(WorkItem.ticket_id == bindparam("ticket", 0, type_=BigInteger))
    )
    return Compiled(
        select(
            select(name).where(account).scalar_subquery(),
            select(ChannelAccount.address).where(account).scalar_subquery(),
            why.scalar_subquery(),
            box.scalar_subquery(),
            func.array(ours.scalar_subquery()),
            func.array(select(Agent.email).where(named).scalar_subquery()),
            promises.clocks_json(bindparam("ticket", 0, type_=BigInteger)),
            promises.promises_json(bindparam("ticket", 0, type_=BigInteger)),
            work.scalar_subquery(),
        )
    )


async def read(desk: Desk, ticket_id: int) -> TicketView:
    """A ticket that the agent may see.

    Raises:
        NotFound: there is none, or she may not know that there is.
    """
    return await _view(desk, await detail.read(desk.source, desk.actor, ticket_id))


async def read_after_change(desk: Desk, ticket_id: int) -> TicketView:
    """The same just after she has changed it, also when that has moved it out of her sight."""
    found = await detail.read_after_change(desk.session, desk.actor, ticket_id)
    return await _view(desk, found)


async def mailbox_of(desk: Desk, address: str | None) -> int | None:
    """The mailbox that an author has chosen to write from; None when she has not.

    Raises:
        Invalid: it is no address of a mailbox in use.
    """
    if address is None:
        return None
    listed = [box for box in await leaving.mailboxes(desk.session) if box.account.is_active]
    found = leaving.book_of(listed).find(address)
    if found is None:
        raise Invalid.field("fromAddress", "This is no address of a mailbox in use.")
    return found.id


async def pictures_of(desk: Desk, ticket_id: int, items: Sequence[Item], *, everywhere: bool = False) -> html.Pictures:
    """The files that some items of a ticket may show; those of other messages are asked for where one is shown.

    Args:
        desk: who reads.
        ticket_id: the ticket of the items.
        items: as they are stored.
        everywhere: look in the whole ticket for what customers' mails name by Content-ID, too.
    """
    found = html.pictures_of(items, everywhere=everywhere)
    if found.missing or found.missing_ids:
        found.add(await attachments.pictures(desk.source, ticket_id, found.missing, found.missing_ids))
    return found


async def shown(desk: Desk, ticket_id: int, items: list[Item]) -> list[Item]:
    """Items of a ticket, made ready to be shown."""
    return html.show(items, desk.links, await pictures_of(desk, ticket_id, items))


async def shown_item(desk: Desk, ticket_id: int, message_id: int) -> MessageItem | NoteItem:
    """One message or note of a ticket, made ready to be shown."""
    item = await timeline.item_of(desk.session, message_id)
    return html.show_item(item, desk.links, await pictures_of(desk, ticket_id, [item]))


def shown_draft(desk: Desk, draft: DraftItem) -> DraftItem:
    """A draft of the reader's, with addresses that open its files."""
    html.sign_files(draft.attachments, desk.links)
    draft.html = desk.links.shown(draft.html, {file.id: file.name for file in draft.attachments})
    return draft


async def _view(desk: Desk, found: Detail) -> TicketView:
    await shown(desk, found.row.id, found.timeline.items)
    for draft in found.drafts:
        shown_draft(desk, draft)
    last = found.last_mail
    people = [one.address.lower() for one in (*last.to, *last.cc)] if last else []
    values = {"account": found.account_id, "ticket": found.row.id, "team": found.row.team_id, "people": people}
    name, address, why, box, ours, agents, clocks, promised, work = (await _around().run(desk.source, values))[0]
    mailbox = Mailbox(name=name, address=address) if address is not None else None
    viewers = [Viewer(agent_id=one.agent_id, name=one.name, state=one.mode) for one in desk.watching.of(found.row.id)]
    reason = Routing(reason=why) if why is not None else None
    known = Address(found.row.customer.name, found.customer.email) if found.customer.email else None
    begins = answering.defaults(msgspec.convert(box, answering.Box) if box else None, last, known, ours, agents)
    about = None
    if found.registration_id is not None:
        about = await registrations.row_of(desk.session, found.registration_id)
    queue = msgspec.convert(work, Named) if work else None
    said = promises.shown_clocks(clocks), promises.shown_promises(promised)
    return ticket_view(found, mailbox, reason, viewers, begins, about, *said, queue)


async def sent(desk: Desk, ticket_id: int, message_id: int) -> SentView:
    """What was written just now, with the ticket's row."""
    item = await shown_item(desk, ticket_id, message_id)
    return SentView(item=item, ticket=await detail.row_after_change(desk.session, desk.actor, ticket_id))


@contextlib.asynccontextmanager
async def telling_what_is_new(desk: Desk, ticket_id: int) -> AsyncIterator[None]:
    """Add to a refusal what the author has to see before she decides: the new messages, or the ticket as it is now."""
    try:
        yield
    except StaleReply as problem:
        items: list[Item] = [*await timeline.items_of(desk.session, problem.message_ids)]
        problem.extra["newItems"] = await shown(desk, ticket_id, items)
        raise
    except Stale as problem:
        desk.session.expire_all()
        problem.extra["current"] = await read(desk, ticket_id)
        raise
