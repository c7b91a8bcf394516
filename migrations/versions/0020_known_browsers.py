"""Links to sign in that a browser asked for in which the address was proved before."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.add_column("customer_signin_links", sa.Column("known_browser", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Move back."""
    op.drop_column("customer_signin_links", "known_browser")
