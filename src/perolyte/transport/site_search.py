"""Sites of mobile ions, found where their density has its maxima."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray, check_positive
from perolyte.transport.density import ProbabilityDensity
from perolyte.transport.periodic_cell import count_images, find_image_distances

__all__ = ["DensitySites", "find_density_sites"]

_N_REFINEMENTS = 5


@dataclass(frozen=True, eq=False)
class DensitySites:
    """Maxima of a density.

    Attributes
    ----------
    fractional
        (n_sites, 3), from 0 to 1, the most visited site first.
    peak_per_A3
        (n_sites,), ions per Å³ at the maximum of the smoothed density.
    """

    fractional: FloatArray
    peak_per_A3: FloatArray


def find_density_sites(
    density: ProbabilityDensity,
    *,
    min_distance_A: float = 1.5,
    smoothing_A: float = 0.3,
    min_peak_fraction: float = 0.05,
) -> DensitySites:
    """Find the sites that ions visit, without knowing the crystal.

    Maxima of the smoothed density, the highest first, at least a distance apart; each is then moved
    to the mean position of the ions within half that distance.

    Parameters
    ----------
    density
        From :func:`~perolyte.transport.map_density`.
    min_distance_A
        Å, of two sites; of two maxima that are closer the higher one stays.
    smoothing_A
        Å, standard deviation of the Gaussian by which the density is smoothed before maxima are
        looked for.
    min_peak_fraction
        Maxima lower than this share of the highest are no sites.

    Returns
    -------
    DensitySites
        Sites for :func:`~perolyte.transport.define_sites`.

    Raises
    ------
    InputError
        For a length that is not above zero, or a share that is not from 0 to 1.

    Examples
    --------
    >>> from perolyte.transport.density import map_density
    >>> rng = np.random.default_rng(0)
    >>> centres = np.array([[1.0, 2.0, 2.0], [5.0, 2.0, 2.0]])
    >>> positions = centres + 0.2 * rng.standard_normal((500, 2, 3))
    >>> density = map_density(positions, np.diag([8.0, 4.0, 4.0]))
    >>> found = find_density_sites(density)
    >>> sorted((found.fractional @ density.cell_A).round(1).tolist())
    [[1.0, 2.0, 2.0], [5.0, 2.0, 2.0]]
    """
    distance, smoothing = (
        float(check_positive(value, name=name, unit="Å", hint="give a length"))
        for value, name in ((min_distance_A, "min_distance_A"), (smoothing_A, "smoothing_A"))
    )
    if not 0 <= min_peak_fraction <= 1:
        raise InputError(
            f"min_peak_fraction is {min_peak_fraction:g}; it must be from 0 to 1: 0.05 is usual"
        )
    values = density.values_per_A3
    smooth = _smooth(values, density.cell_A, smoothing)
    is_peak = smooth > min_peak_fraction * smooth.max()
    for step in np.ndindex(3, 3, 3):
        shift = tuple(int(component) - 1 for component in step)
        if any(shift):
            is_peak &= smooth >= np.roll(smooth, shift, axis=(0, 1, 2))
    peaks = np.argwhere(is_peak)
    heights = smooth[tuple(peaks.T)]
    # Equal heights are ordered by place, on rounded values, so that last bits decide nothing.
    order = np.lexsort((*peaks.T[::-1], -np.round(heights / smooth.max(), 9)))
    fractional = peaks[order] / np.array(values.shape)
    kept: list[int] = []
    for peak in range(len(fractional)):
        near = find_image_distances(
            fractional[peak][None], fractional[kept], density.cell_A, distance
        )
        if not kept or near.min() >= distance:
            kept.append(peak)
    sites = _refine(fractional[kept], density, distance / 2)
    return DensitySites(fractional=sites, peak_per_A3=heights[order][kept])


def _smooth(values: FloatArray, cell_A: FloatArray, width_A: float) -> FloatArray:
    """Convolve with a Gaussian, exactly, in a cell of any shape: exp(-σ²k²/2) in Fourier space."""
    frequencies = [np.fft.fftfreq(n, 1 / n) for n in values.shape]
    indices = np.stack(np.meshgrid(*frequencies, indexing="ij"), axis=-1)
    waves = 2 * np.pi * indices @ np.linalg.inv(cell_A).T
    damping = np.exp(-0.5 * width_A**2 * (waves**2).sum(axis=-1))
    return np.asarray(np.fft.ifftn(np.fft.fftn(values) * damping).real)


def _refine(sites: FloatArray, density: ProbabilityDensity, radius_A: float) -> FloatArray:
    """Move each site to the mean of the visits around it."""
    counts = density.counts
    visited = np.argwhere(counts > 0)
    places, weights = visited / np.array(counts.shape), counts[tuple(visited.T)]
    if (count_images(density.cell_A, radius_A) > 0).any():
        # Around one site a voxel could then be near in two copies.
        return sites - np.floor(sites)
    refined = sites.copy()
    for row in range(len(refined)):
        for _ in range(_N_REFINEMENTS):
            away = places - refined[row]
            away -= np.round(away)
            is_near = ((away @ density.cell_A) ** 2).sum(axis=1) <= radius_A**2
            if not is_near.any():
                break
            refined[row] += np.average(away[is_near], axis=0, weights=weights[is_near])
    return np.asarray(refined - np.floor(refined))
