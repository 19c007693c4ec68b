"""One run of the phase field: its constants, its state, and its steps."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from perolyte.mesoscale._checks import check_number
from perolyte.mesoscale.microstructure._colouring import (
    colour_grains,
    find_neighbours,
    move_grains,
)
from perolyte.mesoscale.microstructure._phase_field_kernels import (
    react,
    sum_energy,
    track_labels,
)
from perolyte.mesoscale.microstructure.grain_map import GrainMap
from perolyte.units import NM_PER_M

__all__ = ["BoundaryKinetics", "GrainGrowthState", "GrowthRun", "distribute_grains"]

_MIN_WIDTH = 5.0
_LAG = 0.4
"""κ ∫ φ''² / ∫ φ'² of the profile φ = [1 - tanh(2x/l)]/2, in units of 1/step: the implicit gradient
slows a moving boundary by 1 + 0.4 step, so that a step counts for less time."""


@dataclass(frozen=True)
class BoundaryKinetics:
    """What drives boundaries: v = M γ (curvature), the same for all of them.

    Attributes
    ----------
    energy_J_m2
        γ, J/m².
    mobility_m4_J_s
        M, m⁴/(J s).
    width_voxels
        Width l of a boundary of the phase field: not the physical one, but what the grid
        resolves. Grains should be several widths across.

    Examples
    --------
    >>> kinetics = BoundaryKinetics(energy_J_m2=0.5, mobility_m4_J_s=1e-16)
    >>> f"{kinetics.time_unit_s(voxel_nm=10.0):.3g}"
    '9'
    """

    energy_J_m2: float
    mobility_m4_J_s: float
    width_voxels: float = 6.0

    def __post_init__(self) -> None:
        tiny = np.finfo(float).tiny
        check_number(self.energy_J_m2, "energy_J_m2", "J/m²", low=tiny)
        check_number(self.mobility_m4_J_s, "mobility_m4_J_s", "m⁴/(J s)", low=tiny)
        check_number(self.width_voxels, "width_voxels", "voxels", low=_MIN_WIDTH, high=20.0)

    def time_unit_s(self, *, voxel_nm: float) -> float:
        """Return 1/(L m) in s, L = (4/3) M/l and m = 6 γ/l (doi 10.1103/PhysRevB.78.024113)."""
        width_m = self.width_voxels * voxel_nm / NM_PER_M
        return width_m**2 / (8.0 * self.mobility_m4_J_s * self.energy_J_m2)


@dataclass(frozen=True, eq=False)
class GrainGrowthState:
    """Everything that a simulation needs to go on, bit for bit.

    Attributes
    ----------
    fields
        (n_parameters, n_x, n_y[, n_z]), order parameters.
    grains
        Grain of each voxel, and the edge of a voxel.
    colours
        (n_grains,), order parameter of each grain; grains far apart share one.
    n_steps
        Done so far.
    time_s
        s, reached.
    """

    fields: NDArray[Any]
    grains: GrainMap
    colours: NDArray[np.int64]
    n_steps: int
    time_s: float


class GrowthRun:
    """The changing state of one simulation."""

    def __init__(
        self, state: GrainGrowthState, kinetics: BoundaryKinetics, step: float, n_threads: int
    ) -> None:
        self._fields = state.fields.copy()
        self._labels = _to_three(state.grains.labels)
        self._colours = state.colours
        self.grains = state.grains
        self.n_steps, self._time_s = state.n_steps, state.time_s
        self._kinetics, self._step, self._n_threads = kinetics, step, n_threads
        self._unit_s = kinetics.time_unit_s(voxel_nm=state.grains.voxel_nm)
        self._kappa = kinetics.width_voxels**2 / 8.0
        self._shape = state.fields.shape[1:]
        self._axes = tuple(range(len(self._shape)))
        self._k2 = _square_wave_numbers(self._shape)
        self._implicit = (1.0 / (1.0 + step * self._kappa * self._k2)).astype(state.fields.dtype)

    def advance(self) -> None:
        """Do one time step."""
        flat = self._fields.reshape(len(self._fields), -1)
        cuts = np.linspace(0, flat.shape[1], self._n_threads + 1).astype(int).tolist()
        if self._n_threads == 1:
            react(flat, self._step, 0, flat.shape[1])
        else:
            with ThreadPoolExecutor(self._n_threads) as pool:
                list(pool.map(lambda c: react(flat, self._step, *c), itertools.pairwise(cuts)))
        for field in self._fields:
            modes = scipy.fft.rfftn(field, workers=self._n_threads)
            modes *= self._implicit
            field[...] = scipy.fft.irfftn(
                modes, s=self._shape, workers=self._n_threads, overwrite_x=True
            )
        self.n_steps += 1
        self._time_s += self._unit_s * self._step / (1.0 + _LAG * self._step)

    def follow_grains(self) -> None:
        """Tell grains apart, and move those that come near one with the same parameter."""
        in_three = self._fields.reshape(len(self._fields), *self._labels.shape)
        self._labels = track_labels(in_three, self._labels, self._colours)
        width = self._kinetics.width_voxels
        neighbours = find_neighbours(self._labels, _far(width))
        fresh = colour_grains(neighbours)
        kept = np.resize(self._colours, max(neighbours) + 1)
        repaired = colour_grains(neighbours, kept)
        present = list(neighbours)
        # all anew only where that saves a parameter: moving grains is not free
        best = fresh if fresh[present].max() < repaired[present].max() else repaired
        if not np.array_equal(best[present], kept[present]) or best[present].max() + 1 < len(
            in_three
        ):
            moved = move_grains(in_three, self._labels, kept, best, _rim(width))
            self._fields = moved.reshape(len(moved), *self._shape)
            self._colours = best

    def record(self) -> tuple[float, int, float, float]:
        """Return time, number and mean size of grains, and energy, as the result lists them."""
        labels = self._labels
        n_grains = int(np.count_nonzero(np.bincount(labels.ravel())))
        n, voxel_nm = len(self._shape), self.grains.voxel_nm
        volume = labels.size * voxel_nm**n / n_grains
        size = np.sqrt(4 * volume / np.pi) if n == 2 else np.cbrt(6 * volume / np.pi)
        flat = self._fields.reshape(len(self._fields), -1)
        gradient = sum(self._gradient_energy(field) for field in self._fields)
        density = (sum_energy(flat) + gradient) / labels.size
        # m = 6 γ/l, and the volume of a voxel over its face
        m_J_m2 = 6.0 * self._kinetics.energy_J_m2 / self._kinetics.width_voxels
        return self._time_s, n_grains, float(size), density * m_J_m2

    def _gradient_energy(self, field: NDArray[Any]) -> float:
        modes = scipy.fft.rfftn(field.astype(np.float64), workers=self._n_threads)
        power = np.abs(modes) ** 2 * self._k2
        # modes of the halved axis stand for two, but for the first and, of even axes, the last
        double = power[..., 1 : (self._shape[-1] + 1) // 2].sum()
        return float(0.5 * self._kappa * (power.sum() + double) / field.size)

    def state(self) -> GrainGrowthState:
        """Return what the next run needs."""
        grains = GrainMap(self._labels.reshape(self._shape), self.grains.voxel_nm)
        return GrainGrowthState(self._fields, grains, self._colours, self.n_steps, self._time_s)


def distribute_grains(labels: NDArray[np.int32], width_voxels: float) -> NDArray[np.int64]:
    """Return an order parameter for each grain of (n_x, n_y[, n_z]) labels."""
    return colour_grains(find_neighbours(_to_three(labels), _far(width_voxels)))


def _square_wave_numbers(shape: tuple[int, ...]) -> NDArray[np.float64]:
    total: Any = 0.0
    for axis, n in enumerate(shape):
        last = axis == len(shape) - 1
        k = 2.0 * np.pi * (np.fft.rfftfreq(n) if last else np.fft.fftfreq(n))
        total = total + (k**2).reshape([-1 if a == axis else 1 for a in range(len(shape))])
    return np.asarray(total)


def _to_three(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return three axes; a plane lies across the middle one."""
    return labels[:, None, :] if labels.ndim == 2 else labels


def _rim(width_voxels: float) -> int:
    """Voxels around a grain in which its parameter is above about 0.003."""
    return int(np.ceil(1.4 * width_voxels))


def _far(width_voxels: float) -> int:
    """Voxels between grains that may share a parameter."""
    return 2 * _rim(width_voxels) + 1
