"""Response times of tickets: clocks are started, met, paused and ended by what happens to a ticket.

Handlers in the transaction of what happens (the table is in ``sampark/wiring.py``), and the functions that a channel of
calls uses. Clocks are found anew in ``routing/anew.py``, warned of and missed in ``routing/lateness.py``. The rules are
in ``routing/policies.py`` and ``routing/clocks.py``.
"""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.events import Event
from core.sql import Sql
from routing import anew, clock_rows, clocks, lateness, policies
from routing.anew import BECAUSE
from routing.clock_rows import Clocked
from routing.clocks import OVER, RESPONSES, Clock, Kind
from routing.events import CallTaken, WorkMoved
from routing.policies import Matter, Rules
from tickets import delivery, lifecycle
from tickets.events import (
    AnsweredElsewhere,
    DeliveryChanged,
    EntitlementApplied,
    MessageQueued,
    MessageReceived,
    NoReplyNeeded,
    PriorityChanged,
    StatusChanged,
    TeamChanged,
    TicketCreated,
    TicketSplit,
)
from tickets.first_answers import STANDS_SINCE

_MORE: Final = Sql(
    """
    select coalesce(c.tier, o.tier) as tier,
        (select queue_id from work_items where ticket_id = :ticket_id) as queue_id
    from customers c left join organisations o on o.id = c.organisation_id where c.id = :customer_id
    """
)
# What decides about the policy of a ticket that is over may change: the latest such change since it was solved.
_MATTER: Final = Sql(
    """
    select kind from (
        select id, kind from events where ticket_id = :ticket_id and kind in ('ticket.priority_changed',
            'ticket.entitlement_applied', 'ticket.team_changed', 'routing.moved')
        union all
        select id, kind from events where customer_id = :customer_id and kind = 'customer.changed'
            and data -> 'changes' -> 'tier' is not null
        union all
        select e.id, e.kind from customers c join events e on e.kind = 'organisation.changed'
            and cast(e.data ->> 'organisation_id' as bigint) = c.organisation_id
        where c.id = :customer_id and c.tier is null and e.data -> 'changes' -> 'tier' is not null
    ) as happened
    where id > coalesce((
        select max(id) from events where ticket_id = :ticket_id and kind = 'ticket.status_changed'
        and data ->> 'new' in ('solved', 'closed') and data ->> 'old' not in ('solved', 'closed')
    ), 0)
    order by id desc limit 1
    """
)
_ANSWERED_SINCE: Final = Sql(
    f"""
    select {STANDS_SINCE.format(ticket=":ticket_id", since="cast(:since as timestamptz)")} or exists(
        select 1 from events where ticket_id = :ticket_id and kind = 'call.taken' and at >= :since)
    """  # noqa: S608 - put together from constants of the product
)


async def _first_clocks(session: AsyncSession, rules: Rules, event: TicketCreated, now: datetime) -> list[Clock]:
    """The clocks of a new ticket; a first answer is promised to those who wait for one.

    Its work item has been made before, by the handler that gives it a queue.
    """
    team_id = next((each for each in event.teams if each != events.NO_TEAM), None)
    matter = Matter(event.entitlement, event.entitlement_until, event.priority, team_id)
    if rules.ask_more:
        more = await _MORE.first(session, customer_id=event.customer_id, ticket_id=event.ticket_id)
        matter = msgspec.structs.replace(matter, queue_id=more.queue_id, tier=more.tier)
    policy = policies.choose(rules.policies, matter)
    if policy is None:
        return []
    starts: dict[Kind, datetime | None] = {
        "first_response": event.waits_since,
        "resolution": event.waits_since or now,
    }
    made = [
        policies.clock_for(rules, policy, kind, matter, since)
        for kind, since in starts.items()
        if kind in policy.targets and since is not None
    ]
    clocks.follow(made, event.status, now)
    for each in made:
        clocks.wind(each, rules.schedules)
    return made


async def on_ticket_created(session: AsyncSession, event: TicketCreated) -> None:
    """A ticket was opened: its clocks start, by one statement as long as nobody has just changed the rules."""
    if event.ticket_id is None or event.archived:
        return
    stamp: str | None = None
    while True:
        rules = await policies.rules(session, stamp)
        made = await _first_clocks(session, rules, event, clock.now())
        if made:
            stamp = await clock_rows.write(session, event.ticket_id, made, stamp=rules.stamp)
        else:
            stamp = await clock_rows.stamp_now(session)
        if stamp == rules.stamp:
            return


async def on_message_received(session: AsyncSession, event: MessageReceived) -> None:
    """The customer wrote again: she waits for the next answer from her first words that nobody has answered."""
    new = any(each.ticket_id == event.ticket_id for each in events.recorded(session, TicketCreated))
    if event.is_auto or new:
        return
    found = await clock_rows.load(session, event.ticket_id or 0)
    if found is None or found.row.wrote_at is None or found.row.wrote_at != found.row.waiting_since:
        return
    await _start(session, found, "next_response" if found.row.answered else "first_response", found.row.wrote_at)


async def _start(session: AsyncSession, found: Clocked, kind: Kind, since: datetime) -> None:
    """Let a clock begin that begins anew each time, where it is promised and none of its kind is open."""
    last = found.latest(kind)
    if last is not None and (last.is_open or last.started_at == since):
        return
    rules = await policies.rules(session, found.row.stamp)
    policy = policies.choose(rules.policies, found.matter)
    if policy is None or kind not in policy.targets:
        return
    before = msgspec.json.encode(found.clocks)
    found.clocks.append(policies.clock_for(rules, policy, kind, found.matter, since))
    await lateness.settle(session, found, before, clock.now())


async def on_status_changed(session: AsyncSession, event: StatusChanged) -> None:
    """It waits, goes on, is solved or opened again; then by the terms for what it has become meanwhile."""
    found = await clock_rows.load(session, event.ticket_id or 0)
    if found is None:
        return
    reopened = event.old in OVER and event.new not in OVER
    if found.clocks:
        before = msgspec.json.encode(found.clocks)
        now = clock.now()
        clocks.follow(found.clocks, event.new, now)
        if reopened:
            found.clocks += _restarted(found, event.new, now)
        await lateness.settle(session, found, before, now)
    if reopened:
        because = await _matter_since_solved(session, found)
        found = await clock_rows.load(session, found.id) if because is not None else None
        if because is not None and found is not None:
            await anew.promise(session, found, because)


def _restarted(found: Clocked, status: str, now: datetime) -> list[Clock]:
    """The time to another solution, where the policy lets it begin anew; the one before stays met."""
    solutions = [each for each in found.clocks if each.kind == "resolution" and each.ended_at is None]
    last = solutions[-1] if solutions else None
    if last is None or not last.restarts or last.met_at is None or last.started_at == now:
        return []
    return [clocks.another(last, now, status)]


async def _matter_since_solved(session: AsyncSession, found: Clocked) -> str | None:
    """Why a ticket that is opened again may have another policy, if somebody has touched what decides about it."""
    just: list[Event] = [event for kind in BECAUSE for event in events.recorded(session, kind)]
    kinds = [each.kind for each in just if each.ticket_id == found.id]
    kind = kinds[0] if kinds else await _MATTER.scalar(session, ticket_id=found.id, customer_id=found.row.customer_id)
    return "tier" if kind in ("customer.changed", "organisation.changed") else anew.because_of(kind)


async def on_answer(session: AsyncSession, event: MessageQueued | AnsweredElsewhere | DeliveryChanged) -> None:
    """An agent has answered, or her answer was taken back or did not arrive: then it counts for nothing."""
    if not _may_matter(event):
        return
    found = await clock_rows.load(session, event.ticket_id or 0)
    if found is None:
        return
    before = msgspec.json.encode(found.clocks)
    now = clock.now()
    for kind in sorted(RESPONSES):
        last = found.latest(kind)
        if last is None or (last.ended_at is not None and last.breached_at is None):
            continue
        stands = found.row.answered
        if kind == "next_response":
            stands = stands and await _ANSWERED_SINCE.scalar(session, ticket_id=found.id, since=last.started_at)
        if stands and last.met_at is None:
            clocks.meet(last, now)
        elif not stands and last.met_at is not None:
            clocks.unmeet(last, await clock_rows.changes_of(session, found.id), found.row.status, now)
    await lateness.settle(session, found, before, now)


def _may_matter(event: MessageQueued | AnsweredElsewhere | DeliveryChanged) -> bool:
    if isinstance(event, MessageQueued):
        return event.is_answer
    if isinstance(event, DeliveryChanged):
        left_later = event.scheduled and event.state == "sent"
        return left_later or event.state in ("queued", "cancelled", "failed", "bounced")
    return True


async def on_no_reply_needed(session: AsyncSession, event: NoReplyNeeded) -> None:
    """Nobody waits for an answer; and a ticket that "Thanks!" has opened again stays solved as it was."""
    found = await clock_rows.load(session, event.ticket_id or 0)
    if found is None or not found.clocks:
        return
    before = msgspec.json.encode(found.clocks)
    now = clock.now()
    for each in found.clocks:
        if each.kind in RESPONSES and each.is_open:
            clocks.end(each, now)
    gone: list[Clock] = []
    if event.is_solved_again:
        gone = _stay_solved(found, await clock_rows.log_of(session, found.id), now)
        found.clocks = [each for each in found.clocks if each not in gone]
    await lateness.settle(session, found, before, now, gone)


def _stay_solved(found: Clocked, changes: list[clocks.Change], now: datetime) -> list[Clock]:
    """Let the time to the solution be as if its ticket had never been opened again; returns a clock that is gone."""
    solutions = [each for each in found.clocks if each.kind == "resolution" and each.ended_at is None]
    if len(solutions) > 1 and solutions[-2].restarts and solutions[-1].met_at is None:
        clocks.end(solutions[-1], now)
        return [] if solutions[-1].breached_at else [solutions[-1]]
    if solutions:
        clocks.stay_solved(solutions[-1], changes)
    return []


async def on_ticket_split(session: AsyncSession, event: TicketSplit) -> None:
    """A message was given a ticket of its own: in the old one nobody waits for an answer to it any more.

    Who still waits there has waited since a later message, or for nothing.
    """
    if event.ticket_id != event.from_ticket_id:
        return
    found = await clock_rows.load(session, event.from_ticket_id)
    if found is None:
        return
    before, now, since = msgspec.json.encode(found.clocks), clock.now(), found.row.waiting_since
    gone: list[Clock] = []
    for each in [one for one in found.clocks if one.kind in RESPONSES and one.is_open]:
        if since is not None and each.started_at < since:
            found.clocks.append(clocks.begun(each, since))
        if since is None or each.started_at < since:
            clocks.end(each, now)
            gone += [each] if each.breached_at is None else []
    found.clocks = [each for each in found.clocks if each not in gone]
    await lateness.settle(session, found, before, now, gone)


async def on_matter_changed(
    session: AsyncSession, event: EntitlementApplied | PriorityChanged | TeamChanged | WorkMoved
) -> None:
    """Another entitlement was frozen, it is more urgent, or elsewhere: other promises, from their original start."""
    found = await clock_rows.load(session, event.ticket_id or 0)
    if found is not None:
        await anew.promise(session, found, BECAUSE[type(event)])


# Calls: told by the channel that takes them, in its own transaction


async def call_waits(session: AsyncSession, ticket_id: int) -> None:
    """A call about a ticket rings; the time in which it shall be taken begins, where that is promised."""
    found = await _locked(session, ticket_id)
    if found is not None:
        await _start(session, found, "call_answer", clock.now())


async def call_taken(session: AsyncSession, ticket_id: int) -> None:
    """An agent speaks with the caller: the call was answered, and so is whoever waited for an answer by mail."""
    delivery.answered(await lifecycle.lock(session, ticket_id), clock.now())
    found = await _locked(session, ticket_id)
    if found is None:
        return
    events.record(session, CallTaken(**found.audience()))
    before = msgspec.json.encode(found.clocks)
    now = clock.now()
    for kind in ("call_answer", *RESPONSES):
        last = found.latest(kind)
        if last is not None and last.ended_at is None:
            clocks.meet(last, now)
    await lateness.settle(session, found, before, now)


async def call_given_up(session: AsyncSession, ticket_id: int) -> None:
    """The caller has hung up before anybody spoke with her; nothing is to be kept any more."""
    found = await _locked(session, ticket_id)
    last = found.latest("call_answer") if found else None
    if found is None or last is None or not last.is_open:
        return
    before = msgspec.json.encode(found.clocks)
    clocks.end(last, clock.now())
    await lateness.settle(session, found, before, clock.now())


async def _locked(session: AsyncSession, ticket_id: int) -> Clocked | None:
    await lifecycle.lock(session, ticket_id)
    return await clock_rows.load(session, ticket_id)
