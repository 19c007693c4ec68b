"""The command line: what it prints where, and with which exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perolyte import __version__
from perolyte.cli.app import main
from perolyte.errors import (
    ConvergenceError,
    ExecutionError,
    InputError,
    PotentialError,
    StoreError,
)

COMMANDS = ["run", "check", "results", "report", "ingest", "impedance"]
Answer = tuple[int, str, str]
Call = Callable[..., Answer]


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Call]:
    """Call the command in this process, in an empty folder: exit code, stdout, stderr."""
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def call(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["perolyte", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    yield call
    signal.signal(signal.SIGTERM, handler)


def assert_one_line(text: str) -> None:
    assert text.startswith("perolyte: ")
    assert text.endswith("\n")
    assert text.count("\n") == 1


def test_version(call):
    assert call("--version") == (0, f"perolyte {__version__}\n", "")


def test_help_names_every_command(call):
    code, out, err = call("--help")
    assert (code, err) == (0, "")
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(call, command):
    code, out, err = call(command, "--help")
    assert (code, err) == (0, "")
    assert "Usage" in out


def test_nothing_at_all_shows_the_help(call):
    code, out, err = call()
    assert code == 2
    assert "Commands" in out + err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nonsense"], "nonsense"),
        (["--nonsense"], "--nonsense"),
        (["run"], "campaign_file"),
        (["run", "--nonsense", "x.yaml"], "--nonsense"),
        (["run", "x.yaml", "--workers", "0"], "--workers"),
        (["run", "x.yaml", "--workers", "many"], "--workers"),
        (["results", "a", "b"], "b"),
    ],
)
def test_wrong_usage(call, arguments, expected):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert_one_line(err)
    assert expected in err
    assert "--help'" in err


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_missing_campaign_file(call, command, tmp_path):
    code, out, err = call(command, "missing.yaml")
    assert (code, out) == (2, "")
    assert_one_line(err)
    assert "missing.yaml does not exist; check the path" in err
    assert list(tmp_path.iterdir()) == [], "nothing is written for a file that is not there"


def test_a_bad_campaign_file(call, tmp_path):
    (tmp_path / "bad.yaml").write_text("name: x\nparrent: {}\n")
    code, out, err = call("check", "bad.yaml")
    assert (code, out) == (2, "")
    assert_one_line(err)
    assert "did you mean 'parent'?" in err


@pytest.mark.parametrize("command", ["results", "report"])
def test_no_store_there(call, command, tmp_path):
    code, out, err = call(command, "--store", "nowhere")
    assert (code, out) == (3, "")
    assert_one_line(err)
    assert "There is no store at" in err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_store(call, tmp_path):
    (tmp_path / "notes.txt").write_text("not a database")
    code, out, err = call("results", "--store", "notes.txt")
    assert (code, out) == (3, "")
    assert_one_line(err)


def test_an_address_of_another_database(call):
    code, _, err = call("results", "--store", "postgres://host/db")
    assert code == 3
    assert_one_line(err)
    assert "mongodb://" in err


def test_a_store_without_results(call, tmp_path):
    from perolyte.stores import open_store

    open_store(tmp_path / "store").close()
    code, _, err = call("results", "--store", "store")
    assert code == 2
    assert_one_line(err)
    assert "holds no finished campaign; run 'perolyte run FILE.yaml' first" in err
    code, _, err = call("results", "other", "--store", "store")
    assert code == 2
    assert "'other'" in err


def test_two_formats_at_once(call):
    code, _, err = call("results", "--csv", "--json")
    assert code == 2
    assert_one_line(err)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("a\nlong  message"), 2),
        (StoreError("x"), 3),
        (PotentialError("x"), 1),
        (ExecutionError("x"), 1),
        (ConvergenceError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_expected_error_is_one_line(call, monkeypatch, error, code):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("perolyte.cli.show.show_candidates", fail)
    found, out, err = call("check", "x.yaml")
    assert (found, out) == (code, "")
    assert_one_line(err)


def test_unexpected_errors_are_not_hidden(call, monkeypatch):
    """A bug keeps its traceback."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("perolyte.cli.show.show_candidates", fail)
    with pytest.raises(ZeroDivisionError):
        call("check", "x.yaml")


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 1)])
def test_failed_jobs_give_code_1(call, monkeypatch, ok, code):
    monkeypatch.setattr("perolyte.cli.run.run_campaign", lambda *_, **__: ok)
    assert call("run", "x.yaml") == (code, "", "")


def test_what_run_is_told(call, monkeypatch):
    seen: dict[str, object] = {}
    monkeypatch.setattr(
        "perolyte.cli.run.run_campaign",
        lambda file, **options: seen.update(options, file=file) or 1,
    )
    call("run", "x.yaml", "-o", "out", "--store", "mongodb://h/d", "--workers", "3")
    assert seen == {
        "file": Path("x.yaml"),
        "output": Path("out"),
        "store": "mongodb://h/d",
        "n_workers": 3,
    }


def test_check_shows_the_candidates(call, repository: Path, tmp_path: Path):
    text = (repository / "workflows" / "quickstart.yaml").read_text()
    text = text.replace("../examples", str(repository / "examples"))
    (tmp_path / "c.yaml").write_text(
        text.replace("mobile_ion: Li", "mobile_ion: Li\n  n_samples: 2")
    )
    code, out, err = call("check", "c.yaml")
    assert (code, err) == (0, "")
    for name in ["parent", "Sr2-S3", "Ba2-S3", "Sr1-S2", "Al1-A1", "Al2-A2", "VO1-VLi2"]:
        assert name in out
    assert "MD steps of 58 atoms, hop distance 3.87" in out
    assert {path.name for path in tmp_path.iterdir()} == {"c.yaml"}, "it runs and writes nothing"


def test_an_output_folder_that_cannot_be_made(call, repository: Path, tmp_path: Path):
    (tmp_path / "taken").touch()
    file = repository / "workflows" / "quickstart.yaml"
    code, out, err = call("run", file, "-o", "taken")
    assert (code, out) in {(2, ""), (3, "")}
    assert_one_line(err)
    assert "taken" in err


def test_as_a_process():
    """As installed: its own interpreter, nothing on stdout but the answer."""
    done = subprocess.run(
        [sys.executable, "-m", "perolyte.cli.app", "--version"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"perolyte {__version__}\n", "")
