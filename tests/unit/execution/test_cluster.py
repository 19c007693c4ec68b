"""Files for a cluster: safe, private, and never overwritten by surprise."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from perolyte.errors import InputError, StoreError
from perolyte.execution.cluster import find_scheduler, write_cluster_files
from perolyte.execution.launchpad import open_launchpad
from perolyte.execution.locations import hide_password

URI = "mongodb://me:secret@db.site:27017/perolyte?authSource=admin"


def test_files_are_private_and_complete(tmp_path: Path):
    files = write_cluster_files(tmp_path / "c", scheduler="slurm", uri=URI)
    assert len(files.written) == 9
    for path in files.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    gpu = yaml.safe_load((files.folder / "qadapter_gpu.yaml").read_text())
    assert (gpu["queue"], gpu["gres"], gpu["_fw_q_type"]) == ("gpu", "gpu:1", "SLURM")
    limits = yaml.safe_load((files.folder / "FW_config.yaml").read_text())
    assert limits["WFLOCK_EXPIRATION_KILL"] is True
    assert limits["PRINT_FW_JSON"] is False
    local = yaml.safe_load((files.folder / "fworker_local.yaml").read_text())
    assert local["category"] == ["cpu", "gpu", "analysis"]
    assert "secret" not in " ".join(files.next_commands())


def test_changed_files_stay(tmp_path: Path):
    write_cluster_files(tmp_path, scheduler="slurm", uri=URI)
    again = write_cluster_files(tmp_path, scheduler="slurm", uri=URI)
    assert again.written == ()
    adapter = tmp_path / "qadapter_cpu.yaml"
    adapter.write_text(adapter.read_text() + "account: mine\n")
    with pytest.raises(InputError, match=r"qadapter_cpu.yaml differs .* --force"):
        write_cluster_files(tmp_path, scheduler="slurm", uri=URI)
    assert "mine" in adapter.read_text()
    assert write_cluster_files(tmp_path, scheduler="slurm", uri=URI, force=True).written


def test_the_scheduler_is_read_from_the_files(tmp_path: Path):
    write_cluster_files(tmp_path, scheduler="pbs", uri=URI)
    assert find_scheduler(tmp_path / "my_launchpad.yaml") == "pbs"
    assert find_scheduler(tmp_path / "other" / "my_launchpad.yaml") == "slurm"


def test_wrong_arguments(tmp_path: Path):
    with pytest.raises(InputError, match="'lsf' is not known"):
        write_cluster_files(tmp_path, scheduler="lsf", uri=URI)
    with pytest.raises(InputError, match="is not the address of a database"):
        write_cluster_files(tmp_path, scheduler="pbs", uri="here")
    blocker = tmp_path / "file"
    blocker.write_text("x")
    with pytest.raises(StoreError, match="cannot be"):
        write_cluster_files(blocker, scheduler="pbs", uri=URI)


def test_launchpad_files_that_are_none(tmp_path: Path):
    with pytest.raises(InputError, match="does not exist; give"):
        open_launchpad(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("- 1")
    with pytest.raises(InputError, match="it has no 'host'"):
        open_launchpad(tmp_path / "bad.yaml")


def test_a_database_that_is_away_is_one_line_without_password():
    with pytest.raises(StoreError, match="does not answer") as caught:
        open_launchpad(uri="mongodb://me:secret@127.0.0.1:9/perolyte", timeout_ms=100)
    assert "secret" not in str(caught.value)


def test_hiding_passwords():
    assert hide_password(URI) == "mongodb://db.site:27017/perolyte"
    assert hide_password("/a/path@home") == "/a/path@home"
