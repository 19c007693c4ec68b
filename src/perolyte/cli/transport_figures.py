"""Figures of ``perolyte transport``, drawn by the functions that draw a campaign's.

Those take documents: the runs of one command become one candidate without a campaign.
"""

from __future__ import annotations

from datetime import UTC, datetime

from matplotlib.figure import Figure

from perolyte import __version__
from perolyte.cli.transport_records import TransportReport
from perolyte.jobs import build_conductivity, describe_diffusion
from perolyte.reports.figures import arrhenius_figure, msd_figure
from perolyte.schemas import Provenance, ResultRow, ScreeningSummaryDoc

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
    name = _choose_name(report)
    conductivity = build_conductivity(
        [
            describe_diffusion(run, name=name, mobile_ion=report.ion, equilibration_ps=0.0)
            for run in report.analysed
        ],
        name=name,
        formula=name,
        mobile_ion=report.ion,
        extrapolate_to_K=report.extrapolate_to_K,
        md_settings={"hop_distance_A": report.hop_distance_A},
    )
    # A fixed time: the same trajectories give the same figures.
    provenance = Provenance(
        perolyte_version=__version__, created_at=datetime(2000, 1, 1, tzinfo=UTC)
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
        status=conductivity.status,
        reasons=[],
        conductivity=conductivity,
        warnings=[],
        uuids={},
    )
    return ScreeningSummaryDoc(
        name=name,
        status=conductivity.status,
        provenance=provenance,
        parent_formula=name,
        candidates=[row],
    )


def _choose_name(report: TransportReport) -> str:
    """Return the file of a single run, else what all runs are of."""
    runs = report.analysed
    if len(runs) == 1:
        return runs[0].mobile.source.path.name
    return f"{report.ion} in {len(runs)} trajectories"
