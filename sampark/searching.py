"""What is searched: which events mean that something is to be indexed anew, by which job, and how an index is rebuilt.

Part of the composition root, beside ``sampark/wiring.py``. Articles are put into their index by ``knowledge_base`` in
the transaction that changes them.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core import search_meilisearch
from core.events import Event
from core.jobs import Definition
from core.search import Document
from core.search_feed import Follower
from core.search_meilisearch import Meilisearch
from core.settings import Settings
from customers import events as people
from customers import indexing as customers
from knowledge_base import indexing as articles
from products import events as owned
from products import indexing as registrations
from tickets import events as said
from tickets import indexing as tickets

Batch = Callable[[AsyncSession, int], Awaitable[tuple[list[Document], int | None]]]


def _kinds(*events: type[Event]) -> frozenset[str]:
    return frozenset(event.kind for event in events)


FOLLOWERS: Final = (
    Follower(
        tickets.JOB,
        "ticket_id",
        _kinds(
            said.TicketCreated,
            said.TicketSplit,
            said.TicketAssigned,
            said.StatusChanged,
            said.PriorityChanged,
            said.TeamChanged,
            said.TagsChanged,
            said.SubjectChanged,
            said.MessageReceived,
            said.AnsweredElsewhere,
            said.MessageQueued,
            said.NoteAdded,
            said.DeliveryChanged,
            said.EntitlementApplied,
        ),
    ),
    Follower(tickets.CUSTOMER_JOB, "customer_id", _kinds(people.CustomerChanged, people.CustomerErased)),
    Follower(
        customers.JOB, "customer_id", _kinds(people.CustomerCreated, people.CustomerChanged, people.CustomerErased)
    ),
    Follower(
        registrations.CUSTOMER_JOB,
        "customer_id",
        _kinds(
            owned.ProductRegistered,
            owned.RegistrationChanged,
            owned.OwnerChanged,
            owned.OrderChanged,
            people.CustomerChanged,
            people.CustomerErased,
        ),
    ),
)
"""Events → what is indexed."""


def engine(settings: Settings, prefix: str = "sampark_") -> Meilisearch | None:
    """The search engine that the settings name; None: PostgreSQL answers."""
    if not settings.meilisearch_url:
        return None
    return Meilisearch(settings.meilisearch_url, settings.meilisearch_key.get_secret_value(), prefix)


def definitions(chosen: Meilisearch | None) -> tuple[Definition, ...]:
    """The jobs of the search, with the engine's where there is one."""
    return DEFINITIONS if chosen is None else (*DEFINITIONS, Definition(search_meilisearch.JOB, chosen.send))


DEFINITIONS: Final = (
    Definition(tickets.JOB, tickets.index),
    Definition(tickets.CUSTOMER_JOB, tickets.index_customers),
    Definition(tickets.REBUILD_JOB, tickets.index_all),
    Definition(customers.JOB, customers.index),
    Definition(customers.REBUILD_JOB, customers.index_all),
    Definition(registrations.CUSTOMER_JOB, registrations.index_customers),
    Definition(registrations.PRODUCT_JOB, registrations.index_product),
    Definition(registrations.REBUILD_JOB, registrations.index_all),
)
"""The jobs of the search that need no engine."""

REBUILD_JOBS: Final = (tickets.REBUILD_JOB, customers.REBUILD_JOB, registrations.REBUILD_JOB)
"""What is asked for when a desk has never been indexed."""

BATCHES: Final[Mapping[str, Batch]] = {
    "articles": articles.batch,
    "tickets": tickets.batch,
    "customers": customers.batch,
    "registrations": registrations.batch,
}
"""Index → where its documents come from, for building it anew."""
