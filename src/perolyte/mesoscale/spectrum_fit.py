"""Fit of one form of circuit to an impedance spectrum, with the covariance of its parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale._spectrum_problem import SpectrumProblem
from perolyte.mesoscale.circuit import Arc, Circuit, ConstantPhaseElement
from perolyte.mesoscale.spectrum_guess import CircuitForm, guess_parameters

__all__ = ["SpectrumFitResult", "check_spectrum", "fit_circuit"]

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
SMALLEST_NOISE = 1e-4
"""Of |Z|: what the best instruments reproduce; smaller misfits are no evidence for an element."""
_IDEAL = 1.0 - 1e-4
"""An exponent above is held at 1 and has no error of its own."""
_N_STARTS = 3
_LEAST_POINTS = 5


@dataclass(frozen=True, eq=False)
class SpectrumFitResult:
    """A fitted circuit.

    Attributes
    ----------
    circuit
        With arcs from fast to slow.
    form
        Which elements it has.
    names
        (n,) of the parameters: ln R (Ω), ln τ (s) and n of each arc; ln of |Z| (Ω) and n of the
        electrode at the lowest frequency; ln R0 (Ω) of the series resistance.
    values
        (n,) as named.
    covariance
        (n, n) of them; rows of parameters that sit at a limit are zero.
    at_limit
        Names of those.
    relative_noise
        Standard deviation of the misfit, as a share of |Z|.
    residuals
        (n_frequencies,) complex, (measured - fitted)/|Z|.
    bic
        Bayesian information criterion (doi 10.1214/aos/1176344136).
    n_free
        Degrees of freedom: twice the frequencies less the free parameters.
    converged
        Whether the search ended, with a covariance.
    """

    circuit: Circuit
    form: CircuitForm
    names: tuple[str, ...]
    values: FloatArray
    covariance: FloatArray
    at_limit: tuple[str, ...]
    relative_noise: float
    residuals: ComplexArray
    bic: float
    n_free: int
    converged: bool

    @property
    def autocorrelation(self) -> float:
        """Of neighbouring residuals, -1 to 1: near 0 for a circuit that is the sample's.

        Well above 0, the misfit is not noise and the errors are too small.
        """
        parts = np.stack([self.residuals.real, self.residuals.imag])
        total = float(np.sum(parts**2))
        return float(np.sum(parts[:, 1:] * parts[:, :-1])) / total if total else 0.0

    def correlated(self, limit: float = 0.95) -> tuple[tuple[str, str, float], ...]:
        """Return pairs of parameters with a correlation beyond a limit, strongest first."""
        std = np.sqrt(np.diag(self.covariance))
        pairs = []
        for i in range(len(self.names)):
            for j in range(i):
                if std[i] > 0 and std[j] > 0:
                    found = float(self.covariance[i, j] / (std[i] * std[j]))
                    if abs(found) > limit:
                        pairs.append((self.names[j], self.names[i], found))
        return tuple(sorted(pairs, key=lambda pair: -abs(pair[2])))


def check_spectrum(
    frequency_Hz: ArrayLike, impedance_ohm: ArrayLike
) -> tuple[FloatArray, ComplexArray]:
    """Return a spectrum as arrays.

    Raises
    ------
    InputError
        For lists that do not match, fewer than five frequencies, a frequency that is not above
        zero, or an impedance that is zero or not finite.
    """
    frequency = np.asarray(frequency_Hz, dtype=np.float64)
    impedance = np.asarray(impedance_ohm, dtype=np.complex128)
    if frequency.ndim != 1 or frequency.shape != impedance.shape:
        raise InputError(
            f"{frequency.size} frequencies and {impedance.size} impedances; they must be lists of "
            "one length: give one impedance for each frequency"
        )
    if frequency.size < _LEAST_POINTS:
        raise InputError(
            f"the spectrum has {frequency.size} frequencies; a fit needs at least {_LEAST_POINTS}: "
            "measure more per decade"
        )
    wrong = ~(np.isfinite(frequency) & (frequency > 0))
    if wrong.any():
        raise InputError(
            f"frequency_Hz is {frequency[wrong][0]:g} Hz; all must be finite and above 0: leave "
            "that point out"
        )
    wrong = ~np.isfinite(impedance) | (impedance == 0)
    if wrong.any():
        raise InputError(
            f"the impedance at {frequency[wrong][0]:g} Hz is {impedance[wrong][0]:g} Ω; it must be "
            "finite and not 0: leave that point out"
        )
    return frequency, impedance


def fit_circuit(
    frequency_Hz: ArrayLike,
    impedance_ohm: ArrayLike,
    *,
    n_arcs: int,
    has_electrode: bool = False,
    has_series: bool = False,
) -> SpectrumFitResult:
    """Fit a circuit of given form by least squares in relative misfit.

    Every real and imaginary part weighs by 1/|Z|, as instruments err in proportion. Resistances
    and relaxation times are fitted as logarithms, from the best points of a scan, so that no
    starting values are asked for. The covariance is that of the linearised model with the noise
    of the misfit; it knows nothing of a wrong form.

    Parameters
    ----------
    frequency_Hz, impedance_ohm
        (n_frequencies,) Hz, and Ω complex with Im Z below zero for capacitive circuits.
    n_arcs
        0 to 4.
    has_electrode, has_series
        Whether the circuit has a blocking electrode, and a resistance in series.

    Returns
    -------
    SpectrumFitResult
        ``converged`` is False where no covariance could be had.

    Raises
    ------
    InputError
        For a spectrum that cannot be used (:func:`check_spectrum`), a circuit of no element, or
        one with more parameters than the spectrum carries.

    Examples
    --------
    >>> import numpy as np
    >>> from perolyte.mesoscale import impedance_spectrum
    >>> truth = Circuit((Arc(2000.0, ConstantPhaseElement(1e-9, 0.9)),), None, 50.0)
    >>> frequency = np.geomspace(1e6, 1.0, 40)
    >>> fit = fit_circuit(
    ...     frequency, impedance_spectrum(frequency, truth), n_arcs=1, has_series=True
    ... )
    >>> f"{fit.circuit.series_resistance_ohm:.1f} {fit.circuit.arcs[0].resistance_ohm:.1f}"
    '50.0 2000.0'
    """
    frequency, impedance = check_spectrum(frequency_Hz, impedance_ohm)
    form = CircuitForm(n_arcs, has_series, has_electrode)
    n_data = 2 * frequency.size
    if not 0 <= n_arcs <= 4 or not form.names:
        raise InputError(
            f"n_arcs is {n_arcs}; it must be from 0 to 4, and a circuit needs an element: give 1"
        )
    if n_data <= len(form.names):
        raise InputError(
            f"a circuit of {len(form.names)} parameters cannot be fitted to {frequency.size} "
            "frequencies: give fewer arcs"
        )
    problem = SpectrumProblem(frequency, impedance, form)
    starts = guess_parameters(frequency, impedance, form, n_guesses=_N_STARTS)
    none_held = np.zeros(len(form.names), dtype=bool)
    fits = [problem.solve(start, none_held) for start in starts]
    values, is_done = min(fits, key=lambda fit: problem.misfit(fit[0]))
    is_exponent = np.array([name.startswith("n") for name in form.names])
    ideal = is_exponent & (values > _IDEAL)
    if ideal.any():
        values, is_done = problem.solve(np.where(ideal, 1.0, values), ideal)
    return _describe(problem, values, ideal, is_done=is_done)


def _describe(
    problem: SpectrumProblem, values: FloatArray, held: NDArray[np.bool_], *, is_done: bool
) -> SpectrumFitResult:
    n_data = 2 * problem.frequency.size
    free = ~held
    n_free = n_data - int(free.sum())
    misfit = problem.misfit(values)
    covariance, is_regular = _invert(problem.jacobian(values)[:, free])
    full = np.zeros((values.size, values.size))
    full[np.ix_(free, free)] = covariance * misfit / n_free
    order = _sort_arcs(values, problem.form)
    ordered = values[order]
    names = problem.form.names
    margin = 1e-3 * (problem.upper - problem.lower)
    near = free & ((values < problem.lower + margin) | (values > problem.upper - margin))
    at_limit = held | (near & np.array([not name.startswith("n") for name in names]))
    noise = max(misfit / n_data, SMALLEST_NOISE**2)
    return SpectrumFitResult(
        circuit=_build(ordered, problem),
        form=problem.form,
        names=names,
        values=ordered,
        covariance=full[np.ix_(order, order)],
        at_limit=tuple(name for name, is_at in zip(names, at_limit[order], strict=True) if is_at),
        relative_noise=float(np.sqrt(misfit / n_free)),
        residuals=(problem.impedance - problem.model(values)[0]) / problem.size,
        bic=float(n_data * np.log(noise) + free.sum() * np.log(n_data)),
        n_free=n_free,
        converged=is_done and is_regular,
    )


def _invert(jacobian: FloatArray) -> tuple[FloatArray, bool]:
    """Return (JᵀJ)⁻¹ by singular values, and whether every parameter is determined."""
    _, singular, turned = np.linalg.svd(jacobian, full_matrices=False)
    is_regular = bool(singular.size and singular[-1] > 1e-10 * singular[0])
    if not is_regular:
        return np.full((jacobian.shape[1],) * 2, np.inf), False
    return np.asarray((turned.T / singular**2) @ turned), True


def _sort_arcs(values: FloatArray, form: CircuitForm) -> NDArray[np.intp]:
    """Return the order of the parameters that puts fast arcs first."""
    arcs = np.argsort(values[1 : 3 * form.n_arcs : 3], kind="stable")
    order = [3 * k + part for k in arcs for part in range(3)]
    return np.array([*order, *range(3 * form.n_arcs, values.size)], dtype=np.intp)


def _build(values: FloatArray, problem: SpectrumProblem) -> Circuit:
    form = problem.form
    arcs = []
    for k in range(form.n_arcs):
        log_resistance, log_time, n = values[3 * k : 3 * k + 3]
        resistance = float(np.exp(log_resistance))
        coefficient = float(np.exp(n * log_time - log_resistance))
        arcs.append(Arc(resistance, ConstantPhaseElement(coefficient, min(float(n), 1.0))))
    electrode = None
    if form.has_electrode:
        log_size, n = values[3 * form.n_arcs : 3 * form.n_arcs + 2]
        coefficient = float(np.exp(-log_size) * problem.lowest ** -float(n))
        electrode = ConstantPhaseElement(coefficient, min(float(n), 1.0))
    series = float(np.exp(values[-1])) if form.has_series else 0.0
    return Circuit(tuple(arcs), electrode, series)
