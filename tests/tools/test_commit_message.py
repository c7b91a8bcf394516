"""Commit messages: what is taken and what is refused."""

import pytest

from tools.commit_message import fault


@pytest.mark.parametrize("message", ["Add house rules", "Embed PostgreSQL\n\nBecause a newcomer has none.\n# hint"])
def test_an_order_in_one_line_is_taken(message: str) -> None:
    """A short imperative line, with a reason below it or not."""
    assert fault(message) is None


@pytest.mark.parametrize(
    "message",
    ["", "# only a hint", "Added rules", "wip", "add rules", "Add rules.", "Add " + "x" * 80, "Add\nmore"],
)
def test_anything_else_is_refused_in_a_sentence(message: str) -> None:
    """The sentence tells what is wrong."""
    assert (fault(message) or "").endswith(".")
