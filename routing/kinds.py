"""Kinds of work: what a mail, a chat or a call takes of an agent, and how it comes to her.

What the product brings is here; the desk's changes are rows (``work_kinds``). :data:`KINDS` is both as one table, for
the statements of ``routing/floor.py`` and ``routing/rounds.py``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import events
from core.errors import NotFound
from core.sql import Sql
from routing.events import WorkKindChanged
from routing.models import WorkKind

Weight = Annotated[float, msgspec.Meta(gt=0, le=100)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=86_400)]


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """How work of a kind is given.

    Attributes:
        kind: its name, as of the channel that it comes by.
        weight: how much of an agent's capacity it takes.
        blocks: who has it gets nothing else.
        beside: how much else an agent may hold at most to get it; None: whatever leaves room for it.
        offer_seconds: so long it is held out to an agent, who takes it or not; None: it is hers at once.
        idle_after_seconds: after so long without a word it weighs ``idle_weight``; None: never.
        idle_weight: what it weighs then.
        head_start_seconds: so much longer than it has it counts as having waited.
        requeue_after_seconds: so long after its agent was lost it goes back; None: by its queue.
    """

    kind: str
    weight: Weight = 1.0
    blocks: bool = False
    beside: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    offer_seconds: Annotated[int, msgspec.Meta(ge=5, le=3600)] | None = None
    idle_after_seconds: Seconds | None = None
    idle_weight: Annotated[float, msgspec.Meta(ge=0, le=100)] = 1.0
    head_start_seconds: Annotated[int, msgspec.Meta(ge=0, le=90 * 86_400)] = 0
    requeue_after_seconds: Seconds | None = None


_DAY: Final = 86_400
BROUGHT: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        each.kind: each
        for each in (
            Kind(kind="call", blocks=True, head_start_seconds=8 * _DAY, requeue_after_seconds=30),
            Kind(kind="callback", blocks=True, head_start_seconds=8 * _DAY),
            Kind(
                kind="chat",
                head_start_seconds=7 * _DAY,
                idle_after_seconds=600,
                idle_weight=0.5,
                requeue_after_seconds=60,
            ),
            Kind(kind="sms", head_start_seconds=3600),
            Kind(kind="whatsapp", head_start_seconds=3600),
            Kind(kind="email"),
            Kind(kind="web"),
        )
    }
)
"""Who waits beside a telephone or a window goes before letters, however old these are; see the decision record."""

_COLUMNS: Final = tuple(Kind.__struct_fields__)[1:]
_TYPES: Final = ("float8", "boolean", "float8", "bigint", "bigint", "float8", "bigint", "bigint")


def _literal(value: float | bool | None, kind: str) -> str:
    return f"cast({'null' if value is None else str(value).lower()} as {kind})"


def _row(kind: Kind) -> str:
    values = (_literal(getattr(kind, name), as_type) for name, as_type in zip(_COLUMNS, _TYPES, strict=True))
    return f"('{kind.kind}', {', '.join(values)})"


_EITHER: Final = ", ".join(f"case when k.kind is null then b.{name} else k.{name} end as {name}" for name in _COLUMNS)
KINDS: Final = f"""(
    select b.kind, {_EITHER}
    from (values {", ".join(_row(each) for each in BROUGHT.values())}) as b (kind, {", ".join(_COLUMNS)})
        left join work_kinds k on k.kind = b.kind
)"""  # noqa: S608 - put together from constants of this module
"""All kinds as they are now, as a part of a statement."""
_ALL: Final = Sql(f"select * from {KINDS} as k")  # noqa: S608 - as above


async def list_kinds(session: AsyncSession) -> list[Kind]:
    """All kinds, the most pressing ones first."""
    found = {row.kind: msgspec.convert(dict(row), Kind) for row in await _ALL.all(session)}
    return [found[name] for name in BROUGHT]


async def save(session: AsyncSession, wanted: Kind) -> Kind:
    """Keep how work of a kind is given from now on, also what waits already.

    Raises:
        NotFound: there is no such kind.
    """
    if wanted.kind not in BROUGHT:
        raise NotFound("There is no such kind of work.")
    before = next(each for each in await list_kinds(session) if each.kind == wanted.kind)
    if before == wanted:
        return wanted
    values: dict[str, Any] = msgspec.to_builtins(wanted)
    statement = insert(WorkKind).values(values)
    await session.execute(statement.on_conflict_do_update(index_elements=[WorkKind.kind], set_=values))
    if before.head_start_seconds != wanted.head_start_seconds:
        await _RERANK.all(session, kind=wanted.kind, by=before.head_start_seconds - wanted.head_start_seconds)
    events.record(session, WorkKindChanged(work=wanted.kind, before=msgspec.to_builtins(before), after=values))
    return wanted


_RERANK: Final = Sql(
    """
    update work_items set rank_at = rank_at + make_interval(secs => cast(:by as float8))
    where kind = :kind and state in ('waiting', 'offered')
    """
)
