"""Recalls: which products come in, whose they are, and how far we are with each owner.

A draft shows whom it would reach; once started, every matching registration is a case, also one that is registered
later. Mails leave in the background under the brake (``channels/product_mail.py``); agents go through what no mail
reaches.
"""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events, i18n, jobs
from core.db import actor_of
from core.errors import Conflict, Invalid, NotFound
from customers.models import ContactPoint, Customer
from products import catalogue, serials
from products.events import RecallCaseChanged, RecallClosed, RecallStarted
from products.models import Product, Recall, RecallCase, Registration

MAIL_JOB: Final = "products.mail_recall"
STATES: Final = ("to_contact", "mailed", "answered", "done", "unreachable")
MOST_RANGES: Final = 50
LONGEST_PAGE: Final = 100
CaseState = Literal["to_contact", "mailed", "answered", "done", "unreachable"]


class RecallWords(msgspec.Struct, frozen=True):
    """What a recall says in one language."""

    title: str
    text: str


class RecallInput(msgspec.Struct, frozen=True, kw_only=True):
    """What a recall says and of which products.

    Attributes:
        title: in the desk's default language, as ``text``.
        words: other language → what it says there; a language that says nothing is left out.
        ranges: pairs of serial numbers, both included; none: every product of the model.
    """

    title: str
    text: str
    product_id: int
    ranges: list[tuple[str, str]] = []
    words: dict[str, RecallWords] = {}


class CaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """One product of a recall as a line of the outreach list."""

    id: int
    recall_id: int
    registration_id: int
    serial: str
    customer_id: int
    customer: str
    language: str | None
    email: str | None
    phone: str | None
    state: str
    note: str
    mailed_at: datetime | None
    changed_at: datetime
    notice_id: int | None


class Notice(msgspec.Struct, frozen=True):
    """What the owner of a recalled product is shown.

    Attributes:
        is_fallback: it does not say it in her language, so that the desk's default language stands here.
    """

    recall_id: int
    title: str
    text: str
    state: str
    is_fallback: bool


async def save(session: AsyncSession, wanted: RecallInput, recall_id: int | None = None) -> Recall:
    """Write a draft, or change one.

    Raises:
        Invalid: no title or text, half of them in another language, or a range that cannot be.
        NotFound: there is no such recall or product.
        Conflict: it has been started.
    """
    product = await catalogue.get(session, wanted.product_id)
    values = {
        "title": _line(wanted.title),
        "text": _lines(wanted.text),
        "words": _words(wanted.words),
        "product_id": product.id,
        "ranges": _ranges(product, wanted.ranges),
    }
    if not values["title"]:
        raise Invalid.field("title", "A title is needed.")
    if not values["text"]:
        raise Invalid.field("text", "Say what is wrong with the product and what its owner should do.")
    if recall_id is None:
        made = Recall(**values, state="draft", created_at=clock.now(), created_by_id=actor_of(session).id)
        session.add(made)
        await session.flush()
        return made
    known = await _lock(session, recall_id)
    if known.state != "draft":
        raise Conflict("This recall has been started. Its text and its serial numbers stand.")
    for name, value in values.items():
        setattr(known, name, value)
    await session.flush()
    return known


def _line(title: str) -> str:
    return " ".join(title.replace("\x00", "").split())


def _lines(text: str) -> str:
    return text.replace("\x00", "").strip()


def _words(given: dict[str, RecallWords]) -> dict[str, dict[str, str]]:
    """The languages that say something; each says all of it, so that nobody reads half in another language."""
    unknown = sorted(set(given) - set(i18n.NAMES))
    if unknown:
        raise Invalid.field("words", f"{unknown[0]} is not a language of this desk.")
    found = {code: {"title": _line(each.title), "text": _lines(each.text)} for code, each in given.items()}
    for code, words in found.items():
        empty = [field for field, said in words.items() if not said]
        if len(empty) == 1:
            raise Invalid.field(f"words.{code}.{empty[0]}", "Title and text belong together in each language.")
    return {code: words for code, words in found.items() if words["title"]}


def words_in(recall: Recall, language: str) -> RecallWords:
    """What a recall says in a language, else in the desk's default language."""
    return _told(recall.words, language) or RecallWords(recall.title, recall.text)


def _told(words: dict[str, Any], language: str | None) -> RecallWords | None:
    said = words.get(language or "")
    return RecallWords(said["title"], said["text"]) if said else None


def _ranges(product: Product, wanted: list[tuple[str, str]]) -> list[list[str]]:
    if len(wanted) > MOST_RANGES:
        raise Invalid.field("ranges", f"At most {MOST_RANGES} ranges.")
    found: list[list[str]] = []
    for first, last in wanted:
        try:
            ends = [serials.read(each, catalogue.format_of(product)) for each in (first, last or first)]
        except serials.Wrong as problem:
            raise Invalid.field("ranges", problem.extra["errors"][0]["message"]) from None
        if len(ends[0]) != len(ends[1]) or ends[0] > ends[1]:
            raise Invalid.field("ranges", f"{ends[0]} to {ends[1]} is no range.")
        found.append(ends)
    return found


async def get(session: AsyncSession, recall_id: int) -> Recall:
    """One recall.

    Raises:
        NotFound: there is none with this id.
    """
    found = await session.get(Recall, recall_id)
    if found is None:
        raise NotFound("There is no such recall.")
    return found


async def _lock(session: AsyncSession, recall_id: int) -> Recall:
    statement = select(Recall).where(Recall.id == recall_id).with_for_update()
    found = await session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("There is no such recall.")
    return found


async def every(session: AsyncSession) -> list[Recall]:
    """All recalls, newest first."""
    return list(await session.scalars(select(Recall).order_by(Recall.id.desc())))


def _matches(recall: Recall) -> ColumnElement[bool]:
    serial = Registration.serial.collate("C")
    parts = [
        and_(func.length(Registration.serial) == len(first), serial >= first, serial <= last)
        for first, last in recall.ranges
    ]
    in_range = or_(*parts) if parts else true()
    return and_(Registration.product_id == recall.product_id, Registration.ended_at.is_(None), in_range)


async def count_matching(session: AsyncSession, recall: Recall) -> int:
    """How many registered products a draft would reach."""
    found = await session.scalar(select(func.count()).select_from(Registration).where(_matches(recall)))
    return int(found or 0)


async def start(session: AsyncSession, recall_id: int) -> Recall:
    """Begin: every matching product becomes a case, and mails leave in the background.

    Raises:
        NotFound: there is none with this id.
        Conflict: it is not a draft.
    """
    recall = await _lock(session, recall_id)
    if recall.state != "draft":
        raise Conflict("This recall has been started already.")
    now = clock.now()
    recall.state, recall.started_at = "running", now
    await session.flush()
    matched = await _include(session, recall, true())
    events.record(session, RecallStarted(recall_id=recall.id, title=recall.title, matched=matched))
    await ask_to_mail(session, recall.id)
    return recall


async def _include(session: AsyncSession, recall: Recall, only: ColumnElement[bool]) -> int:
    ids = list(await session.scalars(select(Registration.id).where(_matches(recall), only)))
    now = clock.now()
    for begin in range(0, len(ids), 5000):
        part = ids[begin : begin + 5000]
        rows = [{"recall_id": recall.id, "registration_id": each, "changed_at": now} for each in part]
        await session.execute(insert(RecallCase).values(rows).on_conflict_do_nothing())
    return len(ids)


async def ask_to_mail(session: AsyncSession, recall_id: int, at: datetime | None = None) -> None:
    """Have the next mails of a recall sent, now or at an instant."""
    key = f"{MAIL_JOB}:{recall_id}"
    await jobs.enqueue(session, MAIL_JOB, {"recall_id": recall_id}, key=key, run_at=at, dedupe=key)


async def include(session: AsyncSession, registration: Registration) -> list[Recall]:
    """Put a product that was registered just now into the running recalls that it belongs to."""
    running = select(Recall).where(Recall.state == "running", Recall.product_id == registration.product_id)
    found: list[Recall] = []
    for recall in await session.scalars(running):
        if await _include(session, recall, Registration.id == registration.id):
            found.append(recall)
            await ask_to_mail(session, recall.id)
    return found


async def begin_anew(session: AsyncSession, registration_id: int) -> None:
    """A recalled product has another owner: she has heard nothing yet."""
    theirs = (
        select(RecallCase.id, RecallCase.recall_id)
        .join(Recall, Recall.id == RecallCase.recall_id)
        .where(RecallCase.registration_id == registration_id, Recall.state == "running")
        .where(RecallCase.state.in_(("mailed", "answered", "unreachable")))
    )
    for case_id, recall_id in (await session.execute(theirs)).all():
        await move(session, case_id, "to_contact", "The product has another owner.")
        await ask_to_mail(session, recall_id)


async def close(session: AsyncSession, recall_id: int) -> Recall:
    """End a recall; nobody is written to any more.

    Raises:
        NotFound: there is none with this id.
        Conflict: it is not running.
    """
    recall = await _lock(session, recall_id)
    if recall.state != "running":
        raise Conflict("Only a running recall can be closed.")
    recall.state, recall.closed_at = "closed", clock.now()
    events.record(session, RecallClosed(recall_id=recall.id, title=recall.title))
    return recall


async def progress(session: AsyncSession, recall_ids: list[int]) -> dict[int, dict[str, int]]:
    """Recall → state → number of its products."""
    statement = (
        select(RecallCase.recall_id, RecallCase.state, func.count())
        .where(RecallCase.recall_id.in_(recall_ids))
        .group_by(RecallCase.recall_id, RecallCase.state)
    )
    found: dict[int, dict[str, int]] = {number: {str(state): 0 for state in STATES} for number in recall_ids}
    for number, state, count in await session.execute(statement):
        found[number][state] = count
    return found


def _contact(kind: str) -> Any:
    return (
        select(ContactPoint.value)
        .where(ContactPoint.customer_id == Customer.id, ContactPoint.kind == kind)
        .order_by(ContactPoint.invalid_reason.is_not(None), ContactPoint.id)
        .limit(1)
        .correlate(Customer)
        .scalar_subquery()
    )


def _cases() -> Select[*tuple[Any, ...]]:
    return (
        select(
            RecallCase.id, RecallCase.recall_id, RecallCase.registration_id, Registration.serial,
            Registration.customer_id, Customer.name.label("customer"), Customer.language,
            _contact("email").label("email"), _contact("phone").label("phone"), RecallCase.state, RecallCase.note,
            RecallCase.mailed_at, RecallCase.changed_at, RecallCase.notice_id,
        )
        .join(Registration, Registration.id == RecallCase.registration_id)
        .join(Customer, Customer.id == Registration.customer_id)
    )  # fmt: skip


async def list_cases(
    session: AsyncSession, recall_id: int, state: str | None = None, after_id: int | None = None, limit: int = 50
) -> tuple[list[CaseRow], int | None]:
    """One page of the outreach list, and the key of the next.

    Args:
        session: where to read.
        recall_id: of which recall.
        state: only these.
        after_id: where the page before ended.
        limit: lines.
    """
    limit = max(1, min(limit, LONGEST_PAGE))
    statement = _cases().where(RecallCase.recall_id == recall_id).order_by(RecallCase.id).limit(limit + 1)
    if state is not None:
        statement = statement.where(RecallCase.state == state)
    if after_id is not None:
        statement = statement.where(RecallCase.id > after_id)
    rows = [CaseRow(**row) for row in (await session.execute(statement)).mappings()]
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


async def next_to_contact(session: AsyncSession, recall_id: int, limit: int) -> list[CaseRow]:
    """Cases whose owner has heard nothing yet, locked, oldest first (job)."""
    waiting = _cases().where(RecallCase.recall_id == recall_id, RecallCase.state == "to_contact")
    statement = waiting.order_by(RecallCase.id).limit(limit).with_for_update(of=RecallCase, skip_locked=True)
    return [CaseRow(**row) for row in (await session.execute(statement)).mappings()]


async def mailed_cases(session: AsyncSession, recall_id: int) -> list[tuple[int, int]]:
    """(case, notice) of those that were mailed and have not answered."""
    statement = select(RecallCase.id, RecallCase.notice_id).where(
        RecallCase.recall_id == recall_id, RecallCase.state == "mailed", RecallCase.notice_id.is_not(None)
    )
    rows = await session.execute(statement)
    return [(case_id, notice_id) for case_id, notice_id in rows if notice_id is not None]


async def move(
    session: AsyncSession, case_id: int, state: str, note: str | None = None, notice_id: int | None = None
) -> RecallCase:
    """Say how far we are with one product.

    Args:
        session: the unit of work.
        case_id: which.
        state: one of :data:`STATES`.
        note: what a colleague should know; None: leave it.
        notice_id: the mail that has gone out.

    Raises:
        NotFound: there is none with this id.
        Invalid: there is no such state.
    """
    if state not in STATES:
        raise Invalid.field("state", f"One of {', '.join(STATES)}.")
    locked = select(RecallCase).where(RecallCase.id == case_id).with_for_update()
    case = await session.scalar(locked.execution_options(populate_existing=True))
    if case is None:
        raise NotFound("There is no such case.")
    old, case.state = case.state, state
    case.changed_at = clock.now()
    if note is not None:
        case.note = note.replace("\x00", "").strip()[:2000]
    if notice_id is not None:
        case.notice_id, case.mailed_at = notice_id, clock.now()
    if old != state:
        owner = await session.scalar(select(Registration.customer_id).where(Registration.id == case.registration_id))
        changed = RecallCaseChanged(
            recall_id=case.recall_id, registration_id=case.registration_id, customer_id=owner, old=old, new=state
        )
        events.record(session, changed)
    await session.flush()
    return case


async def answer(session: AsyncSession, registration_id: int, words: str) -> None:
    """The owner says that she has read of the recall (portal); her words stand beside the case."""
    mine = (
        select(RecallCase.id)
        .join(Recall, Recall.id == RecallCase.recall_id)
        .where(RecallCase.registration_id == registration_id, Recall.state == "running")
        .where(RecallCase.state.in_(("to_contact", "mailed", "unreachable")))
    )
    for case_id in list(await session.scalars(mine)):
        await move(session, case_id, "answered", words.strip() or None)


async def notices_for(
    session: AsyncSession, registration_ids: list[int], language: str | None = None
) -> dict[int, list[Notice]]:
    """Registered product → the running recalls that it is in and has not come through.

    Args:
        session: where to read.
        registration_ids: of these products.
        language: the reader's; None: the desk's default language.
    """
    if not registration_ids:
        return {}
    statement = (
        select(RecallCase.registration_id, Recall.id, Recall.title, Recall.text, Recall.words, RecallCase.state)
        .join(Recall, Recall.id == RecallCase.recall_id)
        .where(RecallCase.registration_id.in_(registration_ids), RecallCase.state != "done", Recall.state == "running")
        .order_by(Recall.id)
    )
    found: dict[int, list[Notice]] = {}
    for registration_id, recall_id, title, text, words, state in await session.execute(statement):
        own = _told(words, language)
        said = own or RecallWords(title, text)
        notice = Notice(recall_id, said.title, said.text, state, is_fallback=own is None)
        found.setdefault(registration_id, []).append(notice)
    return found
