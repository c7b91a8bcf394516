"""A conversation as a mail to its visitor: what was said, with times, when he or an agent asks for it."""

import html
from datetime import UTC
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from channels import brake
from channels.chat import conversations, stream
from channels.chat.models import Chat, Widget
from core.errors import Conflict, Invalid
from core.html import text_to_html
from core.i18n import Language
from customers import consent
from customers.contacts import normalise_email
from tickets.intake import Person
from tickets.reply import system_reply

KIND: Final = "chat_transcript"
MOST: Final = 2000


async def send(session: AsyncSession, chat: Chat, address: str | None = None) -> str:
    """Mail the conversation; returns where to.

    Args:
        session: the unit of work.
        chat: the conversation.
        address: where to; None: where the conversation would go on.

    Raises:
        Invalid: no address is known.
        Conflict: we may not write there now; the sentence says why.
    """
    to = normalise_email(address) if address else await conversations.address_of(session, chat)
    if to is None or chat.ticket_id is None:
        raise Invalid.field("email", "No e-mail address of this visitor is known.")
    verdict = await consent.may_write(session, kind="email", value=to, purpose="service")
    if not verdict.allowed:
        raise Conflict(verdict.reason)
    widget = await session.get_one(Widget, chat.widget_id)
    language = Language(chat.language)
    subject = language.text("Your chat with %(name)s") % {"name": widget.name}
    why = await brake.allow(session, KIND, to, chat.ticket_id, subject)
    if why is not None:
        raise Conflict(why)
    entries = await stream.after(session, chat.id, 0, MOST)
    await system_reply(session, chat.ticket_id, subject, written(entries, chat, language), Person(chat.name, to))
    return to


def written(entries: list[stream.Entry], chat: Chat, language: Language) -> str:
    """The conversation as HTML, in the visitor's language and time."""
    zone = ZoneInfo(chat.time_zone) if chat.time_zone else UTC
    you = chat.name or language.text("You")
    parts: list[str] = []
    for each in entries:
        if each.kind != "said":
            continue
        at = each.at.astimezone(zone)
        name = each.data.get("name") or you
        files = "".join(f"<br>📎 {html.escape(file['name'])}" for file in each.data.get("files", []))
        parts.append(
            f"<p><b>{html.escape(name)}</b> · {at:%H:%M}</p>{text_to_html(str(each.data.get('text', '')))}{files}"
        )
    day = language.date(chat.started_at.astimezone(zone))
    return f"<p>{html.escape(day)}</p>" + "".join(parts)
