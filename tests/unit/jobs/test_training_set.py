"""Sets of labels: what is left out, what is refused, and what the document says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.jobs import assemble_training_set, build_training_set
from perolyte.schemas import SPLITS, TrainingSetDoc
from perolyte.structures.labelled_frame import LabelledFrame
from support.made_labels import (
    THEORY,
    make_label,
    make_label_series,
    make_metal,
    make_training_set,
)

LABELS = make_label_series()
SET = make_training_set()


def assemble(labels, **settings):
    return assemble_training_set(labels, validation_fraction=0.25, **settings)


def test_every_label_is_in_one_split():
    assert sum(SET.n_frames.values()) == len(SET.frames) == len(LABELS)
    names = [frame.name for split in SPLITS for frame in SET.frames_of(split)]
    assert sorted(names) == sorted(label.name for label in LABELS)
    assert all(SET.n_frames[split] > 0 for split in SPLITS)
    assert SET.n_trajectories["reference"] == 1, "the one with what is held out"
    assert make_training_set(train_references=False).n_trajectories["reference"] == 3
    assert SET.n_atoms == {split: 4 * n for split, n in SET.n_frames.items()}
    assert SET.elements == ["Ag", "Au", "Cu"]
    assert (SET.status, SET.warnings, SET.refused) == ("converged", [], [])


def test_held_out_dopant_and_temperature():
    for split in ("train", "validation", "held_out_trajectory", "held_out_temperature"):
        assert all("Au" not in frame.structure.symbol_set for frame in SET.frames_of(split))
    hot = {frame.temperature_K for frame in SET.frames if frame.split == "held_out_temperature"}
    assert hot == {900.0}
    cool = {frame.temperature_K for frame in SET.frames if frame.split == "train"}
    assert cool <= {300.0, 600.0, None}


def test_frames_are_those_of_the_labels():
    by_name = {label.name: label for label in LABELS}
    for frame in SET.frames_of("train"):
        assert isinstance(frame, LabelledFrame)
        label = by_name[frame.name]
        assert frame.energy_eV == label.energy_eV
        np.testing.assert_array_equal(frame.forces_eV_A, label.forces_eV_A)
        np.testing.assert_array_equal(frame.stress_GPa, label.stress_GPa)
    with pytest.raises(InputError, match="'test' does not exist; choose one of train"):
        SET.frames_of("test")


def test_a_correction_is_in_the_energy():
    corrected = [label.model_copy(update={"energy_correction_eV": -2.0}) for label in LABELS]
    frames = {frame.name: frame.energy_eV for frame in assemble(corrected).frames}
    for label in LABELS:
        assert frames[label.name] == pytest.approx(label.energy_eV - 2.0)


def test_the_same_labels_give_the_same_set():
    again = make_training_set()
    assert again.data_sha256 == SET.data_sha256
    assert make_training_set(seed=1).data_sha256 != SET.data_sha256
    changed = LABELS[0].model_copy(update={"energy_eV": LABELS[0].energy_eV + 1e-9})
    assert assemble([changed, *LABELS[1:]]).data_sha256 != assemble(LABELS).data_sha256


def test_what_is_left_out_says_why():
    broken = make_label("broken").model_copy(
        update={"status": "not_converged", "reasons": ["net force 1 eV/Å"]}
    )
    twin = make_label("twin", LABELS[0].structure)
    found = assemble([*LABELS, broken, twin])
    assert (found.n_given, found.n_duplicates) == (len(LABELS) + 2, 1)
    assert {item.name: item.reason for item in found.refused} == {
        "broken": "net force 1 eV/Å",
        "twin": f"same structure as {LABELS[0].name!r}",
    }


def test_mixed_levels_of_theory_are_refused():
    other = make_label("other", theory=replace(THEORY, cutoff_eV=400.0))
    with pytest.raises(InputError) as caught:
        assemble([*LABELS, other])
    assert str(caught.value) == (
        "labels lie on different energy surfaces: 'other' is gpaw, PBE, 400 eV, PAW data and "
        f"{LABELS[0].name!r} gpaw, PBE, 900 eV, PAW data; make one set of each"
    )


def test_nothing_to_train_on():
    broken = LABELS[0].model_copy(update={"status": "rejected", "reasons": ["it crashed"]})
    with pytest.raises(InputError, match=r"none of 1 labels is sound \(.*: it crashed\)"):
        assemble([broken])
    with pytest.raises(InputError, match="none of 0 labels is sound; compute"):
        assemble([])
    with pytest.raises(InputError, match="1 names are given to several labels"):
        assemble([*LABELS, make_label(LABELS[0].name, make_metal(seed=99))])


def test_doubts_on_a_set():
    coarse = replace(THEORY, numerics={"kpoint_length_A": 4.0})
    labels = [
        *LABELS,
        make_label("coarse", make_metal(seed=100), theory=coarse),
        make_label("no stress", make_metal(seed=101)).model_copy(update={"stress_GPa": None}),
        make_label("far", make_metal(seed=102)).model_copy(update={"energy_eV": -99.0}),
    ]
    doubts = " | ".join(assemble(labels).warnings)
    assert "made with 2 choices of k-points" in doubts
    assert f"1 of {len(labels)} frames have no stress" in doubts
    assert "1 frames of Cu lie more than 1 eV/atom from the others" in doubts
    unknown = replace(THEORY, engine="unknown", functional=None)
    silent = [make_label(f"{i}", make_metal(seed=i), theory=unknown) for i in range(3)]
    doubts = assemble_training_set(silent, validation_fraction=0.0).warnings
    assert "no label states its functional: whether they fit together is not known" in doubts
    assert "no trajectory is left for validation" in doubts


def test_a_later_set_keeps_the_splits():
    more = [
        make_label(f"new {i}", make_metal(seed=200 + i), kind="active", temperature_K=300.0)
        for i in range(8)
    ]
    later = assemble([*LABELS, *more], previous=SET)
    before = {frame.name: frame.split for frame in SET.frames}
    after = {frame.name: frame.split for frame in later.frames}
    assert {name: after[name] for name in before} == before
    assert {after[label.name] for label in more} >= {"train", "validation"}


def test_as_a_job(memory_store):
    job = build_training_set([LABELS[:20], LABELS[20:], None], seed=4, name="metals")
    document = job.run(memory_store).output
    assert isinstance(document, TrainingSetDoc)
    assert (document.uuid, document.name, document.seed) == (job.uuid, "metals", 4)
    assert len(document.frames) == len(LABELS)
    read = TrainingSetDoc.model_validate(memory_store.get_output(job.uuid, load=True))
    assert read.data_sha256 == document.data_sha256
    assert read.frames == document.frames


def test_large_sets_are_kept_apart(memory_store):
    """More than 2000 atoms do not stay in the document."""
    cells = [make_label(f"{i}", make_metal(seed=i) * (4, 4, 4)) for i in range(9)]
    job = build_training_set(cells)
    job.run(memory_store)
    stored = memory_store.docs_store.query_one({"uuid": job.uuid})["output"]
    assert "frames" not in stored
    read = TrainingSetDoc.model_validate(memory_store.get_output(job.uuid, load=True))
    assert len(read.frames) == 9
