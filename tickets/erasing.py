"""What tickets know of a customer who is erased: who wrote always, what was said by the desk's policy.

Part of ``channels/erasing.py``. Numbers, times, states, teams and scores stay: they are nobody's then, and the reports
need them.
"""

from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import jobs
from core.sql import Sql
from customers.erasing import NOBODY
from tickets import indexing

ERASED: Final = "(erased)"


class Done(msgspec.Struct, frozen=True):
    """What was erased.

    Attributes:
        tickets: of hers.
        messages: in them, or written by her elsewhere.
        files: keys of contents that may be of nobody's use any more.
    """

    tickets: list[int]
    messages: list[int]
    files: list[str]


_TICKETS: Final = Sql("select id from tickets where customer_id = :customer_id order by id for update")
_MESSAGES: Final = Sql(
    "select id from messages where ticket_id = any(:tickets) or author_customer_id = :customer_id order by id"
)
_ELSEWHERE: Final = Sql(
    """
    select ticket_id from messages where author_customer_id = :customer_id
    union select ticket_id from ticket_participants where address = any(:addresses)
    """
)
_AUTHORS: Final = Sql(
    """
    update messages set author_name = :nobody, author_address = null, authentication = null
    where author_customer_id = :customer_id
    """
)
_RECIPIENTS: Final = Sql(
    """
    update messages set
        "to" = (select coalesce(jsonb_agg(each), '[]') from jsonb_array_elements("to") as each
            where not (each ->> 'address' = any(:addresses))),
        cc = (select coalesce(jsonb_agg(each), '[]') from jsonb_array_elements(cc) as each
            where not (each ->> 'address' = any(:addresses))),
        bcc = (select coalesce(jsonb_agg(each), '[]') from jsonb_array_elements(bcc) as each
            where not (each ->> 'address' = any(:addresses)))
    where exists(select 1 from jsonb_array_elements("to" || cc || bcc) as each
        where each ->> 'address' = any(:addresses))
    """
)
_WORDS: Final = Sql(
    """
    update messages set subject = '', text = :erased, html = '', quoted_text = '', quoted_html = '',
        signature_html = '', message_id_header = case when kind = 'customer' then null else message_id_header end,
        in_reply_to = null, "references" = '{}'
    where id = any(:messages)
    """
)
_FILES: Final = Sql("delete from attachments where message_id = any(:messages) returning storage_key")
_ON_TICKETS: Final = Sql(
    """
    update tickets set subject = :erased, snippet = '', tags = '{}', version = version + 1 where id = any(:tickets)
    """
)
_EVENTS: Final = Sql(
    """
    update events set data = data || case kind
        when 'ticket.subject_changed' then '{"old": "", "new": ""}'::jsonb
        when 'ticket.rated' then '{"comment": ""}'::jsonb
        when 'ticket.survey_sent' then '{"address": ""}'::jsonb else '{}'::jsonb end
    where ticket_id = any(:tickets) and kind in ('ticket.subject_changed', 'ticket.rated', 'ticket.survey_sent')
    """
)
_REST: Final = (
    Sql("update satisfaction set address = '' where address is not null and customer_id = :customer_id"),
    Sql("delete from ticket_participants where address = any(:addresses) or ticket_id = any(:tickets)"),
    Sql("delete from guest_links where ticket_id = any(:tickets)"),
)
_REST_OF_WORDS: Final = (
    Sql("update satisfaction set comment = '' where customer_id = :customer_id"),
    Sql("delete from drafts where ticket_id = any(:tickets)"),
)


async def erase(session: AsyncSession, customer_id: int, addresses: list[str], *, words: bool) -> Done:
    """Erase what this package knows.

    Args:
        session: the unit of work.
        customer_id: the customer.
        addresses: hers.
        words: also what was said in her tickets, by whomever, and the files; else only who said it.
    """
    tickets = [row.id for row in await _TICKETS.all(session, customer_id=customer_id)]
    messages = [row.id for row in await _MESSAGES.all(session, tickets=tickets, customer_id=customer_id)]
    elsewhere = await _ELSEWHERE.all(session, customer_id=customer_id, addresses=addresses)
    values = {
        "customer_id": customer_id,
        "addresses": addresses,
        "tickets": tickets,
        "messages": messages,
        "nobody": NOBODY,
        "erased": ERASED,
    }
    steps = [_AUTHORS, _RECIPIENTS, *_REST]
    files: list[str] = []
    if words:
        files = [row.storage_key for row in await _FILES.all(session, messages=messages)]
        steps += [_WORDS, _ON_TICKETS, _EVENTS, *_REST_OF_WORDS]
    for step in steps:
        await step.all(session, **{name: values[name] for name in step.names})
    await _index_anew(session, sorted({*tickets, *(row.ticket_id for row in elsewhere)}))
    return Done(tickets, messages, files)


async def _index_anew(session: AsyncSession, ids: list[int]) -> None:
    """What she said and where she took part is not found any more either."""
    for start in range(0, len(ids), indexing.BATCH):
        args = {"ids": ids[start : start + indexing.BATCH]}
        await jobs.enqueue(session, indexing.JOB, args, key=f"search:{indexing.JOB}")
