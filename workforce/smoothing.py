"""How the level of a day goes on, without any library: towards where it has been lately, and back to what is usual.

Pure. Used alone where the extra ``forecast`` is not installed; ``workforce/series.py`` does a little better.
"""

import math
import statistics
from collections.abc import Sequence
from datetime import date
from typing import Final

from workforce.forecast import Ahead

WEIGHT: Final = 0.3
"""How much of the newest day goes into the level."""
BACK: Final = 0.9
"""So much of what is unusual about the level is left a day later."""
USUAL_DEVIATION: Final = 0.15
"""By how much a day is otherwise, where too few are known to tell."""


def levels(past: Sequence[float | None], ahead: int, first: date) -> list[Ahead]:  # noqa: ARG001 - of Levels
    """Exponential smoothing that comes back to 1."""
    level = 1.0
    missed = []
    for each in past:
        level = 1.0 + (level - 1.0) * BACK
        if each is not None:
            missed.append(each - level)
            level += WEIGHT * (each - level)
    deviation = statistics.pstdev(missed) if len(missed) > 1 else USUAL_DEVIATION
    usual = [each for each in past if each is not None]
    widest = statistics.pstdev(usual) if len(usual) > 1 else USUAL_DEVIATION
    found = []
    for number in range(1, ahead + 1):
        left = BACK**number
        found.append(Ahead(1.0 + (level - 1.0) * left, math.sqrt(left * deviation**2 + (1 - left) * widest**2)))
    return found
