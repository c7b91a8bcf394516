"""What the log may and may not hold."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from core import log


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave the log of the tests as it was."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level, structlog.get_config())
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    structlog.configure(**before[2])


@pytest.mark.parametrize("as_json", [True, False])
def test_a_fault_is_told_without_local_variables(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """They hold customers' words and passwords."""
    log.configure(as_json=as_json)
    password = "tell nobody"
    try:
        raise RuntimeError(str(len(password)))
    except RuntimeError:
        logging.getLogger("test").exception("it broke")
    written = capsys.readouterr().err
    assert "RuntimeError: 11" in written
    assert written.count("tell nobody") == 0
