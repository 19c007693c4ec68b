"""The two operators of the cell problem: σ applied to gradients, and the inverse Laplacian."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any, Literal, Protocol

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from perolyte.mesoscale.microstructure._stencils import apply_finite_volume, apply_rotated

__all__ = ["CellProblem", "Scheme", "SpectralProblem", "StencilProblem"]

Scheme = Literal["rotated", "finite_volume", "fourier"]


class CellProblem(Protocol):
    """-div σ(E + grad u) on voxels of edge 1, and what solving it needs."""

    def apply(self, u: Any, applied: NDArray[np.float64]) -> tuple[Any, NDArray[Any]]:
        """Return -div σ(E + grad u), and the means of the current (3) and of (E + grad u)·j."""

    def precondition(self, residual: Any) -> Any:
        """Return the potential whose Laplacian is minus the residual."""

    def dot(self, a: Any, b: Any) -> Any:
        """Return the mean of a b over voxels, without conjugation."""

    def norm2(self, residual: Any, preconditioned: Any) -> float:
        """Return the mean square of the part of the current that a gradient could remove."""

    def zeros(self) -> Any:
        """Return a potential of zero."""


def _frequencies(shape: tuple[int, ...], half: bool) -> list[NDArray[np.float64]]:
    """Return the angles of a period of each axis, broadcastable; the last one halved for rfft."""
    angles: list[NDArray[np.float64]] = []
    for axis, n in enumerate(shape):
        last = half and axis == len(shape) - 1
        turns: Any = np.fft.rfftfreq(n) if last else np.fft.fftfreq(n)
        new = [-1 if other == axis else 1 for other in range(len(shape))]
        angles.append((2.0 * np.pi * turns).reshape(new))
    return angles


def _gradient_symbols(
    shape: tuple[int, ...], scheme: Scheme, half: bool
) -> list[NDArray[np.complex128]]:
    """Return what each derivative multiplies a Fourier mode by (doi 10.1016/j.crme.2014.12.005)."""
    angles = _frequencies(shape, half)
    if scheme == "finite_volume":
        return [np.exp(1j * angle) - 1.0 for angle in angles]
    if scheme == "fourier":
        # the derivative of the shortest mode of an even grid vanishes at its voxels
        return [
            1j * np.where(np.isclose(np.abs(a), np.pi), 0.0, a).astype(np.complex128)
            for a in angles
        ]
    symbols = []
    for axis in range(len(shape)):
        symbol: Any = 1.0
        for other, angle in enumerate(angles):
            shifted = np.exp(1j * angle)
            symbol = symbol * (shifted - 1.0 if other == axis else 0.5 * (shifted + 1.0))
        symbols.append(symbol)
    return symbols


def _invert_laplacian(shape: tuple[int, ...], scheme: Scheme, half: bool) -> NDArray[np.float64]:
    """Return 1/|k|², zero for modes that have no gradient."""
    angles = _frequencies(shape, half)
    if scheme == "rotated":
        total: Any = 0.0
        for axis in range(len(shape)):
            part: Any = 4.0
            for other, angle in enumerate(angles):
                wave = np.sin(angle / 2.0) if other == axis else np.cos(angle / 2.0)
                part = part * wave**2
            total = total + part
    else:
        squares = [np.abs(s) ** 2 for s in _gradient_symbols(shape, scheme, half)]
        total = sum(squares[1:], squares[0])
    has_gradient = total > 1e-12
    return np.asarray(np.where(has_gradient, 1.0 / np.where(has_gradient, total, 1.0), 0.0))


class StencilProblem:
    """Real conductivities in memory: compiled differences, FFT for the inverse Laplacian alone."""

    def __init__(self, sigma: NDArray[Any], scheme: Scheme, n_threads: int) -> None:
        self._sigma = sigma
        self._shape = sigma.shape[1:]
        self._kernel = apply_rotated if scheme == "rotated" else apply_finite_volume
        self._inverse = _invert_laplacian(self._shape, scheme, half=True).astype(sigma.dtype)
        self._n_threads = n_threads
        n_planes = self._shape[0]
        cuts = np.linspace(0, n_planes, min(n_threads, n_planes) + 1).astype(int)
        self._blocks = list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))

    def apply(self, u: Any, applied: NDArray[np.float64]) -> tuple[Any, NDArray[Any]]:
        out = np.empty_like(u)

        def work(block: tuple[int, int]) -> NDArray[np.float64]:
            return self._kernel(u, self._sigma, applied, out, *block)

        if len(self._blocks) == 1:
            sums = work(self._blocks[0])
        else:
            with ThreadPoolExecutor(len(self._blocks)) as pool:
                sums = sum(pool.map(work, self._blocks), np.zeros(4))
        return out, sums / u.size

    def precondition(self, residual: Any) -> Any:
        modes = scipy.fft.rfftn(residual, workers=self._n_threads)
        modes *= self._inverse
        return scipy.fft.irfftn(modes, s=self._shape, workers=self._n_threads, overwrite_x=True)

    def dot(self, a: Any, b: Any) -> Any:
        # plane by plane, so that single precision is summed in double
        return sum(float(np.dot(x.ravel(), y.ravel())) for x, y in zip(a, b, strict=True)) / a.size

    def norm2(self, residual: Any, preconditioned: Any) -> float:
        return max(float(self.dot(residual, preconditioned)), 0.0)

    def zeros(self) -> Any:
        return np.zeros(self._shape, self._sigma.dtype)


class SpectralProblem:
    """Any array library with ``fft``: complex conductivities, devices, the Fourier scheme."""

    def __init__(
        self, sigma: NDArray[Any], scheme: Scheme, xp: ModuleType, device: str | None
    ) -> None:
        self._xp, self._device = xp, device
        self._shape = tuple(sigma.shape[1:])
        self._is_complex = np.iscomplexobj(sigma)
        real = np.empty(0, sigma.dtype).real.dtype
        half = not self._is_complex
        wide = np.complex64 if real == np.float32 else np.complex128
        symbols = _gradient_symbols(self._shape, scheme, half)
        self._gradient = [self._put(np.ascontiguousarray(s.astype(wide))) for s in symbols]
        self._divergence = [self._put(np.ascontiguousarray(s.conj().astype(wide))) for s in symbols]
        self._inverse = self._put(_invert_laplacian(self._shape, scheme, half).astype(real))
        self._sigma = [self._put(component) for component in sigma]
        if scheme == "finite_volume":
            self._sigma = self._to_faces(self._sigma)
        self._zeros = self._put(np.zeros(self._shape, sigma.dtype))

    def _put(self, values: NDArray[Any]) -> Any:
        if self._device is None:
            return self._xp.asarray(values)
        return self._xp.asarray(values, device=self._device)

    def _to_faces(self, sigma: list[Any]) -> list[Any]:
        faces = []
        for axis in range(3):
            here = sigma[0] if len(sigma) == 1 else sigma[axis]
            there = self._xp.roll(here, -1, axis)
            faces.append(2.0 * here * there / (here + there))
        return faces

    def _forward(self, values: Any) -> Any:
        fft = self._xp.fft
        return fft.fftn(values) if self._is_complex else fft.rfftn(values)

    def _back(self, modes: Any) -> Any:
        fft = self._xp.fft
        if self._is_complex:
            return fft.ifftn(modes)
        if self._xp is np:
            return fft.irfftn(modes, s=self._shape, axes=(0, 1, 2))
        return fft.irfftn(modes, s=self._shape)

    def _conduct(self, e: list[Any]) -> list[Any]:
        s = self._sigma
        if len(s) == 1:
            return [s[0] * component for component in e]
        if len(s) == 3:
            return [s[axis] * e[axis] for axis in range(3)]
        return [
            s[0] * e[0] + s[5] * e[1] + s[4] * e[2],
            s[5] * e[0] + s[1] * e[1] + s[3] * e[2],
            s[4] * e[0] + s[3] * e[1] + s[2] * e[2],
        ]

    def _field(self, u: Any, applied: NDArray[np.float64]) -> list[Any]:
        modes = self._forward(u)
        return [
            self._back(symbol * modes) + float(applied[axis])
            for axis, symbol in enumerate(self._gradient)
        ]

    def currents(self, u: Any, applied: NDArray[np.float64]) -> list[Any]:
        """Return the three components of the current in every voxel."""
        return self._conduct(self._field(u, applied))

    def apply(self, u: Any, applied: NDArray[np.float64]) -> tuple[Any, NDArray[Any]]:
        e = self._field(u, applied)
        current = self._conduct(e)
        out: Any = 0.0
        for symbol, component in zip(self._divergence, current, strict=True):
            out = out + symbol * self._forward(component)
        means = [self._mean(component) for component in current]
        means.append(sum(self.dot(a, b) for a, b in zip(e, current, strict=True)))
        return self._back(out), np.array(means)

    def precondition(self, residual: Any) -> Any:
        return self._back(self._inverse * self._forward(residual))

    def dot(self, a: Any, b: Any) -> Any:
        return self._mean(a * b)

    def norm2(self, residual: Any, preconditioned: Any) -> float:
        conjugate = self._xp.conj(residual) if self._is_complex else residual
        return max(float(np.real(self.dot(conjugate, preconditioned))), 0.0)

    def _mean(self, values: Any) -> Any:
        total = self._xp.sum(values)
        return (complex(total) if self._is_complex else float(total)) / int(np.prod(self._shape))

    def zeros(self) -> Any:
        return self._zeros + 0.0
