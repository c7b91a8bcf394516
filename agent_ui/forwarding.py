"""A message as it stands below the words of an agent who passes it on: a head that says whose it is, and all of it.

Called by ``agent_ui/api/replies``; ``tickets/reply`` keeps it beside the agent's own words, and it leaves below her
signature (``channels/email/closing``).
"""

from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from agent_ui.deps import Desk
from core.errors import Invalid
from core.html import text_to_html
from core.i18n import Language
from staff import agents
from tickets import access
from tickets.models import Message
from tickets.reply import Quoted


async def quoted(desk: Desk, ticket_id: int, message_id: int | None) -> Quoted | None:
    """A message of the ticket with a head in the agent's language and time zone; None when none is passed on.

    Raises:
        NotFound: she may not see such a message.
        Invalid: it is a note, which never leaves, or belongs to another ticket.
    """
    if message_id is None:
        return None
    message = await access.get_message(desk.session, desk.actor, message_id)
    if message.ticket_id != ticket_id or message.kind == "note":
        raise Invalid.field("forwardOf", "Only mails of this ticket can be passed on.")
    profile = await agents.profile(desk.session, desk.agent_id)
    return whole(message, Language(profile.locale), ZoneInfo(profile.time_zone))


def whole(message: Message, language: Language, zone: ZoneInfo) -> Quoted:
    """A message with its head, in both forms; what it quotes itself stays with it. Pure."""
    title = language.text("Forwarded message")
    head = [
        f"---------- {title} ----------",
        *(f"{name}: {value}" for name, value in _head(message, language, zone) if value),
    ]
    body = message.html or text_to_html(message.text)
    older = message.quoted_html or (text_to_html(message.quoted_text) if message.quoted_text else "")
    markup = "<br>".join(escape(line, quote=False) for line in head)
    text = "\n\n".join(filter(None, ("\n".join(head), message.text.strip(), message.quoted_text.strip())))
    return Quoted(html=f'<div dir="auto"><p>{markup}</p>{body}{older}</div>', text=text)


def _head(message: Message, language: Language, zone: ZoneInfo) -> list[tuple[str, str]]:
    address = message.author_address if message.kind == "customer" else message.own_address
    people = {
        name: ", ".join(_named(one["name"], one["address"]) for one in getattr(message, name)) for name in _PEOPLE
    }
    return [
        (language.text("From"), _named(message.author_name, address or "")),
        (language.text("Date"), _moment(message.dated_at or message.created_at, zone)),
        (language.text("Subject"), message.subject),
        (language.text("To"), people["to"]),
        (language.text("Cc"), people["cc"]),
    ]


_PEOPLE = ("to", "cc")


def _named(name: str, address: str) -> str:
    return f"{name} <{address}>" if name and address and name != address else name or address


def _moment(at: datetime, zone: ZoneInfo) -> str:
    """A moment that everybody reads the same way."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %z}"
