"""Opening hours and the honest wait in words."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.db import Database, unit_of_work
from core.i18n import Language
from portal import open_now
from routing import waiting
from routing.hours import Schedule
from tests import factories
from tests.portal.conftest import Desk
from tickets.models import Ticket

EN = Language("en")


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "5 minutes"), (31, "35 minutes"), (56, "1 hour"), (61, "2 hours"), (540, "9 hours"), (571, "2 working days"), (1140, "2 working days")],
)  # fmt: skip
def test_durations_are_rounded_up(minutes: int, words: str) -> None:
    """Never shorter than it was; a working day is as long as ours."""
    assert open_now.duration(EN, minutes * 60, Schedule()) == words


async def test_the_form_and_its_thanks_say_when_we_are_there(desk: Desk, db: Database) -> None:
    """Open: until when. Away: when again. The wait only where it is known, and then as a range."""
    page = (await desk.client.get("/portal/requests/new?lang=en")).text
    assert "We are here now, until 18:30." in page
    assert "nine of ten" not in page.lower()
    desk.clock.advance(timedelta(hours=5))
    async with unit_of_work(db) as session:
        for number in range(waiting.FEWEST):
            got = await factories.received(session)
            at = desk.clock.now() - timedelta(hours=5) + timedelta(minutes=10 * number)
            asked = desk.clock.now() - timedelta(hours=5)
            changed = update(Ticket).where(Ticket.id == got.ticket_id)
            await session.execute(changed.values(created_at=asked, first_reply_at=at))
    desk.clock.advance(timedelta(minutes=10))
    page = (await desk.client.get("/portal/requests/new?lang=en")).text
    assert "We are away now. We are back on Tuesday, 3 March 2026 at 09:00." in page
    assert "Half of all questions get their first answer within 2 hours, nine of ten within 3 hours" in page
