"""``perolyte bvse`` from its command line to its files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from perolyte.cli.app import app
from perolyte.errors import InputError

RUNNER = CliRunner()
COARSE = ["--ion", "Li1+", "--spacing", "0.5", "--workers", "1"]


def run(*arguments: str | Path):
    return RUNNER.invoke(app, ["bvse", *map(str, arguments)])


@pytest.fixture
def li3ocl(repository: Path) -> Path:
    return repository / "examples" / "structures" / "li3ocl.cif"


@pytest.fixture
def srtio3(repository: Path) -> Path:
    return repository / "examples" / "structures" / "srtio3.cif"


def test_one_answer_for_each_file_the_bad_ones_too(li3ocl, srtio3, tmp_path):
    empty = tmp_path / "empty.cif"
    empty.write_text("")
    result = run(li3ocl, srtio3, empty, *COARSE, "--json")
    assert result.exit_code == 0, result.output
    answers = json.loads(result.stdout)
    assert [answer["status"] for answer in answers] == ["converged", "rejected", "rejected"]
    barriers = [entry["barrier_eV"] for entry in answers[0]["percolation"]]
    assert barriers == sorted(barriers)
    assert barriers[0] == pytest.approx(barriers[2])  # cubic
    assert "no Li" in answers[1]["reasons"][0]


def test_files_of_a_directory_and_the_same_command_again(li3ocl, tmp_path):
    arguments = [li3ocl, *COARSE, "-o", tmp_path / "out", "--export", "cube", "--hops"]
    assert run(*arguments).exit_code == 0
    files = sorted(path.name for path in (tmp_path / "out").iterdir() if path.suffix)
    contents = {name: (tmp_path / "out" / name).read_bytes() for name in files if name != ".lock"}
    assert {"bvse.csv", "bvse.json", "li3ocl.cube"} <= set(contents)
    text = (tmp_path / "out" / "bvse.csv").read_text(encoding="utf-8")
    assert len(list(csv.DictReader(text.splitlines()))) == 1
    assert run(*arguments).exit_code == 0
    again = (tmp_path / "out" / "li3ocl.cube").read_bytes()
    assert again == contents["li3ocl.cube"]


def test_figures_and_images_for_nudged_elastic_bands(li3ocl, tmp_path):
    out = tmp_path / "out"
    result = run(li3ocl, *COARSE, "-o", out, "--figures", "--neb-images", "1")
    assert result.exit_code == 0, result.output
    page = (out / "li3ocl.html").read_text(encoding="utf-8")
    assert "plotly" in page.lower()
    assert 'src="http' not in page  # opens without a network
    assert (out / "li3ocl_hops.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in out.glob("li3ocl_neb/hop_01/*"))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["nowhere.cif", "--ion", "Li1+"], "nowhere.cif does not exist"),
        (["{li3ocl}", "--ion", "Qq"], "Qq"),
        (["{li3ocl}", "--ion", "Li1+", "--convention", "mine"], "softbv"),
        (["{li3ocl}", "--ion", "Li1+", "--spacing", "-1"], "-1"),
        (["{li3ocl}", "--ion", "Li1+", "--export", "pdf", "-o", "x"], "cube"),
        (["{li3ocl}", "--ion", "Li1+", "--export", "cube"], "-o"),
    ],
)
def test_bad_input_is_one_line(li3ocl, arguments, part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*[argument.format(li3ocl=li3ocl) for argument in arguments])
    # the process writes the message and ends with 2; here the exception arrives itself
    if isinstance(result.exception, InputError):
        assert part in str(result.exception)
        assert "\n" not in str(result.exception)
    else:  # a rejected file is a row
        assert result.exit_code == 0
        assert "rejected" in result.output
        assert part in result.output
