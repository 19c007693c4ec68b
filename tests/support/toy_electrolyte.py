"""A cheap potential in which lithium really diffuses, for tests that need resolved transport.

Framework atoms are tethered to where they start (an Einstein crystal); lithium is pushed away by
every other atom with a soft Gaussian, so that it sits in the large cages of a perovskite and hops
through their windows. Energies per element make reaction energies well defined. One evaluation of
60 atoms takes a fraction of a millisecond.
"""

from __future__ import annotations

import time
from typing import ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from perolyte.potentials.heartbeat import Heartbeat

SITE_ENERGY_EV = {"Li": -2.0, "La": -8.0, "Ti": -9.0, "O": -6.0, "Sr": -5.0, "Ba": -5.2, "Al": -7.0}


class ToyElectrolyte(Calculator):
    """See the module.

    Parameters
    ----------
    tether_eV_A2
        Spring constant of the framework.
    repulsion_eV, width_A
        Height and width of the Gaussian between lithium and anything else.
    delay_s
        Sleep in every evaluation, to make a job long enough to be killed.
    fail_beyond_A
        Raise when a framework atom is farther from its place: a hot job that fails in the middle.
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(
        self,
        *,
        tether_eV_A2: float = 6.0,
        repulsion_eV: float = 2.0,
        width_A: float = 0.8,
        delay_s: float = 0.0,
        fail_beyond_A: float | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.tether = tether_eV_A2
        self.height = repulsion_eV
        self.width = width_A
        self.delay_s = delay_s
        self.fail_beyond_A = fail_beyond_A
        self.anchors: np.ndarray | None = None
        self.heartbeat = Heartbeat()

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        time.sleep(self.delay_s)
        positions, cell = self.atoms.positions, np.array(self.atoms.cell)
        symbols = np.array(self.atoms.get_chemical_symbols())
        if self.anchors is None or len(self.anchors) != len(positions):
            self.anchors = np.linalg.solve(cell.T, positions.T).T  # scaled: follows the cell
        mobile = symbols == "Li"
        shift = positions - self.anchors @ cell
        shift[mobile] = 0.0
        if self.fail_beyond_A is not None and np.abs(shift).max() > self.fail_beyond_A:
            raise RuntimeError("the toy potential was asked to fail")
        energy = sum(SITE_ENERGY_EV.get(s, -4.0) for s in symbols)
        energy += 0.5 * self.tether * float((shift**2).sum())
        forces = -self.tether * shift
        inverse = np.linalg.inv(cell)
        for index in np.flatnonzero(mobile):
            delta = positions[index] - positions
            scaled = delta @ inverse
            delta = (scaled - np.round(scaled)) @ cell
            weight = self.height * np.exp(-((delta**2).sum(axis=1)) / (2 * self.width**2))
            weight[index] = 0.0
            push = delta * (weight / self.width**2)[:, np.newaxis]
            half = np.where(mobile, 0.5, 1.0)  # pairs of lithium are met twice
            energy += float((weight * half).sum())
            forces[index] += (push * half[:, np.newaxis]).sum(axis=0)
            forces -= push * half[:, np.newaxis]
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": forces,
            "stress": np.zeros(6),
        }
        self.heartbeat.tick()
