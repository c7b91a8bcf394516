"""Erasing a customer at her wish: what each package knows of her, and the bytes in which she wrote to us.

Called by ``agent_ui/api/privacy.py`` for a wish of kind ``deletion``. One transaction: she is gone whole or not at all.
Contents of files are forgotten by a job after it, where no other message has the same. What stays without a name:
numbers, times, states and scores of tickets, registrations and orders, and that the wish was fulfilled.
"""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core import events, jobs
from core.errors import Invalid
from core.sql import Sql
from core.storage import Storage
from customers import erasing as people
from customers import privacy
from customers.events import CustomerErased
from knowledge_base import erasing as articles
from knowledge_base.events import ArticleDeleted
from products import erasing as products
from routing import erasing as promises
from tickets import erasing as tickets
from tickets import policy

FORGET_JOB: Final = "channels.forget_files"
FORGET_COPY_JOB: Final = "channels.forget_copy"
_STEPS: Final = tuple(
    Sql(statement)
    for statement in (
        """
        update inbound_items set from_address = null, envelope_from = '', envelope_to = '{}', subject = null,
            message_id_header = null
        where message_id = any(:messages) or ticket_id = any(:tickets) or from_address = any(:addresses)
            or envelope_from = any(:addresses)
        """,
        """
        update notices set to_address = '', to_name = '', subject = '', text = '', html = '', unsubscribe_url = null
        where (to_address = any(:addresses) or ticket_id = any(:tickets)) and state not in ('queued', 'sending')
        """,
        "delete from automatic_mails where address = any(:addresses)",
        """
        update chats set name = '', email = null, page_url = '', page_title = '', rating_comment = ''
        where ticket_id = any(:tickets) or visitor_id in (
            select id from chat_visitors where customer_id = :customer_id)
        """,
        """
        update chat_items set data = '{}' where kind = 'mailed' and chat_id in (
            select id from chats where ticket_id = any(:tickets) or visitor_id in (
                select id from chat_visitors where customer_id = :customer_id))
        """,
        """
        update chat_visitors set name = '', email = null, external_id = 'erased:' || id where external_id is not null
            and customer_id = :customer_id
        """,
        """
        update chat_visitors set name = '', email = null, name_hash = 'erased:' || id where name_hash is not null
            and customer_id = :customer_id
        """,
    )
)
_CHAT_WORDS: Final = Sql(
    """
    update chat_items set data = data || '{"text": "", "files": []}' where kind = 'said' and chat_id in (
        select id from chats where ticket_id = any(:tickets) or visitor_id in (
            select id from chat_visitors where customer_id = :customer_id))
    """
)
"""The windows of conversations show words of their own, beside the messages of the ticket."""
_RAW: Final = Sql(
    """
    update inbound_raw set content = '' from inbound_items i where i.id = item_id
        and (i.message_id = any(:messages) or i.ticket_id = any(:tickets) or i.from_address = any(:addresses)
            or i.envelope_from = any(:addresses))
    returning item_id
    """
)


async def erase(session: AsyncSession, request_id: int, answer: str = "") -> None:
    """Fulfil a customer's wish to be forgotten.

    Args:
        session: the unit of work; its actor is the agent who does it.
        request_id: the wish.
        answer: what to tell her beside.

    Raises:
        NotFound: there is no such wish.
        AlreadyHandled: it was handled.
        Invalid: it asks for something else.
    """
    wish = await privacy.lock(session, request_id)
    if wish.kind != "deletion":
        raise Invalid("This customer did not ask to be forgotten.")
    customer_id = wish.customer_id
    chosen = await policy.read(session)
    addresses = await people.addresses_of(session, customer_id)
    done = await tickets.erase(session, customer_id, addresses, words=chosen.erase_words)
    proofs, registrations = await products.erase(session, customer_id, addresses)
    await articles.erase(session, customer_id)
    values = {
        "customer_id": customer_id,
        "addresses": addresses,
        "tickets": done.tickets,
        "messages": done.messages,
    }
    mails = 0
    if chosen.erase_words:
        mails = len(await _RAW.all(session, **{name: values[name] for name in _RAW.names}))
        await promises.erase(session, done.tickets)
        await _CHAT_WORDS.all(session, **{name: values[name] for name in _CHAT_WORDS.names})
    for step in _STEPS:
        await step.all(session, **{name: values[name] for name in step.names})
    await people.erase(session, customer_id, addresses)
    await privacy.move(session, request_id, "done", answer)
    counts = {
        "tickets": len(done.tickets),
        "messages": len(done.messages),
        "mails": mails,
        "files": len(done.files) + len(proofs),
        "addresses": len(addresses),
        "registrations_kept": registrations,
    }
    events.record(session, CustomerErased(customer_id=customer_id, request_id=request_id, counts=counts))
    if keys := [*done.files, *proofs]:
        await jobs.enqueue(session, FORGET_JOB, {"keys": keys})


async def on_article_deleted(session: AsyncSession, event: ArticleDeleted) -> None:
    """Forget the pictures and files of an article that is gone."""
    if event.file_keys:
        await jobs.enqueue(session, FORGET_JOB, {"keys": event.file_keys})


_USED: Final = Sql(
    """
    select storage_key as key from attachments where storage_key = any(:keys)
    union select storage_key from proofs where storage_key = any(:keys)
    union select storage_key from article_files where storage_key = any(:keys)
    union select storage_key from data_requests where storage_key = any(:keys)
    union select picture_key from products where picture_key = any(:keys)
    union select logo_key from brands where logo_key = any(:keys)
    """
)
"""Contents are kept once, whoever has them: what anybody still refers to stays."""


class Forgetting:
    """Takes contents out of the file storage.

    Args:
        storage: where they are.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def files(self, session: AsyncSession, keys: list[str]) -> None:
        """Forget contents that nobody refers to any more (job; running twice changes nothing)."""
        used = {row.key for row in await _USED.all(session, keys=keys)}
        for key in sorted(set(keys) - used):
            await self._storage.remove(key)

    async def copy(self, session: AsyncSession, request_id: int) -> None:
        """Forget a customer's copy of her data when its time is over (job of a timer)."""
        key = await privacy.forget_copy(session, request_id)
        if key is not None:
            await session.flush()
            await self.files(session, [key])
