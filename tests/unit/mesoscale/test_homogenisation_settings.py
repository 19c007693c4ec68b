from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.errors import ConvergenceError, InputError
from perolyte.mesoscale import hashin_shtrikman_bounds, wiener_bounds
from perolyte.mesoscale.microstructure import (
    GrainMap,
    VoxelConductivity,
    assign_conductivity,
    bound_conductivity,
    current_density,
    effective_conductivity,
    random_orientations,
    rotate_tensor,
)

SOLVED = 1e-8
SLACK = 1e-6


def random_tensors(seed: int, *shape: int) -> np.ndarray:
    n = len(shape)
    roots = np.random.default_rng(seed).normal(size=(*shape, n, n))
    return roots @ np.swapaxes(roots, -1, -2) + 0.1 * np.eye(n)


def is_below(lower: np.ndarray, upper: np.ndarray) -> bool:
    """Whether upper - lower has no negative eigenvalue, beyond rounding."""
    return bool(np.linalg.eigvalsh(upper - lower).min() >= -SLACK * np.abs(upper).max())


@settings(deadline=None, max_examples=20)
@given(
    st.integers(0, 10_000),
    st.lists(st.integers(1, 7), min_size=2, max_size=3),
    st.sampled_from(["rotated", "finite_volume", "fourier"]),
    st.floats(0.0, 3.0),
)
def test_wieners_bounds_hold_for_all_voxels(seed, shape, scheme, decades):
    field = 10.0 ** (decades * np.random.default_rng(seed).random(shape))
    found = effective_conductivity(field, scheme=scheme, tolerance=SOLVED)
    assert found.status == "converged"
    assert is_below(found.bounds.wiener_lower_S_cm, found.conductivity_S_cm)
    assert is_below(found.conductivity_S_cm, found.bounds.wiener_upper_S_cm)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 6), min_size=2, max_size=3))
def test_wieners_bounds_hold_for_tensors(seed, shape):
    found = effective_conductivity(random_tensors(seed, *shape), tolerance=SOLVED)
    assert is_below(found.bounds.wiener_lower_S_cm, found.conductivity_S_cm)
    assert is_below(found.conductivity_S_cm, found.bounds.wiener_upper_S_cm)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000), st.floats(0.2, 0.8), st.floats(2.0, 30.0))
def test_hashin_and_shtrikmans_bounds_hold_for_isotropic_noise(seed, share, contrast):
    is_second = np.random.default_rng(seed).random((14, 14, 14)) < share
    found = effective_conductivity(np.where(is_second, contrast, 1.0))
    lower = found.bounds.hashin_shtrikman_lower_S_cm[0, 0]
    upper = found.bounds.hashin_shtrikman_upper_S_cm[0, 0]
    assert lower < found.mean_S_cm < upper
    expected = hashin_shtrikman_bounds(1.0, contrast, second_fraction=is_second.mean())
    assert [lower, upper] == pytest.approx(np.ravel(expected))
    both = wiener_bounds(1.0, contrast, second_fraction=is_second.mean())
    given = found.bounds
    found_both = [given.wiener_lower_S_cm[0, 0], given.wiener_upper_S_cm[0, 0]]
    assert found_both == pytest.approx(np.ravel(both))


def test_bounds_of_a_quarter():
    field = VoxelConductivity.from_array(np.where(np.arange(64) % 4, 1.0, 10.0).reshape(4, 4, 4))
    found = bound_conductivity(field)
    given = [
        found.wiener_lower_S_cm,
        found.hashin_shtrikman_lower_S_cm,
        found.hashin_shtrikman_upper_S_cm,
        found.wiener_upper_S_cm,
    ]
    assert [b[0, 0] for b in given] == pytest.approx([1.2903, 1.6923, 2.7027, 3.25], abs=5e-5)


@pytest.mark.parametrize("scheme", ["rotated", "finite_volume", "fourier"])
@pytest.mark.parametrize("shape", [(6, 5), (5, 4, 6)])
def test_torch_gives_the_same_as_numpy(scheme, shape):
    torch = pytest.importorskip("torch")
    field = random_tensors(0, *shape)
    if scheme == "finite_volume":
        field = field[..., 0, 0]
    ours = effective_conductivity(field, scheme=scheme, tolerance=SOLVED)
    theirs = effective_conductivity(field, scheme=scheme, tolerance=SOLVED, xp=torch, device="cpu")
    assert theirs.conductivity_S_cm == pytest.approx(ours.conductivity_S_cm, abs=1e-7)
    assert theirs.n_iterations == ours.n_iterations


def test_threads_and_single_precision_agree():
    field = random_tensors(1, 8, 7, 6)
    one = effective_conductivity(field)
    two = effective_conductivity(field, n_threads=2)
    assert two.conductivity_S_cm == pytest.approx(one.conductivity_S_cm, rel=1e-9)
    single = effective_conductivity(field, precision="float32")
    assert single.conductivity_S_cm == pytest.approx(one.conductivity_S_cm, abs=1e-3)


def test_the_error_is_below_its_bound():
    field = 10.0 ** (2 * np.random.default_rng(5).random((12, 12)))
    exact = effective_conductivity(field, tolerance=1e-13).conductivity_S_cm
    for tolerance in (1e-1, 1e-2, 1e-4):
        found = effective_conductivity(field, tolerance=tolerance)
        error = np.abs(found.conductivity_S_cm.diagonal() / exact.diagonal() - 1).max()
        assert error <= found.error_bound + 1e-12 <= tolerance + 1e-12


def test_iterations_that_run_out_give_no_number():
    field = 10.0 ** (4 * np.random.default_rng(5).random((16, 16)))
    found = effective_conductivity(field, max_iterations=3)
    assert (found.status, found.conductivity_S_cm, found.mean_S_cm) == ("not_converged", None, None)
    assert "after 3 iterations: allow more" in found.reasons[0]
    assert found.bounds is not None
    with pytest.raises(ConvergenceError, match="after 3 iterations"):
        current_density(field, max_iterations=3)


def test_current_keeps_its_flux():
    field = 10.0 ** np.random.default_rng(7).random((9, 8))
    found = effective_conductivity(field, tolerance=1e-12)
    current = current_density(field, axis=1, tolerance=1e-12)
    assert current.mean(axis=(1, 2)) == pytest.approx(found.conductivity_S_cm[:, 1], abs=1e-6)


def test_rotations():
    turned = random_orientations(5, n_dimensions=2, seed=1)
    assert np.linalg.det(turned) == pytest.approx(np.ones(5))
    tensors = rotate_tensor(np.diag([1.0, 4.0]), turned)
    assert np.linalg.eigvalsh(tensors) == pytest.approx(np.tile([1.0, 4.0], (5, 1)))


GRAINS = GrainMap(np.kron([[0], [1]], np.ones((8, 16), dtype=int)), 10.0)
GIVEN = {"bulk_S_cm": 1.0, "boundary_S_cm": 0.01, "boundary_thickness_nm": 1.0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"boundary_thickness_nm": -1.0}, "boundary_thickness_nm is -1 nm"),
        ({"boundary_thickness_nm": 10.0}, "does not fit into a voxel of 10 nm; give larger"),
        ({"boundary_S_cm": -1.0}, "boundary_S_cm is -1 S/cm"),
        ({"bulk_S_cm": 0.0}, "bulk_S_cm is 0 S/cm"),
        ({"bulk_S_cm": np.eye(3)}, r"shape \(3, 3\); give a number or a tensor \(2, 2\)"),
        ({"bulk_S_cm": np.eye(2)}, "without orientations"),
        ({"bulk_S_cm": [[1.0, 0.5], [0.0, 1.0]]}, "not symmetric"),
        ({"bulk_S_cm": np.diag([1.0, -1.0])}, "lowest conductivity of a voxel is -1"),
        ({"bulk_S_cm": np.eye(2), "orientations": [np.eye(2)]}, "one for each label"),
        ({"bulk_S_cm": np.eye(2), "orientations": [2 * np.eye(2)] * 2}, "is no rotation"),
        ({"band_voxels": 1.0}, "band_voxels is 1; give 2 to 8"),
    ],
)
def test_grains_that_cannot_be_assigned(changes, message):
    with pytest.raises(InputError, match=message) as caught:
        assign_conductivity(GRAINS, **(GIVEN | changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "changes", "message"),
    [
        (np.ones(4), {}, r"shape \(4,\); give voxels"),
        (np.ones((0, 4)), {}, "give voxels"),
        ("abc", {}, "not an array of numbers"),
        (-np.ones((2, 2)), {}, "lowest conductivity of a voxel is -1 S/cm"),
        (np.full((2, 2), np.nan), {}, "not finite"),
        (np.ones((2, 2)), {"tolerance": 0.0}, "tolerance is 0"),
        (np.ones((2, 2)), {"tolerance": 1e-8, "precision": "float32"}, "from 1e-06"),
        (np.ones((2, 2)), {"precision": "half"}, "'half'"),
        (np.ones((2, 2)), {"scheme": "magic"}, "'magic'; it must be one of rotated"),
        (np.ones((2, 2)), {"max_iterations": 0}, "max_iterations is 0"),
        (random_tensors(0, 3, 3), {"scheme": "finite_volume"}, "turned against the grid"),
    ],
)
def test_fields_that_cannot_be_solved(field, changes, message):
    with pytest.raises(InputError, match=message):
        effective_conductivity(field, **changes)


def test_maps_of_the_current_need_a_real_field_and_an_axis():
    with pytest.raises(InputError, match="is complex"):
        current_density(np.full((2, 2), 1j + 1))
    with pytest.raises(InputError, match="axis is 2; give 0 to 1"):
        current_density(np.ones((2, 2)), axis=2)
