"""A campaign from file to report, as a process; its store read in another process."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from perolyte.jobs.run_files import restore_files
from perolyte.schemas import TrajectorySetDoc
from perolyte.stores import open_store
from perolyte.trajectories import open_trajectory

RUN_S = 300.0


@dataclass
class Finished:
    """A campaign that has run once."""

    file: Path
    folder: Path
    process: subprocess.CompletedProcess[str]

    @property
    def results(self) -> dict:
        return json.loads((self.folder / "results.json").read_text(encoding="utf-8"))

    @property
    def records(self) -> list[dict[str, str]]:
        with (self.folder / "results.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def row(self, name: str) -> dict:
        return next(row for row in self.results["candidates"] if row["name"] == name)


def stored_times(folder: Path) -> dict[tuple[str, int], str]:
    """When each job's document was written: changes when a job is run again."""
    store = open_store(folder / "store", create=False)
    try:
        found = store.query(properties=["uuid", "index", "completed_at", "metadata", "name"])
        return {
            (doc["uuid"], doc["index"]): doc["completed_at"]
            for doc in found
            if doc["metadata"].get("perolyte_run") == "finished"
        }
    finally:
        store.close()


@pytest.fixture(scope="module")
def finished(tmp_path_factory, make_campaign, run_command) -> Finished:
    """The toy campaign with MD long enough to resolve the diffusivity."""
    folder = tmp_path_factory.mktemp("campaign")
    file = make_campaign(folder, conductivity={"equilibration_ps": 1.0, "production_ps": 30.0})
    process = run_command("run", file, "-o", folder / "out", "--workers", 2, timeout_s=RUN_S)
    return Finished(file, folder / "out", process)


def test_it_ends_well_and_prints_the_ranked_table(finished: Finished) -> None:
    assert finished.process.returncode == 0, finished.process.stderr
    for name in ("parent", "Sr2-S3", "Al1-A1", "VO1-VLi2"):
        assert name in finished.process.stdout


def test_it_writes_the_output_directory(finished: Finished) -> None:
    names = {path.name for path in finished.folder.iterdir()}
    assert {"results.csv", "results.json", "report.html", "figures", "store"} <= names
    assert "jobs" not in names, "logs of finished jobs are cleared away"
    assert any((finished.folder / "figures").glob("*.png"))


def test_rows_are_complete(finished: Finished) -> None:
    rows = finished.results["candidates"]
    assert [row["rank"] for row in rows] == [1, 2, 3, 4]
    doped = finished.row("Sr2-S3")
    assert doped["formula"] == "Sr2Li2La6Ti12O36"
    assert doped["relax_status"] == "converged"
    assert doped["relaxed_energy_per_atom_eV"] < 0


def test_a_resolved_candidate_has_numbers_with_errors(finished: Finished) -> None:
    resolved = [r for r in finished.results["candidates"] if r["status"] == "converged"]
    assert resolved, "the toy campaign is long enough to resolve the parent"
    records = finished.records
    for row in resolved:
        record = next(r for r in records if r["name"] == row["name"])
        value = float(record["conductivity_300K_S_cm"])
        lower = float(record["conductivity_300K_lower_S_cm"])
        upper = float(record["conductivity_300K_upper_S_cm"])
        assert lower < value < upper
        assert float(record["activation_energy_std_eV"]) > 0
        for temperature in (1300, 1600, 2000):
            assert float(record[f"diffusivity_std_{temperature}K_cm2_s"]) > 0


def test_an_unresolved_candidate_has_a_reason_and_no_number(finished: Finished) -> None:
    records = finished.records
    unresolved = [r for r in records if r["status"] != "converged"]
    assert unresolved
    for record in unresolved:
        assert record["conductivity_300K_S_cm"] == ""
        assert record["activation_energy_eV"] == ""


def test_another_process_reads_the_store(finished: Finished) -> None:
    code = (
        "import json, sys\n"
        "from perolyte.stores import Results, open_store\n"
        "store = open_store(sys.argv[1], create=False)\n"
        "table = Results(store).conductivities(campaign='toy')\n"
        "print(json.dumps(sorted(table['name'].tolist())))\n"
        "store.close()\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(finished.folder / "store")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    names = json.loads(found.stdout)
    assert "parent" in names
    assert len(names) == 2, "the parent and the best doping"


def test_the_trajectory_is_in_the_additional_store(finished: Finished, tmp_path: Path) -> None:
    store = open_store(finished.folder / "store", create=False)
    try:
        document = store.query_one({"name": "MD parent 1300 K"})
        text = json.dumps(document["output"], default=str)
        assert "blob_uuid" in text
        assert len(text) < 100_000, "documents stay small"
        loaded = store.query_one({"name": "MD parent 1300 K"}, load=True)
        run = TrajectorySetDoc.model_validate(loaded["output"]).trajectories[0]
        assert run.n_frames == 31_000 / 20 + 1
        restore_files(run, tmp_path)
        assert sum(len(b.scaled) for b in open_trajectory(tmp_path).blocks()) == run.n_frames
    finally:
        store.close()


def test_results_command_gives_the_same_table(finished: Finished, run_command) -> None:
    printed = run_command("results", "--json", "--store", finished.folder)
    assert printed.returncode == 0, printed.stderr
    assert json.loads(printed.stdout)["candidates"] == finished.results["candidates"]
    as_csv = run_command("results", "toy", "--csv", "--store", finished.folder / "store")
    assert as_csv.stdout == (finished.folder / "results.csv").read_text(encoding="utf-8")


def test_report_command_writes_the_directory_again(
    finished: Finished, run_command, tmp_path: Path
) -> None:
    again = run_command("report", "--store", finished.folder, "-o", tmp_path / "copy")
    assert again.returncode == 0, again.stderr
    copied = json.loads((tmp_path / "copy" / "results.json").read_text(encoding="utf-8"))
    assert copied["candidates"] == finished.results["candidates"]


def test_provenance_leads_back_to_the_structure(finished: Finished) -> None:
    store = open_store(finished.folder / "store", create=False)
    try:
        row = finished.row("parent")
        seen, queue = set(), [row["uuids"]["conductivity"]]
        while queue:
            uuid = queue.pop()
            document = store.query_one({"uuid": uuid}, sort={"index": -1})
            assert document is not None, f"uuid {uuid} leads nowhere"
            seen.add(document["name"])
            output = document["output"]
            if isinstance(output, dict) and "provenance" in output:
                queue += output["provenance"]["parent_uuids"]
        assert {"conductivity parent", "MD parent 1300 K"} <= seen
    finally:
        store.close()


def test_a_second_run_computes_nothing(finished: Finished, run_command) -> None:
    before, results = stored_times(finished.folder), finished.results
    again = run_command("run", finished.file, "-o", finished.folder, "--workers", 1)
    assert again.returncode == 0, again.stderr
    assert stored_times(finished.folder) == before
    assert finished.results["candidates"] == results["candidates"]


def test_an_edited_file_runs_only_what_changed(
    finished: Finished, make_campaign, run_command, tmp_path: Path
) -> None:
    before = stored_times(finished.folder)
    edited = make_campaign(
        tmp_path,
        conductivity={"equilibration_ps": 1.0, "production_ps": 30.0},
        grain_boundary={"thickness_nm": 2.0},
    )
    again = run_command("run", edited, "-o", finished.folder, "--workers", 1)
    assert again.returncode == 0, again.stderr
    after = stored_times(finished.folder)
    assert before.items() <= after.items()
    new = set(after) - set(before)
    assert len(new) == 1, "only the summary depends on the boundary"


def test_another_campaigns_directory_is_refused(
    finished: Finished, make_campaign, run_command, tmp_path: Path
) -> None:
    other = make_campaign(tmp_path, name="other")
    refused = run_command("run", other, "-o", finished.folder)
    assert refused.returncode == 2
    assert "campaign 'toy'" in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--store", "/proc/nowhere/store"], 3, "writable"),
        (["--store", "mongodb://name:secret@127.0.0.1:1/x"], 3, "does not answer"),
        (["-o", "/proc/nowhere"], 3, "nowhere"),
    ],
)
def test_a_store_that_cannot_be_used_leaves_nothing_behind(
    arguments: list[str], code: int, words: str, make_campaign, run_command, tmp_path: Path
) -> None:
    file = make_campaign(tmp_path)
    folder = tmp_path / "out"
    refused = run_command("run", file, "-o", folder, *arguments)
    assert refused.returncode == code
    assert words in refused.stderr
    assert "secret" not in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not folder.exists()
