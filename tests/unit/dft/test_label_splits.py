from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from perolyte.dft.duplicates import find_duplicates
from perolyte.dft.splitting import SplitFrame, split_frames
from perolyte.errors import InputError
from support.made_labels import make_metal

COMPOSITIONS = {"LLTO": "Li La Ti O", "LSTO": "Li Sr Ti O", "LBTO": "Li Ba Ti O"}


def make_frames(n_runs: int = 4, n_frames: int = 3) -> list[SplitFrame]:
    frames = [
        SplitFrame(f"{name}-{T}K-{run}", name, frozenset(elements.split()), float(T))
        for name, elements in COMPOSITIONS.items()
        for T in (300, 600, 900, 1200)
        for run in range(n_runs)
        for _ in range(n_frames)
    ]
    return [*frames, SplitFrame("Li2O", "Li2O", frozenset({"Li", "O"}), None, "reference")]


HELD_OUT = {"held_out_temperatures_K": [1200.0], "held_out_elements": ["Ba"]}


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.sampled_from([300.0, 600.0])),
        min_size=1,
        max_size=60,
    ),
    st.floats(0, 0.3),
    st.floats(0, 0.3),
    st.integers(0, 5),
)
def test_no_trajectory_is_in_two_splits(drawn, validation, held_out, seed):
    frames = [
        SplitFrame(f"run {run}", composition, frozenset({"Li"}), temperature)
        for run, composition, temperature in drawn
    ]
    n_runs = len({frame.trajectory for frame in frames})
    splits = split_frames(
        frames, validation_fraction=validation, held_out_fraction=held_out, seed=seed
    )
    found = {(frame.trajectory, split) for frame, split in zip(frames, splits, strict=True)}
    assert len(found) == n_runs
    counts = Counter(split for _, split in found)
    assert counts["train"] >= 1
    if n_runs > 5:
        assert counts["validation"] == round(validation * n_runs)
        assert counts["held_out_trajectory"] == round(held_out * n_runs)


@given(st.permutations(make_frames(2, 1)), st.integers(0, 3))
@settings(max_examples=20)
def test_the_order_of_frames_does_not_matter(frames, seed):
    def by_name(given_frames):
        splits = split_frames(given_frames, seed=seed, **HELD_OUT)
        return {frame.trajectory: split for frame, split in zip(given_frames, splits, strict=True)}

    assert by_name(frames) == by_name(make_frames(2, 1))


def test_what_is_held_out():
    frames = make_frames()
    splits = split_frames(frames, **HELD_OUT)
    for frame, split in zip(frames, splits, strict=True):
        if frame.kind == "reference":
            assert split == "train"
        elif "Ba" in frame.elements:
            assert split == "held_out_dopant"
        elif frame.temperature_K == 1200.0:
            assert split == "held_out_temperature"
        else:
            assert split in ("train", "validation", "held_out_trajectory")


def test_references_are_trained_on_unless_they_have_what_is_held_out():
    oxides = [
        SplitFrame(name, name, frozenset(elements.split()), None, "reference")
        for name, elements in {"BaO": "Ba O", "SrO": "Sr O"}.items()
    ]
    frames = [*make_frames(), *oxides]
    assert split_frames(frames, **HELD_OUT)[-3:] == ["train", "reference", "train"]
    assert split_frames(frames)[-3:] == ["train"] * 3
    apart = split_frames(frames, train_references=False, **HELD_OUT)
    assert apart[-3:] == ["reference"] * 3
    # what is drawn of the others is the same
    assert apart[:-3] == split_frames(frames, **HELD_OUT)[:-3]


def test_every_composition_gives_its_share():
    frames = make_frames(n_runs=5)
    splits = split_frames(frames, validation_fraction=0.2, held_out_fraction=0.2, seed=3)
    counts = Counter(
        (frame.composition, split) for frame, split in zip(frames, splits, strict=True)
    )
    for name in COMPOSITIONS:  # 20 runs of 3 frames each
        assert counts[name, "validation"] in (9, 12, 15)
        assert counts[name, "held_out_trajectory"] in (9, 12, 15)


def test_the_seed_draws_others():
    frames = make_frames()
    drawn = {tuple(split_frames(frames, seed=seed)) for seed in range(5)}
    assert len(drawn) == 5
    assert split_frames(frames, seed=2) == split_frames(frames, seed=2)


def test_a_set_that_grows_keeps_its_splits():
    first = make_frames(2)
    splits = split_frames(first, **HELD_OUT)
    fixed = {frame.trajectory: split for frame, split in zip(first, splits, strict=True)}
    grown = make_frames(6)
    again = split_frames(grown, fixed=fixed, **HELD_OUT)
    for frame, split in zip(grown, again, strict=True):
        assert fixed.get(frame.trajectory, split) == split
    assert Counter(again)["validation"] > Counter(splits)["validation"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation_fraction": 1.0}, "validation_fraction is 1.0"),
        ({"held_out_fraction": -0.1}, "held_out_fraction is -0.1"),
        ({"validation_fraction": 0.5, "held_out_fraction": 0.5}, "leave nothing to train on"),
        ({"held_out_elements": ["Xe"]}, "'Xe' is in no frame; choose of Ba, La, Li"),
        ({"held_out_temperatures_K": [1000]}, "1000 K has no frame; choose of 300, 600, 900"),
        ({"held_out_elements": ["Li"]}, "no trajectory of 49 is left to train on"),
        ({"fixed": {"Li2O": "test"}}, "'Li2O' has split 'test'"),
    ],
)
def test_what_splits_refuse(options, message):
    with pytest.raises(InputError, match=message):
        split_frames(make_frames(), **options)


# -- duplicates ------------------------------------------------------------------------------------


@given(
    st.permutations(range(4)),
    st.lists(st.integers(-2, 2), min_size=12, max_size=12),
    st.integers(0, 100),
    st.sampled_from(["Cu4", "Cu3Ag"]),
)
def test_the_same_atoms_in_another_order_and_cell(order, images, seed, composition):
    metal = make_metal(composition, seed=seed)
    moved = Structure(
        metal.lattice,
        [metal[i].specie for i in order],
        [metal[i].frac_coords + images[3 * n : 3 * n + 3] for n, i in enumerate(order)],
    )
    assert find_duplicates([metal, moved]) == [None, 0]


@given(st.floats(0.0, 0.02), st.integers(0, 3), st.integers(0, 2))
def test_the_tolerance_is_a_distance(step_A, atom, axis):
    metal = make_metal(seed=1)
    step = [0.0, 0.0, 0.0]
    step[axis] = step_A / metal.lattice.a
    other = metal.copy()
    other.translate_sites([atom], step)
    if abs(step_A - 0.01) > 1e-9:
        assert (find_duplicates([metal, other], 0.01)[1] == 0) == (step_A < 0.01)


def test_what_is_no_duplicate():
    metal = make_metal()
    strained = Structure(Lattice.cubic(3.72), metal.species, metal.frac_coords)
    others = [make_metal(seed=1), strained, make_metal("Cu3Ag"), metal.copy()]
    assert find_duplicates([metal, *others]) == [None, None, None, None, 0]
    for wrong in (0, -1, 0.6, float("nan")):
        with pytest.raises(InputError, match="tolerance_A is"):
            find_duplicates([metal], wrong)
