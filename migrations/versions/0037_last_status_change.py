"""When the status of a ticket last changed is found at once; rules of time ask it of every open ticket."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.create_index(
        "ix_events_status_changed",
        "events",
        ["ticket_id", "at"],
        postgresql_where=sa.text("kind = 'ticket.status_changed'"),
    )


def downgrade() -> None:
    """Move back."""
    op.drop_index("ix_events_status_changed", table_name="events")
