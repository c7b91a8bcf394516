"""Versions of what a desk chooses, so that two administrators do not write over each other unseen."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.add_column("options", sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False))


def downgrade() -> None:
    """Move back."""
    op.drop_column("options", "version")
