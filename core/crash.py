"""Points where a test may kill the process (``SAMPARK_CRASH_AT``), to prove that nothing is lost or sent twice.

Without that variable every call is a comparison with None. Used by tests/journeys/test_kill.py only.
"""

import os
import signal

_AT = os.environ.get("SAMPARK_CRASH_AT")


def point(name: str) -> None:
    """Die here, as by ``kill -9``, when a test asked for this point."""
    if name == _AT:
        os.kill(os.getpid(), signal.SIGKILL)
