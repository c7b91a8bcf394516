"""Presence by windows, with reasons and who set it; links of wallboards; clocks found by when they ended."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.drop_constraint(op.f("ck_presence_state"), "presence", type_="check")
    op.create_check_constraint(
        op.f("ck_presence_state"), "presence", "state in ('available','busy','break','wrap_up','offline')"
    )
    op.add_column("presence", sa.Column("source", sa.Text(), server_default="self", nullable=False))
    op.create_check_constraint(op.f("ck_presence_source"), "presence", "source in ('self','supervisor','system')")
    op.add_column("presence", sa.Column("set_by_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_presence_set_by_id_agents"), "presence", "agents", ["set_by_id"], ["id"])
    op.add_column("presence", sa.Column("until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("presence", sa.Column("resumes", sa.dialects.postgresql.JSONB(), nullable=True))
    op.add_column("presence", sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        """
        update presence set resumes = jsonb_build_object('state', split_part(reason, ':', 2)),
            reason = split_part(reason, ':', 1), source = 'system'
        where state = 'offline' and reason like 'connection lost:%'
        """
    )
    op.create_table(
        "presence_tabs",
        sa.Column("tab", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_presence_tabs_agent_id_agents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tab", name=op.f("pk_presence_tabs")),
    )
    op.create_index("ix_presence_tabs_agent_id", "presence_tabs", ["agent_id"])
    op.create_table(
        "presence_reasons",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state in ('break','busy')", name=op.f("ck_presence_reasons_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence_reasons")),
        sa.UniqueConstraint("name", name=op.f("uq_presence_reasons_name")),
    )
    op.execute(
        """
        insert into presence_reasons (key, name, state, position, created_at) values ('lunch', 'Lunch', 'break', 1, now()),
            ('tea', 'Tea', 'break', 2, now()), ('training', 'Training', 'break', 3, now()),
            ('meeting', 'Meeting', 'busy', 4, now())
        """
    )
    op.create_table(
        "wallboards",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_wallboards_team_id_teams"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["created_by_id"], ["agents.id"], name=op.f("fk_wallboards_created_by_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallboards")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_wallboards_token_hash")),
    )
    op.create_index("ix_sla_clocks_met_at", "sla_clocks", ["met_at"], postgresql_where=sa.text("met_at is not null"))
    op.create_index(
        "ix_sla_clocks_breached_at", "sla_clocks", ["breached_at"], postgresql_where=sa.text("breached_at is not null")
    )


def downgrade() -> None:
    """Move back."""
    op.drop_index("ix_sla_clocks_breached_at", "sla_clocks")
    op.drop_index("ix_sla_clocks_met_at", "sla_clocks")
    op.drop_table("wallboards")
    op.drop_table("presence_reasons")
    op.drop_index("ix_presence_tabs_agent_id", "presence_tabs")
    op.drop_table("presence_tabs")
    op.execute("update presence set state = 'available' where state = 'wrap_up'")
    for column in ("lost_at", "resumes", "until", "set_by_id", "source"):
        op.drop_column("presence", column)
    op.drop_constraint(op.f("ck_presence_state"), "presence", type_="check")
    op.create_check_constraint(op.f("ck_presence_state"), "presence", "state in ('available','busy','break','offline')")
