"""Which process an arc belongs to, by its capacitance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perolyte.mesoscale._checks import check_number
from perolyte.mesoscale.circuit import Circuit
from perolyte.units import VACUUM_PERMITTIVITY_F_PER_CM

__all__ = ["ArcRole", "RolesResult", "assign_roles"]

ArcRole = Literal["bulk", "boundary", "electrode", "unassigned"]
BULK_PERMITTIVITY = 1000.0
"""Relative permittivity that a bulk stays below, and a layer of boundaries above."""
ELECTRODE_F_CM = 1e-7
"""Capacitance times length over area from which on charge is stored at the electrodes."""
_DOUBTFUL_F_CM = 1e-6
"""Up to here boundaries of grains above 10 µm and double layers overlap."""
_SHOWN_PERMITTIVITY = 100.0


@dataclass(frozen=True)
class RolesResult:
    """The arcs of a circuit by process.

    Attributes
    ----------
    roles
        One for each arc.
    bulk, boundary
        Index of the arc of each, None where there is none.
    warnings
        What the window of frequencies does not show, and what could not be assigned.
    """

    roles: tuple[ArcRole, ...]
    bulk: int | None
    boundary: int | None
    warnings: tuple[str, ...]


def assign_roles(
    circuit: Circuit, frequency_Hz: NDArray[np.float64], *, length_over_area_1_cm: float
) -> RolesResult:
    """Tell bulk, boundaries and electrodes apart by C L/A, as their sizes make it.

    The capacitance of a bulk is that of its permittivity (about 1e-12 to 1e-10 F/cm), that of thin
    boundaries larger by grain size over thickness (to about 1e-7 F/cm), that of an electrode larger
    still (Irvine, Sinclair and West, doi 10.1002/adma.19900020304). The orders of magnitude overlap
    for grains of a few nanometres and for ferroelectrics.

    Parameters
    ----------
    circuit
        Fitted.
    frequency_Hz
        (n_frequencies,) Hz, that were measured.
    length_over_area_1_cm
        Of the sample, 1/cm.

    Returns
    -------
    RolesResult
        Of several arcs of one process the fastest is the bulk and the most resistive the boundary;
        the others are "unassigned". Without a boundary otherwise, the fastest arc up to 1e-6
        F/cm is taken for it, with a warning.

    Raises
    ------
    InputError
        For a size that is not above zero.

    Examples
    --------
    >>> import numpy as np
    >>> from perolyte.mesoscale import CeramicConstants, ceramic_circuit
    >>> circuit = ceramic_circuit(
    ...     CeramicConstants(1e-4, 1e-8, grain_size_nm=2000.0, boundary_thickness_nm=2.0),
    ...     length_cm=0.1, area_cm2=0.5,
    ... )
    >>> assign_roles(circuit, np.geomspace(1e7, 1.0, 40), length_over_area_1_cm=0.2).roles
    ('bulk', 'boundary')
    """
    ratio = check_number(length_over_area_1_cm, "length over area", "1/cm", low=1e-12, high=1e15)
    normalised = [arc.capacitance_F * ratio for arc in circuit.arcs]
    edge = BULK_PERMITTIVITY * VACUUM_PERMITTIVITY_F_PER_CM
    kinds: list[ArcRole] = [
        "bulk" if value < edge else "boundary" if value < ELECTRODE_F_CM else "electrode"
        for value in normalised
    ]
    bulk = min(_indices(kinds, "bulk"), key=lambda k: circuit.arcs[k].time_s, default=None)
    doubts = _take_doubtful(kinds, normalised)
    boundary = max(
        _indices(kinds, "boundary"), key=lambda k: circuit.arcs[k].resistance_ohm, default=None
    )
    roles = tuple(
        "unassigned" if kind in ("bulk", "boundary") and k not in (bulk, boundary) else kind
        for k, kind in enumerate(kinds)
    )
    doubts += [
        f"arc {k + 1} ({circuit.arcs[k].resistance_ohm:.3g} Ω, {normalised[k]:.1e} F/cm) shares "
        "its range of capacitance with another arc; it is in no conductivity"
        for k, role in enumerate(roles)
        if role == "unassigned"
    ]
    doubts += _judge_window(circuit, roles, frequency_Hz, ratio)
    return RolesResult(roles, bulk, boundary, tuple(doubts))


def _take_doubtful(kinds: list[ArcRole], normalised: list[float]) -> list[str]:
    """Where there are no boundaries, take for them what may be an electrode."""
    doubtful = [k for k in _indices(kinds, "electrode") if normalised[k] < _DOUBTFUL_F_CM]
    if "boundary" in kinds or not doubtful:
        return []
    taken = doubtful[0]  # arcs come from fast to slow
    kinds[taken] = "boundary"
    doubt = (
        f"arc {taken + 1} ({normalised[taken]:.1e} F/cm) is taken for grain boundaries, of grains "
        "above 10 µm; an electrode can have this capacitance too: change the electrode, or the "
        "length of the sample, to tell them apart"
    )
    return [doubt]


def _judge_window(
    circuit: Circuit, roles: tuple[ArcRole, ...], frequency_Hz: NDArray[np.float64], ratio: float
) -> list[str]:
    lowest, highest = float(frequency_Hz.min()), float(frequency_Hz.max())
    doubts = []
    for role, arc in zip(roles, circuit.arcs, strict=True):
        top = arc.peak_frequency_Hz
        if not lowest <= top <= highest:
            doubts.append(
                f"the top of the {role} arc, {top:.3g} Hz, is outside the window of {lowest:.3g} "
                f"to {highest:.3g} Hz: its values are extrapolated"
            )
    if "bulk" not in roles:
        text = f"the window, up to {highest:.3g} Hz, misses the bulk arc"
        if circuit.series_resistance_ohm > 0:
            sigma = ratio / circuit.series_resistance_ohm
            top = sigma / (2.0 * np.pi * VACUUM_PERMITTIVITY_F_PER_CM * _SHOWN_PERMITTIVITY)
            text += (
                f", which a bulk of {sigma:.2g} S/cm with a permittivity of "
                f"{_SHOWN_PERMITTIVITY:g} has near {top:.2g} Hz; its resistance is the intercept, "
                "leads included: measure to higher frequency or cool"
            )
        else:
            text += ", and there is no intercept: no bulk conductivity; measure to higher frequency"
        doubts.append(text)
    if "boundary" not in roles:
        doubts.append("there is no arc with a capacitance of grain boundaries")
    if "bulk" in roles and circuit.series_resistance_ohm > 0:
        doubts.append(
            f"{circuit.series_resistance_ohm:.3g} Ω are in series with the bulk arc (leads, or "
            "something faster); they are in no conductivity"
        )
    return doubts


def _indices(kinds: list[ArcRole], kind: ArcRole) -> list[int]:
    return [k for k, found in enumerate(kinds) if found == kind]
