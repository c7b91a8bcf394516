"""Brands: names, colours and hosts of the portal."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward. The name that the request form was shown under becomes the desk's own brand."""
    op.create_table(
        "brands",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hue", sa.BigInteger(), nullable=False),
        sa.Column("logo_key", sa.Text(), nullable=True),
        sa.Column("logo_type", sa.Text(), nullable=True),
        sa.Column("default_language", sa.Text(), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("question", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("description", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("footer_links", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("contact_address", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_phone", sa.Text(), server_default="", nullable=False),
        sa.Column("mailbox_id", sa.BigInteger(), nullable=True),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("hue between 0 and 360", name=op.f("ck_brands_hue")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brands")),
        sa.UniqueConstraint("host", name=op.f("uq_brands_host")),
    )
    op.execute("""
        insert into brands (host, name, hue, default_language, languages, updated_at)
        select '', display_name, 172, 'en', '{en,hi,mr,bn,kn}', now()
        from channel_accounts where name = 'web' and display_name <> ''
    """)


def downgrade() -> None:
    """Move back."""
    op.drop_table("brands")
