"""A mail that lies in a mail, readable in place. Called by ``agent_ui/api/files``."""

import asyncio
from typing import Final

from agent_ui import html
from channels.email.parse import parse_mail
from channels.email.parsed import Address as ParsedAddress
from core.errors import Invalid
from tickets.models import Attachment
from tickets.timeline import Address, MailPreview

LONGEST_TEXT: Final = 200_000
MOST_PEOPLE: Final = 100
_TYPES: Final = frozenset({"message/rfc822", "message/global"})


async def read(content: bytes, file: Attachment) -> MailPreview:
    """What an attached mail says.

    Args:
        content: the file's bytes.
        file: its row.

    Raises:
        Invalid: it is no mail.
    """
    if file.content_type.partition(";")[0].strip().lower() not in _TYPES and not file.name.lower().endswith(".eml"):
        raise Invalid.field("attachment", "This file is no mail.")
    mail = await asyncio.to_thread(parse_mail, content)
    if not mail.headers:
        raise Invalid.field("attachment", "This file is no mail.")
    authors = _people(mail.from_ or mail.sender)
    return MailPreview(
        from_=authors[0] if authors else None,
        to=_people(mail.to),
        subject=mail.subject,
        date=mail.date,
        text=mail.text[:LONGEST_TEXT],
        html=html.name_targets(html.hold_back_images(html.cut(mail.safe_html)).markup),
    )


def _people(found: list[ParsedAddress]) -> list[Address]:
    return [Address(one.name, one.address) for one in found[:MOST_PEOPLE]]
