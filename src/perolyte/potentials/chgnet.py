"""CHGNet as an ASE calculator, on the engine that also evaluates batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from perolyte.errors import PotentialError
from perolyte.potentials.batch import SystemBatch
from perolyte.potentials.chgnet_engine import ChgnetEngine
from perolyte.potentials.heartbeat import Heartbeat
from perolyte.potentials.loading import load_chgnet_weights
from perolyte.potentials.registry import hash_checkpoint

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["ChgnetCalculator"]


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
    magmoms
        Whether magnetic moments are among the results.
    checkpoint
        Path of a fine-tuned checkpoint, used instead of the pretrained weights.
    checkpoint_sha256
        What it must have; another file is refused.
    dtype
        Of the network's arithmetic, ``"float32"`` or ``"float64"``.

    Notes
    -----
    ``energy`` and ``free_energy`` in eV, ``forces`` (n_atoms, 3) in eV/Å, ``stress`` (6,) in
    eV/Å³, Voigt order xx, yy, zz, yz, xz, xy, positive under tension as in ASE, ``magmoms``
    (n_atoms,) in Bohr magnetons.

    One evaluation gives all of them, whatever ASE asks for first: stress and moments cost next to
    nothing, while ASE's and atomate2's observers ask for the stress of every stored frame after
    its forces, which would be a second evaluation.

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
        self,
        *,
        version: str = "0.3.0",
        device: str | None = None,
        stress: bool = True,
        magmoms: bool = False,
        checkpoint: str | None = None,
        checkpoint_sha256: str | None = None,
        dtype: str = "float32",
    ) -> None:
        super().__init__()
        self.version = version
        self.heartbeat = Heartbeat()
        # ASE's and atomate2's observers read this list to know what to ask for.
        self.implemented_properties = [
            *("energy", "free_energy", "forces"),
            *(["stress"] if stress else []),
            *(["magmoms"] if magmoms else []),
        ]
        if checkpoint is not None and checkpoint_sha256 is not None:
            hash_checkpoint(checkpoint, checkpoint_sha256)
        weights, origin = load_chgnet_weights(checkpoint or f"chgnet-{version}")
        self.engine = ChgnetEngine(weights, origin=origin, device=device, dtype=dtype)
        self.device = str(self.engine.device)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Evaluate the potential; see the class for units.

        Raises
        ------
        PotentialError
            For an unknown element, overlapping or lonely atoms, a cell without three lattice
            vectors, or numbers that are not finite.
        """
        super().calculate(atoms, properties or ["energy"], system_changes)
        if self.atoms is None or len(self.atoms) == 0:
            raise PotentialError("the calculator was given no atoms; attach it to an Atoms object")
        batch, positions_A = SystemBatch.from_structures([self.atoms], self.engine.device)
        found = self.engine.evaluate(
            batch,
            positions_A,
            stress="stress" in self.implemented_properties,
            magmoms="magmoms" in self.implemented_properties,
        )
        energy = float(found.energies_eV[0])
        results: dict[str, Any] = {
            "energy": energy,
            "free_energy": energy,
            "forces": found.forces_eV_A.cpu().numpy(),
        }
        if found.stresses_eV_A3 is not None:
            tensor = found.stresses_eV_A3[0].cpu().numpy()
            results["stress"] = full_3x3_to_voigt_6_stress(tensor)
        if found.magmoms_muB is not None:
            results["magmoms"] = found.magmoms_muB.to("cpu", torch.float64).numpy()
        self.results = results
        self.heartbeat.tick()
