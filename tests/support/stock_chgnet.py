"""The chgnet package's own module, evaluated in float64.

The package computes everything in float32, geometry included. There a straight angle, whose cosine
is held at 1e-6 from -1, is off by some percent of its distance from 180 degrees, and the energy of
an undistorted rocksalt by 5e-6 eV per atom. In float64 the same module is a reference.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from pymatgen.io.ase import AseAtomsAdaptor

__all__ = ["StockChgnet"]

_EV_A3_TO_GPA_OF_THE_PACKAGE = 160.21766208


class StockChgnet:
    """Predicts with the package's pretrained weights; units of ASE."""

    def __init__(self) -> None:
        from chgnet.model import CHGNet

        with contextlib.redirect_stdout(io.StringIO()):
            self.model = CHGNet.load(use_device="cpu", verbose=False).double()

    def predict(self, atoms: Atoms) -> dict[str, Any]:
        """Return energy_eV_atom, forces_eV_A, stress_eV_A3 (3, 3) and magmoms_muB."""
        from chgnet.graph import converter
        from chgnet.model import model as module

        with pytest.MonkeyPatch.context() as patch:
            for place in (converter, module):
                patch.setattr(place, "TORCH_DTYPE", torch.float64)
            patch.setattr(self.model.composition_model, "_assemble_graphs", _count_elements)
            before = torch.get_default_dtype()
            torch.set_default_dtype(torch.float64)
            try:
                graph = self.model.graph_converter(AseAtomsAdaptor.get_structure(atoms))
                found = self.model.predict_graph(graph, task="efsm")
            finally:
                torch.set_default_dtype(before)
        # the package divides by a signed volume
        handedness = np.sign(np.linalg.det(atoms.cell.array))
        return {
            "energy_eV_atom": float(found["e"]),
            "forces_eV_A": found["f"],
            "stress_eV_A3": handedness * found["s"] / _EV_A3_TO_GPA_OF_THE_PACKAGE,
            "magmoms_muB": found["m"],
        }


def _count_elements(graphs: list[Any]) -> torch.Tensor:
    """Share of each element, as the package counts it, in float64."""
    counts = [torch.bincount(graph.atomic_number - 1, minlength=94).double() for graph in graphs]
    return torch.stack([count / count.sum() for count in counts])
