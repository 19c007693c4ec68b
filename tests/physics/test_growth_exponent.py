"""Many grains grow by d² - d0² = K t; docs/data/grain_growth.json holds larger growths."""

from __future__ import annotations

import pytest

from perolyte.mesoscale.microstructure import (
    BoundaryKinetics,
    fit_growth_increments,
    generate_polycrystal,
    simulate_grain_growth,
)

KINETICS = BoundaryKinetics(energy_J_m2=0.5, mobility_m4_J_s=1e-16)
WIDEST = 0.25
"""Error of the exponent that one growth of this size should have."""


@pytest.mark.slow
def test_one_growth_has_the_exponent_of_curvature():
    start = generate_polycrystal((352, 352), n_grains=280, grain_size_nm=240.0, seed=1)
    # until Voronoi cells are forgotten
    settled = simulate_grain_growth(start, KINETICS, n_steps=250, step=0.4, precision="float32")
    found = simulate_grain_growth(settled.state, KINETICS, n_steps=3000, step=0.4)
    assert found.is_monotonic
    assert found.n_grains[0] > 5 * found.n_grains[-1]
    # energy is the length of boundaries: a mean intercept, up to a factor
    law = fit_growth_increments(found.time_s, 1.0 / found.energy_J_m2, n_dimensions=2)
    assert law.exponent_std < WIDEST
    assert law.exponent == pytest.approx(2.0, abs=2 * law.exponent_std)
