"""A policy is taken away without a look at all clocks that were made by it: they carry its terms themselves."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.drop_constraint(op.f("fk_sla_clocks_policy_id_sla_policies"), "sla_clocks", type_="foreignkey")


def downgrade() -> None:
    """Move back."""
    op.execute("update sla_clocks set policy_id = null where policy_id not in (select id from sla_policies)")
    op.create_foreign_key(
        op.f("fk_sla_clocks_policy_id_sla_policies"),
        "sla_clocks",
        "sla_policies",
        ["policy_id"],
        ["id"],
        ondelete="SET NULL",
    )
