"""Low ratings are told: a customer was not content, so the leads of the team get a mail and can follow it up.

Handler of ``TicketRated``; the job writes notices (``channels/notices``) to the leads among the team's members, else to
all leads, else to the administrators.
"""

import html as markup
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from channels import notices
from core import jobs
from core.sql import Sql
from tickets.events import TicketRated

JOB: Final = "channels.tell_low_rating"
KIND: Final = "low_rating"
LONGEST: Final = 2000


class Words(NamedTuple):
    """The sentences of this mail in one language."""

    subject: str
    first: str
    open: str


WORDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "en": Words(
            "{score} of 5 for ticket #{number}", "{name} gave {score} of 5 for “{subject}”.",
            "Open the ticket:",
        ),
        "hi": Words(
            "टिकट #{number} को 5 में से {score}", "{name} ने “{subject}” के लिए 5 में से {score} अंक दिए।",
            "टिकट खोलें:",
        ),
        "mr": Words(
            "तिकीट #{number} ला 5 पैकी {score}", "{name} यांनी “{subject}” साठी 5 पैकी {score} गुण दिले.",
            "तिकीट उघडा:",
        ),
        "bn": Words(
            "টিকিট #{number}-এ 5-এর মধ্যে {score}", "{name} “{subject}”-এর জন্য 5-এর মধ্যে {score} দিয়েছেন।",
            "টিকিট খুলুন:",
        ),
        "kn": Words(
            "ಟಿಕೆಟ್ #{number}ಗೆ 5ರಲ್ಲಿ {score}", "{name} “{subject}”ಗೆ 5ರಲ್ಲಿ {score} ಅಂಕ ನೀಡಿದ್ದಾರೆ.",
            "ಟಿಕೆಟ್ ತೆರೆಯಿರಿ:",
        ),
    }
)  # fmt: skip

_ABOUT: Final = Sql(
    """
    select t.subject, t.account_id, c.name, s.score, s.comment
    from satisfaction s join tickets t on t.id = s.ticket_id join customers c on c.id = t.customer_id
    where t.id = :ticket_id and s.score is not null
    """
)
_READERS: Final = Sql(
    """
    with able as (
        select a.id, a.name, a.email, a.locale, case when r.name = 'admin' then 3
            when exists(select 1 from team_members m join tickets t on t.team_id = m.team_id
                where m.agent_id = a.id and t.id = :ticket_id) then 1 else 2 end as rank
        from agents a join roles r on r.id = a.role_id
        where a.is_active and a.address_failed is null and r.name in ('lead', 'admin')
    )
    select id, name, email, locale from able where rank = (select min(rank) from able) order by id
    """
)


async def on_rated(session: AsyncSession, event: TicketRated) -> None:
    """A customer said how content she is (handler)."""
    if event.is_low:
        await jobs.enqueue(session, JOB, {"ticket_id": event.ticket_id}, dedupe=f"{JOB}:{event.ticket_id}")


class Teller:
    """Writes these mails.

    Args:
        base_url: the desk's address, for links.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    async def send(self, session: AsyncSession, ticket_id: int) -> None:
        """Tell of one ticket's rating (job)."""
        row = await _ABOUT.first(session, ticket_id=ticket_id)
        if row is None:
            return
        for reader in await _READERS.all(session, ticket_id=ticket_id):
            words = WORDS.get(reader.locale, WORDS["en"])
            facts = {"score": row.score, "number": ticket_id, "name": row.name, "subject": row.subject}
            url = f"{self._base_url}/console/tickets/{ticket_id}"
            parts = [words.first.format(**facts), row.comment[:LONGEST], f"{words.open} {url}"]
            shown = [part for part in parts if part]
            await notices.create(
                session,
                kind=KIND,
                to_address=reader.email,
                to_name=reader.name,
                subject=words.subject.format(**facts),
                text="\n\n".join(shown),
                html="".join(f"<p>{markup.escape(part)}</p>" for part in shown),
                agent_id=reader.id,
                ticket_id=ticket_id,
                account_id=row.account_id,
            )
