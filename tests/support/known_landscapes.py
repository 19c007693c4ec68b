"""Potentials whose barriers, drifts and collapses are known beforehand."""

from __future__ import annotations

import torch

from perolyte.potentials.batch import BrokenSystemError
from support.pair_potential import PairPotential


class DoubleWell(PairPotential):
    """The first atom moves between two wells of different depth along a curved path.

    With u = x - x0, v = y - y0 and s = u/w, the energy is h (s² - 1)² + t s + k/2 (v - c (1 - s²))²
    + k/2 z²; the second atom is on a spring. Along v = c (1 - s²) the last terms vanish, so that
    wells and saddle are the roots of 4 h s (s² - 1) + t = 0.
    """

    def __init__(self, *, height_eV=0.4, tilt_eV=0.05, half_width_A=1.2, bend_A=0.5):
        super().__init__()
        self.h, self.t, self.w, self.c = height_eV, tilt_eV, half_width_A, bend_A

    def along(self, s):
        return self.h * (s * s - 1) ** 2 + self.t * s

    def _evaluate_one(self, positions, cell, numbers):
        with torch.enable_grad():
            moved = positions.detach().clone().requires_grad_(True)
            middle = torch.tensor([5.0, 5.0, 5.0], dtype=torch.float64)
            u, v, z = moved[0] - middle
            s = u / self.w
            energy = self.along(s) + 2.0 * (v - self.c * (1 - s * s)) ** 2 + 2.0 * z**2
            energy = energy + (moved[1] - 1.0).square().sum()
            (gradient,) = torch.autograd.grad(energy, moved)
        return energy.detach(), -gradient, torch.zeros(3, 3, dtype=torch.float64)


class Springs(PairPotential):
    """Every atom on a spring to where it was first seen; ``push`` adds a force along velocities."""

    def __init__(self, sites_A, *, stiffness_eV_A2=3.0, wrong_eV_A=0.0):
        super().__init__()
        self._sites, self._stiffness = torch.as_tensor(sites_A), stiffness_eV_A2
        self._wrong, self._last = wrong_eV_A, None

    def _evaluate_one(self, positions, cell, numbers):
        moved = positions - self._sites
        energy = 0.5 * self._stiffness * moved.square().sum()
        forces = -self._stiffness * moved
        if self._wrong and self._last is not None:
            # not the gradient of any energy: pushes along the motion
            forces = forces + self._wrong * (positions - self._last)
        self._last = positions.clone()
        return energy, forces, torch.zeros(3, 3, dtype=torch.float64)


class Refusing(PairPotential):
    """Knows every element, and breaks at once."""

    def evaluate(self, batch, positions_A, *, stress=False, magmoms=False):
        raise BrokenSystemError("atoms overlap", 0, batch.n_systems)
