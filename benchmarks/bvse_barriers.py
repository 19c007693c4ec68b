"""BVSE barriers against barriers from density functional theory in the literature.

    python benchmarks/bvse_barriers.py --data FOLDER           # or PEROLYTE_SHARED_DATA
    python benchmarks/bvse_barriers.py --data FOLDER --quick   # a subset on a coarser grid

FOLDER holds ``migration_barriers``: one structure per hop, in which the mobile ion stands at five
images on a straight line. All ions of the mobile element are taken out, as always in BVSE, and the
hop is judged on the map of what remains. Barriers are the highest energy less the lower of the two
ends, by each of these rules:

tube      lowest pass inside a tube of 1.5 Å around the straight line, between the lowest points
          within 1 Å of its ends: the hop that was computed, free to bend
line      along the straight line itself
network   lowest pass between the sites of the two ends on the whole map, over any other sites
E_1D, E_3D   percolation barriers of the compound, which know nothing of the hop

One global scale is fitted by least absolute deviations through zero on four fifths of the
compounds and judged on the last fifth, five times; no composition of the framework is on both
sides. The trivial predictor is the median barrier of the same four fifths. The last line is one
JSON object.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from barrier_statistics import compare_paired, print_groups, summarize
from hop_barriers import measure_hop
from numpy.typing import NDArray
from pymatgen.core import Composition, Structure

from perolyte.bvse import energy_map, morse_parameters, percolation_barriers
from perolyte.bvse.radius_scaling import find_radius_scaling
from perolyte.errors import InputError
from perolyte.structures import assign_oxidation_states, guess_oxidation_states

N_IMAGES = 5
CONVENTIONS = ("softbv", "bvlain")
PREDICTORS = ("tube", "line", "network", "E_1D", "E_3D")
SCALED_PREDICTORS = ("tube", "network", "E_1D")
CHARGES = {"Li": 1, "Na": 1, "K": 1, "Rb": 1, "Mg": 2, "Ca": 2, "Sr": 2, "Zn": 2, "Al": 3}


@dataclass(frozen=True, eq=False)
class Hop:
    """One hop of the data set, ready for an energy map."""

    name: str
    family: str
    element: str
    group: str
    reference_eV: float
    structure: Structure
    states: dict[str, float]
    line: NDArray[np.float64]

    @property
    def ion(self) -> str:
        return f"{self.element}{CHARGES[self.element]}+"


class NotComputedError(Exception):
    """The reason why there is no barrier, in a few words that can be counted."""


def find_states(framework: Structure, element: str, n_others: int) -> dict[str, float]:
    """States that make the cell neutral.

    With both ends of the hop occupied; else with one ion on the path; else with none, the dilute
    limit in an empty host.
    """
    for assign in (assign_states, guess_states):
        for n_on_path in (2, 1, 0):
            species = [site.specie for site in framework]
            coords = list(framework.frac_coords)
            n_mobile = n_others + n_on_path
            whole = Structure(
                framework.lattice,
                species + [element] * n_mobile,
                coords + [[0.0, 0.0, 0.0]] * n_mobile,
            )
            states = assign(whole)
            if states:
                return {**states, element: float(CHARGES[element])}
    raise NotComputedError("oxidation states unknown")


def assign_states(structure: Structure) -> dict[str, float]:
    try:
        found = assign_oxidation_states(structure)
    except InputError:
        return {}
    return {k: float(v) for k, v in found.states.items()} if abs(found.net_charge) < 1e-6 else {}


def guess_states(structure: Structure) -> dict[str, float]:
    found = guess_oxidation_states(structure)
    # Bond lengths are no help: the positions of the mobile ions are made up here.
    return found.states if found.method == "composition" else {}


def prepare(entry: dict[str, Any]) -> Hop:
    atoms = entry["atoms"]
    elements, coords = atoms["elements"], np.array(atoms["coords"])
    element = elements[0]
    if any(other != element for other in elements[:N_IMAGES]):
        raise NotComputedError("the five images are not found")
    # Consecutive images are nearest images of each other; the line runs on across the cell.
    steps = np.diff(coords[:N_IMAGES], axis=0)
    line = coords[0] + np.vstack([np.zeros(3), np.cumsum(steps - np.round(steps), axis=0)])
    kept = [i for i, symbol in enumerate(elements) if symbol != element]
    if not kept:
        raise NotComputedError("nothing but the mobile element")
    framework = Structure(atoms["lattice_mat"], [elements[i] for i in kept], coords[kept])
    states = find_states(framework, element, elements.count(element) - N_IMAGES)
    framework.append(element, coords[0])
    formula = framework.composition - Composition({element: 1})
    return Hop(
        name=entry["sys_name"],
        family=entry["cls"],
        element=element,
        group=formula.reduced_formula,
        reference_eV=float(entry["barrier_eV"]),
        structure=framework,
        states=states,
        line=line,
    )


def check_parameters(hop: Hop) -> None:
    for other, state in hop.states.items():
        if state < 0:
            try:
                morse_parameters(hop.element, CHARGES[hop.element], other, state)
            except InputError:
                raise NotComputedError("no bond-valence parameters") from None


def measure(hop: Hop, convention: Any, scaling: dict[str, float], spacing_A: float) -> list[float]:
    """Barriers in eV, in the order of PREDICTORS; inf where there is none."""
    try:
        energies = energy_map(
            hop.structure,
            hop.ion,
            spacing_A=spacing_A,
            convention=convention,
            oxidation_states=hop.states,
            radius_scaling=scaling,
            charge_tolerance=np.inf,  # the other mobile ions are missing on purpose
        )
    except InputError as error:
        raise NotComputedError("refused by energy_map") from error
    percolation = percolation_barriers(energies, energy_limit_eV=30.0).barriers_eV
    found = measure_hop(energies.energies_eV, energies.framework.lattice.matrix, hop.line)
    return [*found, percolation[1], percolation[3]]


def find_scaling(hop: Hop) -> dict[str, float]:
    decorated = hop.structure.copy()
    decorated.add_oxidation_state_by_element(hop.states)
    try:
        return find_radius_scaling(decorated, hop.ion)
    except InputError as error:
        missing = "no bond-valence parameters" in str(error)  # the rest has no factor that fits
        reason = "a framework pair has no parameters" if missing else "no factor fits"
        raise NotComputedError(reason) from error


def measure_all(
    entries: list[dict[str, Any]], conventions: tuple[str, ...], spacing_A: float
) -> tuple[list[dict[str, Any]], Counter[str], Counter[str]]:
    """Rows of one hop each, with why hops are missing, and why scalings are."""
    rows: list[dict[str, Any]] = []
    missing: Counter[str] = Counter()
    unscaled: Counter[str] = Counter()
    begin = time.perf_counter()
    for number, entry in enumerate(entries, start=1):
        try:
            hop = prepare(entry)
            check_parameters(hop)
            row: dict[str, Any] = {
                "name": hop.name,
                "family": hop.family,
                "ion": hop.element,
                "group": hop.group,
                "neb_eV": hop.reference_eV,
            }
            for convention in conventions:
                values = measure(hop, convention, {}, spacing_A)
                row |= {f"{convention} {p}": v for p, v in zip(PREDICTORS, values, strict=True)}
        except NotComputedError as reason:
            missing[str(reason)] += 1
            print(f"{entry['sys_name']}: {reason}; {reason.__cause__ or ''}")
            continue
        rows.append(row)
        try:
            scaling = find_scaling(hop)
            for convention in conventions:
                values = measure(hop, convention, scaling, spacing_A)
                named = zip(PREDICTORS, values, strict=True)
                row |= {f"{convention} scaled {p}": v for p, v in named}
            row["scaling"] = float(np.mean(list(scaling.values()))) if scaling else 1.0
        except NotComputedError as reason:
            unscaled[str(reason)] += 1
        if number % 50 == 0:
            print(f"{number} of {len(entries)}, {time.perf_counter() - begin:.0f} s", flush=True)
    return rows, missing, unscaled


def report(rows: list[dict[str, Any]], conventions: tuple[str, ...]) -> dict[str, Any]:
    """Print the tables and return the figures of the JSON object."""
    figures: dict[str, Any] = {}
    print("\nagreement over all hops; MAE on compounds left out of the fit of the scale, eV")
    for convention in conventions:
        for predictor in PREDICTORS:
            result = summarize(rows, f"{convention} {predictor}")
            print(f"  {convention:7s} {predictor:8s} {result.line()}")
            figures[f"{convention}_{predictor}"] = result.as_dict()
    print("\nradius scaling, on the hops that have one: without, with, change of the MAE")
    for convention in conventions:
        for predictor in SCALED_PREDICTORS:
            plain, scaled = f"{convention} {predictor}", f"{convention} scaled {predictor}"
            comparison = compare_paired(rows, plain, scaled)
            print(f"  {convention:7s} {predictor:8s} {comparison.line()}")
            figures[f"{convention}_{predictor}_scaling"] = comparison.as_dict()
    first = conventions[0]
    for key in ("family", "ion"):
        print(f"\nby {key}, {first}, tube, the same global scale; with radius scaling at the end")
        print_groups(rows, f"{first} tube", f"{first} scaled tube", key)
    return figures


def choose_quick(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    small = [entry for entry in entries if len(entry["atoms"]["elements"]) <= 64]
    return small[:: math.ceil(len(small) / 60)]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("PEROLYTE_SHARED_DATA"))
    parser.add_argument("--spacing", type=float, help="grid in Å; 0.2, or 0.3 with --quick")
    parser.add_argument("--rows", type=Path, help="write one row per hop to this CSV file")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    if given.data is None or not Path(given.data).is_dir():
        sys.exit("no data folder: give --data FOLDER or set PEROLYTE_SHARED_DATA")
    path = Path(given.data) / "migration_barriers" / "paths_train.json.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        entries = json.load(file)
    n_entries = len(entries)
    spacing_A = given.spacing or (0.3 if given.quick else 0.2)
    conventions = CONVENTIONS[:1] if given.quick else CONVENTIONS
    if given.quick:
        entries = choose_quick(entries)
    begin = time.perf_counter()
    rows, missing, unscaled = measure_all(entries, conventions, spacing_A)
    seconds = time.perf_counter() - begin
    if given.rows:
        write_rows(given.rows, rows)
    figures = report(rows, conventions)
    print(f"\n{len(rows)} of {len(entries)} hops computed in {seconds:.0f} s; {dict(missing)}")
    counts = {
        "n_in_data": n_entries,
        "n_tried": len(entries),
        "n_computed": len(rows),
        "n_compounds": len({row["group"] for row in rows}),
        "not_computed": dict(missing),
        "no_scaling": dict(unscaled),
        "spacing_A": spacing_A,
        "seconds": round(seconds),
    }
    print(json.dumps(counts | figures))


if __name__ == "__main__":
    main()
