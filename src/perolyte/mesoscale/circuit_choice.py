"""How many arcs a spectrum shows: circuits compared by the Bayesian information criterion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.mesoscale.spectrum_fit import SpectrumFitResult, check_spectrum, fit_circuit

__all__ = ["CircuitChoiceResult", "choose_circuit"]

EVIDENCE = 6.0
"""Difference of the criterion below which the simpler circuit stays (doi 10.2307/2291091)."""
_LEAST_MARGIN = 5
"""Degrees of freedom that a circuit must leave."""
_LARGEST_LOG_ERROR = 1.0
"""Standard error of ln R from which on an arc is not determined."""


@dataclass(frozen=True, eq=False)
class CircuitChoiceResult:
    """The chosen circuit beside those that were tried.

    Attributes
    ----------
    fit
        Of the chosen one.
    tried
        Label, number of parameters and criterion relative to the lowest, of every circuit that
        converged, best first.
    """

    fit: SpectrumFitResult
    tried: tuple[tuple[str, int, float], ...]


def choose_circuit(
    frequency_Hz: ArrayLike, impedance_ohm: ArrayLike, *, max_arcs: int = 3
) -> CircuitChoiceResult:
    """Fit circuits of no arc to ``max_arcs``, with and without electrode and series resistance.

    Of the circuits within 6 of the lowest criterion (doi 10.1214/aos/1176344136) the one with the
    fewest parameters is chosen. Circuits with an arc that is not determined do not compete. The
    criterion takes the misfit for independent noise: drift or an inductive lead can make it ask
    for one arc too many, which the residuals show.

    Parameters
    ----------
    frequency_Hz, impedance_ohm
        (n_frequencies,) Hz, and Ω complex with Im Z below zero for capacitive circuits.
    max_arcs
        1 to 4.

    Returns
    -------
    CircuitChoiceResult
        Fit and comparison.

    Raises
    ------
    InputError
        As :func:`fit_circuit`, or when no circuit converges.

    Examples
    --------
    >>> import numpy as np
    >>> from perolyte.mesoscale import Arc, Circuit, ConstantPhaseElement, impedance_spectrum
    >>> truth = Circuit((Arc(2000.0, ConstantPhaseElement(1e-9, 0.9)),), None, 50.0)
    >>> frequency = np.geomspace(1e6, 1.0, 40)
    >>> choose_circuit(frequency, impedance_spectrum(frequency, truth)).fit.circuit.label
    'R0-p(R1,CPE1)'
    """
    frequency, impedance = check_spectrum(frequency_Hz, impedance_ohm)
    if not 1 <= max_arcs <= 4:
        raise InputError(f"max_arcs is {max_arcs}; it must be from 1 to 4: leave it at 3")
    fits = []
    for n_arcs in range(max_arcs + 1):
        for has_electrode in (False, True):
            for has_series in (False, True):
                n_parameters = 3 * n_arcs + 2 * has_electrode + has_series
                if not 0 < n_parameters <= 2 * frequency.size - _LEAST_MARGIN:
                    continue
                fit = fit_circuit(
                    frequency,
                    impedance,
                    n_arcs=n_arcs,
                    has_electrode=has_electrode,
                    has_series=has_series,
                )
                if _is_determined(fit):
                    fits.append(fit)
    if not fits:
        raise InputError(
            "no circuit of resistances, arcs and a blocking electrode describes the spectrum; look "
            "at its Kramers-Kronig test and the sign of its imaginary part"
        )
    lowest = min(fit.bic for fit in fits)
    near = [fit for fit in fits if fit.bic <= lowest + EVIDENCE]
    chosen = min(near, key=lambda fit: (len(fit.names) - len(fit.at_limit), fit.bic))
    fits.sort(key=lambda fit: fit.bic)
    tried = tuple((fit.circuit.label, len(fit.names), fit.bic - lowest) for fit in fits)
    return CircuitChoiceResult(chosen, tried)


def _is_determined(fit: SpectrumFitResult) -> bool:
    if not fit.converged or any(name.startswith("ln") for name in fit.at_limit):
        return False
    std = np.sqrt(np.diag(fit.covariance))
    return all(
        error < _LARGEST_LOG_ERROR
        for name, error in zip(fit.names, std, strict=True)
        if name.startswith("ln")
    )
