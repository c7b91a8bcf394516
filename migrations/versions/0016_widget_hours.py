"""A widget may keep to opening hours."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.add_column("widgets", sa.Column("hours", sa.Text(), nullable=True))


def downgrade() -> None:
    """Move back."""
    op.drop_column("widgets", "hours")
