"""Bond valence barriers of many structures in batches, one job each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jobflow import Flow, Job, Maker, OutputReference
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs.bvse import compute_bvse
from perolyte.jobs.bvse_input import check_ion, make_settings
from perolyte.jobs.identity import assign_identities

__all__ = ["BvseMaker"]


@dataclass
class BvseMaker(Maker):
    """Compute the energies at which an ion percolates through structures, and its hops.

    Parameters
    ----------
    convention
        "softbv" or "bvlain"; barriers of different conventions do not compare.
    spacing_A
        Å, largest distance of voxels.
    cutoff_A
        Å, pairs farther apart do not interact.
    connectivity
        26 or 6 neighbours of a voxel.
    energy_limit_eV
        eV above the lowest voxel where the search for paths ends.
    find_hops
        Also list the hops between sites, with their barriers and bottlenecks.
    batch_size
        Structures in one job.
    campaign
        Name that the documents carry.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> cells = [Structure.from_spacegroup("Fm-3m", Lattice.cubic(a_A), ["Li1+", "F1-"],
    ...                                    [[0, 0, 0], [0.5, 0.5, 0.5]]) for a_A in (4.0, 4.1, 4.2)]
    >>> [job.name for job in BvseMaker(batch_size=2).make(cells, "Li+").jobs]
    ['bond valence barriers 1 to 2', 'bond valence barriers 3 to 3']
    """

    name: str = "bond valence barriers"
    convention: Literal["softbv", "bvlain"] = "softbv"
    spacing_A: float = 0.1
    cutoff_A: float = 10.0
    connectivity: Literal[6, 26] = 26
    energy_limit_eV: float = 10.0
    find_hops: bool = False
    batch_size: int = 50
    campaign: str | None = None

    def make(
        self,
        structures: Structure | OutputReference | Sequence[Structure | OutputReference],
        ion: str,
        *,
        names: Sequence[str] | None = None,
        oxidation_states: Mapping[str, float] | None = None,
    ) -> Flow:
        """Build the flow; its output is a list of :class:`~perolyte.schemas.BvseSetDoc`.

        Parameters
        ----------
        structures
            One or many, also the outputs of other jobs.
        ion
            "Li1+", or "Li" for the one charge that a structure gives it.
        names
            One for each structure; by default its formula, numbered where it comes again.
        oxidation_states
            States of elements, in e, where the structures have none of their own.

        Raises
        ------
        InputError
            For a text that is no ion, a batch below 1, no structure, another number of names, or
            a setting out of its range.
        """
        check_ion(ion)
        if self.batch_size < 1:
            raise InputError(f"batch_size {self.batch_size} is not allowed; give at least 1")
        # a structure is a sequence too, of its sites
        is_single = isinstance(structures, Structure | OutputReference)
        cells: list[Any] = [structures] if is_single else list(structures)
        if not cells:
            raise InputError("no structure is given; give one or more")
        named = _name_all(cells) if names is None else list(names)
        if len(named) != len(cells):
            raise InputError(f"{len(named)} names for {len(cells)} structures; give one for each")
        settings = make_settings(
            convention=self.convention,
            spacing_A=self.spacing_A,
            cutoff_A=self.cutoff_A,
            connectivity=self.connectivity,
            energy_limit_eV=self.energy_limit_eV,
        )
        jobs: list[Flow | Job] = []
        for start in range(0, len(cells), self.batch_size):
            batch = cells[start : start + self.batch_size]
            job = compute_bvse(
                batch,
                ion,
                names=named[start : start + self.batch_size],
                settings=settings.model_dump(),
                find_hops=self.find_hops,
                oxidation_states=dict(oxidation_states) if oxidation_states else None,
                campaign=self.campaign,
            )
            job.name = f"{self.name} {start + 1} to {start + len(batch)}"
            jobs.append(job)
        flow = Flow(jobs, output=[job.output for job in jobs], name=self.name)
        return assign_identities(flow)


def _name_all(cells: Sequence[Any]) -> list[str]:
    """Name structures by formula; a formula that comes again is numbered from its second time."""
    seen: Counter[str] = Counter()
    names = []
    for cell in cells:
        # the output of another job has no formula yet
        formula = cell.composition.reduced_formula if isinstance(cell, Structure) else "structure"
        seen[formula] += 1
        names.append(formula if seen[formula] == 1 else f"{formula} {seen[formula]}")
    return names
