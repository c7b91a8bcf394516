"""Categories, articles with translations and versions, what readers did, announcements."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move forward."""
    op.create_table(
        "article_categories",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("descriptions", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["article_categories.id"], name=op.f("fk_article_categories_parent_id_article_categories")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_categories")),
        sa.UniqueConstraint("slug", name=op.f("uq_article_categories_slug")),
    )
    op.create_index("ix_article_categories_parent_id", "article_categories", ["parent_id", "position"], unique=False)
    op.create_table(
        "article_contacts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("visitor", sa.Text(), server_default="", nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_contacts")),
    )
    op.create_index("ix_article_contacts_customer_id", "article_contacts", ["customer_id", "at"], unique=False)
    op.create_index("ix_article_contacts_visitor", "article_contacts", ["visitor", "at"], unique=False)
    op.create_table(
        "article_searches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.Column("visitor", sa.Text(), server_default="", nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("clicked_article_id", sa.BigInteger(), nullable=True),
        sa.Column("is_solved", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "source in ('portal','suggestion','widget','agent')", name=op.f("ck_article_searches_source")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_searches")),
    )
    op.create_index("ix_article_searches_at", "article_searches", ["at"], unique=False)
    op.create_index(
        "ix_article_searches_visitor",
        "article_searches",
        ["visitor", "at"],
        unique=False,
        postgresql_where=sa.text("visitor <> ''"),
    )
    op.create_table(
        "knowledge_base_options",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("fallback", sa.Text(), server_default="source", nullable=False),
        sa.Column("needs_second_person", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("review_months", sa.BigInteger(), server_default="12", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_base_options")),
    )
    op.create_table(
        "articles",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("source_locale", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), server_default="agents", nullable=False),
        sa.Column("organisation_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("segments", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("team_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("rights", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("product_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("needs_acknowledgement", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "visibility in ('public','signed_in','restricted','agents')", name=op.f("ck_articles_visibility")
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["article_categories.id"], name=op.f("fk_articles_category_id_article_categories")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["agents.id"], name=op.f("fk_articles_owner_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
    )
    op.create_index("ix_articles_category_id", "articles", ["category_id", "position", "id"], unique=False)
    op.create_index("ix_articles_changed", "articles", ["changed_at", "id"], unique=False)
    op.create_index("ix_articles_owner_id", "articles", ["owner_id"], unique=False)
    op.create_index(
        "ix_articles_review_on",
        "articles",
        ["review_on"],
        unique=False,
        postgresql_where=sa.text("review_on is not null"),
    )
    op.create_table(
        "announcements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("severity", sa.Text(), server_default="info", nullable=False),
        sa.Column("titles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("texts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("severity in ('info','warning','outage')", name=op.f("ck_announcements_severity")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_announcements_article_id_articles"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["author_id"], ["agents.id"], name=op.f("fk_announcements_author_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
    )
    op.create_index("ix_announcements_starts_at", "announcements", ["starts_at"], unique=False)
    op.create_table(
        "article_acknowledgements",
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_article_acknowledgements_agent_id_agents"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_article_acknowledgements_article_id_articles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", "agent_id", name=op.f("pk_article_acknowledgements")),
    )
    op.create_index("ix_article_acknowledgements_agent_id", "article_acknowledgements", ["agent_id"], unique=False)
    op.create_table(
        "article_addresses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=True),
        sa.Column("rights", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_article_addresses_article_id_articles"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_addresses")),
        sa.UniqueConstraint("locale", "slug", name="uq_article_addresses_locale_slug"),
    )
    op.create_index("ix_article_addresses_article_id", "article_addresses", ["article_id"], unique=False)
    op.create_table(
        "article_files",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sniffed_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=True),
        sa.Column("height", sa.BigInteger(), nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("uploaded_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_article_files_article_id_articles"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["agents.id"], name=op.f("fk_article_files_uploaded_by_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_files")),
    )
    op.create_index("ix_article_files_article_id", "article_files", ["article_id"], unique=False)
    op.create_table(
        "article_tickets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("how in ('source','link','text')", name=op.f("ck_article_tickets_how")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_article_tickets_agent_id_agents")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_article_tickets_article_id_articles"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_tickets")),
        sa.UniqueConstraint("article_id", "ticket_id", "how", name="uq_article_tickets_article_ticket_how"),
    )
    op.create_index("ix_article_tickets_at", "article_tickets", ["at"], unique=False)
    op.create_index("ix_article_tickets_ticket_id", "article_tickets", ["ticket_id"], unique=False)
    op.create_table(
        "article_translations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("working_version_id", sa.BigInteger(), nullable=True),
        sa.Column("published_version_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_version_id", sa.BigInteger(), nullable=True),
        sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_minor", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("submitted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("first_published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outdated_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('draft','in_review','approved','published','archived')",
            name=op.f("ck_article_translations_state"),
        ),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["agents.id"], name=op.f("fk_article_translations_approved_by_id_agents")
        ),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_article_translations_article_id_articles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by_id"], ["agents.id"], name=op.f("fk_article_translations_submitted_by_id_agents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_translations")),
        sa.UniqueConstraint("article_id", "locale", name="uq_article_translations_article_locale"),
        sa.UniqueConstraint("locale", "slug", name="uq_article_translations_locale_slug"),
    )
    op.create_index(
        "ix_article_translations_published",
        "article_translations",
        ["locale", "published_at"],
        unique=False,
        postgresql_where=sa.text("published_version_id is not null"),
    )
    op.create_index("ix_article_translations_state", "article_translations", ["state"], unique=False)
    op.create_table(
        "article_views",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("visitor", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("search_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_article_views_article_id_articles"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_views")),
    )
    op.create_index("ix_article_views_article_id", "article_views", ["article_id", "at"], unique=False)
    op.create_index("ix_article_views_at", "article_views", ["at"], unique=False)
    op.create_index("ix_article_views_visitor", "article_views", ["visitor", "at"], unique=False)
    op.create_table(
        "article_votes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("visitor", sa.Text(), nullable=False),
        sa.Column("is_helpful", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_article_votes_article_id_articles"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_votes")),
        sa.UniqueConstraint("article_id", "visitor", name="uq_article_votes_article_visitor"),
    )
    op.create_index("ix_article_votes_at", "article_votes", ["at"], unique=False)
    op.create_table(
        "announcement_tickets",
        sa.Column("announcement_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement_id"],
            ["announcements.id"],
            name=op.f("fk_announcement_tickets_announcement_id_announcements"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("announcement_id", "ticket_id", name=op.f("pk_announcement_tickets")),
    )
    op.create_table(
        "article_tasks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("vote_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("resolution", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("kind in ('feedback','translation','agent')", name=op.f("ck_article_tasks_kind")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_article_tasks_article_id_articles"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["agents.id"], name=op.f("fk_article_tasks_owner_id_agents")),
        sa.ForeignKeyConstraint(["resolved_by_id"], ["agents.id"], name=op.f("fk_article_tasks_resolved_by_id_agents")),
        sa.ForeignKeyConstraint(
            ["vote_id"], ["article_votes.id"], name=op.f("fk_article_tasks_vote_id_article_votes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_tasks")),
    )
    op.create_index("ix_article_tasks_article_id", "article_tasks", ["article_id", "id"], unique=False)
    op.create_index(
        "ix_article_tasks_open",
        "article_tasks",
        ["owner_id", "id"],
        unique=False,
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_index(
        "uq_article_tasks_vote_id",
        "article_tasks",
        ["vote_id"],
        unique=True,
        postgresql_where=sa.text("vote_id is not null"),
    )
    op.create_table(
        "article_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("translation_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("file_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("is_autosave", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["agents.id"], name=op.f("fk_article_versions_author_id_agents")),
        sa.ForeignKeyConstraint(
            ["translation_id"],
            ["article_translations.id"],
            name=op.f("fk_article_versions_translation_id_article_translations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_versions")),
        sa.UniqueConstraint("translation_id", "number", name="uq_article_versions_translation_number"),
    )
    op.create_index(
        "ix_article_versions_file_ids", "article_versions", ["file_ids"], unique=False, postgresql_using="gin"
    )


def downgrade() -> None:
    """Move back."""
    op.drop_table("article_versions")
    op.drop_table("article_tasks")
    op.drop_table("announcement_tickets")
    op.drop_table("article_votes")
    op.drop_table("article_views")
    op.drop_table("article_translations")
    op.drop_table("article_tickets")
    op.drop_table("article_files")
    op.drop_table("article_addresses")
    op.drop_table("article_acknowledgements")
    op.drop_table("announcements")
    op.drop_table("articles")
    op.drop_table("knowledge_base_options")
    op.drop_table("article_searches")
    op.drop_table("article_contacts")
    op.drop_table("article_categories")
