"""What the number of net hops in a run allows one to say."""

from __future__ import annotations

import numpy as np

from perolyte.transport.slope import DIFFUSIVE_SLOPES, SlopeResult

__all__ = ["MIN_FRAMES", "bound_net_hops", "choose_error", "estimate_hop_error", "judge_run"]

MIN_FRAMES = 50
_MIN_NET_HOPS = 100
_LAGS_PER_RUN = 5
"""Displacements of one ion that do not overlap at the longest lag of the fit."""


def estimate_hop_error(n_net_hops: float) -> float:
    """Return the relative error that the number of net hops allows, 3.43/sqrt(hops) + 0.04.

    He, Zhu, Epstein and Mo, doi 10.1038/s41524-018-0074-y, from many short ab initio runs.

    Parameters
    ----------
    n_net_hops
        Above zero.

    Returns
    -------
    float
        Standard error over value.

    Examples
    --------
    >>> round(estimate_hop_error(460), 2)
    0.2
    """
    return float(3.43 / np.sqrt(n_net_hops) + 0.04)


def choose_error(fit: SlopeResult, n_net_hops: float) -> tuple[float, str]:
    """Return the largest estimate of the relative error, and which one it is.

    Parameters
    ----------
    fit
        With a positive slope.
    n_net_hops
        Above zero.

    Returns
    -------
    tuple
        Standard error over value, and "hops", "ions" or "blocks".

    Examples
    --------
    >>> choose_error(SlopeResult(1.0, 0.5, 0.1, (1.0, 1.0, 1.0), 1.0), 460)
    (0.5, 'ions')
    """
    errors = {"hops": estimate_hop_error(n_net_hops)}
    if fit.ion_std_A2 is not None:
        errors["ions"] = fit.ion_std_A2 / fit.slope_A2
    if fit.block_std_A2 is not None:
        errors["blocks"] = fit.block_std_A2 / fit.slope_A2
    source = max(errors, key=lambda name: errors[name])
    return errors[source], source


def bound_net_hops(n_net_hops: float, *, n_ions: int, dimension: int = 3) -> float:
    """Return the largest number of net hops that agrees with those seen, one-sided 95 %.

    With k hops seen, k + 3 + 1.645 sqrt(2 k + 2 k²/(5 d n_ions)). The 3 is the Poisson bound for
    k = 0 (-ln 0.05). The variance has two parts: that of the count, twice Poisson's because a
    slope does not count each hop equally; and that of the squared length of n_ions random walks
    seen 5 times each, which matters for few ions with many hops.

    Assumes hops that are independent, of equal length, and stationary: an ion that would wait
    longer than the run before its first hop, in a crystal not yet equilibrated, breaks the bound.

    Parameters
    ----------
    n_net_hops
        Zero or more.
    n_ions
        Mobile ions.
    dimension
        1, 2 or 3.

    Returns
    -------
    float
        Net hops.

    Examples
    --------
    >>> bound_net_hops(0.0, n_ions=36)
    3.0
    >>> round(bound_net_hops(50.0, n_ions=36))
    70
    """
    variance = 2 * n_net_hops + 2 * n_net_hops**2 / (_LAGS_PER_RUN * dimension * n_ions)
    none_seen = round(-np.log(0.05), 1)
    return float(n_net_hops + none_seen + 1.645 * np.sqrt(variance))


def judge_run(
    fit: SlopeResult, largest_msd_A2: float, hop_A: float, n_net_hops: float, n_frames: int
) -> tuple[str, ...]:
    """Return why a run gives no diffusivity, in words with numbers; nothing where it does.

    Parameters
    ----------
    fit
        Slope of the MSD.
    largest_msd_A2
        Å², at lags up to half the run.
    hop_A
        Hop distance, Å.
    n_net_hops, n_frames
        Net hops of all ions, and frames of the run.

    Returns
    -------
    tuple of str
        Empty where the run passes.

    Examples
    --------
    >>> good = SlopeResult(1.0, 0.1, 0.1, (1.0, 1.0, 1.0), 1.0)
    >>> judge_run(good, 40.0, 3.9, 12.0, 1000)
    ('12 net hops, at least 100 needed; run about 9x longer',)
    """
    reasons = []
    if n_frames < MIN_FRAMES:
        reasons.append(f"{n_frames} frames, at least {MIN_FRAMES} needed; write them more often")
    if n_net_hops < _MIN_NET_HOPS:
        advice = "raise the temperature or run very much longer"
        if n_net_hops >= 1:
            advice = f"run about {np.ceil(_MIN_NET_HOPS / n_net_hops):.0f}x longer"
        # Rounded down, so that 99.6 is not printed as the 100 it misses.
        seen = np.floor(n_net_hops)
        reasons.append(f"{seen:.0f} net hops, at least {_MIN_NET_HOPS} needed; {advice}")
    if largest_msd_A2 < hop_A**2:
        reasons.append(
            f"the MSD reaches {largest_msd_A2:.2g} Å², one squared hop is {hop_A**2:.3g} Å²; "
            "the ions have not left their surroundings, run longer"
        )
    slowest, fastest = DIFFUSIVE_SLOPES
    if fit.is_slower_than_diffusion:
        reasons.append(
            f"the log-log slope is {fit.log_log_slope:.2f}, below {slowest} in the whole window; "
            "the motion is still caged (subdiffusive), run longer"
        )
    if fit.is_faster_than_diffusion:
        reasons.append(
            f"the log-log slope is {fit.log_log_slope:.2f}, above {fastest} in the whole window; "
            "ballistic motion or drift, remove the drift or run longer"
        )
    return tuple(reasons)
