"""Registered products in the search, and tickets by what their product was entitled to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLE = "search_registrations"


def upgrade() -> None:
    """Move forward."""
    op.create_table(
        TABLE,
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("rights", ARRAY(sa.Text()), nullable=False),
        sa.Column("fields", JSONB(), nullable=False),
        sa.Column("terms", TSVECTOR(), nullable=False),
        sa.Column("title_words", sa.BigInteger(), nullable=False),
        sa.Column("body_words", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(f"ix_{TABLE}_terms", TABLE, ["terms"], postgresql_using="gin")
    op.create_index(f"ix_{TABLE}_rights", TABLE, ["rights"], postgresql_using="gin")
    op.create_index(f"ix_{TABLE}_updated_at", TABLE, ["updated_at", "id"])
    op.create_index(
        f"ix_{TABLE}_title_trgm", TABLE, ["title"], postgresql_using="gin", postgresql_ops={"title": "gin_trgm_ops"}
    )
    op.execute(f"alter table {TABLE} set (toast_tuple_target = 8160)")
    op.execute(f"alter table {TABLE} alter column terms set storage main")
    # without its place in the event log the feed reads everything anew once, and so fills the new index
    op.execute("delete from search_cursors")
    # a search engine, if there is one, is told the new fields of its indexes
    op.execute("insert into search_outbox (index, document_id, at) values ('*', '*', now())")


def downgrade() -> None:
    """Move back."""
    op.drop_table(TABLE)
    op.execute("delete from search_words where index = 'registrations'")
    op.execute("delete from search_sizes where index = 'registrations'")
