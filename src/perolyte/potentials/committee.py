"""A committee: potentials trained on the same labels in different ways, which know their doubts.

Where members agree they have seen such atoms; where they differ the labels did not say what they
say. The committee is a potential like its members: its forces are their mean.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from perolyte.errors import InputError, PotentialError
from perolyte.potentials.batch import (
    BatchPotential,
    BrokenSystemError,
    Evaluation,
    SystemBatch,
    join_evaluations,
)
from perolyte.potentials.chgnet_engine import ChgnetEngine
from perolyte.potentials.loading import load_potential

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MAX_MEMBERS", "MIN_MEMBERS", "Committee", "load_committee"]

MIN_MEMBERS, MAX_MEMBERS = 2, 8


class Committee:
    """Two to eight potentials as one, with an uncertainty; implements ``batch.BatchPotential``.

    Energies, forces, stresses and magnetic moments are the means of the members. The uncertainty
    of the force on an atom is ``scale`` times the standard deviation of the members' vectors,
    sqrt(sum |F_m - <F>|² / (n - 1)), as doi 10.1016/j.cpc.2020.107206 has it (there over n); that
    of a system is the largest of its atoms. The uncertainty of an energy is the standard
    deviation of the members, not scaled.

    CHGNets of equal cutoffs share neighbours and graph, which are found once for all.

    Parameters
    ----------
    members
        On one device. Four or five are usual: fewer make the uncertainty itself uncertain.
    scale
        Of force uncertainties, from :func:`perolyte.potentials.calibration.calibrate_uncertainty`.

    Raises
    ------
    InputError
        For another number of members, several devices, or a scale that is no positive number.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from perolyte.potentials.loading import load_potential
    >>> members = [load_potential(name, device="cpu") for name in ("chgnet", "chgnet-r2scan")]
    >>> batch, positions_A = SystemBatch.from_structures([bulk("MgO", "rocksalt", a=4.2)])
    >>> found = Committee(members).evaluate(batch, positions_A)
    >>> found.energy_uncertainties_eV.item() > 0.1  # two functionals
    True
    """

    def __init__(self, members: Sequence[BatchPotential], *, scale: float = 1.0) -> None:
        if not MIN_MEMBERS <= len(members) <= MAX_MEMBERS:
            raise InputError(
                f"a committee of {len(members)} was asked for; give {MIN_MEMBERS} to {MAX_MEMBERS} "
                "members, 4 or 5 are usual"
            )
        devices = sorted({str(member.device) for member in members})
        if len(devices) > 1:
            raise InputError(f"members of a committee are on {devices}; load all on one device")
        if not (math.isfinite(scale) and scale > 0):
            raise InputError(
                f"the scale of uncertainties is {scale}; it must be above 0 (1 without calibration)"
            )
        self.members, self.scale = tuple(members), float(scale)
        self.device, self.dtype = members[0].device, members[0].dtype
        self._engines = _list_alike(self.members)

    @property
    def shares_graph(self) -> bool:
        """Whether neighbours and graph are found once for all members."""
        return bool(self._engines)

    def evaluate(
        self,
        batch: SystemBatch,
        positions_A: Tensor,
        *,
        stress: bool = False,
        magmoms: bool = False,
    ) -> Evaluation:
        """Evaluate all members at (n_atoms, 3) float64 unwrapped positions, Å.

        Raises
        ------
        PotentialError, BrokenSystemError, InputError
            As the members.
        """
        found = self.evaluate_members(batch, positions_A, stress=stress, magmoms=magmoms)
        forces = torch.stack([one.forces_eV_A for one in found])
        energies = torch.stack([one.energies_eV for one in found])
        spread = (forces - forces.mean(dim=0)).square().sum(dim=(0, 2)) / (len(found) - 1)
        return Evaluation(
            energies_eV=energies.mean(dim=0),
            forces_eV_A=forces.mean(dim=0),
            stresses_eV_A3=_average([one.stresses_eV_A3 for one in found]),
            magmoms_muB=_average([one.magmoms_muB for one in found]),
            force_uncertainties_eV_A=self.scale * spread.sqrt(),
            energy_uncertainties_eV=energies.std(dim=0),
        )

    def evaluate_members(
        self,
        batch: SystemBatch,
        positions_A: Tensor,
        *,
        stress: bool = False,
        magmoms: bool = False,
    ) -> list[Evaluation]:
        """Return what each member says; arguments and errors as of :meth:`evaluate`."""
        asked = {"stress": stress, "magmoms": magmoms}
        if not self._engines:
            return [member.evaluate(batch, positions_A, **asked) for member in self.members]
        lead = self._engines[0]
        for engine in self._engines:
            engine.check_arguments(batch, positions_A)
        if self.device.type != "cpu":
            return self._evaluate_shared(lead, batch, positions_A, 0, asked)
        by_system = []
        for system, (single, own_A) in enumerate(batch.split(positions_A)):
            try:
                by_system.append(self._evaluate_shared(lead, single, own_A, system, asked))
            except BrokenSystemError as err:
                raise BrokenSystemError(err.reason, system, batch.n_systems) from err
        return [join_evaluations(parts) for parts in zip(*by_system, strict=True)]

    def _evaluate_shared(
        self,
        lead: ChgnetEngine,
        batch: SystemBatch,
        positions_A: Tensor,
        index: int,
        asked: dict[str, bool],
    ) -> list[Evaluation]:
        graph = lead.find_graph(batch, positions_A, index=index)
        return [engine.evaluate_graph(batch, graph, **asked) for engine in self._engines]

    def forget_neighbours(self) -> None:
        """Make the next evaluation find all neighbours anew."""
        for member in self.members:
            member.forget_neighbours()

    def check_elements(self, numbers: Iterable[int]) -> None:
        """Raise PotentialError, naming it, for an element that a member does not know."""
        values = list(numbers)
        for member in self.members:
            member.check_elements(values)

    def describe(self) -> dict[str, Any]:
        """Return name, version, dtype, device and path, and one SHA-256 for those of all members.

        ``members`` lists their versions; the SHA-256 is None where a member has none.
        """
        about = [member.describe() for member in self.members]
        hashes = [one.get("weights_sha256") for one in about]
        joined = None
        if all(hashes):
            joined = hashlib.sha256("".join(map(str, hashes)).encode()).hexdigest()
        first = about[0]
        return {
            "name": f"committee of {len(about)} {first['name']}",
            "version": "; ".join(str(one.get("version")) for one in about),
            "weights_sha256": joined,
            "dtype": str(self.dtype).removeprefix("torch."),
            "device": str(self.device),
            "path": first.get("path"),
            "members": [str(one) for one in hashes],
            "uncertainty_scale": self.scale,
        }


def load_committee(
    names_or_paths: Sequence[str | Path],
    *,
    scale: float = 1.0,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype = "float32",
    compile: bool | Literal["auto"] = "auto",
    skin_A: float = 0.5,
) -> Committee:
    """Load a committee of CHGNets.

    Parameters
    ----------
    names_or_paths
        Of each member, as :func:`perolyte.potentials.load_potential` takes it.
    scale
        See :class:`Committee`.
    device, dtype, compile, skin_A
        As :func:`perolyte.potentials.load_potential`.

    Raises
    ------
    InputError
        For another number of members than 2 to 8.
    PotentialError
        For a member that cannot be loaded, or that has the weights of another one: equal members
        never doubt.

    Examples
    --------
    >>> load_committee(["chgnet", "chgnet-r2scan"], device="cpu").shares_graph
    True
    """
    if not MIN_MEMBERS <= len(names_or_paths) <= MAX_MEMBERS:
        raise InputError(
            f"a committee of {len(names_or_paths)} was asked for; give {MIN_MEMBERS} to "
            f"{MAX_MEMBERS} checkpoints"
        )
    members = [
        load_potential(name, device=device, dtype=dtype, compile=compile, skin_A=skin_A)
        for name in names_or_paths
    ]
    seen = dict[str, str | Path]()
    for name, member in zip(names_or_paths, members, strict=True):
        sha256 = str(member.describe()["weights_sha256"])
        if sha256 in seen:
            raise PotentialError(
                f"{name} and {seen[sha256]} hold the same weights (SHA-256 {sha256[:12]}); members "
                "of a committee must differ: train them with other seeds or frames"
            )
        seen[sha256] = name
    return Committee(members, scale=scale)


def _list_alike(members: Sequence[BatchPotential]) -> tuple[ChgnetEngine, ...]:
    """Return the members where one graph serves all of them, else nothing."""
    engines = tuple(member for member in members if isinstance(member, ChgnetEngine))
    cutoffs = {(one.weights.cutoff_A, one.weights.bond_cutoff_A) for one in engines}
    return engines if len(engines) == len(members) and len(cutoffs) == 1 else ()


def _average(values: list[Tensor | None]) -> Tensor | None:
    present = [value for value in values if value is not None]
    return torch.stack(present).mean(dim=0) if present else None
