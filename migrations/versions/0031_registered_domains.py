"""Organisations go by the domain that somebody has registered.

One that was stored under a deeper domain (``mail.firm.co.in``) takes the registered one, so that new colleagues come to
it. Where another organisation has that already, both stay as they are: to merge them would show each one's requests and
articles to the people of the other. ``sampark doctor`` names them.
"""

import sqlalchemy as sa
from alembic import op

from customers.domains import renamed

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    connection = op.get_bind()
    domains = set(connection.scalars(sa.text("select domain from organisations where domain is not null")))
    for domain, registered in renamed(domains).items():
        values = {"domain": domain, "registered": registered}
        connection.execute(sa.text("update organisations set domain = :registered where domain = :domain"), values)


def downgrade() -> None:
    """Move back: what was renamed stays, since it is right for both."""
