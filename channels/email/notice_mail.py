"""E-mail's part of notices: a row of ``channels/notices`` becomes an :class:`OutgoingMail`.

A notice to an agent about a ticket can be answered by mail: its Reply-To and a mark at its end name agent and ticket.
Notices say that no person wrote them, so that no robot answers, and are never sent to an address of our own.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from channels.email import closing, leaving
from channels.email.accounts import options_of
from channels.email.closing import Body
from channels.email.compose import OutgoingMail, Unsubscribe
from channels.email.outbox import hand_over
from channels.email.parsed import Address
from channels.email.send import EmailSender
from channels.email.tokens import Tokens
from channels.models import Notice
from channels.outbound import Send
from core.errors import Permanent
from tickets import delivery

CHOSEN: Final = frozenset({"assigned", "customer_wrote", "mentioned", "review", "late"})
"""Kinds that an agent can end in her preferences."""
ANSWERABLE: Final = frozenset({"assigned", "customer_wrote", "late"})
"""Kinds whose answer goes to the customer; whoever answers a colleague's note must not write to the customer."""


class NoticeMail:
    """Prepares and sends notices.

    Args:
        tokens: our signed names.
        sender: the SMTP side.
        base_url: the desk's address, for links.
    """

    def __init__(self, tokens: Tokens, sender: EmailSender, base_url: str) -> None:
        self._tokens = tokens
        self._sender = sender
        self._base_url = base_url

    async def prepare_notice(self, session: AsyncSession, notice: Notice) -> Send:
        """Compose one notice.

        Raises:
            Permanent: it can never be sent (no mailbox, an address of our own).
        """
        mail = await self._mail(session, notice)

        async def send(before_handover: Callable[[], Awaitable[None]]) -> str:
            return await hand_over(self._sender, mail, before_handover)

        return send

    async def _mail(self, session: AsyncSession, notice: Notice) -> OutgoingMail:
        listed = await leaving.mailboxes(session)
        if leaving.book_of(listed).find(notice.to_address) is not None:
            raise Permanent("The address is our own.")
        wanted = notice.account_id
        if wanted is None and notice.ticket_id is not None:
            wanted = await delivery.mailbox_of(session, notice.ticket_id)
        place = leaving.first_that_sends(listed, wanted)
        reply_to, mark = None, ""
        answerable = notice.kind in ANSWERABLE and options_of(place.account.options).agent_answers != "off"
        if answerable and notice.agent_id is not None and notice.ticket_id is not None:
            reply_to = self._tokens.agent_address(place.address, notice.agent_id, notice.ticket_id)
            mark = self._tokens.agent_mark(notice.agent_id, notice.ticket_id)
        body = closing.closed(Body(notice.text, notice.html), "", mark)
        return OutgoingMail(
            message_id_header=self._tokens.notice_id(notice.id),
            account=place.sender(notice.sender_name),
            to=[Address(notice.to_name, notice.to_address)],
            reply_to=reply_to,
            subject=notice.subject,
            text=body.text,
            html=body.html,
            in_reply_to=notice.in_reply_to,
            references=[notice.in_reply_to] if notice.in_reply_to else [],
            auto_submitted="auto-replied" if notice.in_reply_to else "auto-generated",
            unsubscribe=_unsubscribe(notice, f"{self._base_url}/console/preferences"),
            date=notice.created_at,
        )


def _unsubscribe(notice: Notice, preferences: str) -> Unsubscribe | None:
    """How such mails are ended: by a customer with one click, by an agent in her preferences."""
    if notice.unsubscribe_url is not None:
        return Unsubscribe(notice.unsubscribe_url, one_click=True)
    return Unsubscribe(preferences) if notice.kind in CHOSEN else None
