"""One system of a batch: what moves, how hot, how fast, from which seed."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.potentials.dynamics.ensembles import Ensemble

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core import Structure

__all__ = ["FloatArray", "Replica", "ReplicaOutcome", "Status"]

FloatArray = NDArray[np.float64]
Status = Literal["finished", "unfinished", "exploded", "melted", "left_domain"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,99}")
_MAX_SEED = 2**63 - 1


@dataclass(frozen=True, eq=False)
class Replica:
    """A system to be followed, with its own temperature, time step and seed.

    Parameters
    ----------
    name
        Letters, digits and ``. _ + = -``: the name of its folder.
    structure
        Ordered pymatgen structure or ASE atoms; positions are taken as they are, unwrapped.
    mobile_ion
        Element symbol of the ions that are stored at every stored step, such as ``"Li"``.
    temperature_K
        K, of the thermostat and of the first velocities; above zero.
    seed
        From 0 on. Fixes first velocities and noise, whatever else is in the batch.
    time_step_fs
        fs.
    ensemble
        Instead of the run's, of the same kind: another friction or damping.
    velocities_A_fs
        (n_atoms, 3), Å/fs, at the start; by default Maxwell-Boltzmann from the seed. The motion
        of the centre of mass is taken out of either.

    Raises
    ------
    InputError
        For a name that is no folder name, numbers out of range, a disordered structure, fewer than
        two atoms, no mobile ion.

    Examples
    --------
    >>> from ase.build import bulk
    >>> salt = bulk("LiF", "rocksalt", a=4.03, cubic=True)
    >>> hot = Replica("hot", salt, "Li", temperature_K=900.0, seed=1, time_step_fs=2.0)
    >>> hot.n_atoms, int(hot.is_mobile.sum())
    (8, 4)
    """

    name: str
    structure: Structure | Atoms = field(repr=False)
    mobile_ion: str
    temperature_K: float = field(kw_only=True)
    seed: int = field(kw_only=True)
    time_step_fs: float = field(default=1.0, kw_only=True)
    ensemble: Ensemble | None = field(default=None, kw_only=True)
    velocities_A_fs: ArrayLike | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError(
                f"a replica is named {self.name!r}; its name is that of a folder: use letters, "
                "digits and . _ + = -, at most 100"
            )
        for name, unit in (("temperature_K", "K"), ("time_step_fs", "fs")):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(
                    f"replica {self.name}: {name} is {value} {unit}; it must be above zero"
                )
        if isinstance(self.seed, bool) or not 0 <= self.seed <= _MAX_SEED:
            raise InputError(
                f"replica {self.name}: seed is {self.seed}; give a whole number from 0 to 2^63-1"
            )
        self._check_structure()

    def _check_structure(self) -> None:
        if self.n_atoms < 2:
            raise InputError(
                f"replica {self.name} has {self.n_atoms} atom(s); relative motion needs at least "
                "2: give a larger cell"
            )
        if not self.is_mobile.any():
            raise InputError(
                f"replica {self.name} holds no {self.mobile_ion!r}; it holds "
                f"{', '.join(sorted(set(self.species)))}: give one of these as mobile_ion"
            )
        volume = abs(float(np.linalg.det(self.cell_A)))
        if not (np.isfinite(self.positions_A).all() and np.isfinite(volume) and volume > 0):
            raise InputError(
                f"replica {self.name}: positions or cell are not finite, or the cell has no volume "
                f"({volume:g} Å³); give a periodic structure"
            )
        given = self.velocities_A_fs
        if given is not None:
            shape = np.shape(given)
            if shape != (self.n_atoms, 3) or not np.isfinite(np.asarray(given, float)).all():
                raise InputError(
                    f"replica {self.name}: velocities_A_fs of shape {shape} do not fit; give "
                    f"({self.n_atoms}, 3) finite numbers in Å/fs"
                )

    @cached_property
    def species(self) -> tuple[str, ...]:
        """(n_atoms,), element symbols."""
        source: Any = self.structure
        if not hasattr(source, "cart_coords"):
            return tuple(source.get_chemical_symbols())
        if not source.is_ordered:
            raise InputError(
                f"replica {self.name} ({source.composition.reduced_formula}) has partly occupied "
                "sites; order it first, with perolyte.structures"
            )
        return tuple(str(getattr(site.specie, "symbol", site.specie)) for site in source)

    @cached_property
    def masses_amu(self) -> FloatArray:
        """(n_atoms,), atomic mass units, of the natural isotopes."""
        from pymatgen.core import Element

        mass = {symbol: float(Element(symbol).atomic_mass) for symbol in set(self.species)}
        return np.array([mass[symbol] for symbol in self.species])

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """(n_atoms,), atomic numbers."""
        from pymatgen.core import Element

        number = {symbol: Element(symbol).Z for symbol in set(self.species)}
        return np.array([number[symbol] for symbol in self.species], dtype=np.int64)

    @cached_property
    def positions_A(self) -> FloatArray:
        """(n_atoms, 3), Å, at the start."""
        source: Any = self.structure
        values = source.cart_coords if hasattr(source, "cart_coords") else source.positions
        return np.array(values, dtype=np.float64)

    @cached_property
    def cell_A(self) -> FloatArray:
        """(3, 3), Å, rows are the lattice vectors."""
        source: Any = self.structure
        is_pymatgen = hasattr(source, "lattice")
        return np.array(source.lattice.matrix if is_pymatgen else source.cell.array, dtype=float)

    @cached_property
    def is_mobile(self) -> NDArray[np.bool_]:
        """(n_atoms,), bool."""
        return np.array([symbol == self.mobile_ion for symbol in self.species])

    @property
    def n_atoms(self) -> int:
        """Atoms."""
        return len(self.species)

    def fingerprint(self) -> str:
        """Return the SHA-256 of species, positions, cell and first velocities."""
        digest = hashlib.sha256(" ".join(self.species).encode())
        digest.update(self.positions_A.tobytes() + self.cell_A.tobytes())
        if self.velocities_A_fs is not None:
            digest.update(np.ascontiguousarray(self.velocities_A_fs, dtype=np.float64).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class ReplicaOutcome:
    """How the run of one replica ended.

    Attributes
    ----------
    name
        Of the replica.
    folder
        With its frames and checkpoints; :func:`perolyte.trajectories.open_trajectory` opens it.
    status
        ``finished``; ``unfinished`` where the wall time was up and the same call goes on;
        ``exploded``, ``melted`` or ``left_domain`` where a guard stopped it.
    reason
        Why it was stopped, with numbers; empty where it was not.
    n_steps, n_frames
        Steps done, and frames on disk.
    warnings
        What was repaired on the way.
    """

    name: str
    folder: Path
    status: Status
    reason: str
    n_steps: int
    n_frames: int
    warnings: tuple[str, ...] = ()
