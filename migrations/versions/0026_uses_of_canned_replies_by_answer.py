"""Which answers canned replies stood in; what was noted before also counted notes, and answers never sent."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.execute("delete from macro_uses")
    op.add_column("macro_uses", sa.Column("message_id", sa.BigInteger(), nullable=False))
    op.drop_constraint("uq_macro_uses_macro_ticket", "macro_uses")
    op.create_unique_constraint("uq_macro_uses_macro_message", "macro_uses", ["macro_id", "message_id"])


def downgrade() -> None:
    """Move back."""
    op.execute("delete from macro_uses")
    op.drop_constraint("uq_macro_uses_macro_message", "macro_uses")
    op.create_unique_constraint("uq_macro_uses_macro_ticket", "macro_uses", ["macro_id", "ticket_id"])
    op.drop_column("macro_uses", "message_id")
