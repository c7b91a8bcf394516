"""Who is acting: an agent, a customer, a rule, or the system itself. Carried by every unit of work and every event."""

import enum
from typing import Final

import msgspec


class ActorKind(enum.StrEnum):
    """The kinds of actors that an event can name."""

    AGENT = "agent"
    CUSTOMER = "customer"
    SYSTEM = "system"
    RULE = "rule"


class Actor(msgspec.Struct, frozen=True):
    """Somebody (or something) on whose behalf work is done.

    Attributes:
        kind: agent, customer, rule or system.
        id: the agent's or customer's id; None for the system and for rules.
        name: as shown in histories.
        permissions: what an agent's role or a rule's own rights allow, e.g. ``tickets:reply``.
        team_ids: the agent's or rule's teams; decide which tickets are visible.
        organisation_id: the organisation that a customer manages: she sees the tickets of all its people.
        only_ticket_id: the one ticket that a guest may see; she holds a signed address and is not signed in.
    """

    kind: ActorKind
    id: int | None
    name: str
    permissions: frozenset[str] = frozenset()
    team_ids: tuple[int, ...] = ()
    organisation_id: int | None = None
    only_ticket_id: int | None = None

    def may(self, permission: str) -> bool:
        """Whether this actor holds a permission; the system holds all."""
        return self.kind is ActorKind.SYSTEM or permission in self.permissions

    @property
    def sees_all_tickets(self) -> bool:
        """Whether no team limits what this actor may read."""
        return self.may("tickets:read_all")


SYSTEM: Final = Actor(ActorKind.SYSTEM, None, "Sampark")
