from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.mesoscale.microstructure import (
    BoundaryKinetics,
    GrainMap,
    GrowthWindow,
    fit_growth_law,
    fit_growth_windows,
    generate_polycrystal,
    grain_size_after_schedule,
    measure_grain_sizes,
    simulate_grain_growth,
    start_grain_growth,
)
from perolyte.units import BOLTZMANN_EV_PER_K

KINETICS = BoundaryKinetics(energy_J_m2=0.5, mobility_m4_J_s=1e-16)
GRAINS = generate_polycrystal((96, 96), n_grains=30, grain_size_nm=100.0, seed=2)


def test_constants_of_the_phase_field():
    # m = 6 γ/l, κ = (3/4) γ l, L = (4/3) M/l: γ = (√2/3) √(κ m), l = √(8 κ/m), M γ = κ L
    energy, mobility, width_m = 0.5, 1e-16, 60e-9
    m, kappa, rate = 6 * energy / width_m, 0.75 * energy * width_m, 4 / 3 * mobility / width_m
    assert np.sqrt(2) / 3 * np.sqrt(kappa * m) == pytest.approx(energy)
    assert np.sqrt(8 * kappa / m) == pytest.approx(width_m)
    assert kappa * rate == pytest.approx(mobility * energy)
    assert KINETICS.time_unit_s(voxel_nm=10.0) == pytest.approx(1 / (rate * m))


def test_energy_falls_and_a_run_goes_on_bit_for_bit():
    whole = simulate_grain_growth(GRAINS, KINETICS, n_steps=300)
    assert whole.is_monotonic
    assert (np.diff(whole.energy_J_m2) < 0).all()
    assert whole.n_grains[-1] < whole.n_grains[0] == 30
    half = simulate_grain_growth(GRAINS, KINETICS, n_steps=130)
    rest = simulate_grain_growth(half.state, KINETICS, n_steps=170)
    assert np.array_equal(rest.state.fields, whole.state.fields)
    assert np.array_equal(rest.state.grains.labels, whole.state.grains.labels)
    assert rest.time_s[-1] == pytest.approx(whole.time_s[-1])
    threaded = simulate_grain_growth(GRAINS, KINETICS, n_steps=130, n_threads=2)
    assert np.array_equal(threaded.state.fields, half.state.fields)


def test_grains_share_parameters_but_not_with_those_near():
    state = start_grain_growth(GRAINS)
    assert len(state.fields) < 20
    labels = GRAINS.labels
    for shift in range(1, 9):
        for axis in range(2):
            other = np.roll(labels, shift, axis)
            differs = labels != other
            assert (state.colours[labels[differs]] != state.colours[other[differs]]).all()


def test_the_energy_is_that_of_the_boundaries():
    # two layers in a plane: two boundaries
    grains = GrainMap(np.kron([[0], [1]], np.ones((32, 16), dtype=int)), 10.0)
    found = simulate_grain_growth(grains, KINETICS, n_steps=400)
    assert found.n_grains.tolist() == [2] * len(found.n_grains)
    # energy over area, times the voxel: two boundaries on 64 voxels
    assert found.energy_J_m2[-1] == pytest.approx(0.5 * 2 / 64, rel=0.02)
    assert "2 grains are left" in found.warnings[-1]


def test_fine_grains_are_said_to_be_too_fine():
    fine = generate_polycrystal((64, 64), n_grains=40, grain_size_nm=100.0, seed=0)
    assert "boundary widths across" in simulate_grain_growth(fine, KINETICS, n_steps=1).warnings[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_steps": 0}, "n_steps is 0"),
        ({"step": 0.7}, "step is 0.7; it must be above 0 and up to 0.5"),
        ({"record_every": 1000}, "record_every is 1000"),
        ({"precision": "half"}, "'half'"),
        ({"n_threads": 0}, "n_threads is 0"),
    ],
)
def test_runs_that_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        simulate_grain_growth(GRAINS, KINETICS, **({"n_steps": 1} | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"energy_J_m2": -1.0}, "energy_J_m2 is -1 J/m²"),
        ({"mobility_m4_J_s": 0.0}, "mobility_m4_J_s is 0"),
        ({"width_voxels": 2.0}, "width_voxels is 2 voxels"),
    ],
)
def test_kinetics_that_are_refused(changes, message):
    given = {"energy_J_m2": 0.5, "mobility_m4_J_s": 1e-16}
    with pytest.raises(InputError, match=message):
        BoundaryKinetics(**(given | changes))


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_sizes_of_laguerre_cells_are_those_asked_for(spread):
    grains = generate_polycrystal(
        (80, 80), n_grains=20, grain_size_nm=100.0, seed=3, size_spread=spread
    )
    found = measure_grain_sizes(grains)
    area_nm2 = 80**2 * grains.voxel_nm**2 / 20
    assert np.sqrt(4 * area_nm2 / np.pi) == pytest.approx(100.0)
    drawn = np.random.default_rng(3)
    drawn.random((20, 2))
    asked = spread * drawn.standard_normal(20)
    # in voxels, of which a grain has 300
    assert np.log(found.diameters_nm).std() == pytest.approx(asked.std(), abs=0.04)


@pytest.mark.parametrize(
    ("shape", "changes", "message"),
    [
        ((8,), {}, "give voxels along two or three axes"),
        ((8, 8), {"n_grains": 0}, "n_grains is 0"),
        ((8, 8), {"n_grains": 10}, "2.5 voxels across; at least 4"),
        ((8, 8), {"grain_size_nm": -1.0}, "grain_size_nm is -1 nm"),
        ((8, 8), {"size_spread": 2.0}, "size_spread is 2"),
    ],
)
def test_polycrystals_that_are_refused(shape, changes, message):
    given = {"n_grains": 2, "grain_size_nm": 100.0, "seed": 0}
    with pytest.raises(InputError, match=message):
        generate_polycrystal(shape, **(given | changes))


@pytest.mark.parametrize(
    ("labels", "voxel_nm", "message"),
    [
        (np.zeros((4, 4)), 1.0, "labels are float64"),
        (np.zeros(4, dtype=int), 1.0, r"shape \(4,\)"),
        (-np.ones((4, 4), dtype=int), 1.0, "a label is -1"),
        (np.zeros((4, 4), dtype=int), 0.0, "voxel_nm is 0 nm"),
    ],
)
def test_maps_that_are_refused(labels, voxel_nm, message):
    with pytest.raises(InputError, match=message):
        GrainMap(labels, voxel_nm)


def test_one_grain_has_no_intercept():
    with pytest.raises(InputError, match="one grain without a boundary"):
        measure_grain_sizes(GrainMap(np.zeros((4, 4), dtype=int), 1.0))


@given(st.floats(1.5, 4.0), st.floats(10.0, 1000.0), st.floats(2.0, 5.0))
@settings(deadline=None, max_examples=25)
def test_the_law_is_found_again(exponent, start_nm, factor):
    time_s = np.linspace(0.0, 500.0, 40)
    rate = ((factor * start_nm) ** exponent - start_nm**exponent) / 500.0
    size = (start_nm**exponent + rate * time_s) ** (1 / exponent)
    found = fit_growth_law(time_s, size, exponent=None)
    assert found.exponent == pytest.approx(exponent, rel=1e-3)
    fixed = fit_growth_law(time_s, size, exponent=exponent)
    assert fixed.rate_nm_s == pytest.approx(rate, rel=1e-4)
    assert fixed.initial_size_nm == pytest.approx(start_nm, rel=1e-3)


def test_errors_of_the_rate_cover_it():
    rng = np.random.default_rng(0)
    time_s = np.linspace(0.0, 100.0, 30)
    true = np.sqrt(100.0**2 + 500.0 * time_s)
    pulls = []
    for _ in range(200):
        found = fit_growth_law(time_s, true + 2.0 * rng.standard_normal(30), size_std_nm=2.0)
        pulls.append((found.rate_nm_s - 500.0) / found.rate_std_nm_s)
    assert np.std(pulls) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("times", "sizes", "message"),
    [
        ([0.0, 1.0], [1.0, 2.0], "2 times and 2 sizes"),
        ([0.0, 2.0, 1.0], [1.0, 2.0, 3.0], "times do not rise"),
        ([0.0, 1.0, 2.0], [1.0, -2.0, 3.0], "size_nm is -2 nm"),
    ],
)
def test_growth_that_cannot_be_fitted(times, sizes, message):
    with pytest.raises(InputError, match=message):
        fit_growth_law(times, sizes)


def test_a_transition_is_no_arrhenius_line():
    temperatures = np.array([1400.0, 1450.0, 1500.0, 1550.0])
    rates = 1e15 * np.exp(-3.0 / (BOLTZMANN_EV_PER_K * temperatures))
    rates[2:] /= 30.0
    [one] = fit_growth_windows(temperatures, rates, relative_std=0.1)
    assert one.is_arrhenius is False
    low, high = fit_growth_windows(temperatures, rates, relative_std=0.1, transitions_K=[1475.0])
    assert low.is_arrhenius is None
    assert high.activation_energy_eV == pytest.approx(3.0, abs=1e-6)
    found = grain_size_after_schedule([(1425.0, 3600.0)], [one], initial_size_nm=300.0)
    assert any("do not follow one Arrhenius line" in text for text in found.warnings)
    with pytest.raises(InputError, match="a window needs two temperatures"):
        fit_growth_windows(temperatures, rates, relative_std=0.1, transitions_K=[1410.0])


CERTAIN = ((0.0, 0.0), (0.0, 0.0))


def test_pieces_of_a_schedule_add_up():
    window = GrowthWindow(1400.0, 1600.0, 34.0, 3.0, CERTAIN)
    once = grain_size_after_schedule([(1473.0, 7200.0)], [window], initial_size_nm=300.0)
    twice = grain_size_after_schedule([(1473.0, 3600.0)] * 2, [window], initial_size_nm=300.0)
    rate = np.exp(34.0 - 3.0 / (BOLTZMANN_EV_PER_K * 1473.0))
    assert once.size_nm == pytest.approx(np.sqrt(300.0**2 + rate * 7200.0))
    assert twice.size_nm == pytest.approx(once.size_nm)
    assert twice.after_each_nm[0] < twice.after_each_nm[1] == pytest.approx(twice.size_nm)
    assert once.lower_nm == pytest.approx(once.upper_nm)
    assert list(once.quantile_size_nm) == sorted(once.quantile_size_nm)
    assert "not by Arrhenius' law" in once.warnings[0]


def test_errors_widen_and_temperatures_outside_are_said():
    window = GrowthWindow(1400.0, 1500.0, 34.0, 3.0, ((0.25, 0.0), (0.0, 0.0)))
    found = grain_size_after_schedule(
        [(1550.0, 3600.0)], [window, window], initial_size_nm=300.0, seed=1
    )
    # a standard error of 0.5 in ln K is one of 0.25 in ln d
    assert np.log(found.upper_nm / found.lower_nm) == pytest.approx(4 * 1.96 * 0.125, rel=0.1)
    assert found.is_extrapolated
    assert found.warnings == ("1550 K is 50 K outside the measured windows",)


@pytest.mark.parametrize(
    ("schedule", "windows", "message"),
    [
        ([], [GrowthWindow(1.0, 2.0, 0.0, 1.0, CERTAIN)], "0 pieces"),
        ([(-1.0, 1.0)], [GrowthWindow(1.0, 2.0, 0.0, 1.0, CERTAIN)], "temperature of the schedule"),
        (
            [(1.0, 1.0)],
            [
                GrowthWindow(1.0, 2.0, 0.0, 1.0, CERTAIN),
                GrowthWindow(2.0, 3.0, 0.0, 1.0, CERTAIN, exponent=3.0),
            ],
            "different exponents",
        ),
    ],
)
def test_schedules_that_are_refused(schedule, windows, message):
    with pytest.raises(InputError, match=message):
        grain_size_after_schedule(schedule, windows, initial_size_nm=100.0)
