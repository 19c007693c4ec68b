"""Independent runs of one system: their mean, and whether they scatter as their errors say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from perolyte.errors import InputError
from perolyte.transport.checks import check_positive
from perolyte.transport.interval import interval_95

__all__ = ["ReplicaResult", "combine_replicas"]

_CHANCE = 0.01
_NORMAL_DEGREES = 10**6
"""Student's t is the normal distribution then."""


@dataclass(frozen=True)
class ReplicaResult:
    """Mean of independent runs.

    Attributes
    ----------
    value, relative_error
        In the unit of the runs, and standard error over value.
    lower, upper
        95 % interval of the logarithm.
    chi2_reduced
        Scatter of the runs over what their errors say, squared, per degree of freedom.
    error_source
        "runs" where the errors of the runs explain their scatter; "scatter" where chance would
        hardly (1 %), and the scatter sets the error.
    n_runs
        How many.
    """

    value: float
    relative_error: float
    lower: float
    upper: float
    chi2_reduced: float
    error_source: str
    n_runs: int


def combine_replicas(values: ArrayLike, relative_errors: ArrayLike) -> ReplicaResult:
    """Average diffusivities or conductivities of runs that differ by their seed only.

    Weights are the inverse squares of the relative errors, which do not depend on how large a
    value a run happened to give, as absolute errors do. Where the runs scatter more than their
    errors allow, errors are multiplied by sqrt(χ²/degrees of freedom)
    (doi 10.1093/ptep/ptac097, section 5.2.2).

    Parameters
    ----------
    values
        (n_runs,), above zero, at least two.
    relative_errors
        (n_runs,), standard error over value.

    Returns
    -------
    ReplicaResult
        In the unit of ``values``.

    Raises
    ------
    InputError
        For shapes that do not match, fewer than two runs, or a number that is not above zero.

    Examples
    --------
    >>> mean = combine_replicas([0.9e-6, 1.1e-6], [0.1, 0.1])
    >>> f"{mean.value:.2g} cm²/s within {mean.relative_error:.0%}, from the {mean.error_source}"
    '1e-06 cm²/s within 7%, from the runs'
    """
    numbers = check_positive(
        values, name="values", unit="", hint="leave out runs that did not converge"
    )
    errors = check_positive(
        relative_errors, name="relative_errors", unit="", hint="give fractions such as 0.10"
    )
    if numbers.ndim != 1 or numbers.shape != errors.shape or len(numbers) < 2:
        raise InputError(
            f"values and relative_errors have shapes {numbers.shape} and {errors.shape}; both must "
            "be (n_runs,) with at least 2 runs: give one of each per run"
        )
    weights = errors**-2
    mean = float(weights @ numbers / weights.sum())
    relative = float(weights.sum() ** -0.5)
    n_degrees = len(numbers) - 1
    chi2 = float(np.sum(((numbers / mean - 1) / errors) ** 2))
    source, degrees = "runs", _NORMAL_DEGREES
    if chi2 > stats.chi2.isf(_CHANCE, n_degrees):
        source, degrees = "scatter", n_degrees
        relative *= float(np.sqrt(chi2 / n_degrees))
    lower, upper = interval_95(mean, relative, degrees)
    return ReplicaResult(
        value=mean,
        relative_error=relative,
        lower=lower,
        upper=upper,
        chi2_reduced=chi2 / n_degrees,
        error_source=source,
        n_runs=len(numbers),
    )
