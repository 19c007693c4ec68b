"""Campaign files: the shipped ones load, and every slip is one clear line."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import given, settings

from perolyte.campaigns import Campaign, load_campaign
from perolyte.errors import InputError

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = sorted((ROOT / "workflows").glob("*.yaml"))
ODD = [None, "", -1, 1e400, float("nan"), [], {}, "x", True, 0, 2.5, [None], {"x": None}, 10**30]

Write = Callable[[dict[str, Any] | bytes], Path]


@pytest.fixture(scope="session")
def quickstart() -> dict[str, Any]:
    """The shipped quickstart, with few arrangements, so that loading takes milliseconds."""
    content = yaml.safe_load((ROOT / "workflows" / "quickstart.yaml").read_text())
    content["parent"]["structure"] = str(ROOT / "examples" / "structures" / "llto_cubic.cif")
    content["parent"]["n_samples"] = 1
    content["parent"]["n_ordering_samples"] = 1
    return content


@pytest.fixture(scope="session")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    folder = tmp_path_factory.mktemp("campaigns")

    def write(content: dict[str, Any] | bytes) -> Path:
        path = folder / "campaign.yaml"
        data = content if isinstance(content, bytes) else yaml.safe_dump(content).encode()
        path.write_bytes(data)
        return path

    return write


def change(content: dict[str, Any], keys: str, value: Any) -> dict[str, Any]:
    """Set ``a.0.b`` in a copy; an ellipsis removes it."""
    changed = copy.deepcopy(content)
    *path, last = [int(key) if key.isdigit() else key for key in keys.split(".")]
    target = changed
    for key in path:
        target = target[key]
    if value is ... and (isinstance(target, list) or last in target):
        del target[last]
    elif value is ...:
        pass
    else:
        target[last] = value
    return changed


def refuse(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_campaign(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_there_are_shipped_campaigns():
    assert "quickstart.yaml" in {path.name for path in SHIPPED}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_campaigns_load(path: Path):
    campaign = load_campaign(path)
    assert campaign.count_candidates() >= 2
    assert (campaign.count_md_steps() > 0) == (campaign.spec.conductivity is not None)


def test_what_a_campaign_says(quickstart, write):
    campaign = load_campaign(write(quickstart))
    assert campaign.name == "quickstart"
    assert campaign.count_candidates() == 7
    # 2 structures, 3 temperatures, 0.9 ps at 2 fs
    section = quickstart["conductivity"]
    picoseconds = section["equilibration_ps"] + section["production_ps"]
    steps = round(picoseconds * 1000 / section["time_step_fs"])
    assert campaign.count_md_steps() == 2 * len(section["temperatures_K"]) * steps
    names = [doc.name for doc in campaign.preview().candidates]
    assert names[0] == "parent"
    assert len(set(names)) == 7


def test_the_same_file_gives_the_same_jobs(quickstart, write):
    first = load_campaign(write(quickstart)).to_flow()
    again = load_campaign(write(quickstart)).to_flow()
    other = load_campaign(write(change(quickstart, "seed", 1))).to_flow()
    assert list(first.job_uuids) == list(again.job_uuids)
    assert not set(first.job_uuids) & set(other.job_uuids)


def test_without_conductivity_the_flow_ends_at_the_ranking(quickstart, write):
    campaign = load_campaign(write(change(quickstart, "conductivity", ...)))
    assert campaign.count_md_steps() == 0
    assert [job.name for job in campaign.to_flow().jobs][-2:] == ["ranking", "summary"]


def test_bond_valence_barriers_before_anything_is_relaxed(quickstart, write):
    plain = load_campaign(write(change(quickstart, "bvse", ...))).to_flow()
    assert "bond valence barriers" not in [job.name for job in plain.jobs]
    all_kept = load_campaign(write(change(quickstart, "bvse", {"spacing_A": 0.4}))).to_flow()
    names = [job.name for job in all_kept.jobs]
    assert names[:3] == ["candidates", "bond valence barriers", "relaxations"]
    section = {"n_best": 2, "dimensions": 1}
    best = load_campaign(write(change(quickstart, "bvse", section))).to_flow()
    candidates, barriers, kept, relaxed = best.jobs[:4]
    assert kept.name == "kept candidates"
    assert kept.function_kwargs["n_best"] == 2
    assert kept.function_kwargs["dimensions"] == 1
    assert relaxed.function_args[0].uuid == kept.uuid
    assert barriers.function_kwargs["settings"]["convention"] == "softbv"
    assert barriers.function_args[0].uuid == candidates.uuid


def find_conductivity_maker(campaign: Campaign) -> Any:
    job = next(job for job in campaign.to_flow().jobs if job.name == "conductivities")
    return job.function_args[1]


@pytest.mark.parametrize(("ion", "charge"), [("Li", 1), ("O", -2), ("La", 3)])
@pytest.mark.parametrize("declared", [True, False])
def test_the_charge_of_the_mobile_ion_is_its_oxidation_state(
    quickstart, write, ion, charge, declared
):
    content = change(quickstart, "parent.mobile_ion", ion)
    if not declared:
        content = change(content, "parent.oxidation_states", ...)
    assert find_conductivity_maker(load_campaign(write(content))).charge == charge


def test_options_of_the_potential_reach_the_md(quickstart, write):
    asked = change(quickstart, "potential.kwargs", {"device": "cpu"})
    maker = find_conductivity_maker(load_campaign(write(asked)))
    assert maker.md_maker.calculator_kwargs == {"device": "cpu"}


def test_a_longest_run_below_the_first_is_refused(quickstart, write):
    wrong = change(quickstart, "conductivity.max_production_ps", 0.01)
    with pytest.raises(InputError, match=r"max_production_ps 0.01 is below production_ps"):
        load_campaign(write(wrong))


@pytest.mark.parametrize(
    ("store", "expected"),
    [(None, None), ("mongodb://host/db", "mongodb://host/db"), ("deep/store", "{}/deep/store")],
)
def test_where_the_store_is(quickstart, write, store, expected):
    path = write(change(quickstart, "store", store))
    wanted = None if expected is None else expected.format(path.parent)
    assert load_campaign(path).store_location == wanted


def test_small_numbers_may_be_written_without_a_point(quickstart, write):
    """PyYAML reads 1e-8 as a string, which nobody means."""
    text = yaml.safe_dump(change(quickstart, "grain_boundary.conductivity_S_cm", "HERE"))
    campaign = load_campaign(write(text.replace("HERE", "1e-8").encode()))
    assert campaign.spec.grain_boundary.conductivity_S_cm == pytest.approx(1e-8, rel=1e-12)


def test_roles_may_name_the_cations_that_compensate(quickstart, write):
    content = change(quickstart, "parent.roles.mobile", "Li")
    campaign = load_campaign(write(change(content, "parent.roles.host", "La")))
    assert campaign.count_candidates() == 7


@pytest.mark.parametrize(
    ("keys", "hint"),
    [
        ("sead", "seed"),
        ("potential.nam", "name"),
        ("parent.mobile_ions", "mobile_ion"),
        ("dopings.1.elemnt", "element"),
        ("vacancies.0.compensations", "compensation"),
        ("relaxation.max_step", "max_steps"),
        ("conductivity.temperature_K", "temperatures_K"),
        ("grain_boundary.thickness", "thickness_nm"),
    ],
)
def test_unknown_keys(quickstart, write, keys, hint):
    message = refuse(write(change(quickstart, keys, 1)))
    # a single dopant is a list of one
    shown = keys.replace(".0", "[0]").replace(".1", "[1].dopants[0]")
    assert f"unknown key '{shown}'" in message
    assert "allowed here: " in message
    assert f"did you mean '{hint}'?" in message


@pytest.mark.parametrize("keys", ["name", "parent", "parent.mobile_ion"])
def test_missing_keys(quickstart, write, keys):
    assert f"key '{keys}' is missing; add it" in refuse(write(change(quickstart, keys, ...)))


def test_roles_are_found_when_they_are_left_out(quickstart, write):
    named = load_campaign(write(quickstart)).preview()
    found = load_campaign(write(change(quickstart, "parent.roles", ...))).preview()
    assert [doc.candidate_uuid for doc in found.candidates] == [
        doc.candidate_uuid for doc in named.candidates
    ]


def test_more_than_one_candidate_for_each_doping(quickstart, write):
    content = change(quickstart, "parent.n_keep", 2)
    content = change(content, "parent.n_random", 1)
    content = change(content, "parent.n_cells", 2)
    content = change(content, "parent.n_ordering_samples", 20)
    content["dopings"] = [
        {"element": "Sr", "count": 2, "scheme": "all"},
        {
            "dopants": [{"element": "Al", "count": 1}, {"element": "Nb", "count": 1}],
            "scheme": "self-compensated",
        },
    ]
    documents = load_campaign(write(content)).preview().candidates
    first = [doc.name for doc in documents if doc.cell == 0]
    assert [doc.name for doc in documents if doc.cell == 1] == [f"{name}-c1" for name in first]
    stems = [f"Sr2-{scheme}" for scheme in ("S1", "S2", "S3")] + ["Al1Nb1-self-compensated"]
    expected = [f"{stem}{end}" for stem in stems for end in ("", "-r1", "-r2")]
    assert first == ["parent", *expected, "VO1-VLi2", "VO1-VLi2-r1", "VO1-VLi2-r2"]
    assert len({doc.candidate_uuid for doc in documents}) == len(documents)


def test_an_automatic_supercell(quickstart, write):
    content = change(quickstart, "parent.supercell", "auto")
    content = change(content, "parent.composition", ...)
    content["dopings"] = [
        {"element": "Sr", "scheme": "S3", "fraction": 0.06, "basis": "A_sites"},
        {"element": "Al", "scheme": "A2", "fraction": 0.06, "basis": "B_sites"},
    ]
    campaign = load_campaign(write(content))
    doped = campaign.preview().candidates[1].doping
    assert doped.fraction_achieved == pytest.approx(0.06, rel=0.1)
    assert doped.n_dopants % 2 == 0
    assert "the supercell was chosen" in " ".join(campaign.preview().warnings)
    assert "raise" in refuse(write(change(content, "parent.max_atoms", 60)))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "holds nothing"),
        (b"# only a comment\n", "holds nothing"),
        (b"- 1\n- 2\n", "holds a list, not a campaign"),
        (b"hello", "holds a str"),
        (b"name: [1, 2\nfoo: }", "line 2, column 4"),
        (b"name: x\n\tfoo: 1", "line 2, column 1"),
        (b"name: a\nseed: 1\nname: b\n", "key 'name' is there twice"),
        (b"? [a]\n: b\n", "unhashable key"),
        (b'!!python/object/apply:os.system ["false"]', "could not determine a constructor"),
        (b"name: &a [*a]\n", "name"),
        (b"name: x\nparent: &a {structure: *a}\n", "parent"),
        (bytes(range(256)), "not valid YAML"),
        (b"\x00\x01\x02", "not valid YAML"),
        ("name: Grenzfläche".encode("latin-1"), "not valid YAML"),
        (b"[" * 5000, "not valid YAML"),
        (b"1: 2\nname: x\n", "missing"),
    ],
)
def test_files_that_are_no_campaign(write, data, expected):
    assert expected in refuse(write(data))


def test_paths_that_are_no_file(tmp_path):
    assert "does not exist; check the path" in refuse(tmp_path / "missing.yaml")
    assert "Is a directory" in refuse(tmp_path)
    with pytest.raises(InputError, match="null byte"):
        load_campaign("a\0b")


def test_structures_that_cannot_be_read(quickstart, write, tmp_path):
    garbage = tmp_path / "garbage.cif"
    garbage.write_bytes(bytes(range(256)))
    empty = tmp_path / "no_atoms.cif"
    empty.write_text("data_x\n_cell_length_a 4\n")
    for file, expected in [
        ("nowhere.cif", "No such file"),
        (str(tmp_path), "Is a directory"),
        (str(garbage), "binary"),
        (str(empty), "no_atoms.cif"),
        ("", "at least 1 character"),
        ("a\nb.cif", "No such file"),
    ]:
        assert expected in refuse(write(change(quickstart, "parent.structure", file)))


SR = {"element": "Sr", "scheme": "S3"}


@pytest.mark.parametrize(
    ("keys", "value", "expected"),
    [
        # structure and candidates
        ("dopings.0", {"element": "Mn", "scheme": "S3", "count": 2}, "give oxidation_state"),
        ("dopings.0", {"element": "Al", "scheme": "S3", "count": 2}, "S3' is not known or not"),
        ("dopings.0", {"element": "Al", "scheme": "S3", "count": 2}, "A1, A2, A3, A4 on Ti"),
        ("dopings.0.count", 1, "multiple of 2"),
        ("dopings.0.count", 100, "up to 6"),
        ("dopings.0.count", 0, "greater than or equal to 1"),
        ("dopings.0.element", "Xx", "no chemical element"),
        ("dopings.0.scheme", "S9", "use S1, S2"),
        ("dopings.0", SR | {"count": 2, "fraction": 0.1, "basis": "A_sites"}, "not both"),
        ("dopings.0", SR, "Sr needs either 'count' or 'fraction'"),
        ("dopings.0", SR | {"fraction": 0.1}, "without 'basis'; use A_sites"),
        ("dopings.0", SR | {"fraction": 0.1, "basis": "sites"}, "'A_sites', 'B_sites'"),
        ("dopings.0", SR | {"fraction": 2, "basis": "A_sites"}, "less than or equal to 1"),
        ("dopings.0", SR | {"count": 2, "basis": "A_sites"}, "leave basis out"),
        ("dopings.1", SR | {"oxidation_state": 2, "count": 2}, "same cell Sr2-S3"),
        ("dopings.0", "Sr", "dictionary"),
        ("dopings", {"element": "Sr"}, "valid list"),
        ("vacancies.0.compensation", {}, "remove also 2 Li"),
        ("vacancies.0.compensation", {"Li": -2}, "greater than or equal to 0"),
        ("parent.mobile_ion", "Na", "holds Li, La, Ti, O; name one of these"),
        ("parent.mobile_ion", "", "name one of these"),
        ("parent.supercell", [0, 1, 1], "whole numbers from 1 to 100, for example [2, 2, 3]"),
        ("parent.supercell", [10**30, 1, 1], "from 1 to 100"),
        ("parent.supercell", [30, 30, 30], "more than 10000; use a smaller one"),
        ("parent.supercell", [2, 2], "supercell[2]"),
        ("parent.supercell", "222", "valid tuple"),
        ("parent.supercell", [True, 2, 3], "valid integer"),
        ("parent.composition", {"Li": 3, "La": 8}, "nearest neutral choice is La 7, Li 3"),
        ("parent.composition", {"Xx": 2}, "allowed are the elements"),
        ("parent.composition", {"X\nx": 2}, "allowed are the elements"),
        ("parent.composition", {"Li": 10**30}, "less than or equal to"),
        ("parent.oxidation_states.Zr", 4, "leave it out"),
        ("parent.oxidation_states.Li", 40, "less than or equal to 9"),
        ("parent.supercell", "automatic", "'auto'"),
        ("parent.roles.A", ["Li", "Na"], "La of the structure is on no sublattice"),
        ("parent.roles.A", ["Li", "La", "Na"], "Na is on sublattice A, but it has no oxidation"),
        ("parent.roles.hosts", "La", "La is on the sublattices A and hosts"),
        ("parent.roles.A", 1, "parent.roles.A = 1: input should be a valid list"),
        ("parent.roles.Q", [], "sublattice Q has no element"),
        ("parent.roles", {}, "give at least 1"),
        ("parent.ordering", "best", "'ewald', 'monte_carlo', 'sqs' or 'random'"),
        ("parent.n_cells", 0, "greater than or equal to 1"),
        ("dopings.0.pair", ["Sr"], "pair[1]"),
        ("dopings.0.pair", ["Sr", "vacancy_Q"], "there is no sublattice 'Q'"),
        ("dopings.0", {"dopants": [], "scheme": "S3"}, "give at least 1"),
        ("vacancies.0.compensation", "some", "'all'"),
        ("bvse", {"spacing_A": 0.001}, "greater than or equal to 0.05"),
        ("bvse", {"convention": "other"}, "'softbv' or 'bvlain'"),
        ("bvse", {"dimensions": 4}, "1, 2 or 3"),
        ("bvse", {"n_best": 0}, "greater than or equal to 1"),
        # molecular dynamics
        ("conductivity.temperatures_K", [-300], "-300 K is outside 50 to 5000 K"),
        ("conductivity.temperatures_K", [25], "temperatures are in kelvin"),
        ("conductivity.temperatures_K", [float("nan")], "temperatures_K[0] = nan"),
        ("conductivity.temperatures_K", [float("inf")], "finite number"),
        ("conductivity.temperatures_K", [], "give at least 1"),
        ("conductivity.temperatures_K", [1000, 1000.0], "names a temperature twice"),
        ("conductivity.temperatures_K", 1000, "valid list"),
        ("conductivity.temperatures_K", ["hot"], "valid number"),
        ("conductivity.frame_interval_fs", 25, "multiple of time_step_fs 2; use for example 20"),
        ("conductivity.frame_interval_fs", 1, "multiple of time_step_fs"),
        ("conductivity.frame_interval_fs", 700, "at least 10 are needed"),
        ("conductivity.frame_interval_fs", 1e308, "less than or equal to"),
        ("conductivity.time_step_fs", 1e-320, "greater than or equal to"),
        ("conductivity.time_step_fs", 10, "less than or equal to 5"),
        ("conductivity.production_ps", float("inf"), "finite number"),
        ("conductivity.equilibration_ps", 1e308, "less than or equal to"),
        ("conductivity.hop_distance_A", 0.1, "greater than 0.5"),
        ("conductivity.n_best", -1, "greater than or equal to 0"),
        ("conductivity.extrapolate_to_K", 25, "greater than or equal to 50"),
        # the rest
        ("relaxation.force_limit_eV_A", -0.1, "greater than 0"),
        ("relaxation.relax_cell", "yes", "valid boolean"),
        ("grain_boundary.grain_size_min_nm", 0.5, "larger than the boundary's 1 nm"),
        ("grain_boundary.grain_size_max_nm", 5, "must rise"),
        ("grain_boundary.conductivity_S_cm", float("inf"), "finite number"),
        ("grain_boundary.temperature_K", 298, "extrapolate_to_K 300; bulk and boundary"),
        ("grain_boundary.source", "", "at least 3 characters"),
        ("grain_boundary.label", "guessed", "'literature' or 'assumed'"),
        ("potential.name", "magic", "use one of chgnet, mace, the path of a CHGNet checkpoint"),
        ("potential.name", "no.such.Module", "cannot be imported"),
        ("potential.name", "..x", "cannot be imported"),
        ("potential.name", "math.pi", "not callable"),
        ("potential.kwargs", {"devise": "cpu"}, "it takes version, device, stress"),
        ("potential.kwargs", {"device": dt.date(2020, 1, 1)}, "device"),
        ("name", "../x", "begins with a letter or digit"),
        ("name", "x\n", "at most 64 letters"),
        ("name", "a" * 65, "at most 64 letters"),
        ("name", 5, "valid string"),
        ("seed", -1, "greater than or equal to 0"),
        ("seed", 2**64, "less than or equal to"),
        ("store", "", "at least 1 character"),
    ],
)  # fmt: skip
def test_values_that_cannot_be(quickstart, write, keys, value, expected):
    assert expected in refuse(write(change(quickstart, keys, value)))


NUMBERS = [
    "seed",
    "parent.n_samples",
    "parent.supercell.0",
    "parent.composition.Li",
    "parent.oxidation_states.Li",
    "dopings.0.count",
    "dopings.0.oxidation_state",
    "vacancies.0.count",
    "vacancies.0.compensation.Li",
    "relaxation.force_limit_eV_A",
    "relaxation.max_steps",
    "conductivity.temperatures_K.0",
    "conductivity.n_best",
    "conductivity.time_step_fs",
    "conductivity.production_ps",
    "conductivity.equilibration_ps",
    "conductivity.frame_interval_fs",
    "grain_boundary.conductivity_S_cm",
    "grain_boundary.thickness_nm",
    "grain_boundary.temperature_K",
    "grain_boundary.reference_bulk_S_cm",
]


@pytest.mark.parametrize("keys", NUMBERS)
@pytest.mark.parametrize("value", [True, "5", float("nan"), []])
def test_what_is_no_number(quickstart, write, keys, value):
    message = refuse(write(change(quickstart, keys, value)))
    assert "valid number" in message or "valid integer" in message or "finite number" in message
    assert f"{keys.split('.')[0]}" in message
    assert repr(value) in message


def list_places(node: Any, prefix: str = "") -> list[str]:
    """Return the path of every node below the root."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    places = []
    for key, value in items:
        places.append(f"{prefix}{key}")
        if isinstance(value, dict | list):
            places += list_places(value, f"{prefix}{key}.")
    return places


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_slip_is_one_line_or_none(quickstart, write, data):
    content = quickstart
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(list_places(content)))
        content = change(content, place, data.draw(st.sampled_from([..., *ODD])))
    path = write(content)
    try:
        campaign = load_campaign(path)
    except InputError as err:
        message = str(err)
        assert "\n" not in message
        assert str(path) in message
    else:
        assert campaign.to_flow().output is not None, "what loads can be built"


def test_a_fine_tuned_checkpoint_beside_the_file(quickstart, write):
    path = write(change(quickstart, "potential", {"name": "own.pth.tar"}))
    with pytest.raises(InputError, match=r"'own\.pth\.tar' is no file"):
        load_campaign(path)
    (path.parent / "own.pth.tar").write_bytes(b"weights")
    first = load_campaign(path).to_flow()
    assert list(first.job_uuids) == list(load_campaign(path).to_flow().job_uuids)
    (path.parent / "own.pth.tar").write_bytes(b"other weights")
    other = set(load_campaign(path).to_flow().job_uuids)
    # candidates are those; what the potential computes is something else
    assert 0 < len(set(first.job_uuids) - other) < len(other)


# -- ab initio MD ----------------------------------------------------------------------------------


def ab_initio(content: dict[str, Any], **section: Any) -> dict[str, Any]:
    return change(content, "aimd", section)


def test_a_campaign_with_ab_initio_md(quickstart, write):
    path = write(ab_initio(quickstart, engine="gpaw", settings={"plane_wave_cutoff_eV": 500.0}))
    campaign = load_campaign(path)
    maker = campaign._conductivity_maker()
    assert maker.md_maker.engine == "gpaw"
    assert maker.md_maker.engine_kwargs == {"plane_wave_cutoff_eV": 500.0}
    assert maker.cell_equilibration_ps == campaign.spec.conductivity.cell_equilibration_ps


def test_ab_initio_md_keeps_the_cell_unless_asked(quickstart, write):
    content = change(quickstart, "conductivity.cell_equilibration_ps", ...)
    plain = load_campaign(write(content))._conductivity_maker()
    assert plain.cell_equilibration_ps == 5.0
    own = load_campaign(write(ab_initio(content, engine="vasp")))._conductivity_maker()
    assert own.cell_equilibration_ps == 0.0


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"engine": "nwchem"}, "engine 'nwchem' is not known; use gpaw, vasp"),
        ({"engine": "no.such.Engine"}, "cannot be imported"),
        ({"engine": "gpaw", "settings": {"cut": 1}}, "GPAW setting 'cut' is not known"),
        ({"engine": "vasp", "settings": {"incar": {"nsw": 5}}}, "incar sets NSW"),
        ({"motor": "vasp"}, "unknown key 'aimd.motor'"),
    ],
)
def test_engines_that_a_campaign_cannot_have(quickstart, write, section, message):
    assert message in refuse(write(ab_initio(quickstart, **section)))


def test_ab_initio_md_needs_a_section_that_it_computes(quickstart, write):
    content = change(ab_initio(quickstart), "conductivity", ...)
    assert "which is not there; add conductivity" in refuse(write(content))
