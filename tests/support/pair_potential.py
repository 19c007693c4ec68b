"""A pair potential in torch for many systems at once: cheap, exact, and with known limits."""

from __future__ import annotations

import hashlib

import torch
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from perolyte.errors import PotentialError
from perolyte.potentials.batch import Evaluation, SystemBatch


class PairPotential:
    """Lennard-Jones with energy and force that end at the cutoff, or springs to the start.

    Every pair and its nearest images within the cutoff are summed, system by system, so that a
    system's numbers cannot depend on who is beside it.
    """

    dtype = torch.float64

    def __init__(self, *, epsilon_eV=0.2, sigma_A=2.3, cutoff_A=3.6, device="cpu"):
        torch.set_num_threads(1)  # more are slower for systems this small
        self.device = torch.device(device)
        self.epsilon, self.sigma, self.cutoff = epsilon_eV, sigma_A, cutoff_A
        self.n_evaluations = self.n_forgotten = 0
        self._shifts = {}

    def describe(self):
        numbers = f"{self.epsilon} {self.sigma} {self.cutoff}"
        return {
            "name": "pair potential",
            "version": "1",
            "weights_sha256": hashlib.sha256(numbers.encode()).hexdigest(),
            "dtype": "float64",
            "device": str(self.device),
            "path": "eager",
        }

    def forget_neighbours(self):
        self.n_forgotten += 1

    def check_elements(self, numbers):
        for number in numbers:
            if number > 92:
                raise PotentialError(f"element {number} is not known")

    def evaluate(self, batch, positions_A, *, stress=False, magmoms=False):
        self.n_evaluations += 1
        if not torch.isfinite(positions_A).all():
            raise PotentialError("positions are not finite: the run broke")
        sizes = batch.counts.tolist()
        systems = zip(
            positions_A.split(sizes), batch.cells_A, batch.numbers.split(sizes), strict=True
        )
        parts = [self._evaluate_one(*system) for system in systems]
        return Evaluation(
            energies_eV=torch.stack([part[0] for part in parts]),
            forces_eV_A=torch.cat([part[1] for part in parts]),
            stresses_eV_A3=torch.stack([part[2] for part in parts]) if stress else None,
            magmoms_muB=positions_A.new_zeros(len(positions_A)) if magmoms else None,
        )

    def _evaluate_one(self, positions, cell, numbers):
        scaled = positions @ torch.linalg.inv(cell)
        apart = scaled[:, None] - scaled[None]
        apart = apart - apart.round()
        vectors = apart[None] @ cell + self._list_shifts(cell)[:, None, None]
        squares = vectors.square().sum(dim=3)
        is_near = (squares < self.cutoff**2) & (squares > 1e-12) & self._bind(numbers)
        squares = torch.where(is_near, squares, self.cutoff**2)
        distances = squares.sqrt()
        sixth = (self.sigma**2 / squares) ** 3
        end = (self.sigma / self.cutoff) ** 6
        slope_end = -24 * self.epsilon * (2 * end**2 - end) / self.cutoff
        energies = 4 * self.epsilon * (sixth**2 - sixth - end**2 + end)
        energies = energies - (distances - self.cutoff) * slope_end
        slopes = -24 * self.epsilon * (2 * sixth**2 - sixth) / distances - slope_end
        pulls = torch.where(is_near, slopes / distances, 0.0)[..., None] * vectors
        energy = 0.5 * torch.where(is_near, energies, 0.0).sum()
        virial = 0.5 * torch.einsum("sija,sijb->ab", pulls, vectors)
        return energy, -pulls.sum(dim=(0, 2)), virial / torch.linalg.det(cell).abs()

    def _bind(self, numbers):
        """Which pairs see each other: all."""
        return torch.ones((len(numbers), len(numbers)), dtype=torch.bool, device=numbers.device)

    def _list_shifts(self, cell):
        key = tuple(cell.flatten().tolist())
        if key not in self._shifts:
            volume = torch.linalg.det(cell).abs()
            faces = torch.stack([torch.linalg.cross(cell[i - 2], cell[i - 1]) for i in range(3)])
            widths = volume / faces.norm(dim=1)
            n = [int(x) for x in torch.ceil(self.cutoff / widths - 0.5).clamp(min=0).tolist()]
            grid = torch.cartesian_prod(*(torch.arange(-k, k + 1.0) for k in n)).to(cell)
            if len(self._shifts) > 50:
                self._shifts.clear()
            self._shifts[key] = grid @ cell
        return self._shifts[key]


class GhostPotential(PairPotential):
    """Lithium feels nothing and is felt by nothing; all other atoms make a crystal."""

    def _bind(self, numbers):
        is_bound = numbers != 3
        return is_bound[:, None] & is_bound[None]


class SpringPotential(PairPotential):
    """Every atom on a spring to a site of its own."""

    def __init__(self, sites_A, *, stiffness_eV_A2=2.0):
        super().__init__()
        self._sites, self._stiffness = torch.as_tensor(sites_A), stiffness_eV_A2

    def _evaluate_one(self, positions, cell, numbers):
        moved = positions - self._sites[: len(positions)]
        energy = 0.5 * self._stiffness * moved.square().sum()
        return energy, -self._stiffness * moved, torch.zeros(3, 3, dtype=torch.float64)


class PairCalculator(Calculator):
    """The same for ASE, one system at a time."""

    implemented_properties = ("energy", "forces", "stress")

    def __init__(self, potential):
        super().__init__()
        self._potential = potential

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        found = self._potential.evaluate(*SystemBatch.from_structures([atoms]), stress=True)
        self.results = {
            "energy": float(found.energies_eV[0]),
            "forces": found.forces_eV_A.numpy(),
            "stress": full_3x3_to_voigt_6_stress(found.stresses_eV_A3[0].numpy()),
        }
