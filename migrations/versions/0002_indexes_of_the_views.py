"""Two views of the inbox find their tickets without reading all of them: "mentions" and "snoozed".

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_messages_mentions",
        "messages",
        ["mentions"],
        postgresql_using="gin",
        postgresql_where=sa.text("mentions <> '{}'"),
    )
    op.create_index(
        "ix_tickets_snoozed", "tickets", ["snoozed_until"], postgresql_where=sa.text("snoozed_until is not null")
    )


def downgrade() -> None:
    op.drop_index("ix_tickets_snoozed", table_name="tickets")
    op.drop_index("ix_messages_mentions", table_name="messages")
