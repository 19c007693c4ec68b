"""Names of potentials, and what a document must say about the one that made it."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

from perolyte.errors import InputError, PotentialError

__all__ = [
    "PotentialSpec",
    "describe_potential",
    "hash_checkpoint",
    "is_potential_uuid",
    "name_of_potential",
    "resolve_potential",
]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CHECKPOINT_SUFFIXES = (".tar", ".pth", ".pt", ".ckpt")
_NAMED = {
    "chgnet": "perolyte.potentials.chgnet.ChgnetCalculator",
    "mace": "perolyte.potentials.mace_calculator.load_mace",
}


@dataclass(frozen=True)
class PotentialSpec:
    """A potential as data: an ASE calculator class by import path, and its keyword arguments.

    Parameters
    ----------
    name
        A registered name, or the import path of an ASE calculator class.
    kwargs
        Handed unread to the calculator. A fine-tuned CHGNet is ``chgnet`` with ``checkpoint`` and
        ``checkpoint_sha256``, a MACE model ``mace`` with the same.
    """

    name: str = "chgnet"
    kwargs: dict[str, Any] = field(default_factory=dict)

    @property
    def import_path(self) -> str:
        """Import path of the calculator, ``package.module.Callable``."""
        return _NAMED.get(self.name, self.name)

    @property
    def calculator_meta(self) -> dict[str, str]:
        """The form that atomate2's force-field makers take as ``force_field_name``."""
        module, _, attribute = self.import_path.rpartition(".")
        return {"@module": module, "@callable": attribute}


def resolve_potential(name: str, kwargs: dict[str, Any] | None = None) -> PotentialSpec:
    """Check that a potential can be imported and takes the arguments, without loading its weights.

    Parameters
    ----------
    name
        A registered name, the path of a checkpoint as chgnet's ``Trainer`` writes it, or the import
        path of an ASE calculator. A checkpoint is known by the SHA-256 that it has now.
    kwargs
        Of the calculator.

    Raises
    ------
    InputError
        If the name is neither registered nor a file nor the import path of something callable, or
        if the callable does not take these keyword arguments.

    Examples
    --------
    >>> resolve_potential("chgnet").import_path
    'perolyte.potentials.chgnet.ChgnetCalculator'
    """
    spec = _find_checkpoint(name, kwargs or {}) or PotentialSpec(name, dict(kwargs or {}))
    if name == "chgnet" and not spec.kwargs:
        return spec
    if is_potential_uuid(name):
        raise InputError(
            f"potential {name!r} is the uuid of a trained potential, which is in a store; give the "
            "path that fetch_potential(uuid, store) returns, or name it in a campaign file"
        )
    module, _, attribute = spec.import_path.rpartition(".")
    allowed = (
        f"use one of {', '.join(sorted(_NAMED))}, the path of a CHGNet checkpoint, or the import "
        "path of an ASE calculator"
    )
    if not module:
        raise InputError(f"potential {name!r} is not known; {allowed}")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, TypeError, ValueError) as err:
        reason = " ".join(str(err).split())
        raise InputError(f"potential {name!r} cannot be imported ({reason}); {allowed}") from err
    if not callable(found):
        raise InputError(f"potential {name!r} is not callable; {allowed}")
    _check_kwargs(name, found, spec.kwargs)
    return spec


def _check_kwargs(name: str, found: Callable[..., Any], kwargs: dict[str, Any]) -> None:
    try:
        signature = inspect.signature(found)
    except ValueError:  # compiled: it will check for itself
        return
    try:
        signature.bind(**kwargs)
    except TypeError as err:
        raise InputError(
            f"potential {name!r} cannot be called with kwargs {kwargs} ({err}); it takes "
            f"{', '.join(signature.parameters) or 'none'}"
        ) from err


def is_potential_uuid(name: str) -> bool:
    """Say whether a name is a document's uuid instead of a potential's name or path.

    Examples
    --------
    >>> is_potential_uuid("6f1d0c3e-9b0a-5a52-8f1e-3f6f3a0f7c11"), is_potential_uuid("chgnet")
    (True, False)
    """
    return _UUID.fullmatch(name) is not None


def name_of_potential(import_path: str) -> str:
    """Return the registered name of a calculator, or its import path where it has none.

    Examples
    --------
    >>> name_of_potential("perolyte.potentials.chgnet.ChgnetCalculator")
    'chgnet'
    """
    return next((name for name, path in _NAMED.items() if path == import_path), import_path)


def _find_checkpoint(name: str, kwargs: dict[str, Any]) -> PotentialSpec | None:
    """Return the potential of a checkpoint file; None where the name looks like none."""
    path = Path(name).expanduser()
    if not path.is_file():
        if os.sep not in name and path.suffix not in _CHECKPOINT_SUFFIXES:
            return None
        raise InputError(
            f"potential {name!r} is no file; give the path of a checkpoint that chgnet's Trainer "
            f"wrote, or one of {', '.join(sorted(_NAMED))}"
        )
    path = path.resolve()
    own = {"checkpoint": str(path), "checkpoint_sha256": hash_checkpoint(path)}
    return PotentialSpec("chgnet", {**kwargs, **own})


def hash_checkpoint(path: str | Path, expected_sha256: str | None = None) -> str:
    """Return the SHA-256 of a checkpoint.

    Parameters
    ----------
    path
        The file.
    expected_sha256
        What it had when a flow was built: another content is refused, because the jobs are known
        by that one.

    Raises
    ------
    PotentialError
        For a file that cannot be read, or is another by now.
    """
    try:
        found = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as err:
        raise PotentialError(f"checkpoint {path} cannot be read ({err.strerror})") from err
    if expected_sha256 not in (None, found):
        raise PotentialError(
            f"checkpoint {path} has changed since the flow was built (SHA-256 {found[:12]}, was "
            f"{str(expected_sha256)[:12]}); put the file back, or build the flow again"
        )
    return found


def describe_potential(name: str, kwargs: dict[str, Any] | None = None) -> dict[str, str | None]:
    """Return name, version and SHA-256 of the weights, for a document's provenance.

    The SHA-256 is None for a calculator without a weights file (an analytic potential).

    Parameters
    ----------
    name, kwargs
        As :func:`resolve_potential`.
    """
    spec = _find_checkpoint(name, kwargs or {}) or PotentialSpec(name, kwargs or {})
    if spec.name == "mace":
        return _describe_mace(str(spec.kwargs["checkpoint"]))
    if spec.name != "chgnet":
        return _describe_package(spec.import_path)
    checkpoint = spec.kwargs.get("checkpoint")
    if checkpoint is None:
        return dict(_describe_pretrained(str(spec.kwargs.get("version", "0.3.0"))))
    sha256 = spec.kwargs.get("checkpoint_sha256") or hash_checkpoint(checkpoint)
    version_ = f"checkpoint {Path(checkpoint).name}"
    return {"name": "CHGNet", "version": version_, "weights_sha256": sha256}


@lru_cache(maxsize=8)
def _describe_pretrained(release: str) -> dict[str, str | None]:
    path = _chgnet_weights(release)
    return {
        "name": "CHGNet",
        "version": f"{path.parent.name} (chgnet {version('chgnet')})",
        "weights_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def _describe_mace(checkpoint: str) -> dict[str, str | None]:
    package = _describe_package("mace.calculators")["version"]
    return {
        "name": "MACE",
        "version": f"checkpoint {Path(checkpoint).name} (mace-torch {package})",
        "weights_sha256": hash_checkpoint(Path(checkpoint).expanduser()),
    }


@lru_cache(maxsize=8)
def _describe_package(import_path: str) -> dict[str, str | None]:
    package = import_path.split(".", maxsplit=1)[0]
    distributions = packages_distributions().get(package, [package])
    try:
        found: str | None = version(distributions[0])
    except PackageNotFoundError:
        found = None
    return {"name": import_path, "version": found, "weights_sha256": None}


def _chgnet_weights(weights: str) -> Path:
    specification = importlib.util.find_spec("chgnet")
    if specification is None or specification.origin is None:
        raise PotentialError("chgnet is not installed; run 'pip install chgnet'")
    folder = Path(specification.origin).parent / "pretrained" / weights
    files = sorted(folder.glob("*.pth.tar"))
    if len(files) != 1:
        raise PotentialError(f"no weights in {folder}; reinstall chgnet")
    return files[0]
