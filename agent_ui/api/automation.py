"""Automation: rules with their log, trials and files."""

from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, JSONBody, QueryParameter

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.views.automation import (
    AutomationRuleInput,
    AutomationRuleView,
    CatalogueView,
    FileInput,
    OrderInput,
    SwitchInput,
    ask_view,
    rule_view,
)
from agent_ui.views.base import PathId, etag, version_of
from automation import log, rules, transfer, trying
from automation.engine import HAPPENINGS, ORIGINS
from automation.fields import FIELDS
from automation.log import Run
from automation.transfer import File, Taken
from automation.trying import Trial
from automation.webhooks import KINDS
from core.net import networks_of

Asked = Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)]


class RuleController(Controller):
    """Rules: what they look at, what they ask, what they do, and what they did."""

    path = "/rules"
    tags = ["Automation"]
    guards = [requires("rules:manage")]

    @get(summary="Rules")
    async def list_rules(self, desk: NamedDependency[Desk]) -> list[AutomationRuleView]:
        """All rules in their order, with how they fared in the last seven days."""
        health = await log.health(desk.session)
        return [rule_view(each, health.get(each.id)) for each in await rules.list_all(desk.session)]

    @get("/catalogue", summary="What rules can be made of")
    async def catalogue(self) -> CatalogueView:
        """Events that set rules off, fields with what can be asked of them, origins of changes."""
        return CatalogueView(
            happenings=list(HAPPENINGS),
            fields=[ask_view(name, field) for name, field in FIELDS.items()],
            origins=list(ORIGINS),
            webhook_kinds=list(KINDS),
        )

    @get("/runs", summary="What rules did")
    async def runs(
        self,
        desk: NamedDependency[Desk],
        rule_id: Annotated[int | None, QueryParameter(name="ruleId", ge=1, le=2**63 - 1)] = None,
        ticket_id: Annotated[int | None, QueryParameter(name="ticketId", ge=1, le=2**63 - 1)] = None,
        before: Asked = None,
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    ) -> list[Run]:
        """The runs of a rule, in a ticket, or all; newest first, older than the run ``before``."""
        teams = None if desk.actor.sees_all_tickets else desk.actor.team_ids
        return await log.page(
            desk.session,
            rule_id=rule_id,
            ticket_id=ticket_id,
            before=before,
            limit=limit,
            teams=teams,
            agent_id=desk.actor.id,
        )

    @get("/file", summary="Export rules, macros and webhooks")
    async def export(self, desk: NamedDependency[Desk]) -> Response[File]:
        """Everything as a file, with names instead of numbers and without secrets.

        Webhooks are in it for those who may write them: an address may be a secret itself.
        """
        headers = {"content-disposition": 'attachment; filename="sampark-rules.json"'}
        return Response(await transfer.write(desk.session, desk.actor), headers=headers)

    @post("/file", status_code=200, summary="Import rules, macros and webhooks")
    async def take_over(self, desk: NamedDependency[Desk], data: JSONBody[FileInput]) -> Taken:
        """Take a file over: what has the name of something here replaces it. What cannot be is left out and named.

        Macros and webhooks need the permission that writing them does.
        """
        networks = networks_of(desk.runtime.settings)
        return await transfer.read(desk.session, msgspec.json.encode(data), desk.runtime.vault, networks)

    @post("/trial", status_code=200, summary="Try a rule out")
    async def trial(self, desk: NamedDependency[Desk], data: JSONBody[AutomationRuleInput]) -> Trial:
        """What a rule would have done to the tickets of last week; nothing is changed and nothing is kept."""
        return await trying.dry_run(desk.session, data.draft())

    @put("/order", summary="Order rules")
    async def order(self, desk: NamedDependency[Desk], data: JSONBody[OrderInput]) -> list[AutomationRuleView]:
        """Say in which order all rules run."""
        health = await log.health(desk.session)
        ordered = await rules.put_in_order(desk.session, data.ids)
        return [rule_view(each, health.get(each.id)) for each in ordered]

    @post(summary="Make a rule")
    async def create(
        self, desk: NamedDependency[Desk], data: JSONBody[AutomationRuleInput]
    ) -> Response[AutomationRuleView]:
        """Make a rule, the last in the order; it gets of its writer's rights those that its actions need."""
        made = await rules.save(desk.session, data.draft())
        return Response(rule_view(made, None), headers=etag(made.version))

    @get("/{rule_id:int}", summary="One rule")
    async def read(self, desk: NamedDependency[Desk], rule_id: PathId) -> Response[AutomationRuleView]:
        """A rule; ``ETag`` names its version."""
        found = await rules.get(desk.session, rule_id)
        health = await log.health(desk.session)
        return Response(rule_view(found, health.get(rule_id)), headers=etag(found.version))

    @put("/{rule_id:int}", summary="Change a rule")
    async def change(
        self,
        desk: NamedDependency[Desk],
        rule_id: PathId,
        data: JSONBody[AutomationRuleInput],
        if_match: Annotated[str | None, HeaderParameter(name="If-Match")] = None,
    ) -> Response[AutomationRuleView]:
        """Write a rule whole. With ``If-Match`` only if nobody else has (412)."""
        changed = await rules.save(desk.session, data.draft(), rule_id, version_of(if_match))
        health = await log.health(desk.session)
        return Response(rule_view(changed, health.get(rule_id)), headers=etag(changed.version))

    @post("/{rule_id:int}/switch", status_code=200, summary="Switch a rule on or off")
    async def switch(
        self, desk: NamedDependency[Desk], rule_id: PathId, data: JSONBody[SwitchInput]
    ) -> Response[AutomationRuleView]:
        """Switch a rule on or off; 422 when what it names is gone."""
        changed = await rules.switch(desk.session, rule_id, on=data.on)
        health = await log.health(desk.session)
        return Response(rule_view(changed, health.get(rule_id)), headers=etag(changed.version))

    @delete("/{rule_id:int}", summary="Take a rule away")
    async def remove(self, desk: NamedDependency[Desk], rule_id: PathId) -> None:
        """Take a rule away, with the log of its runs; what it did stays in the histories of the tickets."""
        await rules.remove(desk.session, rule_id)
