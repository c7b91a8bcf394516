"""Shapes of automation: rules, macros, webhooks. Conditions and actions are those of ``automation`` themselves."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from agent_ui.views.base import Id, Input, View
from automation import macros, rules, webhooks
from automation.actions import Action
from automation.conditions import Group, Question
from automation.engine import AfterTime, OnEvent, Origin, Rule
from automation.fields import Field
from automation.log import RuleHealth
from automation.models import Webhook

Actions = Annotated[list[Action], msgspec.Meta(max_length=50)]
Kinds = Annotated[list[str], msgspec.Meta(max_length=100)]


class AutomationRuleView(View):
    """A rule, and how it fared in the last seven days.

    ``rights`` and ``teamIds``: what it may do, and on whose tickets (null: all). ``flag``: why it was switched off by
    itself. ``heldUntil``: a time rule that has had enough tickets for one run waits until then.
    """

    id: int
    name: str
    position: int
    is_enabled: bool
    trigger: OnEvent | AfterTime
    condition: Group | Question
    actions: list[Action]
    excludes: list[str]
    rights: list[str]
    team_ids: list[int] | None
    flag: str | None
    held_until: datetime | None
    version: int
    changed_at: datetime | None
    changed_by: str
    health: RuleHealth


class AutomationRuleInput(Input):
    """A rule, all of it."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    trigger: OnEvent | AfterTime
    condition: Group | Question
    actions: Actions
    excludes: Annotated[list[Origin], msgspec.Meta(max_length=10)] = []
    is_enabled: bool = False

    def draft(self) -> rules.Draft:
        """As the desk keeps it."""
        return rules.Draft(
            name=self.name,
            trigger=self.trigger,
            condition=self.condition,
            actions=tuple(self.actions),
            excludes=tuple(self.excludes),
            is_enabled=self.is_enabled,
        )


class SwitchInput(Input):
    """On or off."""

    on: bool


class OrderInput(Input):
    """All rules in the order in which they shall run."""

    ids: Annotated[list[Id], msgspec.Meta(max_length=1000)]


class AskView(View):
    """What can be asked of a field: ``options`` of a choice, what a reference names (``of``), and the operators."""

    name: str
    type: str
    of: str
    options: list[str]
    operators: list[str]


class CatalogueView(View):
    """What rules can be made of."""

    happenings: list[str]
    fields: list[AskView]
    origins: list[str]
    webhook_kinds: list[str]


class MacroInput(Input):
    """A macro, all of it."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    html: Annotated[str, msgspec.Meta(max_length=100_000)] = ""
    actions: Actions = []

    def draft(self) -> macros.Draft:
        """As the desk keeps it."""
        return macros.Draft(name=self.name, html=self.html, actions=tuple(self.actions))


class ApplyInput(Input):
    """Places of the macro's actions that are left out."""

    skip: Annotated[list[int], msgspec.Meta(max_length=50)] = []


class WebhookInput(Input):
    """A webhook, all of it."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    url: Annotated[str, msgspec.Meta(max_length=2000)]
    kinds: Kinds = []
    is_enabled: bool = True

    def draft(self) -> webhooks.Draft:
        """As the desk keeps it."""
        return webhooks.Draft(name=self.name, url=self.url, kinds=tuple(self.kinds), is_enabled=self.is_enabled)


class WebhookView(View):
    """A webhook that was just written; ``secret`` is there once, for a new one or with another secret."""

    id: int
    name: str
    url: str
    kinds: list[str]
    is_enabled: bool
    flag: str | None
    version: int
    secret: str | None


class WebhookSecretView(View):
    """A new secret, shown once."""

    secret: str


class TriedView(View):
    """The delivery that was asked for."""

    delivery_id: int


class FileInput(Input):
    """A file that was exported here or from another desk."""

    version: int = 1
    rules: list[dict[str, Any]] = []
    macros: list[dict[str, Any]] = []
    webhooks: list[dict[str, Any]] = []


def rule_view(rule: Rule, health: RuleHealth | None) -> AutomationRuleView:
    """A rule for people."""
    values = {name: getattr(rule, name) for name in rule.__struct_fields__}
    values |= {"actions": list(rule.actions), "excludes": list(rule.excludes), "rights": sorted(rule.rights)}
    values["team_ids"] = None if rule.team_ids is None else list(rule.team_ids)
    return AutomationRuleView(**values, health=health or RuleHealth())


def ask_view(name: str, field: Field) -> AskView:
    """A field for people."""
    operators = list(field.operators)
    return AskView(name=name, type=field.type, of=field.of, options=list(field.options), operators=operators)


def webhook_view(row: Webhook, secret: str | None) -> WebhookView:
    """A webhook for people."""
    names = ("id", "name", "url", "kinds", "is_enabled", "flag", "version")
    return WebhookView(**{name: getattr(row, name) for name in names}, secret=secret)
