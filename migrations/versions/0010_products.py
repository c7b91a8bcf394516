"""Products: catalogue, warranty rules, registrations, claims, recalls, orders; the entitlement of tickets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.create_table(
        "entitlement_priorities",
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_entitlement_priorities")),
    )
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("names", JSONB(), server_default="{}", nullable=False),
        sa.Column("family", sa.Text(), server_default="", nullable=False),
        sa.Column("serial_masks", sa.Text(), server_default="", nullable=False),
        sa.Column("serial_example", sa.Text(), server_default="", nullable=False),
        sa.Column("serial_check", sa.Text(), server_default="", nullable=False),
        sa.Column("serial_place", sa.Text(), server_default="", nullable=False),
        sa.Column("picture_key", sa.Text(), nullable=True),
        sa.Column("picture_type", sa.Text(), nullable=True),
        sa.Column("manual_url", sa.Text(), server_default="", nullable=False),
        sa.Column("article_tags", ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("sold_from", sa.Date(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("sku", name=op.f("uq_products_sku")),
    )
    op.create_index("ix_products_family", "products", ["family"], unique=False)
    op.create_table(
        "warranty_rules",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("family", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("bought_from", sa.Date(), nullable=True),
        sa.Column("bought_until", sa.Date(), nullable=True),
        sa.Column("register_within_days", sa.BigInteger(), nullable=True),
        sa.Column("starts_from", sa.Text(), server_default="purchase", nullable=False),
        sa.Column("months", sa.BigInteger(), nullable=False),
        sa.Column("covers", sa.Text(), server_default="", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts_from in ('purchase','registration')", name=op.f("ck_warranty_rules_starts_from")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_warranty_rules_product_id_products")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warranty_rules")),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("payment_status", sa.Text(), nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("deliver_on", sa.Date(), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), server_default="INR", nullable=False),
        sa.Column("total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_orders_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("external_id", name=op.f("uq_orders_external_id")),
    )
    op.create_index("ix_orders_customer_id", "orders", ["customer_id", "ordered_on"], unique=False)
    op.create_table(
        "recalls",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("ranges", JSONB(), server_default="[]", nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('draft','running','closed')", name=op.f("ck_recalls_state")),
        sa.ForeignKeyConstraint(["created_by_id"], ["agents.id"], name=op.f("fk_recalls_created_by_id_agents")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_recalls_product_id_products")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recalls")),
    )
    op.create_table(
        "registrations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("purchased_on", sa.Date(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seller", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("warranty_rule_id", sa.BigInteger(), nullable=True),
        sa.Column("warranty_name", sa.Text(), server_default="", nullable=False),
        sa.Column("warranty_covers", sa.Text(), server_default="", nullable=False),
        sa.Column("warranty_from", sa.Date(), nullable=True),
        sa.Column("warranty_until", sa.Date(), nullable=True),
        sa.Column("contract_until", sa.Date(), nullable=True),
        sa.Column("covered_until", sa.Date(), nullable=True),
        sa.Column("warranty_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("reminded_until", sa.Date(), nullable=True),
        sa.Column("second_name", sa.Text(), server_default="", nullable=False),
        sa.Column("second_email", sa.Text(), server_default="", nullable=False),
        sa.Column("second_phone", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_registrations_customer_id_customers")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_registrations_product_id_products")),
        sa.ForeignKeyConstraint(
            ["warranty_rule_id"], ["warranty_rules.id"], name=op.f("fk_registrations_warranty_rule_id_warranty_rules")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
        sa.UniqueConstraint("external_id", name=op.f("uq_registrations_external_id")),
    )
    op.create_index("ix_registrations_customer_id", "registrations", ["customer_id", "id"], unique=False)
    op.create_index("ix_registrations_serial", "registrations", ["serial"], unique=False)
    op.create_index(
        "uq_registrations_product_serial",
        "registrations",
        ["product_id", "serial"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "order_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.Text(), server_default="", nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("unit_price", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("serial", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id_orders"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_order_lines_product_id_products")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
        sa.UniqueConstraint("order_id", "position", name="uq_order_lines_order_position"),
    )
    op.create_table(
        "ownership_claims",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("against_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("purchased_on", sa.Date(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("seller", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('open','approved','rejected','withdrawn')", name=op.f("ck_ownership_claims_state")
        ),
        sa.ForeignKeyConstraint(
            ["against_id"], ["customers.id"], name=op.f("fk_ownership_claims_against_id_customers")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_ownership_claims_customer_id_customers")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["agents.id"], name=op.f("fk_ownership_claims_decided_by_id_agents")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_ownership_claims_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ownership_claims")),
    )
    op.create_index("ix_ownership_claims_customer_id", "ownership_claims", ["customer_id"], unique=False)
    op.create_index(
        "ix_ownership_claims_open",
        "ownership_claims",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "uq_ownership_claims_open",
        "ownership_claims",
        ["registration_id", "customer_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "ownerships",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_ownerships_customer_id_customers")),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_ownerships_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ownerships")),
    )
    op.create_index("ix_ownerships_customer_id", "ownerships", ["customer_id"], unique=False)
    op.create_index("ix_ownerships_registration_id", "ownerships", ["registration_id", "id"], unique=False)
    op.create_table(
        "recall_cases",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("recall_id", sa.BigInteger(), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="to_contact", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('to_contact','mailed','answered','done','unreachable')", name=op.f("ck_recall_cases_state")
        ),
        sa.ForeignKeyConstraint(["recall_id"], ["recalls.id"], name=op.f("fk_recall_cases_recall_id_recalls")),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_recall_cases_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_cases")),
        sa.UniqueConstraint("recall_id", "registration_id", name="uq_recall_cases_recall_registration"),
    )
    op.create_index("ix_recall_cases_registration_id", "recall_cases", ["registration_id"], unique=False)
    op.create_index("ix_recall_cases_state", "recall_cases", ["recall_id", "state", "id"], unique=False)
    op.create_table(
        "transfers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=False),
        sa.Column("from_customer_id", sa.BigInteger(), nullable=False),
        sa.Column("to_email", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state in ('open','accepted','cancelled')", name=op.f("ck_transfers_state")),
        sa.ForeignKeyConstraint(
            ["accepted_by_id"], ["customers.id"], name=op.f("fk_transfers_accepted_by_id_customers")
        ),
        sa.ForeignKeyConstraint(
            ["from_customer_id"], ["customers.id"], name=op.f("fk_transfers_from_customer_id_customers")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_transfers_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    op.create_index("ix_transfers_registration_id", "transfers", ["registration_id"], unique=False)
    op.create_index(
        "uq_transfers_open", "transfers", ["registration_id"], unique=True, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "warranty_extensions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("months", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('granted','bought')", name=op.f("ck_warranty_extensions_kind")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["agents.id"], name=op.f("fk_warranty_extensions_created_by_id_agents")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_warranty_extensions_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warranty_extensions")),
        sa.UniqueConstraint("external_id", name=op.f("uq_warranty_extensions_external_id")),
    )
    op.create_index("ix_warranty_extensions_registration_id", "warranty_extensions", ["registration_id"], unique=False)
    op.create_table(
        "proofs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("registration_id", sa.BigInteger(), nullable=False),
        sa.Column("claim_id", sa.BigInteger(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["ownership_claims.id"], name=op.f("fk_proofs_claim_id_ownership_claims")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_proofs_customer_id_customers")),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_proofs_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proofs")),
    )
    op.create_index(
        "ix_proofs_claim_id", "proofs", ["claim_id"], unique=False, postgresql_where=sa.text("claim_id is not null")
    )
    op.create_index("ix_proofs_registration_id", "proofs", ["registration_id"], unique=False)
    op.add_column("tickets", sa.Column("registration_id", sa.BigInteger(), nullable=True))
    op.add_column("tickets", sa.Column("entitlement", sa.Text(), server_default="none", nullable=False))
    op.add_column("tickets", sa.Column("entitlement_reason", sa.Text(), server_default="", nullable=False))
    op.add_column("tickets", sa.Column("entitlement_until", sa.Date(), nullable=True))
    op.create_index(
        "ix_tickets_registration_id",
        "tickets",
        ["registration_id"],
        unique=False,
        postgresql_where=sa.text("registration_id is not null"),
    )
    op.create_foreign_key(
        op.f("fk_tickets_registration_id_registrations"), "tickets", "registrations", ["registration_id"], ["id"]
    )


def downgrade() -> None:
    """Move back."""
    op.drop_constraint(op.f("fk_tickets_registration_id_registrations"), "tickets", type_="foreignkey")
    op.drop_index(
        "ix_tickets_registration_id", table_name="tickets", postgresql_where=sa.text("registration_id is not null")
    )
    op.drop_column("tickets", "entitlement_until")
    op.drop_column("tickets", "entitlement_reason")
    op.drop_column("tickets", "entitlement")
    op.drop_column("tickets", "registration_id")
    op.drop_index("ix_proofs_registration_id", table_name="proofs")
    op.drop_index("ix_proofs_claim_id", table_name="proofs", postgresql_where=sa.text("claim_id is not null"))
    op.drop_table("proofs")
    op.drop_index("ix_warranty_extensions_registration_id", table_name="warranty_extensions")
    op.drop_table("warranty_extensions")
    op.drop_index("uq_transfers_open", table_name="transfers", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_transfers_registration_id", table_name="transfers")
    op.drop_table("transfers")
    op.drop_index("ix_recall_cases_state", table_name="recall_cases")
    op.drop_index("ix_recall_cases_registration_id", table_name="recall_cases")
    op.drop_table("recall_cases")
    op.drop_index("ix_ownerships_registration_id", table_name="ownerships")
    op.drop_index("ix_ownerships_customer_id", table_name="ownerships")
    op.drop_table("ownerships")
    op.drop_index("uq_ownership_claims_open", table_name="ownership_claims", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_ownership_claims_open", table_name="ownership_claims", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_ownership_claims_customer_id", table_name="ownership_claims")
    op.drop_table("ownership_claims")
    op.drop_table("order_lines")
    op.drop_index(
        "uq_registrations_product_serial", table_name="registrations", postgresql_where=sa.text("ended_at is null")
    )
    op.drop_index("ix_registrations_serial", table_name="registrations")
    op.drop_index("ix_registrations_customer_id", table_name="registrations")
    op.drop_table("registrations")
    op.drop_table("recalls")
    op.drop_index("ix_orders_customer_id", table_name="orders")
    op.drop_table("orders")
    op.drop_table("warranty_rules")
    op.drop_index("ix_products_family", table_name="products")
    op.drop_table("products")
    op.drop_table("entitlement_priorities")
