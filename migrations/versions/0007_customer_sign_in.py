"""Customers sign in on the portal; some see the tickets of their organisation."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.add_column(
        "customers",
        sa.Column("manages_organisation", sa.Boolean(), server_default="false", nullable=False),
    )
    op.create_table(
        "customer_signin_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("next_path", sa.Text(), server_default="", nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_signin_links_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_signin_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_customer_signin_links_token_hash")),
    )
    op.create_index("ix_customer_signin_links_address", "customer_signin_links", ["address", "created_at"])
    op.create_index("ix_customer_signin_links_browser_hash", "customer_signin_links", ["browser_hash"])
    op.create_index("ix_customer_signin_links_network", "customer_signin_links", ["network", "created_at"])
    op.create_table(
        "customer_sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_sessions_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_customer_sessions_token_hash")),
    )
    op.create_index("ix_customer_sessions_customer_id", "customer_sessions", ["customer_id"])


def downgrade() -> None:
    """Move back."""
    op.drop_table("customer_sessions")
    op.drop_table("customer_signin_links")
    op.drop_column("customers", "manages_organisation")
