"""What e-mail needs to lose, double and loop nothing: notices, the brake, blocked senders, facts of mails."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.create_table(
        "automatic_mails",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automatic_mails")),
    )
    op.create_index("ix_automatic_mails_address_at", "automatic_mails", ["address", "at"], unique=False)
    op.create_index("ix_automatic_mails_at", "automatic_mails", ["at"], unique=False)
    op.create_index("ix_automatic_mails_ticket_id_at", "automatic_mails", ["ticket_id", "at"], unique=False)
    op.create_table(
        "blocked_senders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by_id"], ["agents.id"], name=op.f("fk_blocked_senders_created_by_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocked_senders")),
        sa.UniqueConstraint("pattern", name=op.f("uq_blocked_senders_pattern")),
    )
    op.create_table(
        "brake_trips",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tripped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["released_by_id"], ["agents.id"], name=op.f("fk_brake_trips_released_by_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brake_trips")),
    )
    op.create_index(
        "uq_brake_trips_open",
        "brake_trips",
        [sa.literal_column("(released_at is null)")],
        unique=True,
        postgresql_where=sa.text("released_at is null"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("to_name", sa.Text(), server_default="", nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), server_default="", nullable=False),
        sa.Column("in_reply_to", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('queued','sending','sent','failed','unknown','bounced','withheld')",
            name=op.f("ck_notices_state"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["channel_accounts.id"], name=op.f("fk_notices_account_id_channel_accounts")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_notices_agent_id_agents")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_notices_message_id_messages")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_notices_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_ticket_id", "notices", ["ticket_id"], unique=False)
    op.create_index(
        "ix_notices_undelivered",
        "notices",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state in ('withheld','failed','bounced','unknown')"),
    )
    op.create_index(
        "ix_notices_unfinished",
        "notices",
        ["changed_at"],
        unique=False,
        postgresql_where=sa.text("state in ('queued','sending')"),
    )
    op.add_column(
        "agents", sa.Column("notify", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False)
    )
    op.add_column("agents", sa.Column("address_failed", sa.Text(), nullable=True))
    op.add_column("attachments", sa.Column("sniffed_type", sa.Text(), nullable=True))
    op.add_column("attachments", sa.Column("preview", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column(
        "channel_accounts",
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column(
        "channel_accounts",
        sa.Column("audit", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column("channel_accounts", sa.Column("alarm", sa.Text(), nullable=True))
    op.add_column("channel_accounts", sa.Column("alarm_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("deliveries", sa.Column("scheduled", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("deliveries", sa.Column("warning", sa.Text(), nullable=True))
    op.add_column("inbound_items", sa.Column("archived", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("inbound_items", sa.Column("internal_date", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("dated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("own_address", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("is_list", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("messages", sa.Column("subject_changed", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("messages", sa.Column("sent_elsewhere", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("messages", sa.Column("forwarded_by_id", sa.BigInteger(), nullable=True))
    op.add_column("messages", sa.Column("protection", sa.Text(), server_default="", nullable=False))
    op.add_column("messages", sa.Column("authentication", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("messages", sa.Column("signature_html", sa.Text(), server_default="", nullable=False))
    op.add_column("messages", sa.Column("passed_on", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("messages", sa.Column("plain", sa.Boolean(), server_default="false", nullable=False))
    op.create_index(
        "ix_inbound_items_outcomes",
        "inbound_items",
        ["account_id", "state", "outcome"],
        postgresql_include=["received_at"],
    )
    op.create_index(
        "ix_messages_in_reply_to", "messages", ["in_reply_to"], postgresql_where=sa.text("in_reply_to is not null")
    )
    op.create_foreign_key(op.f("fk_messages_forwarded_by_id_agents"), "messages", "agents", ["forwarded_by_id"], ["id"])


def downgrade() -> None:
    """Move back."""
    op.drop_index("ix_messages_in_reply_to", table_name="messages")
    op.drop_index("ix_inbound_items_outcomes", table_name="inbound_items")
    op.drop_constraint(op.f("fk_messages_forwarded_by_id_agents"), "messages", type_="foreignkey")
    op.drop_column("messages", "plain")
    op.drop_column("messages", "passed_on")
    op.drop_column("messages", "signature_html")
    op.drop_column("messages", "authentication")
    op.drop_column("messages", "protection")
    op.drop_column("messages", "forwarded_by_id")
    op.drop_column("messages", "sent_elsewhere")
    op.drop_column("messages", "subject_changed")
    op.drop_column("messages", "is_list")
    op.drop_column("messages", "own_address")
    op.drop_column("messages", "dated_at")
    op.drop_column("inbound_items", "internal_date")
    op.drop_column("inbound_items", "archived")
    op.drop_column("deliveries", "warning")
    op.drop_column("deliveries", "scheduled")
    op.drop_column("channel_accounts", "alarm_since")
    op.drop_column("channel_accounts", "alarm")
    op.drop_column("channel_accounts", "audit")
    op.drop_column("channel_accounts", "options")
    op.drop_column("attachments", "preview")
    op.drop_column("attachments", "sniffed_type")
    op.drop_column("agents", "address_failed")
    op.drop_column("agents", "notify")
    op.drop_index(
        "ix_notices_unfinished", table_name="notices", postgresql_where=sa.text("state in ('queued','sending')")
    )
    op.drop_index(
        "ix_notices_undelivered",
        table_name="notices",
        postgresql_where=sa.text("state in ('withheld','failed','bounced','unknown')"),
    )
    op.drop_index("ix_notices_ticket_id", table_name="notices")
    op.drop_table("notices")
    op.drop_index("uq_brake_trips_open", table_name="brake_trips", postgresql_where=sa.text("released_at is null"))
    op.drop_table("brake_trips")
    op.drop_table("blocked_senders")
    op.drop_index("ix_automatic_mails_ticket_id_at", table_name="automatic_mails")
    op.drop_index("ix_automatic_mails_at", table_name="automatic_mails")
    op.drop_index("ix_automatic_mails_address_at", table_name="automatic_mails")
    op.drop_table("automatic_mails")
