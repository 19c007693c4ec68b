"""What the number of net hops in a run allows one to say."""

from __future__ import annotations

import numpy as np

from perolyte.transport.window import DIFFUSIVE_SLOPES, Window

__all__ = ["MIN_FRAMES", "MIN_NET_HOPS", "bound_net_hops", "judge_growth", "judge_run"]

MIN_FRAMES = 50
MIN_NET_HOPS = 100
_LAGS_PER_RUN = 5
"""Displacements of one ion that do not overlap at the longest lag of the fit."""


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
    window: Window, largest_msd_A2: float, hop_A: float, n_net_hops: float, n_frames: int
) -> tuple[str, ...]:
    """Return why a run gives no diffusivity, in words with numbers; nothing where it does.

    Parameters
    ----------
    window
        Of the fit.
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
    >>> one = np.ones(1)
    >>> good = Window(10, 200, one, 0.1 * one, 1.0, is_past_one_hop=True)
    >>> judge_run(good, 40.0, 3.9, 12.0, 1000)
    ('12 net hops, at least 100 needed; run about 9x longer',)
    """
    reasons = []
    if n_frames < MIN_FRAMES:
        reasons.append(f"{n_frames} frames, at least {MIN_FRAMES} needed; write them more often")
    if n_net_hops < MIN_NET_HOPS:
        advice = "raise the temperature or run very much longer"
        if n_net_hops >= 1:
            advice = f"run about {np.ceil(MIN_NET_HOPS / n_net_hops):.0f}x longer"
        # Rounded down, so that 99.6 is not printed as the 100 it misses.
        seen = np.floor(n_net_hops)
        reasons.append(f"{seen:.0f} net hops, at least {MIN_NET_HOPS} needed; {advice}")
    if largest_msd_A2 < hop_A**2:
        reasons.append(
            f"the MSD reaches {largest_msd_A2:.2g} Å², one squared hop is {hop_A**2:.3g} Å²; "
            "the ions have not left their surroundings, run longer"
        )
    return (*reasons, *judge_growth(window))


def judge_growth(window: Window) -> tuple[str, ...]:
    """Return in what way a mean squared displacement does not grow as diffusion makes it grow.

    Parameters
    ----------
    window
        Of the fit.

    Returns
    -------
    tuple of str
        Empty where it may be diffusion.

    Examples
    --------
    >>> window = Window(10, 40, np.array([0.5, 0.4]), np.full(2, 0.05), 0.45, is_past_one_hop=True)
    >>> judge_growth(window)[0][:50]
    'the log-log slope is 0.45 over the window and 0.40'
    """
    slowest, fastest = DIFFUSIVE_SLOPES
    seen = (
        f"the log-log slope is {window.log_log_slope:.2f} over the window and "
        f"{window.log_slopes[-1]:.2f} at its end"
    )
    if window.is_slower_than_diffusion:
        return (f"{seen}, below {slowest}: the motion is still caged (subdiffusive), run longer",)
    if window.is_faster_than_diffusion:
        advice = "ballistic motion or drift, remove the drift or run longer"
        return (f"{seen}, above {fastest}: {advice}",)
    return ()
