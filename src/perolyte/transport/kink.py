"""Whether two lines describe a temperature series better than one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from perolyte.transport.checks import FloatArray
from perolyte.transport.weighted_fit import WeightedFit, fit_weighted
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = ["STRONG_EVIDENCE", "Kink", "Segment", "compare_with_line", "find_kink"]

STRONG_EVIDENCE = 6.0
"""Difference of the Bayesian information criterion that Kass and Raftery call strong,
doi 10.1080/01621459.1995.10476572; about 1 straight series in 200 crosses it by chance."""

_STEP_EVIDENCE = 10.0
"""Their "very strong": two lines that need not meet fit any scatter more easily."""
_MIN_POINTS_FOR_KINK = 6
_MIN_POINTS_PER_SEGMENT = 3

_Form = Literal["kink", "step"]
_EXTRA_AND_EVIDENCE: dict[_Form, tuple[int, float]] = {
    "kink": (2, STRONG_EVIDENCE),
    "step": (3, _STEP_EVIDENCE),
}
"""Parameters beyond the line's two (the place, the second slope, the height of a step), and the
evidence asked for."""


@dataclass(frozen=True)
class Segment:
    """The line on one side of a change.

    Attributes
    ----------
    temperature_min_K, temperature_max_K
        K, range of its points.
    activation_energy_eV, activation_energy_std_eV
        eV, slope and its standard error.
    n_points
        Points on this side.
    """

    temperature_min_K: float
    temperature_max_K: float
    activation_energy_eV: float
    activation_energy_std_eV: float
    n_points: int


@dataclass(frozen=True)
class Kink:
    """A change of regime within a temperature series.

    Attributes
    ----------
    form
        "kink": two lines that meet (a second mechanism); "step": two that do not (a first-order
        transition).
    temperature_K
        K, where the lines meet, or halfway between the points on both sides of a step.
    below, above
        The lines on the colder and on the hotter side.
    bic
        Bayesian information criterion, on the scale of the line's (see :func:`find_kink`).
    """

    form: Literal["kink", "step"]
    temperature_K: float
    below: Segment
    above: Segment
    bic: float


def find_kink(x: FloatArray, y: FloatArray, errors: FloatArray, chi2_line: float) -> Kink | None:
    """Look for two lines that describe the points better than one.

    They are compared by the Bayesian information criterion (doi 10.1214/aos/1176344136), for each
    division of the distinct points that leaves 3 on each side: two lines that meet between the
    points next to the division, and two that do not. The place of the change is a fitted parameter
    and counts as one.

    Parameters
    ----------
    x, y, errors
        (n_points,), -1/(kB T) in 1/eV, ln(σT) or ln D, and standard errors of y.
    chi2_line
        χ² of the single line.

    Returns
    -------
    Kink or None
        None where one line does, or there are fewer than 6 points.

    Examples
    --------
    >>> x = np.linspace(-20.0, -10.0, 8)
    >>> find_kink(x, 0.3 * x, np.full(8, 0.1), 0.0) is None
    True
    """
    distinct = np.unique(x)
    n = len(x)
    if n < _MIN_POINTS_FOR_KINK:
        return None
    fits: dict[_Form, list[tuple[WeightedFit, float, float]]] = {"kink": [], "step": []}
    for left, right in pairwise(distinct):
        n_below = int((x <= left).sum())
        if min(n_below, n - n_below) < _MIN_POINTS_PER_SEGMENT:
            continue
        middle = float(left + right) / 2
        step = _fit_lines(x, y, errors, middle, "step")
        if step is None:
            continue
        fits["step"].append((step, middle, middle))
        place = _find_meeting(step.coefficients, middle, (float(left), float(right)))
        meeting = _fit_lines(x, y, errors, place, "kink")
        if meeting is not None:
            fits["kink"].append((meeting, place, middle))
    found: list[Kink] = []
    for form, (n_extra, evidence) in _EXTRA_AND_EVIDENCE.items():
        if not fits[form]:
            continue
        fit, place, middle = min(fits[form], key=lambda item: item[0].chi2)
        gain = compare_with_line(chi2_line, fit.chi2, n_points=n, n_extra=n_extra)
        if gain > evidence:
            found.append(_describe(x, fit, (place, middle), form, -gain))
    return min(found, key=lambda kink: kink.bic, default=None)


def compare_with_line(chi2_line: float, chi2: float, *, n_points: int, n_extra: int) -> float:
    """Return how much lower than the line's the criterion of a law with more parameters is.

    Errors that are too small would turn scatter into a change of law, so that the better fit sets
    the scale of the errors where its own scatter is larger than they promise.

    Parameters
    ----------
    chi2_line, chi2
        χ² of the line and of the other law.
    n_points, n_extra
        Points, and parameters beyond the two of the line.

    Returns
    -------
    float
        BIC of the line minus that of the other law; above 6 is strong evidence for the other.

    Examples
    --------
    >>> round(compare_with_line(30.0, 4.0, n_points=8, n_extra=2), 1)
    21.8
    """
    scale = max(1.0, chi2 / max(1, n_points - 2 - n_extra))
    return float((chi2_line - chi2) / scale - n_extra * np.log(n_points))


def _fit_lines(
    x: FloatArray, y: FloatArray, errors: FloatArray, place: float, form: _Form
) -> WeightedFit | None:
    """Fit level, slope and change of slope at a place (and of level); None where undetermined."""
    columns = [np.ones_like(x), x, np.maximum(x - place, 0.0)]
    if form == "step":
        columns.append((x > place).astype(np.float64))
    design = np.stack(columns, axis=1)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    return fit_weighted(design, y, errors)


def _find_meeting(step: FloatArray, middle: float, gap: tuple[float, float]) -> float:
    """Return where two free lines meet, or the nearer end of the gap where they meet outside it.

    Within the gap the two lines that meet are the two free ones, so that no better place exists.
    """
    change_of_slope, height = step[2], step[3]
    if change_of_slope == 0.0:
        return middle
    return float(np.clip(middle - height / change_of_slope, *gap))


def _describe(
    x: FloatArray, fit: WeightedFit, places: tuple[float, float], form: _Form, bic: float
) -> Kink:
    place, middle = places
    temperatures = -1.0 / (BOLTZMANN_EV_PER_K * x)
    segments = []
    for is_side, slope in ((x < middle, [1.0, 0.0]), (x > middle, [1.0, 1.0])):
        weights = np.zeros(len(fit.coefficients))
        weights[1:3] = slope
        variance = float(weights @ fit.inflated_covariance @ weights)
        segments.append(
            Segment(
                temperature_min_K=float(temperatures[is_side].min()),
                temperature_max_K=float(temperatures[is_side].max()),
                activation_energy_eV=float(weights @ fit.coefficients),
                activation_energy_std_eV=float(np.sqrt(variance)),
                n_points=int(is_side.sum()),
            )
        )
    return Kink(
        form=form,
        temperature_K=-1.0 / (BOLTZMANN_EV_PER_K * place),
        below=segments[0],
        above=segments[1],
        bic=bic,
    )
