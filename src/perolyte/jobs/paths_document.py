"""The document of where the ions of a run go: each part from one function of the pure layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.jobs.paths_curves import (
    describe_cooperation,
    describe_correlation,
    describe_density,
    describe_free_energy,
    describe_non_gaussian,
    describe_radial_distributions,
    describe_van_hove,
)
from perolyte.jobs.paths_tables import (
    MIN_JUMPS,
    MIN_JUMPS_OF_A_WAY,
    describe_jumps,
    describe_kinds,
    describe_sites,
    to_vector,
)
from perolyte.jobs.provenance import make_provenance
from perolyte.schemas import CorrelationDescription, IonPathsDoc, Status
from perolyte.trajectories import MobileTrajectory
from perolyte.transport import (
    DiffusivityResult,
    JumpEdge,
    JumpStatistics,
    ProbabilityDensity,
    SiteSet,
    SiteTrajectory,
    assign_sites,
    define_sites,
    find_crystal_sites,
    find_density_sites,
    find_free_energy_barriers,
    find_hop_free_energies,
    fit_diffusivity,
    jump_statistics,
    map_density,
)
from perolyte.transport.selection import parse_ion
from perolyte.units import FS_PER_PS

__all__ = ["PathSettings", "SiteSource", "describe_paths"]

SiteSource = Literal["density", "crystal"]

_MAX_VOXELS = 1_000_000
_MAX_WAYS = 2_000
_MAX_FREE_ENERGIES = 300
"""Of the most used ways; each takes some milliseconds."""
_FEWEST_FRAMES_TO_FIT = 5
_FEWEST_ATOMS_TO_MELT = 2
_MANY_RETURNS = 1.5
"""Times as many jumps straight back as without memory."""


@dataclass(frozen=True)
class PathSettings:
    """How sites and rates are found.

    Attributes
    ----------
    sites
        "density": maxima of the density of the run; "crystal": sites that a structure has.
    spacing_A
        Å, of the grid of the density; larger where the cell would have over a million voxels.
    attempt_frequency_THz
        THz, assumed for barriers from rates; a factor of 2 shifts them by 0.7 kB T.
    max_frames
        Frames analysed at most; by default as many as fit into 200 MB.
    """

    sites: SiteSource = "density"
    spacing_A: float = 0.2
    attempt_frequency_THz: float = 10.0
    max_frames: int | None = None

    def __post_init__(self) -> None:
        if self.sites not in get_args(SiteSource):
            raise InputError(
                f"sites is {self.sites!r}; it must be one of {', '.join(get_args(SiteSource))}"
            )


def describe_paths(
    mobile: MobileTrajectory,
    *,
    name: str,
    mobile_ion: str,
    temperature_K: float,
    settings: PathSettings | None = None,
    structure: Structure | None = None,
    diffusivity: DiffusivityResult | None = None,
    kept_every: int = 1,
) -> IonPathsDoc:
    """Find the sites of the mobile ions of a run, and how they go from one to another.

    Parameters
    ----------
    mobile
        From :func:`perolyte.trajectories.read_mobile`.
    name
        Of the document.
    mobile_ion
        Element, or element with its charge.
    temperature_K
        K, of the run.
    settings
        How sites and rates are found.
    structure
        Crystal with the sites, for ``sites="crystal"``: the cell of the run or one that repeats in
        it, in the frame of the run.
    diffusivity
        Of the same run, for the correlation factor; fitted here where it is not given.
    kept_every
        For the document: what :func:`perolyte.jobs.paths_input.read_thinned` says.

    Returns
    -------
    IonPathsDoc
        Also for runs that are too short: with what was seen, intervals, and reasons.

    Raises
    ------
    InputError
        For a crystal that does not fit the run, or settings out of range.

    Examples
    --------
    >>> from pymatgen.core.trajectory import Trajectory
    >>> from perolyte.trajectories import read_mobile, wrap_trajectory
    >>> x = np.repeat([2.0, 6.0, 10.0, 6.0], 50)  # one ion, three jumps
    >>> ion = np.stack([x, 0 * x, 0 * x], axis=1) / [12, 4, 4]
    >>> rest = np.full((200, 1, 3), 0.5)
    >>> frames = np.concatenate([ion[:, None], rest], axis=1)
    >>> stored = Trajectory(["Li", "O"], frames, lattice=np.diag([12.0, 4.0, 4.0]))
    >>> source = wrap_trajectory(stored, frame_interval_fs=20.0)
    >>> found = describe_paths(
    ...     read_mobile(source, "Li"), name="x", mobile_ion="Li", temperature_K=600.0)
    >>> found.status, len(found.sites), found.n_jumps, found.jumps[0].rate_per_ps is None
    ('not_converged', 3, 3, True)
    """
    chosen = settings or PathSettings()
    interval_ps = mobile.source.frame_interval_fs / FS_PER_PS
    spacing_A, notes = _choose_spacing(mobile, chosen.spacing_A)
    density = map_density(mobile.positions_A, mobile.cell_A, spacing_A=spacing_A)
    sites, doubts = _find_sites(mobile, mobile_ion, density, chosen, structure)
    path = assign_sites(mobile.positions_A, sites)
    statistics = jump_statistics(
        path,
        frame_interval_ps=interval_ps,
        temperature_K=temperature_K,
        attempt_frequency_THz=chosen.attempt_frequency_THz,
    )
    fit = diffusivity if diffusivity is not None else _fit(mobile, statistics)
    correlation = describe_correlation(path, statistics, fit)
    status, reasons = _judge(statistics, fit)
    ways, tables = _describe_ways(density, path, statistics, temperature_K)
    has_rate = statistics.n_jumps >= MIN_JUMPS
    a, b, c = (to_vector(row) for row in mobile.cell_A)
    barriers = find_free_energy_barriers(density, temperature_K=temperature_K)
    return IonPathsDoc(
        name=name,
        status=status,
        reasons=reasons,
        warnings=[
            *_say_thinned(kept_every, mobile),
            *notes,
            *doubts,
            *ways,
            *_doubt_intervals(correlation),
        ],
        provenance=make_provenance(),
        mobile_ion=mobile_ion,
        temperature_K=temperature_K,
        site_source=chosen.sites,
        trajectory_sha256=mobile.source.sha256,
        n_ions=mobile.n_ions,
        n_frames=mobile.n_frames,
        frame_interval_fs=mobile.source.frame_interval_fs,
        kept_every=kept_every,
        equilibration_ps=mobile.n_skipped * interval_ps / kept_every,
        run_length_ps=mobile.run_length_ps,
        cell_A=(a, b, c),
        framework=_average_framework(mobile),
        attempt_frequency_THz=chosen.attempt_frequency_THz,
        unassigned_fraction=path.unassigned_fraction,
        n_jumps=statistics.n_jumps,
        jump_rate_per_ps=statistics.jump_rate.rate_per_ps if has_rate else None,
        jump_rate_lower_per_ps=statistics.jump_rate.lower_per_ps,
        jump_rate_upper_per_ps=statistics.jump_rate.upper_per_ps,
        mean_jump_distance_A=statistics.mean_distance_A,
        sites=describe_sites(path, statistics),
        site_kinds=describe_kinds(path, statistics, frame_interval_ps=interval_ps),
        **tables,
        correlation=correlation,
        cooperation=describe_cooperation(path, statistics, frame_interval_ps=interval_ps),
        non_gaussian=describe_non_gaussian(mobile.positions_A, frame_interval_ps=interval_ps),
        van_hove=describe_van_hove(mobile, statistics, frame_interval_ps=interval_ps),
        radial_distributions=describe_radial_distributions(mobile, parse_ion(mobile_ion)[0]),
        free_energy=describe_free_energy(barriers),
        density=describe_density(density),
    )


def _choose_spacing(mobile: MobileTrajectory, spacing_A: float) -> tuple[float, list[str]]:
    finest_A = (mobile.volume_A3 / _MAX_VOXELS) ** (1 / 3)
    if spacing_A >= finest_A:
        return spacing_A, []
    note = (
        f"the density has a spacing of {finest_A:.2f} Å instead of {spacing_A:g} Å, so that the "
        f"cell has no more than {_MAX_VOXELS:,} voxels"
    )
    return finest_A, [note]


def _find_sites(
    mobile: MobileTrajectory,
    mobile_ion: str,
    density: ProbabilityDensity,
    settings: PathSettings,
    structure: Structure | None,
) -> tuple[SiteSet, list[str]]:
    if settings.sites == "density":
        return define_sites(find_density_sites(density).fractional, mobile.cell_A), []
    if structure is None:
        raise InputError(
            "sites is 'crystal' and no structure is given; give the crystal, or take sites from "
            "the 'density'"
        )
    return find_crystal_sites(structure, parse_ion(mobile_ion)[0], mobile.cell_A)


def _fit(mobile: MobileTrajectory, statistics: JumpStatistics) -> DiffusivityResult | None:
    """Fit a diffusivity with the jump length that was seen; None for nothing to compare it with."""
    if statistics.mean_distance_A is None or mobile.n_frames < _FEWEST_FRAMES_TO_FIT:
        return None
    framework_A = mobile.framework_positions_A
    if framework_A is not None and framework_A.shape[1] < _FEWEST_ATOMS_TO_MELT:
        framework_A = None
    return fit_diffusivity(
        mobile.positions_A,
        frame_interval_fs=mobile.source.frame_interval_fs,
        hop_distance_A=statistics.mean_distance_A,
        framework_positions_A=framework_A,
    )


def _judge(statistics: JumpStatistics, fit: DiffusivityResult | None) -> tuple[Status, list[str]]:
    reasons = list(statistics.reasons)
    if fit is not None and fit.status == "unphysical":
        return "unphysical", [*fit.reasons, *reasons]
    if 0 < statistics.n_jumps < MIN_JUMPS:
        reasons.append(
            f"{statistics.n_jumps} jumps, at least {MIN_JUMPS} needed for rates: run about "
            f"{MIN_JUMPS / statistics.n_jumps:.2g}x longer, or raise the temperature"
        )
    if statistics.status == "rejected":
        return "rejected", reasons
    return ("not_converged" if reasons else "converged"), reasons


def _describe_ways(
    density: ProbabilityDensity,
    path: SiteTrajectory,
    statistics: JumpStatistics,
    temperature_K: float,
) -> tuple[list[str], dict[str, Any]]:
    """Return what is left out, and the tables of ways and of kinds of ways."""
    ordered = sorted(statistics.edges, key=lambda edge: -edge.rate.n_events)
    has_rate = statistics.n_jumps >= MIN_JUMPS
    used = [edge for edge in ordered if has_rate and edge.rate.n_events >= MIN_JUMPS_OF_A_WAY][
        :_MAX_FREE_ENERGIES
    ]
    free = find_hop_free_energies(density, path.sites, used, temperature_K=temperature_K)
    notes = []
    if len(ordered) > _MAX_WAYS:
        notes.append(
            f"{len(ordered)} ways between sites were used; the {_MAX_WAYS} with most jumps are "
            "listed, all are in the kinds of ways"
        )
    kinds: Sequence[JumpEdge] = sorted(statistics.label_edges, key=lambda edge: -edge.rate.n_events)
    tables = {
        "jumps": describe_jumps(ordered[:_MAX_WAYS], path, statistics, free_energies=free),
        "jump_kinds": describe_jumps(kinds, path, statistics),
    }
    return notes, tables


def _say_thinned(kept_every: int, mobile: MobileTrajectory) -> list[str]:
    if kept_every == 1:
        return []
    note = (
        f"1 of {kept_every} frames was analysed ({mobile.n_frames} frames, "
        f"{mobile.source.frame_interval_fs:g} fs apart), so that they fit into memory: jumps there "
        "and back within that time are not seen"
    )
    return [note]


def _doubt_intervals(correlation: CorrelationDescription) -> list[str]:
    share, std = correlation.back_jump_fraction, correlation.back_jump_fraction_std
    expected = correlation.expected_back_jump_fraction
    if share is None or not expected or std is None:
        return []
    if share < _MANY_RETURNS * expected or share - expected < 2 * std:
        return []
    note = (
        f"{share:.0%} of the jumps go straight back, {expected:.0%} would by chance: such jumps "
        "are not independent, and the intervals of rates are too narrow"
    )
    return [note]


def _average_framework(mobile: MobileTrajectory) -> Structure | None:
    """Return the mean positions of the atoms that do not move, None without any."""
    if mobile.framework_positions_A is None:
        return None
    species = np.array(mobile.source.species)[~mobile.mobile].tolist()
    return Structure(
        Lattice(mobile.cell_A),
        species,
        mobile.framework_positions_A.mean(axis=0),
        coords_are_cartesian=True,
        to_unit_cell=True,
    )
