"""Small labelled frames for training: a rock salt whose true forces CHGNet is known to miss."""

from __future__ import annotations

import numpy as np
from pymatgen.core import Lattice, Structure

from perolyte.potentials import SystemBatch, load_potential
from perolyte.structures.labelled_frame import LabelledFrame
from perolyte.units import EV_PER_A3_TO_GPA

STIFFNESS = 1.25
"""The labels' energy surface is that of CHGNet times this: CHGNet's slope is 1 / 1.25 = 0.8."""

SHIFTS_EV = {"Mg": 0.7, "O": -0.4}
"""And each element has another energy."""


def rattled_salts(n_frames: int, seed: int, *, stress: bool = True) -> list[LabelledFrame]:
    """Return primitive cells of MgO, rattled and strained, with stiffer labels than CHGNet's."""
    generator = np.random.default_rng(seed)
    structures = []
    for _ in range(n_frames):
        cell = Structure.from_spacegroup(
            "Fm-3m", Lattice.cubic(4.2), ["Mg", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]
        ).get_primitive_structure()
        cell.apply_strain(generator.uniform(-0.02, 0.02))
        shift = generator.normal(scale=0.15, size=3)
        cell.translate_sites([0], shift, frac_coords=False)
        structures.append(cell)
    potential = load_potential("chgnet", device="cpu")
    batch, positions_A = SystemBatch.from_structures(structures)
    found = potential.evaluate(batch, positions_A, stress=True)
    offset = float(sum(SHIFTS_EV.values()))
    middle = float(found.energies_eV.mean())
    return [
        LabelledFrame(
            name=f"salt-{seed}-{index}",
            structure=structure,
            energy_eV=middle + STIFFNESS * (float(found.energies_eV[index]) - middle) + offset,
            forces_eV_A=STIFFNESS * found.forces_eV_A[2 * index : 2 * index + 2].numpy(),
            stress_GPa=STIFFNESS * found.stresses_eV_A3[index].numpy() * EV_PER_A3_TO_GPA
            if stress
            else None,
        )
        for index, structure in enumerate(structures)
    ]
