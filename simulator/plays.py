"""The plays that every desk must survive calmly: loops, ping-pong, storms of bounces and list mail, holidays, silence.

Scenarios for `simulator.customers`, made for a mailbox of the desk. Played on the turned clock by
`tests/journeys/test_calm_desk.py`, and beside a running desk by ``SAMPARK_SIMULATOR_PLAY``.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, get_args

from simulator.robots import ABSENT, BounceForm, HolidayForm
from simulator.scenario import Customer, Letter, Outage, Robot, Scenario, read_scenario

NEWSLETTER_ID: Final = "march-2026@news.letters.example"
LIST_ID: Final = "offers.shop.example"


def loop(desk: str) -> Scenario:
    """A robot that answers every mail, acknowledgements too, always under the same subject and as if it were new."""
    robot = Robot(subject="same", threads=False, to_from=True)
    who = Customer("service@loop.example", "Service", robot=robot)
    return Scenario(customers=(who,), letters=(Letter(who.address, desk, subject="We have received your message"),))


def ping_pong(desk: str, robots: int = 1) -> Scenario:
    """Robots that open a case for every mail: the subject is another each time, and a minute passes in between.

    Args:
        desk: whom they write to.
        robots: how many, each with an address of its own.
    """
    robot = Robot(subject="changing", threads=False, to_from=True, after=1)
    people = [Customer(f"cases{number}@pingpong.example", "Case desk", robot=robot) for number in range(robots)]
    return Scenario(
        customers=tuple(people),
        letters=tuple(Letter(who.address, desk, subject="A case was opened") for who in people),
    )


def bounce_storm(desk: str, each: int = 5) -> Scenario:
    """Customers of every kind of failing server: they write, and the answers to them come back.

    Args:
        desk: whom they write to.
        each: customers of each form of bounce.
    """
    people = [
        Customer(f"gone{number}@{form}.example", f"Gone {number}", bounces=True, bounce_form=form)
        for form in get_args(BounceForm)
        for number in range(each)
    ]
    return Scenario(customers=tuple(people), letters=tuple(Letter(who.address, desk) for who in people))


def holidays(desk: str) -> Scenario:
    """Customers who write and then go away: a note of absence in each language, with its headers and without."""
    people = [
        Customer(f"{form}@{language}.example", holiday=True, holiday_form=form, holiday_language=language)
        for language in ABSENT
        for form in get_args(HolidayForm)
    ]
    return Scenario(customers=tuple(people), letters=tuple(Letter(who.address, desk) for who in people))


def newsletter_storm(desk: str, mails: int = 300, minutes: float = 5) -> Scenario:
    """A list runs wild, and three subscribers answer one newsletter to the desk.

    Args:
        desk: whom it hits.
        mails: of the list.
        minutes: in which they come.
    """
    shop = Customer("offers@shop.example", "Offers")
    letters = Customer("news@letters.example", "Letters")
    readers = [Customer(f"reader{number}@home.example", f"Reader {number}") for number in range(3)]
    return Scenario(
        customers=(shop, letters, *readers),
        letters=(
            Letter(shop.address, desk, subject="Offer", times=mails, every=minutes / mails, list_id=LIST_ID),
            Letter(
                letters.address, desk, subject="News of March", list_id="news.letters.example", message_id=NEWSLETTER_ID
            ),
            *(
                Letter(who.address, desk, at=1 + number, subject="Re: News of March", answers=NEWSLETTER_ID)
                for number, who in enumerate(readers)
            ),
        ),
    )


def silent_mailbox(desk: str, minutes: float = 60) -> Scenario:
    """The desk's mailbox refuses its sign-in for a while; customers write before, meanwhile and afterwards.

    Args:
        desk: a mailbox that the desk reads from the world's IMAP server.
        minutes: how long; it begins after ten.
    """
    who = Customer("ravi@home.example", "Ravi")
    times = {"Before": 1.0, "Meanwhile": 10 + minutes / 2, "Afterwards": 15 + minutes}
    return Scenario(
        customers=(who,),
        letters=tuple(Letter(who.address, desk, at=at, subject=subject) for subject, at in times.items()),
        hosted=(desk,),
        outages=(Outage(desk, 10, minutes),),
    )


PLAYS: Final[Mapping[str, Callable[[str], Scenario]]] = {
    "loop": loop,
    "ping-pong": ping_pong,
    "bounces": bounce_storm,
    "holidays": holidays,
    "newsletters": newsletter_storm,
}
"""Those that need nothing of the desk but a mailbox that its listener takes mail for."""


def play(name: str, desk: str) -> Scenario:
    """A play by its name, or from a file.

    Args:
        name: one of :data:`PLAYS`, the path of a file (`simulator.scenario`), or nothing: then nobody does anything.
        desk: whom the named ones write to.

    Raises:
        Invalid: there is no such file, or it is no scenario.
    """
    if not name:
        return Scenario()
    return PLAYS[name](desk) if name in PLAYS else read_scenario(Path(name))
