"""Judged sets: reading, measures, misspelling, the plain BM25, and a whole run of the measurement."""

import json

import pytest
from click.testing import CliRunner

from core.errors import StartError
from sampark.commands.search import command
from sampark.retrieval.bm25 import Bm25
from sampark.retrieval.judged import Text, misspelt, ndcg, read, recall
from simulator.meilisearch import Server, Twin

DOCUMENTS = [
    {"_id": "d1", "title": "How do I clean the filter?", "text": "Open the lid and rinse it.", "language": "en"},
    {"_id": "d2", "title": "Where is the warranty card?", "text": "It lies in the box.", "language": "en"},
    {"_id": "d3", "title": "वारंटी कैसे मिलती है", "text": "बिल संभाल कर रखें।", "language": "hi"},
]
QUESTIONS = [
    {"_id": "q1", "text": "cleaning filters", "language": "en"},
    {"_id": "q2", "text": "lost my warranty", "language": "en"},
    {"_id": "q3", "text": "वारंटी", "language": "hi"},
    {"_id": "q4", "text": "nobody judged this"},
]


@pytest.fixture
def corpus(tmp_path):
    """A small set on the disk."""
    (tmp_path / "corpus.jsonl").write_text("\n".join(json.dumps(row) for row in DOCUMENTS))
    (tmp_path / "queries.jsonl").write_text("\n".join(json.dumps(row) for row in QUESTIONS))
    lines = ["query-id\tcorpus-id\tscore", "q1\td1\t1", "q1\td2\t0", "q2\td2\t2", "q3\td3\t1"]
    (tmp_path / "qrels.tsv").write_text("\n".join(lines))
    return tmp_path


def test_measures_are_those_of_the_textbook():
    """The best answer first gives 1, second less by the logarithm of its place, missing 0."""
    assert ndcg(["a", "b"], {"a": 1}) == 1
    assert ndcg(["b", "a"], {"a": 1}) == pytest.approx(0.6309, abs=1e-4)
    assert ndcg(["b", "a"], {"a": 2, "b": 1}) == pytest.approx((1 + 3 * 0.6309) / (3 + 0.6309), abs=1e-3)
    assert ndcg([], {"a": 1}) == 0 and recall(["a", "x"], {"a": 1, "b": 1, "x": 0}) == 0.5


def test_one_edit_is_made_in_a_long_word_and_always_the_same():
    """Short words and numbers are left alone; vowel signs count with their letters, not as letters."""
    question = Text("q", "", "is my warranty ok 12345", None)
    wrong = misspelt(question)
    assert wrong is not None and wrong != question.text and wrong == misspelt(question)
    assert wrong.split()[:2] == ["is", "my"] and wrong.split()[3:] == ["ok", "12345"]
    assert misspelt(Text("q", "", "it is ok 123456 कीमत", None)) is None
    assert misspelt(Text("q", "", "रजिस्ट्रेशन", None)) not in (None, "रजिस्ट्रेशन")


def test_bm25_prefers_rare_words_and_short_documents():
    """The baseline that the search is compared with."""
    index = Bm25({"a": ["red", "lamp"], "b": ["red", "pump"], "c": ["red", "lamp", "of", "a", "long", "text"]})
    assert index.best(["lamp"], 10) == ["a", "c"]
    assert index.best(["pump", "red"], 1) == ["b"]


def test_a_folder_that_is_no_set_is_refused_in_a_sentence(tmp_path):
    """What is missing is said, without a traceback."""
    with pytest.raises(StartError, match="is no set of documents"):
        read(tmp_path)


@pytest.mark.slow
def test_a_set_is_measured_without_a_desk(corpus):
    """The command prints every promised figure, over all questions and by language; unjudged questions do not count."""
    done = CliRunner().invoke(command, ["eval", "--corpus", str(corpus), "--json"], catch_exceptions=False)
    figures = json.loads(done.stdout)
    assert figures["queries"] == 3 and figures["documents"] == 3
    assert figures["ndcg@10"] == figures["recall@10"] == 1.0
    assert {"p50_ms", "p99_ms", "bm25_ndcg@10", "misspelt_recall@10", "misspelt_kept"} <= set(figures)
    assert figures["languages"]["hi"]["ndcg@10"] == 1.0 and figures["languages"]["en"]["queries"] == 2


@pytest.mark.slow
def test_a_set_is_measured_with_the_engine_as_well(corpus, monkeypatch):
    """Its index there is its own, and deleted afterwards; without an engine the command says what to set."""
    refused = CliRunner().invoke(command, ["eval", "--corpus", str(corpus), "--adapter", "meilisearch"])
    assert refused.exit_code == 2 and "SAMPARK_MEILISEARCH_URL" in refused.output
    twin = Twin()
    server = Server(twin)
    server.start()
    monkeypatch.setenv("SAMPARK_MEILISEARCH_URL", server.url)
    arguments = ["eval", "--corpus", str(corpus), "--adapter", "meilisearch", "--json"]
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    server.stop()
    assert json.loads(done.stdout)["recall@10"] >= 0.5 and not twin.indexes
    assert any(each.path.endswith("/search") for each in twin.seen)


@pytest.mark.slow
def test_indexes_are_built_and_checked_from_the_command_line(tmp_path, monkeypatch, database_url):
    """On a desk without anything: nothing is wrong, in sentences and as JSON."""
    monkeypatch.setenv("SAMPARK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    built = CliRunner().invoke(command, ["rebuild"], catch_exceptions=False)
    assert "customers: 0 documents in PostgreSQL." in built.output.splitlines()
    checked = CliRunner().invoke(command, ["check", "tickets", "--json"], catch_exceptions=False)
    assert json.loads(checked.stdout.splitlines()[-1])["missing"] == 0 and checked.exit_code == 0
