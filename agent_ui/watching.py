"""Who looks at which ticket, and who is typing: short-lived facts, worth nothing later, kept in memory everywhere.

Each process is told of all of them by whispers (``core.live``), so a colleague on another server is seen as well. A
fact that is not repeated ends by itself: a window that crashed leaves no ghost.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from core import clock
from core.actor import Actor
from core.events import NO_TEAM

WATCH_TTL: Final = timedelta(seconds=45)
TYPING_TTL: Final = timedelta(seconds=6)
Mode = Literal["looking", "open", "editing"]
_STRENGTH: Final = {"looking": 0, "open": 1, "editing": 2}


class Whisper(msgspec.Struct, omit_defaults=True, tag_field="t", tag="agent"):
    """What processes tell each other of one socket.

    Attributes:
        socket: name of the socket, unique over all processes.
        agent_id: whose it is.
        name: her name.
        ticket_id: what she looks at; None: nothing any more.
        mode: how.
        typing: she has just typed.
        is_reply: what she writes is for the customer, who may be told in a live conversation; a note is not.
        team_id: the ticket's team (NO_TEAM: none); decides who may hear of it.
        assignee_id: the ticket's owner, who may hear of it, too.
    """

    socket: str
    agent_id: int
    name: str
    ticket_id: int | None = None
    mode: Mode = "looking"
    typing: bool = False
    is_reply: bool = True
    team_id: int = NO_TEAM
    assignee_id: int | None = None


class Watcher(msgspec.Struct, rename="camel"):
    """One agent in a ticket, over all her windows."""

    agent_id: int
    name: str
    mode: Mode
    typing: bool


class _Fact(msgspec.Struct):
    whisper: Whisper
    until: datetime
    typing_until: datetime | None


Audience = tuple[int, int | None]
Changed = dict[int, Audience]
"""Ticket → its team and owner, which decide who may be told."""


def _of(whisper: Whisper) -> Changed:
    if whisper.ticket_id is None:
        return {}
    return {whisper.ticket_id: (whisper.team_id, whisper.assignee_id)}


def may_hear(actor: Actor, audience: Audience) -> bool:
    """Whether somebody may be told who is in a ticket: the rule of ``tickets/access`` on what the whispers carry."""
    team_id, assignee_id = audience
    return actor.sees_all_tickets or team_id == NO_TEAM or team_id in actor.team_ids or assignee_id == actor.id


class Watching:
    """The facts of all sockets of all processes."""

    def __init__(self) -> None:
        self._by_socket: dict[str, _Fact] = {}

    def hear(self, whisper: Whisper) -> Changed:
        """Take a whisper in; returns the tickets whose watchers it may have changed."""
        now = clock.now()
        before = self._by_socket.pop(whisper.socket, None)
        changed = _of(before.whisper) if before else {}
        if whisper.ticket_id is not None:
            typing_until = now + TYPING_TTL if whisper.typing else None
            if before and before.whisper.ticket_id == whisper.ticket_id:
                typing_until = typing_until or before.typing_until
                whisper = self._kept_mode(whisper, before)
            self._by_socket[whisper.socket] = _Fact(whisper, now + WATCH_TTL, typing_until)
            changed |= _of(whisper)
        return changed

    @staticmethod
    def _kept_mode(whisper: Whisper, before: _Fact) -> Whisper:
        """Typing says nothing of the mode: the one last told stays."""
        return msgspec.structs.replace(whisper, mode=before.whisper.mode) if whisper.typing else whisper

    def expire(self) -> Changed:
        """Forget what was not repeated; returns the tickets whose watchers changed by it."""
        now = clock.now()
        changed: Changed = {}
        for socket, fact in list(self._by_socket.items()):
            if fact.until <= now:
                del self._by_socket[socket]
            elif fact.typing_until is not None and fact.typing_until <= now:
                fact.typing_until = None
            else:
                continue
            changed |= _of(fact.whisper)
        return changed

    def of(self, ticket_id: int) -> list[Watcher]:
        """Who is in a ticket, each agent once with the strongest of her modes, by name."""
        now = clock.now()
        found: dict[int, Watcher] = {}
        for fact in self._facts(ticket_id):
            said = fact.whisper
            typing = fact.typing_until is not None and fact.typing_until > now
            known = found.get(said.agent_id)
            if known is None:
                found[said.agent_id] = Watcher(said.agent_id, said.name, said.mode, typing)
                continue
            known.typing = known.typing or typing
            if _STRENGTH[said.mode] > _STRENGTH[known.mode]:
                known.mode = said.mode
        return sorted(found.values(), key=lambda one: (one.name, one.agent_id))

    def _facts(self, ticket_id: int) -> Iterator[_Fact]:
        now = clock.now()
        return (fact for fact in self._by_socket.values() if fact.whisper.ticket_id == ticket_id and fact.until > now)
