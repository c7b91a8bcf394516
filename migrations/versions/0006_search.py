"""Search: documents of each index, their vocabulary, and the functions that both sides of a search go through."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEXES = ("articles", "tickets", "customers")

# One spelling of a text for both sides: what a document says and what somebody types. In this order: compatibility
# forms (NFKC also takes composed nuktas apart), invisible characters, accents (unaccent leaves Indic signs alone), case,
# marks that writers leave out (vowel points, nukta), spellings that stand for each other (chandrabindu, a nasal before
# a stop, Arabic alefs, digits of other scripts), and last everything that is no part of a word becomes a space. The
# characters are listed by number, so the result does not depend on the locale of the database. Plain ASCII, where
# all that is left to do is case and separators, takes a short cut.
NORM = r"""
create function search_norm(given text) returns text language sql immutable strict parallel safe as $$
    select case when octet_length(given) = length(given)
    then regexp_replace(lower(left(given, 1000000)), '[^a-z0-9]+', ' ', 'g')
    else regexp_replace(
        regexp_replace(
            translate(
                regexp_replace(
                    lower(unaccent(translate(normalize(left(given, 1000000), NFKC),
                        U&'\200B\200C\200D\2060\FEFF\00AD', ''))),
                    '[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670\u093c\ufe00-\ufe0f]',
                    '', 'g'),
                U&'\0901\0981\0622\0623\0625\0671\0649\06CC\0629\06A9'
                || U&'\0966\0967\0968\0969\096A\096B\096C\096D\096E\096F\09E6\09E7\09E8\09E9\09EA\09EB\09EC\09ED\09EE\09EF'
                || U&'\0CE6\0CE7\0CE8\0CE9\0CEA\0CEB\0CEC\0CED\0CEE\0CEF\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669'
                || U&'\06F0\06F1\06F2\06F3\06F4\06F5\06F6\06F7\06F8\06F9',
                U&'\0902\0982\0627\0627\0627\0627\064A\064A\0647\0643'
                || '01234567890123456789' || '01234567890123456789' || '0123456789'),
            '[\u0919\u091e\u0923\u0928\u092e]\u094d(?=[\u0915-\u0918\u091a-\u091d\u091f-\u0922\u0924-\u0927\u092a-\u092d])',
            U&'\0902', 'g'),
        '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u02b9\u02ba\u02c2-\u02df\u02e5-\u02ff\u037e\u0387'
        '\u0482\u055a-\u055f\u0589-\u058f\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u0600-\u060f\u061b-\u061f\u066a-\u066d\u06d4\u06dd\u06de'
        '\u06e9\u0700-\u070d\u0964\u0965\u0970\u09f2\u09f3\u09fa\u09fb\u09fd\u0a76\u0af0\u0af1\u0b70\u0bf3-\u0bfa\u0c77\u0c7f\u0c84\u0d4f'
        '\u0d79\u0df4\u0e3f\u0e4f\u0e5a\u0e5b\u0f01-\u0f14\u104a-\u104f\u17d4-\u17db\u2000-\u2bff\u2e00-\u2fff\u3000-\u3004\u3008-\u3020'
        '\u3030\u303d-\u303f\u309b\u309c\u30a0\u30fb\ue000-\uf8ff\ufd3e-\ufd4f\ufe10-\ufe1f\ufe30-\ufe6f\uff00-\uff0f\ufffc\ufffd'
        '\U0001f000-\U0001faff]+',
        ' ', 'g')
    end
$$
"""

# Words of a text in order. Scripts without spaces between words are cut into overlapping pairs of characters.
TOKENS = r"""
create function search_tokens(given text) returns table (word text, place bigint)
language sql immutable strict parallel safe as $$
    select case when w ~ '^[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{2,}$'
        then substr(w, i, 2) else left(w, 64) end, row_number() over (order by n, i)
    from string_to_table(regexp_replace(search_norm(given),
            '([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+)', ' \1 ', 'g'), ' ')
        with ordinality as piece(w, n)
    cross join lateral generate_series(1,
        case when w ~ '^[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{3,}$'
        then length(w) - 1 else 1 end) as i
    where w <> ''
$$
"""

# What a word is found by: English words by their stem, whatever the language of the text (as PostgreSQL's own
# configurations of languages in other scripts do), all others by themselves.
STEM = """
create function search_stem(word text) returns text language sql immutable strict parallel safe as $$
    select case when word ~ '^[a-z]{3,}$' then coalesce((ts_lexize('english_stem', word))[1], word) else word end
$$
"""

# The stems of a document with their places and parts (A title, B keywords, D body), how long the parts are, and its
# different words. The parts lie far apart, so that no phrase reaches from one into the next.
ANALYSE = """
create function search_analyse(title text, keywords text, body text,
    out terms tsvector, out title_words bigint, out body_words bigint, out words text[])
language sql immutable strict parallel safe as $$
    with token as (
        select word, place, 'A' as part from search_tokens(title)
        union all select word, 2000 + place, 'B' from search_tokens(keywords)
        union all select word, 4000 + place, '' from search_tokens(body)
    ), term as (
        select word, search_stem(word) as stem from (select distinct word from token) as each
    )
    select coalesce(string_agg('''' || stem || ''':' || least(place, 16383) || part, ' '), '')::tsvector,
        count(*) filter (where part = 'A'), count(*) filter (where part = ''), coalesce(array_agg(distinct word), '{}')
    from token join term using (word)
$$
"""

# Words of an index that look like one: what a misspelt word may have meant.
NEAR = """
create function search_near(wanted_index text, wanted text) returns table (word text, stem text, documents bigint, edits int)
language sql stable strict parallel safe set pg_trgm.similarity_threshold = 0.2 as $$
    select w.word, w.stem, w.documents, levenshtein(w.word, wanted) as edits
    from search_words w
    where w.word % wanted and w.index = wanted_index and w.documents > 0 and w.word <> wanted
        and abs(length(w.word) - length(wanted)) <= 2 and levenshtein_less_equal(w.word, wanted, 2) <= 2
    order by edits, w.documents desc, w.word limit 8
$$
"""


def upgrade() -> None:
    """Move forward."""
    op.execute("create extension if not exists pg_trgm")
    op.execute("create extension if not exists unaccent")
    op.execute("create extension if not exists fuzzystrmatch")
    for statement in (NORM, TOKENS, STEM, ANALYSE):
        op.execute(sa.text(statement.replace(":", r"\:")))
    for name in INDEXES:
        _documents(f"search_{name}")
    op.create_table(
        "search_words",
        sa.Column("index", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("stem", sa.Text(), nullable=False),
        sa.Column("documents", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("index", "word", name=op.f("pk_search_words")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_search_words_stem", "search_words", ["index", "stem"])
    op.create_index(
        "ix_search_words_word_trgm",
        "search_words",
        ["word"],
        postgresql_using="gin",
        postgresql_ops={"word": "gin_trgm_ops"},
    )
    op.execute("select similarity('a', 'b')")  # loads pg_trgm, so that its setting is known
    op.execute(sa.text(NEAR.replace(":", r"\:")))
    op.create_table(
        "search_sizes",
        sa.Column("index", sa.Text(), nullable=False),
        sa.Column("documents", sa.BigInteger(), nullable=False),
        sa.Column("title_words", sa.BigInteger(), nullable=False),
        sa.Column("body_words", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_search_sizes")),
    )


def _documents(table: str) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("rights", ARRAY(sa.Text()), nullable=False),
        sa.Column("fields", JSONB(), nullable=False),
        sa.Column("terms", TSVECTOR(), nullable=False),
        sa.Column("title_words", sa.BigInteger(), nullable=False),
        sa.Column("body_words", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_terms", table, ["terms"], postgresql_using="gin")
    op.create_index(f"ix_{table}_rights", table, ["rights"], postgresql_using="gin")
    op.create_index(f"ix_{table}_updated_at", table, ["updated_at", "id"])
    op.create_index(
        f"ix_{table}_title_trgm", table, ["title"], postgresql_using="gin", postgresql_ops={"title": "gin_trgm_ops"}
    )
    # What is compared for every candidate stays in the row, unpacked; the body goes aside first.
    op.execute(f"alter table {table} set (toast_tuple_target = 8160)")
    op.execute(f"alter table {table} alter column terms set storage main")


def downgrade() -> None:
    """Move back."""
    op.drop_table("search_sizes")
    op.drop_table("search_words")
    for name in INDEXES:
        op.drop_table(f"search_{name}")
    op.execute("drop function search_near(text, text)")
    op.execute("drop function search_analyse(text, text, text)")
    for function in ("search_stem", "search_tokens", "search_norm"):
        op.execute(f"drop function {function}(text)")
