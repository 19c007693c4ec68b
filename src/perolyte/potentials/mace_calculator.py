"""MACE models by their own package, an optional extra, behind the contract of all potentials."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from perolyte.errors import PotentialError
from perolyte.potentials.registry import hash_checkpoint

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

__all__ = ["load_mace"]


def load_mace(
    checkpoint: str | Path,
    *,
    checkpoint_sha256: str | None = None,
    device: str | None = None,
    dtype: str = "float64",
) -> Calculator:
    """Load a MACE model, as ``mace_run_train`` writes it, as an ASE calculator.

    The potential ``mace`` of a campaign or maker is this function, with these arguments as
    ``kwargs``. A MACE file is a pickled module, which can run code: load only files that you trust.

    Parameters
    ----------
    checkpoint
        A ``.model`` file.
    checkpoint_sha256
        What it must have; None to take any.
    device
        "cpu", "cuda" or None for CUDA where there is one.
    dtype
        "float32" or "float64".

    Raises
    ------
    PotentialError
        If mace-torch is not installed, the file is missing, another or no MACE model, or the device
        or type is not there.
    """
    from perolyte.potentials.devices import choose_device, choose_dtype

    if importlib.util.find_spec("mace") is None:
        raise PotentialError("mace-torch is not installed; run pip install 'perolyte[mace]'")
    path = Path(checkpoint).expanduser()
    hash_checkpoint(path, checkpoint_sha256)
    chosen, kind = choose_device(device), str(choose_dtype(dtype)).removeprefix("torch.")
    with warnings.catch_warnings():  # of TorchScript, about the package's own classes
        warnings.simplefilter("ignore")
        from mace.calculators import MACECalculator

        try:
            return MACECalculator(model_paths=str(path), device=chosen, default_dtype=kind)
        # whatever a pickled file raises that is not a model of this package
        except Exception as err:
            reason = " ".join(str(err).split())[:200]
            raise PotentialError(
                f"{path} is not a MACE model of this mace-torch ({type(err).__name__}: {reason}); "
                "give a .model file that mace_run_train wrote"
            ) from err
