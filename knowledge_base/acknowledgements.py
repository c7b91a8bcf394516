"""Articles that ask agents to say "I have read this": who has, who has not. A new revision asks again."""

from datetime import datetime

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core import clock, events
from core.errors import Conflict
from knowledge_base.events import ArticleAcknowledged
from knowledge_base.models import Acknowledgement, Article
from staff.models import Agent, TeamMember


class ReadBy(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An agent who shall read an article, and when she said that she has."""

    agent_id: int
    name: str
    at: datetime | None


async def acknowledge(session: AsyncSession, article: Article, agent_id: int) -> None:
    """Note that an agent has read an article as it is now.

    Raises:
        Conflict: it does not ask for that.
    """
    if not article.needs_acknowledgement:
        raise Conflict("This article does not ask to be confirmed.")
    values = {"revision": article.revision, "at": clock.now()}
    statement = insert(Acknowledgement).values(article_id=article.id, agent_id=agent_id, **values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Acknowledgement.article_id, Acknowledgement.agent_id],
            set_=values,
            where=Acknowledgement.revision < article.revision,
        )
    )
    events.record(session, ArticleAcknowledged(article_id=article.id, agent_id=agent_id, revision=article.revision))


async def has_read(session: AsyncSession, article: Article, agent_id: int) -> bool:
    """Whether an agent has confirmed an article as it is now; true where it asks for nothing."""
    if not article.needs_acknowledgement:
        return True
    statement = select(Acknowledgement.revision).where(
        Acknowledgement.article_id == article.id, Acknowledgement.agent_id == agent_id
    )
    return (await session.scalar(statement) or -1) >= article.revision


async def readers_of(session: AsyncSession, article: Article) -> list[ReadBy]:
    """Everybody who shall read an article (the teams it is kept for, else all), those who have not first."""
    statement = (
        select(Agent.id, Agent.name, Acknowledgement.at, Acknowledgement.revision)
        .outerjoin(
            Acknowledgement,
            (Acknowledgement.agent_id == Agent.id) & (Acknowledgement.article_id == article.id),
        )
        .where(Agent.is_active)
        .order_by(Agent.name)
    )
    if article.team_ids:
        inside = select(TeamMember.agent_id).where(TeamMember.team_id.in_(article.team_ids))
        statement = statement.where(or_(Agent.id.in_(inside), Agent.id == article.owner_id))
    found = [
        ReadBy(agent_id=row.id, name=row.name, at=row.at if (row.revision or -1) >= article.revision else None)
        for row in await session.execute(statement)
    ]
    return sorted(found, key=lambda one: one.at is not None)
