"""A short ab initio run of two atoms, also as a process of its own: python -m support.aimd_runs."""

from __future__ import annotations

import sys
from pathlib import Path

from jobflow import run_locally
from pymatgen.core import Lattice, Structure

from perolyte.flows import AimdMaker, assign_identities

SALT = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(4.08), ["Li", "H"], [[0, 0, 0], [0.5, 0.5, 0.5]]
).get_primitive_structure()
N_STEPS = 12
COARSE = {
    "plane_wave_cutoff_eV": 200.0,
    "kpoint_length_A": 1.0,
    "energy_tolerance_eV": 1e-4,
    "force_tolerance_eV_A": 0.05,
}


def make_maker(**changes) -> AimdMaker:
    settings = {
        "engine": "gpaw",
        "engine_kwargs": COARSE,
        "time_step_fs": 0.5,
        "frame_interval_fs": 1.0,
        "equilibration_ps": 0.002,
        "production_ps": 0.004,
        "checkpoint_interval_steps": 3,
        "guards": {"min_distance_A": 0.5},
    }
    return AimdMaker(**settings | changes)


def make_job(maker: AimdMaker):
    job = maker.make(
        SALT, temperatures_K=[300.0], mobile_ion="Li", hop_distance_A=2.9, seed=1, label="LiH"
    )
    return assign_identities(job)


def run(folder: Path, maker: AimdMaker | None = None):
    """Run the job in a folder and return its document."""
    job = make_job(maker or make_maker())
    found = run_locally(job, log=False, create_folders=False, root_dir=folder, ensure_success=True)
    return found[job.uuid][1].output


if __name__ == "__main__":
    run(Path(sys.argv[1]))
