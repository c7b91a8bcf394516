"""What an answer begins with: the addresses it may leave from, whom it goes to, who gets a copy. Pure.

Used by ``agent_ui/ticket_page``, which reads what is asked for here. Our own addresses and agents are never among the
recipients (field 27): a copy to ourselves would come back as a new mail of the customer.
"""

from collections.abc import Iterable

import msgspec

from agent_ui.views.tickets import FromAddress, ReplyDefaults
from channels.email.accounts import normalise, without_tag
from tickets.detail import LastMail
from tickets.timeline import Address

MOST_COPIES = 50


class Box(msgspec.Struct, frozen=True, rename="camel"):
    """The mailbox that answers."""

    id: int
    name: str
    address: str
    aliases: list[str]


def defaults(
    box: Box | None, last: LastMail | None, customer: Address | None, ours: Iterable[str], agents: Iterable[str]
) -> ReplyDefaults:
    """How an answer begins.

    Args:
        box: the mailbox that will send it; None when there is none.
        last: the mail that is answered: the customer's newest, else ours when we wrote first.
        customer: the customer's address, when nobody has written yet.
        ours: addresses and aliases of all mailboxes.
        agents: those of the mail's addresses that are agents'.
    """
    shut = {normalise(one) for one in (*ours, *agents)}
    to: list[Address] = [customer] if customer else []
    cc: list[Address] = []
    if last is not None and last.kind == "agent":
        to, cc = last.to, last.cc
    elif last is not None and last.address is not None:
        to = [Address(last.name, last.address)]
        cc = [] if last.is_list else [*last.to, *last.cc]
    to = _outside(to, shut)
    shut |= {normalise(one.address) for one in to}
    return ReplyDefaults(from_=_from(box, last), to=to, cc=_outside(cc, shut)[:MOST_COPIES])


def _from(box: Box | None, last: LastMail | None) -> list[FromAddress]:
    """All addresses of the mailbox; the one that the customer wrote to comes first in the choice."""
    if box is None:
        return []
    known = {normalise(one): one for one in (box.address, *box.aliases)}
    written_to = normalise(last.own_address) if last and last.own_address else ""
    chosen = known.get(written_to) or known.get(without_tag(written_to)) or box.address
    return [FromAddress(address=one, name=box.name, default=one == chosen) for one in known.values()]


def _outside(people: list[Address], shut: set[str]) -> list[Address]:
    """Those who are not shut out, each once."""
    found: dict[str, Address] = {}
    for one in people:
        address = normalise(one.address)
        if address not in shut and without_tag(address) not in shut:
            found.setdefault(address, one)
    return list(found.values())
