"""From a name in a campaign to a potential of the batched engine."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perolyte.errors import InputError
from perolyte.potentials.registry import PotentialSpec, name_of_potential

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

    from perolyte.potentials.batch import BatchPotential

__all__ = ["build_batch_potential", "build_calculator"]

_ENGINE_OPTIONS = frozenset({"device", "dtype", "compile", "skin_A"})
_IGNORED_OPTIONS = frozenset({"stress"})
"""What only the ASE calculator needs to be told: the engine is asked at each call."""


def build_batch_potential(name: str, kwargs: dict[str, Any] | None = None) -> BatchPotential:
    """Return the potential behind a name, for :func:`run_md_batch`.

    Parameters
    ----------
    name
        "chgnet", the path of a fine-tuned checkpoint, or the import path of an ASE calculator.
    kwargs
        For CHGNet ``version``, ``device``, ``dtype``, ``compile`` and ``skin_A``; for another
        calculator its own arguments.

    Raises
    ------
    InputError
        For an option that CHGNet does not have.
    PotentialError
        Where it cannot be loaded.

    Examples
    --------
    >>> build_batch_potential("ase.calculators.emt.EMT").describe()["name"]
    'ase.calculators.emt.EMT'
    """
    options = dict(kwargs or {})
    registered = name_of_potential(name)
    if registered == "chgnet" or Path(name).is_file():
        from perolyte.potentials.loading import load_potential

        version = options.pop("version", None)
        wrong = sorted(set(options) - _ENGINE_OPTIONS - _IGNORED_OPTIONS)
        if wrong:
            raise InputError(
                f"potential {name!r} has no option {wrong[0]!r}; it has version, "
                f"{', '.join(sorted(_ENGINE_OPTIONS))}"
            )
        chosen = {key: value for key, value in options.items() if key in _ENGINE_OPTIONS}
        if registered == "chgnet":
            name = "chgnet" if version in (None, "0.3.0") else f"chgnet-{version}"
        return load_potential(name, **chosen)
    from perolyte.potentials.ase_adapter import AseBatchPotential

    return AseBatchPotential(build_calculator(name, options), PotentialSpec(name, options))


def build_calculator(name: str, kwargs: dict[str, Any] | None = None) -> Calculator:
    """Return the ASE calculator behind a name, with stresses where it has them.

    Raises
    ------
    PotentialError
        Where it cannot be loaded.
    """
    options = {k: v for k, v in (kwargs or {}).items() if k not in _IGNORED_OPTIONS}
    module, _, attribute = PotentialSpec(name).import_path.rpartition(".")
    calculator: Calculator = getattr(importlib.import_module(module), attribute)(**options)
    return calculator
