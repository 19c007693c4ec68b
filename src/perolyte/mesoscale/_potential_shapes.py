"""Reduced potential and integrals of one space-charge layer, lengths in Debye lengths."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_simpson, quad
from scipy.interpolate import CubicSpline
from scipy.special import dawsn, erf

__all__ = [
    "GouyChapman",
    "LayerShape",
    "MottSchottky",
    "SiteLimited",
    "log_mott_schottky_ratio",
]

FloatArray = NDArray[np.float64]
_REST = 0.01
"""Share of the core's potential at which a layer without a sharp edge is said to end."""
_TAIL = 1e-6
"""Share of the core's potential from which on the solved layer decays as a plain exponential."""
_N_STEPS = 4001
_SMALL = 1e-4
"""Below, series replace differences of nearly equal terms."""


class LayerShape(Protocol):
    """One kind of layer."""

    extent: float
    excess_resistance: float
    excess_conductance: float

    def potential(self, distance: FloatArray) -> FloatArray:
        """Return u at distances (in Debye lengths)."""

    def concentration(self, potential: FloatArray) -> FloatArray:
        """Return c/c_∞ at potentials u."""


def log_mott_schottky_ratio(u: float) -> float:
    """Return ln of (√π/(2 √u)) erfi(√u), by Dawson's function: erfi itself overflows.

    Examples
    --------
    >>> f"{np.exp(log_mott_schottky_ratio(7.736345)):.1f}"
    '160.7'
    """
    if u < _SMALL:
        return u / 3.0
    return float(u + np.log(dawsn(np.sqrt(u)) / np.sqrt(u)))


class MottSchottky:
    """Depletion before an immobile counter-charge, with a sharp edge; u ≥ 0."""

    def __init__(self, u: float) -> None:
        self.u = u
        self.extent = float(np.sqrt(4.0 * u))
        self.excess_resistance = self.extent * float(np.expm1(log_mott_schottky_ratio(u)))
        # ∫ exp(-u (1 - y)²) dy = (√π/(2 √u)) erf(√u)
        root = np.sqrt(u)
        mean = np.sqrt(np.pi) / 2.0 * erf(root) / root if u > _SMALL else 1.0 - u / 3.0
        self.excess_conductance = self.extent * float(mean - 1.0)

    def potential(self, distance: FloatArray) -> FloatArray:
        """Return u (1 - x/λ*)², zero beyond the edge."""
        if self.extent == 0.0:
            return np.zeros_like(distance)
        return np.asarray(self.u * np.clip(1.0 - distance / self.extent, 0.0, None) ** 2)

    def concentration(self, potential: FloatArray) -> FloatArray:
        """Return Boltzmann's factor."""
        return np.asarray(np.exp(-potential))


class GouyChapman:
    """Two mobile charges of one size."""

    def __init__(self, u: float) -> None:
        self.theta = float(np.tanh(u / 4.0))
        rest = float(np.tanh(_REST * u / 4.0))
        self.extent = float(np.log(self.theta / rest)) if u else 0.0
        self.excess_resistance = 2.0 * float(np.expm1(u / 2.0))
        self.excess_conductance = 2.0 * float(np.expm1(-u / 2.0))

    def potential(self, distance: FloatArray) -> FloatArray:
        """Return 4 artanh(Θ e^(-x))."""
        inside = np.clip(self.theta * np.exp(-distance), -1.0 + 1e-16, 1.0 - 1e-16)
        return np.asarray(4.0 * np.arctanh(inside))

    def concentration(self, potential: FloatArray) -> FloatArray:
        """Return Boltzmann's factor."""
        return np.asarray(np.exp(-potential))


class SiteLimited:
    """Ions on a limited number of sites before a frozen counter-charge.

    Poisson's equation u'' = (1 - c/c_∞)/2 (in Debye lengths) has the first integral u'² = F(u),
    F = u + ln[1 + θ (e^(-u) - 1)]/θ, and everything else is an integral over u.
    """

    def __init__(self, u: float, theta: float) -> None:
        self.u, self.theta = u, theta
        if u == 0.0:
            self._levels = self._places = np.zeros(1)
            self.extent = self.excess_resistance = self.excess_conductance = 0.0
            return
        # from the core down to the tail, evenly in ln u, where dx = u/√F d(ln u) is smooth
        self._levels = np.geomspace(1.0, _TAIL, _N_STEPS) * u
        step = -np.log(_TAIL) / (_N_STEPS - 1)
        slope = np.abs(self._levels) / np.sqrt(self._energy(self._levels))
        self._places = cumulative_simpson(slope, dx=step, initial=0.0)
        self.extent = float(np.interp(-np.log(_REST), np.arange(_N_STEPS) * step, self._places))
        self.excess_resistance = self._integrate(self._resistivity)
        self.excess_conductance = self._integrate(self._conductivity)

    def potential(self, distance: FloatArray) -> FloatArray:
        """Return the solved u; beyond the last place its exponential tail."""
        if self.u == 0.0:
            return np.zeros_like(distance)
        spline = CubicSpline(self._places, np.log(np.abs(self._levels)))
        logs = spline(np.minimum(distance, self._places[-1]))
        beyond = np.clip(distance - self._places[-1], 0.0, None)
        decay = np.sqrt((1.0 - self.theta) / 2.0)
        return np.asarray(np.sign(self.u) * np.exp(logs - decay * beyond))

    def concentration(self, potential: FloatArray) -> FloatArray:
        """Return 1/[θ + (1 - θ) e^u]."""
        return np.asarray(1.0 / (self.theta + (1.0 - self.theta) * np.exp(potential)))

    def _energy(self, u: FloatArray) -> FloatArray:
        theta = self.theta
        series = 0.5 * (1.0 - theta) * u**2 * (1.0 - (1.0 - 2.0 * theta) * u / 3.0)
        return np.where(np.abs(u) < _SMALL, series, u + np.log1p(theta * np.expm1(-u)) / theta)

    def _conductivity(self, u: float) -> float:
        """Return σ/σ_b = (c/c_∞) (1 - θ c/c_∞)/(1 - θ)."""
        ratio = 1.0 / (self.theta + (1.0 - self.theta) * np.exp(u))
        return float(ratio * (1.0 - self.theta * ratio) / (1.0 - self.theta))

    def _resistivity(self, u: float) -> float:
        filled = self.theta + (1.0 - self.theta) * np.exp(u)
        return float(filled**2 * np.exp(-u))

    def _integrate(self, local: object) -> float:
        """Return ∫ (local - 1) dx from the core to the bulk."""
        end = abs(self.u)
        sign = np.sign(self.u)

        def integrand(size: float) -> float:
            u = np.array(sign * max(size, 1e-12))
            return (local(float(u)) - 1.0) / float(np.sqrt(self._energy(u)))  # type: ignore[operator]

        # the resistivity of a strong layer is all in the last kB T: a point there finds it
        points = [end - 1.0] if end > 2.0 else None
        return float(quad(integrand, 0.0, end, limit=400, points=points, epsrel=1e-9)[0])
