"""How content customers are; notices that can be ended with one click."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.add_column("notices", sa.Column("unsubscribe_url", sa.Text(), nullable=True))
    op.create_table(
        "satisfaction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("score between 1 and 5", name=op.f("ck_satisfaction_score")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_satisfaction_agent_id_agents")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_satisfaction_customer_id_customers")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_satisfaction_team_id_teams")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_satisfaction_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_satisfaction")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_satisfaction_ticket_id")),
    )
    op.create_index("ix_satisfaction_asked_at", "satisfaction", ["asked_at"])
    op.create_index("ix_satisfaction_customer_id", "satisfaction", ["customer_id", "asked_at"])


def downgrade() -> None:
    """Move back."""
    op.drop_table("satisfaction")
    op.drop_column("notices", "unsubscribe_url")
