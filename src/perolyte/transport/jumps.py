"""Jumps counted over the network of sites: rates, barriers, and what a random walk would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.status import Status
from perolyte.transport.checks import FloatArray, check_positive
from perolyte.transport.jump_network import JumpEdge, build_jump_network
from perolyte.transport.rates import RateEstimate, estimate_rate
from perolyte.transport.sites import SiteTrajectory
from perolyte.units import A2_PER_PS_TO_CM2_PER_S

__all__ = ["JumpStatistics", "jump_statistics"]

_LARGEST_UNASSIGNED = 0.5


@dataclass(frozen=True, eq=False)
class JumpStatistics:
    """The network of jumps of one run.

    Attributes
    ----------
    status
        "converged"; "not_converged" without a jump; "rejected" where the sites do not fit the run.
    reasons
        Why the status is not "converged", in words with numbers.
    n_jumps
        Jumps of all ions.
    jump_matrix
        (n_sites, n_sites), jumps from row to column, over all periodic copies.
    time_on_site_ps
        (n_sites,), ps, summed over ions.
    jump_rate
        Jumps per ion and ps of the whole run; without jumps, with an upper bound.
    edges
        One per pair of site and periodic copy between which a jump was seen.
    label_edges
        The same pooled over the sites of two labels; lengths more than 0.2 Å apart are kept apart.
    mean_distance_A
        Å, of all jumps; None without jumps.
    random_walk_diffusivity_cm2_s
        cm²/s, Σ l²/(2 d N t) over the jump lengths l: what these jumps would give if they were
        independent of one another; 0 without jumps.
    run_length_ps, n_ions
        Length of the run, and ions followed.
    """

    status: Status
    reasons: tuple[str, ...]
    n_jumps: int
    jump_matrix: NDArray[np.int64]
    time_on_site_ps: FloatArray
    jump_rate: RateEstimate
    edges: tuple[JumpEdge, ...]
    label_edges: tuple[JumpEdge, ...]
    mean_distance_A: float | None
    random_walk_diffusivity_cm2_s: float
    run_length_ps: float
    n_ions: int


def jump_statistics(
    path: SiteTrajectory,
    *,
    frame_interval_ps: float,
    temperature_K: float | None = None,
    attempt_frequency_THz: float = 10.0,
) -> JumpStatistics:
    """Count jumps and turn them into rates, k_ab = J_ab/(time that ions spent on a).

    Parameters
    ----------
    path
        From :func:`~perolyte.transport.assign_sites`.
    frame_interval_ps
        ps between frames.
    temperature_K
        K, for barriers; None for none.
    attempt_frequency_THz
        THz, for barriers.

    Returns
    -------
    JumpStatistics
        Matrix, network and rates; without jumps an upper bound of the rate.

    Raises
    ------
    InputError
        For an interval, temperature or frequency that is not above zero.

    Examples
    --------
    >>> from perolyte.transport.sites import assign_sites, define_sites
    >>> sites = define_sites([[0, 0, 0], [0.5, 0, 0]], np.diag([8.0, 4.0, 4.0]))
    >>> x = np.repeat([0.0, 4.0, 8.0, 12.0], 5)
    >>> path = assign_sites(x[:, None, None] * np.array([1.0, 0.0, 0.0]), sites)
    >>> jumps = jump_statistics(path, frame_interval_ps=0.1)
    >>> jumps.jump_matrix.tolist(), [edge.image for edge in jumps.edges]
    ([[0, 2], [1, 0]], [(0, 0, 0), (1, 0, 0)])
    """
    interval = float(
        check_positive(
            frame_interval_ps, name="frame_interval_ps", unit="ps", hint="give the time per frame"
        )
    )
    n_frames, n_ions = path.site_index.shape
    n_sites = len(path.sites.labels)
    jumps = path.jumps
    matrix = np.zeros((n_sites, n_sites), dtype=np.int64)
    np.add.at(matrix, (jumps.origin, jumps.destination), 1)
    # Frames without a site are counted in the first bin, which is dropped.
    frames = np.bincount(path.site_index.ravel() + 1, minlength=n_sites + 1)[1:]
    time_on_site = np.asarray(interval * frames, dtype=np.float64)
    run_length = (n_frames - 1) * interval
    lengths = np.linalg.norm(jumps.vector_A, axis=1)
    edges, label_edges = build_jump_network(
        path,
        time_on_site,
        temperature_K=temperature_K,
        attempt_frequency_THz=attempt_frequency_THz,
    )
    reasons = _judge(path, run_length)
    is_rejected = path.unassigned_fraction > _LARGEST_UNASSIGNED
    squares = float((lengths**2).sum())
    return JumpStatistics(
        status="rejected" if is_rejected else "not_converged" if reasons else "converged",
        reasons=reasons,
        n_jumps=len(jumps),
        jump_matrix=matrix,
        time_on_site_ps=time_on_site,
        jump_rate=estimate_rate(len(jumps), n_ions * run_length),
        edges=edges,
        label_edges=label_edges,
        mean_distance_A=float(lengths.mean()) if len(lengths) else None,
        random_walk_diffusivity_cm2_s=A2_PER_PS_TO_CM2_PER_S * squares / (6 * n_ions * run_length),
        run_length_ps=run_length,
        n_ions=n_ions,
    )


def _judge(path: SiteTrajectory, run_length_ps: float) -> tuple[str, ...]:
    reasons = []
    if path.unassigned_fraction > _LARGEST_UNASSIGNED:
        reasons.append(
            f"ions are on no site for {path.unassigned_fraction:.0%} of the time, at most "
            f"{_LARGEST_UNASSIGNED:.0%} allowed: check the sites, or that the positions are in "
            "their frame of reference"
        )
    if not len(path.jumps):
        bound = estimate_rate(0, path.site_index.shape[1] * run_length_ps).upper_per_ps
        reasons.append(
            f"no jump in {run_length_ps:g} ps of {path.site_index.shape[1]} ions: the rate is "
            f"below {bound:.2g} /ps per ion (95 %); raise the temperature or run longer"
        )
    return tuple(reasons)
