"""Mails that automation asks for: replies and mails of rules, and what people must know of rules and webhooks.

Handlers of events that ``automation`` records, in the transaction in which the rule acts. Whatever leaves here goes
past the brake on automatic mail; what it withholds is kept as a notice that people can see. Variables are filled with
values that are never markup, and one that is not known is left out.
"""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from automation.events import AutomationAlarmed, RuleMailAsked, RuleReplyAsked, WebhookDisabled
from channels import brake, notices
from channels.email import leaving
from core.errors import Permanent
from core.html import html_to_text
from core.sql import Sql
from customers.contacts import leads_nowhere
from tickets import templates
from tickets.intake import Person
from tickets.reply import system_reply
from tickets.templates import Surroundings

REPLY_KIND: Final = "rule_reply"
MAIL_KIND: Final = "rule_mail"
ALARM_KIND: Final = "automation_alarm"

_CUSTOMER: Final = Sql(
    """
    select t.account_id, t.team_id, c.name, c.do_not_contact, p.invalid_reason, m.id as message_id, m.is_auto,
        m.is_list, m.channel, coalesce(m.author_address, (select v.value from contact_points v
            where v.customer_id = c.id and v.kind = 'email' and v.invalid_reason is null order by v.id limit 1)
        ) as address, m.own_address, coalesce(m.subject, t.subject) as subject,
        exists(select from agents g where lower(g.email) = m.author_address) as agent
    from tickets t join customers c on c.id = t.customer_id
        left join lateral (select * from messages m where m.ticket_id = t.id and m.kind = 'customer'
            order by m.id desc limit 1) m on true
        left join contact_points p on p.kind = 'email' and p.value = m.author_address
    where t.id = :ticket_id
    """
)
_READERS: Final = Sql(
    """
    select a.id, a.name, a.email from agents a where a.is_active and a.address_failed is null and (
        (:to = 'assignee' and a.id = (select assignee_id from tickets where id = :ticket_id))
        or (:to = 'team' and exists(select from team_members m join tickets t on t.team_id = m.team_id
            where t.id = :ticket_id and m.agent_id = a.id)))
    order by a.id
    """
)


class RuleMail:
    """Writes these mails.

    Args:
        around: product and address of the desk.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    async def on_reply_asked(self, session: AsyncSession, event: RuleReplyAsked) -> None:
        """A rule wants the customer written to: robots, lists and our own people are not (handler)."""
        ticket_id = event.ticket_id or 0
        row = await _CUSTOMER.first(session, ticket_id=ticket_id)
        if row is None or row.do_not_contact or row.is_auto or row.is_list or row.agent or row.invalid_reason:
            return
        if not row.address or leads_nowhere(row.address):
            return
        around = await self._of_mailbox(session, row.own_address, row.account_id, row.team_id)
        values = await templates.values_of(session, ticket_id, None, around)
        html = templates.without_unknown(event.html, values, html=True)
        subject = row.subject if row.subject.lower().startswith("re:") else f"Re: {row.subject}"
        why = await brake.allow(session, REPLY_KIND, row.address, ticket_id, subject)
        if why is None:
            await system_reply(session, ticket_id, subject, html, Person(row.name, row.address))
            return
        await notices.withhold(
            session,
            why,
            kind=REPLY_KIND,
            to_address=row.address,
            to_name=row.name,
            subject=subject,
            text=html_to_text(html),
            ticket_id=ticket_id,
            message_id=row.message_id,
            account_id=row.account_id,
        )

    async def _of_mailbox(
        self, session: AsyncSession, own_address: str | None, account_id: int | None, team_id: int | None
    ) -> Surroundings:
        listed = await leaving.mailboxes(session)
        product, base_url = self._around.product_name, self._around.base_url
        try:
            place = leaving.place_for(listed, leaving.book_of(listed), own_address, account_id, team_id)
        except Permanent:  # no mailbox can send; the variables that name it are left out
            return self._around
        return Surroundings(
            mailbox_name=place.name, mailbox_address=place.address, product_name=product, base_url=base_url
        )

    async def on_mail_asked(self, session: AsyncSession, event: RuleMailAsked) -> None:
        """A rule wants a mail sent that belongs to no conversation (handler)."""
        values = await templates.values_of(session, event.ticket_id or 0, None, self._around)
        subject = " ".join(templates.without_unknown(event.subject, values, html=False).split())
        text = templates.without_unknown(event.text, values, html=False)
        if event.to not in ("assignee", "team"):
            await notices.create(
                session,
                kind=MAIL_KIND,
                to_address=event.to,
                to_name="",
                subject=subject,
                text=text,
                ticket_id=event.ticket_id,
            )
            return
        for reader in await _READERS.all(session, to=event.to, ticket_id=event.ticket_id):
            await notices.create(
                session,
                kind=MAIL_KIND,
                to_address=reader.email,
                to_name=reader.name,
                subject=subject,
                text=text,
                agent_id=reader.id,
                ticket_id=event.ticket_id,
            )

    async def on_alarmed(self, session: AsyncSession, event: AutomationAlarmed) -> None:
        """A rule was stopped, held back or switched off (handler)."""
        place = f"{self._around.base_url}/console/settings/rules/{event.rule_id}"
        text = f"{event.reason}\n\nThe rule “{event.name}” and what it did: {place}"
        await self._tell(session, f"Rule “{event.name}” needs a look", text)

    async def on_webhook_disabled(self, session: AsyncSession, event: WebhookDisabled) -> None:
        """A webhook takes nothing and was switched off (handler)."""
        place = f"{self._around.base_url}/console/settings/webhooks/{event.webhook_id}"
        text = (
            f"The webhook “{event.name}” was switched off. {event.reason}\n\n"
            f"What it was told is kept and can be repeated once it is switched on again: {place}"
        )
        await self._tell(session, f"Webhook “{event.name}” is switched off", text)

    @staticmethod
    async def _tell(session: AsyncSession, subject: str, text: str) -> None:
        for agent_id, name, address in await notices.administrators(session):
            await notices.create(
                session,
                kind=ALARM_KIND,
                to_address=address,
                to_name=name,
                subject=subject,
                text=text,
                agent_id=agent_id,
            )
