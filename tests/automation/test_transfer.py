"""Files of rules: what cannot be taken over is left out by itself, nothing is guessed, no secret leaves."""

import msgspec
from sqlalchemy import text

from automation import transfer, webhooks
from automation.actions import Call, SetPriority, SetTeam
from automation.conditions import Question
from automation.transfer import File, Taken
from core.actor import Actor
from core.db import reading, unit_of_work
from core.net import PUBLIC_ONLY
from core.vault import Vault
from tests import factories
from tests.automation.rule_desk import RuleDesk
from tests.factories import AGENT_RIGHTS

VAULT = Vault("test-secret-of-the-suite")


async def written(desk: RuleDesk, reader: Actor | None = None) -> File:
    """The file."""
    async with reading(desk.db) as session:
        return await (transfer.write(session) if reader is None else transfer.write(session, reader))


async def taken(desk: RuleDesk, file: File, by: Actor) -> Taken:
    """What somebody takes over of it."""
    async with unit_of_work(desk.db, by) as session:
        return await transfer.read(session, msgspec.json.encode(file), VAULT, PUBLIC_ONLY)


async def test_a_rule_that_one_may_not_write_is_left_out_and_the_others_are_taken(desk: RuleDesk) -> None:
    """With the permission that it needs; and a webhook's address is shown to those alone who may write webhooks."""
    async with unit_of_work(desk.db) as session:
        agent = await factories.agent(session)
        draft = webhooks.Draft(name="Erp", url="https://example.org/token-1234")
        hook, _ = await webhooks.save(session, draft, VAULT, PUBLIC_ONLY)
    await desk.rule("ticket.created", Call(hook.id), name="Hook")
    await desk.rule("ticket.created", SetPriority("high"), name="Prio")
    lead = factories.actor(agent, rights=AGENT_RIGHTS | {"rules:manage"})
    assert [each["name"] for each in (await written(desk)).webhooks] == ["Erp"]
    file = await written(desk, lead)
    assert "token-1234" not in str(file)
    found = await taken(desk, file, lead)
    assert (found.made, found.changed) == ([], ["Prio"])
    assert found.refused == ["Hook: Whoever writes this rule needs the permission webhooks:manage."]
    assert [(each.name, each.changed_by) for each in await desk.rules()] == [("Hook", "Sampark"), ("Prio", agent.name)]


async def test_a_name_that_several_things_have_is_not_guessed(desk: RuleDesk) -> None:
    """Two organisations of one name; and a team's own queue goes by the name that the team has now."""
    async with unit_of_work(desk.db) as session:
        team = await factories.team(session, name="Night")
        for _ in range(2):
            await session.execute(text("insert into organisations (name, created_at) values ('Acme', '2026-01-01Z')"))
        acme = await session.scalar(text("select min(id) from organisations"))
    await desk.rule(
        "ticket.created", SetTeam(team.id), when=Question("customer.organisation", "is", acme), name="  Of   Acme "
    )
    file = await written(desk)
    assert (file.rules[0]["name"], file.rules[0]["condition"]["value"]) == ("Of Acme", "Acme")
    agent = factories.actor(await _agent(desk), rights=AGENT_RIGHTS | {"rules:manage", "tickets:read_all"})
    assert (await taken(desk, file, agent)).refused == [
        "Of Acme: This desk has more than one organisation called Acme."
    ]
    async with unit_of_work(desk.db) as session:
        await session.execute(text("update organisations set name = 'Acme Two' where id <> :id"), {"id": acme})
    spelled = msgspec.structs.replace(file, rules=[file.rules[0] | {"name": " Of  Acme"}])
    assert (await taken(desk, spelled, agent)).changed == [" Of  Acme"]
    assert len(await desk.rules()) == 1


async def _agent(desk: RuleDesk) -> factories.Agent:
    async with unit_of_work(desk.db) as session:
        return await factories.agent(session)
