"""Organisations: what an agent changes about a company, which holds for all its people."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core import events
from core.errors import NotFound, Stale
from customers import tiers
from customers.events import OrganisationChanged
from customers.models import Organisation


async def get(session: AsyncSession, organisation_id: int) -> Organisation:
    """One organisation.

    Raises:
        NotFound: there is none with this id.
    """
    found = await session.get(Organisation, organisation_id)
    if found is None:
        raise NotFound("There is no such organisation.")
    return found


async def set_tier(
    session: AsyncSession, organisation_id: int, tier: str | None, if_version: int | None = None
) -> Organisation:
    """Give an organisation a tier, which its people have where they have none of their own; None: none.

    Raises:
        NotFound: there is none with this id.
        Stale: somebody changed it since ``if_version``.
        Invalid: the tier is too long, or has a comma or colon.
    """
    statement = select(Organisation).where(Organisation.id == organisation_id).with_for_update()
    found = await session.scalar(statement)
    if found is None:
        raise NotFound("There is no such organisation.")
    if if_version is not None and found.version != if_version:
        raise Stale("Somebody changed this organisation in the meantime.", version=found.version)
    old, found.tier = found.tier, await tiers.spelled(session, tier)
    if found.tier != old:
        found.version += 1
        changes = {"tier": [old, found.tier]}
        events.record(session, OrganisationChanged(organisation_id=organisation_id, changes=changes))
    return found
