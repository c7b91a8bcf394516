"""The demo company's knowledge base: articles from files, an announcement, and what readers made of them.

The texts lie in ``simulator/kb`` and come in through the product's own import, so they are a bundle that
``sampark kb import`` takes as well. Votes, searches and views are drawn.
"""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage import Storage
from knowledge_base import announcements, bundle, importing, indexing, tasks, writing
from knowledge_base.announcements import Change
from knowledge_base.models import Article, Search, Translation, View, Vote
from simulator.demo_draws import draws

FOLDER: Final = Path(__file__).parent / "kb"
_DAYS: Final = 30
_VIEWS: Final = 420
_READ: Final = ("refrigerator-does-not-cool", "air-conditioner-does-not-cool", "register-a-product", "arrived-damaged",
                "washing-machine-shakes", "find-the-serial-number", "change-purifier-filters", "clean-the-drain-filter",
                "where-is-my-delivery", "burning-smell-or-shock")  # fmt: skip
"""Slugs of the articles that are read most, the most read first."""
_SEARCHES: Final = (
    ("fridge not cooling", 4, "refrigerator-does-not-cool"), ("serial number", 6, "find-the-serial-number"),
    ("filter", 5, "change-purifier-filters"), ("e17", 3, "clean-the-drain-filter"), ("dishwasher salt", 0, None),
    ("emi", 0, None), ("exchange old fridge", 0, None), ("refund", 2, None), ("ac gas price", 1, None),
    ("वारंटी", 3, None),
)  # fmt: skip
"""Words, number of articles found, and the one that was opened."""
_REASONS: Final = (
    ("clean-the-drain-filter", "unclear", "Which side is the flap on for the top loader? I do not see one."),
    ("when-does-my-refund-arrive", "incomplete", "I paid with a gift card. Where does that go?"),
    ("washing-machine-error-codes", "other_question", ""),
)
_OUTAGE: Final = {
    "en": ("Visits in Chennai are late", "Heavy rain has flooded some roads. Technicians call you with a new time."),
    "hi": ("चेन्नई में विज़िट में देरी", "तेज़ बारिश से कुछ सड़कें बंद हैं। तकनीशियन नया समय फ़ोन पर बताएँगे।"),
    "mr": ("चेन्नईतील भेटींना उशीर", "मुसळधार पावसामुळे काही रस्ते बंद आहेत. तंत्रज्ञ नवीन वेळ फोनवर कळवतील."),
    "bn": ("চেন্নাইয়ে ভিজিটে দেরি", "প্রবল বৃষ্টিতে কিছু রাস্তা বন্ধ। টেকনিশিয়ান ফোন করে নতুন সময় জানাবেন।"),
    "kn": ("ಚೆನ್ನೈನಲ್ಲಿ ಭೇಟಿಗಳು ತಡ", "ಭಾರಿ ಮಳೆಯಿಂದ ಕೆಲವು ರಸ್ತೆಗಳು ಮುಚ್ಚಿವೆ. ತಂತ್ರಜ್ಞರು ಹೊಸ ಸಮಯವನ್ನು ಫೋನ್‌ನಲ್ಲಿ ತಿಳಿಸುತ್ತಾರೆ."),
}


async def fill(session: AsyncSession, storage: Storage, now: datetime) -> None:
    """Give a desk without articles the demo company's."""
    if await session.scalar(select(Article.id).limit(1)) is not None:
        return
    report = await importing.take(session, storage, bundle.read(bundle.from_path(FOLDER)))
    failed = [row for row in report.rows if row.action == "error"]
    if failed:
        raise ValueError(f"the demo's articles: {failed[0].path}: {failed[0].message}")
    rows = await session.execute(select(Translation.slug, Translation.article_id).where(Translation.locale == "en"))
    articles = {row.slug: row.article_id for row in rows}
    await announcements.create(
        session,
        Change(
            severity="warning",
            titles={locale: title for locale, (title, _) in _OUTAGE.items()},
            texts={locale: text for locale, (_, text) in _OUTAGE.items()},
            article_id=articles["book-a-technician"],
            starts_at=now - timedelta(hours=5),
            ends_at=now + timedelta(days=2),
        ),
    )
    _readers(session, draws("readers"), articles, now)
    await _complaints(session, articles, now)
    await session.flush()
    await indexing.refresh(session, list(articles.values()))


def _readers(session: AsyncSession, rng: random.Random, articles: dict[str, int], now: datetime) -> None:
    """Views, searches and votes of the last thirty days."""
    weights = [1 / (place + 1) for place in range(len(_READ))]
    for number in range(_VIEWS):
        slug = rng.choices(_READ, weights)[0]
        at = now - timedelta(days=rng.random() * _DAYS)
        visitor = f"demo-{rng.randrange(260)}"
        session.add(View(article_id=articles[slug], locale="en", visitor=visitor, at=at))
        if number % 6 == 0:
            vote = Vote(
                article_id=articles[slug], version_id=0, locale="en", visitor=f"vote-{number}",
                is_helpful=rng.random() < 0.84, at=at,
            )  # fmt: skip
            session.add(vote)
    for words, found, opened in _SEARCHES:
        for number in range(rng.randrange(3, 14)):
            session.add(
                Search(
                    source="portal",
                    locale="hi" if not words.isascii() else "en",
                    words=words,
                    found=found,
                    visitor=f"demo-{number}",
                    clicked_article_id=articles[opened] if opened and rng.random() < 0.7 else None,
                    at=now - timedelta(days=rng.random() * _DAYS),
                )
            )


async def _complaints(session: AsyncSession, articles: dict[str, int], now: datetime) -> None:
    """Readers who were not helped, those with words as tasks of the owners."""
    for place, (slug, reason, words) in enumerate(_REASONS):
        vote = Vote(
            article_id=articles[slug],
            version_id=0,
            locale="en",
            visitor=f"complaint-{place}",
            is_helpful=False,
            reason=reason,
            comment=words,
            at=now - timedelta(days=place + 1),
        )
        session.add(vote)
        await session.flush()
        if words:
            article = await writing.get(session, articles[slug])
            await tasks.open_task(session, article, "en", "feedback", words, vote.id)
