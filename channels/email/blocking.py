"""Senders whose mails open no ticket: an address, or a whole domain with ``@`` before it.

Asked by ``channels/email/reader`` for every mail (``directory`` keeps the rules for some seconds); a blocked one keeps
its ledger row, with its content, and nothing else follows from it. Managed by ``agent_ui/api/blocked``.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from channels.models import BlockedSender
from core import clock, events
from core.db import actor_of
from core.errors import Invalid, NotFound
from core.sql import Sql
from customers.contacts import normalise_email

_RULES: Final = Sql("select pattern, reason from blocked_senders")
LONGEST_REASON: Final = 500


class SenderBlocked(events.Event, frozen=True, kw_only=True):
    """Somebody had an address or a domain blocked, or gave the block another reason."""

    kind = "sender.blocked"
    pattern: str
    reason: str


class SenderLetIn(events.Event, frozen=True, kw_only=True):
    """Somebody took a block away."""

    kind = "sender.let_in"
    pattern: str
    reason: str


class Blocked(msgspec.Struct, frozen=True):
    """The rule that stopped a mail."""

    pattern: str
    reason: str


def patterns_of(address: str) -> list[str]:
    """The rules that would stop an address: itself, its domain, and the domains above that."""
    _, _, domain = address.rpartition("@")
    labels = domain.split(".")
    return [address, *(f"@{'.'.join(labels[start:])}" for start in range(len(labels)))]


async def rules(session: AsyncSession) -> dict[str, str]:
    """All rules: pattern → reason."""
    return {row.pattern: row.reason for row in await _RULES.all(session)}


def blocked(known: Mapping[str, str], address: str) -> Blocked | None:
    """The rule that blocks a (normalised) address, or None."""
    return next((Blocked(each, known[each]) for each in patterns_of(address) if each in known), None)


async def listed(session: AsyncSession) -> list[BlockedSender]:
    """All rules, by pattern."""
    return list(await session.scalars(select(BlockedSender).order_by(BlockedSender.pattern)))


def checked(pattern: str) -> str:
    """A rule as it is kept.

    Raises:
        Invalid: neither an address nor a domain with ``@`` before it.
    """
    bare = pattern.strip().casefold()
    is_domain = bare.startswith("@")
    try:
        address = normalise_email(f"x{bare}" if is_domain else bare)
    except Invalid:
        raise Invalid.field("pattern", "An address looks like who@example.org, a domain like @example.org.") from None
    if is_domain and "." not in address:
        raise Invalid.field("pattern", "A domain looks like @example.org.")
    return address.removeprefix("x") if is_domain else address


async def add(session: AsyncSession, pattern: str, reason: str = "") -> BlockedSender:
    """Block an address or a domain; blocking it again changes the reason.

    Raises:
        Invalid: neither an address nor a domain with ``@`` before it.
    """
    values = {"reason": reason.strip()[:LONGEST_REASON], "created_by_id": actor_of(session).id}
    statement = (
        insert(BlockedSender)
        .values(pattern=checked(pattern), created_at=clock.now(), **values)
        .on_conflict_do_update(index_elements=["pattern"], set_=values)
        .returning(BlockedSender)
    )
    rule = (await session.scalars(statement, execution_options={"populate_existing": True})).one()
    events.record(session, SenderBlocked(pattern=rule.pattern, reason=rule.reason, teams=(events.NO_TEAM,)))
    return rule


async def remove(session: AsyncSession, blocked_id: int) -> None:
    """Let mails of an address or a domain in again.

    Raises:
        NotFound: there is no such rule.
    """
    rule = await session.get(BlockedSender, blocked_id, with_for_update=True)
    if rule is None:
        raise NotFound("There is no such rule.")
    await session.delete(rule)
    events.record(session, SenderLetIn(pattern=rule.pattern, reason=rule.reason, teams=(events.NO_TEAM,)))
