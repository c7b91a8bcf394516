"""One demo desk for the journeys that only add to it."""

from collections.abc import Iterator

import pytest

from tests.journeys.desk import Desk, running


@pytest.fixture(scope="session")
def demo_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A running desk with the demo company."""
    with running(tmp_path_factory.mktemp("desk") / "data") as desk:
        yield desk
