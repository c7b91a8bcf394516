"""The scripted customers on the turned clock, against the desk's real listener and sender."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.email.compose import OutgoingMail, SendingAccount
from channels.email.listener import Listener
from channels.email.parse import parse_mail
from channels.email.parsed import Address
from channels.email.send import EmailSender
from channels.models import InboundItem, InboundRaw
from core import clock as clocks
from core.db import reading
from core.errors import Invalid
from simulator.scenario import Customer, Letter, Robot, Scenario, read_scenario
from simulator.world import Simulator
from tests.channels.email.conftest import make_account, signin

DESK = "support@desk.test"
RAVI = "ravi@example.com"


@pytest.fixture
async def play(db, settings):
    """Starts a desk's listener and a world with a scenario."""
    await make_account(db)
    listener = Listener(db, settings)
    await listener.start()
    worlds = []

    async def begin(scenario):
        ports = {"smtp_port": listener.port, "simulator_smtp_port": 0, "simulator_imap_port": 0}
        world = Simulator(settings.model_copy(update=ports), scenario)
        await world.start()
        worlds.append(world)
        return world

    yield begin
    for world in worlds:
        await world.stop()
    await listener.stop()


async def arrived(db):
    """The mails that reached the desk, in order."""
    async with reading(db) as session:
        found = await session.scalars(
            select(InboundRaw.content).join(InboundItem, InboundItem.id == InboundRaw.item_id).order_by(InboundItem.id)
        )
        return [parse_mail(raw) for raw in found]


async def reply(world, to=RAVI, text="We will come.", answering=""):
    """The desk answers over real SMTP."""
    sender = EmailSender(signin())

    async def agreed():
        return None

    smtp = {"host": "127.0.0.1", "port": world.smtp.port, "tls": "none"}
    mail = OutgoingMail(
        message_id_header="<m1.x@desk.test>",
        account=SendingAccount(DESK, "Support", smtp),
        to=[Address(name="", address=to)],
        reply_to="support+t1.sig@desk.test",
        subject="Re: your mail",
        text=text,
        html=f"<p>{text}</p>",
        in_reply_to=answering,
        date=clocks.now(),
    )
    await sender.deliver(mail, agreed)
    await sender.close()
    await world.smtp.settle()


async def test_letters_are_sent_when_the_clock_says_so(db, clock, play):
    """Nothing before its minute; texts in the customer's language; files attached."""
    world = await play(
        Scenario(
            customers=(Customer(RAVI, "रवि", "hi"), Customer("asha@example.com", "Asha", "kn", "apple")),
            letters=(
                Letter(RAVI, DESK, at=0, files=("inline photo", "paper")),
                Letter("asha@example.com", DESK, at=90, subject="ಸಹಾಯ"),
            ),
        )
    )
    assert await world.customers.tick() == 1
    assert await world.customers.tick() == 0
    clock.advance(timedelta(minutes=89))
    assert await world.customers.tick() == 0
    clock.advance(timedelta(minutes=1))
    assert await world.customers.tick() == 1
    first, second = await arrived(db)
    assert (first.from_[0].name, first.from_[0].address) == ("रवि", RAVI)
    assert sorted((file.content_type, file.disposition) for file in first.attachments) == [
        ("application/pdf", "attachment"),
        ("image/png", "inline"),
    ]
    assert second.subject == "ಸಹಾಯ"
    assert second.date == clock.now()
    assert [mail.sent for mail in world.mailboxes.mails(RAVI)] == [True]


async def test_an_answer_is_answered_after_its_minutes(db, clock, play):
    """Threaded under the desk's mail, to its Reply-To, quoted; and only as often as the customer wants."""
    world = await play(Scenario(customers=(Customer(RAVI, "Ravi", answers=1, answers_after=7, style="outlook"),)))
    await reply(world, text="When may we come?")
    await reply(world)
    clock.advance(timedelta(minutes=6))
    assert await world.customers.tick() == 0
    clock.advance(timedelta(minutes=1))
    assert await world.customers.tick() == 1
    assert world.customers.next_due() is None
    (mail,) = await arrived(db)
    assert mail.in_reply_to == "m1.x@desk.test"
    assert mail.to[0].address == "support+t1.sig@desk.test"
    assert "When may we come?" in mail.quoted_text
    assert "When may we come?" not in mail.reply_text


async def test_a_mail_sent_twice_is_one_row(db, clock, play):
    """The nervous click: the listener sees the same bytes again."""
    world = await play(Scenario(customers=(Customer(RAVI),), letters=(Letter(RAVI, DESK, copies=2),)))
    await world.customers.tick()
    assert len(await arrived(db)) == 1


async def test_the_robot_without_manners_answers_everything(db, clock, play):
    """Loops answer at once, for ever, and do not say that they are robots: the desk's brake must work without headers."""
    world = await play(Scenario(customers=(Customer(RAVI, robot=Robot()),)))
    for _ in range(3):
        await reply(world)
        await world.customers.tick()
        clock.advance(timedelta(seconds=1))
    mails = await arrived(db)
    assert len(mails) == 3
    assert not any(mail.is_auto_reply for mail in mails)


async def test_holiday_and_bounce_of_a_scenario(db, clock, play):
    """Out of office and RFC 3464 reports reach the desk."""
    gone = "gone@example.com"
    world = await play(Scenario(customers=(Customer(RAVI, holiday=True), Customer(gone, bounces=True))))
    await reply(world)
    await reply(world, to=gone)
    away, bounced = await arrived(db)
    assert away.is_auto_reply
    assert bounced.is_bounce
    assert bounced.bounces[0].recipient == gone


async def test_while_the_desk_is_away_the_mail_waits(clock, settings):
    """A mail program tries again a minute later, with the same bytes."""
    tried = []

    class Away:
        async def __call__(self, sender, recipients, raw):
            tried.append(raw)
            if len(tried) == 1:
                raise OSError("refused")

    world = Simulator(settings, Scenario(customers=(Customer(RAVI),), letters=(Letter(RAVI, DESK),)))
    world.customers._post = Away()
    world.customers.start()
    assert await world.customers.tick() == 0
    assert await world.customers.tick() == 0
    clock.advance(timedelta(minutes=1))
    assert await world.customers.tick() == 1
    assert tried[0] == tried[1]


def test_the_same_seed_plays_the_same(clock, settings, tmp_path):
    """Byte for byte, so that a failure can be played again."""

    def played(seed):
        scenario = Scenario(seed, (Customer(RAVI, "Ravi", "bn"),), (Letter(RAVI, DESK, files=("photo", "paper")),))
        world = Simulator(settings, scenario)
        world.customers.start()
        return world.customers._tasks[0].write()

    assert played(7) == played(7)
    assert played(7) != played(8)


def test_scenarios_are_read_from_json():
    """With a sentence for every mistake."""
    scenario = read_scenario(
        b'{"seed": 3, "customers": [{"address": "a@b.c"}], "letters": [{"who": "a@b.c", "to": "d@e.f"}]}'
    )
    assert scenario.letters[0].at == 0
    for wrong in (b"[", b'{"people": []}', b'{"letters": [{"who": "a@b.c", "to": "x@y.z"}]}', b'{"seed": "x"}'):
        with pytest.raises(Invalid, match="scenario"):
            read_scenario(wrong)
