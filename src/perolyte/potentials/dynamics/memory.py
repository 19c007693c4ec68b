"""How many atoms fit into one batch: measured, and halved when it was too much."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perolyte.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core import Structure

    from perolyte.potentials.batch import BatchPotential
    from perolyte.potentials.dynamics.replica import Replica

__all__ = [
    "choose_max_batch_atoms",
    "is_out_of_memory",
    "measure_bytes_per_atom",
    "pack_sizes",
    "plan_batches",
    "release_memory",
]

_SHARE_OF_FREE_MEMORY = 0.7
"""The rest is for denser moments: graphs grow when atoms crowd."""
_BYTES_PER_KIB = 1024


def plan_batches(
    replicas: Sequence[Replica], max_batch_atoms: int | None = None
) -> list[list[int]]:
    """Return which replicas share a batch, as indices, the largest first.

    Parameters
    ----------
    replicas
        Of any sizes.
    max_batch_atoms
        Atoms in one batch at most; a single larger replica gets a batch of its own. None puts each
        replica in its own, as is best on a CPU, where a batch is no faster than its members.

    Raises
    ------
    InputError
        For a limit below 1.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from perolyte.potentials.dynamics import Replica
    >>> salt = bulk("LiF", "rocksalt", a=4.03, cubic=True)
    >>> replicas = [
    ...     Replica(f"{n}", salt * (n, 1, 1), "Li", temperature_K=600.0, seed=n) for n in (1, 2, 1)
    ... ]
    >>> plan_batches(replicas), plan_batches(replicas, 24)
    ([[0], [1], [2]], [[1, 0], [2]])
    """
    if max_batch_atoms is not None and max_batch_atoms < 1:
        raise InputError(f"max_batch_atoms is {max_batch_atoms}; give at least 1, or None")
    return pack_sizes([replica.n_atoms for replica in replicas], max_batch_atoms)


def pack_sizes(sizes: Sequence[int], limit: int | None) -> list[list[int]]:
    """Put sizes into bins of a limit, the largest first, each into the first bin with room.

    Examples
    --------
    >>> pack_sizes([8, 16, 8], 24), pack_sizes([8, 16], None)
    ([[1, 0], [2]], [[0], [1]])
    """
    if limit is None:
        return [[index] for index in range(len(sizes))]
    order = sorted(range(len(sizes)), key=lambda index: (-sizes[index], index))
    batches: list[list[int]] = []
    room: list[int] = []
    for index in order:
        size = sizes[index]
        for number, left in enumerate(room):
            if size <= left:
                batches[number].append(index)
                room[number] -= size
                break
        else:
            batches.append([index])
            room.append(limit - size)
    return batches


def measure_bytes_per_atom(potential: BatchPotential, structure: Structure | Atoms) -> float:
    """Return the memory that evaluating a structure takes at its peak, per atom.

    On CUDA the allocator counts it. On a CPU it is the growth of the process, which says nothing
    where memory freed before is used again: measure in a fresh process.

    Parameters
    ----------
    potential
        On its device.
    structure
        Like those that will be run; memory grows with the density of neighbours.
    """
    import torch

    from perolyte.potentials.batch import SystemBatch

    batch, positions_A = SystemBatch.from_structures([structure], potential.device)
    potential.forget_neighbours()
    if potential.device.type == "cuda":
        torch.cuda.synchronize(potential.device)
        torch.cuda.reset_peak_memory_stats(potential.device)
        before = torch.cuda.memory_allocated(potential.device)
        potential.evaluate(batch, positions_A)
        peak = torch.cuda.max_memory_allocated(potential.device) - before
    else:
        before = _reset_peak_memory()
        potential.evaluate(batch, positions_A)
        peak = max(0, _read_peak_memory() - before)
    potential.forget_neighbours()
    return peak / batch.n_atoms


def choose_max_batch_atoms(potential: BatchPotential, largest: Structure | Atoms) -> int | None:
    """Return how many atoms fit on the device; None on a CPU, where batches do not pay."""
    if potential.device.type != "cuda":
        return None
    import torch

    per_atom = measure_bytes_per_atom(potential, largest)
    free, _ = torch.cuda.mem_get_info(potential.device)
    return max(len(largest), int(_SHARE_OF_FREE_MEMORY * free / max(1.0, per_atom)))


def is_out_of_memory(err: BaseException) -> bool:
    """Say whether an error means that the memory of the machine or the device was too small.

    Examples
    --------
    >>> is_out_of_memory(RuntimeError("CUDA error: out of memory"))
    True
    >>> is_out_of_memory(RuntimeError("shapes differ"))
    False
    """
    if isinstance(err, MemoryError):
        return True
    text = str(err).lower()
    # torch raises RuntimeError for memory of the host, and a subclass of it for that of a device
    words = ("out of memory", "can't allocate memory", "cannot allocate memory")
    return isinstance(err, RuntimeError) and any(word in text for word in words)


def release_memory(device: Any) -> None:
    """Give cached memory back before a smaller batch is tried."""
    import gc

    import torch

    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def _reset_peak_memory() -> int:
    """Let the peak begin anew where the system allows it, and return what is in use, bytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _read_peak_memory()
    return _read_status("VmRSS:") or _read_peak_memory()


def _read_peak_memory() -> int:
    usual = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_KIB
    return _read_status("VmHWM:") or usual


def _read_status(key: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    found = next((line.split()[1] for line in lines if line.startswith(key)), None)
    return None if found is None else int(found) * _BYTES_PER_KIB
