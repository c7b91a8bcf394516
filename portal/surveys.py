"""How content are you? The mail after a solution, and the page on which it is answered.

A timer is set when a ticket is solved; its job asks ``tickets/satisfaction`` whether anybody is to be asked, and writes
the mail. A link in the mail sets the score on the page; only the button there gives it, because scanners follow links.
"""

from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy.ext.asyncio import AsyncSession

from channels import notices
from channels.letters import Link, written
from core import i18n, jobs
from core.db import reading, unit_of_work
from core.i18n import Language
from core.settings import Settings
from core.timers import cancel_timer
from customers import leaving
from portal import failures, moments
from portal.pages import PortalRequest, Visitor, is_same_site, runtime_of
from portal.taking_in import read_post
from tickets import policy, satisfaction
from tickets.events import StatusChanged
from tickets.satisfaction import LONGEST_COMMENT, REASONS, Question, Rating, RatingOver, Standing

JOB: Final = "portal.survey"
KIND: Final = "survey"
_OVER: Final = ("solved", "closed")
_MOUTHS: Final = (
    "M7.5 17.5q4.5-5 9 0", "M8 16.5q4-2.6 8 0", "M8 15.5h8", "M8 15q4 2.6 8 0", "M7.5 14q4.5 5.4 9 0"
)  # fmt: skip
"""The mouths of the faces, as paths: not every device has letters for them."""


def score_words(language: Language) -> dict[int, str]:
    """What the scores mean."""
    _ = language.text
    return {1: _("Very bad"), 2: _("Bad"), 3: _("So-so"), 4: _("Good"), 5: _("Very good")}


def reason_words(language: Language) -> dict[str, str]:
    """What can be chosen beside a score."""
    _ = language.text
    words = {
        "quick": _("Quick"),
        "friendly": _("Friendly"),
        "solved": _("It is solved"),
        "clear": _("Easy to understand"),
        "slow": _("Too slow"),
        "unfriendly": _("Unfriendly"),
        "unsolved": _("It is not solved"),
        "unclear": _("Hard to understand"),
    }
    return {key: words[key] for key in REASONS}


class Surveys:
    """Asks customers after a solution.

    Args:
        settings: product name, language and address of the desk.
        secret: signs the links.
    """

    def __init__(self, settings: Settings, secret: str) -> None:
        self._settings = settings
        self._secret = secret

    async def on_status_changed(self, session: AsyncSession, event: StatusChanged) -> None:
        """Set the timer when a ticket is solved, take it back when it opens again (handler)."""
        if event.ticket_id is None or (event.new in _OVER) == (event.old in _OVER):
            return
        dedupe = f"{JOB}:{event.ticket_id}"
        if event.new not in _OVER:
            await cancel_timer(session, dedupe)
            return
        chosen = await policy.read(session)
        if chosen.survey:
            run_at = policy.survey_at(chosen)
            await jobs.enqueue(session, JOB, {"ticket_id": event.ticket_id}, run_at=run_at, dedupe=dedupe)

    async def send(self, session: AsyncSession, ticket_id: int) -> None:
        """Ask the customer of one ticket, if she is to be asked (job; running twice asks once)."""
        question = await satisfaction.ask(session, ticket_id)
        if question is None:
            return
        code = i18n.choose(question.language, self._settings.default_locale)
        subject, text, html, leave = self._mail(question, Language(code))
        await notices.create(
            session,
            kind=KIND,
            to_address=question.address,
            to_name=question.name,
            subject=subject,
            text=text,
            html=html,
            ticket_id=ticket_id,
            account_id=question.account_id,
            unsubscribe_url=leave,
        )

    def _mail(self, question: Question, language: Language) -> tuple[str, str, str, str]:
        """Subject, text, HTML, and the address that ends such mails."""
        _ = language.text
        base, lang = f"{self._settings.base_url}/portal", urlencode({"lang": language.code})
        page = f"{base}/rate/{satisfaction.token(self._secret, question.ticket_id)}?{lang}"
        leave = f"{base}/unsubscribe/{leaving.token(self._secret, question.address, 'survey')}"
        scores = [Link(words, f"{page}&score={score}") for score, words in reversed(score_words(language).items())]
        text, html = written(
            _("How content are you with our help in your request #%(number)s, “%(subject)s”?")
            % {"number": question.ticket_id, "subject": question.subject},
            *scores,
            _("The link opens a page on which you can change your choice, add words, and send it."),
            Link(_("Ask me no more such questions"), f"{leave}?{lang}"),
        )
        return _("How content are you with our help? (#%(number)s)") % {"number": question.ticket_id}, text, html, leave


@get("/rate/{token:str}")
async def ask(request: PortalRequest, token: FromPath[str]) -> Response[str]:
    """The page; ``?score=`` sets the choice and gives nothing."""
    runtime = runtime_of(request)
    async with reading(runtime.db) as session:
        standing = await satisfaction.standing(session, satisfaction.ticket_of(runtime.secret, token))
    wanted = request.query_params.get("score", "")
    score = int(wanted) if wanted in {"1", "2", "3", "4", "5"} else None
    rating = standing.rating
    if score is not None and rating is None:
        rating = Rating(score=score)
    return _page(request, token, standing, rating, thanks="thanks" in request.query_params)


@post("/rate/{token:str}", status_code=303)
async def rate(request: PortalRequest, token: FromPath[str]) -> Response[Any]:
    """Take the answer."""
    runtime, visitor = runtime_of(request), Visitor.of(request)
    posted = await request.form()
    texts, _files = await read_post(request)
    if not is_same_site(request):
        return failures.outdated(request)
    ticket_id = satisfaction.ticket_of(runtime.secret, token)
    score = texts.get("score", "")
    reasons = [each for each in posted.getall("reasons", []) if each in REASONS]
    points = int(score) if score in {"1", "2", "3", "4", "5"} else 0
    rating = Rating(score=points, reasons=reasons, comment=texts.get("comment", "")[:LONGEST_COMMENT])
    if not rating.score:
        async with reading(runtime.db) as session:
            standing = await satisfaction.standing(session, ticket_id)
        words = visitor.language.text("Choose how content you are.")
        return _page(request, token, standing, rating, errors={"score": words}, status=422)
    try:
        async with unit_of_work(runtime.db) as session:
            await satisfaction.rate(session, ticket_id, rating)
    except RatingOver:
        return Redirect(visitor.to(f"/rate/{token}"), status_code=303)
    return Redirect(visitor.to(f"/rate/{token}", thanks="1"), status_code=303)


def _page(
    request: PortalRequest,
    token: str,
    standing: Standing,
    rating: Rating | None,
    *,
    thanks: bool = False,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    visitor = Visitor.of(request)
    page = visitor.page(
        "rate.html",
        status,
        token=token,
        standing=standing,
        rating=rating,
        until=moments.day(visitor, standing.until),
        scores=[(score, words, _MOUTHS[score - 1]) for score, words in score_words(visitor.language).items()],
        reasons=reason_words(visitor.language),
        longest=LONGEST_COMMENT,
        thanks=thanks,
        errors=errors or {},
    )
    page.headers["Referrer-Policy"] = "same-origin"  # with none, browsers would not name the origin of the post
    return page


HANDLERS: Final[list[Any]] = [ask, rate]
