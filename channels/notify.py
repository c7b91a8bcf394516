"""Mails to agents: a ticket became yours, your customer wrote, a note names you, a ticket is late or soon will be.

Handlers of ``TicketAssigned``, ``MessageReceived``, ``NoteAdded``, ``ClockWarned``, ``ClockBreached`` and what makes
the router look ask for job ``channels.notify`` where an agent wants such mails (``Agent.notify``) and did not cause
the event herself; the job writes notices (``channels/notices``) to those who may see the ticket. She can answer all
but the note by mail: what she writes above the line goes to the customer. The words of a note are never mailed, not
even to colleagues; and an answer to such a mail goes to nobody, so it names no ticket.
"""

import html as markup
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from channels import notices
from core import clock, events, jobs
from core.actor import ActorKind
from core.db import actor_of
from core.errors import DeskError
from core.events import Event
from core.html import text_to_html
from core.sql import Row, Sql
from routing.assignment import GIVEN_BY
from routing.events import ClockBreached, ClockWarned
from staff import actors
from tickets import access
from tickets.events import MessageReceived, NoteAdded, TicketAssigned

JOB: Final = "channels.notify"
CACHE_SECONDS: Final = 10.0
LONGEST: Final = 20_000
"""Characters of a customer's message that are mailed; the rest is read in the console."""
ABOVE: Final = "##- Write your reply above this line -##"
"""English in every language: our own reader cuts quoted mails here (``core/quoting_patterns``)."""


class Words(NamedTuple):
    """The sentences of these mails in one language."""

    assigned: str
    customer_wrote: str
    mentioned: str
    late: str
    warned: str
    longer: str
    open: str
    because_yours: str
    because_named: str
    because_lead: str
    answer: str
    preferences: str


WORDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "en": Words(
            "Ticket {number} is yours now. {name} wrote:", "{name} wrote in ticket {number}:",
            "{name} named you in a note in ticket {number}.",
            "Ticket {number} has missed the time that was promised. {name} wrote:",
            "Ticket {number} will soon miss the time that was promised. {name} wrote:",
            "The message is longer. Read all of it in the ticket.",
            "Open the ticket:", "You get this mail because the ticket is yours.",
            "You get this mail because a note names you. Answer in the ticket; an answer to this mail reaches nobody.",
            "You get this mail because you lead the team.",
            "If you answer this mail, your words go to the customer.", "Choose which mails you get:",
        ),
        "hi": Words(
            "टिकट {number} अब आपका है। {name} ने लिखा:", "{name} ने टिकट {number} में लिखा:",
            "{name} ने टिकट {number} के एक नोट में आपका नाम लिया है।",
            "टिकट {number} का वादा किया गया समय निकल गया है। {name} ने लिखा था:",
            "टिकट {number} का वादा किया गया समय जल्द निकल जाएगा। {name} ने लिखा था:",
            "संदेश इससे लंबा है। पूरा संदेश टिकट में पढ़ें।",
            "टिकट खोलें:", "यह मेल आपको इसलिए मिला क्योंकि टिकट आपका है।",
            "यह मेल आपको इसलिए मिला क्योंकि एक नोट में आपका नाम है। उत्तर टिकट में दें; इस मेल का उत्तर किसी तक नहीं पहुँचता।",
            "यह मेल आपको इसलिए मिला क्योंकि आप टीम के प्रमुख हैं।",
            "इस मेल का उत्तर देने पर आपके शब्द ग्राहक को भेजे जाएँगे।", "चुनें कि आपको कौन से मेल मिलें:",
        ),
        "mr": Words(
            "तिकीट {number} आता तुमचे आहे. {name} यांनी लिहिले:", "{name} यांनी तिकीट {number} मध्ये लिहिले:",
            "{name} यांनी तिकीट {number} मधील टिपणीत तुमचे नाव घेतले आहे.",
            "तिकीट {number} साठी सांगितलेली वेळ उलटून गेली आहे. {name} यांनी लिहिले होते:",
            "तिकीट {number} साठी सांगितलेली वेळ लवकरच उलटून जाईल. {name} यांनी लिहिले होते:",
            "संदेश याहून मोठा आहे. पूर्ण संदेश तिकिटात वाचा.",
            "तिकीट उघडा:", "तिकीट तुमचे असल्यामुळे हा मेल तुम्हाला आला आहे.",
            "टिपणीत तुमचे नाव असल्यामुळे हा मेल आला आहे. उत्तर तिकिटात द्या; या मेलचे उत्तर कोणालाही पोहोचत नाही.",
            "तुम्ही टीमचे प्रमुख असल्यामुळे हा मेल तुम्हाला आला आहे.",
            "या मेलला उत्तर दिल्यास तुमचे शब्द ग्राहकाला पाठवले जातील.", "कोणते मेल हवेत ते निवडा:",
        ),
        "bn": Words(
            "টিকিট {number} এখন আপনার। {name} লিখেছেন:", "{name} টিকিট {number}-এ লিখেছেন:",
            "{name} টিকিট {number}-এর একটি নোটে আপনার নাম উল্লেখ করেছেন।",
            "টিকিট {number}-এর জন্য কথা দেওয়া সময় পেরিয়ে গেছে। {name} লিখেছিলেন:",
            "টিকিট {number}-এর জন্য কথা দেওয়া সময় শীঘ্রই পেরিয়ে যাবে। {name} লিখেছিলেন:",
            "বার্তাটি আরও বড়। পুরোটা টিকিটে পড়ুন।",
            "টিকিট খুলুন:", "টিকিটটি আপনার বলে এই মেইল পেয়েছেন।",
            "একটি নোটে আপনার নাম আছে বলে এই মেইল পেয়েছেন। টিকিটে উত্তর দিন; এই মেইলের উত্তর কারও কাছে পৌঁছায় না।",
            "আপনি দলের প্রধান বলে এই মেইল পেয়েছেন।",
            "এই মেইলের উত্তর দিলে আপনার কথা গ্রাহকের কাছে যাবে।", "কোন মেইল পাবেন তা বেছে নিন:",
        ),
        "kn": Words(
            "ಟಿಕೆಟ್ {number} ಈಗ ನಿಮ್ಮದು. {name} ಬರೆದಿದ್ದಾರೆ:", "{name} ಟಿಕೆಟ್ {number}ರಲ್ಲಿ ಬರೆದಿದ್ದಾರೆ:",
            "{name} ಟಿಕೆಟ್ {number}ರ ಟಿಪ್ಪಣಿಯಲ್ಲಿ ನಿಮ್ಮ ಹೆಸರು ಬರೆದಿದ್ದಾರೆ.",
            "ಟಿಕೆಟ್ {number}ಕ್ಕೆ ಮಾತು ಕೊಟ್ಟ ಸಮಯ ಮೀರಿದೆ. {name} ಬರೆದಿದ್ದರು:",
            "ಟಿಕೆಟ್ {number}ಕ್ಕೆ ಮಾತು ಕೊಟ್ಟ ಸಮಯ ಬೇಗನೆ ಮೀರಲಿದೆ. {name} ಬರೆದಿದ್ದರು:",
            "ಸಂದೇಶ ಇದಕ್ಕಿಂತ ಉದ್ದವಾಗಿದೆ. ಪೂರ್ಣ ಸಂದೇಶವನ್ನು ಟಿಕೆಟ್‌ನಲ್ಲಿ ಓದಿ.",
            "ಟಿಕೆಟ್ ತೆರೆಯಿರಿ:", "ಟಿಕೆಟ್ ನಿಮ್ಮದಾಗಿರುವುದರಿಂದ ಈ ಮೇಲ್ ಬಂದಿದೆ.",
            "ಟಿಪ್ಪಣಿಯಲ್ಲಿ ನಿಮ್ಮ ಹೆಸರು ಇರುವುದರಿಂದ ಈ ಮೇಲ್ ಬಂದಿದೆ. ಟಿಕೆಟ್‌ನಲ್ಲಿ ಉತ್ತರಿಸಿ; ಈ ಮೇಲ್‌ಗೆ ಉತ್ತರ ಯಾರಿಗೂ ತಲುಪದು.",
            "ನೀವು ತಂಡದ ಮುಖ್ಯಸ್ಥರಾಗಿರುವುದರಿಂದ ಈ ಮೇಲ್ ಬಂದಿದೆ.",
            "ಈ ಮೇಲ್‌ಗೆ ಉತ್ತರಿಸಿದರೆ ನಿಮ್ಮ ಮಾತುಗಳು ಗ್ರಾಹಕರಿಗೆ ಹೋಗುತ್ತವೆ.", "ಯಾವ ಮೇಲ್‌ಗಳು ಬೇಕೆಂದು ಆರಿಸಿ:",
        ),
    }
)  # fmt: skip

_WANTING: Final = Sql(
    """
    select id, array(select key from jsonb_each_text(notify) where value = 'true') as kinds
    from agents where is_active and address_failed is null and notify <> '{}'
    """
)
_ABOUT: Final = Sql(
    """
    select a.id, a.name, a.email, a.locale, t.assignee_id = a.id as is_owner, t.subject, t.account_id,
        m.id as message_id, m.author_name, m.text, c.options ->> 'agent_answers' is distinct from 'off' as answers
    from agents a join tickets t on t.id = :ticket_id left join channel_accounts c on c.id = t.account_id
        left join lateral (select * from messages m where m.ticket_id = t.id and (m.id = cast(:message_id as bigint)
            or (cast(:message_id as bigint) is null and m.kind = 'customer')) order by m.id desc limit 1) m on true
    where a.id = any(cast(:agent_ids as bigint[])) and a.is_active and a.address_failed is null
        and cast(a.notify ->> cast(:wish as text) as boolean)
        and (:kind not in ('assigned', 'late') or t.assignee_id = a.id)
        and not exists (select 1 from notices n where n.ticket_id = t.id and n.kind = :kind
            and n.agent_id = a.id and n.message_id = m.id
            and n.created_at >= coalesce(cast(:since as timestamptz), n.created_at))
    order by a.id
    """
)
WISHES: Final[Mapping[str, str]] = MappingProxyType({"warned": "late"})
"""Kind of mail → what of :data:`staff.agents.NOTIFIED` an agent has chosen with it, where that has another name."""


class Notifier:
    """Writes mails to agents.

    Args:
        base_url: the desk's address, for links.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._wanting: Mapping[int, frozenset[str]] = {}
        self._read_at = float("-inf")

    async def on_assigned(self, session: AsyncSession, event: TicketAssigned) -> None:
        """A ticket has another owner (handler)."""
        await self._ask(session, "assigned", event.ticket_id, None, [event.to_id])

    async def on_routed(self, session: AsyncSession, event: Event) -> None:
        """The router may have given the ticket to somebody (handler; it stands behind the router's own)."""
        for each in events.recorded(session, TicketAssigned):
            if each.ticket_id == event.ticket_id and each.rule in GIVEN_BY:
                await self.on_assigned(session, each)

    async def on_message(self, session: AsyncSession, event: MessageReceived) -> None:
        """The customer wrote (handler); the audience names who owns the ticket. Robots' mails are no news."""
        if not event.is_auto:
            await self._ask(session, "customer_wrote", event.ticket_id, event.message_id, event.agents)

    async def on_note(self, session: AsyncSession, event: NoteAdded) -> None:
        """A colleague left a note (handler)."""
        await self._ask(session, "mentioned", event.ticket_id, event.message_id, event.mentions)

    async def on_late(self, session: AsyncSession, event: ClockBreached) -> None:
        """A deadline was missed (handler); the audience names who owns the ticket."""
        await self._ask(session, "late", event.ticket_id, None, event.agents, since=event.due_at)

    async def on_warned(self, session: AsyncSession, event: ClockWarned) -> None:
        """A deadline comes near (handler); the event names whom it is told."""
        await self._ask(session, "warned", event.ticket_id, None, event.told, since=clock.now())

    async def _ask(
        self,
        session: AsyncSession,
        kind: str,
        ticket_id: int | None,
        message_id: int | None,
        agent_ids: Iterable[int | None],
        since: datetime | None = None,
    ) -> None:
        if ticket_id is None or not (others := _others(session, agent_ids)):
            return
        if clock.monotonic() - self._read_at > CACHE_SECONDS:
            self._wanting = {row.id: frozenset(row.kinds) for row in await _WANTING.all(session)}
            self._read_at = clock.monotonic()
        wish = WISHES.get(kind, kind)
        wanting = [each for each in others if wish in self._wanting.get(each, ())]
        if wanting:
            args = {"kind": kind, "ticket_id": ticket_id, "message_id": message_id, "agent_ids": wanting}
            if since is not None:
                args["since"] = since.isoformat()
            await jobs.enqueue(session, JOB, args)

    async def send(
        self,
        session: AsyncSession,
        kind: str,
        ticket_id: int,
        message_id: int | None,
        agent_ids: list[int],
        since: str | None = None,
    ) -> None:
        """Write the mails of one event (job); once each, however often it runs.

        Args:
            session: the unit of work.
            kind: what has happened.
            ticket_id: where.
            message_id: the message it is about; None: the newest of the customer.
            agent_ids: who may get one.
            since: what was mailed about the same message before this instant was about something else.
        """
        about: dict[str, Any] = {
            "kind": kind,
            "wish": WISHES.get(kind, kind),
            "ticket_id": ticket_id,
            "message_id": message_id,
        }
        moment = None if since is None else datetime.fromisoformat(since)
        rows = await _ABOUT.all(session, **about, agent_ids=agent_ids, since=moment)
        for row in rows:
            if not await _may_see(session, row.id, ticket_id):
                continue
            text, html = self._written(row, kind, ticket_id)
            await notices.create(
                session,
                kind=kind,
                to_address=row.email,
                to_name=row.name,
                subject=f"[#{ticket_id}] {row.subject}",
                text=text,
                html=html,
                agent_id=row.id,
                ticket_id=ticket_id,
                message_id=row.message_id,
                account_id=row.account_id,
            )

    def _written(self, row: Row, kind: str, ticket_id: int) -> tuple[str, str]:
        """The mail as text and HTML: the line, who wrote, what, the link, why it came."""
        words = WORDS.get(row.locale, WORDS["en"])
        facts = {"name": row.author_name or "", "number": str(ticket_id)}
        first = getattr(words, kind).format(**facts)
        links = [
            (words.open, f"{self._base_url}/console/tickets/{ticket_id}"),
            (words.preferences, f"{self._base_url}/console/preferences"),
        ]
        answerable = row.answers and kind != "mentioned"
        because = words.because_lead if kind == "warned" and not row.is_owner else words.because_yours
        why = f"{because} {words.answer}" if answerable else because
        said = (row.text or "")[:LONGEST]
        if kind == "mentioned":
            why, said = words.because_named, ""
        paragraphs = [ABOVE, first] if answerable else [first]
        rest = [words.longer] if len(row.text or "") > LONGEST and said else []
        text = "\n\n".join([*paragraphs, *([said] if said else []), *rest, *(f"{a} {b}" for a, b in links), why])
        html = "".join(f"<p>{markup.escape(each)}</p>" for each in paragraphs)
        html += f"<div>{text_to_html(said)}</div>" if said else ""
        html += "".join(f"<p>{markup.escape(each)}</p>" for each in rest)
        html += "".join(
            f'<p>{markup.escape(a)} <a href="{markup.escape(b)}">{markup.escape(b)}</a></p>' for a, b in links
        )
        return text, html + f"<p>{markup.escape(why)}</p>"


async def _may_see(session: AsyncSession, agent_id: int, ticket_id: int) -> bool:
    """Whether she could read the same in the console: notes name anybody, and owners change."""
    try:
        await access.check_visible(session, await actors.of_agent(session, agent_id), ticket_id)
    except DeskError:
        return False
    return True


def _others(session: AsyncSession, agent_ids: Iterable[int | None]) -> list[int]:
    """Agents, each once, without the one who did it."""
    actor = actor_of(session)
    own = actor.id if actor.kind is ActorKind.AGENT else None
    return list(dict.fromkeys(each for each in agent_ids if each is not None and each != own))
