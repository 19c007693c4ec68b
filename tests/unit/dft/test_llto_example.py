"""The example set: its recipe builds what it says, and its labels are read without GPAW."""

from __future__ import annotations

import importlib.util
import sys

import pytest
from ase.io import write

from perolyte.dft.labels import build_label
from perolyte.dft.reading import read_label_files
from perolyte.jobs import assemble_training_set


@pytest.fixture(name="load")
def _load(repository, monkeypatch):
    def load(name):
        path = repository / "examples" / "llto_labels" / f"{name}.py"
        specification = importlib.util.spec_from_file_location(f"example_{name}", path)
        module = importlib.util.module_from_spec(specification)
        monkeypatch.setitem(sys.modules, specification.name, module)
        specification.loader.exec_module(module)
        return module

    return load


def test_frames_and_jobs(load, tmp_path):
    frames = load("make_frames")
    runs = frames.list_runs()
    assert len(runs) == len(set(runs)) == 76
    assert {run.name for run in runs[:30]} == set(frames.CELLS), "a beginning is a sample"
    for cell in frames.CELLS.values():
        assert len(cell.build()) in (10, 14, 20)
    rattled = frames.rattle(next(run for run in runs if run.strain is None))
    references = frames.make_references()
    assert len(references) == 15
    write(tmp_path / "a.extxyz", rattled, format="extxyz")
    write(tmp_path / "b.extxyz", references, format="extxyz")
    flow = load("make_labels").build_flow(tmp_path)
    assert len(flow.jobs) == 18
    group = flow.jobs[0].function_kwargs["group"]
    assert (group["kind"], group["temperature_K"]) == ("rattled", None)
    assert list(flow.all_uuids) == list(load("make_labels").build_flow(tmp_path).all_uuids)
    known = {frame.info["name"] for frame in references}
    assert len(load("make_labels").build_flow(tmp_path, known).jobs) == 3


def test_labels_are_sound_and_of_one_level(repository):
    path = repository / "examples" / "llto_labels" / "llto_pbe_labels.extxyz.gz"
    if not path.exists():
        pytest.skip("the labels are not in this checkout")
    (file,) = read_label_files([path])
    labels = [build_label(raw) for raw in file.labels]
    assert {label.status for label in labels} == {"converged"}
    data = assemble_training_set(labels, held_out_temperatures_K=[1200.0], held_out_elements=["Ba"])
    assert data.settings["cutoff_eV"] == 600.0
    assert data.n_duplicates == 0
    assert data.warnings == []
    assert all(frame.stress_GPa is None for frame in data.frames)
