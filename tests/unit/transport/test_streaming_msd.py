from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.transport.diffusivity import fit_diffusivity, fit_displacements
from perolyte.transport.displacements import choose_lags, measure_displacements, sum_ions
from perolyte.transport.snapshots import Snapshots
from perolyte.transport.streaming_msd import StreamingMSD
from support.walkers import FRAME_FS, HOP_A, walk


def stream(positions, cuts):
    streaming = StreamingMSD()
    for block in np.split(positions, sorted(cuts)):
        streaming.add(block)
    return streaming.result()


def sum_strided(positions, lag):
    """Return the mean square at a lag over the windows of its level."""
    stride = 1
    while lag > 16 * stride:
        stride *= 2
    kept = positions[stride - 1 :: stride]
    change = kept[lag // stride :] - kept[: -lag // stride]
    return np.mean((change**2).sum(axis=2), axis=0)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_frames=st.integers(2, 300),
    cuts=st.lists(st.integers(0, 300), max_size=5),
)
def test_any_blocks_give_the_direct_sums(seed, n_frames, cuts):
    positions = np.random.default_rng(seed).normal(size=(n_frames, 3, 3)).cumsum(axis=0)
    run = stream(positions, cuts)
    assert run.ions.n_frames == n_frames
    assert run.ions.lag_frames.tolist() == choose_lags(max(1, n_frames // 2)).tolist()
    for row, lag in enumerate(run.ions.lag_frames):
        direct = sum_strided(positions, lag)
        assert run.ions.msd_per_ion_A2[row] == pytest.approx(direct, rel=1e-9, abs=1e-12)
        assert run.ions.msd_A2[row] == pytest.approx(direct.mean(), rel=1e-9, abs=1e-12)
        summed = sum_strided(sum_ions(positions), lag)[0]
        assert run.collective.msd_A2[row] == pytest.approx(summed, rel=1e-9, abs=1e-12)


def test_it_agrees_with_the_exact_average_at_all_lags():
    positions = walk(0, n_frames=6000, n_ions=20, hops_per_ion=300.0)
    run, exact = stream(positions, [1000, 1001, 4500]), measure_displacements(positions)
    # Up to 16 frames every window is used, beyond one in nine or more of its length.
    assert run.ions.msd_A2[:16] == pytest.approx(exact.msd_A2[:16], rel=1e-9)
    assert np.all(np.abs(run.ions.msd_A2 - exact.msd_A2) < 0.3 * run.msd_std_A2)
    assert np.allclose(run.ions.msd_tensor_A2[3], exact.msd_tensor_A2[3])


def test_a_fit_of_the_stream_is_a_fit_of_the_run():
    positions = walk(1, n_frames=6000, n_ions=20, hops_per_ion=300.0)
    run = stream(positions, [700, 3000])
    streamed = fit_displacements(
        run.ions, run.collective, frame_interval_fs=FRAME_FS, hop_distance_A=HOP_A
    )
    exact = fit_diffusivity(positions, frame_interval_fs=FRAME_FS, hop_distance_A=HOP_A)
    assert streamed.status == exact.status == "converged"
    for one, other in ((streamed, exact), (streamed.charge, exact.charge)):
        assert one.diffusivity_cm2_s == pytest.approx(
            other.diffusivity_cm2_s, abs=0.5 * other.diffusivity_std_cm2_s
        )
        assert one.relative_error == pytest.approx(other.relative_error, rel=0.15)


def test_independent_windows_are_counted_and_their_error_is_an_upper_limit():
    n_frames, n_ions = 4001, 15
    runs = [
        stream(np.random.default_rng(seed).normal(size=(n_frames, n_ions, 3)).cumsum(axis=0), [])
        for seed in range(30)
    ]
    lags = runs[0].ions.lag_frames
    row = int(np.searchsorted(lags, 64))
    assert runs[0].n_independent[row] == n_ions * (4000 // 64)
    # Normal displacements: variance of the square 2/3 of the square of the mean.
    assert runs[0].msd_variance_A4[row] == pytest.approx(2 / 3 * (3 * 64) ** 2, rel=0.15)
    scatter = np.std([run.ions.msd_A2[row] for run in runs], ddof=1)
    stated = runs[0].msd_std_A2[row]
    # Windows that overlap lower the variance by a third; 30 runs know their scatter to 13 %.
    assert 0.55 * stated < scatter < 1.1 * stated


def test_snapshots_are_bounded_and_even_whatever_the_blocks():
    frames = np.arange(1000.0)[:, np.newaxis, np.newaxis] * np.ones((1, 2, 3))
    for cuts in ([], [1], [3, 9, 10, 500], list(range(7, 1000, 7))):
        snapshots = Snapshots(capacity=64)
        for block in np.split(frames, cuts):
            snapshots.add(block)
        assert snapshots.interval == 16
        assert snapshots.positions_A[:, 1, 2].tolist() == list(range(0, 1000, 16))


def test_memory_does_not_grow_with_the_run():
    streaming = StreamingMSD()
    for _ in range(5):
        streaming.add(np.zeros((3000, 2, 3)))
    run = streaming.result()
    assert len(run.ions.snapshots_A) <= 4096
    assert run.ions.snapshot_interval == 4
    assert np.all(run.ions.msd_A2 == 0.0)


def test_wrong_blocks_are_named():
    streaming = StreamingMSD()
    with pytest.raises(InputError, match=r"0 frame\(s\)"):
        streaming.result()
    streaming.add(np.zeros((5, 3, 3)))
    with pytest.raises(InputError, match=r"shape \(5, 4, 3\) cannot follow 5 frames"):
        streaming.add(np.zeros((5, 4, 3)))
    broken = np.zeros((4, 3, 3))
    broken[2, 1] = np.nan
    with pytest.raises(InputError, match="frame 7, ion 1"):
        streaming.add(broken)
    with pytest.raises(InputError, match="capacity is 7"):
        Snapshots(capacity=7)
