"""Reports find the message they are about: it shows "not delivered: reason", the address is marked; complaints too.

Called by ``channels/email/reader`` for mails that ``channels/email/filters`` took for a report. Proofs, strongest
first: the bounce address that the report was sent to (VERP), our Message-ID anywhere in it, our mark in the body that
is quoted. Source: RFC 3464 (what a report says), RFC 3463 (4.x.x is temporary, 5.x.x is permanent).
"""

import dataclasses
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from channels import notices
from channels.email.filters import Verdict
from channels.email.parsed import BounceReport, ParsedMail
from channels.email.tokens import Tokens
from channels.inbound import Outcome
from core.actor import SYSTEM
from core.sql import Sql
from customers import service as customers
from tickets import delivery, reply

MOVABLE: Final = ("sent", "delivered", "sending", "unknown")
_RECIPIENTS: Final = """
    array(select lower(p ->> 'address') from jsonb_array_elements(m."to" || m.cc || m.bcc) p)
"""
_BOUNCED = Sql(
    f"""
    select d.id, d.ticket_id, d.message_id, {_RECIPIENTS} as recipients
    from deliveries d join messages m on m.id = d.message_id where d.message_id = :message_id
    """  # noqa: S608 - put together from constants of this module
)
_NEWEST_TO = Sql(
    f"""
    select d.id, d.ticket_id, d.message_id, {_RECIPIENTS} as recipients
    from deliveries d join messages m on m.id = d.message_id
    where d.ticket_id = :ticket_id and d.sent_at is not null and {_RECIPIENTS} && cast(:named as text[])
    order by d.id desc limit 1
    """  # noqa: S608 - put together from constants of this module
)


class Reports:
    """Puts delivery reports where they belong.

    Args:
        tokens: our signed names.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def settle(
        self, session: AsyncSession, mail: ParsedMail, addresses: list[str], verdict: Verdict, facts: dict[str, Any]
    ) -> Outcome:
        """Put a report on the message or notice it is about; mark the address after a permanent failure.

        Only addresses that the message was sent to are believed: everybody who ever had a mail of ours knows its id,
        and must not be able to have another's address marked as dead.

        Args:
            session: the row's unit of work.
            mail: the report.
            addresses: everybody whom it was sent to, of the envelope as well.
            verdict: what the filter said of it.
            facts: what the ledger row keeps of it in any case.
        """
        outcome = Outcome("bounce", verdict.reason, **facts)
        found, proof = await self._about(session, mail, addresses)
        if found is None:
            return await self._of_notice(session, mail, outcome)
        known = set(found.recipients)
        about_us = [each for each in mail.bounces if not each.recipient or each.recipient.lower() in known]
        await _mark(session, found.id, about_us, verdict.reason)
        for report in about_us:
            if report.hard and report.recipient:
                await customers.mark_invalid(session, report.recipient, f"{report.status} {report.reason}".strip())
        return dataclasses.replace(outcome, ticket_id=found.ticket_id, message_id=found.message_id, matched_by=proof)

    async def complaint(
        self, session: AsyncSession, mail: ParsedMail, addresses: list[str], verdict: Verdict, facts: dict[str, Any]
    ) -> Outcome:
        """A recipient's provider says that she called our mail unwanted (RFC 5965): a note in its ticket tells agents.

        Args:
            session: the row's unit of work.
            mail: the report.
            addresses: everybody whom it was sent to, of the envelope as well.
            verdict: what the filter said of it.
            facts: what the ledger row keeps of it in any case.
        """
        outcome = Outcome(verdict.outcome, verdict.reason, **facts)
        found, proof = await self._about(session, mail, addresses)
        if found is None or any("auth-failure" in report.reason.lower() for report in mail.bounces):
            return outcome  # about no mail of ours, or a report on signatures (RFC 6591), where nobody complained
        words = (
            "The recipient's mail provider reports that our mail was marked as unwanted. Think before writing again."
        )
        await reply.system_note(session, found.ticket_id, SYSTEM.name, words)
        return dataclasses.replace(outcome, ticket_id=found.ticket_id, message_id=found.message_id, matched_by=proof)

    def _ids(self, mail: ParsedMail) -> list[str]:
        named = [report.original_message_id for report in mail.bounces]
        return [each for each in (*named, mail.in_reply_to, *reversed(mail.references)) if each]

    async def _about(self, session: AsyncSession, mail: ParsedMail, addresses: list[str]) -> tuple[Any, str]:
        by_address = self._tokens.bounced_in(addresses)
        tries: list[tuple[int | None, str]] = [(by_address, "bounce_address")]
        tries += [(self._tokens.own_message(each), "message_id") for each in self._ids(mail)]
        for message_id, proof in tries:
            row = await _BOUNCED.first(session, message_id=message_id) if message_id else None
            if row is not None:
                return row, proof
        ticket_id = self._tokens.marked_ticket(mail.text)
        named = [each.recipient.lower() for each in mail.bounces if each.recipient]
        if ticket_id is None or not named:
            return None, ""
        return await _NEWEST_TO.first(session, ticket_id=ticket_id, named=named), "mark"

    async def _of_notice(self, session: AsyncSession, mail: ParsedMail, outcome: Outcome) -> Outcome:
        """A report on a mail to an agent: it opens no ticket; the agent's address is shown as failing."""
        hard = any(report.hard for report in mail.bounces)
        for each in self._ids(mail):
            notice_id = self._tokens.own_notice(each)
            if notice_id is not None:
                await notices.bounced(session, notice_id, outcome.reason or "", hard=hard)
                return dataclasses.replace(outcome, matched_by="notice")
        return outcome


async def _mark(session: AsyncSession, delivery_id: int, about_us: list[BounceReport], words: str) -> None:
    if any(report.final for report in about_us):
        await delivery.move(session, delivery_id, "bounced", only_from=MOVABLE, error=words)
    elif about_us:
        await delivery.warn(session, delivery_id, words)
