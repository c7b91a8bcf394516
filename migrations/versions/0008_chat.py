"""Widgets, their visitors and conversations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

EMPTY = "{}"


def upgrade() -> None:
    """Move forward."""
    _widgets()
    _visitors()
    _chats()
    _items()


def _widgets() -> None:
    op.create_table(
        "widgets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("origins", postgresql.ARRAY(sa.Text()), server_default=EMPTY, nullable=False),
        sa.Column("hue", sa.BigInteger(), server_default="268", nullable=False),
        sa.Column("texts", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("fields", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("previous_secret", sa.Text(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("socket_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fallback_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["channel_accounts.id"], name=op.f("fk_widgets_account_id_channel_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_widgets")),
        sa.UniqueConstraint("account_id", name=op.f("uq_widgets_account_id")),
        sa.UniqueConstraint("key", name=op.f("uq_widgets_key")),
    )


def _visitors() -> None:
    op.create_table(
        "chat_visitors",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("widget_id", sa.BigInteger(), nullable=False),
        sa.Column("name_hash", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(name_hash is null) <> (external_id is null)", name=op.f("ck_chat_visitors_one_identity")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_chat_visitors_customer_id_customers")),
        sa.ForeignKeyConstraint(["widget_id"], ["widgets.id"], name=op.f("fk_chat_visitors_widget_id_widgets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_visitors")),
        sa.UniqueConstraint("name_hash", name=op.f("uq_chat_visitors_name_hash")),
        sa.UniqueConstraint("widget_id", "external_id", name="uq_chat_visitors_widget_external"),
    )


def _chats() -> None:
    op.create_table(
        "chats",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("widget_id", sa.BigInteger(), nullable=False),
        sa.Column("visitor_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("is_signed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("page_url", sa.Text(), server_default="", nullable=False),
        sa.Column("page_title", sa.Text(), server_default="", nullable=False),
        sa.Column("last_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("acked_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("read_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("agent_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rating", sa.BigInteger(), nullable=True),
        sa.Column("rating_comment", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state in ('open','ended')", name=op.f("ck_chats_state")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_chats_ticket_id_tickets")),
        sa.ForeignKeyConstraint(["visitor_id"], ["chat_visitors.id"], name=op.f("fk_chats_visitor_id_chat_visitors")),
        sa.ForeignKeyConstraint(["widget_id"], ["widgets.id"], name=op.f("fk_chats_widget_id_widgets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chats")),
    )
    op.create_index("ix_chats_ticket_id", "chats", ["ticket_id"])
    op.create_index("ix_chats_visitor_id", "chats", ["visitor_id"])
    op.create_index("ix_chats_present", "chats", ["seen_at"], postgresql_where=sa.text("gone_at is null"))
    op.create_index(
        "uq_chats_visitor_open", "chats", ["visitor_id"], unique=True, postgresql_where=sa.text("state = 'open'")
    )


def _items() -> None:
    op.create_table(
        "chat_items",
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chats.id"], name=op.f("fk_chat_items_chat_id_chats"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_chat_items_message_id_messages")),
        sa.PrimaryKeyConstraint("chat_id", "seq", name=op.f("pk_chat_items")),
    )
    op.create_index(
        "uq_chat_items_chat_message",
        "chat_items",
        ["chat_id", "message_id"],
        unique=True,
        postgresql_where=sa.text("message_id is not null and kind = 'said'"),
    )
    op.create_index(
        "uq_chat_items_chat_client_id",
        "chat_items",
        ["chat_id", "client_id"],
        unique=True,
        postgresql_where=sa.text("client_id is not null"),
    )


def downgrade() -> None:
    """Move back."""
    for table in ("chat_items", "chats", "chat_visitors", "widgets"):
        op.drop_table(table)
