"""Who is who among the addresses of a mail: our mailboxes, our agents, who is blocked, everybody else.

Read again every few seconds, because every mail asks. Part of the e-mail channel, used by ``channels/email/reader``.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from channels.email import accounts, blocking
from channels.inbound import Account
from core import clock
from staff import actors
from tickets.intake import Person

REFRESH_SECONDS: Final = 2.0


class Book(msgspec.Struct, frozen=True):
    """The addresses of our side.

    Attributes:
        own: addresses and aliases of all mailboxes, also of those that are let go, normalised.
        agents: agents by their addresses, lower case.
        blocked: senders whose mails open nothing: pattern → reason.
    """

    own: frozenset[str]
    agents: dict[str, int]
    blocked: dict[str, str]

    def is_own(self, address: str) -> bool:
        """Whether it is one of our mailboxes, with or without a plus part."""
        return address in self.own or accounts.without_tag(address) in self.own

    def outside(self, people: Iterable[Person]) -> list[Person]:
        """Those who are neither a mailbox of ours nor an agent."""
        return [each for each in people if not self.is_own(each.address) and each.address not in self.agents]


class Directory:
    """Keeps the book."""

    def __init__(self) -> None:
        self._book = Book(frozenset(), {}, {})
        self._read_at = float("-inf")

    async def book(self, session: AsyncSession) -> Book:
        """The book, at most :data:`REFRESH_SECONDS` old."""
        now = clock.monotonic()
        if now - self._read_at > REFRESH_SECONDS:
            listed = await accounts.listed(session, active_only=False)
            own = frozenset(accounts.normalise(each) for one in listed for each in (one.address, *one.aliases))
            self._book = Book(own, await actors.addresses(session), await blocking.rules(session))
            self._read_at = now
        return self._book


def written_to(account: Account, addresses: Iterable[str]) -> str:
    """The address of this mailbox that a mail was written to: the first that is its own, without a plus part."""
    own = {accounts.normalise(each): each for each in (account.address, *account.aliases)}
    for address in addresses:
        bare = accounts.without_tag(accounts.normalise(address))
        if bare in own:
            return own[bare]
    return account.address
