"""How the desk behaves where people may choose: one row for each group of choices, as JSON.

Kernel module. A group is a struct with defaults for everything, in the package that the choices belong to
(``tickets/policy.py``); a row holds what was chosen, so a new choice needs no migration. What a start of the program
needs is no option but a setting (``core/settings.py``).
"""

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core import clock, events
from core.base import Base
from core.errors import Invalid, Stale
from core.events import Event

Group = TypeVar("Group", bound=msgspec.Struct)


class Option(Base):
    """One group of choices; ``version`` counts its changes."""

    __tablename__ = "options"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class OptionsChanged(Event, frozen=True, kw_only=True):
    """Somebody chose how the desk behaves: field → [old, new]."""

    kind = "options.changed"
    name: str
    changes: dict[str, list[Any]]


async def read(session: AsyncSession, name: str, group: type[Group]) -> Group:
    """What was chosen, and the defaults for the rest.

    Args:
        session: any session.
        name: of the group.
        group: its struct.
    """
    chosen, _ = await read_with_version(session, name, group)
    return chosen


async def read_with_version(session: AsyncSession, name: str, group: type[Group]) -> tuple[Group, int]:
    """The same with its version; 0 while nobody has chosen anything."""
    row = (await session.execute(select(Option.value, Option.version).where(Option.name == name))).one_or_none()
    value, version = ({}, 0) if row is None else (row.value, row.version)
    known = {key: each for key, each in value.items() if key in group.__struct_fields__}
    return msgspec.convert(known, group), version


async def write(session: AsyncSession, name: str, chosen: msgspec.Struct, version: int | None = None) -> None:
    """Keep what was chosen; what was chosen before is in the event.

    Args:
        session: the unit of work.
        name: of the group.
        chosen: all of it.
        version: that it was chosen in place of; None takes the place of any.

    Raises:
        Invalid: a value is out of the struct's bounds.
        Stale: somebody chose otherwise meanwhile.
    """
    value: dict[str, Any] = msgspec.to_builtins(chosen)
    try:
        msgspec.convert(value, type(chosen))
    except msgspec.ValidationError as problem:
        raise Invalid(str(problem)) from problem
    known, there = await read_with_version(session, name, type(chosen))
    if version is not None and version != there:
        raise Stale(version=there)
    before = msgspec.to_builtins(known)
    changes = {key: [before[key], new] for key, new in value.items() if before[key] != new}
    if not changes:
        return
    row = {"name": name, "value": value, "changed_at": clock.now()}
    kept = await session.scalar(
        insert(Option)
        .values(row | {"version": 1})
        .on_conflict_do_update(
            index_elements=[Option.name],
            set_=row | {"version": Option.version + 1},
            where=None if version is None else Option.version == version,
        )
        .returning(Option.version)
    )
    if kept is None:  # in the moment since it was read
        raise Stale(version=there + 1)
    events.record(session, OptionsChanged(name=name, changes=changes))
