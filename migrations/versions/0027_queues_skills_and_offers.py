"""Queues, skills, kinds of work and offers; every team and the work of no team get a queue of their own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())
MOMENT = sa.DateTime(timezone=True)
HELD = "state in ('offered','assigned')"


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _to(column: str, table: str, target: str, *, cascade: bool = False) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete="CASCADE" if cascade else None)


def upgrade() -> None:
    """Move forward."""
    op.add_column("customers", sa.Column("owner_agent_id", sa.BigInteger(), nullable=True))
    _make_queues()
    _make_skills()
    _make_agents()
    _change_items()
    _make_offers()
    _change_decisions()


def _make_queues() -> None:
    op.create_table(
        "queues",
        _id(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("is_default", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("of_team", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("skills", JSON, server_default="[]", nullable=False),
        sa.Column("rings", JSON, server_default="[]", nullable=False),
        sa.Column("sticky_seconds", sa.BigInteger(), nullable=True),
        sa.Column("owner_seconds", sa.BigInteger(), nullable=True),
        sa.Column("hours", sa.Text(), nullable=True),
        sa.Column("hourly_cap", sa.BigInteger(), nullable=True),
        sa.Column("misses_before_away", sa.BigInteger(), server_default="3", nullable=False),
        sa.Column("requeue_hours", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        _to("team_id", "queues", "teams"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queues")),
    )
    op.create_index(
        "uq_queues_default", "queues", ["team_id"], unique=True, postgresql_where=sa.text("is_default"),
        postgresql_nulls_not_distinct=True,
    )  # fmt: skip
    op.create_table(
        "queue_members",
        sa.Column("queue_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        _to("queue_id", "queue_members", "queues", cascade=True),
        _to("agent_id", "queue_members", "agents", cascade=True),
        sa.PrimaryKeyConstraint("queue_id", "agent_id", name=op.f("pk_queue_members")),
    )
    op.create_index("ix_queue_members_agent_id", "queue_members", ["agent_id"])
    op.execute(
        "insert into queues (name, team_id, is_default, of_team) "
        "select name, id, true, true from teams union all select 'Everybody', null, true, true"
    )


def _make_skills() -> None:
    op.create_table(
        "skills",
        _id(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skills")),
        sa.UniqueConstraint("name", name=op.f("uq_skills_name")),
    )
    op.create_table(
        "agent_skills",
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("skill_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("level between 1 and 5", name=op.f("ck_agent_skills_level")),
        _to("agent_id", "agent_skills", "agents", cascade=True),
        _to("skill_id", "agent_skills", "skills", cascade=True),
        sa.PrimaryKeyConstraint("agent_id", "skill_id", name=op.f("pk_agent_skills")),
    )
    op.create_table(
        "work_kinds",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("blocks", sa.Boolean(), nullable=False),
        sa.Column("beside", sa.Double(), nullable=True),
        sa.Column("offer_seconds", sa.BigInteger(), nullable=True),
        sa.Column("idle_after_seconds", sa.BigInteger(), nullable=True),
        sa.Column("idle_weight", sa.Double(), nullable=False),
        sa.Column("head_start_seconds", sa.BigInteger(), nullable=False),
        sa.Column("requeue_after_seconds", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_work_kinds")),
    )


def _make_agents() -> None:
    op.create_table(
        "agent_routing",
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("hourly_cap", sa.BigInteger(), nullable=True),
        sa.Column("given_at", MOMENT, nullable=True),
        sa.Column("called_at", MOMENT, nullable=True),
        _to("agent_id", "agent_routing", "agents", cascade=True),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_agent_routing")),
    )
    op.execute(
        "insert into agent_routing (agent_id, given_at) "
        "select agent_id, last_assigned_at from presence where last_assigned_at is not null"
    )
    op.drop_column("presence", "last_assigned_at")


def _change_items() -> None:
    op.drop_constraint(op.f("ck_work_items_state"), "work_items")
    op.drop_index("ix_work_items_waiting", table_name="work_items")
    op.drop_column("work_items", "weight")
    op.drop_column("work_items", "skills")
    op.add_column("work_items", sa.Column("skills", JSON, server_default="[]", nullable=False))
    op.drop_constraint(op.f("fk_work_items_preferred_agent_id_agents"), "work_items")
    op.alter_column("work_items", "preferred_agent_id", new_column_name="sticky_agent_id")
    op.create_foreign_key(
        op.f("fk_work_items_sticky_agent_id_agents"), "work_items", "agents", ["sticky_agent_id"], ["id"]
    )
    for name, kind in (("queue_id", sa.BigInteger()), ("agent_id", sa.BigInteger()), ("owner_agent_id", sa.BigInteger()),
                       ("queued_at", MOMENT), ("rank_at", MOMENT), ("alarmed_at", MOMENT)):  # fmt: skip
        op.add_column("work_items", sa.Column(name, kind, nullable=True))
    op.add_column("work_items", sa.Column("lane", sa.Text(), server_default="", nullable=False))
    op.add_column("work_items", sa.Column("refusals", JSON, server_default="{}", nullable=False))
    op.add_column("work_items", sa.Column("history", JSON, server_default="[]", nullable=False))
    op.execute(
        """
        update work_items w set lane = w.kind, queued_at = w.entered_at,
            rank_at = w.entered_at - w.priority * interval '30 minutes'
                - case when w.kind = 'chat' then interval '7 days' else interval '0' end,
            queue_id = (select q.id from queues q where q.is_default and q.team_id is not distinct from w.team_id),
            agent_id = case when t.status = 'open' and t.snoozed_until is null then t.assignee_id end,
            sticky_agent_id = t.assignee_id,
            state = case when t.status in ('solved', 'closed') then 'done'
                when t.status <> 'open' or t.snoozed_until is not null then 'resting'
                when t.assignee_id is null then 'waiting' else 'assigned' end
        from tickets t where t.id = w.ticket_id
        """
    )
    for name in ("queue_id", "queued_at", "rank_at"):
        op.alter_column("work_items", name, nullable=False)
    op.create_check_constraint(
        op.f("ck_work_items_state"), "work_items", "state in ('waiting','offered','assigned','resting','done')"
    )
    op.create_foreign_key(op.f("fk_work_items_queue_id_queues"), "work_items", "queues", ["queue_id"], ["id"])
    op.create_foreign_key(op.f("fk_work_items_agent_id_agents"), "work_items", "agents", ["agent_id"], ["id"])
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_work_items_waiting", "work_items", ["queue_id", "lane", "rank_at", "id"], postgresql_where=waiting
    )
    op.create_index("ix_work_items_waiting_team", "work_items", ["team_id", "kind"], postgresql_where=waiting)
    op.create_index("ix_work_items_held", "work_items", ["agent_id"], postgresql_where=sa.text(HELD))
    op.create_index(
        "ix_work_items_owner", "work_items", ["owner_agent_id"],
        postgresql_where=sa.text("state = 'waiting' and owner_agent_id is not null"),
    )  # fmt: skip


def _make_offers() -> None:
    op.create_table(
        "offers",
        _id(),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="offered", nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state in ('offered','accepted','rejected','missed','withdrawn')", name=op.f("ck_offers_state")
        ),
        _to("item_id", "offers", "work_items", cascade=True),
        _to("ticket_id", "offers", "tickets", cascade=True),
        _to("agent_id", "offers", "agents"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
    )
    is_open = sa.text("state = 'offered'")
    op.create_index("uq_offers_item_id_open", "offers", ["item_id"], unique=True, postgresql_where=is_open)
    op.create_index("ix_offers_item_id", "offers", ["item_id", "id"])
    op.create_index("ix_offers_agent_id", "offers", ["agent_id", "id"])
    op.create_index("ix_offers_agent_id_open", "offers", ["agent_id"], postgresql_where=is_open)


def _change_decisions() -> None:
    for column in (
        sa.Column("queue_id", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("ring", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("counts", JSON, server_default="{}", nullable=False),
        sa.Column("looks_again_at", MOMENT, nullable=True),
        sa.Column("alarm", sa.Boolean(), server_default="false", nullable=False),
    ):
        op.add_column("routing_decisions", column)
    op.create_index(
        "ix_routing_decisions_chosen", "routing_decisions", ["chosen_agent_id", "at"],
        postgresql_where=sa.text("chosen_agent_id is not null"),
    )  # fmt: skip


def downgrade() -> None:
    """Move back."""
    op.drop_index("ix_routing_decisions_chosen", table_name="routing_decisions")
    for name in ("queue_id", "code", "ring", "counts", "looks_again_at", "alarm"):
        op.drop_column("routing_decisions", name)
    op.drop_table("offers")
    for index in ("ix_work_items_waiting", "ix_work_items_waiting_team", "ix_work_items_held", "ix_work_items_owner"):
        op.drop_index(index, table_name="work_items")
    op.drop_constraint(op.f("ck_work_items_state"), "work_items")
    op.execute("update work_items set state = 'assigned' where state = 'resting'")
    op.execute("update work_items set state = 'waiting' where state = 'offered'")
    op.create_check_constraint(op.f("ck_work_items_state"), "work_items", "state in ('waiting','assigned','done')")
    for column in ("queue_id", "agent_id", "sticky_agent_id"):
        op.drop_constraint(
            op.f(f"fk_work_items_{column}_{'queues' if column == 'queue_id' else 'agents'}"), "work_items"
        )
    op.alter_column("work_items", "sticky_agent_id", new_column_name="preferred_agent_id")
    op.create_foreign_key(
        op.f("fk_work_items_preferred_agent_id_agents"), "work_items", "agents", ["preferred_agent_id"], ["id"]
    )
    for name in ("queue_id", "agent_id", "owner_agent_id", "queued_at", "rank_at", "alarmed_at", "lane", "refusals",
                 "history", "skills"):  # fmt: skip
        op.drop_column("work_items", name)
    op.add_column("work_items", sa.Column("skills", JSON, server_default="{}", nullable=False))
    op.add_column("work_items", sa.Column("weight", sa.BigInteger(), server_default="1", nullable=False))
    op.create_index(
        "ix_work_items_waiting", "work_items", ["team_id", "priority", "entered_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )  # fmt: skip
    op.add_column("presence", sa.Column("last_assigned_at", MOMENT, nullable=True))
    for table in ("agent_routing", "work_kinds", "agent_skills", "skills", "queue_members", "queues"):
        op.drop_table(table)
    op.drop_column("customers", "owner_agent_id")
