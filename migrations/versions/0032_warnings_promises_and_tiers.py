"""Response times by tier and team, warnings before they are missed, and promises of agents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
START = "uq_sla_clocks_ticket_kind_start"
REQUESTS = "ix_sla_policies_requests"
OF_CLOCKS = ("warnings", "rests_in", "restarts", "promise_id", "warns_at", "warned", "first_met_at")
OF_POLICIES = ("tier", "queue_id", "team_id", "warnings", "rests_in", "reopening")


def _terms() -> list[sa.Column[list[int]] | sa.Column[list[str]]]:
    return [
        sa.Column("warnings", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("rests_in", postgresql.ARRAY(sa.Text()), server_default="{pending,on_hold}", nullable=False),
    ]


def upgrade() -> None:
    """Move forward."""
    op.add_column("organisations", sa.Column("tier", sa.Text(), nullable=True))
    op.add_column("organisations", sa.Column("version", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column("customers", sa.Column("tier", sa.Text(), nullable=True))
    op.create_index("ix_customers_tier", "customers", ["tier"], postgresql_where=sa.text("tier is not null"))
    op.add_column("tickets", sa.Column("promise_due_at", MOMENT, nullable=True))
    op.add_column("tickets", sa.Column("no_reply_up_to_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_tickets_promise_due",
        "tickets",
        ["promise_due_at"],
        postgresql_where=sa.text("promise_due_at is not null"),
    )
    _policies()
    _promises()
    _clocks()


def _policies() -> None:
    op.drop_index(REQUESTS, table_name="sla_policies")
    op.add_column("sla_policies", sa.Column("tier", sa.Text(), nullable=True))
    for name in ("queue_id", "team_id"):
        op.add_column("sla_policies", sa.Column(name, sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_sla_policies_queue_id_queues"), "sla_policies", "queues", ["queue_id"], ["id"])
    op.create_foreign_key(op.f("fk_sla_policies_team_id_teams"), "sla_policies", "teams", ["team_id"], ["id"])
    op.alter_column("sla_policies", "hours", nullable=True, server_default=None)
    for column in _terms():
        op.add_column("sla_policies", column)
    op.add_column("sla_policies", sa.Column("reopening", sa.Text(), server_default="continue", nullable=False))
    op.create_check_constraint(op.f("ck_sla_policies_reopening"), "sla_policies", "reopening in ('continue','restart')")
    op.create_index(
        REQUESTS,
        "sla_policies",
        ["tier", "entitlement", "queue_id", "team_id", "priority"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def _promises() -> None:
    op.create_table(
        "promises",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("kept_at", MOMENT, nullable=True),
        sa.Column("broken_at", MOMENT, nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_promises_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["made_by_id"], ["agents.id"], name=op.f("fk_promises_made_by_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promises")),
    )
    op.create_index("ix_promises_ticket_id", "promises", ["ticket_id"])
    op.create_index("ix_promises_due_at", "promises", ["due_at"])


def _clocks() -> None:
    for column in _terms():
        op.add_column("sla_clocks", column)
    op.add_column("sla_clocks", sa.Column("restarts", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("sla_clocks", sa.Column("promise_id", sa.BigInteger(), nullable=True))
    op.add_column("sla_clocks", sa.Column("warns_at", MOMENT, nullable=True))
    op.add_column("sla_clocks", sa.Column("warned", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("sla_clocks", sa.Column("first_met_at", MOMENT, nullable=True))
    op.create_foreign_key(
        op.f("fk_sla_clocks_promise_id_promises"), "sla_clocks", "promises", ["promise_id"], ["id"], ondelete="CASCADE"
    )
    op.drop_constraint(START, "sla_clocks")
    op.create_unique_constraint(
        START, "sla_clocks", ["ticket_id", "kind", "started_at", "promise_id"], postgresql_nulls_not_distinct=True
    )
    op.create_index("ix_sla_clocks_started_at", "sla_clocks", ["started_at"])
    op.create_index(
        "ix_sla_clocks_promise_id",
        "sla_clocks",
        ["promise_id"],
        postgresql_where=sa.text("promise_id is not null"),
    )
    op.execute("update sla_clocks set first_met_at = met_at where met_at is not null")


def downgrade() -> None:
    """Move back; what the version before could not say is gone."""
    op.execute("delete from sla_clocks where kind = 'promise'")
    op.drop_index("ix_sla_clocks_started_at", table_name="sla_clocks")
    op.drop_constraint(START, "sla_clocks")
    for name in OF_CLOCKS:
        op.drop_column("sla_clocks", name)
    op.create_unique_constraint(START, "sla_clocks", ["ticket_id", "kind", "started_at"])
    op.drop_table("promises")
    op.drop_index(REQUESTS, table_name="sla_policies")
    op.execute("delete from sla_policies where coalesce(tier, queue_id::text, team_id::text) is not null")
    op.execute("update sla_policies set hours = 'default' where hours is null")
    for name in OF_POLICIES:
        op.drop_column("sla_policies", name)
    op.alter_column("sla_policies", "hours", nullable=False, server_default="default")
    op.create_index(
        REQUESTS, "sla_policies", ["entitlement", "priority"], unique=True, postgresql_nulls_not_distinct=True
    )
    op.drop_index("ix_tickets_promise_due", table_name="tickets")
    op.drop_column("tickets", "no_reply_up_to_id")
    op.drop_column("tickets", "promise_due_at")
    op.drop_index("ix_customers_tier", table_name="customers")
    op.drop_column("customers", "tier")
    op.drop_column("organisations", "version")
    op.drop_column("organisations", "tier")
