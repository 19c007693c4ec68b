"""The section ``boundaries`` of a campaign file: what it makes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from perolyte.campaigns import load_campaign
from perolyte.errors import InputError

ROOT = Path(__file__).parents[3]
WORKFLOW = ROOT / "workflows" / "llto_grain_boundary.yaml"


@pytest.fixture
def write(tmp_path):
    """Write the ready-made campaign with changes of its boundaries, in a small cell."""

    def make(**changes):
        content = yaml.safe_load(WORKFLOW.read_text("utf-8").replace("1.6e-8", "1.6e-08"))
        content["parent"]["structure"] = str(ROOT / "examples" / "structures" / "llto_cubic.cif")
        content["parent"] |= {"supercell": [2, 2, 3], "composition": {"Li": 3, "La": 7}}
        content["parent"]["n_samples"] = 5
        content["dopings"] = []
        values = content["boundaries"]["values"][0]
        values["conductivity_S_cm"] = 1.6e-8
        content["boundaries"]["bulk"][0]["conductivity_S_cm"] = 1.5e-3
        for key, value in changes.items():
            (values if key in values or key == "colour" else content["boundaries"])[key] = value
        path = tmp_path / "campaign.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    return make


def test_the_ready_made_campaign_maps_after_the_conductivities():
    campaign = load_campaign(WORKFLOW)
    flow = campaign.to_flow()
    names = [job.name for job in flow.jobs]
    assert names[-3:] == ["conductivities", "grain-size map", "summary"]
    mapped = next(job for job in flow.jobs if job.name == "grain-size map")
    given = mapped.function_args[1]
    assert given["values"][0]["conductivity_S_cm"] == 1.6e-8
    assert given["values"][0]["activation_energy_label"] == "assumed"
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
