"""How the level of a day goes on, with statsmodels: a level that drifts, and days of the month that are not alike.

Imported only by a command of its own (``sampark forecast``): numpy, scipy and pandas weigh more than the desk itself.
The model is a local level beneath days that scatter, in its state-space form, which needs no value for unusual days.
Its mean with the plain smoothing is nearer to what comes than either of the two.
"""

import calendar
import math
import warnings
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
from statsmodels.tsa.statespace import structural

from workforce import smoothing
from workforce.forecast import Ahead

WAVES: Final = 4
"""So many waves make the course of a month: paydays, rents, the end of it."""
MONTHS_KNOWN_FROM: Final = 150
"""The course of a month is learnt from so many days on."""
_COMPONENTS: Any = structural.UnobservedComponents  # its hints are of another reading of its own arguments


def levels(past: Sequence[float | None], ahead: int, first: date) -> list[Ahead]:
    """The mean and the deviation of each coming day's level."""
    known = np.array([math.nan if each is None else each for each in past], dtype=float)
    waves = WAVES if len(known) >= MONTHS_KNOWN_FROM else 0
    days = _month(first, len(known) + ahead, waves)
    exog: dict[str, Any] = {"exog": days[: len(known)]} if waves else {}
    coming: dict[str, Any] = {"exog": days[len(known) :]} if waves else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # how the optimiser got there; what came of it is judged by its errors
        model = _COMPONENTS(known, "llevel", **exog)
        told = model.fit(disp=0, maxiter=100).get_forecast(ahead, **coming)
    means, deviations = np.asarray(told.predicted_mean), np.asarray(told.se_mean)
    plain = smoothing.levels(past, ahead, first)
    return [
        Ahead((float(mean) + other.level) / 2, (float(each) + other.deviation) / 2)
        for mean, each, other in zip(means, deviations, plain, strict=True)
    ]


def _month(first: date, days: int, waves: int) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Where in its month each day is, as waves; no columns for none."""
    found = np.zeros((days, 2 * waves))
    for number in range(days):
        day = first + timedelta(days=number)
        turn = 2 * math.pi * (day.day - 1) / calendar.monthrange(day.year, day.month)[1]
        for wave in range(waves):
            found[number, 2 * wave : 2 * wave + 2] = math.cos((wave + 1) * turn), math.sin((wave + 1) * turn)
    return found
