"""How many ions a site holds, and how long they stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.transport.checks import FloatArray, check_positive
from perolyte.transport.rates import RateEstimate, estimate_rate
from perolyte.transport.sites import SiteTrajectory

__all__ = ["OccupationResult", "ResidenceResult", "measure_occupation", "measure_residence"]


@dataclass(frozen=True, eq=False)
class OccupationResult:
    """Mean number of ions on each site.

    Attributes
    ----------
    site_occupation
        (n_sites,), ions per site, over all frames; ions in transit are on none.
    label_occupation
        Ions per site, averaged over the sites of one label.
    unassigned_fraction
        Share of ions in transit, or never in a core.
    """

    site_occupation: FloatArray
    label_occupation: Mapping[str, float]
    unassigned_fraction: float


@dataclass(frozen=True, eq=False)
class ResidenceResult:
    """How long ions stay on the sites of one label.

    Attributes
    ----------
    label
        Of the sites.
    leaving
        Rate of leaving one of these sites: jumps over the time spent there.
    mean_time_ps
        ps, 1/rate; None where no ion left.
    lower_ps, upper_ps
        ps, 95 % interval; the upper end is None where no ion left.
    time_ps
        (n_times,), ps, ends of the stays that were seen from their beginning.
    survival
        (n_times,), probability that a stay lasts longer (Kaplan-Meier, so that stays that the run
        cuts off count as far as they go).
    survival_std
        (n_times,), its standard error (Greenwood).
    """

    label: str
    leaving: RateEstimate
    mean_time_ps: float | None
    lower_ps: float
    upper_ps: float | None
    time_ps: FloatArray
    survival: FloatArray
    survival_std: FloatArray


def measure_occupation(path: SiteTrajectory) -> OccupationResult:
    """Average the number of ions on each site over the run.

    Parameters
    ----------
    path
        From :func:`~perolyte.transport.assign_sites`.

    Returns
    -------
    OccupationResult
        Per site and per label.

    Examples
    --------
    >>> from perolyte.transport.sites import assign_sites, define_sites
    >>> sites = define_sites([[0, 0, 0], [0.5, 0, 0]], np.diag([8.0, 4.0, 4.0]), labels="ab")
    >>> x = np.array([0.0, 0.1, 0.0, 4.0])
    >>> path = assign_sites(x[:, None, None] * np.array([1.0, 0.0, 0.0]), sites)
    >>> measure_occupation(path).label_occupation
    {'a': 0.75, 'b': 0.25}
    """
    frames = _count_frames(path)
    occupation = frames / len(path.site_index)
    labels = np.array(path.sites.labels)
    return OccupationResult(
        site_occupation=occupation,
        label_occupation={
            label: float(occupation[labels == label].mean()) for label in _list_labels(path)
        },
        unassigned_fraction=path.unassigned_fraction,
    )


def measure_residence(
    path: SiteTrajectory, *, frame_interval_ps: float
) -> tuple[ResidenceResult, ...]:
    """Measure how long ions stay on the sites of each label.

    The mean time is the time spent over the number of departures, which holds also for stays that
    the run cuts off, if leaving does not depend on how long the ion has been there. The survival
    function makes no such assumption (Kaplan and Meier, doi 10.1080/01621459.1958.10501452).

    Parameters
    ----------
    path
        From :func:`~perolyte.transport.assign_sites`.
    frame_interval_ps
        ps between frames; stays shorter than a few frames are not resolved.

    Returns
    -------
    tuple of ResidenceResult
        One per label that ions visit, sorted by label.

    Raises
    ------
    InputError
        For an interval that is not above zero.

    Examples
    --------
    >>> from perolyte.transport.sites import assign_sites, define_sites
    >>> sites = define_sites([[0, 0, 0], [0.5, 0, 0]], np.diag([8.0, 4.0, 4.0]))
    >>> x = np.repeat([0.0, 4.0, 8.0], 5)
    >>> path = assign_sites(x[:, None, None] * np.array([1.0, 0.0, 0.0]), sites)
    >>> measure_residence(path, frame_interval_ps=0.1)[0].mean_time_ps
    0.75
    """
    interval = float(
        check_positive(
            frame_interval_ps, name="frame_interval_ps", unit="ps", hint="give the time per frame"
        )
    )
    frames = _count_frames(path)
    labels = np.array(path.sites.labels)
    departures = np.bincount(path.jumps.origin, minlength=len(labels))
    results = []
    for label in _list_labels(path):
        chosen = labels == label
        if not frames[chosen].any():
            continue
        n_departures = int(departures[chosen].sum())
        leaving = estimate_rate(n_departures, float(frames[chosen].sum()) * interval)
        times, survival, errors = _estimate_survival(*_list_stays(path, chosen))
        results.append(
            ResidenceResult(
                label=label,
                leaving=leaving,
                mean_time_ps=None if leaving.rate_per_ps is None else 1 / leaving.rate_per_ps,
                lower_ps=1 / leaving.upper_per_ps,
                upper_ps=1 / leaving.lower_per_ps if leaving.lower_per_ps > 0 else None,
                time_ps=times * interval,
                survival=survival,
                survival_std=errors,
            )
        )
    return tuple(results)


def _list_labels(path: SiteTrajectory) -> list[str]:
    return sorted(set(path.sites.labels))


def _count_frames(path: SiteTrajectory) -> NDArray[np.int64]:
    """Return the frames that ions spent on each site, (n_sites,)."""
    # Site -1 becomes the first bin, which is dropped.
    counts = np.bincount(path.site_index.ravel() + 1, minlength=len(path.sites.labels) + 1)
    return np.asarray(counts[1:], dtype=np.int64)


def _list_stays(
    path: SiteTrajectory, chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the length in frames of each stay that began in the run, and whether its end is seen.

    A stay begins with a jump to one of the chosen sites. It ends with the next jump of that ion;
    the last one is cut off after its last frame in the core.
    """
    jumps = path.jumps
    n_frames = len(path.site_index)
    # The last frame on the site, of an ion that does not jump any more.
    assigned = path.site_index[::-1] >= 0
    last_frame = n_frames - 1 - np.argmax(assigned, axis=0)
    has_next = np.zeros(len(jumps), dtype=np.bool_)
    has_next[:-1] = jumps.ion[1:] == jumps.ion[:-1]
    end = last_frame[jumps.ion]
    end[:-1] = np.where(has_next[:-1], jumps.departure_frame[1:], end[:-1])
    is_chosen = chosen[jumps.destination]
    return (end - jumps.arrival_frame + 1)[is_chosen], has_next[is_chosen]


def _estimate_survival(
    lengths: NDArray[np.int64], is_complete: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return times (frames) at which stays end, and the survival function with its error."""
    times, ended = np.unique(lengths[is_complete], return_counts=True)
    at_risk = len(lengths) - np.searchsorted(np.sort(lengths), times, side="left")
    survival = np.cumprod(1 - ended / at_risk, dtype=np.float64)
    # Greenwood's sum diverges where the last stay ends and nothing survives.
    remaining = at_risk - ended
    terms = np.where(remaining > 0, ended / (at_risk * np.maximum(remaining, 1)), 0.0)
    return times.astype(np.float64), survival, survival * np.sqrt(np.cumsum(terms))
