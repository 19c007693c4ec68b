"""From stored runs of bulk and boundary to a resistance that is known beforehand.

Walkers hop on a lattice of which every few links along z are slower. A slow link in series with the
others adds a (1/slow - 1)/σ to the resistance, a being the distance of the layers. Everything after
the walk is what a flow does: files of a run, diffusivities, a conductivity, the document.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from perolyte.jobs import build_boundary_document, build_grain_size_map
from perolyte.jobs.conductivity import build_conductivity
from perolyte.jobs.diffusion import analyse_diffusion
from perolyte.schemas import (
    BoundaryScreenDoc,
    ConductivityDoc,
    GrainBoundaryDoc,
    GrainSizeSettings,
)
from perolyte.transport import nernst_einstein_conductivity
from perolyte.units import BOLTZMANN_EV_PER_K
from support.crossing_walkers import (
    FRAME_FS,
    HOP_A,
    WIDTH,
    grain_diffusivity_cm2_s,
    store_runs,
    walk,
)
from support.documents import PROVENANCE

TEMPERATURES_K = [800.0, 1000.0, 1250.0]
GRAIN_eV, LINK_eV = 0.15, 0.35
"""Activation energies of D in the grain, and of the conductance of a slow link."""
N_LAYERS, N_FRAMES, N_IONS = 5, 5000, 150
THICKNESS_A = 10.0
CM_PER_A = 1e-8


def attempt(kelvin):
    """0.2 at 1250 K, for D with its activation energy."""
    return 0.2 * math.exp(-GRAIN_eV / BOLTZMANN_EV_PER_K * (1 / kelvin - 1 / 1250.0))


def slowness(kelvin):
    """0.3 at 1250 K: slow/(1 - slow), the conductance of the excess, follows an Arrhenius law."""
    excess = LINK_eV - GRAIN_eV
    ratio = 3 / 7 * math.exp(-excess / BOLTZMANN_EV_PER_K * (1 / kelvin - 1 / 1250.0))
    return ratio / (1 + ratio)


def grain_S_cm(kelvin, n_layers=N_LAYERS, chance=None):
    return nernst_einstein_conductivity(
        grain_diffusivity_cm2_s(chance or attempt(kelvin)),
        n_ions=N_IONS,
        charge=1.0,
        volume_A3=WIDTH**2 * 2 * n_layers * HOP_A**3,
        temperature_K=kelvin,
    )


def true_resistance_ohm_cm2(kelvin):
    return HOP_A * CM_PER_A * (1 / slowness(kelvin) - 1) / grain_S_cm(kelvin)


def screen(**changes):
    given = {
        "uuid": "screen",
        "name": "walkers",
        "status": "converged",
        "provenance": PROVENANCE,
        "sigma_value": 13,
        "miller": (3, 2, 0),
        "axis": (0, 0, 1),
        "formula": "LiO",
        "mobile_ion": "Li",
        "energies": [],
        "chosen": "a cell",
        "chosen_stage": "relaxed",
        "boundary_energy_J_m2": 1.0,
        "bulk_energy_eV": -1.0,
        "structure": None,
        "separation_A": N_LAYERS * HOP_A,
    }
    return BoundaryScreenDoc(**given | changes)


def measure_bulk(runs, temperatures_K):
    """Return the ConductivityDoc of runs without slow links."""
    points = [
        analyse_diffusion.original(
            runs,
            position=position,
            name="bulk",
            mobile_ion="Li",
            charge=1.0,
            hop_distance_A=HOP_A,
            temperature_K=kelvin,
            time_step_fs=FRAME_FS,
            trajectory_uuid="runs",
        )
        for position, kelvin in enumerate(temperatures_K)
    ]
    return build_conductivity(
        points, name="bulk", mobile_ion="Li", extrapolate_to_K=300.0, md_settings={}
    )


def build(runs, bulk, temperatures_K, **changes):
    return build_boundary_document(
        runs,
        bulk,
        screen(**changes),
        name="walkers",
        mobile_ion="Li",
        charge=1.0,
        temperatures_K=temperatures_K,
        hop_distance_A=HOP_A,
        equilibration_ps=0.0,
        thickness_A=THICKNESS_A,
        slab_width_A=6.0,
    )


@pytest.fixture(scope="module")
def measured() -> tuple[GrainBoundaryDoc, ConductivityDoc]:
    """Boundary and bulk of three temperatures, from files like those of an MD job."""
    walks = {
        name: [
            walk(
                seed + 10 * index,
                n_layers=N_LAYERS,
                slow=slowness(kelvin) if name == "cell" else 1.0,
                n_frames=N_FRAMES,
                n_ions=N_IONS,
                attempt=attempt(kelvin),
            )
            for index, kelvin in enumerate(TEMPERATURES_K)
        ]
        for seed, name in enumerate(("cell", "bulk"), start=1)
    }
    stored = {
        name: store_runs(found, TEMPERATURES_K, n_layers=N_LAYERS) for name, found in walks.items()
    }
    bulk = measure_bulk(stored["bulk"], TEMPERATURES_K)
    return build(stored["cell"], bulk, TEMPERATURES_K), bulk


@pytest.fixture(scope="module")
def document(measured) -> GrainBoundaryDoc:
    return measured[0]


def test_the_area_resistance_is_that_of_the_slow_links(document):
    assert document.status == "converged", document.reasons
    misses = []
    for kelvin, found in zip(TEMPERATURES_K, document.asr_ohm_cm2, strict=True):
        assert found.status == "converged", (kelvin, found.reasons)
        misses.append((found.value - true_resistance_ohm_cm2(kelvin)) / found.error)
        assert found.error < 0.3 * found.value
    # 99 % of chi squared with three degrees of freedom
    assert np.sum(np.square(misses)) < 11.3, misses


def test_bulk_and_cell_conduct_as_the_lattice_does(document):
    for kelvin, bulk, cell in zip(
        TEMPERATURES_K,
        document.bulk_conductivity_S_cm,
        document.cell_conductivity_S_cm,
        strict=True,
    ):
        expected = grain_S_cm(kelvin)
        assert abs(bulk.value - expected) < 3 * bulk.error
        across = expected * N_LAYERS / (N_LAYERS - 1 + 1 / slowness(kelvin))
        assert abs(cell.value - across) < 3 * cell.error


def test_specific_conductivity_and_its_line(document):
    for asr, specific in zip(
        document.asr_ohm_cm2, document.specific_conductivity_S_cm, strict=True
    ):
        assert specific.value == pytest.approx(THICKNESS_A * CM_PER_A / asr.value)
        assert specific.error / specific.value == pytest.approx(asr.error / asr.value)
    line = document.arrhenius
    assert line is not None, document.arrhenius_reasons
    assert abs(line.activation_energy_eV - LINK_eV) < 3 * line.activation_energy_std_eV
    assert line.activation_energy_std_eV < 0.3 * LINK_eV


def test_the_map_is_that_of_bulk_and_boundary_as_computed(measured):
    """Grains in series: 1/σ = 1/σ_bulk + (area resistance)/(grain size)."""
    boundary, bulk = measured
    boundary = boundary.model_copy(update={"candidate": bulk.name})
    settings = GrainSizeSettings(
        temperatures_K=[800.0, 1250.0],
        grain_size_min_nm=20.0,
        grain_size_max_nm=2000.0,
        n_grain_sizes=3,
        n_draws=60,
    )
    maps = build_grain_size_map([bulk], settings, boundaries=[boundary]).maps
    (row,), (material,) = maps.boundaries, maps.materials
    assert (row.label, row.boundary, row.is_extrapolated) == ("computed", "Σ13 (320)", False)
    assert not any(material.extrapolated)
    labels = {quantity.name: quantity.label for quantity in material.parameters}
    assert labels["boundary thickness"] == "assumed"
    assert labels["bulk activation energy"] == labels["boundary activation energy"] == "computed"
    for column, kelvin in enumerate(maps.temperatures_K):
        for line, size_nm in enumerate(maps.grain_sizes_nm):
            across = true_resistance_ohm_cm2(kelvin) / (size_nm * 1e-7)
            expected = 1 / (1 / grain_S_cm(kelvin) + across)
            total = material.total_S_cm
            assert total.lower[line][column] < expected < total.upper[line][column]
            assert total.upper[line][column] < 1.6 * total.lower[line][column]


def test_density_is_even_and_the_plane_is_that_of_the_grain(document):
    for kelvin, profile in zip(TEMPERATURES_K, document.profiles, strict=True):
        assert profile.temperature_K == kelvin
        expected = grain_diffusivity_cm2_s(attempt(kelvin))
        for slab in (profile.boundary_diffusivity_cm2_s, profile.grain_diffusivity_cm2_s):
            assert abs(slab.value - expected) < 4 * slab.error


def test_a_boundary_that_conducts_better_has_a_resistance_below_zero():
    """Links four times as fast as the grain's, every third one."""
    n_layers, chance, fast, kelvin = 3, 0.05, 4.0, 1000.0
    common = {"n_layers": n_layers, "n_frames": 6000, "n_ions": N_IONS, "attempt": chance}
    cell = store_runs([walk(5, slow=fast, **common)], [kelvin], n_layers=n_layers)
    bulk = store_runs([walk(6, slow=1.0, **common)], [kelvin], n_layers=n_layers)
    found = build(
        cell,
        measure_bulk(bulk, [kelvin]),
        [kelvin],
        separation_A=n_layers * HOP_A,
        sigma_value=5,
        miller=(2, 1, 0),
    )
    (asr,), (specific,) = found.asr_ohm_cm2, found.specific_conductivity_S_cm
    expected = HOP_A * CM_PER_A * (1 / fast - 1) / grain_S_cm(kelvin, n_layers, chance)
    assert asr.status == "converged", asr.reasons
    assert abs(asr.value - expected) < 3 * asr.error
    assert asr.value + 2 * asr.error < 0
    assert specific.value is None
    assert "better than the grain" in specific.reasons[0]
    assert found.arrhenius is None
    assert "a line needs 3" in found.arrhenius_reasons[0]
    assert "Sigma 5 is a poor proxy" in found.warnings[0]


def test_without_a_bulk_conductivity_the_density_is_still_known():
    cell = store_runs(
        [walk(7, n_layers=4, slow=0.5, n_frames=300, n_ions=20)], [1000.0], n_layers=4
    )
    found = build(cell, None, [1000.0])
    assert found.status == "not_converged"
    assert "the bulk has no conductivity" in found.asr_ohm_cm2[0].reasons[0]
    (profile,) = found.profiles
    total = sum(profile.density_per_A3) * (WIDTH * HOP_A) ** 2 * 2 * profile.position_A[0]
    assert total == pytest.approx(20.0)
    assert profile.boundary_diffusivity_cm2_s.value is None
    assert "it has no diffusivity" in profile.boundary_diffusivity_cm2_s.reasons[0]
