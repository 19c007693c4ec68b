"""From a name in a campaign to a potential of the batched engine."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from perolyte.errors import InputError
from perolyte.potentials.registry import hash_checkpoint, resolve_potential

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

    from perolyte.potentials.batch import BatchPotential
    from perolyte.potentials.registry import PotentialSpec

__all__ = ["build_batch_potential", "build_calculator"]

_ENGINE_OPTIONS = frozenset({"device", "dtype", "compile", "skin_A"})
_ENGINE_ONLY = frozenset({"compile", "skin_A"})
_CALCULATOR_ONLY = frozenset({"stress", "magmoms"})
"""What the engine is asked at each call instead."""


def build_batch_potential(name: str, kwargs: dict[str, Any] | None = None) -> BatchPotential:
    """Return the potential behind a name, for :func:`run_md_batch`.

    Parameters
    ----------
    name
        "chgnet", the path of a fine-tuned checkpoint, or the import path of an ASE calculator.
    kwargs
        For CHGNet ``version``, ``checkpoint``, ``device``, ``dtype``, ``compile`` and ``skin_A``;
        for another calculator its own arguments.

    Raises
    ------
    InputError
        For a potential that is not known, or an option that it does not have.
    PotentialError
        Where it cannot be loaded.

    Examples
    --------
    >>> build_batch_potential("ase.calculators.emt.EMT").describe()["name"]
    'ase.calculators.emt.EMT'
    """
    given = dict(kwargs or {})
    engine = {key: given.pop(key) for key in _ENGINE_ONLY & set(given)}
    spec = resolve_potential(name, given)
    if spec.name != "chgnet":
        from perolyte.potentials.ase_adapter import AseBatchPotential

        _refuse_engine_options(name, engine)
        return AseBatchPotential(_call(spec), spec)
    from perolyte.potentials.loading import load_potential

    options = {**spec.kwargs, **engine}
    weights = f"chgnet-{options.get('version', '0.3.0')}"
    if options.get("checkpoint") is not None:
        weights = options["checkpoint"]
        hash_checkpoint(weights, options.get("checkpoint_sha256"))
    return load_potential(weights, **{key: options[key] for key in _ENGINE_OPTIONS & set(options)})


def build_calculator(name: str, kwargs: dict[str, Any] | None = None) -> Calculator:
    """Return the ASE calculator behind a name, with stresses where it has them.

    Parameters
    ----------
    name, kwargs
        As :func:`build_batch_potential`; what only the batched engine knows is left out.

    Raises
    ------
    InputError
        For a potential that is not known, or an option that it does not have.
    PotentialError
        Where it cannot be loaded.
    """
    given = dict(kwargs or {})
    engine = {key: given.pop(key) for key in _ENGINE_ONLY & set(given)}
    spec = resolve_potential(name, given)
    if spec.name == "chgnet":
        own = {key: spec.kwargs[key] for key in set(spec.kwargs) - _CALCULATOR_ONLY}
        return _call(replace(spec, kwargs=own))
    _refuse_engine_options(name, engine)
    return _call(spec)


def _refuse_engine_options(name: str, options: dict[str, Any]) -> None:
    if options:
        raise InputError(
            f"potential {name!r} has no option {min(options)!r}, which is CHGNet's; leave it out"
        )


def _call(spec: PotentialSpec) -> Calculator:
    module, _, attribute = spec.import_path.rpartition(".")
    calculator: Calculator = getattr(importlib.import_module(module), attribute)(**spec.kwargs)
    return calculator
