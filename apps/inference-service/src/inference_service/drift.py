"""How far what is served has moved away from what the model was trained on."""

import math

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]


def population_stability_index(expected: Counts, actual: Counts) -> float:
    """Compare two histograms over the same bins: the sum of (a - e) * ln(a / e) over the bins' shares a and e.

    Half an observation is added to every bin of both, so that an empty one does not make it infinite.

    Siddiqi, N. (2006), Credit Risk Scorecards, Wiley: below 0.1 little has changed, above 0.25 much.
    """
    e = (expected + 0.5) / (expected.sum() + 0.5 * expected.size)
    a = (actual + 0.5) / (actual.sum() + 0.5 * actual.size)
    return float(((a - e) * np.log(a / e)).sum())


def judged(expected: Counts, actual: Counts, minimum: int) -> float:
    """The same, or NaN below a minimum of observations: nobody can tell yet."""
    return population_stability_index(expected, actual) if actual.sum() >= minimum else math.nan
