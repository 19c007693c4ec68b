"""CHGNet as an ASE calculator, for inference only.

The weights and the network are those of the ``chgnet`` package (Deng et al., Nat. Mach. Intell. 5
(2023) 1031, doi 10.1038/s42256-023-00716-3). The package's own calculator keeps the graph of second
derivatives that training needs and differentiates twice when stresses are asked for; here the
parameters are frozen and energy is differentiated once, with respect to positions and strain
together. Energies are equal, forces and stresses agree within float32 noise (see
``tests/physics/test_chgnet.py``).

Energies are those of CHGNet's training labels, which already contain the MP2020 corrections: do
not correct them again.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress
from pymatgen.io.ase import AseAtomsAdaptor

from perolyte.errors import PotentialError
from perolyte.potentials.heartbeat import Heartbeat
from perolyte.settings import torch_threads

if TYPE_CHECKING:
    from ase import Atoms
    from chgnet.model import CHGNet
    from pymatgen.core import Structure

__all__ = ["ChgnetCalculator", "choose_device", "load_chgnet"]

MAX_ATOMIC_NUMBER = 94
"""CHGNet has an embedding for H to Pu."""


def choose_device(device: str | None = None) -> str:
    """Return the torch device to use: the one asked for, or CUDA where there is one.

    Raises
    ------
    PotentialError
        If the name is not that of a device, or a CUDA device is asked for and there is none.
    """
    import torch

    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(device).type
    except RuntimeError as err:
        raise PotentialError(
            f"device {device!r} is unknown to torch; use 'cpu', or 'cuda' on a machine with a GPU"
        ) from err
    if kind == "cuda" and not torch.cuda.is_available():
        raise PotentialError(
            f"device {device!r} asked for, but torch {torch.__version__} sees no GPU here; "
            "use 'cpu', or install a CUDA build of torch on a machine with a GPU"
        )
    return device


@lru_cache(maxsize=2)
def load_chgnet(version: str = "0.3.0", device: str = "cpu") -> CHGNet:
    """Load pretrained CHGNet with frozen parameters, once per process.

    Parameters
    ----------
    version
        Version of the weights that the ``chgnet`` wheel carries, for example ``"0.3.0"``.
    device
        A torch device.

    Raises
    ------
    PotentialError
        If the version is not in the installed wheel.
    """
    import torch
    from chgnet.model import CHGNet

    torch.set_num_threads(torch_threads())
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            model = CHGNet.load(model_name=version, use_device=device, verbose=False)
    except (ValueError, FileNotFoundError, KeyError) as err:
        raise PotentialError(
            f"CHGNet weights {version!r} are not in the installed chgnet wheel ({err}); use '0.3.0'"
        ) from err
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad = False
    # An atom without neighbours within 6 Å means a broken structure: CHGNet would only warn.
    model.graph_converter.set_isolated_atom_response("error")
    return model


class ChgnetCalculator(Calculator):
    """ASE calculator: CHGNet energy, forces and, unless switched off, stress.

    Parameters
    ----------
    version
        Version of the pretrained weights.
    device
        ``"cpu"``, ``"cuda"`` or None for CUDA where there is one.
    stress
        Whether stress is among the results. MD at constant volume does not need it.

    Notes
    -----
    ``energy`` and ``free_energy`` in eV, ``forces`` (n_atoms, 3) in eV/Å, ``stress`` (6,) in
    eV/Å³, Voigt order xx, yy, zz, yz, xz, xy, positive under tension as in ASE.

    Examples
    --------
    >>> from ase.build import bulk
    >>> atoms = bulk("MgO", "rocksalt", a=4.2)
    >>> atoms.calc = ChgnetCalculator(device="cpu")
    >>> bool(-13.0 < atoms.get_potential_energy() < -11.0)
    True
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012 (ASE's)

    def __init__(
        self, *, version: str = "0.3.0", device: str | None = None, stress: bool = True
    ) -> None:
        super().__init__()
        self.version = version
        self.device = choose_device(device)
        self.heartbeat = Heartbeat()
        if not stress:
            # ASE's and atomate2's observers read this list to know what to ask for.
            self.implemented_properties = ["energy", "free_energy", "forces"]
        self.model = load_chgnet(version, self.device)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Evaluate the potential; see the class for units."""
        super().calculate(atoms, properties or ["energy"], system_changes)
        if self.atoms is None:
            raise PotentialError("the calculator was given no atoms; attach it to an Atoms object")
        heaviest = int(self.atoms.numbers.max())
        if heaviest > MAX_ATOMIC_NUMBER:
            raise PotentialError(
                f"atomic number {heaviest} is unknown to CHGNet, which covers 1 to "
                f"{MAX_ATOMIC_NUMBER}; use another potential for this structure"
            )
        if self.atoms.cell.rank < 3 or not np.isfinite(self.atoms.positions).all():
            raise PotentialError(
                "CHGNet needs a cell with three lattice vectors and finite positions (Å); these "
                f"{len(self.atoms)} atoms have cell lengths {self.atoms.cell.lengths().tolist()}: "
                "check where the structure comes from"
            )
        structure = AseAtomsAdaptor.get_structure(self.atoms)
        self.results = self._evaluate(structure, stress="stress" in self.implemented_properties)
        self.heartbeat.tick()

    def _evaluate(self, structure: Structure, *, stress: bool) -> dict[str, Any]:
        import torch
        from chgnet.model.model import BatchedGraph

        try:
            graph = self.model.graph_converter(structure).to(self.device)
        except ValueError as err:
            raise PotentialError(
                f"an atom of {structure.composition.reduced_formula} has no neighbour within "
                f"{self.model.graph_converter.atom_graph_cutoff:g} Å, which CHGNet cannot "
                "describe; check the structure, or the time step if this happened during MD"
            ) from err
        with warnings.catch_warnings():
            # CHGNet reads the cell volume off a tensor that carries a gradient; only the value
            # is wanted here, which is just what torch warns about.
            warnings.filterwarnings("ignore", message="Converting a tensor with requires_grad")
            batch = BatchedGraph.from_graphs(
                [graph],
                bond_basis_expansion=self.model.bond_basis_expansion,
                angle_basis_expansion=self.model.angle_basis_expansion,
                compute_stress=stress,
            )
        n_atoms = len(structure)
        intensive = self.model._compute(batch)["e"]
        inputs = [batch.atom_positions[0], *([batch.strains[0]] if stress else [])]
        gradients = torch.autograd.grad(intensive.sum() * n_atoms, inputs)
        forces = -gradients[0].cpu().numpy().astype(float)
        reference = self.model.composition_model([graph])
        energy = n_atoms * float((intensive.detach() + reference).cpu()[0])
        if not np.isfinite(energy) or not np.isfinite(forces).all():
            raise PotentialError(
                "CHGNet returned a non-finite energy or force: atoms overlap or the structure has "
                "exploded; check distances and the time step"
            )
        results: dict[str, Any] = {"energy": energy, "free_energy": energy, "forces": forces}
        if stress:
            volume = float(batch.volumes[0])
            tensor = gradients[1].cpu().numpy().astype(float) / volume
            results["stress"] = full_3x3_to_voigt_6_stress(tensor)
        return results
