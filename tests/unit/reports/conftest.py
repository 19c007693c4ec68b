"""Summaries of campaigns that never ran, with numbers that hang together as real ones do."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from perolyte.jobs.summary_boundaries import summarise_boundaries
from perolyte.mesoscale import blocking_factor, brick_layer_conductivity
from perolyte.schemas import (
    ArrheniusFit,
    BindingEnergy,
    ChargeTransport,
    ConductivityDoc,
    ConductivityPoint,
    DopingDescription,
    GrainSizeMap,
    PotentialProvenance,
    Provenance,
    Quantity,
    ResultRow,
    RoomTemperatureConductivity,
    ScreeningSummaryDoc,
)
from perolyte.transport import fit_arrhenius, nernst_einstein_conductivity
from perolyte.units import A2_PER_PS_TO_CM2_PER_S, BOLTZMANN_EV_PER_K
from support.boundary_documents import RESOLVED, make_document

HOP_A = 3.87
N_IONS, VOLUME_A3 = 36, 6260.0
TARGET_K = 300.0
BOUNDARY_S_CM, THICKNESS_NM = 1.6e-8, 1.0
SOURCE = "specific value from apparent 3.8e-5 S/cm at 2.42 µm grains (ARL-TR-7401, 2015)"
RELATIVE_ERROR = 0.12


def provenance() -> Provenance:
    return Provenance(
        perolyte_version="0.1.0",
        created_at=datetime(2026, 1, 15, 9, 30, 12, tzinfo=UTC),
        seed=2026,
        potential=PotentialProvenance(
            name="chgnet", version="0.3.0", weights_sha256="ab" * 32, dtype="float32", device="cpu"
        ),
        parent_uuids=["3f1c2f60-0000-4000-8000-000000000001"],
        input_hash="cd" * 32,
    )


def msd_curve(diffusivity_cm2_s: float, run_ps: float, seed: int) -> tuple[Any, Any]:
    """Return lags (ps) and an MSD (Å²) with vibration, a cage and diffusion, a little noisy."""
    lag = np.unique(np.geomspace(0.1, run_ps / 2, 120).round(2))
    noise = np.random.default_rng(seed).normal(0.0, 0.03, len(lag)).cumsum() * 0.5
    slope = 6 * diffusivity_cm2_s / A2_PER_PS_TO_CM2_PER_S
    return lag, (0.9 * (1 - np.exp(-lag / 0.15)) + slope * lag) * np.exp(noise * lag / run_ps)


def convert(diffusivity_cm2_s: float, temperature_K: float) -> float:
    """Nernst-Einstein conductivity of the cell of all these runs, S/cm."""
    return float(
        nernst_einstein_conductivity(
            diffusivity_cm2_s,
            n_ions=N_IONS,
            charge=1,
            volume_A3=VOLUME_A3,
            temperature_K=temperature_K,
        )
    )


def resolved_point(temperature: float, diffusivity: float, seed: int = 0) -> ConductivityPoint:
    run_ps = 2000.0
    lag, msd = msd_curve(diffusivity, run_ps, seed)
    sigma = convert(diffusivity, temperature)
    factor = math.exp(1.96 * RELATIVE_ERROR)
    return ConductivityPoint(
        temperature_K=temperature,
        diffusivity_cm2_s=diffusivity,
        diffusivity_std_cm2_s=diffusivity * RELATIVE_ERROR,
        conductivity_S_cm=sigma,
        conductivity_std_S_cm=sigma * RELATIVE_ERROR,
        conductivity_lower_S_cm=sigma / factor,
        conductivity_upper_S_cm=sigma * factor,
        charge_transport=ChargeTransport(
            status="converged",
            conductivity_S_cm=2 * sigma,
            conductivity_std_S_cm=0.6 * sigma,
            haven_ratio=0.5,
            haven_ratio_std=0.15,
        ),
        n_net_hops=6 * diffusivity / A2_PER_PS_TO_CM2_PER_S * N_IONS * run_ps / HOP_A**2,
        status="converged",
        reasons=[],
        diffusion_uuids=[f"d-{temperature:g}"],
        lag_ps=lag.tolist(),
        msd_A2=msd.tolist(),
        msd_std_A2=(0.05 * msd * np.sqrt(1 + lag / lag[0] / 20)).tolist(),
        fit_window_ps=(20.0, 400.0),
    )


def unresolved_point(
    temperature: float, *, run_ps: float = 0.7, status: str = "not_converged", seed: int = 0
) -> ConductivityPoint:
    lag, msd = msd_curve(1e-13 * temperature**2, run_ps, seed)
    unphysical = status == "unphysical"
    reason = (
        "framework: Lindemann ratio 0.21 (solid below 0.15), slope of its MSD 0.64 (vibration "
        "below 0.50)"
        if unphysical
        else f"12 net hops, at least 100 needed: the run of {run_ps:g} ps is too short, run about "
        f"{run_ps * 9:.1f} ps"
    )
    return ConductivityPoint(
        temperature_K=temperature,
        diffusivity_cm2_s=None,
        diffusivity_std_cm2_s=None,
        diffusivity_upper_bound_cm2_s=None if unphysical else 7e-4 / run_ps,
        conductivity_upper_bound_S_cm=None if unphysical else convert(7e-4 / run_ps, temperature),
        conductivity_S_cm=None,
        conductivity_std_S_cm=None,
        n_net_hops=12.3,
        status=status,
        reasons=[reason],
        diffusion_uuids=[f"d-{temperature:g}"],
        lag_ps=lag.tolist(),
        msd_A2=msd.tolist(),
        msd_std_A2=(0.05 * msd * np.sqrt(1 + lag / lag[0] / 20)).tolist(),
        fit_window_ps=(0.05 * run_ps, 0.2 * run_ps),
    )


def arrhenius_points(
    temperatures: Sequence[float], energy_eV: float, prefactor_cm2_s: float, seed: int
) -> list[ConductivityPoint]:
    rng = np.random.default_rng(seed)
    scatter = np.exp(rng.normal(0.0, RELATIVE_ERROR / 2, len(temperatures)))
    return [
        resolved_point(
            t, prefactor_cm2_s * np.exp(-energy_eV / (BOLTZMANN_EV_PER_K * t)) * factor, seed + i
        )
        for i, (t, factor) in enumerate(zip(temperatures, scatter, strict=True))
    ]


def grain_map(sigma: tuple[float, float, float], *, label: str, source: str) -> GrainSizeMap:
    sizes = np.geomspace(20.0, 200_000.0, 61)
    shared: dict[str, Any] = {
        "boundary_S_cm": BOUNDARY_S_CM,
        "grain_size_nm": sizes,
        "boundary_thickness_nm": THICKNESS_NM,
    }
    total, lower, upper = (
        np.asarray(brick_layer_conductivity(bulk_S_cm=value, model="series", **shared)).tolist()
        for value in sigma
    )
    values = [
        ("bulk conductivity", sigma[0], "S/cm", label, source),
        ("boundary conductivity (specific)", BOUNDARY_S_CM, "S/cm", "literature", SOURCE),
        ("boundary thickness", THICKNESS_NM, "nm", "literature", SOURCE),
    ]
    return GrainSizeMap(
        temperature_K=TARGET_K,
        grain_size_nm=sizes.tolist(),
        total_S_cm=total,
        lower_S_cm=lower,
        upper_S_cm=upper,
        blocking_factor=np.asarray(blocking_factor(bulk_S_cm=sigma[0], **shared)).tolist(),
        model="brick layer, series",
        parameters=[
            Quantity(name=n, value=v, unit=u, label=tag, source=s) for n, v, u, tag, s in values
        ],
    )


def literature_map() -> GrainSizeMap:
    source = "hot isostatic pressed Li0.35La0.55TiO3, ARL-TR-7401 (2015), room temperature"
    return grain_map((1.5e-3,) * 3, label="literature", source=source)


def fitted(
    points: list[ConductivityPoint],
) -> tuple[ArrheniusFit | None, RoomTemperatureConductivity | None, str, list[str]]:
    """Fit and extrapolate as a campaign does, from three converged temperatures on."""
    good = [p for p in points if p.status == "converged"]
    if len(good) < 3:
        reason = f"{len(good)} distinct temperature(s), at least 3 needed: run or extend others"
        return None, None, "not_converged", [reason]
    fit = fit_arrhenius(
        [p.temperature_K for p in good],
        [p.conductivity_S_cm for p in good],
        [RELATIVE_ERROR for _ in good],
    )
    if fit.status != "converged":
        return None, None, fit.status, list(fit.reasons)
    value = fit.predict(TARGET_K)
    arrhenius = ArrheniusFit(
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
    room = RoomTemperatureConductivity(
        temperature_K=TARGET_K,
        conductivity_S_cm=float(value.conductivity_S_cm),
        lower_S_cm=float(value.lower_S_cm),
        upper_S_cm=float(value.upper_S_cm),
    )
    return arrhenius, room, "converged", []


def conductivity(
    name: str, points: list[ConductivityPoint], *, with_map: bool = True, **settings: float
) -> ConductivityDoc:
    arrhenius, room, status, reasons = fitted(points)
    found = None
    if room and with_map:
        sigma = (room.conductivity_S_cm, room.lower_S_cm, room.upper_S_cm)
        found = grain_map(sigma, label="computed", source=f"document c-{name}")
    reasons += [f"{p.temperature_K:g} K: {r}" for p in points for r in p.reasons]
    return ConductivityDoc(
        uuid=f"c-{name}",
        campaign="demo",
        name=name,
        status=status,
        reasons=reasons,
        warnings=["the run is too short for 5 blocks: ions that move together are not seen"],
        provenance=provenance(),
        formula="Li3La7(TiO3)12",
        mobile_ion="Li",
        points=points,
        arrhenius=arrhenius,
        room_temperature=room,
        grain_size_map=found,
        md_settings={
            "ensemble": "nvt",
            "thermostat": "nose-hoover",
            "time_step_fs": 2.0,
            "production_ps": 2000.0,
            "seed": 2026,
            "hop_distance_A": HOP_A,
            **settings,
        },
    )


def candidate(
    name: str,
    formula: str,
    doc: ConductivityDoc | None,
    *,
    energy_eV: float | None = None,
    **changes: Any,
) -> ResultRow:
    kind = changes.pop("kind", "doping")
    element = "".join(c for c in name.split("-", maxsplit=1)[0] if c.isalpha()) or "Sr"
    doping = DopingDescription(
        element=element,
        scheme=name.rsplit("-", maxsplit=1)[-1],
        reaction="2 La•_A + O×_O → 2 Sr×_A + V••_O",
        n_dopants=2,
        basis="A sites",
        fraction_requested=0.15,
        fraction_achieved=2 / 12,
    )
    room = doc.room_temperature if doc else None
    values: dict[str, Any] = {
        "rank": 0,
        "ranked_by": "conductivity"
        if room
        else ("unresolved" if energy_eV is None else "reaction_energy"),
        "name": name,
        "kind": kind,
        "formula": formula,
        "n_atoms": 58,
        "doping": doping if kind == "doping" else None,
        "relax_status": "converged",
        "relaxed_energy_per_atom_eV": -7.98712345,
        "reaction_energy_eV_per_dopant": energy_eV,
        "reaction": None if kind == "parent" else "parent + 2 SrO → candidate + 0.5 La2O3",
        "status": doc.status if doc else "not_run",
        "reasons": doc.reasons if doc else [],
        "conductivity": doc,
        "warnings": doc.warnings if doc else [],
        "uuids": {
            "candidate_set": "set-1",
            "relaxation": f"r-{name}",
            "conductivity": doc.uuid if doc else None,
        },
    }
    return ResultRow(**values | changes)


def summarise(rows: list[ResultRow], **changes: Any) -> ScreeningSummaryDoc:
    ranked = [row.model_copy(update={"rank": i}) for i, row in enumerate(rows, start=1)]
    values: dict[str, Any] = {
        "uuid": "summary-1",
        "campaign": "demo",
        "name": "demo",
        "status": "converged",
        "provenance": provenance(),
        "warnings": ["the lowest Ewald energy of 200 arrangements was taken"],
        "parent_formula": "Li3La7(TiO3)12",
        "candidates": ranked,
        "reference_map": literature_map(),
        "campaign_file_sha256": "ef" * 32,
    }
    return ScreeningSummaryDoc(**values | changes)


@pytest.fixture(scope="session")
def unresolved() -> ScreeningSummaryDoc:
    """Three temperatures each, all far too short."""

    def short(name: str) -> ConductivityDoc:
        points = [unresolved_point(t, seed=i) for i, t in enumerate((1000.0, 1250.0, 1500.0))]
        return conductivity(name, points)

    return summarise(
        [
            candidate("parent", "Li3La7(TiO3)12", short("parent"), energy_eV=0.0, kind="parent"),
            candidate("Sr2-S3", "Sr2Li2La6(TiO3)12", short("Sr2-S3"), energy_eV=0.312),
            candidate("Ba2-S3", "Ba2Li2La6(TiO3)12", None, energy_eV=0.871),
            candidate("Al1-A1", "Li4La7AlTi11O36", None, energy_eV=1.244),
            candidate("V_O", "LiLa7Ti12O35", None, energy_eV=4.62, kind="vacancy"),
        ],
        status="not_converged",
        reasons=["conductivity not resolved: parent, Sr2-S3"],
    )


@pytest.fixture(scope="session")
def mixed() -> ScreeningSummaryDoc:
    """Two converged, one with too few temperatures, one that melts, one that did not relax."""
    hot = (700.0, 850.0, 1000.0, 1200.0)
    partial = [*arrhenius_points(hot[2:], 0.37, 9e-4, 40), unresolved_point(700.0, run_ps=400.0)]
    melted = [
        *arrhenius_points(hot[:3], -0.15, 5e-7, 50),
        unresolved_point(1200.0, run_ps=300.0, status="unphysical", seed=4),
    ]
    return summarise(
        [
            candidate(
                "Sr2-S3",
                "Sr2Li2La6(TiO3)12",
                conductivity(
                    "Sr2-S3",
                    [*arrhenius_points(hot, 0.29, 8e-4, 10), unresolved_point(550.0, run_ps=600.0)],
                ),
                energy_eV=0.312,
            ),
            candidate(
                "parent",
                "Li3La7(TiO3)12",
                conductivity("parent", arrhenius_points(hot, 0.34, 9e-4, 20)),
                energy_eV=0.0,
                kind="parent",
            ),
            candidate(
                "Ba2-S3", "Ba2Li2La6(TiO3)12", conductivity("Ba2-S3", partial), energy_eV=0.871
            ),
            candidate(
                "Al2-A2", "Li2La6Al2Ti10O36", conductivity("Al2-A2", melted), energy_eV=-0.154
            ),
            candidate(
                "Ge1-A1",
                "Li4La7GeTi11O36",
                None,
                relax_status="not_converged",
                relaxed_energy_per_atom_eV=None,
                reasons=["largest force 0.312 eV/Å is above 0.05 eV/Å; allow more steps"],
            ),
        ]
    )


@pytest.fixture(scope="session")
def nothing_run() -> ScreeningSummaryDoc:
    """Relaxations only."""
    return summarise(
        [
            candidate("parent", "Li3La7(TiO3)12", None, energy_eV=0.0, kind="parent"),
            candidate("Sr2-S3", "Sr2Li2La6(TiO3)12", None, energy_eV=0.312),
            candidate("Ba2-S3", "Ba2Li2La6(TiO3)12", None, energy_eV=0.871),
        ],
        reference_map=None,
    )


@pytest.fixture(scope="session")
def many() -> ScreeningSummaryDoc:
    """Fifteen candidates, all converged but the last two."""
    elements = ("Na", "K", "Rb", "Ca", "Sr", "Ba", "Mg", "Zn", "Al", "Ga", "In", "Sc", "Y", "Nb")
    hot = (700.0, 850.0, 1000.0, 1200.0)
    rows = [
        candidate(
            "parent",
            "Li3La7(TiO3)12",
            conductivity("parent", arrhenius_points(hot, 0.34, 9e-4, 7)),
            energy_eV=0.0,
            kind="parent",
        )
    ]
    for i, element in enumerate(elements):
        name = f"{element}2-S{i % 4 + 1}"
        points = arrhenius_points(hot, 0.27 + 0.012 * i, 7e-4, 100 + 10 * i)
        if i >= 12:
            points = [unresolved_point(t, run_ps=200.0) for t in hot]
        doc = conductivity(name, points)
        rows.append(candidate(name, f"{element}2Li2La6(TiO3)12", doc, energy_eV=-0.4 + 0.21 * i))
    rows.sort(
        key=lambda r: (
            -(
                r.conductivity.room_temperature.conductivity_S_cm
                if r.conductivity.room_temperature
                else 0.0
            )
        )
    )  # type: ignore[union-attr]
    return summarise(rows)


@pytest.fixture(scope="session")
def one_point() -> ScreeningSummaryDoc:
    """One candidate with one converged temperature."""
    doc = conductivity("parent", [resolved_point(1000.0, 5e-6)])
    return summarise(
        [candidate("parent", "Li3La7(TiO3)12", doc, energy_eV=0.0, kind="parent")],
        reference_map=None,
    )


@pytest.fixture(scope="session")
def every_summary(
    unresolved: ScreeningSummaryDoc,
    mixed: ScreeningSummaryDoc,
    nothing_run: ScreeningSummaryDoc,
    many: ScreeningSummaryDoc,
    one_point: ScreeningSummaryDoc,
) -> dict[str, ScreeningSummaryDoc]:
    return {
        "unresolved": unresolved,
        "mixed": mixed,
        "nothing_run": nothing_run,
        "many": many,
        "one_point": one_point,
    }


@pytest.fixture(scope="session")
def make_hostile() -> Callable[[ScreeningSummaryDoc], ScreeningSummaryDoc]:
    """Rename the second candidate so that HTML, rich and matplotlib would each stumble."""

    def rename(summary: ScreeningSummaryDoc) -> ScreeningSummaryDoc:
        name = "_<script>alert('$x^$ [bold]')</script>"
        rows = [
            row.model_copy(
                update={"name": name, "reasons": [f"{name} & co"], "warnings": [f"{name}: mind"]}
            )
            if row.rank == 2
            else row
            for row in summary.candidates
        ]
        return summary.model_copy(update={"candidates": rows, "campaign": "<b>demo</b>"})

    return rename


@pytest.fixture(scope="session")
def with_boundaries(nothing_run: ScreeningSummaryDoc) -> ScreeningSummaryDoc:
    """Simulated boundaries: one with a value and bounds, one with neither."""
    found, _ = summarise_boundaries(
        [
            make_document(name="parent sigma13 (3 2 0)", candidate="parent", **RESOLVED),
            make_document(
                name="Sr2-S3 sigma5 (2 1 0)",
                candidate="Sr2-S3",
                boundary_energy_J_m2=None,
                warnings=["a poor proxy"],
            ),
        ]
    )
    return nothing_run.model_copy(update={"simulated_boundaries": found})


@pytest.fixture(scope="session")
def bound(nothing_run: ScreeningSummaryDoc) -> ScreeningSummaryDoc:
    """A screening with a defect pair at two distances, one of them not relaxed."""
    common = {"relax_uuid": "r", "first": "Al", "second": "vacancy_X"}
    near = BindingEnergy(
        name="Al2-A3-n1",
        shell=1,
        distance_A=1.935,
        energy_eV=-0.4213,
        reference="Al2-A3-n3",
        reference_distance_A=5.8,
        **common,
    )
    failed = BindingEnergy(
        name="Al2-A3-n2",
        shell=2,
        distance_A=4.33,
        energy_eV=None,
        reference="Al2-A3-n3",
        reference_distance_A=5.8,
        reason="relaxation not converged: Al2-A3-n2",
        **common,
    )
    return nothing_run.model_copy(update={"binding_energies": [near, failed]})
