"""One policy for the same requests; clocks that end without being lost; what is due also while it is pending."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

DUE = "ix_tickets_due"


def upgrade() -> None:
    """Move forward. Of two policies for the same requests the first one has counted."""
    op.execute(
        """
        delete from sla_policies using sla_policies other
        where other.id < sla_policies.id and other.entitlement is not distinct from sla_policies.entitlement
        and other.priority is not distinct from sla_policies.priority
        """
    )
    op.create_index(
        "ix_sla_policies_requests",
        "sla_policies",
        ["entitlement", "priority"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.add_column("sla_clocks", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    _due("due_at is not null and status in ('open', 'pending', 'on_hold')")


def downgrade() -> None:
    """Move back."""
    _due("due_at is not null and status = 'open'")
    op.execute("delete from sla_clocks where ended_at is not null")
    op.drop_column("sla_clocks", "ended_at")
    op.drop_index("ix_sla_policies_requests", table_name="sla_policies")


def _due(condition: str) -> None:
    op.drop_index(DUE, table_name="tickets")
    op.create_index(DUE, "tickets", ["due_at"], postgresql_where=sa.text(condition))
