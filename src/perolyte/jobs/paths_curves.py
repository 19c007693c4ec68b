"""Curves and factors of a document of paths, each with its error or the reason why it has none."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perolyte.jobs.paths_tables import MIN_JUMPS, to_vector
from perolyte.schemas import (
    CooperationDescription,
    CorrelationDescription,
    FreeEnergyDescription,
    IonDensity,
    NonGaussianDescription,
    RadialDistributionDescription,
    VanHoveDescription,
)
from perolyte.trajectories import MobileTrajectory
from perolyte.transport import (
    DiffusivityResult,
    FreeEnergyBarriers,
    JumpStatistics,
    ProbabilityDensity,
    SiteTrajectory,
    correlation_factor,
    measure_cooperation,
    measure_non_gaussian,
    measure_radial_distribution,
    measure_returns,
    measure_van_hove,
)
from perolyte.transport.periodic_cell import find_largest_unique_distance

__all__ = [
    "describe_cooperation",
    "describe_correlation",
    "describe_density",
    "describe_free_energy",
    "describe_non_gaussian",
    "describe_radial_distributions",
    "describe_van_hove",
]

FloatArray = NDArray[np.float64]

_BIN_A = 0.1
_NEAREST_CUTOFF_A, _FARTHEST_CUTOFF_A = 6.0, 10.0
"""In small cells far enough for a hop; curves end where little is left to see."""
_RADIAL_FRAMES = 200
_RESIDENCES = (0.1, 0.3, 1.0, 3.0)
"""Lags of the van Hove functions, in mean times between jumps of an ion."""
_SPAN = 30.0
"""Of the lags where the run is shorter than these times."""
_WINDOW_PS = 1.0


def describe_correlation(
    path: SiteTrajectory, statistics: JumpStatistics, fit: DiffusivityResult | None
) -> CorrelationDescription:
    """Compare the tracer diffusivity with the jumps, and each jump with the one before it."""
    returns = measure_returns(path.jumps)
    # the scatter of a few pairs says nothing of their error: two of two may go back
    has_pairs = returns.status == "converged"
    factor = factor_std = None
    reasons: tuple[str, ...] = ()
    if statistics.n_jumps < MIN_JUMPS:
        reasons = (f"{statistics.n_jumps} jumps, at least {MIN_JUMPS} needed",)
    else:
        if fit is None or fit.diffusivity_cm2_s is None or fit.diffusivity_std_cm2_s is None:
            why = fit.reasons if fit is not None else ("the run is too short for a diffusivity",)
            reasons = tuple(f"no diffusivity to compare with: {reason}" for reason in why)
        else:
            found = correlation_factor(
                statistics,
                diffusivity_cm2_s=fit.diffusivity_cm2_s,
                diffusivity_std_cm2_s=fit.diffusivity_std_cm2_s,
            )
            factor, factor_std = found.correlation_factor, found.correlation_factor_std
    return CorrelationDescription(
        status="not_converged" if factor is None else "converged",
        reasons=[*reasons, *(f"angles: {reason}" for reason in returns.reasons)],
        factor=factor,
        factor_std=factor_std,
        random_walk_diffusivity_cm2_s=statistics.random_walk_diffusivity_cm2_s,
        n_pairs=returns.n_pairs,
        back_jump_fraction=returns.back_jump_fraction if has_pairs else None,
        back_jump_fraction_std=returns.back_jump_fraction_std if has_pairs else None,
        expected_back_jump_fraction=returns.expected_back_jump_fraction if has_pairs else None,
        mean_cosine=returns.mean_cosine if has_pairs else None,
        mean_cosine_std=returns.mean_cosine_std if has_pairs else None,
        factor_from_angles=returns.correlation_factor,
        factor_from_angles_std=returns.correlation_factor_std,
    )


def describe_cooperation(
    path: SiteTrajectory, statistics: JumpStatistics, *, frame_interval_ps: float
) -> CooperationDescription:
    """Count jumps of different ions that are near one another in time and place."""
    # a short run still needs a window well inside it
    window = min(_WINDOW_PS, statistics.run_length_ps / 4)
    found = measure_cooperation(path, frame_interval_ps=frame_interval_ps, window_ps=window)
    reasons = found.reasons
    if not reasons and statistics.n_jumps < MIN_JUMPS:
        reasons = (f"{statistics.n_jumps} jumps, at least {MIN_JUMPS} needed",)
    has_value = not reasons
    lower, upper = found.enhancement_lower, found.enhancement_upper
    return CooperationDescription(
        status="converged" if has_value else "not_converged",
        reasons=list(reasons),
        n_pairs=found.n_pairs,
        expected_pairs=found.expected_pairs,
        enhancement=found.enhancement if has_value else None,
        enhancement_lower=lower,
        enhancement_upper=upper,
        cooperative_share=_to_share(found.enhancement) if has_value else None,
        cooperative_share_lower=_to_share(lower) if has_value else None,
        cooperative_share_upper=_to_share(upper) if has_value else None,
        p_value=found.p_value,
        window_ps=found.window_ps,
        distance_A=found.distance_A,
    )


def _to_share(enhancement: float | None) -> float | None:
    """Return the share of pairs beyond chance, 0 where there are no more than by chance."""
    if enhancement is None:
        return None
    return max(0.0, 1 - 1 / enhancement) if enhancement > 0 else 0.0


def describe_non_gaussian(
    positions_A: FloatArray, *, frame_interval_ps: float
) -> NonGaussianDescription:
    """Measure the non-Gaussian parameter and find its maximum."""
    found = measure_non_gaussian(positions_A, frame_interval_ps=frame_interval_ps)
    alpha2, errors = _to_plain(found.alpha2), _to_plain(found.alpha2_std)
    maximum = error = lag = reason = None
    if np.isfinite(found.alpha2).any():
        row = int(np.nanargmax(found.alpha2))
        maximum, error, lag = alpha2[row], errors[row], float(found.lag_ps[row])
        if row == len(found.alpha2) - 1 and row > 0:
            reason = "it still rises at the longest lag, half the run: run longer"
            maximum = error = lag = None
    else:
        reason = "no ion moved"
    return NonGaussianDescription(
        maximum=maximum,
        maximum_std=error,
        maximum_lag_ps=lag,
        reason=reason,
        lag_ps=found.lag_ps.tolist(),
        alpha2=alpha2,
        alpha2_std=errors,
    )


def _to_plain(values: FloatArray) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]


def describe_van_hove(
    mobile: MobileTrajectory, statistics: JumpStatistics, *, frame_interval_ps: float
) -> VanHoveDescription:
    """Measure van Hove functions from a tenth to three times the time between jumps of an ion.

    Up to half the run where that is too short for them.
    """
    longest = max(1, mobile.n_frames // 2)
    rate = statistics.jump_rate.rate_per_ps
    lags = np.geomspace(max(1.0, longest / _SPAN), longest, len(_RESIDENCES)).round()
    if rate is not None and _RESIDENCES[-1] / (rate * frame_interval_ps) <= longest:
        lags = (np.array(_RESIDENCES) / (rate * frame_interval_ps)).round()
    chosen = sorted({int(lag) for lag in np.clip(lags, 1, longest)})
    found = measure_van_hove(
        mobile.positions_A,
        mobile.cell_A,
        chosen,
        frame_interval_ps=frame_interval_ps,
        cutoff_A=_choose_cutoff(mobile.cell_A),
        bin_width_A=_BIN_A,
    )
    return VanHoveDescription(
        lag_ps=found.lag_ps.tolist(),
        distance_A=_shorten(found.distance_A),
        self_part=[_shorten(row) for row in found.self_part],
        distinct_part=[_shorten(row) for row in found.distinct_part],
        n_origins=list(found.n_origins),
    )


def describe_radial_distributions(
    mobile: MobileTrajectory, element: str
) -> list[RadialDistributionDescription]:
    """Count the neighbours of the mobile ions, of their own kind and of each other element."""
    rows = np.unique(np.linspace(0, mobile.n_frames - 1, _RADIAL_FRAMES).round().astype(int))
    ions = mobile.positions_A[rows]
    others: list[tuple[str, FloatArray | None]] = [(element, None)]
    if mobile.framework_positions_A is not None:
        species = np.array(mobile.source.species)[~mobile.mobile]
        framework = mobile.framework_positions_A[rows]
        others += [(str(kind), framework[:, species == kind]) for kind in sorted(set(species))]
    described = []
    for kind, positions_A in others:
        found = measure_radial_distribution(
            ions,
            mobile.cell_A,
            other_positions_A=positions_A,
            cutoff_A=_choose_cutoff(mobile.cell_A),
            bin_width_A=_BIN_A,
        )
        described.append(
            RadialDistributionDescription(
                neighbour=kind,
                distance_A=_shorten(found.distance_A),
                values=_shorten(found.values),
                coordination=_shorten(found.coordination),
                n_frames=found.n_frames,
            )
        )
    return described


def _choose_cutoff(cell_A: FloatArray) -> float:
    half = find_largest_unique_distance(cell_A)
    return float(np.clip(half, _NEAREST_CUTOFF_A, _FARTHEST_CUTOFF_A))


def _shorten(values: FloatArray) -> list[float]:
    """Return six significant digits: curves hold no more, and a store half of the bytes."""
    return [float(f"{value:.6g}") for value in values]


def describe_free_energy(barriers: FreeEnergyBarriers) -> list[FreeEnergyDescription]:
    """Describe the barriers of the density in one, two and three dimensions."""
    described = []
    for dimensions in (1, 2, 3):
        barrier = barriers.barriers_eV[dimensions]
        error = barriers.barriers_std_eV[dimensions]
        reason = None
        if barrier is None:
            reason = "; ".join(barriers.reasons)
        elif error is None:
            reason = "no error: with a part of the run left out there is no way through"
        place = barriers.percolation.critical_points_frac[dimensions]
        described.append(
            FreeEnergyDescription(
                dimensions=dimensions,
                barrier_eV=barrier,
                barrier_std_eV=error,
                lower_bound_eV=barriers.lower_bound_eV if barrier is None else None,
                bottleneck_frac=None if place is None or barrier is None else place,
                directions=list(barriers.percolation.directions[dimensions]),
                reason=reason,
            )
        )
    return described


def describe_density(density: ProbabilityDensity) -> IonDensity:
    """Put the visits of a run into plain numbers."""
    a, b, c = (to_vector(row) for row in density.cell_A)
    n_a, n_b, n_c = density.counts.shape
    return IonDensity(
        cell_A=(a, b, c),
        divisions=(n_a, n_b, n_c),
        counts=density.counts.ravel().tolist(),
        n_frames=density.n_frames,
        n_ions=density.n_ions,
    )
