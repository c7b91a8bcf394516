"""What a recall says in other languages than the desk's own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.add_column("recalls", sa.Column("words", JSONB(), server_default="{}", nullable=False))


def downgrade() -> None:
    """Move back."""
    op.drop_column("recalls", "words")
