"""What rules do to tickets beside changing their fields: write, put away, route; and that nobody's words become markup."""

from datetime import timedelta

from sqlalchemy import text

from automation.actions import Mail, MoveTo, Note, Reply, Require, SetTeam, Snooze
from core.brands import BrandRow
from core.clock import ManualClock
from core.db import unit_of_work
from customers.models import Customer
from routing import queues, skills
from tests import factories
from tests.automation.rule_desk import RuleDesk, wire
from tickets import reply

HOSTILE = '<b>Asha</b> {{ticket.id}} {{7*7}}"'


async def test_variables_are_values_and_never_markup(desk: RuleDesk) -> None:
    """A customer's name or subject neither becomes HTML nor a variable; what is unknown is left out."""
    wire()
    async with unit_of_work(desk.db) as session:
        await factories.mailbox(session)
    template = "<p>Dear {{customer.name}}, on “{{ticket.subject}}” {{agent.name}}{{no.such}}</p><script>x</script>"
    note = "{{customer.name}}: {{ticket.subject}}"
    await desk.rule(
        "ticket.created", Reply(template), Note(note), Mail("boss@desk.example", "{{ticket.subject}}", note)
    )
    ticket = await desk.ticket(subject="<img src=x onerror=alert(1)> {{customer.email}}")
    async with unit_of_work(desk.db) as session:
        await session.execute(text("update customers set name = :name"), {"name": HOSTILE})
    await desk.settle()
    sent = await desk.scalar("select html from messages where kind = 'system' and ticket_id = :id", id=ticket)
    assert "&lt;b&gt;Asha&lt;/b&gt; ((ticket.id)) ((7*7))" in sent
    assert "&lt;img" in sent
    assert "((customer.email))" in sent
    assert not any(part in sent for part in ("<b>", "<img", "<script", "{{", "asha@"))
    noted = await desk.scalar("select html from messages where kind = 'note' and ticket_id = :id", id=ticket)
    assert "&lt;b&gt;Asha" in noted
    assert "<img" not in noted
    mail = "select subject || '|' || html from notices where kind = 'rule_mail' and to_address = 'boss@desk.example'"
    assert await desk.scalar(mail) == "<img src=x onerror=alert(1)> ((customer.email))|"


async def test_a_reply_of_a_rule_is_automatic_mail(desk: RuleDesk) -> None:
    """It leaves the customer waiting, goes to no robot, and past the brake: the third of one subject is withheld."""
    wire()
    async with unit_of_work(desk.db) as session:
        await factories.mailbox(session)
    await desk.rule("message.received", Reply("<p>Thank you</p>"))
    ticket = await desk.ticket(subject="Pump")
    await desk.ticket(subject="Out of office", is_auto=True)
    for _ in range(2):
        await desk.ticket(subject="Pump")
    await desk.settle()
    assert await desk.scalar("select count(*) from messages where kind = 'system'") == 2
    assert await desk.scalar("select count(*) from notices where kind = 'rule_reply' and state = 'withheld'") == 1
    assert (await desk.read(ticket)).waiting_since is not None
    assert await desk.scalar("select count(*) from deliveries") == 2


async def test_a_reply_goes_by_the_name_that_its_sender_has(desk: RuleDesk, clock: ManualClock) -> None:
    """The mailbox has none of its own: then it is the brand's, in the text as well."""
    wire()
    async with unit_of_work(desk.db) as session:
        await factories.mailbox(session)
        await session.execute(text("update channel_accounts set display_name = ''"))
        brand = BrandRow(host="", name="Kaveri Pumps", hue=172, default_language="en", languages=["en"])
        brand.updated_at = clock.now()
        session.add(brand)
    await desk.rule("ticket.created", Reply("<p>{{mailbox.name}} thanks you.</p>"))
    await desk.ticket()
    await desk.settle()
    assert await desk.scalar("select text from messages where kind = 'system'") == "Kaveri Pumps thanks you."


async def test_mails_go_to_who_is_meant(desk: RuleDesk) -> None:
    """The owner, or everybody in the team; nobody, where there is nobody."""
    wire()
    async with unit_of_work(desk.db) as session:
        team = await factories.team(session)
        for name in ("Asha", "Meera"):
            await factories.agent(session, team, name=name)
    await desk.rule("ticket.created", Mail("team", "New", "Look"), Mail("assignee", "Yours", "Look"))
    await desk.ticket(team_id=team.id)
    await desk.settle()
    told = "select string_agg(subject || ' ' || to_name, ', ' order by to_name) from notices where kind = 'rule_mail'"
    assert await desk.scalar(told) == "New Asha, New Meera"


async def test_a_ticket_is_put_away_until_the_desk_opens(desk: RuleDesk, clock: ManualClock) -> None:
    """For some time, or until the next opening; while the desk is open it stays."""
    await desk.rule("ticket.created", Snooze(), name="Until open")
    open_now = await desk.ticket()
    await desk.settle()
    assert (await desk.read(open_now)).snoozed_until is None
    clock.advance(timedelta(hours=8))  # half past ten in the evening
    at_night = await desk.ticket()
    await desk.settle()
    until = (await desk.read(at_night)).snoozed_until
    assert until is not None
    assert until.isoformat() == "2026-03-03T03:30:00+00:00"
    await desk.rule("note.added", Snooze(minutes=90), name="For a while")
    await desk.rule("ticket.status_changed", Note("Asleep"), name="Note")
    await desk.change(open_now, status="pending")
    await desk.settle()
    assert (await desk.read(open_now)).snoozed_until == clock.now() + timedelta(minutes=90)


async def test_work_is_moved_and_skills_are_asked_for(desk: RuleDesk) -> None:
    """A rule routes: another queue, one more skill; what is solved already waits nowhere, which is no failure."""
    wire()
    async with unit_of_work(desk.db) as session:
        queue = await queues.save(session, queues.Draft(name="Back office"))
        hindi, repairs = await skills.save(session, "Hindi"), await skills.save(session, "Repairs")
    await desk.rule("ticket.created", MoveTo(queue.id), Require(hindi, 3), Require(repairs))
    ticket = await desk.ticket()
    await desk.settle()
    row = "select concat(queue_id, ' ', jsonb_array_length(skills)) from work_items where ticket_id = :id"
    assert await desk.scalar(row, id=ticket) == f"{queue.id} 2"
    archived = await desk.ticket(archived=True)
    await desk.settle()
    assert {run.outcome for run in await desk.runs(ticket_id=archived)} == {"acted"}


async def test_what_waits_in_the_queue_already_keeps_its_owner(desk: RuleDesk) -> None:
    """Only another queue takes it away from her; after a change of team it is moved whatever it was before."""
    wire()
    async with unit_of_work(desk.db) as session:
        agent, team = await factories.agent(session), await factories.team(session)
        queue = await queues.save(session, queues.Draft(name="Back office"))
    await desk.rule("ticket.subject_changed", MoveTo(queue.id), name="Move")
    await desk.rule("note.added", SetTeam(team.id), MoveTo(queue.id), name="Team and queue")
    ticket = await desk.ticket()
    where = "select queue_id from work_items where ticket_id = :id"
    for subject, owner in (("One", None), ("Two", agent.id)):
        await desk.change(ticket, subject=subject)
        await desk.settle()
        assert await desk.scalar(where, id=ticket) == queue.id
        assert (await desk.read(ticket)).assignee_id == owner
        await desk.change(ticket, assignee_id=agent.id)
    async with unit_of_work(desk.db) as session:
        await reply.system_note(session, ticket, "Somebody", "x")
    await desk.settle()
    found = await desk.read(ticket)
    assert (found.team_id, found.assignee_id, await desk.scalar(where, id=ticket)) == (team.id, None, queue.id)
    moves = [effect.changes for run in await desk.runs() for effect in run.effects if effect.action == "queue"]
    assert moves == [True, False, True]


async def test_who_wants_no_mail_gets_none(desk: RuleDesk) -> None:
    """A customer who must not be written to is not, whatever a rule says."""
    wire()
    ticket = await desk.ticket()
    async with unit_of_work(desk.db) as session:
        await factories.mailbox(session)
        await session.execute(text("update customers set do_not_contact = true"))
        assert await session.get(Customer, 1) is not None
    await desk.rule("ticket.status_changed", Reply("<p>x</p>"))
    await desk.change(ticket, status="solved")
    await desk.settle()
    assert await desk.scalar("select count(*) from messages where kind = 'system'") == 0
