"""The section ``boundaries`` of a campaign file: what it makes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from monty.json import MontyDecoder, MontyEncoder

from perolyte.campaigns import load_campaign
from perolyte.errors import InputError
from perolyte.flows import BoundaryRecipe
from perolyte.schemas import GrainSizeSettings

ROOT = Path(__file__).parents[3]
WORKFLOW = ROOT / "workflows" / "llto_grain_boundary.yaml"
THIN = {"shifts": [1, 1], "min_separation_A": 17.0, "min_width_A": 3.0}
"""Cells that take a second to build."""
SIGMA_5 = {"sigma": 5, "plane": [2, 1, 0], **THIN}
SIGMA_13 = {"sigma": 13, "plane": [3, 2, 0], **THIN}


@pytest.fixture
def write(tmp_path):
    """Write the ready-made campaign with changes of its boundaries, in a small cell."""

    def make(**changes):
        content = yaml.safe_load(WORKFLOW.read_text("utf-8").replace("1.6e-8", "1.6e-08"))
        content["parent"]["structure"] = str(ROOT / "examples" / "structures" / "llto_cubic.cif")
        content["parent"]["n_samples"] = 5
        content["dopings"] = []
        del content["boundaries"]["atomistic"]
        values = content["boundaries"]["values"][0]
        values["conductivity_S_cm"] = 1.6e-8
        content["boundaries"]["bulk"][0]["conductivity_S_cm"] = 1.5e-3
        for key, value in changes.items():
            (values if key in values or key == "colour" else content["boundaries"])[key] = value
        path = tmp_path / "campaign.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    return make


def test_the_ready_made_campaign_maps_after_bulk_and_boundaries():
    campaign = load_campaign(WORKFLOW)
    flow = campaign.to_flow()
    names = [job.name for job in flow.jobs]
    assert names[-4:] == ["conductivities", "boundaries", "grain-size map", "summary"]
    mapped = next(job for job in flow.jobs if job.name == "grain-size map")
    given = mapped.function_args[1]
    assert given["values"][0]["conductivity_S_cm"] == 1.6e-8
    assert given["values"][0]["activation_energy_label"] == "assumed"
    assert "atomistic" not in given
    summary = flow.jobs[-1]
    assert summary.function_kwargs["grain_size_settings"] == given
    assert len(campaign.preview().candidates) == 4
    assert [job.uuid for job in campaign.to_flow().jobs] == [job.uuid for job in flow.jobs]


def test_without_the_section_there_is_no_map(write):
    path = write()
    content = yaml.safe_load(path.read_text("utf-8"))
    del content["boundaries"]
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert "grain-size map" not in [job.name for job in load_campaign(path).to_flow().jobs]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conductivity_S_cm": -1e-8}, r"boundaries.values\[0\].conductivity_S_cm = -1e-08"),
        ({"thickness_nm": -1.0}, "thickness_nm = -1.0: input should be greater than 0"),
        ({"grain_size_min_nm": 0.5}, "not larger than a boundary of 1 nm"),
        ({"temperatures_K": [27.0]}, "kelvin from 50 to 5000"),
        ({"activation_energy_eV": None}, "known at 300 K only"),
        ({"model": "bruggeman"}, "series"),
        ({"colour": "red"}, "unknown key 'boundaries.values.*colour'; allowed here"),
    ],
)
def test_one_line_says_what_is_wrong(write, changes, message):
    path = write(**changes)
    with pytest.raises(InputError, match=message) as caught:
        load_campaign(path)
    assert "\n" not in str(caught.value)


def find_boundaries(path):
    """Return the job that runs the boundaries."""
    return next(job for job in load_campaign(path).to_flow().jobs if job.name == "boundaries")


def test_a_list_and_a_mapping_of_kinds_say_the_same(write):
    (plain,) = find_boundaries(write(atomistic=[SIGMA_5])).function_args[2]
    (named,) = find_boundaries(write(atomistic={"kinds": [SIGMA_5]})).function_args[2]
    assert plain == named == BoundaryRecipe(5, (2, 1, 0), (1, 1), 17.0, min_width_A=3.0)


def test_boundaries_are_run_with_the_settings_of_the_campaign(write):
    path = write(atomistic={"kinds": [SIGMA_5, SIGMA_13], "n_annealed": 0, "thickness_A": 8.0})
    content = yaml.safe_load(path.read_text("utf-8"))
    job = find_boundaries(path)
    _, maker, recipes = job.function_args
    assert [(recipe.sigma, recipe.plane) for recipe in recipes] == [(5, (2, 1, 0)), (13, (3, 2, 0))]
    bulk = maker.conductivity_maker
    assert bulk.temperatures_K == content["conductivity"]["temperatures_K"]
    assert bulk.production_ps == content["conductivity"]["production_ps"]
    assert bulk.md_maker.potential == "chgnet"
    assert (maker.n_annealed, maker.thickness_A) == (0, 8.0)
    assert maker.max_steps == content["relaxation"]["max_steps"]
    assert maker.campaign == content["name"]
    # the bulk of each candidate is not run a second time
    conductivities = job.function_kwargs["conductivities"]
    names = {made.uuid: made.name for made in load_campaign(path).to_flow().jobs}
    assert names[conductivities.uuid] == "conductivities"
    # and a database gives back what was put there
    again = MontyDecoder().process_decoded(json.loads(MontyEncoder().encode(job)))
    assert again.function_args[1].as_dict() == maker.as_dict()
    assert again.function_args[2] == recipes


def test_cells_and_steps_are_known_before_a_run(write):
    campaign = load_campaign(write(atomistic=[SIGMA_5, SIGMA_13]))
    five, thirteen = campaign.preview_boundaries()
    assert five.n_terminations == thirteen.n_terminations == 2
    assert five.separation_A >= 17.0
    assert five.n_atoms > campaign.preview().candidates[0].n_atoms
    assert campaign.count_boundary_steps() == 2 * campaign.count_md_steps() > 0
    assert load_campaign(write()).count_boundary_steps() == 0


def test_what_a_map_is_made_with_does_not_depend_on_simulated_boundaries(write):
    section = load_campaign(write(atomistic=[SIGMA_5])).spec.boundaries
    assert type(section.map_settings()) is GrainSizeSettings
    plain = load_campaign(write()).spec.boundaries
    assert section.map_settings() == plain.map_settings()


@pytest.mark.parametrize(
    ("atomistic", "message"),
    [
        ([], "boundaries.atomistic.kinds = .*give at least 1"),
        ([{"plane": [2, 1, 0]}], r"key 'boundaries.atomistic.kinds\[0\].sigma' is missing"),
        ([{**SIGMA_5, "sigma": 13}], r"plane \(2 1 0\) belongs to Sigma 5, not to Sigma 13"),
        ([{**SIGMA_5, "plane": [2, 1, 1]}], r"give \(h k 0\)"),
        ([{**SIGMA_5, "plane": [2, 1]}], r"kinds\[0\].plane"),
        ([{**SIGMA_5, "shifts": [0, 5]}], "whole numbers from 1 to 50"),
        ([{**SIGMA_5, "min_width_A": -1.0}], "min_width_A = -1.0: .*greater than 0"),
        ([{**SIGMA_5, "max_atoms": 50}], r"boundaries.atomistic\[0\]: .*allowed are up to 50"),
        ([{**SIGMA_5, "overlaps": "keep"}], "'expand' or 'remove'"),
        ([{**SIGMA_5, "tilt": 3}], r"unknown key .*kinds\[0\].tilt'; allowed here: sigma, plane"),
        ([SIGMA_5, SIGMA_5], r"Sigma 5 \(2 1 0\) is named twice"),
        ({"kinds": [SIGMA_5], "anneal_K": 3}, "unknown key .*did you mean 'anneal_ps'"),
        ({"kinds": [SIGMA_5], "anneal_ps": 0}, "anneal_ps = 0: .*greater than 0"),
        ({"kinds": [SIGMA_5], "n_annealed": -1}, "n_annealed = -1: .*greater than or equal to 0"),
        ({"kinds": [SIGMA_5], "thickness_A": 900.0}, "20 nm are not larger than .* of 90 nm"),
        ("sigma 5", "boundaries.atomistic = 'sigma 5'"),
    ],
)
def test_one_line_says_what_is_wrong_with_simulated_boundaries(write, atomistic, message):
    path = write(atomistic=atomistic)
    with pytest.raises(InputError, match=message) as caught:
        load_campaign(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("conductivity", None, "atomistic with no temperatures_K"),
        ("conductivity", {"temperatures_K": [900, 1000]}, "with 2 temperatures_K.*give 3 or more"),
        ("aimd", {"engine": "gpaw"}, "atomistic with the section aimd"),
    ],
)
def test_simulated_boundaries_need_molecular_dynamics(write, section, change, message):
    path = write(atomistic=[SIGMA_5])
    content = yaml.safe_load(path.read_text("utf-8"))
    if change is None:
        del content[section]
    else:
        content[section] = {**content.get(section, {}), **change}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        load_campaign(path)
    assert "\n" not in str(caught.value)


LAYERS = {"potential_V": 0.1, "concentration_cm3": 5e21, "source": "a guess"}


def test_assumed_layers_go_to_the_map(write):
    campaign = load_campaign(write(atomistic=[SIGMA_5], space_charge=LAYERS))
    mapped = next(job for job in campaign.to_flow().jobs if job.name == "grain-size map")
    assert mapped.function_args[1]["space_charge"]["potential_V"] == 0.1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"space_charge": LAYERS}, "space_charge without atomistic"),
        ({"space_charge": LAYERS, "model": "maier"}, "space_charge with model 'maier'"),
        ({"space_charge": {**LAYERS, "site_fraction": 0.3}}, "for 'site_limited' and for no other"),
        ({"space_charge": {**LAYERS, "potential_V": 9.0}}, "potential_V = 9.0"),
        (
            {"space_charge": {**LAYERS, "model": "mott_schottky"}},
            "'gouy_chapman' or 'site_limited'",
        ),
        ({"space_charge": {"potential_V": 0.1}}, "space_charge.concentration_cm3' is missing"),
        ({"space_charge": {**LAYERS, "phi": 1}}, "unknown key 'boundaries.space_charge.phi'"),
    ],
)
def test_one_line_says_what_is_wrong_with_assumed_layers(write, changes, message):
    atomistic = {} if "without" in message else {"atomistic": [SIGMA_5]}
    path = write(**atomistic, **changes)
    with pytest.raises(InputError, match=message) as caught:
        load_campaign(path)
    assert "\n" not in str(caught.value)
