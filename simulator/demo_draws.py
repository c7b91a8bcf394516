"""The demo's dice: a seeded generator for each family of draws.

No draw depends on the date, so two desks that start on different days hold the same customers, tickets and words, and
only their times differ. What belongs to one family draws from that family's generator alone: another draw in the one
changes nothing in the others.
"""

import random
from typing import Final

SEED: Final = 20_260_302


def draws(family: str) -> random.Random:
    """The generator of a family, at its beginning."""
    return random.Random(f"{SEED}:{family}")
