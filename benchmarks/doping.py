"""Symmetry-distinct dopings and vacancies against pymatgen, icet and doped, same task, same run.

    python benchmarks/doping.py --quick      # within 45 s
    python benchmarks/doping.py              # also larger tasks for the peers, some minutes

Dopants go on the Ti sublattice of SrTiO3. A task is: from the cell to one pymatgen structure of
every distinct arrangement. pymatgen and icet get the Ti sublattice alone, which is less work for
them and has the same distinct arrangements; perolyte gets the whole cell. Times are CPU times of
this process, compilation left out. The last line is one JSON object; ratios are the smallest ones.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from pymatgen.core import Lattice, Structure

from perolyte.jobs import ParentRecipe, build_candidates
from perolyte.structures import Dopant, Doping, Vacancy
from perolyte.structures.arrangements import EMPTY, SublatticeMove
from perolyte.structures.enumeration import (
    ArrangementSet,
    count_arrangements,
    enumerate_arrangements,
    find_site_permutations,
)

LATTICE_PARAMETER_A = 3.905


@dataclass(frozen=True)
class Task:
    """Place ``n_dopants`` Al on the Ti sites of a supercell."""

    shape: tuple[int, int, int]
    n_dopants: int
    pinned: bool = False

    @property
    def n_sites(self) -> int:
        return int(np.prod(self.shape))

    def __str__(self) -> str:
        pinned = ", first dopant pinned for the peer" if self.pinned else ""
        return f"{self.n_dopants} dopants in {self.n_sites} formula units{pinned}"


QUICK = {"pymatgen": [Task((3, 3, 4), 2)], "icet": [Task((3, 3, 4), 2)]}
# pymatgen compares pairs of structures: with the first dopant on a given site it has n times fewer
# of them. Three dopants in 108 formula units would still be some 500,000 comparisons, hours, and
# 200,000 labelings for icet: there perolyte is timed alone.
FULL = {
    "pymatgen": [
        *QUICK["pymatgen"],
        Task((3, 3, 4), 3, pinned=True),
        Task((6, 6, 3), 2, pinned=True),
    ],
    "icet": [*QUICK["icet"], Task((3, 3, 4), 3), Task((6, 6, 3), 2)],
}
ALONE = Task((6, 6, 3), 3)


def measure(function: Callable[[], Any], *, repeats: int = 1) -> tuple[float, Any]:
    """Shortest CPU time of some runs, in seconds, and the last result."""
    times_s = []
    for _ in range(repeats):
        start_s = time.process_time()
        result = function()
        times_s.append(time.process_time() - start_s)
    return min(times_s), result


def build_titanate(shape: tuple[int, int, int]) -> Structure:
    cell = Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(LATTICE_PARAMETER_A),
        ["Sr", "Ti", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
    )
    return cell.make_supercell(shape)


def build_sublattice(shape: tuple[int, int, int], species: list[Any]) -> Structure:
    sites = np.array(list(np.ndindex(*shape)))
    lattice = Lattice.orthorhombic(*(LATTICE_PARAMETER_A * n for n in shape))
    return Structure(lattice, species, sites / shape)


def read_dopants(structure: Structure, shape: tuple[int, int, int]) -> tuple[int, ...]:
    """Sites of Al, numbered as in ``build_sublattice``."""
    chosen = [site.coords for site in structure if site.specie.symbol == "Al"]
    steps = np.rint(np.array(chosen) / LATTICE_PARAMETER_A).astype(int) % shape
    return tuple(sorted(np.ravel_multi_index(steps.T, shape).tolist()))


def find_representatives(
    placed: list[tuple[int, ...]], shape: tuple[int, int, int]
) -> Counter[tuple[int, ...]]:
    """Smallest image of every set of sites under all operations, by trying each of them."""
    bare = build_sublattice(shape, ["Ti"] * int(np.prod(shape)))
    group = find_site_permutations(bare.lattice, bare.frac_coords, ["Ti"] * len(bare))
    return Counter(
        min(map(tuple, np.sort(group.permutations[:, list(sites)], axis=1).tolist()))
        for sites in placed
    )


# --- the same dopings by each program -----------------------------------------------------------


def arrange_with_perolyte(task: Task, cell: Structure) -> ArrangementSet:
    symbols = [site.specie.symbol for site in cell]
    titanium = tuple(i for i, symbol in enumerate(symbols) if symbol == "Ti")
    move = SublatticeMove(titanium, {"Ti": task.n_dopants}, {"Al": task.n_dopants})
    group = find_site_permutations(cell.lattice, cell.frac_coords, symbols)
    return enumerate_arrangements(symbols, [move], group)


def dope_with_perolyte(task: Task, cell: Structure) -> list[Structure]:
    found = arrange_with_perolyte(task, cell)
    return [Structure(cell.lattice, row, cell.frac_coords) for row in found.arrangements.tolist()]


def dope_with_pymatgen(task: Task) -> list[Structure]:
    """Generate all, compare with StructureMatcher and keep one of each group."""
    from pymatgen.analysis.structure_matcher import ElementComparator, StructureMatcher
    from pymatgen.transformations.standard_transformations import (
        OrderDisorderedStructureTransformation,
    )

    if task.pinned:
        candidates = []
        for others in combinations(range(1, task.n_sites), task.n_dopants - 1):
            species = ["Ti"] * task.n_sites
            for site in (0, *others):
                species[site] = "Al"
            candidates.append(build_sublattice(task.shape, species))
    else:
        fraction = task.n_dopants / task.n_sites
        shared = {"Ti4+": 1 - fraction, "Al3+": fraction}
        ranked = OrderDisorderedStructureTransformation().apply_transformation(
            build_sublattice(task.shape, [shared] * task.n_sites),
            return_ranked_list=comb(task.n_sites, task.n_dopants),
        )
        candidates = [entry["structure"] for entry in ranked]
    # The cells are equal and not reducible: the cheapest settings that give the right groups.
    matcher = StructureMatcher(
        primitive_cell=False, scale=False, attempt_supercell=False, comparator=ElementComparator()
    )
    return [group[0] for group in matcher.group_structures(candidates)]


def dope_with_icet(task: Task) -> list[Structure]:
    """Enumerate with the supercell itself as the cell to decorate, so that only it is searched."""
    from icet.tools import enumerate_structures
    from pymatgen.io.ase import AseAtomsAdaptor

    bare = build_sublattice(task.shape, ["Ti"] * task.n_sites)
    fraction = task.n_dopants / task.n_sites
    found = enumerate_structures(
        AseAtomsAdaptor.get_atoms(bare, msonable=False),
        [1],
        ["Ti", "Al"],
        concentration_restrictions={"Al": (fraction, fraction)},
        niggli_reduce=False,
    )
    return [AseAtomsAdaptor.get_structure(atoms) for atoms in found]


def compare_dopings(
    peer: str, dope: Callable[[Task], list[Structure]], tasks: list[Task]
) -> dict[str, Any]:
    """Ratios of CPU times, and whether the distinct sets agree."""
    ratios, same = [], True
    for task in tasks:
        cell = build_titanate(task.shape)
        dope_with_perolyte(task, cell)  # compiles
        own_s, own = measure(lambda task=task, cell=cell: dope_with_perolyte(task, cell), repeats=3)
        peer_s, theirs = measure(lambda task=task: dope(task))
        offset_A = np.full(3, LATTICE_PARAMETER_A / 2)
        placed = [
            read_dopants(
                structure.translate_sites(range(len(cell)), -offset_A, frac_coords=False),
                task.shape,
            )
            for structure in own
        ]
        expected = find_representatives(placed, task.shape)
        agrees = expected == find_representatives(
            [read_dopants(structure, task.shape) for structure in theirs], task.shape
        )
        same &= agrees and max(expected.values()) == 1
        ratios.append(peer_s / own_s)
        print(
            f"{task}: {len(own)} distinct; perolyte {own_s:.4f} s, {peer} {peer_s:.2f} s, "
            f"ratio {ratios[-1]:.0f}, same set {agrees}"
        )
    return {f"ratio_vs_{peer}": round(min(ratios), 1), "same_set": same}


def time_alone(task: Task) -> dict[str, Any]:
    """Find symmetry and arrangements, without making structures of them."""
    cell = build_titanate(task.shape)
    arrange_with_perolyte(task, cell)  # compiles
    seconds, found = measure(lambda: arrange_with_perolyte(task, cell), repeats=3)
    print(f"{task}: {len(found)} distinct; perolyte alone {seconds:.3f} s, no structures made")
    return {"arrange_3_of_108_seconds": round(seconds, 3)}


# --- single vacancies ---------------------------------------------------------------------------


def remove_with_perolyte(cell: Structure) -> list[tuple[Structure, str, int]]:
    """Cells with one vacancy, what is missing, and how many equivalent ones there are."""
    symbols = [site.specie.symbol for site in cell]
    group = find_site_permutations(cell.lattice, cell.frac_coords, symbols)
    vacancies = []
    for orbit in group.orbits():
        kept = np.delete(np.arange(len(cell)), orbit[0])
        structure = Structure(cell.lattice, [symbols[i] for i in kept], cell.frac_coords[kept])
        vacancies.append((structure, symbols[orbit[0]], len(orbit)))
    return vacancies


def remove_with_doped(cell: Structure) -> Any:
    """Vacancies of doped's generator alone: no substitutions, interstitials or charge states."""
    from doped.generation import DefectsGenerator

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return DefectsGenerator(
            cell,
            interstitial_gen_kwargs=False,
            substitution_elements=[],
            neutral_only=True,
            generate_supercell=False,
            processes=1,
        )


def list_vacancies_of_doped(cell: Structure) -> list[Any]:
    """Return the step of doped's generator that finds the distinct vacancies, without the rest."""
    from doped.core import Vacancy
    from doped.generation import VacancyGenerator

    states = {"Sr": 2, "Ti": 4, "O": -2}
    found = VacancyGenerator().generate(cell, oxi_state=0, symprec=0.01)
    return [Vacancy._from_pmg_defect(vacancy, bulk_oxi_states=states) for vacancy in found]


def compare_vacancies(shape: tuple[int, int, int]) -> dict[str, Any]:
    cell = build_titanate(shape)
    remove_with_perolyte(cell)
    own_s, own = measure(lambda: remove_with_perolyte(cell), repeats=3)
    list_vacancies_of_doped(cell)  # its first call loads tables
    step_s, _ = measure(lambda: list_vacancies_of_doped(cell), repeats=3)
    peer_s, theirs = measure(lambda: remove_with_doped(cell), repeats=2)
    # doped counts equivalent sites in the primitive cell.
    n_cells = len(theirs.bulk_supercell) // len(theirs.primitive_structure)
    found = sorted(
        (defect.site.specie.symbol, defect.multiplicity * n_cells)
        for defect in theirs.defects["vacancies"]
    )
    same = found == sorted((element, n) for _, element, n in own)
    print(
        f"single vacancies of {len(cell)} atoms: {len(own)} distinct; perolyte {own_s:.4f} s, "
        f"doped {peer_s:.2f} s, its vacancy step alone {step_s:.3f} s, "
        f"ratio {peer_s / own_s:.0f}, same set {same}"
    )
    return {
        "ratio_vs_doped": round(peer_s / own_s, 1),
        "ratio_vs_doped_vacancy_step": round(step_s / own_s, 1),
        "same_set": same,
    }


# --- counting -----------------------------------------------------------------------------------


def count_216() -> dict[str, Any]:
    """Li72 La120 and 24 vacancies on the A sites of 216 formula units."""
    bare = build_sublattice((6, 6, 6), ["La"] * 216)
    move = SublatticeMove(tuple(range(216)), {}, {"Li": 72, "La": 120})

    def count() -> int:
        symbols = [EMPTY] * 216
        group = find_site_permutations(bare.lattice, bare.frac_coords, symbols)
        return count_arrangements(symbols, [move], group)

    seconds, n = measure(count)
    print(f"216 formula units, Li72 La120 and 24 vacancies: {n} distinct in {seconds:.2f} s")
    return {"count_216_seconds": round(seconds, 3), "count_216_digits": len(str(n))}


def is_installed(peer: str) -> bool:
    if importlib.util.find_spec(peer) is not None:
        return True
    print(f"{peer} is not installed: its part is left out")
    return False


def time_candidates() -> dict[str, Any]:
    """Time 162 dopings and 54 vacancies of one 528-atom cell, from the CIF's cell to documents.

    Sr, Ba and Al at about 1, 2 and 3 %, and three vacancies: of each the ten arrangements of lowest
    point-charge energy and eight random ones, every one with scores and its exact count.
    """
    sites = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]
    species = [{"Li": 1 / 3, "La": 5 / 9}, "Ti", "O"]
    parent = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.87), species, sites)
    recipe = ParentRecipe(
        mobile_ion="Li",
        roles={"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]},
        supercell=(6, 6, 3),
        composition={"Li": 36, "La": 60},
        n_keep=10,
        n_random=8,
    )
    dopings = [
        Doping(Dopant(element, fraction=fraction, basis=basis), scheme)
        for element, basis, scheme in (
            ("Sr", "A_sites", "S2"),
            ("Ba", "A_sites", "S2"),
            ("Al", "B_sites", "A1"),
        )
        for fraction in (0.01, 0.02, 0.03)
    ]
    vacancies = [Vacancy("O", 1, {"Li": 2}), Vacancy("O", 2, {"Li": 4}), Vacancy("La", 2, {"O": 3})]
    wall, cpu = time.perf_counter(), time.process_time()
    found = build_candidates(parent, recipe, dopings=dopings, vacancies=vacancies, seed=1)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    kinds = Counter(doc.kind for doc in found.candidates)
    print(
        f"{kinds['doping']} dopings and {kinds['vacancy']} vacancies of "
        f"{found.candidates[0].n_atoms} atoms: {wall:.1f} s, {cpu:.1f} s CPU"
    )
    return {
        "seconds_216_candidates": round(wall, 1),
        "cpu_seconds_216_candidates": round(cpu, 1),
        "n_candidates": kinds["doping"] + kinds["vacancy"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="36 formula units only for the peers")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")  # of the peers
    tasks = QUICK if quick else FULL
    parts = [
        count_216(),
        time_alone(ALONE),
        compare_dopings("pymatgen", dope_with_pymatgen, tasks["pymatgen"]),
    ]
    if is_installed("icet"):
        parts.append(compare_dopings("icet", dope_with_icet, tasks["icet"]))
    if is_installed("doped"):
        parts.append(compare_vacancies((3, 3, 3)))
    parts.append(time_candidates())
    figures: dict[str, Any] = {}
    for part in parts:
        figures |= part
    figures["same_set"] = all(part.get("same_set", True) for part in parts)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
