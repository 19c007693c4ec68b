"""Glazer tilt system from the rotations of the octahedra."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.structures.perovskite.cubic_net import CubicNet
from perolyte.structures.perovskite.octahedra import Octahedra

__all__ = ["TiltResult", "find_tilt_system"]

MIN_TILT_DEG = 2.0
"""Rotations below this are thermal or numerical noise (0.05 Å on an oxygen is 1.4°)."""
_SAME_DEG = 1.5  # 0.05 Å of noise turns the octahedra of a 20-atom cell by 0.3°, rarely by 1°
_SAME_FRACTION = 0.1


@dataclass(frozen=True)
class TiltResult:
    """Rotations of octahedra about the three axes of the cubic net.

    Attributes
    ----------
    symbol : str or None
        Glazer symbol, axes in the order 0, +, −; None where one axis has both kinds of tilt.
    in_phase_deg, out_of_phase_deg : numpy.ndarray
        ``(3,)``, degrees, amplitude about each axis of the net.
    reason : str
        One line for the evidence.
    """

    symbol: str | None
    in_phase_deg: NDArray[np.float64]
    out_of_phase_deg: NDArray[np.float64]
    reason: str


def find_tilt_system(octahedra: Octahedra, net: CubicNet) -> TiltResult:
    """Name the tilts by Glazer (doi 10.1107/S0567740872007976).

    The rotation of each octahedron against the mean axes is projected on the two waves that a net
    of rigid octahedra allows about axis x: in phase (0 ½ ½) and out of phase (½ ½ ½).

    Parameters
    ----------
    octahedra : Octahedra
        Nodes of the net.
    net : CubicNet
        Their net coordinates.

    Returns
    -------
    TiltResult
        Symbol and amplitudes.
    """
    rotation_deg = _measure_rotations(octahedra, net)
    in_phase, out_of_phase = np.zeros(3), np.zeros(3)
    parity = (net.node % 2).astype(int)
    everywhere = parity.sum(axis=1)
    for i in range(3):
        wave = [0.5, 0.5, 0.5]
        if net.is_commensurate((0.5, 0.5, 0.5)):
            out_of_phase[i] = abs(np.mean(rotation_deg[:, i] * (-1.0) ** everywhere))
        wave[i] = 0.0
        if net.is_commensurate((wave[0], wave[1], wave[2])):
            sign = (-1.0) ** (everywhere - parity[:, i])
            in_phase[i] = abs(np.mean(rotation_deg[:, i] * sign))
    kinds = [
        (in_phase[i] >= MIN_TILT_DEG, out_of_phase[i] >= MIN_TILT_DEG, max(pair))
        for i, pair in enumerate(zip(in_phase, out_of_phase, strict=True))
    ]
    amplitudes = (
        f"in phase {_list_deg(in_phase)}, out of phase {_list_deg(out_of_phase)} about the three "
        "axes of the net"
    )
    if any(plus and minus for plus, minus, _ in kinds):
        return TiltResult(
            symbol=None,
            in_phase_deg=in_phase,
            out_of_phase_deg=out_of_phase,
            reason=f"tilts: no Glazer symbol, one axis tilts both ways ({amplitudes})",
        )
    symbol = _write_symbol([("+" if p else "-" if m else "0", a) for p, m, a in kinds])
    return TiltResult(
        symbol=symbol,
        in_phase_deg=in_phase,
        out_of_phase_deg=out_of_phase,
        reason=f"tilts {symbol}: {amplitudes}; below {MIN_TILT_DEG:g}° counts as none",
    )


def _list_deg(values: NDArray[np.float64]) -> str:
    return "/".join(f"{value:.1f}" for value in np.sort(values)[::-1]) + "°"


def _measure_rotations(octahedra: Octahedra, net: CubicNet) -> NDArray[np.float64]:
    """Rotation vector of each octahedron in the frame of the net, ``(n, 3)``, degrees."""
    unit = octahedra.vector_A / np.linalg.norm(octahedra.vector_A, axis=2, keepdims=True)
    frames = np.empty((len(octahedra), 3, 3))
    for i in range(3):
        plus, minus = net.axis == i + 1, net.axis == -(i + 1)
        frames[:, i] = unit[plus] - unit[minus]
    left, _, right = np.linalg.svd(frames)
    turned = left @ right  # the orthogonal frame nearest to the three diagonals, row i = axis i
    left, _, right = np.linalg.svd(turned.mean(axis=0))
    mean = left @ right
    relative = np.einsum("nij,kj->nik", turned, mean)
    # small rotations are the antisymmetric part; for a mirror-image frame the sign is common
    vector = 0.5 * np.stack(
        [
            relative[:, 1, 2] - relative[:, 2, 1],
            relative[:, 2, 0] - relative[:, 0, 2],
            relative[:, 0, 1] - relative[:, 1, 0],
        ],
        axis=1,
    )
    return np.degrees(np.arcsin(np.clip(vector, -1.0, 1.0)))


def _write_symbol(axes: list[tuple[str, float]]) -> str:
    """Order the axes 0, +, −; equal neighbours of one kind share a letter, unequal ones differ."""
    text: list[str] = []
    letters = "abc"
    for kind in "0+-":
        sizes = sorted(size for sign, size in axes if sign == kind)
        same = [
            kind == "0" or abs(b - a) <= max(_SAME_DEG, _SAME_FRACTION * b)
            for a, b in itertools.pairwise(sizes)
        ]
        if same == [True, False]:  # a−b−b−: the pair comes last
            same = [False, True]
        for i in range(len(sizes)):
            letter = text[-1][0] if i and same[i - 1] else letters[len(text)]
            text.append(f"{letter}{kind}")
    return "".join(text)
