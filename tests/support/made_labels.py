"""Labels from an analytic potential: energy, forces and stress that belong together."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase.calculators.emt import EMT
from pymatgen.core import Lattice, Structure

from perolyte.dft.evaluation import evaluate_structure
from perolyte.dft.labels import FrameGroup, RawLabel, build_label
from perolyte.dft.theory import LevelOfTheory
from perolyte.schemas import LabelDoc, TrainingSetDoc

THEORY = LevelOfTheory("gpaw", "PBE", 900.0, pseudopotentials={"*": "PAW data"})
METALS = {"Cu4": ["Cu"] * 4, "Cu3Ag": ["Cu", "Cu", "Cu", "Ag"], "Cu3Au": ["Cu", "Cu", "Cu", "Au"]}
TEMPERATURES_K = (300.0, 600.0, 900.0)


def make_metal(composition: str = "Cu4", *, seed: int = 0, step_A: float = 0.1) -> Structure:
    """A face-centred cubic cell of four atoms, moved at random."""
    places = [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    metal = Structure(Lattice.cubic(3.7), METALS[composition], places)
    steps = np.random.default_rng(seed).normal(scale=step_A, size=(4, 3))
    return Structure(
        metal.lattice, metal.species, metal.cart_coords + steps, coords_are_cartesian=True
    )


def make_label(
    name: str = "a",
    structure: Structure | None = None,
    *,
    theory: LevelOfTheory = THEORY,
    **group: Any,
) -> LabelDoc:
    """A label of a metal; ``group`` are fields of a frame's group."""
    structure = structure or make_metal()
    return build_label(
        RawLabel(
            name=name,
            structure=structure,
            found=evaluate_structure(structure, EMT()),
            theory=theory,
            engine_version="1",
            group=FrameGroup.from_dict(group),
        )
    )


def make_label_series(n_runs: int = 2, n_frames: int = 2) -> list[LabelDoc]:
    """Runs of each composition at each temperature, and one reference of each composition."""
    labels = []
    for composition in METALS:
        for temperature_K in TEMPERATURES_K:
            for run in range(n_runs):
                trajectory = f"{composition}-{temperature_K:g}K-{run}"
                for frame in range(n_frames):
                    seed = len(labels)
                    labels.append(
                        make_label(
                            f"{trajectory}-{frame}",
                            make_metal(composition, seed=seed),
                            composition=composition,
                            trajectory=trajectory,
                            temperature_K=temperature_K,
                            kind="md",
                        )
                    )
        reference = make_metal(composition, step_A=0.0)
        labels.append(make_label(f"{composition}-reference", reference, kind="reference"))
    return labels


def make_training_set(**settings: Any) -> TrainingSetDoc:
    """A small set with every split."""
    from perolyte.jobs import assemble_training_set

    return assemble_training_set(
        make_label_series(),
        **{
            "held_out_temperatures_K": [900.0],
            "held_out_elements": ["Au"],
            "validation_fraction": 0.25,
            "held_out_fraction": 0.25,
            **settings,
        },
    )
