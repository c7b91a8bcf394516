"""The material of others beside the checkout: a bank's calls of a year, and Erlang's reference values."""

import functools
import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "routing_workforce"
CALLS = FOLDER / "anonymous_bank" / "calls_per_6min_1999.csv"


def needed() -> None:
    """Leave the test out where the material is not there."""
    if not FOLDER.exists():
        pytest.skip("the corpus ../shared/corpora/routing_workforce is not beside the checkout")


@functools.cache
def _read() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "erlang_reference.json").read_text())
    return found


def erlang_reference() -> dict[str, Any]:
    """Published examples and tables."""
    needed()
    return _read()
