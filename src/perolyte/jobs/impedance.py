"""From an impedance file to conductivities of bulk and boundaries."""

from __future__ import annotations

from typing import Any

from jobflow import job

from perolyte.errors import InputError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.mesoscale import (
    CeramicResult,
    CircuitChoiceResult,
    SampleGeometry,
    choose_circuit,
    derive_conductivities,
)
from perolyte.schemas import (
    ArcDescription,
    CircuitDescription,
    CircuitParameter,
    ImpedanceDoc,
    KramersKronigDescription,
    MeasuredQuantity,
    SampleDescription,
)
from perolyte.schemas.base import Status
from perolyte.spectra import (
    ImpedanceSpectrum,
    KramersKronigResult,
    check_kramers_kronig,
    read_spectrum,
)
from perolyte.spectra.reading import ImaginaryName

__all__ = ["analyse_impedance", "describe_impedance"]

_AUTOCORRELATION = 0.5
_SEEN_NOISE = 1e-4
"""Of |Z|: misfits below are those of rounding, whatever their order."""


@job(output_schema=ImpedanceDoc)
def analyse_impedance(
    path: str,
    *,
    name: str,
    sample: dict[str, Any] | None = None,
    imaginary: ImaginaryName = "auto",
    max_arcs: int = 3,
    sha256: str | None = None,
    campaign: str | None = None,
) -> ImpedanceDoc:
    """Read a spectrum and fit it.

    Parameters
    ----------
    path
        Of the file (:func:`perolyte.spectra.read_spectrum`).
    name
        Of the document.
    sample
        Fields of :class:`~perolyte.schemas.SampleDescription`; length, area and temperature may
        stand in the file.
    imaginary
        What the imaginary column holds.
    max_arcs
        1 to 4.
    sha256
        Of the file when the flow was built; another content is refused, because the job is known
        by this one.
    campaign
        Name that the document carries.

    Returns
    -------
    ImpedanceDoc
        "not_converged" without a circuit or a conductivity, "unphysical" for a spectrum that fails
        the Kramers-Kronig test.

    Raises
    ------
    InputError
        Naming the file, for what cannot be read, or a sample whose size is not stated.
    """
    spectrum = read_spectrum(path, imaginary=imaginary)
    if sha256 not in (None, spectrum.sha256):
        raise InputError(
            f"{path} has changed since the flow was built (SHA-256 {spectrum.sha256[:12]}, was "
            f"{str(sha256)[:12]}); build the flow again"
        )
    document = describe_impedance(spectrum, name=name, sample=sample, max_arcs=max_arcs)
    return document.model_copy(update={"uuid": current_uuid(), "campaign": campaign})


def describe_impedance(
    spectrum: ImpedanceSpectrum,
    *,
    name: str,
    sample: dict[str, Any] | None = None,
    max_arcs: int = 3,
) -> ImpedanceDoc:
    """Test and fit a spectrum, and build its document.

    Parameters
    ----------
    spectrum
        As read.
    name, sample, max_arcs
        As :func:`analyse_impedance`.

    Raises
    ------
    InputError
        For a sample whose size is not known, or that cannot be.
    """
    described = _complete_sample(spectrum, sample or {})
    geometry = SampleGeometry(
        **described.model_dump(exclude={"composition", "temperature_K"}),
    )
    tested, warnings = _test(spectrum)
    choice, reasons = _choose(spectrum, max_arcs)
    found = None
    if choice is not None:
        found = derive_conductivities(choice.fit, spectrum.frequency_Hz, geometry)
        warnings += [*found.warnings, *_judge_residuals(choice)]
        if found.find("bulk conductivity") is None and found.roles.boundary is None:
            reasons.append("the spectrum shows neither bulk nor boundaries")
    status: Status = "not_converged" if reasons else "converged"
    if tested is not None and not tested.is_consistent:
        status = "unphysical"
        reasons.append(
            f"Kramers-Kronig residuals of {100 * tested.systematic:.1f} % over several "
            f"frequencies, beside noise of {100 * tested.noise:.1f} %: not linear, or changing "
            "while measured"
        )
    return ImpedanceDoc(
        name=name,
        status=status,
        reasons=reasons,
        warnings=warnings,
        provenance=make_provenance(input_hash=spectrum.sha256),
        source=str(spectrum.path),
        notes=list(spectrum.notes),
        sample=described,
        frequency_Hz=spectrum.frequency_Hz.tolist(),
        real_ohm=spectrum.impedance_ohm.real.tolist(),
        imaginary_ohm=spectrum.impedance_ohm.imag.tolist(),
        circuit=None if choice is None or found is None else _describe_circuit(choice, found),
        kramers_kronig=None if tested is None else _describe_test(tested),
        values=[] if found is None else [MeasuredQuantity(**vars(v)) for v in found.values],
    )


def _complete_sample(spectrum: ImpedanceSpectrum, sample: dict[str, Any]) -> SampleDescription:
    """Take from the file what the user does not give."""
    given = {key: value for key, value in sample.items() if value is not None}
    unknown = sorted(set(given) - set(SampleDescription.model_fields))
    if unknown:
        raise InputError(
            f"sample has {', '.join(unknown)}; allowed are "
            f"{', '.join(SampleDescription.model_fields)}"
        )
    for key in ("length_cm", "area_cm2", "temperature_K"):
        stated = getattr(spectrum, key)
        if stated is not None:
            given.setdefault(key, stated)
    missing = [key for key in ("length_cm", "area_cm2") if key not in given]
    if missing:
        raise InputError(
            f"{spectrum.path.name}: {' and '.join(missing)} of the sample not known; a resistance "
            "alone is no conductivity: give them, or write '# length_cm = 0.1' into the file"
        )
    temperature_K = given.get("temperature_K")
    if temperature_K is not None and not 0 < temperature_K < 1e4:
        raise InputError(
            f"temperature_K is {temperature_K:g} K; it must be above 0 and below 10000: give kelvin"
        )
    return SampleDescription(**given)


def _test(spectrum: ImpedanceSpectrum) -> tuple[KramersKronigResult | None, list[str]]:
    try:
        return check_kramers_kronig(spectrum.frequency_Hz, spectrum.impedance_ohm), []
    except InputError as err:
        return None, [f"not tested: {err}"]


def _choose(
    spectrum: ImpedanceSpectrum, max_arcs: int
) -> tuple[CircuitChoiceResult | None, list[str]]:
    if not 1 <= max_arcs <= 4:
        raise InputError(f"max_arcs is {max_arcs}; it must be from 1 to 4: leave it at 3")
    try:
        found = choose_circuit(spectrum.frequency_Hz, spectrum.impedance_ohm, max_arcs=max_arcs)
    except InputError as err:
        return None, [str(err)]
    return found, []


def _judge_residuals(choice: CircuitChoiceResult) -> list[str]:
    fit = choice.fit
    if fit.relative_noise > _SEEN_NOISE and fit.autocorrelation > _AUTOCORRELATION:
        doubt = (
            "neighbouring residuals of the fit are alike (autocorrelation "
            f"{fit.autocorrelation:.2f}, misfit {100 * fit.relative_noise:.2g} %): the circuit is "
            "not quite the sample's, and the errors are too small"
        )
        return [doubt]
    return []


def _describe_circuit(choice: CircuitChoiceResult, found: CeramicResult) -> CircuitDescription:
    fit, circuit = choice.fit, choice.fit.circuit
    electrode = circuit.electrode
    return CircuitDescription(
        label=circuit.label,
        arcs=[
            ArcDescription(
                role=role,
                resistance_ohm=arc.resistance_ohm,
                cpe_coefficient=arc.element.coefficient,
                cpe_exponent=arc.element.exponent,
                capacitance_F=arc.capacitance_F,
                peak_frequency_Hz=arc.peak_frequency_Hz,
            )
            for role, arc in zip(found.roles.roles, circuit.arcs, strict=True)
        ],
        electrode_coefficient=None if electrode is None else electrode.coefficient,
        electrode_exponent=None if electrode is None else electrode.exponent,
        series_resistance_ohm=circuit.series_resistance_ohm,
        parameters=[
            CircuitParameter(
                name=name,
                value=float(value),
                std=float(variance**0.5),
                is_at_limit=name in fit.at_limit,
            )
            for name, value, variance in zip(
                fit.names, fit.values, fit.covariance.diagonal(), strict=True
            )
        ],
        covariance=fit.covariance.tolist(),
        correlated=list(fit.correlated()),
        relative_noise=fit.relative_noise,
        autocorrelation=fit.autocorrelation,
        tried=list(choice.tried),
    )


def _describe_test(tested: KramersKronigResult) -> KramersKronigDescription:
    return KramersKronigDescription(
        is_consistent=tested.is_consistent,
        systematic=tested.systematic,
        noise=tested.noise,
        n_elements=tested.n_elements,
        mu=tested.mu,
    )
