"""Templates: text with ``{{variables}}`` for macros, signatures and acknowledgements, filled from a ticket.

Used by ``agent_ui`` (macros), ``channels/email/outbox`` (signatures) and ``channels/acknowledge``. What cannot be
filled stays in the text as it is written, so that ``tickets/reply`` can refuse to send it (:func:`unfilled`): a
customer never reads ``{{customer.name}}``.
"""

import html as markup
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.sql import Sql

VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "customer.name": "The customer's name.",
        "customer.first_name": "Its first word.",
        "customer.email": "The address that the customer wrote from last.",
        "ticket.id": "The ticket's number.",
        "ticket.subject": "The ticket's subject.",
        "ticket.url": "The ticket in the agents' console.",
        "request.link": "The address that opens the ticket on the portal without a sign-in; in acknowledgements only.",
        "agent.name": "The name of the agent who writes.",
        "agent.first_name": "Its first word.",
        "mailbox.name": "The name that the mailbox sends with.",
        "mailbox.address": "The mailbox's address.",
        "product.name": "The name of the product or company, from the settings.",
    }
)
"""Name → what it stands for."""

_VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z_][\w.]{0,60})\s*(?:\|([^{}|]{0,200}))?\}\}")
_TAG: Final = re.compile(r"<[^<>]*>")
_QUOTING: Final = re.compile(r"<(/?)(?:pre|code|blockquote)\b[^<>]*>", re.IGNORECASE)
_RUN: Final = 3
"""Words in a row that are told again: single ones stand in every text."""
_BRACES: Final = str.maketrans("{}", "()")
_TITLES: Final = frozenset({"dr", "mr", "mrs", "ms", "prof", "shri", "smt", "kum", "sri", "er"})

Values = Mapping[str, str]
"""Variable → what it is now; empty or absent: not known."""


class Rendered(NamedTuple):
    """A filled template, and the variables that nothing is known for (still in the text)."""

    text: str
    missing: list[str]


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a template can name beside ticket, customer and agent."""

    mailbox_name: str = ""
    mailbox_address: str = ""
    product_name: str = ""
    base_url: str = ""


def render(template: str, values: Values, *, html: bool) -> Rendered:
    """Fill a template.

    ``{{customer.first_name|there}}`` gives what is known, else "there". A value never becomes a variable or markup
    itself, whatever a customer calls herself.

    Args:
        template: text or HTML.
        values: what is known.
        html: the template is HTML; values are escaped.
    """
    missing: list[str] = []

    def fill(found: re.Match[str]) -> str:
        name, fallback = found[1], found[2]
        known = values.get(name, "").strip()
        if known:
            plain = known.translate(_BRACES)
            return markup.escape(plain, quote=True) if html else plain
        if fallback is not None and name in VARIABLES:
            return fallback.strip()
        missing.append(name)
        return found[0]

    return Rendered(_VARIABLE.sub(fill, template), list(dict.fromkeys(missing)))


def without_unknown(template: str, values: Values, *, html: bool) -> str:
    """Fill a template and leave out what is not known: for texts that nobody looks at before they are sent."""
    known = {name: values.get(name, "") for name in VARIABLES}
    filled = render(template, known, html=html)
    for name in filled.missing:
        holes = re.compile(r"\{\{\s*" + re.escape(name) + r"\s*(?:\|[^{}|]{0,200})?\}\}")
        filled = Rendered(holes.sub("", filled.text), [])
    return filled.text


def unfilled(html: str) -> list[str]:
    """Variables that still stand in what is about to be sent, each once.

    Also those that an editor has cut apart by markup. Code and quotes are left alone: customers write about
    templates too.
    """
    if "{" not in html and "&#" not in html and "&l" not in html:
        return []
    words = markup.unescape(_TAG.sub("", _own_words(html)))
    return list(dict.fromkeys(found[1] for found in _VARIABLE.finditer(words)))


def stands_in(template: str, written: str) -> bool:
    """Whether half of a template's words still stand in a text, in their order. One without words always does.

    What stood for a variable does not count: it differs from answer to answer.

    Args:
        template: as plain text.
        written: as plain text.
    """
    pieces = [piece.split() for piece in _VARIABLE.sub("\n", template).split("\n")]
    length = min(_RUN, max(map(len, pieces)))
    if not length:
        return True
    wanted = {run for words in pieces for run in _runs(words, length)}
    return 2 * len(wanted & set(_runs(written.split(), length))) >= len(wanted)


def _runs(words: list[str], length: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[at : at + length]) for at in range(len(words) - length + 1))


def _own_words(html: str) -> str:
    """HTML without the insides of ``pre``, ``code`` and ``blockquote``."""
    kept: list[str] = []
    at = depth = 0
    for tag in _QUOTING.finditer(html):
        if not depth:
            kept.append(html[at : tag.start()])
        depth = max(0, depth - 1) if tag[1] else depth + 1
        at = tag.end()
    if not depth:
        kept.append(html[at:])
    return "".join(kept)


def first_name(name: str) -> str:
    """The word to greet somebody with: the first that is no title; empty for an address."""
    for word in name.split():
        plain = word.strip(".,()\"'")
        if plain and "@" not in plain and plain.casefold() not in _TITLES:
            return plain
    return ""


_KNOWN = Sql(
    """
    select t.id, t.subject, c.name as customer, a.name as agent, coalesce(
        (select m.author_address from messages m where m.ticket_id = t.id and m.kind = 'customer'
            and m.author_address is not null order by m.is_auto, m.id desc limit 1),
        (select p.value from contact_points p where p.customer_id = c.id and p.kind = 'email'
            order by p.invalid_reason is not null, p.id limit 1)) as email
    from tickets t join customers c on c.id = t.customer_id
        left join agents a on a.id = cast(:agent_id as bigint)
    where t.id = :ticket_id
    """
)


async def values_of(
    session: AsyncSession, ticket_id: int, agent_id: int | None, around: Surroundings | None = None
) -> dict[str, str]:
    """Everything that templates can name about a ticket, by one statement.

    Args:
        session: the unit of work.
        ticket_id: the ticket; the caller has made sure that the reader may see it.
        agent_id: who writes; None for mails that nobody writes.
        around: mailbox, product and address of the desk, which tickets know nothing of.

    Raises:
        NotFound: there is no such ticket.
    """
    row = await _KNOWN.first(session, ticket_id=ticket_id, agent_id=agent_id)
    if row is None:
        raise NotFound("There is no such ticket.")
    around = around or Surroundings()
    return {
        "customer.name": row.customer,
        "customer.first_name": first_name(row.customer),
        "customer.email": row.email or "",
        "ticket.id": str(row.id),
        "ticket.subject": row.subject,
        "ticket.url": f"{around.base_url}/console/tickets/{row.id}" if around.base_url else "",
        "request.link": "",
        "agent.name": row.agent or "",
        "agent.first_name": first_name(row.agent or ""),
        "mailbox.name": around.mailbox_name,
        "mailbox.address": around.mailbox_address,
        "product.name": around.product_name,
    }
