"""Training sets grow without a leak, and members draw from them."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.dft.theory import LevelOfTheory
from perolyte.errors import InputError
from perolyte.jobs.training_set_growth import grow_training_set, sample_trajectories
from perolyte.schemas import SPLITS
from support.made_labels import make_label, make_metal, make_training_set


@pytest.fixture(scope="module")
def small():
    return make_training_set()


def splits_of(document):
    return {frame.name: frame.split for frame in document.frames}


def label_new(name, composition="Cu4", seed=1000, **group):
    usual = {"trajectory": "loop", "kind": "active"}
    return make_label(name, make_metal(composition, seed=seed), **(usual | group))


def is_drawn(frame):
    return frame.split == "train" and frame.kind != "reference"


@pytest.mark.parametrize("train_references", [True, False])
def test_references_stay_where_they_are(train_references):
    start = make_training_set(train_references=train_references)
    silver = make_label("silver", make_metal("Cu3Ag", step_A=0.05), kind="reference")
    grown = grow_training_set(start, [silver], name="grown")
    assert splits_of(grown)["silver"] == ("train" if train_references else "reference")
    assert grown.train_references is train_references


def test_frames_keep_their_splits(small):
    grown = grow_training_set(small, [label_new("new", temperature_K=600.0)], name="grown")
    before, after = splits_of(small), splits_of(grown)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"new"}
    for split in SPLITS:
        old, new = small.frames_of(split), grown.frames_of(split)
        for one, other in zip(old, new, strict=False):
            assert one.energy_eV == other.energy_eV
            assert np.array_equal(one.forces_eV_A, other.forces_eV_A)


def test_what_is_held_out_stays_held_out(small):
    gold = label_new("gold", "Cu3Au", trajectory="gold run", temperature_K=600.0)
    hot = label_new("hot", trajectory="hot run", temperature_K=900.0)
    found = splits_of(grow_training_set(small, [gold, hot], name="grown"))
    assert found["gold"] == "held_out_dopant"
    assert found["hot"] == "held_out_temperature"


def test_a_trajectory_goes_on_in_its_split(small):
    chosen = {frame.split: frame.trajectory for frame in small.frames}
    label = label_new("more", trajectory=chosen["validation"], temperature_K=300.0)
    assert splits_of(grow_training_set(small, [label], name="g"))["more"] == "validation"


def test_growing_twice_is_growing_once(small):
    first, second = label_new("one", seed=1), label_new("two", seed=2)
    at_once = grow_training_set(small, [first, second], name="g")
    in_turn = grow_training_set(grow_training_set(small, [first], name="g"), [second], name="g")
    assert splits_of(at_once) == splits_of(in_turn)
    assert at_once.data_sha256 == in_turn.data_sha256


def test_labels_of_another_level_are_refused(small):
    other = make_label(
        "other",
        make_metal(seed=5),
        theory=LevelOfTheory("gpaw", "PBEsol", 600.0, pseudopotentials={"*": "PAW data"}),
        trajectory="loop",
    )
    with pytest.raises(InputError, match="different energy surfaces"):
        grow_training_set(small, [other], name="g")


def test_members_draw_trajectories(small):
    trajectories = {f.trajectory for f in small.frames if is_drawn(f)}
    shares = []
    for seed in range(20):
        drawn = sample_trajectories(small, seed=seed, name="m")
        own = {f.trajectory for f in drawn.frames if is_drawn(f)}
        assert own <= trajectories
        shares.append(len(own) / len(trajectories))
        before = splits_of(small)
        rest = {frame.name for frame in small.frames if not is_drawn(frame)}
        assert rest <= set(splits_of(drawn)), "references and other splits stay whole"
        assert all(before[name] == split for name, split in splits_of(drawn).items())
    # the share of distinct ones, 1 - (1 - 1/n)^n, is about 0.65 for n near 10; its error 0.03
    assert 0.5 < np.mean(shares) < 0.8
    assert len(set(shares)) > 1
    again = sample_trajectories(small, seed=3, name="m")
    assert again.data_sha256 == sample_trajectories(small, seed=3, name="m").data_sha256
