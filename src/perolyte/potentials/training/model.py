"""chgnet's own module: built from a start, frozen in part, moved, written as a checkpoint."""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from perolyte.errors import PotentialError
from perolyte.files import replace_file
from perolyte.potentials.chgnet_engine import ChgnetEngine
from perolyte.potentials.chgnet_network import read_weights
from perolyte.potentials.loading import load_chgnet_state

if TYPE_CHECKING:
    from chgnet.model import CHGNet

__all__ = ["build_engine", "build_model", "set_frozen", "shift_references", "write_checkpoint"]

_TRAINED_WHEN_FROZEN = ("readout_norm.", "mlp.", "site_wise.")


def build_model(start: str | Path | None, *, seed: int) -> tuple[CHGNet, dict[str, str]]:
    """Return a CHGNet on the CPU, and where its weights come from.

    Parameters
    ----------
    start
        As :func:`~perolyte.potentials.load_potential` takes it; None for random weights in the form
        of the pretrained network, with its reference energies.
    seed
        Of random weights.

    Raises
    ------
    PotentialError
        As ``load_potential``.
    """
    with warnings.catch_warnings():  # the import switches all warnings off
        from chgnet.model import CHGNet

    state, origin = load_chgnet_state("chgnet" if start is None else start)
    weights = state["state_dict"]
    options = dict(state["model_args"])
    # older networks have this bias, and their checkpoints do not say so
    options["mlp_out_bias"] = any(
        name.startswith("atom_conv_layers.0.mlp_out") and name.endswith("bias") for name in weights
    )
    with torch.random.fork_rng(devices=[]), contextlib.redirect_stdout(io.StringIO()):
        torch.manual_seed(seed)
        model = CHGNet(**options)
    if start is None:
        return model, {"name": "CHGNet", "version": "random weights", "weights_sha256": ""}
    model.load_state_dict(weights)
    return model, origin


def set_frozen(model: CHGNet, *, frozen: bool) -> None:
    """Choose what is trained: everything, or the last update of the atoms and the readout."""
    for parameter in model.parameters():
        parameter.requires_grad = not frozen
    last = f"atom_conv_layers.{model.n_conv - 1}."
    for name, parameter in model.named_parameters():
        parameter.requires_grad |= name.startswith((last, *_TRAINED_WHEN_FROZEN))
    if model.composition_model is not None:
        for parameter in model.composition_model.parameters():
            parameter.requires_grad = False


def shift_references(model: CHGNet, shifts_eV: dict[str, float]) -> None:
    """Add to the reference energies of elements, eV.

    Raises
    ------
    PotentialError
        For an element that the network does not know, or a network without references.
    """
    from ase.data import atomic_numbers

    if model.composition_model is None:
        raise PotentialError(
            "this CHGNet has no reference energies of elements to correct; start from 'chgnet'"
        )
    weight: Any = model.composition_model.get_parameter("fc.weight")
    for symbol, shift in shifts_eV.items():
        if atomic_numbers[symbol] > weight.shape[1]:
            raise PotentialError(
                f"{symbol} is unknown to CHGNet, which covers atomic numbers 1 to "
                f"{weight.shape[1]}; leave its frames out"
            )
        with torch.no_grad():
            weight[0, atomic_numbers[symbol] - 1] += shift


def build_engine(model: CHGNet, origin: dict[str, str], *, device: str) -> ChgnetEngine:
    """Return the engine that MD runs, with the weights that the module has now."""
    weights = read_weights(model.state_dict(), model.model_args)
    # compiling costs more than a few hundred evaluations give back
    compile_: Literal["auto", False] = "auto" if device == "cpu" else False
    return ChgnetEngine(weights, origin=origin, device=device, compile=compile_)


def write_checkpoint(path: Path, model: CHGNet, notes: dict[str, Any]) -> None:
    """Write what :func:`~perolyte.potentials.load_potential` reads, and plain notes beside it."""
    buffer = io.BytesIO()
    weights = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    state = {"model": {"state_dict": weights, "model_args": model.model_args}, "notes": notes}
    torch.save(state, buffer)
    replace_file(path, buffer.getvalue())
