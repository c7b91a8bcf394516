"""One demo desk for the journeys that only add to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.desk import Desk, running


@pytest.fixture(scope="session")
def demo_desk(tmp_path_factory: pytest.TempPathFactory, demo_data: Path) -> Iterator[Desk]:
    """A running desk with the demo company."""
    with running(tmp_path_factory.mktemp("desk") / "data", begun=demo_data) as desk:
        yield desk
