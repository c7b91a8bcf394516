"""Robots, notes of absence, bounces, lists and silent mailboxes of scenarios, on the turned clock."""

import asyncio
import imaplib
from datetime import timedelta
from typing import get_args

import aiosmtplib
import msgspec
import pytest

from channels.email.parse import parse_mail
from core.errors import Invalid
from simulator import plays, robots
from simulator.mailboxes import Switches
from simulator.robots import ABSENT, BounceForm
from simulator.scenario import Customer, Letter, Robot, Scenario, read_scenario
from simulator.world import Simulator

DESK = "support@desk.test"
RAVI = "ravi@example.com"
MAIL = (
    b"From: Support <support@desk.test>\r\nReply-To: support+t1.x@desk.test\r\nTo: ravi@example.com\r\n"
    b"Subject: We will come\r\nMessage-ID: <m1.x@desk.test>\r\n\r\nHello\r\n"
)


@pytest.fixture
async def play(settings):
    """Begins a scenario; ``world.posted`` are the mails that it sends to the desk: sender, recipient, parsed mail."""
    worlds = []

    async def begin(scenario):
        world = Simulator(settings.model_copy(update={"simulator_smtp_port": 0, "simulator_imap_port": 0}), scenario)
        world.posted = []

        async def post(sender, recipients, raw):
            world.posted.append((sender, recipients[0], parse_mail(raw)))

        world.customers._post = world.smtp._post = post
        await world.start()
        worlds.append(world)
        return world

    yield begin
    for world in worlds:
        await world.stop()


async def answer(world, to=RAVI, raw=MAIL):
    """The desk writes."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=world.smtp.port, start_tls=False) as client:
        await client.sendmail("support@desk.test", [to], raw)
    await world.smtp.settle()


@pytest.mark.parametrize(
    ("robot", "subject", "to", "threaded"),
    [
        (Robot(), "Re: We will come", "support+t1.x@desk.test", True),
        (
            Robot(subject="same", threads=False, to_from=True),
            "We have received your message",
            "support@desk.test",
            False,
        ),
        (Robot(subject="changing", threads=False), "Invoice delivery 1", "support+t1.x@desk.test", False),
    ],
)
async def test_a_robot_answers_everything_without_a_sign(clock, play, robot, subject, to, threaded):
    """Also mails that say that a machine wrote them; and nothing in its answers tells what it is."""
    world = await play(Scenario(customers=(Customer(RAVI, "Ravi", robot=robot),)))
    await answer(world, raw=b"Auto-Submitted: auto-replied\r\n" + MAIL)
    await world.customers.tick()
    ((sender, recipient, mail),) = world.posted
    assert (sender, recipient) == (RAVI, to)
    assert mail.subject.startswith(subject)
    assert bool(mail.in_reply_to) == threaded
    assert not mail.is_auto_reply
    assert not mail.is_bounce


async def test_a_robot_takes_its_time_and_falls_silent(clock, play):
    """Nothing before its minute, nothing after its last answer; changing subjects all differ."""
    robot = Robot(subject="changing", after=2, most=3)
    world = await play(Scenario(customers=(Customer(RAVI, robot=robot),)))
    for _ in range(5):
        await answer(world)
        assert await world.customers.tick() == 0
        clock.advance(timedelta(minutes=2))
        await world.customers.tick()
    assert len({mail.subject for _, _, mail in world.posted}) == len(world.posted) == 3


@pytest.mark.parametrize("form", get_args(BounceForm))
async def test_every_bounce_is_one(clock, play, form):
    """In each server's own words, from nobody, about the right address."""
    world = await play(Scenario(customers=(Customer(RAVI, bounces=True, bounce_form=form),)))
    await answer(world)
    ((sender, recipient, mail),) = world.posted
    assert (sender, recipient) == ("", "support@desk.test")
    assert mail.is_bounce
    assert mail.bounces[0].recipient == RAVI
    assert mail.bounces[0].hard == (form not in ("full", "delayed"))


@pytest.mark.parametrize("language", sorted(ABSENT))
async def test_a_note_of_absence_is_told_with_and_without_headers(clock, play, language):
    """By its words in the subject where nothing else is there; once for each correspondent."""
    bare = Customer("bare@example.com", holiday=True, holiday_form="bare", holiday_language=language)
    polite = Customer(RAVI, holiday=True, holiday_language=language)
    world = await play(Scenario(customers=(bare, polite)))
    for _ in range(2):
        await answer(world)
        await answer(world, "bare@example.com")
    assert len(world.posted) == 2
    signs = {mail.auto_submitted for _, _, mail in world.posted}
    assert signs == {"auto-replied", ""}
    assert all(mail.is_auto_reply for _, _, mail in world.posted)


async def test_a_storm_comes_in_its_minutes(clock, play):
    """All of its mails, each another, from the list; and the readers' answers name the newsletter."""
    world = await play(plays.newsletter_storm(DESK, mails=60, minutes=3))
    for _ in range(60):
        await world.customers.tick()
        clock.advance(timedelta(seconds=5))
    storm = [mail for _, _, mail in world.posted if mail.list_id == plays.LIST_ID]
    assert len({mail.message_id for mail in storm}) == len({mail.subject for mail in storm}) == 60
    assert all(mail.is_list for mail in storm)
    answers = [mail for _, _, mail in world.posted if mail.in_reply_to]
    assert {mail.in_reply_to for mail in answers} == {plays.NEWSLETTER_ID}
    assert len({mail.from_[0].address for mail in answers}) == 3
    assert world.customers.next_due() is None


async def test_a_silent_mailbox_keeps_what_comes(clock, play):
    """Mails to it lie on the world's server; nobody can sign in until the outage is over."""
    world = await play(plays.silent_mailbox(DESK, minutes=60))

    def sign_in():
        client = imaplib.IMAP4("127.0.0.1", world.imap.port)
        try:
            client.login(DESK, "x")
            return int(client.select("INBOX", readonly=True)[1][0])
        except imaplib.IMAP4.error:
            return None
        finally:
            client.shutdown()

    seen = []
    for minutes in (5, 10, 40, 30):
        clock.advance(timedelta(minutes=minutes))
        await world.customers.tick()
        seen.append(await asyncio.to_thread(sign_in))
    assert seen == [1, None, None, 3]
    assert world.posted == []


@pytest.mark.parametrize(
    "play_of", [plays.loop, plays.ping_pong, plays.bounce_storm, plays.holidays, plays.silent_mailbox]
)
def test_every_play_can_be_written_down(play_of):
    """As JSON, and read again."""
    scenario = play_of(DESK)
    assert read_scenario(msgspec.json.encode(scenario)) == scenario


def test_a_play_is_found_by_name_or_file(tmp_path):
    """And a mistake in the name is told."""
    file = tmp_path / "mine.json"
    file.write_bytes(msgspec.json.encode(plays.holidays(DESK)))
    assert plays.play("", DESK) == Scenario()
    assert plays.play("holidays", DESK) == plays.play(str(file), DESK) == plays.holidays(DESK)
    with pytest.raises(Invalid, match="scenario"):
        plays.play("hollidays", DESK)


@pytest.mark.parametrize(
    "wrong",
    [
        b'{"customers": [{"address": "a@b.c", "holiday_language": "xx"}]}',
        b'{"outages": [{"mailbox": "a@b.c", "at": 0, "minutes": 1}]}',
        b'{"customers": [{"address": "a@b.c", "robot": {"subject": "none"}}]}',
    ],
)
def test_a_mistake_in_a_scenario_is_told(wrong):
    """With a sentence."""
    with pytest.raises(Invalid, match="scenario"):
        read_scenario(wrong)


def test_a_mailboxs_switches_survive_their_file(tmp_path, settings, clock):
    """All forms are kept, also for another process."""
    world = Simulator(settings, plays.holidays(DESK))
    world.customers.start()
    kept = world.mailboxes.switches("bare@de.example")
    assert kept == Switches(holiday=True, holiday_form="bare", holiday_language="de")
    assert robots.ABSENT[kept.holiday_language][0].startswith("Automatische")


def test_letters_of_a_list_differ_and_are_the_same_again(clock, settings):
    """The same scenario writes the same bytes."""

    def written():
        world = Simulator(settings, Scenario(customers=(Customer(RAVI),), letters=(Letter(RAVI, DESK, times=3),)))
        world.customers.start()
        return [task.write() for task in sorted(world.customers._tasks)]

    assert written() == written()
    assert len(set(written())) == 3
