"""Documents with chosen numbers, for tests of what is made from them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pymatgen.core import Lattice, Structure

from perolyte.schemas import (
    CandidateDoc,
    CandidateSetDoc,
    ConductivityDoc,
    DiffusionDoc,
    DopingDescription,
    PotentialProvenance,
    Provenance,
    RelaxDoc,
    RoomTemperatureConductivity,
)
from perolyte.structures import reference_oxide

STATES = {"Li": 1, "La": 3, "Ti": 4, "O": -2, "Sr": 2, "Al": 3}
PROVENANCE = Provenance(
    perolyte_version="0",
    created_at=datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC),  # stores keep milliseconds
    seed=5,
    potential=PotentialProvenance(name="a potential"),
)


def make_structure(**counts: int) -> Structure:
    """Atoms of a composition on a line; nobody looks at where they are."""
    species = [element for element, n in counts.items() for _ in range(n)]
    places = [[index / len(species), 0, 0] for index in range(len(species))]
    return Structure(Lattice.orthorhombic(3.0 * len(species), 4.0, 4.0), species, places)


def make_candidate(
    name: str, kind: str = "parent", *, change: dict[str, int] | None = None, **fields: Any
) -> CandidateDoc:
    """A candidate that differs from Li3La7Ti12O36 by ``change``; dopings are with Sr or Al."""
    change = change or {}
    counts = {"Li": 3, "La": 7, "Ti": 12, "O": 36}
    counts = {el: counts.get(el, 0) + change.get(el, 0) for el in [*counts, *change]}
    structure = make_structure(**counts)
    doping = None
    if kind == "doping":
        element = next(el for el in change if el in ("Sr", "Al"))
        doping = DopingDescription(
            element=element, scheme="S3", reaction="a reaction", n_dopants=change[element]
        )
    return CandidateDoc(
        **{
            "uuid": "candidates-uuid",
            "name": name,
            "status": "converged",
            "provenance": PROVENANCE,
            "kind": kind,
            "formula": structure.composition.reduced_formula,
            "structure": structure,
            "n_atoms": len(structure),
            "mobile_ion": "Li",
            "doping": doping,
            "composition_change": change,
            "oxidation_states": STATES,
            **fields,
        }
    )


def make_candidate_set(*candidates: CandidateDoc, **fields: Any) -> CandidateSetDoc:
    return CandidateSetDoc(
        **{
            "uuid": "candidates-uuid",
            "name": "candidates",
            "status": "converged",
            "provenance": PROVENANCE,
            "candidates": list(candidates),
            "hop_distance_A": 3.87,
            **fields,
        }
    )


def make_relaxed(
    candidate: CandidateDoc, energy_eV: float | None, status: str = "converged", **fields: Any
) -> RelaxDoc:
    return RelaxDoc(
        **{
            "uuid": f"relaxed-{candidate.name}",
            "name": candidate.name,
            "status": status,
            "provenance": PROVENANCE,
            "candidate": candidate,
            "formula": candidate.formula,
            "structure": candidate.structure,
            "energy_eV": energy_eV,
            "energy_per_atom_eV": None if energy_eV is None else energy_eV / candidate.n_atoms,
            "max_force_eV_A": 0.01,
            "force_limit_eV_A": 0.05,
            "volume_change_percent": 0.0,
            **fields,
        }
    )


def make_oxide(
    cation: str, per_formula_unit_eV: float, status: str = "converged", **fields: Any
) -> RelaxDoc:
    """A relaxed reference oxide; its cell holds several formula units."""
    oxide = reference_oxide(cation, STATES[cation])
    structure = oxide.structure()
    n_units = structure.composition.get_reduced_composition_and_factor()[1]
    return RelaxDoc(
        **{
            "name": oxide.formula,
            "status": status,
            "provenance": PROVENANCE,
            "candidate": None,
            "formula": oxide.formula,
            "structure": structure,
            "energy_eV": per_formula_unit_eV * n_units,
            "energy_per_atom_eV": per_formula_unit_eV * n_units / len(structure),
            "max_force_eV_A": 0.01,
            "force_limit_eV_A": 0.05,
            "volume_change_percent": 0.0,
            **fields,
        }
    )


def make_diffusion(
    temperature_K: float,
    conductivity_S_cm: float | None,
    relative_error: float = 0.1,
    **fields: Any,
) -> DiffusionDoc:
    """A run with a conductivity, or, with None, one that was too short for it."""
    use = conductivity_S_cm is not None
    return DiffusionDoc(
        **{
            "uuid": f"diffusion-{temperature_K:g}",
            "name": "x",
            "status": "converged" if use else "not_converged",
            "reasons": [] if use else ["too short"],
            "provenance": PROVENANCE,
            "mobile_ion": "Li",
            "charge": 1.0,
            "temperature_K": temperature_K,
            "n_ions": 3,
            "volume_A3": 690.0,
            "hop_distance_A": 3.87,
            "time_step_fs": 2.0,
            "frame_interval_fs": 100.0,
            "equilibration_ps": 10.0,
            "run_length_ps": 1000.0,
            "diffusivity_cm2_s": 1e-5 if use else None,
            "diffusivity_std_cm2_s": 1e-6 if use else None,
            "conductivity_S_cm": conductivity_S_cm,
            "conductivity_std_S_cm": conductivity_S_cm * relative_error if use else None,
            "relative_error": relative_error if use else None,
            "n_net_hops": 200.0 if use else 1.0,
            "log_log_slope": 1.0 if use else 0.3,
            "fit_window_ps": (10.0, 200.0),
            "lag_ps": [1.0, 2.0],
            "msd_A2": [1.0, 2.0],
            "trajectory_uuid": "trajectory",
            **fields,
        }
    )


def make_conductivity(name: str, room_S_cm: float | None, **fields: Any) -> ConductivityDoc:
    """A conductivity at 300 K with a factor of two up and down, or none."""
    room = None
    if room_S_cm is not None:
        room = RoomTemperatureConductivity(
            temperature_K=300.0,
            conductivity_S_cm=room_S_cm,
            lower_S_cm=room_S_cm / 2,
            upper_S_cm=room_S_cm * 2,
        )
    return ConductivityDoc(
        **{
            "uuid": f"conductivity-{name}",
            "name": name,
            "status": "converged" if room else "not_converged",
            "reasons": [] if room else ["1000 K: too short"],
            "provenance": PROVENANCE,
            "formula": "X",
            "mobile_ion": "Li",
            "points": [],
            "arrhenius": None,
            "room_temperature": room,
            **fields,
        }
    )
