"""Several runs of one temperature become one point."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from perolyte.jobs import analyse_diffusion, average_runs, build_conductivity
from perolyte.schemas import DiffusionDoc
from support.hopping import FRAME_FS, HOP_A, TEMPERATURE_K, TRUE_D_CM2_S, make_trajectory

SEEDS = (3, 4, 5, 6)


@cache
def run(seed: int, n_frames: int = 2000) -> DiffusionDoc:
    document = analyse_diffusion.original(
        make_trajectory(n_frames, seed=seed),
        name="x",
        mobile_ion="Li",
        charge=1,
        temperature_K=TEMPERATURE_K,
        frame_interval_fs=FRAME_FS,
        hop_distance_A=HOP_A,
    )
    return document.model_copy(update={"uuid": f"d-{seed}-{n_frames}"})


def test_the_mean_is_better_known_than_each_run():
    runs = [run(seed) for seed in SEEDS]
    assert {one.status for one in runs} == {"converged"}
    point = average_runs(runs)
    values = [one.diffusivity_cm2_s for one in runs]
    assert min(values) < point.diffusivity_cm2_s < max(values)
    smallest = min(one.relative_error for one in runs)
    # chance may widen it where the runs scatter, by sqrt(chi2), but these do not
    assert smallest / np.sqrt(len(runs)) <= point.relative_error < 0.7 * smallest
    # three standard errors: one in 370
    off_cm2_s = point.diffusivity_cm2_s - TRUE_D_CM2_S
    assert abs(off_cm2_s) < 3 * point.diffusivity_std_cm2_s
    assert point.diffusivity_std_cm2_s == pytest.approx(
        point.diffusivity_cm2_s * point.relative_error
    )
    # sigma is D times the same constant in every run
    ratio = point.conductivity_S_cm / point.diffusivity_cm2_s
    assert ratio == pytest.approx(runs[0].conductivity_S_cm / runs[0].diffusivity_cm2_s)
    assert point.n_net_hops == pytest.approx(sum(one.n_net_hops for one in runs))
    assert point.diffusion_uuids == [one.uuid for one in runs]


def test_one_run_is_left_as_it_is():
    one = run(3)
    point = average_runs([one])
    assert point.diffusion_uuids == [one.uuid]
    for key in set(type(point).model_fields) - {"diffusion_uuids"}:
        assert getattr(point, key) == getattr(one, key)


def test_runs_without_a_value_do_not_spoil_the_others():
    good, short = run(3), run(4, n_frames=30)
    assert short.status == "not_converged"
    point = average_runs([short, good])
    assert (point.status, point.diffusivity_cm2_s) == ("converged", good.diffusivity_cm2_s)
    assert point.diffusion_uuids == [short.uuid, good.uuid]


def test_bounds_without_a_value():
    runs = [run(seed, n_frames=n) for seed, n in ((3, 40), (4, 60))]
    bounds = [one.diffusivity_upper_bound_cm2_s for one in runs]
    assert all(bounds), "both exclude something"
    point = average_runs(runs)
    assert point.status == "not_converged"
    assert point.diffusivity_cm2_s is None
    assert point.diffusivity_upper_bound_cm2_s == min(bounds)
    assert len(point.reasons) >= 1


def test_a_conductivity_has_one_point_for_each_temperature():
    runs = [run(3), run(4), run(5).model_copy(update={"temperature_K": 900.0})]
    document = build_conductivity(
        runs, name="x", formula="LiO", mobile_ion="Li", extrapolate_to_K=300.0, md_settings={}
    )
    assert [point.temperature_K for point in document.points] == [900.0, TEMPERATURE_K]
    assert [len(point.diffusion_uuids) for point in document.points] == [1, 2]
    assert len(document.provenance.parent_uuids) == 3
