"""Points where a test may kill the process, to prove that nothing is lost or sent twice.

``SAMPARK_CRASH_AT`` names a file, which a running test writes the name of a point into. Without that variable every
call is a comparison with None. Used by tests/journeys/test_kill.py only.
"""

import os
import signal
from pathlib import Path

_ASKED = os.environ.get("SAMPARK_CRASH_AT")


def point(name: str) -> None:
    """Die here, as by ``kill -9``, when a test asked for this point."""
    if _ASKED is not None and Path(_ASKED).read_text() == name:
        os.kill(os.getpid(), signal.SIGKILL)
