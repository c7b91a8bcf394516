"""What people may do: the catalogue of permissions, and the roles that the product brings.

A route asks for one permission (``agent_ui/auth.py``), a role is a row with a set of them. Which *tickets* somebody
may see is another matter: ``tickets/access.py`` decides it by team.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Invalid
from staff.models import Role

PERMISSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "desk:use": "Sign in, see colleagues and teams, set one's own presence and preferences.",
        "tickets:read": "Read tickets of one's own teams, of no team, and those assigned to oneself.",
        "tickets:read_all": "Read tickets of all teams.",
        "tickets:reply": "Write replies and notes, attach files, keep drafts, take back or repeat a sending.",
        "tickets:change": "Change a ticket's status, priority, assignee, team, queue, tags, subject, snooze; claim it.",
        "tickets:create": "Open a ticket by writing to a customer first.",
        "customers:read": "Find customers and see their addresses and tickets.",
        "customers:change": "Change a customer's name, language, notes and marks.",
        "routing:manage": "Change queues, skills, what agents can, kinds of work, breaks and presence.",
        "routing:read": "See why a ticket was given to whom, why one waits, and the desk's figures now.",
        "routing:supervise": "See who is there and all that waits, set a colleague's state, hand over her work.",
        "wallboards:manage": "Make and revoke links that show the desk's figures on a television.",
        "articles:read": "Read articles, internal ones included, put them into answers, confirm having read them.",
        "articles:write": "Write, translate and submit articles, see drafts, work on their tasks.",
        "articles:publish": "Approve, publish, archive and delete articles; categories, announcements, import, export.",
        "ledger:read": "See every item that came in and what became of it.",
        "ledger:reprocess": "Process an item of the ledger again.",
        "senders:block": "See which senders are blocked, block one, let one in again.",
        "jobs:read": "See the jobs that gave up.",
        "jobs:retry": "Run a job that gave up again.",
        "health:read": "See the business health: last mail, oldest unsent, oldest unassigned, oldest job.",
        "mailboxes:manage": "Connect mailboxes, change how they are read and send, try them out, make keys that sign.",
        "portal:manage": "Choose what customers are shown, are asked and may do on the portal; set its brands.",
        "hours:manage": "Change the desk's opening hours.",
        "sla:manage": "Choose which response times are promised.",
        "rules:manage": "Write rules, try them out, see what they did; export and import them.",
        "macros:manage": "Write macros.",
        "webhooks:manage": "Tell programs elsewhere of events; see and repeat what they were told.",
        "search:manage": "Teach the search synonyms and stop words, see how its indexes stand.",
        "products:read": "See the catalogue, registered products with their warranty, recalls and orders.",
        "products:register": "Register products for customers, put facts right, grant months on top.",
        "products:manage": "Change the catalogue and the warranty rules, and import files of the shop.",
        "claims:decide": "Decide whose a product is when two people claim it.",
        "recalls:manage": "Write recalls, start and close them, and work through their outreach lists.",
        "orders:write": "Tell the desk of orders, as the shop system does.",
        "keys:manage": "Make and revoke keys of programs that use the API.",
        "widgets:manage": "Make chat widgets, change them and the sites that may show them, change their secrets.",
        "customers:privacy": "See what customers want to be done with their data, and do it, also erase them.",
        "reports:read": "Read reports.",
        "staffing:plan": "See what will come and how many people it takes; simulate, and replay the past.",
        "staff:manage": "Create agents, change their roles and teams, deactivate them; make and rename teams.",
    }
)
"""Name → what it allows, in a sentence."""

_AGENT: Final = frozenset(
    {
        "desk:use",
        "tickets:read",
        "tickets:reply",
        "tickets:change",
        "tickets:create",
        "customers:read",
        "customers:change",
        "routing:read",
        "articles:read",
        "articles:write",
        "products:read",
        "products:register",
    }
)
_LEAD: Final = _AGENT | {
    "articles:publish",
    "products:manage",
    "claims:decide",
    "recalls:manage",
    "orders:write",
    "tickets:read_all",
    "ledger:read",
    "ledger:reprocess",
    "senders:block",
    "jobs:read",
    "health:read",
    "search:manage",
    "macros:manage",
    "reports:read",
    "staffing:plan",
    "routing:supervise",
    "wallboards:manage",
}

ROLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"admin": frozenset(PERMISSIONS), "lead": _LEAD, "agent": _AGENT}
)
"""The roles that every desk has, strongest first."""


async def sync_roles(session: AsyncSession) -> None:
    """Write the product's roles as this version knows them; called at every start, so upgrades reach them."""
    rows = [{"name": name, "permissions": sorted(held)} for name, held in ROLES.items()]
    statement = insert(Role).values(rows)
    changed = {"permissions": statement.excluded.permissions}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Role.name],
            set_=changed,
            where=Role.permissions.is_distinct_from(statement.excluded.permissions),
        )
    )


async def list_roles(session: AsyncSession) -> list[tuple[str, tuple[str, ...]]]:
    """All roles by name, with the permissions that they hold."""
    rows = await session.execute(select(Role.name, Role.permissions).order_by(Role.name))
    return [(row[0], tuple(sorted(row[1]))) for row in rows]


async def role_id(session: AsyncSession, name: str) -> int:
    """The id of a role by its name; the product's own are written when the desk has none yet.

    Raises:
        Invalid: there is no such role.
    """
    statement = select(Role.id).where(Role.name == name)
    found = await session.scalar(statement)
    if found is None and name in ROLES:
        await sync_roles(session)
        found = await session.scalar(statement)
    if found is None:
        raise Invalid.field("role", f"There is no role called {name}.")
    return found
