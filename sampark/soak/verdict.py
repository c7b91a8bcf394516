"""The proof at the end of a soak: every mail on the server against the ledger, the tickets and the messages.

Part of ``sampark soak mail``. Mails are told by the letter and copy that stand in their first line
(`simulator/soak_letters.py`), not by what the product says about them.
"""

from collections import Counter
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from simulator.soak_letters import SoakMail, name_in

EXAMPLES = 10


class Verdict(msgspec.Struct, frozen=True):
    """What became of the mails of a soak.

    Attributes:
        sent: mails on the server, copies included.
        ledger_rows: rows of the ledger; more than ``sent`` after a change of UIDVALIDITY.
        ledger_mails: different mails among them.
        tickets: all.
        messages: that customers wrote.
        duplicates: messages of a letter after its first, and tickets without any message.
        lost: mails without a ledger row with an outcome, and letters of people without a message.
        unexplained: rows that are none of our mails, such as notes on mails that could not be fetched.
        outcomes: how many rows ended how.
        examples: some of the lost, doubled and unexplained ones, in words.
    """

    sent: int
    ledger_rows: int
    ledger_mails: int
    tickets: int
    messages: int
    duplicates: int
    lost: int
    unexplained: int
    outcomes: dict[str, int]
    examples: list[str]

    @property
    def good(self) -> bool:
        """Whether nothing is lost and nothing is doubled."""
        return not (self.lost or self.duplicates or self.unexplained) and self.ledger_mails == self.sent


@dataclass
class Sent:
    """What was put on the server; grows as it is.

    Attributes:
        mails: letter and copy of each.
        kinds: kind of each letter.
        human: letters that must end as one message.
    """

    mails: set[tuple[int, int]] = field(default_factory=set)
    kinds: dict[int, str] = field(default_factory=dict)
    human: set[int] = field(default_factory=set)

    def add(self, mail: SoakMail) -> None:
        """One more."""
        self.mails.add((mail.letter, mail.copy))
        self.kinds.setdefault(mail.letter, mail.kind)
        if mail.human:
            self.human.add(mail.letter)


@dataclass
class _Ledger:
    """The ledger as it was found."""

    rows: int = 0
    letters: dict[int, int] = field(default_factory=dict)
    """Row → letter."""
    mails: set[tuple[int, int]] = field(default_factory=set)
    settled: set[tuple[int, int]] = field(default_factory=set)
    strange: list[int] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)


async def judge(session: AsyncSession, sent: Sent) -> Verdict:
    """Compare what was sent with what the desk has."""
    ledger = await _ledger(session)
    messages: Counter[int] = Counter()
    rows = await session.execute(text("select inbound_item_id from messages where inbound_item_id is not null"))
    for (item_id,) in rows:
        if item_id in ledger.letters:
            messages[ledger.letters[item_id]] += 1
    empty = int(await session.scalar(text("select count(*) from tickets where message_count = 0")) or 0)
    unsettled = sent.mails - ledger.settled
    silent = {letter for letter in sent.human if not messages[letter]} - {letter for letter, _ in unsettled}
    doubled = {letter: count for letter, count in messages.items() if count > 1}
    examples = [
        *(f"lost: {sent.kinds[name[0]]} {name[0]}.{name[1]} {_missing(ledger, name)}" for name in sorted(unsettled)),
        *(f"lost: {sent.kinds[letter]} {letter} has no message" for letter in sorted(silent)),
        *(f"doubled: {sent.kinds[letter]} {letter} has {count} messages" for letter, count in sorted(doubled.items())),
        *(f"unexplained: ledger row {item_id}" for item_id in ledger.strange),
    ]
    return Verdict(
        sent=len(sent.mails),
        ledger_rows=ledger.rows,
        ledger_mails=len(ledger.mails),
        tickets=int(await session.scalar(text("select count(*) from tickets")) or 0),
        messages=int(await session.scalar(text("select count(*) from messages where kind = 'customer'")) or 0),
        duplicates=sum(doubled.values()) - len(doubled) + empty,
        lost=len(unsettled) + len(silent),
        unexplained=len(ledger.strange),
        outcomes=dict(sorted(ledger.outcomes.items())),
        examples=_some(examples),
    )


async def _ledger(session: AsyncSession) -> _Ledger:
    found = _Ledger()
    statement = (
        "select i.id, coalesce(i.outcome, i.state), i.outcome is not null, substring(r.content from 1 for 400) "
        "from inbound_items i left join inbound_raw r on r.item_id = i.id order by i.id"
    )
    for item_id, word, settled, head in await session.execute(text(statement)):
        found.rows += 1
        found.outcomes[word] += 1
        name = name_in(bytes(head or b""))
        if name is None:
            found.strange.append(item_id)
            continue
        found.letters[item_id] = name[0]
        found.mails.add(name)
        if settled:
            found.settled.add(name)
    return found


def _missing(ledger: _Ledger, name: tuple[int, int]) -> str:
    return "has no outcome" if name in ledger.mails else "is not in the ledger"


def _some(examples: list[str]) -> list[str]:
    """Not all of them; some of each sort."""
    kept: list[str] = []
    by_sort: Counter[str] = Counter()
    for example in examples:
        by_sort[example.partition(":")[0]] += 1
        if by_sort[example.partition(":")[0]] <= EXAMPLES:
            kept.append(example)
    return kept
