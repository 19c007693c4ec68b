"""Figures of ``perolyte transport``, drawn by the functions that draw a campaign's.

Those take documents: the runs of one command become one candidate without a campaign.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from matplotlib.figure import Figure

from perolyte import __version__
from perolyte.cli.transport_records import TransportReport
from perolyte.reports.figures import arrhenius_figure, msd_figure
from perolyte.schemas import (
    ArrheniusFit,
    ConductivityDoc,
    ConductivityPoint,
    Provenance,
    ResultRow,
    RoomTemperatureConductivity,
    ScreeningSummaryDoc,
    Status,
)
from perolyte.trajectories import RunTransport

__all__ = ["draw_figures"]


def draw_figures(report: TransportReport) -> dict[str, Figure]:
    """Return the MSD of every run, and σT over 1/T for two temperatures or more, by name.

    Parameters
    ----------
    report
        With at least one run that could be analysed.
    """
    summary = _as_summary(report)
    figures = {"msd": msd_figure(summary)}
    if report.arrhenius is not None:
        figures["arrhenius"] = arrhenius_figure(summary)
    return figures


def _as_summary(report: TransportReport) -> ScreeningSummaryDoc:
    # A fixed time: the same trajectories give the same figures.
    provenance = Provenance(
        perolyte_version=__version__, created_at=datetime(2000, 1, 1, tzinfo=UTC)
    )
    status: Status = "not_converged" if report.arrhenius is None else report.arrhenius.status
    name = _choose_name(report)
    conductivity = ConductivityDoc(
        name=name,
        status=status,
        provenance=provenance,
        formula=name,
        mobile_ion=report.ion,
        points=[_as_point(run) for run in report.analysed],
        arrhenius=_as_fit(report),
        room_temperature=_as_room(report),
        md_settings={"hop_distance_A": report.hop_distance_A},
    )
    row = ResultRow(
        rank=1,
        ranked_by="unresolved",
        name=name,
        kind="trajectories",
        formula=name,
        n_atoms=report.analysed[0].mobile.source.n_atoms,
        doping=None,
        relax_status="not_run",
        relaxed_energy_per_atom_eV=None,
        reaction_energy_eV_per_dopant=None,
        reaction=None,
        status=status,
        reasons=[],
        conductivity=conductivity,
        warnings=[],
        uuids={},
    )
    return ScreeningSummaryDoc(
        name=name, status=status, provenance=provenance, parent_formula=name, candidates=[row]
    )


def _choose_name(report: TransportReport) -> str:
    """Return the file of a single run, else what all runs are of."""
    runs = report.analysed
    if len(runs) == 1:
        return runs[0].mobile.source.path.name
    return f"{report.ion} in {len(runs)} trajectories"


def _as_point(run: RunTransport) -> ConductivityPoint:
    fit = run.diffusivity
    return ConductivityPoint(
        temperature_K=run.temperature_K,
        diffusivity_cm2_s=fit.diffusivity_cm2_s,
        diffusivity_std_cm2_s=fit.diffusivity_std_cm2_s,
        diffusivity_upper_bound_cm2_s=fit.diffusivity_upper_bound_cm2_s,
        conductivity_S_cm=run.to_conductivity(fit.diffusivity_cm2_s),
        conductivity_std_S_cm=run.to_conductivity(fit.diffusivity_std_cm2_s),
        n_net_hops=fit.n_net_hops,
        status=fit.status,
        reasons=list(fit.reasons),
        diffusion_uuid=None,
        lag_ps=fit.lag_ps.tolist(),
        msd_A2=fit.msd_A2.tolist(),
        fit_window_ps=fit.window_ps,
    )


def _as_fit(report: TransportReport) -> ArrheniusFit | None:
    fit = report.arrhenius
    if (
        fit is None
        or fit.status != "converged"
        or fit.activation_energy_eV is None
        or fit.activation_energy_std_eV is None
        or fit.ln_prefactor is None
    ):
        return None
    return ArrheniusFit(
        activation_energy_eV=fit.activation_energy_eV,
        activation_energy_std_eV=fit.activation_energy_std_eV,
        ln_prefactor=fit.ln_prefactor,
        covariance=np.asarray(fit.covariance).tolist(),
        chi2_reduced=fit.chi2_reduced,
        n_points=fit.n_points,
        temperature_min_K=fit.temperature_min_K,
        temperature_max_K=fit.temperature_max_K,
        model_error=fit.model_error,
    )


def _as_room(report: TransportReport) -> RoomTemperatureConductivity | None:
    fit = report.arrhenius
    if fit is None or fit.status != "converged":
        return None
    read = fit.predict(report.extrapolate_to_K)
    return RoomTemperatureConductivity(
        temperature_K=report.extrapolate_to_K,
        conductivity_S_cm=float(read.conductivity_S_cm),
        lower_S_cm=float(read.lower_S_cm),
        upper_S_cm=float(read.upper_S_cm),
    )
