"""Files that are there whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from perolyte.files import replace_file


def test_bytes_text_and_permissions(tmp_path):
    path = tmp_path / "new" / "a"
    assert replace_file(path, "Å") == path
    assert path.read_bytes() == "Å".encode()
    replace_file(path, b"\x00", mode=0o600)
    assert path.read_bytes() == b"\x00"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("lasting", [False, True])
def test_a_disk_that_is_full_leaves_the_old_file(tmp_path, monkeypatch, alone, lasting):
    path = tmp_path / "a"
    replace_file(path, "old")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("perolyte.files.Path.replace" if not lasting else "os.fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, "new", alone=alone, lasting=lasting)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_what_a_killed_process_left_is_overwritten(tmp_path):
    (tmp_path / ".a.tmp").write_text("half, and longer than the whole")
    replace_file(tmp_path / "a", "whole", alone=True)
    assert (tmp_path / "a").read_text() == "whole"
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_many_writers_leave_one_whole_file(tmp_path):
    path = tmp_path / "a"
    texts = [str(number) * 10_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: replace_file(path, text), texts * 4))
    assert path.read_text() in texts
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
