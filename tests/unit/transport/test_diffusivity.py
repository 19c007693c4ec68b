from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.transport import check_framework, fit_diffusivity
from perolyte.transport.diffusivity import fit_displacements
from perolyte.transport.displacements import measure_displacements, sum_ions
from perolyte.transport.hops import bound_net_hops, judge_growth, judge_run
from perolyte.transport.window import Window

HOP_A = 3.0


def grow(*slopes, error=0.05):
    slopes = np.array(slopes)
    return Window(
        first=10,
        last=10 * 2 ** len(slopes),
        log_slopes=slopes,
        log_slope_errors=np.full(len(slopes), error),
        log_log_slope=float(slopes.mean()),
        is_past_one_hop=True,
    )


def fit(positions, **changes):
    return fit_diffusivity(
        positions, **{"frame_interval_fs": 100.0, "hop_distance_A": HOP_A, **changes}
    )


@pytest.fixture(scope="module")
def walk():
    return np.random.default_rng(0).normal(size=(1500, 20, 3)).cumsum(axis=0)


def vibrate(n_frames=1500, amplitude_A=0.1, seed=1):
    sites = 4.0 * np.indices((3, 3, 2)).reshape(3, -1).T
    return sites + amplitude_A * np.random.default_rng(seed).normal(size=(n_frames, 18, 3))


def test_a_good_run_gives_everything(walk):
    result = fit(walk, framework_positions_A=vibrate())
    assert (result.status, result.reasons, result.warnings) == ("converged", (), ())
    assert result.error_source == "covariance"
    assert set(result.relative_errors) == {"covariance", "ions", "blocks"}
    assert result.diffusivity_std_cm2_s == pytest.approx(
        result.diffusivity_cm2_s * result.relative_error
    )
    assert result.diffusivity_lower_cm2_s < result.diffusivity_cm2_s
    assert result.diffusivity_upper_cm2_s > result.diffusivity_cm2_s
    assert result.diffusivity_upper_bound_cm2_s is None
    assert result.diffusivity_tensor_cm2_s.shape == (3, 3)
    assert np.trace(result.diffusivity_tensor_cm2_s) / 3 == pytest.approx(result.diffusivity_cm2_s)
    assert result.run_length_ps == pytest.approx(149.9)
    assert result.n_ions == 20
    assert len(result.lag_ps) == len(result.msd_A2) == len(result.msd_std_A2) <= 200
    assert result.lag_ps[0] == pytest.approx(0.1)
    assert np.all(np.diff(result.lag_ps) > 0)
    assert np.all(np.diff(result.msd_std_A2 / result.msd_A2) > 0)
    charge = result.charge
    assert (charge.status, charge.reasons) == ("converged", ())
    assert charge.haven_ratio == pytest.approx(result.diffusivity_cm2_s / charge.diffusivity_cm2_s)
    assert charge.relative_error > result.relative_error
    assert charge.msd_A2.shape == charge.msd_std_A2.shape == result.lag_ps.shape


def test_the_same_displacements_give_the_same_result(walk):
    run = {"frame_interval_fs": 100.0, "hop_distance_A": HOP_A}
    ions, collective = measure_displacements(walk), measure_displacements(sum_ions(walk))
    solid = check_framework(vibrate())
    one = fit(walk, framework_positions_A=vibrate())
    other = fit_displacements(ions, collective, framework=solid, **run)
    assert other.diffusivity_cm2_s == one.diffusivity_cm2_s
    assert other.charge.diffusivity_cm2_s == one.charge.diffusivity_cm2_s
    assert other.warnings == one.warnings == ()
    assert "melting was not looked for" in fit_displacements(ions, collective, **run).warnings[0]
    melt = check_framework(vibrate() + 0.3 * walk[:, :18])
    assert fit_displacements(ions, collective, framework=melt, **run).status == "unphysical"


def test_net_hops_and_diffusivity_agree(walk):
    result = fit(walk)
    d_A2_per_ps = result.diffusivity_cm2_s * 1e4
    hops = 6 * d_A2_per_ps * 20 * result.run_length_ps / HOP_A**2
    assert result.n_net_hops == pytest.approx(hops)


def test_the_window_obeys_its_rule(walk):
    result = fit(walk)
    assert result.window_ps[1] <= 0.2 * result.run_length_ps
    first = np.searchsorted(result.lag_ps, result.window_ps[0] - 1e-9)
    assert result.msd_A2[first] > HOP_A**2


def test_time_and_dimension_scale_the_value(walk):
    slow, fast = fit(walk), fit(walk, frame_interval_fs=50.0)
    assert fast.diffusivity_cm2_s == pytest.approx(2 * slow.diffusivity_cm2_s)
    assert fast.charge.diffusivity_cm2_s == pytest.approx(2 * slow.charge.diffusivity_cm2_s)
    assert np.allclose(fast.diffusivity_tensor_cm2_s, 2 * slow.diffusivity_tensor_cm2_s)
    plane = fit(walk, dimension=2)
    # The dimension enters the weights too, so the values agree within a part of their error.
    assert plane.diffusivity_cm2_s == pytest.approx(1.5 * slow.diffusivity_cm2_s, rel=0.01)


def test_without_a_framework_melting_is_not_claimed_to_be_absent(walk):
    assert "melting was not looked for" in fit(walk).warnings[0]


def test_a_cage_is_not_a_diffusivity():
    rattle = 0.3 * np.random.default_rng(2).normal(size=(1000, 30, 3))
    result = fit(rattle)
    assert result.status == "not_converged"
    assert result.diffusivity_cm2_s is None
    assert result.relative_error is None
    text = " | ".join(result.reasons)
    assert "net hops, at least 100 needed" in text
    assert "one squared hop is 9 Å²" in text
    assert "below 0.9" in text
    assert result.charge.status == "not_converged"
    assert result.charge.reasons == ("the tracer diffusivity is not_converged",)
    # 3 hops and a little noise, in 30 ions over 99.9 ps; 1 Å²/ps = 1e-4 cm²/s.
    three_hops = 3 * HOP_A**2 / (6 * 30 * 99.9) * 1e-4
    assert 0.999 * three_hops < result.diffusivity_upper_bound_cm2_s < 2 * three_hops


def test_frozen_ions_are_data_not_an_exception():
    result = fit(np.zeros((200, 5, 3)))
    assert result.status == "not_converged"
    assert result.n_net_hops == 0
    assert np.isnan(result.log_log_slope)
    three_hops = 3 * HOP_A**2 / (6 * 5 * 19.9) * 1e-4
    assert result.diffusivity_upper_bound_cm2_s == pytest.approx(three_hops)


def test_a_steady_drift_is_not_a_diffusivity():
    drift = np.arange(500.0)[:, None, None] * np.ones((1, 4, 3)) * 0.1
    result = fit(drift)
    assert result.status == "not_converged"
    assert "above 1.1" in result.reasons[0]
    assert result.diffusivity_upper_bound_cm2_s is None


def test_opposed_ions_have_a_tracer_but_no_charge_diffusivity(walk):
    result = fit(np.concatenate([walk, -walk], axis=1))
    assert result.status == "converged"
    assert result.charge.status == "not_converged"
    assert result.charge.diffusivity_cm2_s is None


def test_one_ion_carries_what_it_traces():
    walk = np.random.default_rng(8).normal(size=(3000, 1, 3)).cumsum(axis=0)
    result = fit(walk)
    assert result.status == "converged"
    assert result.charge.haven_ratio == pytest.approx(1.0, rel=0.2)


def test_a_few_frames_are_not_converged(walk):
    result = fit(walk[:20] * 10, framework_positions_A=vibrate(20))
    assert result.status == "not_converged"
    assert "20 frames, at least 50 needed" in result.reasons[0]


@pytest.mark.parametrize("n_frames", [5, 6, 7, 9, 12])
def test_the_shortest_runs_have_a_status(walk, n_frames):
    assert fit(walk[:n_frames]).status == "not_converged"


def test_melting_is_unphysical(walk):
    melt = vibrate() + 0.3 * np.random.default_rng(4).normal(size=(1500, 18, 3)).cumsum(axis=0)
    result = fit(walk, framework_positions_A=melt)
    assert result.status == "unphysical"
    assert "Lindemann ratio" in result.reasons[0]
    assert result.diffusivity_cm2_s is None
    assert result.diffusivity_upper_bound_cm2_s is None
    assert result.charge.status == "unphysical"


def test_melting_is_not_judged_before_vibrations_average_out(walk):
    drifting = vibrate(100) + 0.02 * np.arange(100)[:, np.newaxis, np.newaxis]
    result = fit(walk[:100], frame_interval_fs=10.0, framework_positions_A=drifting)
    assert result.status != "unphysical"
    assert any("melting was not looked for in a run of 0.99 ps" in w for w in result.warnings)


def test_hot_vibration_is_a_warning_only(walk):
    result = fit(walk, framework_positions_A=vibrate(amplitude_A=0.5))
    assert result.status == "converged"
    assert "Lindemann ratio 0.2" in result.warnings[0]


def test_a_start_before_one_hop_is_said(walk):
    # The MSD is 3 Å² per frame, 222 Å² at a quarter of a fifth of the run.
    early = "before the MSD passes one squared hop"
    assert any(early in text for text in fit(walk, hop_distance_A=16.0).warnings)
    assert not any(early in text for text in fit(walk, hop_distance_A=14.0).warnings)


def test_lindemann_ratio_of_known_vibration():
    # <u²> = 3 amplitude²; the estimate of the mean structure leaves 1 % of the distance.
    result = check_framework(vibrate(amplitude_A=0.2))
    assert result.nearest_neighbor_distance_A == pytest.approx(4.0, rel=0.03)
    given = check_framework(vibrate(amplitude_A=0.2), nearest_neighbor_distance_A=2.0)
    assert given.lindemann_ratio == pytest.approx(0.2 * np.sqrt(3) / 2.0, rel=0.03)
    assert not given.is_melting


@pytest.mark.parametrize(
    ("framework", "message"),
    [
        (np.zeros((10, 2, 3)), "10 frames"),
        (np.zeros((100, 1, 3)), "nearest_neighbor_distance_A"),
        (np.zeros((100, 3, 3)), "on one another"),
    ],
)
def test_a_framework_that_cannot_be_judged_is_refused(framework, message):
    with pytest.raises(InputError, match=message):
        check_framework(framework)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frame_interval_fs": 0.0}, "frame_interval_fs is 0 fs"),
        ({"hop_distance_A": -1.0}, "hop_distance_A is -1 Å"),
        ({"dimension": 4}, "4 dimension"),
        ({"framework_positions_A": np.zeros((9, 2, 3))}, "9 frames"),
        ({"nearest_neighbor_distance_A": 0.0, "framework_positions_A": vibrate()}, "0 Å"),
    ],
)
def test_wrong_numbers_are_refused(walk, changes, message):
    with pytest.raises(InputError, match=message):
        fit(walk, **changes)


def test_too_few_frames_to_fit_are_refused(walk):
    with pytest.raises(InputError, match="4 frames"):
        fit(walk[:4])


def test_the_reason_says_how_much_longer():
    good = grow(1.0, 1.02, 0.97)
    reasons = judge_run(good, 40.0, HOP_A, 12.0, 1000)
    assert reasons == ("12 net hops, at least 100 needed; run about 9x longer",)
    assert judge_run(good, 40.0, HOP_A, 99.9, 1000)[0].startswith("99 net hops")
    assert judge_run(good, 40.0, HOP_A, 100.0, 1000) == ()


def test_growth_is_judged_within_its_error():
    assert judge_growth(grow(0.7, 0.85, 0.95)) == ()  # one diffusive part is enough
    assert "caged" in judge_growth(grow(0.7, 0.75, 0.78))[0]
    assert judge_growth(grow(0.7, 0.75, 0.78, error=0.2)) == ()
    assert "caged" in judge_growth(grow(1.0, 0.9, 0.7))[0]  # it stops at the end
    assert "ballistic" in judge_growth(grow(1.3, 1.2, 1.15))[0]
    assert judge_growth(grow(1.3, 1.2, 1.0)) == ()


def test_the_bound_grows_with_hops_and_shrinks_with_ions():
    bounds = [bound_net_hops(k, n_ions=10) for k in (0.0, 1.0, 10.0, 100.0)]
    assert bounds[0] == 3.0
    assert np.all(np.diff(bounds) > 0)
    assert bound_net_hops(100.0, n_ions=2) > bound_net_hops(100.0, n_ions=50)


def test_few_ions_and_a_short_run_have_no_cross_checks():
    walk = np.random.default_rng(9).normal(size=(100, 4, 3)).cumsum(axis=0)
    result = fit(walk, hop_distance_A=2.0)
    assert result.status == "converged"
    assert "ions" not in result.relative_errors
