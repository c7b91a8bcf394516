"""The consent ledger: for what we may write to an address or number, and why. Every sender asks :func:`may_write`.

Rows are only ever added; the newest one for (kind, value, purpose) counts. Service messages (answers to what somebody
asked) need no consent, but a dead address and "do not contact" stop them too where no person has asked for them.
"""

from typing import Final, Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.db import actor_of
from core.errors import Invalid
from customers.contacts import leads_nowhere
from customers.events import ConsentChanged
from customers.models import Consent, ContactPoint, Customer

Purpose = Literal["service", "survey", "reminder", "news"]
PURPOSES: Final[dict[Purpose, bool]] = {"service": True, "survey": True, "reminder": True, "news": False}
"""Purpose → whether we may write before anybody has said anything (news needs a yes, the others a no to stop)."""


class Verdict(msgspec.Struct, frozen=True):
    """Whether we may write.

    Attributes:
        allowed: yes or no.
        reason: why, as a sentence for an agent.
    """

    allowed: bool
    reason: str


async def say(
    session: AsyncSession,
    *,
    kind: str,
    value: str,
    purpose: Purpose,
    granted: bool,
    source: str,
    customer_id: int | None = None,
) -> None:
    """Add a yes or no to the ledger; saying the same again adds nothing.

    Args:
        session: the unit of work; its actor is kept with the row.
        kind: of the contact point: ``email``, ``phone``.
        value: normalised (``customers/contacts.py``).
        purpose: what for; ``service`` cannot be refused here, that is "do not contact".
        granted: yes or no.
        source: how we know, e.g. ``portal preferences``, ``STOP by SMS``.
        customer_id: whose it is, when known.

    Raises:
        Invalid: the purpose is unknown or cannot be chosen.
    """
    if purpose not in PURPOSES or purpose == "service":
        raise Invalid.field("purpose", "This cannot be chosen.")
    newest = await _newest(session, kind, value, purpose)
    if newest is not None and newest.is_granted == granted:
        return
    actor = actor_of(session)
    row = Consent(
        customer_id=customer_id,
        kind=kind,
        value=value,
        purpose=purpose,
        is_granted=granted,
        source=source,
        actor_kind=actor.kind.value,
        actor_name=actor.name,
        at=clock.now(),
    )
    session.add(row)
    changed = ConsentChanged(customer_id=customer_id, contact=value, purpose=purpose, granted=granted, source=source)
    events.record(session, changed)


async def may_write(
    session: AsyncSession, *, kind: str, value: str, purpose: Purpose, asked_for: bool = False
) -> Verdict:
    """Whether a message that nobody has typed may go to an address or number.

    Args:
        session: any session.
        kind: of the contact point.
        value: normalised.
        purpose: what for.
        asked_for: its reader has just asked for it herself (a link to sign in): "do not contact" does not mean that.
    """
    if kind == "email" and leads_nowhere(value):
        return Verdict(False, "Nobody can be reached at this address.")
    statement = (
        select(ContactPoint.invalid_reason, Customer.do_not_contact)
        .join(Customer, Customer.id == ContactPoint.customer_id)
        .where(ContactPoint.kind == kind, ContactPoint.value == value)
    )
    known = (await session.execute(statement)).one_or_none()
    if known is not None and known.invalid_reason:
        return Verdict(False, f"The address cannot be reached: {known.invalid_reason}")
    if known is not None and known.do_not_contact and not asked_for:
        return Verdict(False, "The customer does not want to be contacted.")
    newest = await _newest(session, kind, value, purpose)
    if newest is not None:
        word = "yes" if newest.is_granted else "no"
        return Verdict(newest.is_granted, f"The customer said {word} ({newest.source}, {newest.at:%Y-%m-%d}).")
    allowed = PURPOSES[purpose]
    return Verdict(allowed, "Nothing else was said." if allowed else "The customer has not said yes to this.")


async def choices(session: AsyncSession, kind: str, value: str) -> dict[Purpose, bool]:
    """What an address or number gets now, for each purpose that can be chosen: what was said, else the default."""
    found: dict[Purpose, bool] = {}
    for purpose, default in PURPOSES.items():
        if purpose != "service":
            newest = await _newest(session, kind, value, purpose)
            found[purpose] = newest.is_granted if newest else default
    return found


async def history(session: AsyncSession, customer_id: int) -> list[Consent]:
    """Everything a customer has said, newest first."""
    statement = select(Consent).where(Consent.customer_id == customer_id).order_by(Consent.id.desc())
    return list(await session.scalars(statement))


async def _newest(session: AsyncSession, kind: str, value: str, purpose: str) -> Consent | None:
    statement = select(Consent).where(Consent.kind == kind, Consent.value == value, Consent.purpose == purpose)
    found: Consent | None = await session.scalar(statement.order_by(Consent.id.desc()).limit(1))
    return found
