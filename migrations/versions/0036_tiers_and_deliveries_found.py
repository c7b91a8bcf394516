"""Changes of organisations, and what webhooks were told lately or long ago, are found without reading whole tables."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.create_index(
        "ix_events_organisation_changed",
        "events",
        ["id"],
        postgresql_where=sa.text("kind = 'organisation.changed'"),
    )
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"])
    op.create_index(
        "ix_webhook_deliveries_finished",
        "webhook_deliveries",
        ["changed_at"],
        postgresql_where=sa.text("state in ('done','failed')"),
    )


def downgrade() -> None:
    """Move back."""
    op.drop_index("ix_webhook_deliveries_finished", table_name="webhook_deliveries")
    op.drop_index("ix_webhook_deliveries_created_at", table_name="webhook_deliveries")
    op.drop_index("ix_events_organisation_changed", table_name="events")
