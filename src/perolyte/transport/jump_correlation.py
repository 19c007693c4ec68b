"""How much less, or more, ions get ahead than the same jumps in random order would take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.status import Status
from perolyte.transport.checks import FloatArray, check_positive
from perolyte.transport.jumps import JumpStatistics
from perolyte.transport.sites import JumpEvents

__all__ = ["CorrelationResult", "ReturnResult", "correlation_factor", "measure_returns"]

_MIN_PAIRS = 100


@dataclass(frozen=True)
class ReturnResult:
    """How each jump of an ion depends on the one before it.

    Attributes
    ----------
    status
        "converged", or "not_converged" below 100 pairs of successive jumps.
    reasons
        Why.
    n_pairs
        Pairs of successive jumps of one ion.
    back_jump_fraction, back_jump_fraction_std
        Share of jumps that exactly undo the one before; None without pairs.
    expected_back_jump_fraction
        The same for an ion without memory that chooses among the ways out of each site as often as
        all ions together did.
    mean_cosine, mean_cosine_std
        Mean cosine of the angle between successive jumps; None without pairs.
    correlation_factor, correlation_factor_std
        (1 + <cos>)/(1 - <cos>); None where not converged.
    """

    status: Status
    reasons: tuple[str, ...]
    n_pairs: int
    back_jump_fraction: float | None
    back_jump_fraction_std: float | None
    expected_back_jump_fraction: float | None
    mean_cosine: float | None
    mean_cosine_std: float | None
    correlation_factor: float | None
    correlation_factor_std: float | None


@dataclass(frozen=True)
class CorrelationResult:
    """f = D*/D_rw from a measured diffusivity.

    Attributes
    ----------
    status
        "converged", or "not_converged" without jumps.
    reasons
        Why.
    correlation_factor, correlation_factor_std
        f and its standard error; None without jumps.
    random_walk_diffusivity_cm2_s
        cm²/s, D_rw.
    """

    status: Status
    reasons: tuple[str, ...]
    correlation_factor: float | None
    correlation_factor_std: float | None
    random_walk_diffusivity_cm2_s: float


def correlation_factor(
    jumps: JumpStatistics, *, diffusivity_cm2_s: float, diffusivity_std_cm2_s: float
) -> CorrelationResult:
    """Compare the tracer diffusivity with that of independent jumps, f = D*/D_rw.

    D_rw = Σ l²/(6 N t). 1 for ions that do not feel one another; 0.6531 for vacancies on a simple
    cubic lattice (doi 10.1039/TF9565200786). The error is that of D* and, in quadrature, of
    the number of jumps.

    Parameters
    ----------
    jumps
        From :func:`~perolyte.transport.jump_statistics`.
    diffusivity_cm2_s, diffusivity_std_cm2_s
        cm²/s, D* of the same run in three dimensions, and its standard error.

    Returns
    -------
    CorrelationResult
        f with error.

    Raises
    ------
    InputError
        For a diffusivity or error that is not above zero.

    Examples
    --------
    >>> from perolyte.transport.jumps import jump_statistics
    >>> from perolyte.transport.sites import assign_sites, define_sites
    >>> sites = define_sites([[0, 0, 0]], 4 * np.eye(3))
    >>> x = np.repeat([0.0, 4.0, 8.0, 12.0], 5)
    >>> path = assign_sites(x[:, None, None] * np.array([1.0, 0.0, 0.0]), sites)
    >>> jumps = jump_statistics(path, frame_interval_ps=0.1)
    >>> result = correlation_factor(jumps, diffusivity_cm2_s=4e-4, diffusivity_std_cm2_s=1e-5)
    >>> round(result.correlation_factor, 3)
    0.95
    """
    tracer = float(
        check_positive(
            diffusivity_cm2_s,
            name="diffusivity_cm2_s",
            unit="cm²/s",
            hint="give that of a converged run",
        )
    )
    error = float(
        check_positive(
            diffusivity_std_cm2_s,
            name="diffusivity_std_cm2_s",
            unit="cm²/s",
            hint="give the standard error of the diffusivity",
        )
    )
    random_walk = jumps.random_walk_diffusivity_cm2_s
    if jumps.n_jumps == 0:
        return CorrelationResult("not_converged", jumps.reasons, None, None, random_walk)
    factor = tracer / random_walk
    relative = np.hypot(error / tracer, 1 / np.sqrt(jumps.n_jumps))
    return CorrelationResult("converged", (), factor, float(factor * relative), random_walk)


def measure_returns(events: JumpEvents) -> ReturnResult:
    """Measure how often ions jump straight back, and f from the angle between successive jumps.

    f = (1 + <cos θ>)/(1 - <cos θ>) is exact where each jump depends on the one before only, all
    jumps have one length, and sites have enough symmetry (Compaan and Haven,
    doi 10.1039/TF9565200786); elsewhere compare with :func:`correlation_factor`.

    Parameters
    ----------
    events
        By ion and then by time, as :func:`~perolyte.transport.assign_sites` returns them.

    Returns
    -------
    ReturnResult
        Shares, cosine and factor, with errors from independent pairs.

    Examples
    --------
    >>> from perolyte.transport.sites import assign_sites, define_sites
    >>> sites = define_sites([[0, 0, 0]], 4 * np.eye(3))
    >>> x = np.repeat([0.0, 4.0, 8.0, 4.0], 5)
    >>> path = assign_sites(x[:, None, None] * np.array([1.0, 0.0, 0.0]), sites)
    >>> result = measure_returns(path.jumps)
    >>> result.n_pairs, result.back_jump_fraction, result.mean_cosine
    (2, 0.5, 0.0)
    """
    follows = np.flatnonzero(events.ion[1:] == events.ion[:-1])
    n_pairs = len(follows)
    reasons: tuple[str, ...] = ()
    if n_pairs < _MIN_PAIRS:
        reason = (
            f"{n_pairs} pairs of successive jumps, at least {_MIN_PAIRS} needed: run longer or "
            "raise the temperature"
        )
        reasons = (reason,)
    if n_pairs == 0:
        nothing = (None,) * 7
        return ReturnResult("not_converged", reasons, 0, *nothing)
    first, second = follows, follows + 1
    is_return = (
        (events.origin[first] == events.destination[second])
        & (events.image[first] == -events.image[second]).all(axis=1)
    ).astype(np.float64)
    lengths = np.linalg.norm(events.vector_A, axis=1)
    cosines = (events.vector_A[first] * events.vector_A[second]).sum(axis=1) / (
        lengths[first] * lengths[second]
    )
    share, share_std = _average(is_return)
    cosine, cosine_std = _average(cosines)
    factor = factor_std = None
    if not reasons:
        factor = (1 + cosine) / (1 - cosine)
        factor_std = 2 * cosine_std / (1 - cosine) ** 2
    return ReturnResult(
        status="not_converged" if reasons else "converged",
        reasons=reasons,
        n_pairs=n_pairs,
        back_jump_fraction=share,
        back_jump_fraction_std=share_std,
        expected_back_jump_fraction=_expect_returns(events, first),
        mean_cosine=cosine,
        mean_cosine_std=cosine_std,
        correlation_factor=factor,
        correlation_factor_std=factor_std,
    )


def _average(values: FloatArray) -> tuple[float, float]:
    """Return mean and standard error of independent values (at least one)."""
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return float(values.mean()), float(spread / np.sqrt(len(values)))


def _expect_returns(events: JumpEvents, first: NDArray[np.intp]) -> float:
    """Return the mean share of the way back among all jumps out of the sites that were reached."""
    ways = np.column_stack([events.origin, events.destination, events.image])
    back = np.column_stack([events.destination, events.origin, -events.image])
    both, inverse = np.unique(np.concatenate([ways, back]), axis=0, return_inverse=True)
    inverse = inverse.ravel()
    counts = np.bincount(inverse[: len(ways)], minlength=len(both))
    out_of_site = np.bincount(events.origin, minlength=int(both[:, :2].max()) + 1)
    reached = events.destination[first]
    return float((counts[inverse[len(ways) :][first]] / out_of_site[reached]).mean())
