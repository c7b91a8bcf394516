"""Tables of routing: queues, skills, work items, offers, every decision with its reasons, presence, promises.

A work item is what ``routing/engine.py`` decides about; how it comes to an agent stands in ``routing/rounds.py``.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.base import Base


class WorkQueue(Base):
    """Where work of one sort waits (``routing/queues.py``).

    ``is_default``: the work of its team comes here, but for kinds that another queue of the team takes (``kinds``);
    the one without a team is for work of no team. ``of_team``: its members are those of the team, or everybody where
    there is no team; else they are rows. ``skills``: needed by whatever comes in, ``[{skill_id, level, optional}]``.
    ``rings``: how the search for an agent widens (:class:`routing.rings.Ring`). ``sticky_seconds``,
    ``owner_seconds``: how long an item waits for the last agent and for whom the customer knows; None: not at all.
    ``hours``: outside of these nothing is given; None: at any time. ``misses_before_away``: so many offers that
    somebody lets pass in a row take her away. ``requeue_hours``: so many business hours after an agent was lost her
    requests go back; None: they stay hers.
    """

    __tablename__ = "queues"
    __table_args__ = (
        Index(
            "uq_queues_default", "team_id", unique=True, postgresql_where=text("is_default"),
            postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    is_default: Mapped[bool] = mapped_column(server_default="false")
    of_team: Mapped[bool] = mapped_column(server_default="false")
    kinds: Mapped[list[str]] = mapped_column(server_default="{}")
    skills: Mapped[list[Any]] = mapped_column(server_default="[]")
    rings: Mapped[list[Any]] = mapped_column(server_default="[]")
    sticky_seconds: Mapped[int | None]
    owner_seconds: Mapped[int | None]
    hours: Mapped[str | None]
    hourly_cap: Mapped[int | None]
    misses_before_away: Mapped[int] = mapped_column(server_default="3")
    requeue_hours: Mapped[int | None]
    version: Mapped[int] = mapped_column(server_default="1")


class QueueMember(Base):
    """Who gets work out of a queue that is not of a team."""

    __tablename__ = "queue_members"
    __table_args__ = (Index("ix_queue_members_agent_id", "agent_id"),)

    queue_id: Mapped[int] = mapped_column(ForeignKey("queues.id", ondelete="CASCADE"), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)


class Skill(Base):
    """Something that some of our people can: a language, a product, a trade."""

    __tablename__ = "skills"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class AgentSkill(Base):
    """How well an agent can something, from 1 to 5."""

    __tablename__ = "agent_skills"
    __table_args__ = (CheckConstraint("level between 1 and 5", name="level"),)

    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skills.id", ondelete="CASCADE"), primary_key=True)
    level: Mapped[int]


class WorkKind(Base):
    """What the desk has changed about a kind of work; what the product brings is in ``routing/kinds.py``."""

    __tablename__ = "work_kinds"

    kind: Mapped[str] = mapped_column(primary_key=True)
    weight: Mapped[float] = mapped_column(Double)
    blocks: Mapped[bool]
    beside: Mapped[float | None] = mapped_column(Double)
    offer_seconds: Mapped[int | None]
    idle_after_seconds: Mapped[int | None]
    idle_weight: Mapped[float] = mapped_column(Double)
    head_start_seconds: Mapped[int]
    requeue_after_seconds: Mapped[int | None]


class WorkItem(Base):
    """Something that needs an agent: one for each ticket.

    ``state``: ``waiting`` in its queue, ``offered`` to an agent, ``assigned`` to her, ``resting`` (pending, on hold or
    put away: nobody's load), ``done``. ``agent_id``: who is offered it or has it. ``lane``: its kind and needs as one
    word, so that the first of each sort are found quickly. ``entered_at``: since when it waits in all, ``queued_at``:
    in this queue. ``rank_at``: its place, the earlier the sooner (:attr:`routing.engine.Item.rank`).
    ``sticky_agent_id``: who had it last. ``owner_agent_id``: whom the customer knows. ``refusals``: agent → until
    when she is not asked. ``history``: where it has waited, ``[{queue_id, from, until, agent_id}]``. ``alarmed_at``:
    when it was told that nobody can do it.
    """

    __tablename__ = "work_items"
    __table_args__ = (
        CheckConstraint("state in ('waiting','offered','assigned','resting','done')", name="state"),
        Index("ix_work_items_waiting", "queue_id", "lane", "rank_at", "id", postgresql_where=text("state = 'waiting'")),
        Index("ix_work_items_waiting_team", "team_id", "kind", postgresql_where=text("state = 'waiting'")),
        Index("ix_work_items_held", "agent_id", postgresql_where=text("state in ('offered','assigned')")),
        Index(
            "ix_work_items_owner", "owner_agent_id",
            postgresql_where=text("state = 'waiting' and owner_agent_id is not null"),
        ),
        Index(
            "ix_work_items_sticky", "sticky_agent_id",
            postgresql_where=text("state = 'waiting' and sticky_agent_id is not null"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), unique=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    queue_id: Mapped[int] = mapped_column(ForeignKey("queues.id"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    state: Mapped[str] = mapped_column(server_default="waiting")
    priority: Mapped[int] = mapped_column(server_default="0")
    lane: Mapped[str] = mapped_column(server_default="")
    skills: Mapped[list[Any]] = mapped_column(server_default="[]")
    sticky_agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    owner_agent_id: Mapped[int | None]
    refusals: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    history: Mapped[list[Any]] = mapped_column(server_default="[]")
    entered_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    rank_at: Mapped[datetime]
    assigned_at: Mapped[datetime | None]
    alarmed_at: Mapped[datetime | None]


class Offer(Base):
    """Work that was held out to an agent (``routing/offers.py``).

    ``reason``: why she did not take it, in her words; or why it was taken back.
    """

    __tablename__ = "offers"
    __table_args__ = (
        CheckConstraint("state in ('offered','accepted','rejected','missed','withdrawn')", name="state"),
        Index("uq_offers_item_id_open", "item_id", unique=True, postgresql_where=text("state = 'offered'")),
        Index("ix_offers_item_id", "item_id", "id"),
        Index("ix_offers_agent_id", "agent_id", "id"),
        Index("ix_offers_agent_id_open", "agent_id", postgresql_where=text("state = 'offered'")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("work_items.id", ondelete="CASCADE"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id"))
    state: Mapped[str] = mapped_column(server_default="offered")
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(server_default="")


class AgentRouting(Base):
    """What routing knows of an agent: when she last got work and last had a call, how much an hour may bring her."""

    __tablename__ = "agent_routing"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    hourly_cap: Mapped[int | None]
    given_at: Mapped[datetime | None]
    called_at: Mapped[datetime | None]


class Presence(Base):
    """Whether an agent is there: the state she is in, since when, why, and who put her into it.

    ``source``: ``self``, ``supervisor`` (``set_by_id``: who) or ``system``. ``until``: when a wrap-up ends by itself.
    ``resumes``: what she comes back to after a lost connection, an idle time or a wrap-up. ``heartbeat_at``: the last
    sign of life of any of her windows; ``lost_at``: since when there was none.
    """

    __tablename__ = "presence"
    __table_args__ = (
        CheckConstraint("state in ('available','busy','break','wrap_up','offline')", name="state"),
        CheckConstraint("source in ('self','supervisor','system')", name="source"),
    )

    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str]
    reason: Mapped[str | None]
    since: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(server_default="self")
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    until: Mapped[datetime | None]
    resumes: Mapped[dict[str, Any] | None]
    lost_at: Mapped[datetime | None]


class Decision(Base):
    """Why a work item went to somebody, or why it waits: the candidates with the reason against each.

    ``code``: the reason as a word of :class:`routing.engine.Decision`. ``ring``: the step of overflow that was
    reached. ``candidates``: the first ones (:data:`routing.reasons.MOST_CANDIDATES`); ``counts``: how many there were
    for each word of :data:`routing.engine.EXCLUSIONS`. ``looks_again_at``: when time alone may change it.
    """

    __tablename__ = "routing_decisions"
    __table_args__ = (
        Index("ix_routing_decisions_ticket_id", "ticket_id", "id"),
        Index(
            "ix_routing_decisions_chosen", "chosen_agent_id", "at",
            postgresql_where=text("chosen_agent_id is not null"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    trigger: Mapped[str]
    team_id: Mapped[int | None]
    queue_id: Mapped[int | None]
    chosen_agent_id: Mapped[int | None]
    code: Mapped[str] = mapped_column(server_default="")
    ring: Mapped[int] = mapped_column(server_default="0")
    reason: Mapped[str]
    candidates: Mapped[list[Any]]
    counts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    looks_again_at: Mapped[datetime | None]
    alarm: Mapped[bool] = mapped_column(server_default="false")


class OpeningHours(Base):
    """When we are there, by name; ``default`` is the desk's own (``routing/hours.py`` reads the columns).

    ``weekly``: seven lists (Monday first) of windows ``[minute, minute]`` of the local day; one that goes over
    midnight ends beyond 1440. ``days``: date → name and windows of that day alone, none for a holiday.
    """

    __tablename__ = "opening_hours"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    time_zone: Mapped[str]
    weekly: Mapped[list[Any]]
    days: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    version: Mapped[int] = mapped_column(server_default=text("1"))
    updated_at: Mapped[datetime]


class SlaPolicy(Base):
    """What we promise for which tickets (``routing/policies.py``); None in a condition: whatever it is.

    ``targets``: kind of clock → minutes, and whether they are of opening hours (``hours``: which; None: those of the
    ticket's queue) or of the calendar. ``is_told``: customers see until when the first answer is promised.
    ``warnings``: at how many percent of the time somebody is warned. ``rests_in``: statuses in which the time to the
    solution does not count. ``reopening``: whether that time goes on or begins anew when a ticket is opened again.
    """

    __tablename__ = "sla_policies"
    __table_args__ = (
        CheckConstraint("reopening in ('continue','restart')", name="reopening"),
        Index(
            "ix_sla_policies_requests",
            "tier",
            "entitlement",
            "queue_id",
            "team_id",
            "priority",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    tier: Mapped[str | None]
    entitlement: Mapped[str | None]
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queues.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    priority: Mapped[str | None]
    hours: Mapped[str | None]
    targets: Mapped[dict[str, Any]]
    is_told: Mapped[bool] = mapped_column(server_default="false")
    warnings: Mapped[list[int]] = mapped_column(server_default="{}")
    rests_in: Mapped[list[str]] = mapped_column(server_default="{pending,on_hold}")
    reopening: Mapped[str] = mapped_column(server_default="continue")
    version: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[datetime]


class Promise(Base):
    """What an agent has promised the customer of a ticket, and until when (``routing/promising.py``).

    ``is_told``: the customer sees it. ``broken_at``: the moment at which it was missed; it may be kept later all the
    same. Its clock is a row of :class:`SlaClock`, so it is warned of and missed like any other.
    """

    __tablename__ = "promises"
    __table_args__ = (Index("ix_promises_ticket_id", "ticket_id"), Index("ix_promises_due_at", "due_at"))

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    text: Mapped[str]
    due_at: Mapped[datetime]
    is_told: Mapped[bool]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id"))
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    kept_at: Mapped[datetime | None]
    broken_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class SlaClock(Base):
    """One promise about one ticket: since when it runs, until when, and how it ended (``routing/clocks.py``).

    What the policy said is kept here, so that a changed policy changes no promise by itself; it may be gone by now
    (``policy_id`` is no foreign key: to take a policy away nobody shall look through all clocks). ``pauses``:
    stretches ``[from, until]`` that do not count; ``paused_at``: the one that goes on. ``due_at``: None while it is
    paused, unless it was missed before. ``warns_at``: when somebody is warned next; ``warned``: up to how many percent
    of the time that has happened. ``first_met_at``: it was met then, whatever came later (a ticket that is opened
    again). ``breached_at``: the deadline that was missed; it stays whatever comes later. ``ended_at``: since when
    nothing is promised any more about it.
    """

    __tablename__ = "sla_clocks"
    __table_args__ = (
        CheckConstraint("kind in ('first_response','next_response','resolution','call_answer','promise')", name="kind"),
        UniqueConstraint(
            "ticket_id",
            "kind",
            "started_at",
            "promise_id",
            name="uq_sla_clocks_ticket_kind_start",
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_sla_clocks_started_at", "started_at"),
        Index("ix_sla_clocks_promise_id", "promise_id", postgresql_where=text("promise_id is not null")),
        Index("ix_sla_clocks_met_at", "met_at", postgresql_where=text("met_at is not null")),
        Index("ix_sla_clocks_breached_at", "breached_at", postgresql_where=text("breached_at is not null")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    kind: Mapped[str]
    policy_id: Mapped[int | None]
    policy: Mapped[str]
    reason: Mapped[str]
    minutes: Mapped[int]
    business: Mapped[bool]
    hours: Mapped[str]
    is_told: Mapped[bool]
    warnings: Mapped[list[int]] = mapped_column(server_default="{}")
    rests_in: Mapped[list[str]] = mapped_column(server_default="{pending,on_hold}")
    restarts: Mapped[bool] = mapped_column(server_default="false")
    promise_id: Mapped[int | None] = mapped_column(ForeignKey("promises.id", ondelete="CASCADE"))
    started_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    warns_at: Mapped[datetime | None]
    warned: Mapped[int] = mapped_column(server_default="0")
    paused_at: Mapped[datetime | None]
    pauses: Mapped[list[Any]] = mapped_column(server_default="[]")
    met_at: Mapped[datetime | None]
    first_met_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
