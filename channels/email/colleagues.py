"""Mails of our own people: an agent answers a notification, forwards a customer's mail, or answered from elsewhere.

Called by ``channels/email/reader`` for mails whose sender is an agent or that carry an agent's token. An answer that
cannot be proven to be hers is held: it becomes a note in the ticket, and she is told by mail; nothing is sent.
Rules: docs/flows/email-arrives.md.
"""

import html as markup
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from channels import notices
from channels.email.accounts import MailboxOptions
from channels.email.authentication import AuthenticationResults
from channels.email.folding import fold
from channels.email.notice_mail import ANSWERABLE
from channels.email.parsed import ParsedAttachment, ParsedMail
from channels.email.tokens import AgentToken, Tokens
from channels.inbound import Account, Item, Outcome
from core.db import acting_as
from core.errors import DeskError, Temporary
from core.html import sanitise, text_to_html
from core.sql import Sql
from core.storage import Storage
from staff import actors
from tickets import access, attachments, reply
from tickets.intake import Person
from tickets.reply import ReplyContent

_NOTICE: Final = Sql(
    """
    select agent_id, ticket_id, message_id from notices
    where id = :id and agent_id is not null and ticket_id is not null and kind = any(:answerable)
    """
)
_AGENT: Final = Sql("select name, email, is_active from agents where id = :id")


@dataclass(frozen=True)
class Claim:
    """What a mail that may be an agent's answer says of itself.

    Attributes:
        token: agent and ticket that its token names.
        last_seen: the newest message that she had been told of; None when unknown.
        proof: which proof it was.
    """

    token: AgentToken
    last_seen: int | None
    proof: str


class _Held(DeskError):
    """The answer is not sent; the sentence says why."""

    code = "agent-reply-held"


class Colleagues:
    """Takes answers that agents write in their own mail programs.

    Args:
        storage: where their files go.
        tokens: our signed names.
    """

    def __init__(self, storage: Storage, tokens: Tokens) -> None:
        self._storage = storage
        self._tokens = tokens

    async def claim(
        self, session: AsyncSession, mail: ParsedMail, addresses: list[str], *, from_agent: bool
    ) -> Claim | None:
        """The agent's token in a mail: in a recipient, in the id of the notice that is answered, or in its body.

        A notice may have been passed on, and whoever answers that quotes its mark and names it among the references.
        From somebody who is no agent only what he wrote to, or answers himself, counts.

        Args:
            session: the row's unit of work.
            mail: the mail.
            addresses: everybody whom it was sent to, of the envelope as well.
            from_agent: its sender's address is that of one of our agents.
        """
        named = [mail.in_reply_to, *(reversed(mail.references) if from_agent else ())]
        notice_id = next(filter(None, (self._tokens.own_notice(each) for each in named if each)), None)
        notice = await _NOTICE.first(session, id=notice_id, answerable=sorted(ANSWERABLE)) if notice_id else None
        token = self._tokens.agent_in(addresses)
        if token is not None:
            seen = notice.message_id if notice is not None and notice.ticket_id == token.ticket_id else None
            return Claim(token, seen, "agent_token")
        if notice is not None:
            return Claim(AgentToken(notice.agent_id, notice.ticket_id), notice.message_id, "agent_notice")
        if notice_id is not None or not from_agent:
            return None  # a notice that takes no answers
        marked = self._tokens.marked_agent(mail.text)
        return Claim(marked, None, "agent_mark") if marked is not None else None

    async def answer(
        self,
        session: AsyncSession,
        claim: Claim,
        account: Account,
        item: Item,
        mail: ParsedMail,
        sender: Person,
        options: MailboxOptions,
        authentication: AuthenticationResults,
        facts: Mapping[str, Any],
    ) -> Outcome:
        """Send an agent's answer, or hold it.

        Raises:
            Temporary: the file storage is away.
        """
        if mail.is_auto_reply:
            return Outcome("automatic", "An automatic answer of an agent's mailbox; it is ignored.", **facts)
        where: dict[str, Any] = {"ticket_id": claim.token.ticket_id, "matched_by": claim.proof}
        try:
            await _check(session, claim, sender, options, authentication)
            async with session.begin_nested():
                message_id = await self._send(session, claim, item, mail)
        except Temporary:
            raise
        except DeskError as problem:
            held = await _hold(session, claim, account, mail, sender, problem.detail or problem.title)
            return Outcome("agent_refused", problem.detail or problem.title, message_id=held, **where, **facts)
        return Outcome("agent_reply", None, message_id=message_id, **where, **facts)

    async def _send(self, session: AsyncSession, claim: Claim, item: Item, mail: ParsedMail) -> int:
        actor = await actors.of_agent(session, claim.token.agent_id)
        if not actor.may("tickets:reply"):
            raise _Held("You may not answer tickets.")
        await access.check_visible(session, actor, claim.token.ticket_id)
        with acting_as(session, actor):
            body = _body(mail)
            files: list[int] = []
            for each in mail.attachments:
                number, body = await self._file(session, each, body)
                files.append(number)
            content = ReplyContent(
                client_key=f"mail:{item.id}",
                html=body,
                last_seen=claim.last_seen,
                attachment_ids=files,
                draft_revision=0,  # what she is writing in the console stays
                undo_seconds=0,
            )
            return (await reply.reply(session, claim.token.ticket_id, content)).id

    async def _file(self, session: AsyncSession, file: ParsedAttachment, body: str) -> tuple[int, str]:
        """Keep one file of the answer; a picture that its text shows is shown from there."""
        content = file.content or b"\n"  # an empty file was sent, and shall arrive
        kept = await attachments.upload(session, self._storage, file.name or "file", file.content_type, content)
        if not file.content_id:
            return kept.id, body
        shown = re.compile(rf"(?<=[\"'])cid:{re.escape(file.content_id)}(?=[\"'])", re.IGNORECASE)
        return kept.id, shown.sub(f"/api/attachments/{kept.id}", body)


def _body(mail: ParsedMail) -> str:
    """What she newly wrote: without the quoted notification and without her mail program's signature."""
    if mail.html and mail.reply_text:
        written, _ = fold(mail.html, mail.reply_text)
        if written:
            return sanitise(written)
    return text_to_html(mail.reply_text) or "".join(f"<p>{markup.escape(each.name)}</p>" for each in mail.attachments)


async def _check(
    session: AsyncSession,
    claim: Claim,
    sender: Person,
    options: MailboxOptions,
    authentication: AuthenticationResults,
) -> None:
    row = await _AGENT.first(session, id=claim.token.agent_id)
    if row is None or not row.is_active:
        raise _Held("This agent is no longer active.")
    if row.email.lower() != sender.address:
        raise _Held(f"It came from {sender.address or 'nobody'}, which is not the address of {row.name}.")
    if options.agent_answers == "off":
        raise _Held("Answers by mail are switched off for this mailbox.")
    if options.agent_answers == "aligned" and not authentication.aligned:
        raise _Held("The receiving server does not confirm who sent it (SPF or DKIM of the sender's domain).")


async def _hold(
    session: AsyncSession, claim: Claim, account: Account, mail: ParsedMail, sender: Person, reason: str
) -> int:
    """Keep the text as a note and tell the agent, at her own address, that nothing was sent."""
    row = await _AGENT.first(session, id=claim.token.agent_id)
    name = row.name if row else sender.name
    text = mail.reply_text or mail.text
    words = f"An answer that came by mail from {sender.address} was not sent to the customer. {reason}\n\n{text}"
    message = await reply.system_note(session, claim.token.ticket_id, name or sender.address, words)
    if row is not None and row.is_active:
        await notices.create(
            session,
            kind="agent_reply_refused",
            to_address=row.email,
            to_name=row.name,
            subject=f"Not sent: {mail.subject}"[:200],
            text=f"Your answer was not sent to the customer. {reason}\n\nIt is kept as a note in the ticket.\n\n{text}",
            agent_id=claim.token.agent_id,
            ticket_id=claim.token.ticket_id,
            account_id=account.id,
            in_reply_to=mail.message_id or None,
        )
    return message.id
