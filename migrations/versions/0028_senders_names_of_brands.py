"""A brand's name as the sender's name of its mails; mailboxes that merely repeated their short name have none."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.add_column("notices", sa.Column("sender_name", sa.Text(), server_default="", nullable=False))
    op.execute("update channel_accounts set display_name = '' where channel = 'email' and display_name = name")


def downgrade() -> None:
    """Move back."""
    op.execute("update channel_accounts set display_name = name where channel = 'email' and display_name = ''")
    op.drop_column("notices", "sender_name")
