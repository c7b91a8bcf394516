"""Acknowledgements: a customer who opened a ticket is told that her mail has arrived.

Handler of ``TicketCreated``; the mail itself is made by job ``channels.acknowledge``, in a transaction of its own. Only
mailboxes that want it send them, and only to people who wrote by themselves: never to robots, lists, our own agents,
senders who cannot be written to, or for mails that lay in an imported mailbox. What the brake withholds is kept as a
notice that people can see. Of the customer's words only name and subject are repeated, so that nobody can have us send
his text to others.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from channels import brake, notices
from channels.email.accounts import Acknowledge, address_book, options_of
from channels.email.leaving import SENDER_NAME
from core import clock, jobs
from core.errors import DeskError
from core.html import html_to_text
from core.sql import Row, Sql
from customers.contacts import leads_nowhere, normalise_email
from tickets import guests, lifecycle, templates
from tickets.events import TicketCreated
from tickets.intake import Person
from tickets.reply import system_reply
from tickets.templates import Surroundings

JOB: Final = "channels.acknowledge"
KIND: Final = "acknowledgement"
CACHE_SECONDS: Final = 10.0
SUBJECT: Final = "Re: {{ticket.subject}}"
TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "en": "<p>Hello {{customer.first_name|}}</p><p>Thank you for your message. We have received it and will answer "
        "as soon as we can. Your request has the number {{ticket.id}}.</p><p>If you want to add something, simply "
        "answer this mail.</p><p>{{mailbox.name}}</p>",
        "hi": "<p>नमस्ते {{customer.first_name|}}</p><p>आपके संदेश के लिए धन्यवाद। वह हमें मिल गया है और हम जल्द से जल्द उत्तर "
        "देंगे। आपके अनुरोध की संख्या {{ticket.id}} है।</p><p>यदि आप कुछ जोड़ना चाहें, तो बस इस मेल का उत्तर दें।</p>"
        "<p>{{mailbox.name}}</p>",
        "mr": "<p>नमस्कार {{customer.first_name|}}</p><p>आपल्या संदेशाबद्दल धन्यवाद. तो आम्हाला मिळाला आहे आणि आम्ही लवकरात "
        "लवकर उत्तर देऊ. आपल्या विनंतीचा क्रमांक {{ticket.id}} आहे.</p><p>काही जोडायचे असल्यास या मेलला उत्तर द्या.</p>"
        "<p>{{mailbox.name}}</p>",
        "bn": "<p>নমস্কার {{customer.first_name|}}</p><p>আপনার বার্তার জন্য ধন্যবাদ। আমরা এটি পেয়েছি এবং যত দ্রুত সম্ভব উত্তর "
        "দেব। আপনার অনুরোধের নম্বর {{ticket.id}}।</p><p>কিছু যোগ করতে চাইলে এই মেইলের উত্তর দিন।</p>"
        "<p>{{mailbox.name}}</p>",
        "kn": "<p>ನಮಸ್ಕಾರ {{customer.first_name|}}</p><p>ನಿಮ್ಮ ಸಂದೇಶಕ್ಕೆ ಧನ್ಯವಾದಗಳು. ಅದು ನಮಗೆ ತಲುಪಿದೆ, ಆದಷ್ಟು ಬೇಗ "
        "ಉತ್ತರಿಸುತ್ತೇವೆ. ನಿಮ್ಮ ಕೋರಿಕೆಯ ಸಂಖ್ಯೆ {{ticket.id}}.</p><p>ಏನಾದರೂ ಸೇರಿಸಲು ಬಯಸಿದರೆ ಈ ಮೇಲ್‌ಗೆ ಉತ್ತರಿಸಿ.</p>"
        "<p>{{mailbox.name}}</p>",
    }
)
"""The product's own text by language; a mailbox may have another."""
FOLLOW: Final[Mapping[str, str]] = MappingProxyType(
    {
        "en": "Follow your request here, and answer there if you like:",
        "hi": "अपना अनुरोध यहाँ देखें, और चाहें तो वहीं उत्तर दें:",
        "mr": "आपली विनंती येथे पाहा, आणि हवे असल्यास तेथेच उत्तर द्या:",
        "bn": "আপনার অনুরোধ এখানে দেখুন, চাইলে সেখানেই উত্তর দিন:",
        "kn": "ನಿಮ್ಮ ಕೋರಿಕೆಯನ್ನು ಇಲ್ಲಿ ನೋಡಿ, ಬೇಕಿದ್ದರೆ ಅಲ್ಲೇ ಉತ್ತರಿಸಿ:",
    }
)
"""What stands before the guest link, where the desk wants one (``tickets/policy.py``)."""
_ROBOTS: Final = ("noreply", "donotreply", "mailerdaemon", "postmaster", "bounce", "nobody")

_WANTING: Final = Sql(
    """
    select id from channel_accounts
    where is_active and channel = 'email' and options #>> '{acknowledge,enabled}' = 'true'
    """
)
_OPENED: Final = Sql(
    f"""
    select m.id as message_id, m.kind, m.is_auto, m.is_list, m.author_name as name, m.author_address as address,
        coalesce(c.language, m.language) as language, c.do_not_contact, i.archived, p.invalid_reason,
        m.created_at < t.created_at as split_off,
        t.account_id, channel_accounts.options, {SENDER_NAME} as sender_name,
        coalesce(m.own_address, channel_accounts.address) as own_address,
        exists(select 1 from agents g where lower(g.email) = m.author_address) as agent,
        exists(select 1 from messages s where s.ticket_id = t.id and s.kind = 'system')
            or exists(select 1 from notices n where n.ticket_id = t.id and n.kind = :kind) as done
    from tickets t join customers c on c.id = t.customer_id
        join channel_accounts on channel_accounts.id = t.account_id and channel_accounts.is_active
        join lateral (select * from messages m where m.ticket_id = t.id order by m.id limit 1) m on true
        left join inbound_items i on i.id = m.inbound_item_id
        left join contact_points p on p.kind = 'email' and p.value = m.author_address
    where t.id = :ticket_id
    """  # noqa: S608 - our own words, no input
)


class Acknowledger:
    """Sends acknowledgements.

    Args:
        around: product and address of the desk.
        default_language: for customers whose language is not known.
        secret: the desk's, which signs guest links.
    """

    def __init__(self, around: Surroundings, default_language: str, secret: str) -> None:
        self._around = around
        self._secret = secret
        self._language = default_language
        self._wanting: frozenset[int] = frozenset()
        self._read_at = float("-inf")

    async def on_ticket_created(self, session: AsyncSession, event: TicketCreated) -> None:
        """Ask for an acknowledgement where the mailbox sends them (handler)."""
        if event.archived or event.account_id is None or event.ticket_id is None:
            return
        if clock.monotonic() - self._read_at > CACHE_SECONDS:
            self._wanting = frozenset(row.id for row in await _WANTING.all(session))
            self._read_at = clock.monotonic()
        if event.account_id in self._wanting:
            await jobs.enqueue(session, JOB, {"ticket_id": event.ticket_id}, dedupe=f"{JOB}:{event.ticket_id}")

    async def send(self, session: AsyncSession, ticket_id: int) -> None:
        """Write the acknowledgement of one ticket, if it is due and was not written yet (job)."""
        await lifecycle.lock(session, ticket_id)  # before the brake's lock, as everywhere
        row = await _OPENED.first(session, ticket_id=ticket_id, kind=KIND)
        if row is None or row.done or not options_of(row.options).acknowledge.enabled or not _is_due(row):
            return
        if (await address_book(session, active_only=False)).find(row.address) is not None:
            return
        around = Surroundings(
            mailbox_name=row.sender_name,
            mailbox_address=row.own_address,
            product_name=self._around.product_name,
            base_url=self._around.base_url,
        )
        values = await templates.values_of(session, ticket_id, None, around)
        guest = await guests.link_to(session, self._secret, ticket_id)
        values["request.link"] = f"{around.base_url}/portal/guest/{guest}" if guest else ""
        subject, html = _filled(options_of(row.options).acknowledge, row.language or self._language, values)
        why = await brake.allow(session, KIND, row.address, ticket_id, subject)
        if why is None:
            await system_reply(session, ticket_id, subject, html, Person(row.name, row.address))
            return
        await notices.withhold(
            session,
            why,
            kind=KIND,
            to_address=row.address,
            to_name=row.name,
            subject=subject,
            text=html_to_text(html),
            ticket_id=ticket_id,
            message_id=row.message_id,
            account_id=row.account_id,
        )


def _filled(own: Acknowledge, language: str, values: templates.Values) -> tuple[str, str]:
    """Subject and HTML: the mailbox's, else the product's in the customer's language."""
    subject = templates.without_unknown(own.subject or SUBJECT, values, html=False)
    if not own.subject and values["ticket.subject"].lower().startswith("re:"):
        subject = values["ticket.subject"]
    code = language.partition("-")[0].lower()
    text = own.html or TEXTS.get(code, TEXTS["en"])
    if not own.html and values["request.link"]:
        text += f'<p>{FOLLOW.get(code, FOLLOW["en"])} <a href="{{{{request.link}}}}">{{{{request.link}}}}</a></p>'
    return " ".join(subject.split()), templates.without_unknown(text, values, html=True)


def _is_due(row: Row) -> bool:
    """Whether a person wrote who can be answered."""
    if row.kind != "customer" or row.is_auto or row.is_list or row.archived:
        return False
    if row.split_off:
        return False  # she did not write again, an agent gave her old message a ticket of its own
    if row.do_not_contact or row.invalid_reason is not None or row.agent or not row.address:
        return False
    try:
        local = normalise_email(row.address).rpartition("@")[0]
    except DeskError:
        return False
    plain = "".join(letter for letter in local if letter.isalnum())
    return not plain.startswith(_ROBOTS) and not leads_nowhere(row.address)
