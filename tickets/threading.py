"""Which ticket a message belongs to: independent proofs in a fixed order, each with its own trust.

    conversation the chat that the visitor's browser is in     its signed token is proof enough
    portal       the portal knows who writes and where         she is signed in, or holds a guest link
    token        our signed address among the recipients      nobody can guess it, so it needs no second proof
    in_reply_to  In-Reply-To names a message of a ticket       the sender must take part in that ticket,
    references   References name one, newest first             or write to somebody who does
    answered_by  a message of a ticket answers this one        (the same)
                 (the mails came in the wrong order)
    mark         our signed mark in the body (servers that     (the same)
                 rewrite Message-IDs leave bodies alone)
    subject      a ticket number in the subject                only if the sender takes part in it, and never of
                                                              a form that somebody filled in without signing in

A message that names a ticket and fails the guard opens its own ticket (a stranger answering a newsletter). A closed
ticket is not opened again, nor one that was solved long ago: the message opens a new one that is linked to it.
A changed subject does not part a message from its ticket; agents are told (:func:`same_subject`). Called by
``tickets/intake``.
Sources of the rules: RFC 5322 section 3.6.4 (In-Reply-To, References); the order is decision record 0009.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core import clock
from core.sql import Sql

SUBJECT_NUMBER: Final = re.compile(r"\[?#(\d{1,12})\]?(?!\d)")
_NUMBER_TAG: Final = re.compile(r"\[[^\]]{0,60}#\d{1,12}\]|#\d{1,12}")
MAX_IDS: Final = 60
_ANSWER_MARK: Final = re.compile(
    r"""^\s*(?:\[[^\]]{1,60}\]\s*)?(?:re|aw|antw|sv|vs|ref|rif|res|odp|ynt|vá|fwd?|wg|tr|rv|i|enc|pd|vb|vl|doorst|
    προώθ|απ|转发|转|回复|答复|回覆|轉寄|返信|転送|उत्तर|प्रति|अग्रेषित)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]\s*""",
    re.IGNORECASE | re.VERBOSE,
)
"""What mail programs put before the subject of an answer or a forwarded mail, in several languages."""


@dataclass(frozen=True)
class Clues:
    """What a message tells about where it belongs.

    Attributes:
        token_ticket_id: ticket of a valid signed address among the recipients.
        portal_ticket_id: ticket in which somebody answered on the portal, who may.
        in_reply_to: id of the message it answers.
        references: ids of its ancestors, oldest first.
        mark_ticket_id: ticket of a valid mark in the body.
        subject: the subject; empty where nothing that it names may count.
        sender: normalised address.
        customer_id: the sender's record.
        recipients: normalised addresses in To and Cc.
        reopen_days: how long after its solution a ticket may be opened again; None: however long.
        own_id: the message's own id; one that answers it may have come in before.
        conversation_ticket_id: ticket of the live conversation that the sender is in.
    """

    token_ticket_id: int | None
    in_reply_to: str | None
    references: list[str]
    mark_ticket_id: int | None
    subject: str
    sender: str
    customer_id: int
    recipients: list[str]
    reopen_days: int | None = None
    own_id: str | None = None
    conversation_ticket_id: int | None = None
    portal_ticket_id: int | None = None


@dataclass(frozen=True)
class Candidate:
    """A ticket that some proof names, locked for the rest of the transaction."""

    id: int
    subject: str
    status: str
    solved_at: datetime | None
    team_id: int | None
    assignee_id: int | None
    customer_id: int
    snoozed: bool
    waiting: bool
    takes_part: bool
    writes_to_participant: bool


@dataclass(frozen=True)
class Match:
    """The ticket found, by which proof; ``follow_up`` when it is over and a new one must be opened."""

    ticket: Candidate
    matched_by: str
    follow_up: bool


_BY_HEADER = Sql(
    """
    select ticket_id, message_id_header as header from messages where message_id_header = any(:ids)
    union all
    select ticket_id, '' from (
        select ticket_id from messages where in_reply_to = :own_id order by id limit 1
    ) as answer
    """
)

_CANDIDATES = Sql(
    """
    select t.id, t.subject, t.status, t.solved_at, t.team_id, t.assignee_id, t.customer_id,
           t.snoozed_until is not null as snoozed,
           t.waiting_since is not null as waiting,
           t.customer_id = :customer_id or exists(
               select 1 from messages m where m.ticket_id = t.id and m.kind <> 'note'
               and (m.author_address = :sender or m."to" @> cast(:sender_json as jsonb)
                    or m.cc @> cast(:sender_json as jsonb))) as takes_part,
           exists(select 1 from messages m where m.ticket_id = t.id and m.kind = 'customer'
               and m.author_address = any(:recipients)) as writes_to_participant
    from tickets t where t.id = any(:ids) order by t.id for update of t
    """
)
_MERGED = Sql("select id, merged_into_id from tickets where id = any(:ids) and merged_into_id is not null")


def _json_address(address: str) -> str:
    escaped = address.replace("\\", "\\\\").replace('"', '\\"')
    return f'[{{"address": "{escaped}"}}]'


async def _by_header(session: AsyncSession, clues: Clues) -> dict[str, int]:
    """The tickets of known ids; that of a message which answers this one has no id (``""``)."""
    ids = [clues.in_reply_to] if clues.in_reply_to else []
    ids += clues.references[-MAX_IDS:]
    if not ids and not clues.own_id:
        return {}
    rows = await _BY_HEADER.all(session, ids=ids, own_id=clues.own_id)
    return {row.header: row.ticket_id for row in rows}


async def _load(session: AsyncSession, clues: Clues, ids: set[int]) -> dict[int, Candidate]:
    moved = {row.id: row.merged_into_id for row in await _MERGED.all(session, ids=sorted(ids))}
    rows = await _CANDIDATES.all(
        session,
        ids=sorted({moved.get(each, each) for each in ids}),
        customer_id=clues.customer_id,
        sender=clues.sender,
        sender_json=_json_address(clues.sender),
        recipients=[address for address in clues.recipients if address != clues.sender],
    )
    found = {row.id: Candidate(**dict(row)) for row in rows}
    return {each: found[moved.get(each, each)] for each in ids if moved.get(each, each) in found}


def proofs(clues: Clues, by_header: dict[str, int]) -> list[tuple[str, int]]:
    """All (proof, ticket id) pairs that a message offers, strongest first."""
    offered: list[tuple[str, int]] = []
    if clues.conversation_ticket_id is not None:
        offered.append(("conversation", clues.conversation_ticket_id))
    if clues.portal_ticket_id is not None:
        offered.append(("portal", clues.portal_ticket_id))
    if clues.token_ticket_id is not None:
        offered.append(("token", clues.token_ticket_id))
    if clues.in_reply_to and clues.in_reply_to in by_header:
        offered.append(("in_reply_to", by_header[clues.in_reply_to]))
    offered += [("references", by_header[each]) for each in reversed(clues.references) if each in by_header]
    if "" in by_header:
        offered.append(("answered_by", by_header[""]))
    if clues.mark_ticket_id is not None:
        offered.append(("mark", clues.mark_ticket_id))
    offered += [("subject", int(number)) for number in SUBJECT_NUMBER.findall(clues.subject)[:3]]
    return offered


def accepted(proof: str, candidate: Candidate) -> bool:
    """Whether a proof's guard holds for a ticket."""
    if proof in ("conversation", "portal", "token"):
        return True
    if proof == "subject":
        return candidate.takes_part
    return candidate.takes_part or candidate.writes_to_participant


def _is_over(candidate: Candidate, reopen_days: int | None) -> bool:
    """Whether a ticket is closed, or was solved so long ago that a new message is a new matter."""
    if candidate.status != "solved" or reopen_days is None or candidate.solved_at is None:
        return candidate.status == "closed"
    return candidate.solved_at < clock.now() - timedelta(days=reopen_days)


def same_subject(one: str, other: str) -> bool:
    """Whether two subjects say the same but for answer marks, ticket numbers and space; an empty one says nothing."""
    first, second = _core(one), _core(other)
    return not first or not second or first == second or first.startswith(second) or second.startswith(first)


def _core(subject: str) -> str:
    bare = _NUMBER_TAG.sub(" ", subject)
    while (shorter := _ANSWER_MARK.sub("", bare)) != bare:
        bare = shorter
    return " ".join(bare.split()).casefold().rstrip(" .…")


async def find(session: AsyncSession, clues: Clues) -> Match | None:
    """The ticket that a message belongs to, or None for a new one."""
    offered = proofs(clues, await _by_header(session, clues))
    if not offered:
        return None
    candidates = await _load(session, clues, {ticket_id for _, ticket_id in offered})
    for proof, ticket_id in offered:
        candidate = candidates.get(ticket_id)
        if candidate and accepted(proof, candidate):
            return Match(candidate, proof, _is_over(candidate, clues.reopen_days))
    return None
