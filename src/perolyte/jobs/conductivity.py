"""From diffusivities at several temperatures to a conductivity law."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import Any

import numpy as np
from jobflow import Flow, Response, job
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs.averaging import average_runs
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import (
    ArrheniusFit,
    ConductivityDoc,
    ConductivityPoint,
    DiffusionDoc,
    RankingDoc,
    RegimeChange,
    RegimeSegment,
    RoomTemperatureConductivity,
    Status,
    VogelFit,
)
from perolyte.transport import ANALYSIS_VERSION, ArrheniusResult, fit_arrhenius

__all__ = [
    "build_conductivity",
    "describe_line",
    "fit_conductivity",
    "run_conductivities",
]


@job(output_schema=ConductivityDoc)
def fit_conductivity(
    diffusion: list[DiffusionDoc], *, structure: Structure | None = None, **settings: Any
) -> ConductivityDoc:
    """Do what :func:`build_conductivity` does, as a job.

    Parameters
    ----------
    structure
        Its formula is that of the document; by default the one of the runs.
    """
    formula = None if structure is None else structure.composition.reduced_formula
    document = build_conductivity(diffusion, formula=formula, **settings)
    return document.model_copy(update={"uuid": current_uuid()})


def build_conductivity(
    diffusion: list[DiffusionDoc],
    *,
    name: str,
    mobile_ion: str,
    extrapolate_to_K: float,
    md_settings: dict[str, float | int | str],
    formula: str | None = None,
    campaign: str | None = None,
) -> ConductivityDoc:
    """Fit ln(sigma T) over the temperatures that are converged, and extrapolate if that is allowed.

    Nothing is extrapolated from fewer than three converged temperatures, across a change of
    regime, or against the upper bound of a temperature that did not converge.

    Parameters
    ----------
    diffusion
        Runs, in any order; several of one temperature are averaged first.
    md_settings
        Kept with the document.
    formula
        Of the document; by default the one that all runs have.

    Raises
    ------
    InputError
        For runs of different compounds, or without any run that names one.
    """
    runs = sorted(diffusion, key=lambda doc: doc.temperature_K)
    points = [
        average_runs(list(of_one)) for _, of_one in groupby(runs, key=lambda doc: doc.temperature_K)
    ]
    status: Status = "not_converged"
    reasons, fit = ["no temperature is converged"], _fit_line([_tracer(point) for point in points])
    if fit is not None:
        status, reasons = fit.status, list(fit.reasons)
    charge_fit = _fit_line([_charge(point) for point in points])
    charge_line = None if charge_fit is None else describe_line(charge_fit)
    return ConductivityDoc(
        campaign=campaign,
        name=name,
        status=status,
        reasons=[*reasons, *_reasons_by_temperature(points)],
        warnings=sorted({text for doc in runs for text in doc.warnings}),
        provenance=make_provenance(
            potential=runs[0].provenance.potential if runs else None,
            parent_uuids=[doc.uuid for doc in runs],
        ),
        formula=formula or _find_formula(runs),
        mobile_ion=mobile_ion,
        points=points,
        arrhenius=None if fit is None else describe_line(fit),
        room_temperature=None if fit is None else _extrapolate(fit, extrapolate_to_K),
        regime_change=None if fit is None else _describe_change(fit),
        vogel=None if fit is None else _describe_vogel(fit),
        charge_arrhenius=charge_line,
        charge_room_temperature=(
            None if charge_fit is None else _extrapolate(charge_fit, extrapolate_to_K)
        ),
        charge_reasons=_explain_no_charge_line(charge_fit),
        extrapolate_to_K=extrapolate_to_K,
        analysis_version=ANALYSIS_VERSION,
        md_settings=md_settings,
    )


@job
def run_conductivities(
    ranking: RankingDoc, conductivity_maker: Any, *, hop_distance_A: float
) -> Response:
    """Run a conductivity flow for every selected candidate.

    Parameters
    ----------
    ranking
        Its ``selected`` candidates are run.
    conductivity_maker
        A :class:`~perolyte.flows.ConductivityMaker`, or a maker with the same ``make``.
    hop_distance_A
        Used where the maker has none of its own.

    Returns
    -------
    Response
        Replaces itself with a flow whose output is a list of
        :class:`~perolyte.schemas.ConductivityDoc`.
    """
    hop_A = conductivity_maker.hop_distance_A or hop_distance_A
    flows = [
        conductivity_maker.make(doc.structure, candidate=doc.name, hop_distance_A=hop_A)
        for doc in ranking.selected
    ]
    output = [flow.output for flow in flows]
    if not flows:
        return Response(output=[])
    return Response(replace=assign_identities(Flow(flows, output=output, name="conductivities")))


def _find_formula(runs: list[DiffusionDoc]) -> str:
    formulas = sorted({doc.formula for doc in runs if doc.formula})
    if len(formulas) != 1:
        found = ", ".join(formulas) or "no formula"
        raise InputError(
            f"the runs are of {found}; a conductivity is that of one compound: give the runs of "
            "one, or its formula"
        )
    return formulas[0]


_Measured = tuple[float, float | None, float | None, float | None]
"""Temperature in K, conductivity in S/cm with its relative error, and an upper bound in S/cm."""


def _tracer(point: ConductivityPoint) -> _Measured:
    bound_S_cm = point.conductivity_upper_bound_S_cm
    return point.temperature_K, point.conductivity_S_cm, point.relative_error, bound_S_cm


def _charge(point: ConductivityPoint) -> _Measured:
    charge = point.charge_transport
    if charge is None:
        return point.temperature_K, None, None, None
    bound_S_cm = charge.conductivity_upper_bound_S_cm
    return point.temperature_K, charge.conductivity_S_cm, charge.relative_error, bound_S_cm


def _fit_line(measured: list[_Measured]) -> ArrheniusResult | None:
    """Fit what is converged against the bounds of what is not; None where nothing is converged."""
    good = [(T, sigma, error) for T, sigma, error, _ in measured if sigma and error]
    bounds = [(T, bound) for T, sigma, _, bound in measured if sigma is None and bound]
    if not good:
        return None
    return fit_arrhenius(*np.asarray(good, dtype=float).T, upper_bounds=bounds or None)


def describe_line(fit: ArrheniusResult) -> ArrheniusFit | None:
    """Return the line as part of a document, nothing where it is not converged."""
    if (
        fit.status != "converged"
        or fit.activation_energy_eV is None
        or fit.activation_energy_std_eV is None
        or fit.ln_prefactor is None
    ):
        return None
    return ArrheniusFit(
        activation_energy_eV=fit.activation_energy_eV,
        activation_energy_std_eV=fit.activation_energy_std_eV,
        activation_energy_interval_eV=fit.activation_energy_interval_eV,
        ln_prefactor=fit.ln_prefactor,
        covariance=np.asarray(fit.covariance).tolist(),
        chi2_reduced=fit.chi2_reduced,
        n_points=fit.n_points,
        temperature_min_K=fit.temperature_min_K,
        temperature_max_K=fit.temperature_max_K,
        model_error=fit.model_error,
    )


def _extrapolate(fit: ArrheniusResult, temperature_K: float) -> RoomTemperatureConductivity | None:
    if fit.status != "converged":
        return None
    predicted = fit.predict(temperature_K)
    return RoomTemperatureConductivity(
        temperature_K=temperature_K,
        conductivity_S_cm=float(predicted.conductivity_S_cm),
        lower_S_cm=float(predicted.lower_S_cm),
        upper_S_cm=float(predicted.upper_S_cm),
    )


def _describe_change(fit: ArrheniusResult) -> RegimeChange | None:
    kink = fit.kink
    if kink is None:
        return None
    below, above = (RegimeSegment(**asdict(part)) for part in (kink.below, kink.above))
    return RegimeChange(form=kink.form, temperature_K=kink.temperature_K, below=below, above=above)


def _describe_vogel(fit: ArrheniusResult) -> VogelFit | None:
    vogel = fit.vogel
    if vogel is None:
        return None
    return VogelFit(
        ln_prefactor=vogel.ln_prefactor,
        pseudo_energy_eV=vogel.pseudo_energy_eV,
        pseudo_energy_std_eV=vogel.pseudo_energy_std_eV,
        vogel_temperature_K=vogel.vogel_temperature_K,
        vogel_temperature_std_K=vogel.vogel_temperature_std_K,
        bic_minus_line=vogel.bic,
        is_preferred=vogel.is_preferred,
    )


def _explain_no_charge_line(fit: ArrheniusResult | None) -> list[str]:
    if fit is None:
        return ["no temperature has a converged charge diffusivity"]
    return list(fit.reasons)


def _reasons_by_temperature(points: list[ConductivityPoint]) -> list[str]:
    return [
        f"{doc.temperature_K:g} K: {reason}"
        for doc in points
        if doc.status != "converged"
        for reason in doc.reasons
    ]
