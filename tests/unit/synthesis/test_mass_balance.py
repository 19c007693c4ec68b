"""Formulas, powders and masses."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.synthesis import (
    FiringStep,
    LithiumLossModel,
    balance_powders,
    choose_precursors,
    estimate_lithium_loss,
    find_firing,
    plan_characterisation,
    read_target,
    xray_density_g_cm3,
)

LLTO = read_target("Li1/3La5/9TiO3")
ROUNDED_G = 6e-5
"""The reference masses have four decimals."""


def weigh(formula: str = "Li1/3La5/9TiO3", mass_g: float = 10.0, **options):
    return balance_powders(read_target(formula), mass_g=mass_g, **options)


def by_element(batch, name: str) -> dict[str, float]:
    return {powder.element: getattr(powder, name) for powder in batch.powders}


def test_ten_grams_known_beforehand():
    batch = weigh(excess={"Li": 0.1})
    assert LLTO.molar_mass_g == pytest.approx(175.347, abs=5e-4)
    pure, with_excess = (by_element(batch, name) for name in ("stoichiometric_g", "with_excess_g"))
    assert pure == pytest.approx({"Li": 0.7023, "La": 5.1613, "Ti": 4.5547}, abs=ROUNDED_G)
    assert with_excess["Li"] == pytest.approx(0.7725, abs=ROUNDED_G)
    density = xray_density_g_cm3(molar_mass_g=LLTO.molar_mass_g, volume_A3=3.871**3)
    assert density == pytest.approx(5.02, abs=5e-3)


def test_dopants_by_hand():
    """Sr on the A site and Al on the B site: n s SrCO3, n y/2 Al2O3, n(1 - y) TiO2."""
    batch = weigh("Li0.35Sr0.02La0.54333333Al0.02Ti0.98O3")
    n = 10.0 / batch.molar_mass_g
    masses = by_element(batch, "stoichiometric_g")
    assert masses["Sr"] == pytest.approx(n * 0.02 * 147.63, rel=1e-3)
    assert masses["Al"] == pytest.approx(n * 0.01 * 101.96, rel=1e-3)
    assert masses["Ti"] == pytest.approx(n * 0.98 * 79.866, rel=1e-3)


def test_assay_and_ignition_loss_are_made_up_for():
    batch = weigh(assay={"La": 0.995}, ignition_loss={"La": 0.02})
    line = next(powder for powder in batch.powders if powder.element == "La")
    assert line.weighed_g * 0.995 * (1 - 0.02) == pytest.approx(5.1613, abs=ROUNDED_G)
    assert batch.total_weighed_g == pytest.approx(sum(p.weighed_g for p in batch.powders))


def test_a_multiple_of_the_formula_is_the_same_batch():
    first = by_element(weigh("Li0.5La0.5TiO3"), "weighed_g")
    again = by_element(weigh("Li6La6Ti12O36"), "weighed_g")
    assert first == pytest.approx(again)
    assert by_element(weigh("Li6La6(TiO3)12"), "weighed_g") == pytest.approx(first)


@given(
    lithium=st.floats(0.03, 0.5),
    mass_g=st.floats(1e-3, 1e3),
    excess=st.floats(-0.2, 0.5),
)
@settings(max_examples=30, deadline=None)
def test_cations_are_conserved_and_mass_too(lithium, mass_g, excess):
    lanthanum = (2.0 - lithium) / 3.0
    batch = weigh(f"Li{lithium:.6f}La{lanthanum:.6f}TiO3", mass_g, excess={"Li": excess})
    moles = {
        p.element: p.stoichiometric_g / m * k
        for p, m, k in zip(batch.powders, (73.89, 325.81, 79.866), (2, 2, 1), strict=True)
    }
    assert moles["La"] / moles["Ti"] == pytest.approx(lanthanum, rel=1e-3)
    assert moles["Li"] / moles["Ti"] == pytest.approx(lithium, rel=1e-3)
    # what is left of the powders without excess, once CO2 has gone, is the product
    pure = weigh(f"Li{lithium:.6f}La{lanthanum:.6f}TiO3", mass_g)
    assert pure.total_weighed_g - pure.carbon_dioxide_g == pytest.approx(mass_g, rel=1e-4)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("", "not a formula"),
        ("hello world!", "not a formula"),
        ("Xx2O3", "not a formula"),
        ("Li1/0La0.5TiO3", "not a formula"),
        ("Li-0.5La0.5TiO3", "not a formula"),
        ("Li0La0.5TiO3", "not neutral|amount|ask for"),
        ("LiTi", "not an oxide"),
        ("LiLaTiO3", "cations .* ask for"),
        ("Li0.5La0.5TiO2", "ask for"),
        ("Li3PO4", "no usual powder is known for P"),
        ("SrTiO2F", "no usual powder is known for F"),
    ],
)
def test_formulas_that_cannot_be_made(formula, message):
    with pytest.raises(InputError, match=message) as caught:
        weigh(formula)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mass_g": 0.0}, "mass_g is 0"),
        ({"mass_g": -3.0}, "mass_g is -3"),
        ({"mass_g": math.nan}, "mass_g is nan"),
        ({"excess": {"Li": 10.0}}, "excess of Li is 10.*0.1 for 10 %"),
        ({"excess": {"Na": 0.1}}, "no cation of the product"),
        ({"assay": {"La": 0.0}}, "assay of La"),
        ({"assay": {"La": 99.9}}, "assay of La"),
        ({"ignition_loss": {"La": 0.7}}, "ignition_loss of La"),
        ({"precursors": {"Li": "SrCO3"}}, "holds Sr"),
        ({"precursors": {"Li": "Na2CO3"}}, "holds Na"),
        ({"precursors": {"Li": "CO2"}}, "holds no Li"),
        ({"precursors": {"Na": "Na2CO3"}}, "does not hold"),
        ({"precursors": {"Li": "?"}}, "not a formula"),
    ],
)
def test_numbers_that_cannot_be(options, message):
    with pytest.raises(InputError, match=message):
        weigh(**{"mass_g": 10.0, **options})


def test_other_powders_bring_the_same_cations():
    batch = weigh(precursors={"Li": "LiOH"})
    line = batch.powders[0]
    assert line.stoichiometric_g == pytest.approx(0.7023 * 2 * 23.948 / 73.89, rel=1e-3)
    assert batch.carbon_dioxide_g == 0.0
    assert choose_precursors(["Sr"])["Sr"].n_carbon == 1


def test_an_element_of_unknown_charge_is_said():
    batch = weigh("LaRuO3", precursors={"Ru": "RuO2"})
    assert "no usual oxidation state of Ru" in batch.warnings[0]


def try_to_weigh(text: str) -> tuple[float, str]:
    """Return what is weighed in, or why nothing can be."""
    try:
        return weigh(text).total_weighed_g, ""
    except InputError as error:
        return 0.0, str(error)


@given(
    st.text(max_size=40)
    | st.from_regex(r"(Li|La|Ti|Sr|O)[0-9]{0,2}((\.|/)[0-9]{1,2})?(TiO3|O2)?", fullmatch=True)
)
@settings(max_examples=300, deadline=None)
def test_any_text_is_weighed_or_refused_in_one_line(text):
    weighed_g, refusal = try_to_weigh(text)
    assert (weighed_g > 0) != bool(refusal)
    assert "\n" not in refusal


def test_lithium_loss_is_that_of_its_source_and_rises_with_heat_and_time():
    measured = estimate_lithium_loss([FiringStep(1200.0, 12.0)])
    assert measured.lost == pytest.approx(0.23)
    assert measured.lost_low < measured.lost < measured.lost_high
    assert measured.excess == pytest.approx(0.23 / 0.77)
    half = estimate_lithium_loss([FiringStep(1200.0, 6.0)])
    twice = estimate_lithium_loss([FiringStep(1200.0, 6.0)] * 2)
    hot = estimate_lithium_loss([FiringStep(1300.0, 6.0)])
    assert twice.lost == pytest.approx(measured.lost)
    assert half.lost < measured.lost
    assert hot.lost > half.lost
    assert estimate_lithium_loss([]).lost == 0.0
    endless = estimate_lithium_loss([FiringStep(2000.0, 1000.0)])
    assert endless.lost == 1.0
    assert endless.excess == math.inf
    own = estimate_lithium_loss([FiringStep(1200.0, 1.0)], model=LithiumLossModel(rate_per_h=0.1))
    assert own.lost == pytest.approx(1 - math.exp(-0.1))


@pytest.mark.parametrize("step", [FiringStep(1200.0, -1.0), FiringStep(5000.0, 1.0)])
def test_holds_that_cannot_be(step):
    with pytest.raises(InputError, match="degrees Celsius and hours"):
        estimate_lithium_loss([step])


def test_windows_are_said_to_be_known_only_where_they_are():
    known = find_firing(LLTO)
    assert known.is_known
    assert any("10.1007/s10853-012-6650-5" in line.source for line in known.lines)
    other = find_firing(read_target("BaZr0.8Y0.2O2.9"))
    assert not other.is_known
    assert other.lines[0].label == "hypothesis"
    plan = " ".join(line.text for line in plan_characterisation(LLTO, density_g_cm3=5.02))
    assert "4.77 g/cm³" in plan
    assert "ICP" in plan
    assert "ICP" not in str(plan_characterisation(read_target("BaTiO3"), density_g_cm3=None))


@pytest.mark.parametrize("volume_A3", [0.0, -1.0, math.inf])
def test_a_density_needs_a_volume(volume_A3):
    with pytest.raises(InputError, match="no density"):
        xray_density_g_cm3(molar_mass_g=100.0, volume_A3=volume_A3)
