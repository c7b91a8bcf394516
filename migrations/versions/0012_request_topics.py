"""Topics of the request form with fields of their own, and what customers answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.create_table(
        "request_topics",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fields", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_request_topics_team_id_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_topics")),
        sa.UniqueConstraint("key", name=op.f("uq_request_topics_key")),
    )
    op.add_column("tickets", sa.Column("form_answers", postgresql.JSONB(), server_default="[]", nullable=False))


def downgrade() -> None:
    """Move back."""
    op.drop_column("tickets", "form_answers")
    op.drop_table("request_topics")
