"""Weights of CHGNet as flat frozen tensors, read from the state of the chgnet package's module.

Every matrix is stored transposed, (inputs, outputs), so that a layer is ``rows @ matrix + bias``.
Core and gate of a gated layer stand side by side: outputs 0 to width - 1 are the core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from perolyte.errors import PotentialError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["GatedWeights", "NetworkWeights", "NormWeights", "UpdateWeights", "read_weights"]

_Weights = TypeVar("_Weights")

_DEFAULTS: dict[str, Any] = {
    "update_bond": True,
    "update_angle": True,
    "mlp_first": True,
    "non_linearity": "silu",
    "conv_norm": None,
    "gMLP_norm": "layer",
    "readout_norm": "layer",
    "final_mlp": "MLP",
}
"""Settings of the network that decide its form, and their values where a checkpoint has none."""

_ALLOWED: dict[str, tuple[Any, ...]] = {
    "update_bond": (True,),
    "update_angle": (True,),
    "mlp_first": (True,),
    "non_linearity": ("silu",),
    "conv_norm": (None,),
    "gMLP_norm": ("layer", None),
    "readout_norm": ("layer", None),
    "final_mlp": ("MLP", "normal"),
}


@dataclass(frozen=True, eq=False)
class NormWeights:
    """Scale and offset of a layer normalisation, each (width,)."""

    scale: Tensor
    offset: Tensor


@dataclass(frozen=True, eq=False)
class GatedWeights:
    """A gated layer: silu(norm(core)) * sigmoid(norm(gate)).

    Parameters
    ----------
    inputs
        The first linear layer cut by what it is applied to, each (width, 2 * width).
    bias
        (2 * width,) bias of the first linear layer.
    hidden_core, hidden_gate
        (width, width) second linear layers, after a silu; None where there is no second layer.
    hidden_bias
        (2 * width,) bias of the second linear layers.
    norm_core, norm_gate
        Layer normalisations; None where the network has none.
    """

    inputs: tuple[Tensor, ...]
    bias: Tensor
    hidden_core: Tensor | None
    hidden_gate: Tensor | None
    hidden_bias: Tensor | None
    norm_core: NormWeights | None
    norm_gate: NormWeights | None


@dataclass(frozen=True, eq=False)
class UpdateWeights:
    """Messages of a gated layer, summed and mapped by (width, width) ``out`` with its bias."""

    message: GatedWeights
    out: Tensor
    out_bias: Tensor | None


@dataclass(frozen=True, eq=False)
class NetworkWeights:
    """All weights of one CHGNet, on one device and in one type; nothing requires a gradient.

    Parameters
    ----------
    cutoff_A, bond_cutoff_A
        Longest edge, and longest edge that takes part in angles, Å.
    envelope_power
        Power p of the polynomial that ends the radial basis smoothly.
    references_eV
        (n_elements,) energy of each element, added per atom, eV.
    embedding
        (n_elements, width).
    radial_frequencies, bond_radial_frequencies, angular_frequencies
        Frequencies of the three bases.
    bond_embedding, edge_weights, bond_weights
        (n_radial, width): features of edges, weights of their messages, weights of bonds' messages.
    angle_embedding
        (n_angular, width).
    atom_updates, bond_updates, angle_updates
        One more atom update than bond updates, one angle update less. Inputs of an atom update are
        centre, edge, neighbour; those of the other two first bond, second bond, angle, centre.
    readout_norm, readout
        Normalisation of atom features, and the (matrix, bias) of the layers after it.
    site_matrix, site_bias
        Magnetic moment from the atom features before the last atom update.
    """

    cutoff_A: float
    bond_cutoff_A: float
    envelope_power: float
    references_eV: Tensor
    embedding: Tensor
    radial_frequencies: Tensor
    bond_radial_frequencies: Tensor
    angular_frequencies: Tensor
    bond_embedding: Tensor
    edge_weights: Tensor
    bond_weights: Tensor
    angle_embedding: Tensor
    atom_updates: tuple[UpdateWeights, ...]
    bond_updates: tuple[UpdateWeights, ...]
    angle_updates: tuple[GatedWeights, ...]
    readout_norm: NormWeights | None
    readout: tuple[tuple[Tensor, Tensor], ...]
    site_matrix: Tensor
    site_bias: Tensor

    @property
    def n_elements(self) -> int:
        """Number of elements known, counted from hydrogen."""
        return int(self.embedding.shape[0])

    @property
    def width(self) -> int:
        """Length of the feature vectors of atoms, bonds and angles."""
        return int(self.embedding.shape[1])

    def to(self, device: torch.device | str, dtype: torch.dtype) -> NetworkWeights:
        """Return the weights on another device and in another type."""
        return _convert(self, torch.device(device), dtype)


def _convert(value: _Weights, device: torch.device, dtype: torch.dtype) -> _Weights:
    converted: Any = value
    if isinstance(value, torch.Tensor):
        converted = value.to(device=device, dtype=dtype).contiguous()
    elif isinstance(value, tuple):
        converted = tuple(_convert(item, device, dtype) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        parts = {
            entry.name: _convert(getattr(value, entry.name), device, dtype)
            for entry in fields(value)
        }
        converted = type(value)(**parts)
    return converted


def read_weights(state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> NetworkWeights:
    """Read the weights from a CHGNet's ``state_dict`` and the arguments it was made with.

    Parameters
    ----------
    state
        Tensors by the names that the chgnet package gives them.
    settings
        ``model_args`` of the same module.

    Returns
    -------
    NetworkWeights
        On the CPU, in the type they are stored in.

    Raises
    ------
    PotentialError
        If the network is of a form that this module does not compute, or a tensor is missing or
        has another shape.
    """
    for name, allowed in _ALLOWED.items():
        value = settings.get(name, _DEFAULTS[name])
        if value not in allowed:
            raise PotentialError(
                f"a CHGNet with {name}={value!r} is of a form that perolyte does not compute "
                f"(only {' or '.join(map(repr, allowed))}); use its own calculator"
            )
    try:
        return _StateReader(state, settings).read()
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as err:
        reason = " ".join(str(err).split())
        raise PotentialError(
            f"the weights of this CHGNet are incomplete or of another form ({reason}); save it "
            "again with the chgnet package"
        ) from err


class _StateReader:
    """Takes tensors out of a module's state by name."""

    def __init__(self, state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> None:
        self.state = {name: tensor.detach().cpu() for name, tensor in state.items()}
        self.settings = settings
        self.width = int(self.state["atom_embedding.embedding.weight"].shape[1])

    def read(self) -> NetworkWeights:
        state, n_updates = self.state, int(self.settings.get("n_conv", 4))
        basis = "bond_basis_expansion.rbf_expansion_"
        return NetworkWeights(
            cutoff_A=float(self.settings.get("atom_graph_cutoff", 6)),
            bond_cutoff_A=float(self.settings.get("bond_graph_cutoff", 3)),
            envelope_power=float(self.settings.get("cutoff_coeff", 8)),
            references_eV=self._references(),
            embedding=state["atom_embedding.embedding.weight"],
            radial_frequencies=state[f"{basis}ag.frequencies"],
            bond_radial_frequencies=state[f"{basis}bg.frequencies"],
            angular_frequencies=state["angle_basis_expansion.fourier_expansion.frequencies"],
            bond_embedding=self._matrix("bond_embedding"),
            edge_weights=self._matrix("bond_weights_ag"),
            bond_weights=self._matrix("bond_weights_bg"),
            angle_embedding=self._matrix("angle_embedding"),
            atom_updates=tuple(
                self._update(f"atom_conv_layers.{n}", "twoBody_atom", 3) for n in range(n_updates)
            ),
            bond_updates=tuple(
                self._update(f"bond_conv_layers.{n}", "twoBody_bond", 4)
                for n in range(n_updates - 1)
            ),
            angle_updates=tuple(
                self._gated(f"angle_layers.{n}.twoBody_bond", 4) for n in range(n_updates - 2)
            ),
            readout_norm=self._norm("readout_norm"),
            readout=tuple((self._matrix(name), state[f"{name}.bias"]) for name in self._mlp("mlp")),
            site_matrix=self._matrix("site_wise"),
            site_bias=state["site_wise.bias"],
        )

    def _references(self) -> Tensor:
        if self.settings.get("composition_model", "MPtrj") is None:
            return torch.zeros(len(self.state["atom_embedding.embedding.weight"]))
        return self.state["composition_model.fc.weight"].reshape(-1)

    def _matrix(self, name: str) -> Tensor:
        return self.state[f"{name}.weight"].T.contiguous()

    def _mlp(self, name: str) -> list[str]:
        """Return the names of the linear layers of a perceptron, first to last."""
        start = f"{name}.layers."
        found = {key[len(start) :].split(".")[0] for key in self.state if key.startswith(start)}
        return [f"{start}{index}" for index in sorted(found, key=int)]

    def _norm(self, name: str) -> NormWeights | None:
        if f"{name}.weight" not in self.state:
            return None
        return NormWeights(self.state[f"{name}.weight"], self.state[f"{name}.bias"])

    def _gated(self, name: str, n_inputs: int) -> GatedWeights:
        core, gate = self._mlp(f"{name}.mlp_core"), self._mlp(f"{name}.mlp_gate")
        if len(core) not in (1, 2) or len(core) != len(gate):
            raise ValueError(f"{name} has {len(core)} and {len(gate)} layers; 1 or 2 are possible")
        first = torch.cat([self._matrix(core[0]), self._matrix(gate[0])], dim=1)
        if first.shape != (n_inputs * self.width, 2 * self.width):
            raise ValueError(f"{name} maps {tuple(first.shape)} with features of {self.width}")
        two = len(core) == 2
        return GatedWeights(
            inputs=tuple(part.contiguous() for part in first.split(self.width)),
            bias=self._biases(core[0], gate[0]),
            hidden_core=self._matrix(core[1]) if two else None,
            hidden_gate=self._matrix(gate[1]) if two else None,
            hidden_bias=self._biases(core[1], gate[1]) if two else None,
            norm_core=self._norm(f"{name}.bn1"),
            norm_gate=self._norm(f"{name}.bn2"),
        )

    def _biases(self, core: str, gate: str) -> Tensor:
        return torch.cat([self.state[f"{core}.bias"], self.state[f"{gate}.bias"]])

    def _update(self, name: str, message: str, n_inputs: int) -> UpdateWeights:
        (out,) = self._mlp(f"{name}.mlp_out")
        return UpdateWeights(
            message=self._gated(f"{name}.{message}", n_inputs),
            out=self._matrix(out),
            out_bias=self.state.get(f"{out}.bias"),
        )
