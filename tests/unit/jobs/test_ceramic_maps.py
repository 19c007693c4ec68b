"""Maps of ceramics: which bulk meets which boundary, and what each number is called."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from perolyte.jobs import build_grain_size_map, map_grain_sizes, refresh_summary
from perolyte.jobs.ceramic_inputs import law_from_fit
from perolyte.schemas import (
    ArrheniusFit,
    ConductivityDoc,
    DopingDescription,
    GivenBoundary,
    GivenBulk,
    GrainSizeMapDoc,
    GrainSizeSettings,
    ScreeningSummaryDoc,
)
from perolyte.transport import fit_arrhenius
from support.ceramics import (
    BOUNDARY,
    BULK,
    SimulatedBoundary,
    make_line,
    make_map_document,
    make_settings,
)
from support.documents import (
    PROVENANCE,
    make_candidate,
    make_candidate_set,
    make_conductivity,
)

SR = DopingDescription(
    element="Sr", scheme="S3", reaction="r", n_dopants=2, fraction_achieved=0.0185
)


def conductivity(name: str, line: ArrheniusFit | None) -> ConductivityDoc:
    return make_conductivity(name, None if line is None else 1e-3, arrhenius=line)


def test_a_literature_ceramic_has_the_values_known_beforehand():
    document = make_map_document(grain_size_min_nm=100.0, grain_size_max_nm=1e4, n_grain_sizes=3)
    found = document.maps.materials[0]
    assert np.allclose(found.total_S_cm.value[1], [3.846e-5, 3.276e-4, 1.590e-3], rtol=5e-4)
    assert np.allclose(found.blocking_factor.value[0], [0.9960, 0.9935, 0.9905], atol=1e-4)
    assert document.status == "converged"
    labels = {item.name: (item.label, item.source) for item in found.parameters}
    assert labels["bulk conductivity at 300 K"] == ("literature", "another paper")
    assert labels["boundary thickness"] == ("assumed", "a paper")
    assert labels["bulk relative permittivity"][0] == "assumed"
    assert all(item.lower < item.value < item.upper for item in found.parameters)


def test_temperatures_outside_of_a_range_are_said_not_hidden():
    document = make_map_document()
    # the bulk was measured up to 360 K, the boundary at 300 K alone
    assert document.maps.materials[0].extrapolated == [None, "boundary", "bulk and boundary"]
    (warning,) = document.warnings
    assert "2 of 3 temperatures (350 to 400 K)" in warning
    assert len(document.maps.materials[0].total_S_cm.value[0]) == 3


def test_computed_candidates_meet_the_value_that_says_most_of_them():
    given = [
        GivenBoundary(**BOUNDARY),
        GivenBoundary(**{**BOUNDARY, "conductivity_S_cm": 2e-8, "dopant": "Sr"}),
        GivenBoundary(**{**BOUNDARY, "conductivity_S_cm": 1e-8, "candidate": "Sr3-S2"}),
    ]
    names = ["parent", "Sr2-S3", "Sr3-S2", "Al1-A1"]
    al = SR.model_copy(update={"element": "Al"})
    document = build_grain_size_map(
        [conductivity(name, make_line()) for name in names],
        make_settings(values=given, bulk=[]),
        dopings={"parent": None, "Sr2-S3": SR, "Sr3-S2": SR, "Al1-A1": al},
    )
    rows = {row.material: row for row in document.maps.boundaries}
    assert [rows[name].conductivity_S_cm for name in names] == pytest.approx(
        [4e-8, 2e-8, 1e-8, 4e-8]
    )
    assert [rows[name].label for name in names] == [*["literature"] * 3, "assumed"]
    assert rows["Al1-A1"].source == "taken over from a material without Al: a paper"
    assert rows["Sr2-S3"].dopant == "Sr"
    assert rows["Sr2-S3"].fraction == 0.0185
    # 1 nm over 2e-8 S/cm
    assert rows["Sr2-S3"].area_resistance_ohm_cm2 == pytest.approx(5.0)
    parameters = document.maps.materials[0].parameters
    assert parameters[0].label == "computed"
    assert parameters[0].source == "document conductivity-parent"
    assert document.provenance.parent_uuids == [f"conductivity-{name}" for name in names]


def test_simulated_boundaries_stand_beside_given_ones():
    document = build_grain_size_map(
        [conductivity("parent", make_line())],
        make_settings(bulk=[]),
        boundaries=[
            SimulatedBoundary(arrhenius=make_line(0.35, ln_prefactor=8.0)),
            SimulatedBoundary(sigma_value=13, miller=(3, 2, 0), arrhenius_reasons=["too noisy"]),
            SimulatedBoundary(candidate="another", arrhenius=make_line()),
        ],
    )
    assert [row.boundary for row in document.maps.boundaries] == ["Σ5 (310)", "grain boundary"]
    first = document.maps.boundaries[0]
    assert (first.label, first.source) == ("computed", "document boundary-uuid")
    assert first.thickness_nm == pytest.approx(1.0)
    assert first.activation_energy_eV == 0.35
    assert first.is_extrapolated, "fitted from 600 K on, the table is of 300 K"
    assert any("Σ13 (320): no conductivity over temperature: too noisy" in w
               for w in document.warnings)  # fmt: skip
    assert "boundary-uuid" in document.provenance.parent_uuids


def test_what_is_not_resolved_is_left_out_with_its_reason():
    document = build_grain_size_map([conductivity("parent", None)], make_settings(bulk=[]))
    assert document.status == "not_converged"
    assert document.maps.left_out == {"parent": "no resolved bulk conductivity: 1000 K: too short"}
    assert document.reasons == ["parent: no resolved bulk conductivity: 1000 K: too short"]
    nothing = build_grain_size_map([conductivity("parent", make_line())], make_settings(values=[]))
    assert nothing.maps.left_out["parent"] == "no boundary is given or computed for it"


def test_the_law_of_a_fit_has_the_intervals_of_the_fit():
    temperatures_K = np.array([600.0, 700.0, 800.0, 900.0])
    for scatter in (0.01, 0.4):
        noise = np.exp(scatter * np.array([1, -1, -1, 1]))
        sigma = 1e3 / temperatures_K * np.exp(-0.3 / (8.617e-5 * temperatures_K)) * noise
        fit = fit_arrhenius(temperatures_K, sigma, np.full(4, 0.1))
        described = ArrheniusFit(
            **{
                key: getattr(fit, key)
                for key in ArrheniusFit.model_fields
                if key not in ("covariance", "activation_energy_interval_eV")
            },
            covariance=fit.covariance.tolist(),
        )
        law = law_from_fit(described)
        assert np.isfinite(law.degrees_of_freedom) == (scatter > 0.1)
        rng = np.random.default_rng(3)
        drawn = law.draw([300.0], normal=rng.normal(size=(40_000, 3)), uniform=rng.random(40_000))
        said = fit.predict(300.0)
        found = np.quantile(drawn, [0.025, 0.5, 0.975])
        expected = [said.lower_S_cm, said.conductivity_S_cm, said.upper_S_cm]
        # half widths of ln sigma, from 40,000 draws: 2 %
        assert np.log(found[2] / found[0]) == pytest.approx(
            np.log(expected[2] / expected[0]), rel=0.03
        )
        assert found[1] == pytest.approx(float(expected[1]), rel=0.03)


def test_another_material_leaves_the_others_as_they_are():
    alone = make_map_document()
    both = make_map_document(bulk=[GivenBulk(**{**BULK, "name": "a new"}), GivenBulk(**BULK)])
    assert both.maps.materials[1] == alone.maps.materials[0]
    assert both.maps.materials[0].total_S_cm.upper != alone.maps.materials[0].total_S_cm.upper


def test_the_job_takes_what_failed_and_what_candidates_are():
    candidates = make_candidate_set(
        make_candidate("parent"),
        make_candidate("Sr2-S3", "doping", change={"Sr": 2, "La": -1, "Li": -1}),
    )
    document = map_grain_sizes.original(
        [None, conductivity("Sr2-S3", make_line())],
        make_settings(bulk=[]).model_dump(),
        candidates=candidates,
        boundaries=[None],
        campaign="c",
    )
    assert document.campaign == "c"
    assert document.maps.materials[0].dopant == "Sr"


def test_large_grids_are_written_apart_and_come_back():
    document = make_map_document(n_grain_sizes=999, temperatures_K=[300.0, 310, 320, 330, 340])
    written = document.model_dump(mode="json")
    assert "maps" not in written
    assert GrainSizeMapDoc.model_validate(written) == document
    assert "maps" in make_map_document().model_dump(mode="json")


def test_a_summary_keeps_the_maps_and_makes_them_anew():
    document = build_grain_size_map([conductivity("parent", make_line())], make_settings())
    row = {
        "rank": 1,
        "ranked_by": "conductivity",
        "name": "parent",
        "kind": "parent",
        "formula": "X",
        "n_atoms": 5,
        "doping": None,
        "relax_status": "converged",
        "relaxed_energy_per_atom_eV": -8.0,
        "reaction_energy_eV_per_dopant": 0.0,
        "reaction": None,
        "status": "converged",
        "reasons": [],
        "conductivity": conductivity("parent", make_line()),
        "warnings": [],
        "uuids": {},
    }
    summary = ScreeningSummaryDoc(
        name="c",
        status="converged",
        provenance=PROVENANCE,
        parent_formula="X",
        candidates=[row],
        ceramic_maps=document.maps,
        ceramic_settings=make_settings().model_dump(),
    )
    assert ScreeningSummaryDoc.model_validate(summary.model_dump()) == summary
    newer = {"conductivity-parent": conductivity("parent", make_line(0.2))}
    refreshed = refresh_summary(summary, newer)
    before, after = (
        next(m for m in found.ceramic_maps.materials if m.name == "parent")
        for found in (summary, refreshed)
    )
    assert after.total_S_cm.value[-1][0] > before.total_S_cm.value[-1][0]
    with_computed = document.maps.model_copy(
        update={
            "boundaries": [
                r.model_copy(update={"label": "computed"}) for r in document.maps.boundaries
            ]
        }
    )
    kept = refresh_summary(summary.model_copy(update={"ceramic_maps": with_computed}), newer)
    assert kept.ceramic_maps == with_computed
    assert "former conductivities" in kept.warnings[-1]


def test_documents_of_version_2_are_read():
    """Before version 3 a map had the bulk's error only."""
    old = make_conductivity("parent", 1e-3).model_dump(mode="json")
    old["schema_version"] = 2
    old["grain_size_map"] = {
        "temperature_K": 300.0,
        "grain_size_nm": [10.0],
        "total_S_cm": [1e-5],
        "lower_S_cm": [1e-6],
        "upper_S_cm": [1e-4],
        "blocking_factor": [0.9],
        "model": "brick layer, series",
        "parameters": [
            {"name": "t", "value": 1.0, "unit": "nm", "label": "assumed", "source": "s"}
        ],
    }
    found = ConductivityDoc.model_validate(old)
    assert found.grain_size_map.interval_from == "bulk"
    assert found.grain_size_map.parameters[0].lower is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grain_size_min_nm": 0.5}, "not larger than a boundary of 1 nm"),
        ({"grain_size_min_nm": -5.0}, "greater than 0"),
        ({"grain_size_min_nm": 1e5, "grain_size_max_nm": 1e3}, "must be below"),
        ({"temperatures_K": [400.0, 300.0]}, "must rise"),
        ({"temperatures_K": [27.0]}, "kelvin from 50 to 5000"),
        ({"temperatures_K": []}, "at least 1"),
        ({"n_draws": 3}, "greater than or equal to 40"),
        ({"bulk_permittivity": 0.0}, "greater than or equal to 1"),
        ({"model": "bruggeman"}, "series"),
        ({"colour": "red"}, "not permitted"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        make_settings(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conductivity_S_cm": -1e-8}, "greater than 0"),
        ({"thickness_nm": -1.0}, "greater than 0"),
        ({"temperature_min_K": 310.0}, "does not hold"),
        ({"dopant": "Sr", "candidate": "x"}, "one of them"),
        ({"uncertainty_decades": -0.5}, "greater than or equal to 0"),
        ({"source": ""}, "at least 3"),
        ({"conductivity_S_cm": "1e-8"}, "valid number"),
    ],
)
def test_boundaries_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        GivenBoundary(**{**BOUNDARY, **changes})


def test_a_value_without_energy_is_for_its_temperature():
    alone = GivenBoundary(**{**BOUNDARY, "activation_energy_eV": None})
    with pytest.raises(ValidationError, match=r"no activation_energy_eV .* temperatures_K: \[300"):
        make_settings(values=[alone])
    document = build_grain_size_map([], make_settings(values=[alone], temperatures_K=[300.0]))
    assert document.maps.boundaries[0].activation_energy_eV is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*GrainSizeSettings.model_fields, *GivenBoundary.model_fields, "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(content=json_values)
@settings(max_examples=150, deadline=None)
def test_any_settings_are_taken_or_refused_in_words(content):
    try:
        found = GrainSizeSettings.model_validate(content)
    except ValidationError:
        return
    assert found.temperatures_K == sorted(found.temperatures_K)


@given(
    sigma=st.floats(1e-12, 1e2),
    energy_eV=st.floats(-0.5, 2.0),
    thickness_nm=st.floats(0.01, 15.0),
    decades=st.floats(0.0, 4.0),
)
@settings(max_examples=30, deadline=None)
def test_any_boundary_gives_finite_numbers(sigma, energy_eV, thickness_nm, decades):
    given_boundary = GivenBoundary(
        **{
            **BOUNDARY,
            "conductivity_S_cm": sigma,
            "activation_energy_eV": energy_eV,
            "thickness_nm": thickness_nm,
            "uncertainty_decades": decades,
        }
    )
    document = build_grain_size_map(
        [], make_settings(values=[given_boundary], n_grain_sizes=3, n_draws=40)
    )
    found = document.maps.materials[0].total_S_cm
    assert np.isfinite([found.value, found.lower, found.upper]).all()
    assert (np.array(found.lower) > 0).all()
