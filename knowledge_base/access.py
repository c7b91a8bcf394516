"""Who may read which articles: the one rule that lists, addresses, files, the search and feeds are composed with.

A visibility becomes *rights*, tokens kept on the article; a :class:`Reader` holds tokens; she may read where one of
hers is among them, and where a version is published. The search port compares the same tokens (``core/search.py``),
so no way of reading has a rule of its own.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import ColumnElement, and_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from core.actor import Actor, ActorKind
from core.errors import Invalid
from customers.models import Customer
from knowledge_base.models import Article, Translation

Visibility = Literal["public", "signed_in", "restricted", "agents"]
VISIBILITIES: Final = ("public", "signed_in", "restricted", "agents")
PUBLIC: Final = "public"
SIGNED_IN: Final = "signed_in"
AGENTS: Final = "agents"
EDITORS: Final = "editors"
"""Holders of ``articles:write``: they read what is kept for single teams as well."""


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who reads.

    Attributes:
        kind: ``visitor`` (nobody is signed in), ``customer`` or ``agent``.
        customer_id: the customer who is signed in.
        organisation_id: hers.
        segments: the groups she belongs to (see :func:`segments_of`).
        team_ids: an agent's teams.
        is_editor: an agent who writes articles; sees drafts in the console.
    """

    kind: Literal["visitor", "customer", "agent"] = "visitor"
    customer_id: int | None = None
    organisation_id: int | None = None
    segments: tuple[str, ...] = ()
    team_ids: tuple[int, ...] = ()
    is_editor: bool = False

    @property
    def tokens(self) -> tuple[str, ...]:
        """What she holds; compared with an article's rights."""
        held = [PUBLIC]
        if self.kind != "visitor":
            held.append(SIGNED_IN)
        if self.kind == "customer":
            held += [f"org:{self.organisation_id}"] if self.organisation_id is not None else []
            held += [f"segment:{name}" for name in self.segments]
        if self.kind == "agent":
            held += [AGENTS, *(f"team:{team}" for team in self.team_ids)]
            held += [EDITORS] if self.is_editor else []
        return tuple(held)


VISITOR: Final = Reader()
"""Anybody: no more than what is public."""


def rights_of(
    visibility: str, organisation_ids: Iterable[int] = (), segments: Iterable[str] = (), team_ids: Iterable[int] = ()
) -> list[str]:
    """The tokens of which a reader must hold one.

    Args:
        visibility: one of :data:`VISIBILITIES`.
        organisation_ids: with ``restricted``: whose people may read it.
        segments: with ``restricted``: which groups may read it; without any of both no customer may.
        team_ids: with ``agents``: which teams only; none: all agents.

    Raises:
        Invalid: the visibility is unknown.
    """
    if visibility not in VISIBILITIES:
        raise Invalid.field("visibility", "There is no such visibility.")
    if visibility == "restricted":
        named = [f"org:{one}" for one in organisation_ids] + [f"segment:{normal_segment(one)}" for one in segments]
        return sorted({*named, AGENTS})
    if visibility == "agents":
        teams = sorted({f"team:{team}" for team in team_ids})
        return [*teams, EDITORS] if teams else [AGENTS]
    return [visibility]


def normal_segment(name: str) -> str:
    """A segment's name as it is compared."""
    return " ".join(name.split()).lower()[:100]


def segments_of(vip: bool, attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """The segments of a customer: ``vip``, those named in her attributes, and each attribute as ``name=value``."""
    found = {"vip"} if vip else set()
    for name, value in attributes.items():
        if name in ("segments", "tags") and isinstance(value, list):
            found |= {normal_segment(one) for one in value if isinstance(one, str)}
        elif isinstance(value, str | bool | int):
            found.add(normal_segment(f"{name}={str(value).lower()}"))
    return tuple(sorted(found - {""}))


async def customer(session: AsyncSession, customer_id: int) -> Reader:
    """A signed-in customer as a reader; one who does not exist (any more) reads as a visitor."""
    statement = select(Customer.organisation_id, Customer.vip, Customer.attributes).where(
        Customer.id == customer_id, Customer.merged_into_id.is_(None)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return VISITOR
    return Reader(
        kind="customer",
        customer_id=customer_id,
        organisation_id=row.organisation_id,
        segments=segments_of(row.vip, row.attributes),
    )


def agent(actor: Actor) -> Reader:
    """An agent (or the system) as a reader."""
    if actor.kind is ActorKind.CUSTOMER or not actor.may("articles:read"):
        return VISITOR
    return Reader(kind="agent", team_ids=actor.team_ids, is_editor=actor.may("articles:write"))


def allows(rights: Iterable[str], reader: Reader) -> bool:
    """Whether a reader holds one of these rights."""
    return not set(rights).isdisjoint(reader.tokens)


def holds(reader: Reader) -> ColumnElement[bool]:
    """The SQL condition on :class:`Article` that a reader holds one of its rights."""
    held: ColumnElement[bool] = Article.rights.overlap(list(reader.tokens))
    return held


def visible_to(reader: Reader) -> ColumnElement[bool]:
    """The SQL condition on :class:`Article` joined with :class:`Translation` for what a reader may read."""
    return and_(holds(reader), Translation.published_version_id.is_not(None))


def seen_in_console(reader: Reader) -> ColumnElement[bool]:
    """The same for the agents' screens, where those who write see what is not published yet."""
    return true() if reader.is_editor else visible_to(reader)
