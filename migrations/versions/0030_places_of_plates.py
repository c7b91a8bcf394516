"""Where the plate of a product is, in the languages of its readers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    places = sa.Column("serial_places", postgresql.JSONB(), server_default="{}", nullable=False)
    op.add_column("products", places)


def downgrade() -> None:
    """Move back."""
    op.drop_column("products", "serial_places")
