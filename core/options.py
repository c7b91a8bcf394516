"""How the desk behaves where people may choose: one row for each group of choices, as JSON.

Kernel module. A group is a struct with defaults for everything, in the package that the choices belong to
(``tickets/policy.py``); a row holds what was chosen, so a new choice needs no migration. What a start of the program
needs is no option but a setting (``core/settings.py``).
"""

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core import clock, events
from core.base import Base
from core.errors import Invalid
from core.events import Event

Group = TypeVar("Group", bound=msgspec.Struct)


class Option(Base):
    """One group of choices."""

    __tablename__ = "options"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]


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
    value = await session.scalar(select(Option.value).where(Option.name == name)) or {}
    known = {key: each for key, each in value.items() if key in group.__struct_fields__}
    return msgspec.convert(known, group)


async def write(session: AsyncSession, name: str, chosen: msgspec.Struct) -> None:
    """Keep what was chosen; what was chosen before is in the event.

    Raises:
        Invalid: a value is out of the struct's bounds.
    """
    value: dict[str, Any] = msgspec.to_builtins(chosen)
    try:
        msgspec.convert(value, type(chosen))
    except msgspec.ValidationError as problem:
        raise Invalid(str(problem)) from problem
    before = msgspec.to_builtins(await read(session, name, type(chosen)))
    changes = {key: [before[key], new] for key, new in value.items() if before[key] != new}
    if not changes:
        return
    row = {"name": name, "value": value, "changed_at": clock.now()}
    statement = insert(Option).values(row)
    await session.execute(statement.on_conflict_do_update(index_elements=[Option.name], set_=row))
    events.record(session, OptionsChanged(name=name, changes=changes))
