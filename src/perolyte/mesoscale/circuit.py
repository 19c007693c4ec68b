"""Equivalent circuit of a ceramic between electrodes: its elements and its impedance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale._checks import check_number, check_positive

__all__ = ["Arc", "Circuit", "ConstantPhaseElement", "impedance_spectrum"]

ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True)
class ConstantPhaseElement:
    """Z = 1/[Q (iω)^n]: a capacitor with distributed properties; n = 1 is a capacitor.

    Parameters
    ----------
    coefficient
        Q, S sⁿ (F for n = 1), above zero.
    exponent
        n, above 0 to 1.

    Raises
    ------
    InputError
        For a number outside its range.
    """

    coefficient: float
    exponent: float = 1.0

    def __post_init__(self) -> None:
        check_number(self.coefficient, "coefficient", "S sⁿ", low=1e-30, high=1e6)
        check_number(self.exponent, "exponent", "", low=0.01, high=1.0)

    def impedance(self, frequency_Hz: NDArray[np.float64]) -> ComplexArray:
        """Return Z (Ω) at frequencies (Hz)."""
        admittance = self.coefficient * (2j * np.pi * frequency_Hz) ** self.exponent
        return np.asarray(1.0 / admittance, dtype=np.complex128)


@dataclass(frozen=True)
class Arc:
    """A resistance and a constant phase element side by side: one arc of the Nyquist plot.

    Parameters
    ----------
    resistance_ohm
        R, Ω, above zero.
    element
        Beside it.

    Raises
    ------
    InputError
        For a resistance that is not above zero.

    Examples
    --------
    >>> arc = Arc(1e4, ConstantPhaseElement(1e-8, 0.9))
    >>> f"{arc.capacitance_F:.2g} F, {arc.peak_frequency_Hz:.3g} Hz"
    '3.6e-09 F, 4.43e+03 Hz'
    """

    resistance_ohm: float
    element: ConstantPhaseElement

    def __post_init__(self) -> None:
        check_positive(self.resistance_ohm, "resistance_ohm", "Ω")

    @property
    def time_s(self) -> float:
        """Relaxation time (R Q)^(1/n), s."""
        return float(
            (self.resistance_ohm * self.element.coefficient) ** (1.0 / self.element.exponent)
        )

    @property
    def capacitance_F(self) -> float:
        """Effective capacitance (R^(1-n) Q)^(1/n) = time over resistance, F.

        That of the ideal arc with the same top; for surfaces with distributed properties see
        doi 10.1016/S0022-0728(84)80324-1.
        """
        return self.time_s / self.resistance_ohm

    @property
    def peak_frequency_Hz(self) -> float:
        """Frequency of the top of the arc, Hz."""
        return 1.0 / (2.0 * np.pi * self.time_s)

    def impedance(self, frequency_Hz: NDArray[np.float64]) -> ComplexArray:
        """Return Z (Ω) at frequencies (Hz)."""
        n = self.element.exponent
        reduced = (2j * np.pi * frequency_Hz * self.time_s) ** n
        return np.asarray(self.resistance_ohm / (1.0 + reduced), dtype=np.complex128)


@dataclass(frozen=True)
class Circuit:
    """Elements in series: a resistance, arcs, and a blocking electrode.

    Parameters
    ----------
    arcs
        From fast to slow, as they come.
    electrode
        None for electrodes that do not block.
    series_resistance_ohm
        Of leads, and of a bulk whose arc is too fast to be seen, Ω, from zero on.

    Raises
    ------
    InputError
        For a negative resistance, or nothing in the circuit.
    """

    arcs: tuple[Arc, ...] = ()
    electrode: ConstantPhaseElement | None = None
    series_resistance_ohm: float = 0.0

    def __post_init__(self) -> None:
        check_number(self.series_resistance_ohm, "series_resistance_ohm", "Ω", low=0.0)
        if not self.arcs and self.electrode is None and self.series_resistance_ohm == 0.0:
            raise InputError("the circuit has no element: give arcs, a resistance or an electrode")

    def impedance(self, frequency_Hz: NDArray[np.float64]) -> ComplexArray:
        """Return Z (Ω) at frequencies (Hz)."""
        total = np.full(frequency_Hz.shape, self.series_resistance_ohm, dtype=np.complex128)
        for arc in self.arcs:
            total += arc.impedance(frequency_Hz)
        if self.electrode is not None:
            total += self.electrode.impedance(frequency_Hz)
        return total

    @property
    def label(self) -> str:
        """In the notation of the ``impedance`` package: ``R0-p(R1,CPE1)-CPE2``."""
        parts = ["R0"] if self.series_resistance_ohm else []
        parts += [f"p(R{k},CPE{k})" for k in range(1, len(self.arcs) + 1)]
        if self.electrode is not None:
            parts.append(f"CPE{len(self.arcs) + 1}")
        return "-".join(parts)


def impedance_spectrum(frequency_Hz: ArrayLike, circuit: Circuit) -> ComplexArray:
    """Return the impedance of a circuit, Z(ω) = R_s + Σ R/[1 + (iω)ⁿ Q R] + 1/[Q_el (iω)ⁿ].

    Parameters
    ----------
    frequency_Hz
        Any shape, Hz, above zero.
    circuit
        :func:`ceramic_circuit` builds one from conductivities.

    Returns
    -------
    numpy.ndarray
        Ω, the shape of the frequencies; Im Z is below zero for capacitive circuits.

    Raises
    ------
    InputError
        For a frequency that is not above zero.

    Examples
    --------
    >>> circuit = Circuit((Arc(1000.0, ConstantPhaseElement(1e-9)),))
    >>> f"{impedance_spectrum(1.0, circuit):.1f}"
    '1000.0-0.0j'
    """
    return circuit.impedance(check_positive(frequency_Hz, "frequency_Hz", "Hz"))
