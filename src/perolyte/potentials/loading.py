"""Loading potentials: the pretrained CHGNet of the chgnet wheel, and fine-tuned checkpoints.

Checkpoints are read as data: tensors and plain Python values, with torch's ``weights_only``. A file
made by somebody else cannot run code here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import pickle
import zipfile
from functools import lru_cache
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from perolyte.errors import InputError, PotentialError
from perolyte.potentials.chgnet_engine import ChgnetEngine
from perolyte.potentials.chgnet_network import NetworkWeights, read_weights
from perolyte.potentials.registry import is_potential_uuid

if TYPE_CHECKING:
    from jobflow import JobStore

    from perolyte.potentials.batch import BatchPotential

__all__ = ["load_chgnet_state", "load_chgnet_weights", "load_potential"]


def load_potential(
    name_or_path: str | Path = "chgnet",
    *,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype = "float32",
    compile: bool | Literal["auto"] = "auto",
    skin_A: float = 0.5,
    store: JobStore | None = None,
) -> BatchPotential:
    """Load a potential that evaluates batches of systems.

    Parameters
    ----------
    name_or_path
        ``"chgnet"`` for the pretrained CHGNet 0.3.0, ``"chgnet-"`` and a version for another one
        that the chgnet wheel carries (``"chgnet-r2scan"``), the path of a checkpoint as chgnet's
        ``Trainer`` writes it, or the uuid of a :class:`~perolyte.schemas.PotentialDoc`.
    device
        ``"cpu"``, ``"cuda"`` or None for CUDA where there is one.
    dtype
        Of the network's arithmetic, ``"float32"`` or ``"float64"``.
    compile
        See ``ChgnetEngine``.
    skin_A
        Skin of the neighbour list, Å.
    store
        Connected, for a uuid: see :func:`~perolyte.potentials.stored.fetch_potential`.

    Raises
    ------
    InputError
        For a uuid without a store, or one that the store does not have.
    StoreError
        If the store's weights are missing or damaged.
    PotentialError
        If the name is unknown, the file is missing, damaged or something else, the device is not
        there or the type is not supported.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from perolyte.potentials.batch import SystemBatch
    >>> potential = load_potential("chgnet", device="cpu")
    >>> batch, positions_A = SystemBatch.from_structures([bulk("MgO", "rocksalt", a=4.2)])
    >>> result = potential.evaluate(batch, positions_A)
    >>> bool(-13.0 < result.energies_eV[0] < -11.0)
    True
    """
    if is_potential_uuid(str(name_or_path)):
        if store is None:
            raise InputError(
                f"potential {name_or_path!r} is the uuid of a document; give the store that holds "
                "it (store=)"
            )
        from perolyte.potentials.stored import fetch_potential  # documents load pymatgen

        name_or_path = fetch_potential(str(name_or_path), store)
    weights, origin = load_chgnet_weights(name_or_path)
    return ChgnetEngine(
        weights, origin=dict(origin), device=device, dtype=dtype, compile=compile, skin_A=skin_A
    )


def load_chgnet_weights(name_or_path: str | Path) -> tuple[NetworkWeights, dict[str, str]]:
    """Return the weights of a CHGNet and where they come from; once per process and file.

    Raises
    ------
    PotentialError
        As ``load_potential``.
    """
    path, origin = _find_file(name_or_path)
    try:
        stamp = path.stat()
    except OSError as err:
        raise PotentialError(f"checkpoint {path} cannot be read ({err.strerror})") from err
    weights, sha256 = _read_checkpoint(path.resolve(), stamp.st_mtime_ns, stamp.st_size)
    return weights, {**origin, "weights_sha256": sha256}


def load_chgnet_state(name_or_path: str | Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return ``state_dict`` and ``model_args`` of chgnet's own module, and where they come from.

    Raises
    ------
    PotentialError
        As ``load_potential``.
    """
    path, origin = _find_file(name_or_path)
    model, sha256 = _read_model(path)
    read_weights(model["state_dict"], model["model_args"])
    return model, {**origin, "weights_sha256": sha256}


def _find_file(name_or_path: str | Path) -> tuple[Path, dict[str, str]]:
    """Return the file of a potential, and its name and version."""
    text = str(name_or_path)
    if text == "chgnet" or (text.startswith("chgnet-") and not Path(text).exists()):
        release = text.removeprefix("chgnet").removeprefix("-") or "0.3.0"
        version = f"{release} (chgnet {version_of('chgnet')})"
        return _find_pretrained(release), {"name": "CHGNet", "version": version}
    path = Path(text).expanduser()
    if not path.is_file():
        raise PotentialError(
            f"potential {text!r} is neither a known name ('chgnet') nor a file; give the path "
            "of a checkpoint that chgnet's Trainer wrote"
        )
    return path, {"name": "CHGNet", "version": f"checkpoint {path.name}"}


def _find_pretrained(release: str) -> Path:
    found = importlib.util.find_spec("chgnet")
    if found is None or found.origin is None:
        raise PotentialError("chgnet is not installed; run 'pip install chgnet'")
    folder = Path(found.origin).parent / "pretrained"
    releases = sorted(entry.name for entry in folder.glob("*") if entry.is_dir())
    if release not in releases:
        raise PotentialError(
            f"CHGNet weights {release!r} are not in the installed chgnet wheel; use one of "
            f"{', '.join(releases)}"
        )
    files = sorted((folder / release).glob("*.pth.tar"))
    if len(files) != 1:
        raise PotentialError(f"no weights in {folder / release}; reinstall chgnet")
    return files[0]


@lru_cache(maxsize=4)
def _read_checkpoint(path: Path, changed_ns: int, size: int) -> tuple[NetworkWeights, str]:
    """Read a checkpoint; time and size are there so that a changed file is read again."""
    del changed_ns, size
    model, sha256 = _read_model(path)
    return read_weights(model["state_dict"], model["model_args"]), sha256


def _read_model(path: Path) -> tuple[dict[str, Any], str]:
    """Read a checkpoint's ``state_dict`` and ``model_args``, and the file's SHA-256."""
    try:
        content = path.read_bytes()
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as err:
        raise PotentialError(
            f"checkpoint {path} is damaged, or holds objects other than tensors and plain values, "
            "which are not loaded because they could run code; save the model's state_dict and "
            "model_args with chgnet's Trainer.save"
        ) from err
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, zipfile.BadZipFile) as err:
        reason = " ".join(str(err).split())[:200]
        raise PotentialError(
            f"checkpoint {path} cannot be read ({reason or type(err).__name__}): it is damaged or "
            "no checkpoint; copy it again, or save it with chgnet's Trainer"
        ) from err
    model = state.get("model") if isinstance(state, dict) else None
    if not isinstance(model, dict) or not {"state_dict", "model_args"} <= model.keys():
        raise PotentialError(
            f"checkpoint {path} is not one of CHGNet: it has no 'model' with 'state_dict' and "
            "'model_args'; give a file that chgnet's Trainer wrote"
        )
    return model, hashlib.sha256(content).hexdigest()
