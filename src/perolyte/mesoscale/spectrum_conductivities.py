"""Conductivities of bulk and boundaries from a fitted spectrum, each with its assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.mesoscale._checks import check_geometry, check_number
from perolyte.mesoscale.arc_roles import RolesResult, assign_roles
from perolyte.mesoscale.spectrum_fit import SpectrumFitResult
from perolyte.units import VACUUM_PERMITTIVITY_F_PER_CM

__all__ = ["CeramicResult", "MeasuredValue", "SampleGeometry", "derive_conductivities"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SampleGeometry:
    """What is known of the sample beside its spectrum.

    Parameters
    ----------
    length_cm, area_cm2
        Distance of the electrodes, cm, and area of one, cm².
    grain_size_nm
        Edge of the grains, nm; None where not known.
    boundary_thickness_nm
        Assumed electrical thickness of one boundary, nm; needs the grain size.
    bulk_permittivity
        Assumed relative permittivity of the bulk, for a window that misses its arc.
    permittivity_ratio
        Assumed permittivity of the boundaries over that of the bulk.

    Raises
    ------
    InputError
        For a size that is not above zero, a thickness without a grain size, or a grain smaller
        than its boundary.
    """

    length_cm: float
    area_cm2: float
    grain_size_nm: float | None = None
    boundary_thickness_nm: float | None = None
    bulk_permittivity: float | None = None
    permittivity_ratio: float = 1.0

    def __post_init__(self) -> None:
        check_number(self.length_cm, "length_cm", "cm", low=1e-9, high=1e6)
        check_number(self.area_cm2, "area_cm2", "cm²", low=1e-15, high=1e9)
        check_number(self.permittivity_ratio, "permittivity_ratio", "", low=1e-6, high=1e6)
        if self.bulk_permittivity is not None:
            check_number(self.bulk_permittivity, "bulk_permittivity", "", low=1.0, high=1e6)
        if self.grain_size_nm is not None:
            check_number(self.grain_size_nm, "grain_size_nm", "nm", low=1e-3, high=1e9)
        if self.boundary_thickness_nm is not None:
            check_number(
                self.boundary_thickness_nm, "boundary_thickness_nm", "nm", low=1e-6, high=1e9
            )
            if self.grain_size_nm is None:
                raise InputError(
                    f"boundary_thickness_nm is {self.boundary_thickness_nm:g} nm without a grain "
                    "size; only their ratio has a meaning: give grain_size_nm too"
                )
            check_geometry(self.grain_size_nm, self.boundary_thickness_nm)


@dataclass(frozen=True)
class MeasuredValue:
    """One number from a spectrum.

    Attributes
    ----------
    name, value, unit
        What it is.
    relative_std
        Standard error of its logarithm, from the covariance of the fit alone: sizes and
        assumptions have none here.
    lower, upper
        95 % interval.
    label
        "fitted", or "assumed" where an assumption of the sample enters.
    assumption
        In words; empty for none beyond the circuit.
    """

    name: str
    value: float
    unit: str
    relative_std: float
    lower: float
    upper: float
    label: Literal["fitted", "assumed"]
    assumption: str


@dataclass(frozen=True)
class CeramicResult:
    """What a spectrum says of a ceramic.

    Attributes
    ----------
    values
        In this order, as far as they can be had: bulk, apparent boundary and total conductivity,
        blocking factor, bulk permittivity, thickness ratio, boundary thickness, and the specific
        boundary conductivity by capacitances and by sizes.
    roles
        Of the arcs.
    warnings
        What the window does not show, and what could not be assigned.
    """

    values: tuple[MeasuredValue, ...]
    roles: RolesResult
    warnings: tuple[str, ...]

    def find(self, name: str) -> MeasuredValue | None:
        """Return a value by its name, None where it could not be had."""
        return next((value for value in self.values if value.name == name), None)


@dataclass(frozen=True)
class _Log:
    """Logarithm of a number with its slopes by the fitted parameters."""

    value: float
    slopes: FloatArray

    def plus(self, other: _Log, factor: float = 1.0) -> _Log:
        return _Log(self.value + factor * other.value, self.slopes + factor * other.slopes)

    def times(self, number: float) -> _Log:
        return _Log(self.value + float(np.log(number)), self.slopes)


def derive_conductivities(
    fit: SpectrumFitResult, frequency_Hz: NDArray[np.float64], geometry: SampleGeometry
) -> CeramicResult:
    """Turn the arcs into conductivities by the series brick-layer model.

    σ_b = L/(A R_b), apparent σ_gb = L/(A R_gb), δ/d = (C_b/C_gb)(ε_gb/ε_b), specific σ_gb =
    apparent times δ/d (doi 10.1016/j.pmatsci.2017.04.009). With C = τ/R of an arc the specific
    conductivity is σ_b τ_b/τ_gb times ε_gb/ε_b: no size of the grains enters, permittivities do.

    Parameters
    ----------
    fit
        From :func:`choose_circuit` or :func:`fit_circuit`.
    frequency_Hz
        (n_frequencies,) Hz, that were measured.
    geometry
        Of the sample, and what is assumed of it.

    Returns
    -------
    CeramicResult
        Values that the spectrum does not carry are left out, and ``warnings`` says why.

    Examples
    --------
    >>> import numpy as np
    >>> from perolyte.mesoscale import (
    ...     CeramicConstants, ceramic_circuit, fit_circuit, impedance_spectrum)
    >>> circuit = ceramic_circuit(
    ...     CeramicConstants(1e-4, 1e-8, grain_size_nm=2000.0, boundary_thickness_nm=2.0),
    ...     length_cm=0.1, area_cm2=0.5,
    ... )
    >>> frequency = np.geomspace(1e8, 1.0, 60)
    >>> fit = fit_circuit(frequency, impedance_spectrum(frequency, circuit), n_arcs=2)
    >>> found = derive_conductivities(fit, frequency, SampleGeometry(0.1, 0.5))
    >>> f"{found.find('boundary conductivity (specific, capacitances)').value:.2e}"
    '1.00e-08'
    """
    ratio_1_cm = geometry.length_cm / geometry.area_cm2
    roles = assign_roles(fit.circuit, frequency_Hz, length_over_area_1_cm=ratio_1_cm)
    logs = _Parameters(fit)
    bulk = logs.bulk_resistance(roles)
    boundary = None if roles.boundary is None else logs.resistance(roles.boundary)
    intercept = "" if roles.bulk is not None else "the intercept at high frequency is the bulk"
    report = _Report(fit)
    if bulk is not None:
        report.add("bulk conductivity", _conductivity(bulk, ratio_1_cm), "S/cm", intercept)
    if boundary is not None:
        apparent = _conductivity(boundary, ratio_1_cm)
        report.add("boundary conductivity (apparent)", apparent, "S/cm")
    if bulk is not None and boundary is not None:
        both = _add(bulk, boundary)
        report.add("total conductivity", _conductivity(both, ratio_1_cm), "S/cm", intercept)
        report.add("blocking factor", boundary.plus(both, -1.0), "", intercept)
    if roles.bulk is not None:
        permittivity = logs.capacitance(roles.bulk).times(ratio_1_cm / VACUUM_PERMITTIVITY_F_PER_CM)
        report.add("bulk permittivity", permittivity, "")
    if boundary is not None:
        _add_specific(report, logs, roles, geometry, apparent)
    return CeramicResult(tuple(report.values), roles, roles.warnings)


def _add_specific(
    report: _Report,
    logs: _Parameters,
    roles: RolesResult,
    geometry: SampleGeometry,
    apparent: _Log,
) -> None:
    if roles.boundary is None:
        return
    reference, words = None, ""
    if roles.bulk is not None:
        reference, words = logs.capacitance(roles.bulk), ""
    elif geometry.bulk_permittivity is not None:
        capacitance = VACUUM_PERMITTIVITY_F_PER_CM * geometry.bulk_permittivity
        zero = _Log(0.0, np.zeros_like(apparent.slopes))
        reference = zero.times(capacitance * geometry.area_cm2 / geometry.length_cm)
        words = f"bulk permittivity {geometry.bulk_permittivity:g}; "
    if reference is not None:
        words += f"permittivity of boundaries {geometry.permittivity_ratio:g} times the bulk's"
        ratio = reference.plus(logs.capacitance(roles.boundary), -1.0)
        ratio = ratio.times(geometry.permittivity_ratio)
        report.add("boundary thickness over grain size", ratio, "", words)
        if geometry.grain_size_nm is not None:
            grain = geometry.grain_size_nm
            report.add(
                "boundary thickness", ratio.times(grain), "nm", f"{words}; grains of {grain:g} nm"
            )
        report.add(
            "boundary conductivity (specific, capacitances)", apparent.plus(ratio), "S/cm", words
        )
    if geometry.grain_size_nm is not None and geometry.boundary_thickness_nm is not None:
        report.add(
            "boundary conductivity (specific, sizes)",
            apparent.times(geometry.boundary_thickness_nm / geometry.grain_size_nm),
            "S/cm",
            f"boundaries of {geometry.boundary_thickness_nm:g} nm, grains of "
            f"{geometry.grain_size_nm:g} nm",
        )


class _Parameters:
    """Logarithms of resistances and capacitances, as functions of the fitted parameters."""

    def __init__(self, fit: SpectrumFitResult) -> None:
        self._names = fit.names
        self._values = fit.values

    def resistance(self, arc: int) -> _Log:
        return self._pick(f"ln R{arc + 1}")

    def capacitance(self, arc: int) -> _Log:
        return self._pick(f"ln τ{arc + 1}").plus(self.resistance(arc), -1.0)

    def bulk_resistance(self, roles: RolesResult) -> _Log | None:
        if roles.bulk is not None:
            return self.resistance(roles.bulk)
        return self._pick("ln R0") if "ln R0" in self._names else None

    def _pick(self, name: str) -> _Log:
        index = self._names.index(name)
        slopes = np.zeros(len(self._names))
        slopes[index] = 1.0
        return _Log(float(self._values[index]), slopes)


class _Report:
    """Turns logarithms into values with intervals."""

    def __init__(self, fit: SpectrumFitResult) -> None:
        from scipy.stats import t as student

        self.values: list[MeasuredValue] = []
        self._covariance = fit.covariance
        self._quantile = float(student.ppf(0.975, fit.n_free))

    def add(self, name: str, log: _Log, unit: str, assumption: str = "") -> None:
        std = float(np.sqrt(log.slopes @ self._covariance @ log.slopes))
        self.values.append(
            MeasuredValue(
                name=name,
                value=float(np.exp(log.value)),
                unit=unit,
                relative_std=std,
                lower=float(np.exp(log.value - self._quantile * std)),
                upper=float(np.exp(log.value + self._quantile * std)),
                label="assumed" if assumption else "fitted",
                assumption=assumption,
            )
        )


def _conductivity(resistance: _Log, ratio_1_cm: float) -> _Log:
    return _Log(float(np.log(ratio_1_cm)) - resistance.value, -resistance.slopes)


def _add(first: _Log, second: _Log) -> _Log:
    """Return the logarithm of a sum."""
    total = float(np.logaddexp(first.value, second.value))
    share = float(np.exp(first.value - total))
    return _Log(total, share * first.slopes + (1.0 - share) * second.slopes)
