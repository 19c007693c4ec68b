"""``perolyte dope`` and ``perolyte vacancies``: what they print, write, repeat and refuse."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pymatgen.core import Structure

from perolyte.cli.app import main
from perolyte.folder_lock import lock_folder
from perolyte.structures import read_oxidation_states, read_structure

DOPE = ("dope", "srtio3.cif", "-s", "2x2x2")
AL = ("-d", "Al=2")
VACANCIES = ("vacancies", "li3ocl.cif", "-s", "2x2x2", "-v", "Li=1")
LLTO = ("dope", "llto_cubic.cif", "-s", "2x2x3")
Answer = tuple[int, str, str]
Call = Callable[..., Answer]


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    repository: Path,
) -> Iterator[Call]:
    """Call the command in this process, beside links to the examples: exit code, stdout, stderr."""
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    for file in (repository / "examples" / "structures").glob("*.cif"):
        (tmp_path / file.name).symlink_to(file)

    def call(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["perolyte", *map(str, arguments)])
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return int(str(code or 0)), captured.out, captured.err

    yield call
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def refuse(call: Call) -> Callable[..., str]:
    """Call the command, which must refuse in one line; return the line."""

    def refuse(*arguments: object, code: int = 2) -> str:
        found, out, err = call(*arguments)
        assert (found, out) == (code, ""), err
        assert err.startswith("perolyte: ")
        assert (err.endswith("\n"), err.count("\n")) == (True, 1)
        return err

    return refuse


def read_manifest(folder: Path) -> list[dict]:
    # NaN is no JSON
    text = (folder / "manifest.json").read_text(encoding="utf-8")
    return json.loads(text, parse_constant=pytest.fail)["candidates"]


def take_snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def list_rows(out: str) -> dict[str, list[str]]:
    """Rows of the table by name, split at spaces."""
    lines = out.partition("─ \n")[2].partition("\nnote:")[0].splitlines()
    return {words[0]: words[1:] for words in map(str.split, lines) if words}


def test_the_table(call):
    code, out, err = call(*DOPE, *AL)
    assert (code, err) == (0, "")
    assert "1 candidate and the parent" in out
    rows = list_rows(out)
    assert list(rows) == ["parent", "Al2-A3"]
    assert rows["Al2-A3"][:6] == ["Sr8Ti6Al2O23", "39", "25", "%", "of", "f.u."]
    assert "nothing is written; give a directory with -o" in out


def test_columns_that_say_nothing_are_left_out(call):
    _, plain, _ = call(*VACANCIES)
    assert not any(heading in plain for heading in ("achieved", "pair (Å)", "kept as"))
    _, paired, _ = call(*VACANCIES, "--pair", "vacancy_Li,vacancy_Cl")
    rows = list_rows(paired)
    assert "pair (Å)" in paired
    # Cl sits on the corner and Li on the face centre of the anti-perovskite
    assert rows["VLi1-VCl1-n1"][2] == f"{3.9083 / 2**0.5:.2f}"
    _, random, _ = call(*DOPE, *AL, "--random", "1")
    assert list_rows(random)["Al2-A3-r1"].count("random") == 1


def test_a_note_is_printed_once_with_those_it_belongs_to(call):
    _, out, _ = call(*DOPE, *AL, "--keep", "40")
    assert out.count("40 arrangements were asked, 11 were found") == 1
    assert "note: Al2-A3 and 10 more: 40" in out
    _, out, _ = call(*LLTO, "-d", "Al=2", "--cells", "2")
    assert "6 candidates and the 2 parents" in out
    assert out.count("left out: 2 Al with A4") == 1
    assert "note: left out" in out, "what was left out belongs to no candidate"


def test_written_files_are_read_back(call, tmp_path):
    code, out, _ = call(*LLTO, "-d", "Al=2", "-d", "Sr2+=2", "-o", "out", "--format", "both")
    assert code == 0
    assert "wrote out/manifest.json" in out
    rows = read_manifest(tmp_path / "out")
    assert [row["name"] for row in rows] == [
        "parent", "Al2-A1", "Al2-A2", "Al2-A3", "Sr2-S1", "Sr2-S2", "Sr2-S3",
    ]  # fmt: skip
    for row in rows:
        counts: dict[str, float] = {}
        for name, sha256 in row["files"].items():
            data = (tmp_path / "out" / name).read_bytes()
            assert hashlib.sha256(data).hexdigest() == sha256
            parsed = read_structure(tmp_path / "out" / name)
            assert (len(parsed.structure), parsed.structure.is_ordered) == (row["n_atoms"], True)
            counts = parsed.structure.composition.element_composition.get_el_amt_dict()
            assert "".join(f"{el}{n:.0f}" for el, n in sorted(counts.items())) == "".join(
                sorted_formula(row["formula"])
            )
        assert list(row["files"]) == [f"{row['name']}.cif", f"POSCAR_{row['name']}"]
        assert row["file"] == f"{row['name']}.cif"
        states = read_oxidation_states(
            read_structure(tmp_path / "out" / f"{row['name']}.cif").structure
        )
        assert states == {el: row["oxidation_states"][el] for el in counts}
        assert sum(states[el] * n for el, n in counts.items()) == 0


def sorted_formula(formula: str) -> list[str]:
    from pymatgen.core import Composition

    return [f"{el}{n:.0f}" for el, n in sorted(Composition(formula).get_el_amt_dict().items())]


def test_cif_and_poscar_hold_the_same_cell(call, tmp_path):
    call(*DOPE, *AL, "-o", "out", "--format", "both")
    cif = read_structure(tmp_path / "out" / "Al2-A3.cif").structure.copy()
    cif.remove_oxidation_states()
    poscar = Structure.from_file(tmp_path / "out" / "POSCAR_Al2-A3")
    assert len(cif) == len(poscar) == 39
    # every atom has itself in the other file, to the ten digits that are written
    distances_A = cif.lattice.get_all_distances(cif.frac_coords, poscar.frac_coords)
    nearest = distances_A.argmin(axis=1)
    assert distances_A.min(axis=1).max() < 1e-6
    assert [site.specie.symbol for site in cif] == [poscar[n].specie.symbol for n in nearest]
    groups = [site.specie.symbol for site in poscar]
    assert len(set(groups)) == sum(a != b for a, b in zip(groups, ["", *groups], strict=False))


def test_the_manifest(call, tmp_path):
    call(*LLTO, "-d", "Al=16.7%/B_sites", "--scheme", "A3", "--pair", "Al,vacancy_X", "-o", "out")
    folder = tmp_path / "out"
    rows = read_manifest(folder)
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [row["name"] for row in table] == [row["name"] for row in rows]
    assert {row["kind"] for row in table} == {"parent", "doping"}
    for flat, row in zip(table, rows, strict=True):
        for key in ("formula", "n_atoms", "scheme", "shell", "file", "sha256", "degeneracy"):
            assert flat[key] == ("" if row[key] is None else str(row[key]))
    nearest = rows[1]
    assert nearest["name"] == "Al2-A3-n1"
    assert nearest["composition_change"] == {"Al": 2, "Ti": -2, "O": -1}
    assert nearest["fraction_achieved"] == pytest.approx(2 / 12)
    assert nearest["dopants"][0]["fraction_requested"] == pytest.approx(0.167)
    assert nearest["pair"] == ["Al", "vacancy_X"]
    assert nearest["pair_distance_A"] == pytest.approx(3.871 / 2, abs=1e-4)
    assert (nearest["method"], nearest["rank"]) == ("enumerated", 0)
    assert "→" in nearest["reaction"]
    assert len({row["candidate_uuid"] for row in rows}) == len(rows)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    source = hashlib.sha256((tmp_path / "llto_cubic.cif").read_bytes()).hexdigest()
    assert (manifest["source_sha256"], manifest["seed"]) == (source, 0)


def test_json_is_the_manifest(call, tmp_path):
    code, shown, err = call(*DOPE, *AL, "--json")
    assert (code, err) == (0, "")
    names = [row["name"] for row in json.loads(shown)["candidates"]]
    assert names == ["parent", "Al2-A3"]
    _, shown, _ = call(*DOPE, *AL, "--json", "-o", "out")
    assert shown == (tmp_path / "out" / "manifest.json").read_text(encoding="utf-8")


def test_the_same_command_again_changes_nothing(call, tmp_path):
    arguments = (*DOPE, *AL, "-o", "out", "--keep", "2", "--random", "1")
    assert call(*arguments)[0] == 0
    before = take_snapshot(tmp_path / "out")
    assert {"parent.cif", "Al2-A3.cif", "Al2-A3-r1.cif", "Al2-A3-r2.cif"} < set(before)
    assert call(*arguments)[0] == 0
    assert take_snapshot(tmp_path / "out") == before


def test_what_a_killed_process_left_is_completed(call, tmp_path):
    arguments = (*DOPE, *AL, "-o", "out", "--keep", "3")
    call(*arguments)
    folder = tmp_path / "out"
    whole = {name: data for name, (data, _) in take_snapshot(folder).items() if name != ".lock"}
    for name in ("manifest.json", "manifest.csv", "Al2-A3-r2.cif"):
        (folder / name).unlink()
    (folder / ".Al2-A3-r2.cif.0123.tmp").write_text("hal")
    assert call(*arguments)[0] == 0
    left = {name: data for name, (data, _) in take_snapshot(folder).items() if name != ".lock"}
    assert left == whole


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("-d", "Ga=2"), "holds 2 other candidates"),
        ((*AL, "--keep", "2"), "holds 2 other candidates"),
        ((*AL, "--format", "poscar"), "holds these candidates in another format"),
    ],
)
def test_another_set_does_not_mix(call, refuse, tmp_path, change, part):
    call(*DOPE, *AL, "-o", "out")
    before = take_snapshot(tmp_path / "out")
    message = refuse(*DOPE, *change, "-o", "out")
    assert part in message
    assert "choose another directory with -o" in message
    assert take_snapshot(tmp_path / "out") == before


def test_files_of_others_are_never_replaced(call, refuse, tmp_path):
    (tmp_path / "mine").mkdir()
    own = tmp_path / "mine" / "parent.cif"
    own.write_text("years of work")
    assert "mine/parent.cif" in refuse(*DOPE, *AL, "-o", "mine")
    assert own.read_text() == "years of work"
    own.rename(own.with_name("other.cif"))
    assert "mine/other.cif" in refuse(*DOPE, *AL, "-o", "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["other.cif"]
    # nor those that were written here and changed since
    call(*DOPE, *AL, "-o", "out")
    changed = tmp_path / "out" / "Al2-A3.cif"
    changed.write_text("relaxed by hand")
    assert "Al2-A3.cif" in refuse(*DOPE, *AL, "-o", "out")
    assert changed.read_text() == "relaxed by hand"


def test_a_foreign_manifest(refuse, tmp_path):
    (tmp_path / "out").mkdir()
    for text in ("[]", "{}", "not json", '{"candidates": [1]}'):
        (tmp_path / "out" / "manifest.json").write_text(text)
        assert "not readable as a manifest" in refuse(*DOPE, *AL, "-o", "out")
        assert (tmp_path / "out" / "manifest.json").read_text() == text


def test_two_at_once(refuse, tmp_path):
    (tmp_path / "out").mkdir()
    with lock_folder(tmp_path / "out"):
        assert "out is in use by process" in refuse(*DOPE, *AL, "-o", "out", code=3)


@pytest.mark.parametrize("output", ["srtio3.cif", "srtio3.cif/below", "/dev/full"])
def test_an_output_that_is_no_directory(refuse, output):
    assert output in refuse(*DOPE, *AL, "-o", output, code=3)


def test_a_full_disk(call, refuse, monkeypatch, tmp_path):
    def fail(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("perolyte.cli.candidate_files.replace_file", fail)
        message = refuse(*DOPE, *AL, "-o", "out", code=3)
    assert "cannot write out (No space left on device)" in message
    assert call(*DOPE, *AL, "-o", "out")[0] == 0, "the same command goes on"
    assert (tmp_path / "out" / "manifest.json").exists()


def test_a_full_disk_behind_standard_output(call, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("perolyte.cli.dope._show", fail)
    code, _, err = call(*DOPE, *AL)
    assert code == 3
    assert "cannot print the candidates (No space left on device)" in err


def test_ctrl_c(refuse, monkeypatch):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("perolyte.cli.dope.build_candidates", interrupt)
    assert "the same command again makes the same candidates" in refuse(*DOPE, *AL, code=130)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("dope", "srtio3.cif"), "no dopant is given"),
        (("vacancies", "srtio3.cif"), "no vacancy is given"),
        (("dope", "missing.cif", "-s", "2x2x2", *AL), "No such file"),
        (("dope", ".", "-s", "2x2x2", *AL), "Is a directory"),
        (("dope", "empty.cif", "-s", "2x2x2", *AL), "the file is empty"),
        (("dope", "binary.cif", "-s", "2x2x2", *AL), "binary content"),
        (("dope", "srtio3.cif", *AL), "--supercell auto needs"),
        (("vacancies", "srtio3.cif", "-v", "O=1", "-s", "auto"), "--supercell auto needs"),
        (("dope", "srtio3.cif", "-s", "30x30x30", *AL), "135000 sites, allowed are up to 10000"),
        ((*DOPE, "-d", "Sr"), "--dopant 'Sr' is not understood"),
        ((*DOPE, "-d", "Al@Na=2"), "the host Na is not in the structure"),
        ((*DOPE, "-d", "Sr=1"), "already an element of the parent"),
        ((*DOPE, "-d", "Al=1"), "multiple of 2; nearest is 2"),
        ((*DOPE, "-d", "Al=100"), "allowed are up to 8"),
        ((*DOPE, "-d", "Al=1%/B_sites"), "nearest are 0.2500 (2 Al)"),
        (("dope", "srtio3.cif", "-d", "La=100%/A_sites"), "the nearest is"),
        (("dope", "bazro3.cif", "-s", "2x2x2", "-d", "Y=2"), "give host"),
        ((*DOPE, *AL, *AL), "same cell Al2-A3"),
        ((*DOPE, *AL, "--scheme", "S9"), "use A3 on Ti"),
        ((*DOPE, *AL, "--pair", "Al"), "--pair 'Al' is not understood"),
        ((*DOPE, *AL, "--pair", "Al,vacancy_Q"), "no sublattice 'Q'"),
        ((*DOPE, *AL, "--roles", "A=Sr"), "is on no sublattice"),
        ((*DOPE, *AL, "--composition", "Sr=4"), "no partially occupied site"),
        ((*DOPE, *AL, "--oxidation-states", "Ti=3"), "net charge of -8 e"),
        ((*DOPE, *AL, "--ion", ""), "mobile ion ''"),
        ((*DOPE, *AL, "--ordering", "best"), "ewald, monte_carlo, sqs, random"),
        ((*DOPE, *AL, "--format", "xyz"), "cif, poscar, both"),
        ((*VACANCIES[:-1], "Li"), "--vacancy 'Li' is not understood"),
        ((*VACANCIES[:-1], "Li=25"), "the cell has 24"),
        ((*VACANCIES[:-1], "Li=1,O=1"), "net charge of +1 e"),
    ],
)  # fmt: skip
def test_refusals(refuse, tmp_path, arguments, part):
    (tmp_path / "empty.cif").touch()
    (tmp_path / "binary.cif").write_bytes(bytes(range(256)) * 8)
    before = set(tmp_path.iterdir())
    assert part in refuse(*arguments, "-o", "out")
    assert set(tmp_path.iterdir()) == before, "nothing is written for what is refused"


@pytest.mark.parametrize("command", ["dope", "vacancies"])
def test_help_shows_what_stands_in_brackets(call, command):
    code, out, _ = call(command, "--help")
    words = " ".join(out.replace("│", " ").split())
    assert code == 0
    assert "[default: found]" in words
    assert "[default: only show]" in words


def test_as_a_process(repository: Path, tmp_path: Path):
    """As installed, with warnings as errors; stdout is read by another program."""
    file = repository / "examples" / "structures" / "srtio3.cif"
    done = subprocess.run(
        [sys.executable, "-m", "perolyte.cli.app", "dope", file, *DOPE[2:], *AL, "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error::UserWarning"},
        timeout=600,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [row["name"] for row in json.loads(done.stdout)["candidates"]] == ["parent", "Al2-A3"]
