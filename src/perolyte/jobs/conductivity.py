"""From diffusivities at several temperatures to a conductivity law."""

from __future__ import annotations

from typing import Any

import numpy as np
from jobflow import Flow, Response, job
from pymatgen.core import Structure

from perolyte.jobs.identity import assign_identities
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import (
    ArrheniusFit,
    ConductivityDoc,
    ConductivityPoint,
    DiffusionDoc,
    RankingDoc,
    RoomTemperatureConductivity,
    Status,
)
from perolyte.transport import ArrheniusResult, fit_arrhenius

__all__ = ["fit_conductivity", "run_conductivities"]


@job(output_schema=ConductivityDoc)
def fit_conductivity(
    diffusion: list[DiffusionDoc],
    *,
    name: str,
    structure: Structure,
    mobile_ion: str,
    extrapolate_to_K: float,
    md_settings: dict[str, float | int | str],
    campaign: str | None = None,
) -> ConductivityDoc:
    """Fit ln(sigma T) over the temperatures that are converged, and extrapolate if that is allowed.

    Nothing is extrapolated from fewer than three converged temperatures.
    """
    points = sorted(diffusion, key=lambda doc: doc.temperature_K)
    good = [
        (doc.temperature_K, doc.conductivity_S_cm, doc.relative_error)
        for doc in points
        if doc.conductivity_S_cm is not None and doc.relative_error is not None
    ]
    status: Status = "not_converged"
    reasons, arrhenius, room = ["no temperature is converged"], None, None
    if good:
        fit = fit_arrhenius(*np.asarray(good, dtype=float).T)
        status, reasons = fit.status, list(fit.reasons)
        arrhenius, room = _describe_fit(fit, extrapolate_to_K)
    return ConductivityDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name=name,
        status=status,
        reasons=[*reasons, *_reasons_by_temperature(points)],
        warnings=sorted({text for doc in points for text in doc.warnings}),
        provenance=make_provenance(
            potential=points[0].provenance.potential if points else None,
            parent_uuids=[doc.uuid for doc in points],
        ),
        formula=structure.composition.reduced_formula,
        mobile_ion=mobile_ion,
        points=[_as_point(doc) for doc in points],
        arrhenius=arrhenius,
        room_temperature=room,
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


def _describe_fit(
    fit: ArrheniusResult, extrapolate_to_K: float
) -> tuple[ArrheniusFit | None, RoomTemperatureConductivity | None]:
    """Return the fit and the extrapolated value, or nothing where the fit is not converged."""
    if (
        fit.status != "converged"
        or fit.activation_energy_eV is None
        or fit.activation_energy_std_eV is None
        or fit.ln_prefactor is None
    ):
        return None, None
    predicted = fit.predict(extrapolate_to_K)
    return (
        ArrheniusFit(
            activation_energy_eV=fit.activation_energy_eV,
            activation_energy_std_eV=fit.activation_energy_std_eV,
            ln_prefactor=fit.ln_prefactor,
            covariance=np.asarray(fit.covariance).tolist(),
            chi2_reduced=fit.chi2_reduced,
            n_points=fit.n_points,
            temperature_min_K=fit.temperature_min_K,
            temperature_max_K=fit.temperature_max_K,
            model_error=fit.model_error,
        ),
        RoomTemperatureConductivity(
            temperature_K=extrapolate_to_K,
            conductivity_S_cm=float(predicted.conductivity_S_cm),
            lower_S_cm=float(predicted.lower_S_cm),
            upper_S_cm=float(predicted.upper_S_cm),
        ),
    )


def _reasons_by_temperature(points: list[DiffusionDoc]) -> list[str]:
    return [
        f"{doc.temperature_K:g} K: {reason}"
        for doc in points
        if doc.status != "converged"
        for reason in doc.reasons
    ]


def _as_point(doc: DiffusionDoc) -> ConductivityPoint:
    shared = set(ConductivityPoint.model_fields) - {"diffusion_uuid"}
    return ConductivityPoint(**{key: getattr(doc, key) for key in shared}, diffusion_uuid=doc.uuid)
