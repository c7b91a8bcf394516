"""The topics of the request form: what people can ask about, which team gets it, which fields it asks.

Rows of ``request_topics``, written by administrators. A desk that has written none has the five topics of the product;
the first change writes these down.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from channels.models import RequestTopic
from channels.web import fields as form_fields
from channels.web.fields import Complaint, Field
from core import clock, events
from core.errors import Conflict, Invalid, NotFound, Stale
from core.events import Event
from core.i18n import NAMES, Language
from tickets import lifecycle

MOST: Final = 40
_KEY: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic.

    Attributes:
        id: 0 for those of the product.
        key: as it stands in addresses and in the ledger.
        names: language → words.
        team_id: who gets it; None: as the form's account says (``channels/web/form``).
        position: topics are listed by it.
        version: 0 for those of the product that nobody has changed.
    """

    id: int = 0
    key: str
    names: dict[str, str]
    team_id: int | None = None
    position: int = 0
    fields: list[Field] = []
    is_active: bool = True
    version: int = 0


class TopicDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator may set of a topic; see :class:`Topic`.

    Attributes:
        position: None: where it is, and for a new one at the end.
    """

    key: str
    names: dict[str, str]
    team_id: int | None = None
    position: int | None = None
    fields: Sequence[Field] = ()
    is_active: bool = True


ABOUT_PRODUCTS: Final = frozenset({"repair", "warranty"})
"""Topics of the product that ask which registered product it is about."""


class RequestTopicChanged(Event, frozen=True, kw_only=True):
    """A topic of the request form was made, changed or taken away."""

    kind = "request_topic.changed"
    topic: str
    what: str


def of_product() -> list[Topic]:
    """The topics of a desk that has written none."""
    return [
        Topic(
            key=key,
            names={code: _names(code)[key] for code in NAMES},
            position=place,
            fields=[_which_product()] if key in ABOUT_PRODUCTS else [],
        )
        for place, key in enumerate(_names("en"))
    ]


def _which_product() -> Field:
    """Asked of who is signed in and has registered products; how each is covered stands beside it."""
    names = {code: Language(code).text("Which of your products?") for code in NAMES}
    return Field(key="product", kind="product", names=names)


def _names(code: str) -> dict[str, str]:
    _ = Language(code).text
    return {
        "repair": _("A fault or a repair"),
        "order": _("An order or a delivery"),
        "payment": _("A payment, refund or invoice"),
        "warranty": _("Warranty or registration"),
        "other": _("Something else"),
    }


def _topic(row: RequestTopic) -> Topic:
    return Topic(
        id=row.id,
        key=row.key,
        names=dict(row.names),
        team_id=row.team_id,
        position=row.position,
        fields=msgspec.convert(row.fields, list[Field]),
        is_active=row.is_active,
        version=row.version,
    )


async def list_topics(session: AsyncSession, *, everything: bool = False) -> list[Topic]:
    """The topics in their order.

    Args:
        session: where to read.
        everything: also those that are not offered at the moment.
    """
    rows = await session.scalars(select(RequestTopic).order_by(RequestTopic.position, RequestTopic.id))
    topics = [_topic(row) for row in rows] or of_product()
    return [topic for topic in topics if everything or topic.is_active]


async def find_topic(session: AsyncSession, key: str) -> Topic | None:
    """A topic by its key, offered or not."""
    return next((topic for topic in await list_topics(session, everything=True) if topic.key == key), None)


async def create(session: AsyncSession, draft: TopicDraft) -> Topic:
    """Make a topic.

    Raises:
        Invalid: a field is wrong.
        Conflict: there is one of this key, or there are too many.
    """
    await _write_down(session)
    known = await session.execute(select(RequestTopic.key, RequestTopic.position))
    places = dict(known.all())
    if draft.key in places:
        words = f"There is a topic {draft.key} already."
        raise Conflict(words, errors=[{"field": "key", "message": words}])
    if len(places) >= MOST:
        raise Conflict(f"A desk has at most {MOST} topics.")
    await lifecycle.check_team(session, draft.team_id)
    values = {"position": max(places.values()) + 1} | await _checked(session, draft)
    row = RequestTopic(**values, updated_at=clock.now())
    session.add(row)
    await session.flush()
    events.record(session, RequestTopicChanged(topic=row.key, what="created"))
    return _topic(row)


async def change(session: AsyncSession, key: str, draft: TopicDraft, version: int | None = None) -> Topic:
    """Replace a topic. Its key stays: addresses and old requests name it.

    Raises:
        NotFound: there is no such topic.
        Stale: somebody changed it meanwhile.
        Invalid: a field is wrong.
    """
    await _write_down(session)
    row = await _locked(session, key)
    if version is not None and row.version != version:
        raise Stale(version=row.version)
    await lifecycle.check_team(session, draft.team_id)
    values = await _checked(session, draft)
    if draft.key != key:
        raise Invalid.field("key", "The key of a topic stays as it is.")
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(row, name, value)
        row.version, row.updated_at = row.version + 1, clock.now()
        await session.flush()
        events.record(session, RequestTopicChanged(topic=key, what="changed"))
    return _topic(row)


async def sort(session: AsyncSession, keys: Sequence[str]) -> None:
    """Put the topics into an order; one that is not named stands behind the others, so that nobody loses a new one.

    A topic's version stays: who is writing its questions is not disturbed by it.

    Raises:
        NotFound: a key is no topic's (any more).
    """
    await _write_down(session)
    wanted = select(RequestTopic).order_by(RequestTopic.position, RequestTopic.id).with_for_update()
    rows = {row.key: row for row in await session.scalars(wanted)}
    if unknown := [key for key in keys if key not in rows]:
        raise NotFound(f"There is no topic {unknown[0]}.")
    for place, key in enumerate(dict.fromkeys([*keys, *rows])):
        if rows[key].position != place:
            rows[key].position = place
            events.record(session, RequestTopicChanged(topic=key, what="moved"))


async def remove(session: AsyncSession, key: str) -> None:
    """Take a topic away; requests that name it stay as they are.

    Raises:
        NotFound: there is no such topic.
        Conflict: it is the last one.
    """
    await _write_down(session)
    row = await _locked(session, key)
    if await session.scalar(select(func.count()).select_from(RequestTopic)) == 1:
        raise Conflict("One topic must stay.")
    await session.execute(delete(RequestTopic).where(RequestTopic.id == row.id))
    events.record(session, RequestTopicChanged(topic=key, what="removed"))


async def _locked(session: AsyncSession, key: str) -> RequestTopic:
    row = await session.scalar(select(RequestTopic).where(RequestTopic.key == key).with_for_update())
    if row is None:
        raise NotFound("There is no such topic.")
    return row


async def _write_down(session: AsyncSession) -> None:
    """Make rows of the product's topics where there are none yet, so that they can be changed."""
    if await session.scalar(select(RequestTopic.id).limit(1)) is None:
        session.add_all(
            RequestTopic(
                key=topic.key,
                names=topic.names,
                position=topic.position,
                fields=msgspec.to_builtins(topic.fields),
                version=topic.version,
                updated_at=clock.now(),
            )
            for topic in of_product()
        )
        await session.flush()


async def _is_named(session: AsyncSession, draft: TopicDraft) -> bool:
    """Whether a customer could not tell the topic from another one."""
    others = await session.scalars(select(RequestTopic.names).where(RequestTopic.key != draft.key))
    return any(form_fields.plain(names) & form_fields.plain(draft.names) for names in others)


async def _checked(session: AsyncSession, draft: TopicDraft) -> dict[str, Any]:
    """The columns of a draft.

    Raises:
        Invalid: fields are wrong; all of them are named.
    """
    names = {code: " ".join(draft.names[code].split())[:200] for code in NAMES if draft.names.get(code, "").strip()}
    wrong = form_fields.complaints(draft.fields)
    if not names:
        wrong.insert(0, Complaint("names", "A topic needs words in at least one language."))
    elif await _is_named(session, draft):
        wrong.insert(0, Complaint("names", "Another topic has the same name."))
    if not _KEY.fullmatch(draft.key):
        words = "The key is made of small letters, digits, - and _, and begins with a letter."
        wrong.insert(0, Complaint("key", words))
    if wrong:
        said = "; ".join(f"{each.field}: {each.message}" for each in wrong)
        raise Invalid(said, errors=[msgspec.to_builtins(each) for each in wrong])
    place = {} if draft.position is None else {"position": draft.position}
    return place | {
        "key": draft.key,
        "names": names,
        "team_id": draft.team_id,
        "fields": msgspec.to_builtins(list(draft.fields)),
        "is_active": draft.is_active,
    }
