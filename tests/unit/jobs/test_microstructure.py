from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.flows import MicrostructureMaker
from perolyte.jobs import homogenise_microstructure
from perolyte.schemas import MicrostructureDoc
from perolyte.stores import open_store

PLANE = {"n_dimensions": 2, "n_voxels": 48, "n_grains": 9}
GIVEN = {
    "boundary_S_cm": 1e-5,
    "boundary_thickness_nm": 1.0,
    "grain_size_nm": 1000.0,
    "name": "ceramic",
}

describe = homogenise_microstructure.original


def test_what_a_document_says():
    found = describe(
        1e-3,
        **GIVEN,
        settings=PLANE,
        labels={"bulk_S_cm": "computed"},
        sources={"bulk_S_cm": "document x"},
        parent_uuids=["x"],
        seed=3,
    )
    assert (found.status, found.source, found.provenance.seed) == ("converged", "voronoi", 3)
    assert found.provenance.parent_uuids == ["x"]
    for axis in range(2):
        lower = found.bounds.wiener_lower_S_cm[axis][axis]
        assert lower < found.conductivity_S_cm[axis][axis] < 1e-3
    assert found.mean_S_cm > found.bounds.hashin_shtrikman_lower_S_cm[0][0] * 0.9
    # 10 % of the resistance is that of the boundaries
    assert found.mean_S_cm == pytest.approx(found.brick_layer_S_cm, rel=0.1)
    assert found.grains.labels().shape == (48, 48)
    assert found.sizes.n_grains == 9
    assert "9 grains: another seed" in found.warnings[0]
    assert {q.name: q.label for q in found.parameters} == {
        "bulk_S_cm": "computed",
        "boundary_S_cm": "assumed",
        "boundary_thickness_nm": "assumed",
        "grain_size_nm": "assumed",
    }


def test_tensors_of_grains_are_turned_at_random():
    settings = {"n_voxels": 24, "n_grains": 6}
    bulk = np.diag([1e-3, 1e-3, 1e-4]).tolist()
    found = describe(bulk, **(GIVEN | {"boundary_S_cm": 1e-2}), settings=settings)
    assert 4e-4 < found.mean_S_cm < 7e-4
    assert found.brick_layer_S_cm is None
    assert found.bounds.hashin_shtrikman_lower_S_cm is None
    assert found.conductivity_S_cm[0][1] != 0.0


def test_grown_grains_have_the_size_asked_for():
    settings = {**PLANE, "n_voxels": 96, "n_grains": 12, "growth_steps": 120}
    found = describe(1e-3, **GIVEN, settings=settings)
    assert found.source == "phase_field"
    area_nm2 = (96 * found.grains.voxel_nm) ** 2 / found.sizes.n_grains
    assert np.sqrt(4 * area_nm2 / np.pi) == pytest.approx(1000.0)


def test_without_convergence_there_is_no_number():
    settings = {**PLANE, "max_iterations": 1, "tolerance": 1e-12}
    found = describe(1e-3, **(GIVEN | {"boundary_S_cm": 1e-8}), settings=settings)
    assert (found.status, found.mean_S_cm) == ("not_converged", None)
    assert "after 1 iterations" in found.reasons[0]


def test_labels_must_name_parameters():
    with pytest.raises(InputError, match="labels name colour; the parameters are bulk_S_cm"):
        describe(1e-3, **GIVEN, settings=PLANE, labels={"colour": "assumed"})


def test_through_a_store(tmp_path):
    store = open_store(tmp_path)
    uuids = []
    for size_nm in (100.0, 2000.0):
        flow = MicrostructureMaker(settings=PLANE).make(
            1e-3, boundary_S_cm=1e-5, boundary_thickness_nm=1.0, grain_sizes_nm=[size_nm]
        )
        flow.jobs[0].run(store)
        uuids.append(flow.jobs[0].uuid)
    small, large = (
        MicrostructureDoc.model_validate(store.get_output(uuid, load=True)) for uuid in uuids
    )
    assert small.mean_S_cm < large.mean_S_cm
    assert small.grains.labels().tolist() == large.grains.labels().tolist()
    lean = MicrostructureDoc.model_validate(store.get_output(uuids[0], load=False))
    assert lean.grains is None
    store.close()


@pytest.mark.parametrize(
    ("settings", "sizes", "message"),
    [
        ({}, [], "no grain size"),
        ({}, [0.5], "a grain of 0.5 nm has a boundary of 1 nm"),
        ({"n_voxels": 4}, [100.0], "settings.n_voxels is 4: .*greater than or equal to 8"),
        ({"colour": 4}, [100.0], "settings.colour is 4"),
    ],
)
def test_flows_that_cannot_be_built(settings, sizes, message):
    with pytest.raises(InputError, match=message):
        MicrostructureMaker(settings=settings).make(
            1e-3, boundary_S_cm=1e-5, boundary_thickness_nm=1.0, grain_sizes_nm=sizes
        )
