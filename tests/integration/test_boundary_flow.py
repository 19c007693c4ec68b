"""A grain boundary end to end on cheap potentials: cells, energies, annealing, MD, resistance."""

from __future__ import annotations

import pytest
from jobflow import run_locally
from pymatgen.core import Lattice, Structure

from perolyte.flows import (
    BatchMDMaker,
    BoundaryRecipe,
    ConductivityMaker,
    GrainBoundaryConductivityMaker,
    Segregant,
)
from perolyte.schemas import BoundaryScreenDoc, BoundarySetDoc, GrainBoundaryDoc
from perolyte.settings import RUN_FOLDER_VARIABLE
from perolyte.stores import open_store

pytestmark = [
    pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Some jobs are not connected:UserWarning"),
]

FREE = "support.free_lithium.FreeLithium"
QUIET = {"log": False, "create_folders": False, "ensure_success": True}
RECIPE = BoundaryRecipe(
    5, (2, 1, 0), shifts=(1, 1), min_separation_A=8.0, min_width_A=3.0, n_samples=1
)


def make_parent() -> Structure:
    """Li3OCl: all sites full, neutral."""
    cell = Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(3.9),
        ["O", "Cl", "Li"],
        [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0.5, 0]],
    )
    cell.add_oxidation_state_by_element({"O": -2, "Cl": -1, "Li": 1})
    return cell * (2, 2, 2)


def make_maker(**changes) -> GrainBoundaryConductivityMaker:
    conductivity = ConductivityMaker(
        temperatures_K=[800.0],
        hop_distance_A=3.0,
        time_step_fs=4.0,
        frame_interval_fs=40.0,
        cell_equilibration_ps=0.0,
        equilibration_ps=1.0,
        production_ps=12.0,
        md_maker=BatchMDMaker(
            potential=FREE,
            thermostat="langevin",
            friction_per_ps=20.0,
            guards={"min_distance_A": 0.0},
        ),
    )
    settings = {
        "anneal_ps": 0.04,
        "quench_ps": 0.03,
        "n_annealed": 1,
        "max_steps": 5,
        "campaign": "c",
        "seed": 3,
    }
    return GrainBoundaryConductivityMaker(conductivity, **settings | changes)


def run(tmp_path, monkeypatch):
    monkeypatch.setenv(RUN_FOLDER_VARIABLE, str(tmp_path / "md"))
    store = open_store(tmp_path / "store")
    flow = make_maker().make(
        make_parent(), RECIPE, segregants=[Segregant("vacancy", "Li", n_sites=2)], dopant="none"
    )
    responses = run_locally(flow, store=store, **QUIET)
    return flow, store, responses


@pytest.mark.slow
def test_a_boundary_from_end_to_end(tmp_path, monkeypatch):
    flow, store, responses = run(tmp_path, monkeypatch)
    document = responses[flow.output.uuid][1].output
    assert isinstance(document, GrainBoundaryDoc)
    (cell,), (bulk,), (asr,) = (
        document.cell_conductivity_S_cm,
        document.bulk_conductivity_S_cm,
        document.asr_ohm_cm2,
    )
    # 12 ps are too short for ions to forget a boundary: a bound and what to do, no number
    assert bulk.value is not None, bulk.reasons
    assert cell.status == asr.status == document.status == "not_converged"
    assert cell.value is asr.value is None
    assert cell.upper_bound > 0
    assert "or at a higher temperature" in cell.reasons[0]
    assert document.segregation[0].sites[0].energy_eV == pytest.approx(0.0, abs=1e-6)
    assert document.is_poor_proxy
    assert "Sigma 5 is a poor proxy" in document.warnings[0]
    assert document.provenance.potential.name == FREE
    assert len(document.provenance.parent_uuids) == 3
    assert document.profiles[0].temperature_K == 800.0
    assert [energy.stage for energy in document.boundary_energies] == [
        "relaxed",
        "relaxed",
        "annealed",
    ]
    energies = next(job for job in flow.jobs if job.name.startswith("boundary energies"))
    screen = responses[energies.uuid][1]
    assert isinstance(screen.output, BoundaryScreenDoc)
    assert screen.output.chosen in {energy.name for energy in document.boundary_energies}
    cells = store.query_one({"output.schema_name": "BoundarySetDoc"}, load=True)
    assert BoundarySetDoc.model_validate(cells["output"]).cells
    # a rebuilt flow is the same work
    again = make_maker().make(
        make_parent(), RECIPE, segregants=[Segregant("vacancy", "Li", n_sites=2)], dopant="none"
    )
    assert list(again.all_uuids) == list(flow.all_uuids)
    store.close()
