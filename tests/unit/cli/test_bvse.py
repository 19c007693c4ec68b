"""``perolyte bvse``: rows, folders, the store, processes, and what Ctrl-C leaves."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from perolyte.cli import bvse_worker
from perolyte.cli.bvse import BvseOptions, compute_barriers
from perolyte.cli.bvse_files import name_stems
from perolyte.cli.bvse_table import COLUMNS
from perolyte.cli.bvse_worker import Answer, Request, Task, answer_all
from perolyte.cli.interruption import CommandInterruptedError
from perolyte.errors import InputError, StoreError
from perolyte.jobs.bvse_input import make_settings
from support.dying import die_at_1

POSCAR = """\
{name}
1.0
4.0 0 0
0 4.0 0
0 0 4.0
Li F
4 4
direct
0 0 0
0.5 0.5 0
0.5 0 0.5
0 0.5 0.5
0.5 0.5 0.5
0 0 0.5
0 0.5 0
0.5 0 0
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two readable files of one name, and one that is not."""
    folder = tmp_path / "in"
    for place in (folder, folder / "more"):
        place.mkdir()
        (place / "salt.vasp").write_text(POSCAR.format(name=place))
    (folder / "empty.cif").write_text("")
    return folder


def compute(paths, **options):
    defaults = {"ion": "Li", "spacing_A": 0.6, "n_workers": 1}
    compute_barriers(paths, BvseOptions(**{**defaults, **options}))


def read_table(folder: Path) -> list[dict[str, str]]:
    with (folder / "bvse.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_lines_for_people(files, capsys):
    compute([files], find_hops=True)
    out, _ = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split() == ["eV", "E_1D", "E_2D", "E_3D"]
    assert "empty.cif" in lines[1]
    assert "rejected: empty.cif: the file is empty" in lines[1]
    row = next(line for line in lines if "salt.vasp" in line)
    barriers = [float(word) for word in row.split()[1:4]]
    assert barriers == sorted(barriers)
    hop = next(line for line in lines if line.strip().startswith("hop 1: "))
    assert "alike" in hop
    assert lines[-1] == (
        "3 files: 2 with paths in 3D, 0 in fewer dimensions, 0 without, 1 rejected; softbv "
        "convention, 0.6 Å"
    )


def test_json_stands_alone(files, capsys):
    compute([files], as_json=True)
    out, err = capsys.readouterr()
    entries = json.loads(out)
    assert [entry["status"] for entry in entries] == ["rejected", "converged", "converged"]
    assert all("structure" not in entry for entry in entries)
    assert list(entries[0]["row"]) == list(COLUMNS)
    assert entries[0]["row"]["formula"] is None
    assert entries[1]["row"]["E_3D_eV"] == round(entries[1]["percolation"][2]["barrier_eV"], 4)
    assert "1 rejected" in err


def test_folder_with_everything(files, tmp_path, capsys):
    out = tmp_path / "out"
    options = {"output": out, "export": "locpot", "n_images": 1, "find_hops": True}
    compute([files], **options)
    rows = read_table(out)
    assert [row["status"] for row in rows] == ["rejected", "converged", "converged"]
    assert rows[1]["files"].split("; ") == ["LOCPOT_salt-2", "salt-2_neb/hop_01"] or rows[1][
        "files"
    ].split("; ") == ["LOCPOT_salt", "salt_neb/hop_01"]
    assert rows[1]["files"] != rows[2]["files"]
    assert "the cell is 4.0 Å short" in rows[1]["warnings"]
    images = sorted(path.parent.name for path in out.glob("salt_neb/hop_01/*/POSCAR"))
    assert images == ["00", "01", "02"]
    assert len(json.loads((out / "bvse.json").read_text())) == 3
    assert not list(out.glob("**/*.tmp"))
    before = {
        path: path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.suffix not in (".json", ".lock") and path.name != ".lock"
    }
    compute([files], **options)
    assert {path: path.read_bytes() for path in before} == before
    capsys.readouterr()


def test_a_folder_belongs_to_one_command(files, tmp_path):
    out = tmp_path / "out"
    compute([files], output=out)
    table = (out / "bvse.csv").read_bytes()
    with pytest.raises(
        InputError, match=r"holds the results of another command \(other settings\)"
    ):
        compute([files], output=out, convention="bvlain")
    with pytest.raises(InputError, match=r"\(other ion, export\)"):
        compute([files], output=out, ion="F", export="cube")
    (files / "salt.vasp").write_text(POSCAR.format(name="another") + "\n")
    with pytest.raises(InputError, match=r"\(other files\)"):
        compute([files], output=out)
    assert (out / "bvse.csv").read_bytes() == table


def test_files_of_others_are_not_replaced(files, tmp_path):
    (tmp_path / "salt.html").write_text("mine")
    with pytest.raises(InputError, match=r"salt\.html is there and is not of this command"):
        compute([files / "salt.vasp"], output=tmp_path, has_figures=True)
    assert (tmp_path / "salt.html").read_text() == "mine"
    (tmp_path / "bvse_command.json").write_text("{")
    with pytest.raises(InputError, match="is not readable as a note of the command"):
        compute([files / "salt.vasp"], output=tmp_path)


def test_a_folder_that_cannot_be_written(files):
    with pytest.raises(StoreError, match=r"cannot write in .*salt\.vasp"):
        compute([files], output=files / "salt.vasp")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"export": "cube"}, "--export writes files; say where with -o DIR"),
        ({"n_images": 3}, "--neb-images writes files"),
        ({"has_figures": True}, "--figures writes files"),
        ({"export": "pdf", "output": Path("x")}, "'pdf'; choose one of cube, grd, locpot"),
        ({"oxidation_states": "Li:1"}, "--oxidation-states 'Li:1' is not understood"),
        ({"spacing_A": 0.0}, "spacing_A is 0.0"),
        ({"ion": "lithium"}, "'lithium' is no ion"),
    ],
)
def test_options_that_make_no_sense(files, options, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=words):
        compute([files], **options)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_documents_come_back_from_the_store(files, tmp_path, capsys, monkeypatch):
    store = str(tmp_path / "store")
    compute([files], store=store, as_json=True)
    first = json.loads(capsys.readouterr().out)
    # the same file under another name; what it held is known
    (files / "more" / "salt.vasp").rename(files / "more" / "renamed.vasp")

    def refuse(task: Task, *_: object) -> Answer:
        assert task.name.endswith("empty.cif"), "only the rejected file is read again"
        return real(task, *_)

    real = bvse_worker.answer_one
    monkeypatch.setattr(bvse_worker, "answer_one", refuse)
    compute([files], store=store, as_json=True)
    out, err = capsys.readouterr()
    again = {entry["name"]: entry for entry in json.loads(out)}
    assert "2 found in the store" in err
    assert sorted(Path(name).name for name in again) == ["empty.cif", "renamed.vasp", "salt.vasp"]
    for entry in first[1:]:
        name = entry["name"].replace("more/salt", "more/renamed")
        assert again[name]["percolation"] == entry["percolation"]
    monkeypatch.setattr(bvse_worker, "answer_one", real)
    compute([files], store=store, spacing_A=0.7)
    assert "0 found in the store" in capsys.readouterr().out


def test_names_of_files():
    paths = [
        Path("a/x.cif"),
        Path("b/X.cif"),
        Path("POSCAR_1"),
        Path("a b$.vasp"),
        Path("x.v2.cif"),
    ]
    assert name_stems(paths) == ["x", "X-2", "POSCAR_1", "a_b_", "x.v2"]


def test_interruption_writes_what_was_computed(files, tmp_path, monkeypatch):
    real = bvse_worker.answer_one
    seen: list[str] = []

    def interrupt(task: Task, *arguments: object) -> Answer:
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(task.name)
        return real(task, *arguments)

    monkeypatch.setattr(bvse_worker, "answer_one", interrupt)
    with pytest.raises(CommandInterruptedError, match="interrupted after 2 of 3 files"):
        compute([files], output=tmp_path / "out")
    assert len(read_table(tmp_path / "out")) == 2


# -- processes -------------------------------------------------------------------------------------


def make_tasks(folder: Path, n: int) -> list[Task]:
    tasks = []
    for index in range(n):
        path = folder / f"{index}.vasp"
        path.write_text(POSCAR.format(name=index))
        tasks.append(Task(path, path.name, path.stem))
    return tasks


REQUEST = Request(ion="Li", settings=make_settings(spacing_A=0.8), find_hops=False)


def test_a_fault_of_the_program_costs_one_file(tmp_path, monkeypatch):
    def fail(path: str) -> None:
        raise ZeroDivisionError(path)

    monkeypatch.setattr(bvse_worker, "load_file", fail)
    answers = list(answer_all(make_tasks(tmp_path, 2), REQUEST, 1))
    assert [answer.document.status for answer in answers] == ["rejected", "rejected"]
    reason = answers[0].document.reasons[0]
    assert reason.startswith("stopped the program (ZeroDivisionError: ")


@pytest.mark.slow
def test_a_process_that_ends_costs_one_file(tmp_path, monkeypatch):
    tasks = make_tasks(tmp_path, 3)
    monkeypatch.setattr(bvse_worker, "answer_one", die_at_1)
    answers = list(answer_all(tasks, REQUEST, 2))
    assert [answer.document.name for answer in answers] == [task.name for task in tasks]
    assert [answer.document.status == "rejected" for answer in answers] == [False, True, False]
    assert "ended the process that computed it" in answers[1].document.reasons[0]
