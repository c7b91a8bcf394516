"""What waits for who answered last is found by her."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.create_index(
        "ix_work_items_sticky",
        "work_items",
        ["sticky_agent_id"],
        postgresql_where=sa.text("state = 'waiting' and sticky_agent_id is not null"),
    )


def downgrade() -> None:
    """Move back."""
    op.drop_index("ix_work_items_sticky", table_name="work_items")
