"""Articles and tickets brought together: side search, putting one into an answer, an article out of a message.

``tickets`` and ``knowledge_base`` do not know each other; what needs both is here, called by ``agent_ui/api``.
"""

import html

from agent_ui import article_page
from agent_ui.deps import Desk
from agent_ui.views.knowledge import FoundPage, FoundView, FromMessageView, InsertView, UseView
from core.errors import Invalid
from core.i18n import NAMES
from customers import service
from knowledge_base import access, places, reading, redaction, search, uses, writing
from knowledge_base.access import Reader
from knowledge_base.pasted import to_markdown
from knowledge_base.redaction import Known
from knowledge_base.search import Wish
from tickets import access as tickets

LONGEST_TITLE = 120


async def _customer(desk: Desk, ticket_id: int | None) -> tuple[Reader | None, str | None]:
    """The ticket's customer as a reader, and her language."""
    if ticket_id is None:
        return None, None
    ticket = await tickets.get_visible(desk.session, desk.actor, ticket_id)
    customer = await service.get(desk.session, ticket.customer_id)
    language = customer.language if customer.language in NAMES else None
    return await access.customer(desk.session, ticket.customer_id), language


async def found(desk: Desk, words: str, locale: str | None, ticket_id: int | None, limit: int) -> FoundPage:
    """Articles for an answer, in the customer's language where that is known.

    Raises:
        NotFound: there is no such ticket, or the agent may not see it.
    """
    customer, language = await _customer(desk, ticket_id)
    wish = Wish(words=words, locale=locale or language or "en", source="agent", unfinished=True, limit=limit)
    answer = await search.find(desk.session, article_page.reader_of(desk), wish)
    seen: set[int] = set()
    if customer is not None:
        ids = [hit.article_id for hit in answer.hits]
        seen = {line.article_id for line in await reading.some(desk.session, customer, ids, wish.locale)}
    return FoundPage(
        items=[
            FoundView(
                hit=hit,
                url=_url(desk, hit.locale, hit.slug),
                customer_may_see=hit.article_id in seen if customer is not None else None,
            )
            for hit in answer.hits
        ],
        total=answer.total,
        corrected=answer.corrected,
    )


async def insert(desk: Desk, article_id: int, locale: str | None, ticket_id: int | None) -> InsertView:
    """An article as a link and as text, with a warning where the ticket's customer may not read it.

    Raises:
        NotFound: the article is not published for this agent, or she may not see the ticket.
    """
    customer, language = await _customer(desk, ticket_id)
    reader = article_page.reader_of(desk)
    asked = locale or language or (await writing.get(desk.session, article_id)).source_locale
    shown = await reading.by_id(desk.session, reader, article_id, asked)
    article = await writing.get(desk.session, article_id)
    url = _url(desk, shown.locale, shown.slug)
    base = desk.runtime.settings.base_url
    linked = {number: f"{base}{places.article_path(one.locale, one.slug)}" for number, one in shown.linked.items()}
    return InsertView(
        article_id=article_id,
        locale=shown.locale,
        title=shown.title,
        url=url,
        link_html=f'<a href="{html.escape(url)}">{html.escape(shown.title)}</a>',
        text_html=shown.rendered.placed({}, linked),
        visibility=shown.visibility,
        customer_may_see=access.allows(article.rights, customer) if customer is not None else None,
        is_fallback=shown.is_fallback,
        is_outdated=shown.is_outdated,
    )


async def tickets_using(
    desk: Desk, article_id: int, before: int | None, limit: int
) -> tuple[list[UseView], str | None]:
    """One page of the tickets that an article came from or was used in; subjects of those that the agent may see."""
    article = await article_page.may_see(desk, article_id)
    lines, following = await uses.tickets_using(desk.session, article, before, limit)
    known = await tickets.briefs(desk.session, desk.actor, {line.ticket_id for line in lines})
    views = [
        UseView(
            ticket_id=line.ticket_id,
            subject=known[line.ticket_id].subject if line.ticket_id in known else None,
            status=known[line.ticket_id].status if line.ticket_id in known else None,
            how=line.how,
            locale=line.locale,
            is_older=line.is_older,
            at=line.at,
        )
        for line in lines
    ]
    return views, str(following) if following else None


async def from_message(desk: Desk, message_id: int) -> FromMessageView:
    """A message as the beginning of an article, without what is known of the people in it or looks like theirs.

    Raises:
        NotFound: there is no such message, or the agent may not see its ticket.
        Invalid: it is a note, which is for colleagues only, or says nothing.
    """
    message = await tickets.get_message(desk.session, desk.actor, message_id)
    ticket = await tickets.get_visible(desk.session, desk.actor, message.ticket_id)
    customer = await service.get(desk.session, ticket.customer_id)
    contacts = await service.contacts_of(desk.session, customer.id)
    written = to_markdown(message.html).markdown if message.html.strip() else message.text
    if not written.strip():
        raise Invalid.field("message", "There are no words in this message.")
    known = Known(
        names=(customer.name, message.author_name, desk.actor.name),
        emails=tuple(one.value for one in contacts if one.kind == "email"),
        phones=tuple(one.value for one in contacts if one.kind != "email"),
    )
    country = desk.runtime.settings.default_country
    body, removed = redaction.redact(written, known, country)
    title, more = redaction.redact(ticket.subject, known, country)
    locale = message.language or customer.language or ""
    return FromMessageView(
        title=title[:LONGEST_TITLE],
        body=body,
        locale=locale if locale in NAMES else "en",
        ticket_id=ticket.id,
        removed=[*removed, *more],
    )


def _url(desk: Desk, locale: str, slug: str) -> str:
    return f"{desk.runtime.settings.base_url}{places.article_path(locale, slug)}"
