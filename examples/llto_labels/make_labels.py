"""Label frames with GPAW: PBE, 600 eV, checked, kept in a store, exported as extended XYZ.

    python make_labels.py frames store -o llto_pbe_labels.extxyz.gz --workers 2

The same command goes on where it was stopped: a label that the store or the output file holds is
not computed again.
"""

from __future__ import annotations

import argparse
from collections.abc import Container
from pathlib import Path

from ase.io import read
from jobflow import Flow

from perolyte.dft import build_label, read_extxyz, write_extxyz
from perolyte.dft.evaluation import as_structure
from perolyte.execution import run_flow
from perolyte.flows import LabelMaker
from perolyte.jobs.stored_labels import read_stored_labels
from perolyte.schemas import LabelDoc
from perolyte.stores import open_store

SETTINGS = {
    "plane_wave_cutoff_eV": 600.0,
    "functional": "PBE",
    "kpoint_length_A": 15.0,
    "smearing_eV": 0.05,
    "energy_tolerance_eV": 1e-5,
    "force_tolerance_eV_A": 1e-3,
    "max_iterations": 120,
}


def read_known(path: Path) -> dict[str, LabelDoc]:
    """Return the labels of an earlier output file by name."""
    labels = [build_label(raw) for raw in read_extxyz(path)] if path.exists() else []
    return {label.name: label for label in labels}


def build_flow(folder: Path, known: Container[str] = ()) -> Flow:
    """Return one job for each frame of the folder's files that is not known."""
    maker = LabelMaker(engine="gpaw", engine_kwargs=SETTINGS)
    jobs = []
    for path in sorted(folder.glob("*.extxyz")):
        for atoms in read(path, index=":"):
            group = {key: value for key, value in atoms.info.items() if key != "name"}
            group["temperature_K"] = group["temperature_K"] or None
            structure = as_structure(
                atoms.get_chemical_symbols(), atoms.positions, atoms.cell.array
            )
            name = str(atoms.info["name"])
            if name not in known:
                jobs.append(maker.make(structure, name=name, group=group))
    return Flow(jobs, name="labels")


def main() -> None:
    """Label, then write the sound labels and say what is not sound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("frames", type=Path)
    parser.add_argument("store")
    parser.add_argument("-o", "--output", type=Path, default=Path("llto_pbe_labels.extxyz.gz"))
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    known = read_known(arguments.output)
    flow = build_flow(arguments.frames, known)
    store = open_store(arguments.store)
    try:
        run_flow(flow, store, folder=f"{arguments.store}-run", n_workers=arguments.workers)
        labels, _ = read_stored_labels(store)
    finally:
        store.close()
    known |= {label.name: label for label in labels if label.status == "converged"}
    for label in labels:
        if label.status != "converged":
            print(f"{label.name}: {label.status}: {'; '.join(label.reasons)}")
    write_extxyz([known[name] for name in sorted(known)], arguments.output)
    print(f"{len(known)} labels in {arguments.output}")


if __name__ == "__main__":
    main()
