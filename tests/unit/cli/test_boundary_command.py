"""``perolyte boundary``: cells and manifest on disk, and one line for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perolyte.cli.boundary import BoundaryOptions, make_boundary
from perolyte.errors import InputError

TITANATE = Path(__file__).parents[3] / "examples" / "structures" / "srtio3.cif"
RECIPE = {
    "sigma": 5,
    "plane": (2, 1, 0),
    "shifts": (1, 2),
    "min_separation_A": 8.0,
    "min_width_A": 3.0,
}


def make(folder=None, *, as_json=False, **changes):
    options = BoundaryOptions({**RECIPE, **changes})
    make_boundary(TITANATE, options, output=folder, as_json=as_json)


def test_cells_and_manifest_are_written(tmp_path, capsys):
    make(tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "boundary.json").read_text("utf-8"))
    for cell in manifest["cells"]:
        assert (tmp_path / "out" / cell["file"]).is_file()
    assert (tmp_path / "out" / "bulk.cif").is_file()
    figures = {suffix: tmp_path / "out" / f"boundary.{suffix}" for suffix in ("png", "svg", "pdf")}
    assert figures["png"].read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in figures["svg"].read_bytes()
    assert figures["pdf"].read_bytes().startswith(b"%PDF")
    assert manifest["boundary_energy_J_m2"] is None
    shown = capsys.readouterr().out
    assert "Sigma 5 (2 1 0), 53.13° about [001]" in shown
    assert "2 rigid shifts were sampled" in " ".join(shown.split())
    before = (tmp_path / "out" / "boundary.json").read_bytes()
    make(tmp_path / "out")
    assert (tmp_path / "out" / "boundary.json").read_bytes() == before


def test_json_is_one_object(capsys):
    make(as_json=True)
    record = json.loads(capsys.readouterr().out)
    assert record["schema"] == {"name": "perolyte.boundary", "version": 1}
    assert {cell["termination"] for cell in record["cells"]} == {"OSr", "OTi"}


def test_a_folder_of_another_boundary_is_not_touched(tmp_path):
    make(tmp_path)
    with pytest.raises(InputError, match="holds results of other boundaries"):
        make(tmp_path, shifts=(1, 1))
    (tmp_path / "boundary.json").write_text("[", encoding="utf-8")
    with pytest.raises(InputError, match="not readable as results"):
        make(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plane": (3, 2, 0)}, "belongs to Sigma 13, not to Sigma 5"),
        ({"n_repeats": 1, "min_separation_A": 30.0}, r"lower min_separation_A \(--separation\)"),
        ({"max_atoms": 10}, "allowed are up to 10"),
    ],
)
def test_misuse_is_one_line(changes, message):
    with pytest.raises(InputError, match=message) as caught:
        make(**changes)
    assert "\n" not in str(caught.value)
