"""``perolyte transport``: rows, JSON, files, exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sys

import numpy as np
import pytest

from perolyte.cli.app import main
from perolyte.units import BOLTZMANN_EV_PER_K
from support.trajectory_files import (
    INTERVAL_FS,
    make_walk,
    write_analyzer,
    write_ase,
    write_lammps,
    write_xdatcar,
)

ENERGY_EV = 0.25
HOTTEST_A = 0.6
TEMPERATURES_K = (700.0, 850.0, 1000.0)


def choose_step(temperature_K):
    """Return the step (Å) that makes σT follow an Arrhenius law."""
    inverse = 1 / temperature_K - 1 / TEMPERATURES_K[-1]
    return HOTTEST_A * np.exp(-ENERGY_EV / (2 * BOLTZMANN_EV_PER_K) * inverse)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return [
        write_analyzer(
            make_walk(n_frames=1200, step_A=choose_step(T), seed=n),
            folder / f"{T:g}K.json",
            temperature_K=T,
        )
        for n, T in enumerate(TEMPERATURES_K)
    ]


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Call the command in this process, in an empty folder: exit code, stdout, stderr."""
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["perolyte", "transport", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield call
    signal.signal(signal.SIGTERM, handler)


def assert_refused(answer, message, code=2):
    assert answer[0] == code, answer
    assert answer[2].startswith("perolyte: ")
    assert answer[2].count("\n") == 1
    assert message in answer[2], answer[2]


def test_one_row_per_file_and_a_line_through_three_temperatures(call, runs):
    code, out, err = call(*runs, "--ion", "Li")
    assert (code, err) == (0, "")
    assert all(f"{T:g}K.json" in out for T in TEMPERATURES_K)
    assert "σ_NE (mS/cm)" in out
    assert "Arrhenius: Ea = 0.2" in out
    assert "σ_NE at 300 K" in out


def test_json_for_machines(call, runs):
    code, out, err = call(*runs, "--ion", "Li", "--json", "--extrapolate-to", 400)
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["schema"] == {"name": "perolyte.transport", "version": 1}
    assert (report["ion"], report["charge"], report["hop_distance_A"]) == ("Li", 1.0, 3.0)
    for run, T in zip(report["runs"], TEMPERATURES_K, strict=True):
        known_cm2_s = choose_step(T) ** 2 / (2 * INTERVAL_FS) * 0.1
        assert (run["temperature_K"], run["status"]) == (T, "converged")
        assert run["diffusivity_lower_cm2_s"] < known_cm2_s < run["diffusivity_upper_cm2_s"]
        ratio = run["nernst_einstein_conductivity_S_cm"] / run["diffusivity_cm2_s"]
        assert ratio == pytest.approx(
            run["nernst_einstein_conductivity_upper_S_cm"] / run["diffusivity_upper_cm2_s"]
        )
        assert len(run["lag_ps"]) == len(run["msd_A2"]) > 10
        assert {"charge_diffusivity_cm2_s", "haven_ratio", "sha256", "window_ps"} <= set(run)
    line = report["arrhenius"]
    assert line["status"] == "converged"
    assert abs(line["activation_energy_eV"] - ENERGY_EV) < 3 * line["activation_energy_std_eV"]
    assert line["extrapolated_to_K"] == 400.0
    assert line["extrapolated_lower_S_cm"] < line["extrapolated_S_cm"]


def test_tables_and_figures(call, runs, tmp_path):
    code, out, err = call(*runs, "--ion", "Li", "-o", "out")
    assert (code, err) == (0, "")
    assert "wrote transport.json, transport.csv" in out
    folder = tmp_path / "out"
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    kinds = [(name, ending) for name in ("msd", "arrhenius") for ending in ("png", "svg", "pdf")]
    figures = {f"transport_{name}.{ending}" for name, ending in kinds}
    assert names == {"transport.json", "transport.csv"} | figures
    rows = list(csv.DictReader(io.StringIO((folder / "transport.csv").read_text())))
    records = json.loads((folder / "transport.json").read_text())["runs"]
    assert [float(row["diffusivity_cm2_s"]) for row in rows] == pytest.approx(
        [record["diffusivity_cm2_s"] for record in records]
    )
    before = {name: (folder / name).read_bytes() for name in names}
    assert call(*runs, "--ion", "Li", "-o", "out")[0] == 0  # the same again changes nothing
    assert before == {name: (folder / name).read_bytes() for name in names}
    assert_refused(call(runs[0], "--ion", "Li", "-o", "out"), "results of other trajectories")
    (folder / "transport.json").write_text("{")
    assert_refused(call(*runs, "--ion", "Li", "-o", "out"), "not readable as results")


def test_a_folder_that_cannot_be_written(call, runs, tmp_path):
    (tmp_path / "file").write_text("")
    assert_refused(call(runs[0], "--ion", "Li", "-o", "file"), "is no directory", code=3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(call, runs, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    assert_refused(call(runs[0], "--ion", "Li", "-o", "closed/out"), "cannot write", code=3)


def test_a_full_disk(call, runs, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device", "transport.csv")

    monkeypatch.setattr("perolyte.cli.transport_files.replace_file", refuse)
    answer = call(runs[0], "--ion", "Li", "-o", "out")
    assert_refused(answer, "cannot write transport.csv (No space left on device)", code=3)


def test_a_run_that_is_too_short_has_an_upper_bound(call, tmp_path):
    path = write_analyzer(make_walk(n_frames=60, step_A=0.02), tmp_path / "short.json")
    code, out, _ = call(path, "--ion", "Li")
    assert code == 0
    assert "not converged" in out
    assert "< " in out
    assert "at least 100 needed" in out
    run = json.loads(call(path, "--ion", "Li", "--json")[1])["runs"][0]
    assert run["status"] == "not_converged"
    assert run["diffusivity_cm2_s"] is None
    assert run["diffusivity_upper_bound_cm2_s"] > 0
    assert run["nernst_einstein_conductivity_upper_bound_S_cm"] > 0
    assert call(path, "--ion", "Li", "-o", "out")[0] == 0


def test_a_bad_file_costs_no_other(call, runs, tmp_path):
    (tmp_path / "cut.json").write_text('{"structure": ')
    code, out, err = call(runs[0], "cut.json", runs[1], "--ion", "Li", "--json")
    assert_refused((code, out, err), "1 of 3 files could not be analysed")
    report = json.loads(out)
    assert [run["status"] for run in report["runs"]] == ["converged", "rejected", "converged"]
    assert "no complete JSON" in report["runs"][1]["reasons"][0]
    code, out, err = call(runs[0], "cut.json", "--ion", "Li", "-o", "out")
    assert code == 2
    assert "rejected" in out
    assert (tmp_path / "out" / "transport.json").exists()


def test_files_without_time_or_temperature(call, tmp_path):
    path = write_xdatcar(make_walk(n_frames=400), tmp_path / "XDATCAR")
    assert_refused(call(path, "--ion", "Li"), "--frame-interval-fs")
    assert_refused(call(path, "--ion", "Li", "--time-step-fs", 20), "--temperature")
    answer = call(path, "--ion", "Li", "--frame-interval-fs", 20, "-t", 600, "--json")
    run = json.loads(answer[1])["runs"][0]
    assert (run["frame_interval_fs"], run["temperature_K"]) == (20.0, 600.0)
    skipped = call(
        path, "--ion", "Li", "--frame-interval-fs", 20, "-t", 600, "--skip-ps", 2, "--json"
    )
    assert json.loads(skipped[1])["runs"][0]["n_skipped"] == 100


def test_types_of_lammps(call, tmp_path):
    path = write_lammps(make_walk(n_frames=60), tmp_path / "dump", names="type")
    options = ["--ion", "Li", "-t", 600, "--time-step-fs", 2]
    assert_refused(call(path, *options), "--species 1=Li,2=O")
    assert_refused(call(path, *options, "--species", "1:Li"), "--species '1:Li' is not understood")
    answer = call(path, *options, "--species", "1=Li,2=Ti,3=O", "--json")
    assert json.loads(answer[1])["runs"][0]["n_ions"] == 10


def test_some_sites_and_other_charges(call, tmp_path):
    path = write_ase(make_walk(n_frames=100), tmp_path / "walk.extxyz")
    options = ["--ion", "Li", "-t", 600, "--frame-interval-fs", 20, "--json"]

    def run(*more):
        return json.loads(call(path, *options, *more)[1])["runs"][0]

    assert run("--sites", "0-3,Li9")["n_ions"] == 5
    bounds = [
        run("--charge", charge)["nernst_einstein_conductivity_upper_bound_S_cm"]
        for charge in (1, 2)
    ]
    assert bounds[1] == pytest.approx(4 * bounds[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ion", "Na"], "no Na among 28 atoms"),
        (["--ion", "lithium"], "is not understood"),
        (["--ion", "Ti"], "--charge 1"),
        (["--ion", "Li", "-t", "600", "-t", "700"], "given 2 times for 1 files"),
        (["--ion", "Li", "-t", "900"], "is a run at 700 K and 900 K was given"),
        (["--ion", "Li", "-t", "nan"], "temperature is nan K"),
        (["--ion", "Li", "--hop-distance", "0"], "--hop-distance is 0 Å"),
        (["--ion", "Li", "--extrapolate-to", "-1"], "--extrapolate-to is -1 K"),
        (["--ion", "Li", "--charge", "0"], "charge is 0.0 e"),
        (["--ion", "Li", "--skip-ps", "1000"], "skipped ones"),
        (["--ion", "Li", "--frame-interval-fs", "0"], "must be above zero"),
        (["--ion", "Li", "--sites", "99"], "site 99 is not there"),
        (["--ion", "Li", "--sites", "20"], "site 20 is O and not 'Li'"),
        (["--ion", "Li", "--format", "word"], "format 'word' is not known"),
        (["--ion", "Li+"], "no oxidation states"),
    ],
)
def test_options_that_do_not_fit(call, runs, arguments, message):
    assert_refused(call(runs[0], *arguments), message)


def test_a_file_that_is_not_there(call):
    assert_refused(call("absent.traj", "--ion", "Li", "-t", 600), "absent.traj cannot be read")


def test_the_charge_in_the_name_of_the_ion_is_used(call, tmp_path):
    path = write_analyzer(make_walk(n_frames=30), tmp_path / "walk.json")
    record = json.loads(path.read_text())
    for site in record["structure"]["sites"]:
        state = {"Li": 1, "Ti": 4, "O": -2}[site["species"][0]["element"]]
        site["species"][0] |= {"oxidation_state": state, "@class": "Species"}
    path.write_text(json.dumps(record))
    report = json.loads(call(path, "--ion", "Ti4+", "--json")[1])
    assert (report["charge"], report["runs"][0]["n_ions"]) == (4.0, 6)


@pytest.mark.shared_data
def test_published_lgps_has_an_upper_bound_above_its_published_value(call, shared_data):
    path = shared_data / "md_lgps" / "DiffusionAnalyzer_LGPS_600K.json.gz"
    run = json.loads(call(path, "--ion", "Li", "--json")[1])["runs"][0]
    assert run["status"] == "not_converged"
    assert run["diffusivity_upper_bound_cm2_s"] > 1.161e-6
