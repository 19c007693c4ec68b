"""Where the fit of a circuit starts: a scan over relaxation times."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

__all__ = ["CircuitForm", "guess_parameters", "time_limits_s"]

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
_ARC_EXPONENT = 0.9
_ELECTRODE_EXPONENT = 0.8
_N_TIMES = 20
_BEYOND = 10.0
"""How far outside the window, as a factor, the top of an arc is looked for."""
_LEAST_SHARE = 1e-5
"""Of the largest |Z|: what the scan calls zero starts there, since the fit works in logarithms."""


@dataclass(frozen=True)
class CircuitForm:
    """Which elements a circuit has.

    Attributes
    ----------
    n_arcs
        Number of arcs.
    has_series, has_electrode
        Whether there is a resistance in series, and a constant phase element of the electrode.
    """

    n_arcs: int
    has_series: bool
    has_electrode: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parameters, in their order: ln R (Ω), ln τ (s), n; ln Z of the electrode (Ω)."""
        names = [f"{what}{k}" for k in range(1, self.n_arcs + 1) for what in ("ln R", "ln τ", "n")]
        if self.has_electrode:
            names += ["ln Z_el", "n_el"]
        return (*names, "ln R0") if self.has_series else tuple(names)


def time_limits_s(frequency_Hz: FloatArray) -> tuple[float, float]:
    """Return the relaxation times that the scan tries, a decade beyond the window."""
    omega = 2.0 * np.pi * frequency_Hz
    return float(1.0 / omega.max() / _BEYOND), float(_BEYOND / omega.min())


def guess_parameters(
    frequency_Hz: FloatArray, impedance_ohm: ComplexArray, form: CircuitForm, *, n_guesses: int
) -> list[FloatArray]:
    """Return starting points, best first.

    With exponents and relaxation times held, the impedance is linear in resistances that are not
    negative, so that every set of times of a grid is one small non-negative least squares.

    Parameters
    ----------
    frequency_Hz, impedance_ohm
        (n_frequencies,) Hz and Ω.
    form
        Of the circuit.
    n_guesses
        At most as many.

    Returns
    -------
    list of numpy.ndarray
        Parameters in the order of :attr:`CircuitForm.names`.
    """
    size = np.abs(impedance_ohm)
    iomega = 2j * np.pi * frequency_Hz
    target = _stack(impedance_ohm / size)
    times = np.geomspace(*time_limits_s(frequency_Hz), _N_TIMES)
    arcs = [_stack(1.0 / (1.0 + (iomega * t) ** _ARC_EXPONENT) / size) for t in times]
    fixed = []
    if form.has_electrode:
        lowest = 2.0 * np.pi * frequency_Hz.min()
        tail = (iomega / lowest) ** -_ELECTRODE_EXPONENT / size
        fixed.append(_stack(np.asarray(tail)))
    if form.has_series:
        fixed.append(np.concatenate([1.0 / size, np.zeros(size.size)]))
    found = []
    for chosen in combinations(range(_N_TIMES), form.n_arcs):
        columns = [*(arcs[k] for k in chosen), *fixed]
        amounts, misfit = nnls(np.stack(columns, axis=1), target, maxiter=100)
        found.append((float(misfit), chosen, amounts))
    found.sort(key=lambda entry: entry[:2])
    least = _LEAST_SHARE * float(size.max())
    return [
        _to_parameters(np.log(np.maximum(amounts, least)), np.log(times[list(chosen)]), form)
        for _, chosen, amounts in found[:n_guesses]
    ]


def _to_parameters(logs: FloatArray, log_times: FloatArray, form: CircuitForm) -> FloatArray:
    values: list[float] = []
    for k in range(form.n_arcs):
        values += [float(logs[k]), float(log_times[k]), _ARC_EXPONENT]
    rest = list(logs[form.n_arcs :])
    if form.has_electrode:
        values += [float(rest.pop(0)), _ELECTRODE_EXPONENT]
    return np.array([*values, *rest])


def _stack(values: ComplexArray) -> FloatArray:
    return np.concatenate([values.real, values.imag])
