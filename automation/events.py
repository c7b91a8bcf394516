"""What can happen in automation."""

from typing import Any

from core.events import Event


class RuleChanged(Event, frozen=True, kw_only=True):
    """Somebody made, changed, ordered or took away a rule; or it was switched off by itself (``flag`` in ``after``)."""

    kind = "rule.changed"
    rule_id: int
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AutomationAlarmed(Event, frozen=True, kw_only=True):
    """A person should look at a rule: it was stopped in a loop, held back, or switched off by itself."""

    kind = "rule.alarmed"
    rule_id: int
    name: str
    reason: str


class RuleReplyAsked(Event, frozen=True, kw_only=True):
    """A rule wants the customer written to; the text may have variables."""

    kind = "rule.reply_asked"
    html: str


class RuleMailAsked(Event, frozen=True, kw_only=True):
    """A rule wants a mail sent that belongs to no conversation; ``to`` is an address, ``assignee`` or ``team``."""

    kind = "rule.mail_asked"
    to: str
    subject: str
    text: str


class MacroChanged(Event, frozen=True, kw_only=True):
    """Somebody made, changed or took away a macro."""

    kind = "macro.changed"
    macro_id: int
    name: str


class MacroApplied(Event, frozen=True, kw_only=True):
    """An agent applied a macro's actions to a ticket."""

    kind = "macro.applied"
    macro_id: int
    name: str


class WebhookChanged(Event, frozen=True, kw_only=True):
    """Somebody made, changed or took away a webhook."""

    kind = "webhook.changed"
    webhook_id: int
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class WebhookDisabled(Event, frozen=True, kw_only=True):
    """A webhook was switched off by itself, since it has not taken anything for a day."""

    kind = "webhook.disabled"
    webhook_id: int
    name: str
    reason: str
