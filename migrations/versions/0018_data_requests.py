"""What customers want to be done with their data."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.create_table(
        "data_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("handled_by", sa.Text(), nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('copy','correction','deletion')", name=op.f("ck_data_requests_kind")),
        sa.CheckConstraint("state in ('asked','working','done','refused')", name=op.f("ck_data_requests_state")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_data_requests_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_requests")),
    )
    op.create_index("ix_data_requests_customer_id", "data_requests", ["customer_id", "id"])
    op.create_index(
        "ix_data_requests_open", "data_requests", ["id"], postgresql_where=sa.text("state in ('asked','working')")
    )


def downgrade() -> None:
    """Move back."""
    op.drop_table("data_requests")
