"""Crystals of known structure type, built from published coordinates."""

from __future__ import annotations

import numpy as np
from pymatgen.core import Lattice, Structure

ABX3_SITES = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]


def build(group: str, cell: tuple[float, ...], species: list, positions: list) -> Structure:
    """Structure from a space group, (a, b, c, alpha, beta, gamma) and its asymmetric unit."""
    return Structure.from_spacegroup(group, Lattice.from_parameters(*cell), species, positions)


def cubic(a: float, species: list) -> Structure:
    return build("Pm-3m", (a, a, a, 90, 90, 90), species, ABX3_SITES)


def known_structures() -> dict[str, Structure]:
    """Structures by name; the tests say what each of them is."""
    right = (90, 90, 90)
    hexagonal = (90, 90, 120)
    x, y = 0.234, 0.28  # octahedra turned by 3.7° and 6.8°
    return {
        "SrTiO3": cubic(3.905, ["Sr", "Ti", "O"]),
        "LLTO cubic": cubic(3.87, [{"Li": 1 / 3, "La": 5 / 9}, "Ti", "O"]),
        "Li3OCl": cubic(3.907, ["Cl", "O", "Li"]),
        "Mn3GaN": cubic(3.898, ["Ga", "N", "Mn"]),
        "CaTiO3 Pnma": build(
            "Pnma",
            (5.442, 7.640, 5.380, *right),
            ["Ca", "Ti", "O", "O"],
            [[0.0365, 0.25, -0.0076], [0, 0, 0.5], [0.484, 0.25, 0.071], [0.289, 0.037, 0.711]],
        ),
        "LaAlO3 R-3c": build(
            "R-3c:H",
            (5.364, 5.364, 13.11, *hexagonal),
            ["La", "Al", "O"],
            [[0, 0, 0.25], [0, 0, 0], [0.525, 0, 0.25]],
        ),
        "SrTiO3 I4/mcm": build(
            "I4/mcm",
            (5.507, 5.507, 7.796, *right),
            ["Sr", "Ti", "O", "O"],
            [[0, 0.5, 0.25], [0, 0, 0], [0, 0, 0.25], [x, x + 0.5, 0]],
        ),
        "NaNbO3-like P4/mbm": build(
            "P4/mbm",
            (5.57, 5.57, 3.95, *right),
            ["Na", "Nb", "O", "O"],
            [[0, 0.5, 0.5], [0, 0, 0], [0, 0, 0.5], [y, y + 0.5, 0]],
        ),
        "PbTiO3 P4mm": build(
            "P4mm",
            (3.904, 3.904, 4.152, *right),
            ["Pb", "Ti", "O", "O"],
            [[0, 0, 0], [0.5, 0.5, 0.538], [0.5, 0.5, 0.112], [0.5, 0, 0.612]],
        ),
        "Ba2MgWO6": build(
            "Fm-3m",
            (8.11, 8.11, 8.11, *right),
            ["Ba", "Mg", "W", "O"],
            [[0.25, 0.25, 0.25], [0, 0, 0], [0.5, 0.5, 0.5], [0.263, 0, 0]],
        ),
        "LLTO layered": build(
            "P4/mmm",
            (3.88, 3.88, 7.76, *right),
            [{"La": 0.9, "Li": 0.05}, {"La": 0.2, "Li": 0.6}, "Ti", "O", "O", "O"],
            [
                [0, 0, 0],
                [0, 0, 0.5],
                [0.5, 0.5, 0.26],
                [0.5, 0.5, 0],
                [0.5, 0.5, 0.5],
                [0, 0.5, 0.235],
            ],
        ),
        "Sr2TiO4": build(
            "I4/mmm",
            (3.884, 3.884, 12.60, *right),
            ["Sr", "Ti", "O", "O"],
            [[0, 0, 0.355], [0, 0, 0], [0, 0.5, 0], [0, 0, 0.152]],
        ),
        "Sr3Ti2O7": build(
            "I4/mmm",
            (3.903, 3.903, 20.38, *right),
            ["Sr", "Sr", "Ti", "O", "O", "O"],
            [
                [0, 0, 0.5],
                [0, 0, 0.3130],
                [0, 0, 0.0974],
                [0, 0, 0],
                [0, 0, 0.1952],
                [0, 0.5, 0.0965],
            ],
        ),
        "CsLaNb2O7": build(
            "P4/mmm",
            (3.906, 3.906, 11.18, *right),
            ["Cs", "La", "Nb", "O", "O", "O"],
            [
                [0.5, 0.5, 0.5],
                [0.5, 0.5, 0],
                [0, 0, 0.2],
                [0, 0, 0],
                [0, 0, 0.355],
                [0, 0.5, 0.165],
            ],
        ),
        "Bi2WO6-like": build(
            "I4/mmm",
            (3.84, 3.84, 16.4, *right),
            ["Bi", "W", "O", "O", "O"],
            [[0, 0, 0.325], [0, 0, 0], [0, 0.5, 0], [0, 0, 0.113], [0, 0.5, 0.25]],
        ),
        "BaNiO3 2H": build(
            "P6_3/mmc",
            (5.629, 5.629, 4.811, *hexagonal),
            ["Ba", "Ni", "O"],
            [[1 / 3, 2 / 3, 0.75], [0, 0, 0], [0.1495, 0.299, 0.25]],
        ),
        "BaTiO3 6H": build(
            "P6_3/mmc",
            (5.7238, 5.7238, 13.9649, *hexagonal),
            ["Ba", "Ba", "Ti", "Ti", "O", "O"],
            [
                [0, 0, 0.25],
                [1 / 3, 2 / 3, 0.0967],
                [0, 0, 0],
                [1 / 3, 2 / 3, 0.8463],
                [0.5185, 0.037, 0.25],
                [0.8349, 0.6698, 0.0802],
            ],
        ),
        "LiNbO3": build(
            "R3c:H",
            (5.148, 5.148, 13.863, *hexagonal),
            ["Nb", "Li", "O"],
            [[0, 0, 0], [0, 0, 0.2787], [0.0492, 0.3446, 0.0647]],
        ),
        "ReO3": build("Pm-3m", (3.75, 3.75, 3.75, *right), ["Re", "O"], [[0, 0, 0], [0.5, 0, 0]]),
        "CaIrO3": build(
            "Cmcm",
            (3.145, 9.855, 7.293, *right),
            ["Ca", "Ir", "O", "O"],
            [[0, 0.7498, 0.25], [0, 0, 0], [0.5, 0.4331, 0.25], [0.5, 0.1296, 0.0553]],
        ),
        "Cs2SnI6": build(
            "Fm-3m",
            (11.65, 11.65, 11.65, *right),
            ["Cs", "Sn", "I"],
            [[0.25, 0.25, 0.25], [0, 0, 0], [0.245, 0, 0]],
        ),
        "YBa2Cu3O7": build(
            "Pmmm",
            (3.82, 3.886, 11.68, *right),
            ["Y", "Ba", "Cu", "Cu", "O", "O", "O", "O"],
            [
                [0.5, 0.5, 0.5],
                [0.5, 0.5, 0.184],
                [0, 0, 0],
                [0, 0, 0.355],
                [0, 0.5, 0],
                [0.5, 0, 0.378],
                [0, 0.5, 0.378],
                [0, 0, 0.159],
            ],
        ),
        "FeF3": build(
            "R-3c:H",
            (5.2, 5.2, 13.323, *hexagonal),
            ["Fe", "F"],
            [[0, 0, 0], [0.412, 0, 0.25]],
        ),
        "CaCu3Ti4O12": build(
            "Im-3",
            (7.391, 7.391, 7.391, *right),
            ["Ca", "Cu", "Ti", "O"],
            [[0, 0, 0], [0, 0.5, 0.5], [0.25, 0.25, 0.25], [0.3038, 0.1797, 0]],
        ),
        "BiFeO3": build(
            "R3c:H",
            (5.58, 5.58, 13.87, *hexagonal),
            ["Bi", "Fe", "O"],
            [[0, 0, 0], [0, 0, 0.2209], [0.4428, 0.0187, 0.9520]],
        ),
        "Ca2Fe2O5": build(
            "Pnma",
            (5.42, 14.75, 5.60, *right),
            ["Fe", "Fe", "Ca", "O", "O", "O"],
            [
                [0, 0, 0],
                [-0.054, 0.25, -0.067],
                [0.4818, 0.1081, 0.0232],
                [0.2647, -0.0161, 0.2359],
                [0.0248, 0.141, 0.0746],
                [0.595, 0.25, -0.125],
            ],
        ),
        "Bi4Ti3O12": build(
            "I4/mmm",
            (3.85, 3.85, 32.8, *right),
            ["Bi", "Bi", "Ti", "Ti", "O", "O", "O", "O", "O"],
            [
                [0, 0, 0.066],
                [0, 0, 0.211],
                [0, 0, 0.5],
                [0, 0, 0.371],
                [0, 0.5, 0.25],
                [0, 0.5, 0],
                [0, 0, 0.432],
                [0, 0, 0.318],
                [0, 0.5, 0.117],
            ],
        ),
        "Na4OI2": build(
            "I4/mmm",
            (4.66, 4.66, 15.95, *right),
            ["I", "O", "Na", "Na"],
            [[0, 0, 0.36], [0, 0, 0], [0, 0.5, 0], [0, 0, 0.147]],
        ),
        "Ba2MgTeO6": build(
            "Fm-3m",
            (8.13, 8.13, 8.13, *right),
            ["Ba", "Mg", "Te", "O"],
            [[0.25, 0.25, 0.25], [0, 0, 0], [0.5, 0.5, 0.5], [0.262, 0, 0]],
        ),
        "NaSbF6": build(
            "Fm-3m",
            (8.18, 8.18, 8.18, *right),
            ["Na", "Sb", "F"],
            [[0, 0, 0], [0.5, 0.5, 0.5], [0.268, 0, 0]],
        ),
        "BaLiH3": cubic(4.02, ["Ba", "Li", "H"]),
        "FeTiO3": build(
            "R-3:H",
            (5.088, 5.088, 14.08, *hexagonal),
            ["Fe", "Ti", "O"],
            [[0, 0, 0.3554], [0, 0, 0.1465], [0.3174, 0.0233, 0.2451]],
        ),
        "MgAl2O4": build(
            "Fd-3m:2",
            (8.08, 8.08, 8.08, *right),
            ["Mg", "Al", "O"],
            [[0.125, 0.125, 0.125], [0.5, 0.5, 0.5], [0.2624, 0.2624, 0.2624]],
        ),
        "TiO2 rutile": build(
            "P4_2/mnm",
            (4.594, 4.594, 2.959, *right),
            ["Ti", "O"],
            [[0, 0, 0], [0.3053, 0.3053, 0]],
        ),
        "Mg3Al2Si3O12 garnet": build(
            "Ia-3d",
            (11.459, 11.459, 11.459, *right),
            ["Mg", "Al", "Si", "O"],
            [[0.125, 0, 0.25], [0, 0, 0], [0.375, 0, 0.25], [0.0329, 0.0502, 0.6534]],
        ),
        "NaCl": build("Fm-3m", (5.64, 5.64, 5.64, *right), ["Na", "Cl"], [[0, 0, 0], [0.5] * 3]),
        "CaF2": build("Fm-3m", (5.46, 5.46, 5.46, *right), ["Ca", "F"], [[0, 0, 0], [0.25] * 3]),
        "CaCO3 calcite": build(
            "R-3c:H",
            (4.99, 4.99, 17.06, *hexagonal),
            ["Ca", "C", "O"],
            [[0, 0, 0], [0, 0, 0.25], [0.2573, 0, 0.25]],
        ),
        "La2Zr2O7": build(
            "Fd-3m:2",
            (10.80, 10.80, 10.80, *right),
            ["La", "Zr", "O", "O"],
            [[0.5, 0.5, 0.5], [0, 0, 0], [0.330, 0.125, 0.125], [0.375, 0.375, 0.375]],
        ),
        "Al2O3": build(
            "R-3c:H",
            (4.759, 4.759, 12.99, *hexagonal),
            ["Al", "O"],
            [[0, 0, 0.352], [0.306, 0, 0.25]],
        ),
        "Fe": build("Im-3m", (2.87, 2.87, 2.87, *right), ["Fe"], [[0, 0, 0]]),
    }


def disturb(structure: Structure, *, seed: int, rattle_A: float) -> Structure:
    """Rotated, shifted, reordered and rattled copy; each site moves by ``rattle_A``."""
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    kicks = rng.normal(size=(len(structure), 3))
    kicks *= rattle_A / np.linalg.norm(kicks, axis=1, keepdims=True)
    shift = rng.uniform(-2, 2, 3)
    frac = structure.frac_coords + structure.lattice.get_fractional_coords(kicks) + shift
    order = rng.permutation(len(structure))
    return Structure(
        Lattice(structure.lattice.matrix @ rotation),
        [structure[i].species for i in order],
        frac[order],
    )
