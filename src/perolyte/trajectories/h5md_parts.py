"""The parts of an H5MD file that are read once: group, species, box, times, units."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perolyte.errors import InputError
from perolyte.trajectories.failures import refuse_damage
from perolyte.trajectories.intervals import ReadingOptions, StepWatch
from perolyte.trajectories.species import check_species, map_types
from perolyte.transport.checks import FloatArray
from perolyte.units import BOHR_TO_A, FS_PER_PS

__all__ = ["Box", "Times", "find_group", "read_box", "read_species", "read_times", "read_unit"]

_MAX_ATOMS = 10_000_000
_UNITS: dict[str, dict[str, float]] = {
    "length": {
        "a": 1.0,
        "å": 1.0,
        "angstrom": 1.0,
        "angstroms": 1.0,
        "nm": 10.0,
        "pm": 0.01,
        "m": 1e10,
        "bohr": BOHR_TO_A,
    },
    "time": {"fs": 1.0, "ps": FS_PER_PS, "ns": FS_PER_PS**2, "s": 1e15},
}


@dataclass(frozen=True)
class Times:
    """What a file says about the time between frames.

    Attributes
    ----------
    interval_fs
        fs, None without a time that has a unit.
    steps_per_frame
        None without step numbers.
    """

    interval_fs: float | None
    steps_per_frame: float | None


@dataclass(frozen=True, eq=False)
class Box:
    """The cell: fixed, or a dataset with one for each frame.

    Attributes
    ----------
    fixed_A
        (3, 3), Å, None where it changes.
    length_A
        Å per unit of the dataset.
    """

    fixed_A: FloatArray | None
    length_A: float

    def read_cells(self, group: Any, first: int, stop: int) -> FloatArray:
        """Return the cells of frames ``first`` to ``stop - 1``, (n, 3, 3), Å."""
        if self.fixed_A is not None:
            return np.broadcast_to(self.fixed_A, (stop - first, 3, 3))
        edges = np.asarray(group["box/edges/value"][first:stop], dtype=np.float64) * self.length_A
        return edges if edges.ndim == 3 else edges[:, :, None] * np.eye(3)


def find_group(file: Any, path: Path) -> Any:
    """Return the only group of particles with positions.

    Raises
    ------
    InputError
        For none, several, or positions of another shape.
    """
    with refuse_damage(f"{path}", "it is no H5MD, give particles/<name>/position/value"):
        particles = file["particles"]
        found = [name for name in sorted(particles) if "position/value" in particles[name]]
        shapes = [tuple(particles[name]["position/value"].shape) for name in found]
    if len(found) != 1:
        raise InputError(
            f"{path} holds {len(found)} groups of particles with positions "
            f"({', '.join(found)}); exactly one is read: write one group to a file"
        )
    if len(shapes[0]) != 3 or shapes[0][2] != 3 or 0 in shapes[0] or shapes[0][1] > _MAX_ATOMS:
        raise InputError(
            f"{path} holds positions of shape {shapes[0]}; (n_frames, n_atoms, 3) is needed: write "
            "position/value frame by frame"
        )
    return particles[found[0]]


def read_unit(dataset: Any, path: Path, *, kind: str) -> float | None:
    """Return Å or fs per unit of a dataset, None where it states no unit.

    Raises
    ------
    InputError
        For a unit that is not known.
    """
    unit = dataset.attrs.get("unit")
    if unit is None:
        return None
    text = unit.decode("utf-8", "replace") if isinstance(unit, bytes) else str(unit)
    factor = _UNITS[kind].get(text.strip().lower())
    if factor is None:
        raise InputError(
            f"{path}: the {kind} unit {text[:20]!r} of {dataset.name} is not known; allowed are "
            f"{', '.join(_UNITS[kind])}: correct the attribute"
        )
    return factor


def read_species(group: Any, n_atoms: int, options: ReadingOptions, path: Path) -> tuple[str, ...]:
    """Return element symbols from names, an enumeration of names, or numbered types.

    Raises
    ------
    InputError
        For none, species that change, or numbers without elements.
    """
    import h5py

    with refuse_damage(f"{path}", "species must be one name or number for each atom"):
        dataset = group["species"]
        if isinstance(dataset, h5py.Group):
            dataset = dataset["value"]
        values = np.asarray(dataset[()])
        names = h5py.check_enum_dtype(dataset.dtype) or {}
        while values.ndim == 2 and len(values) and (values == values[0]).all():
            values = values[0]
        if values.shape == (n_atoms,) and values.dtype.kind in "OSU":
            texts = [v.decode() if isinstance(v, bytes) else str(v) for v in values.tolist()]
            return check_species(texts, path)
        numbers = [int(value) for value in values.tolist()] if values.ndim == 1 else []
    if len(numbers) != n_atoms:
        raise InputError(
            f"{path} holds species of shape {values.shape} for {n_atoms} atoms; one for each is "
            "needed and atoms must stay the same: write species once, (n_atoms,)"
        )
    of_number = tuple((int(number), str(name)) for name, number in names.items())
    return map_types(numbers, options.species_of_type or of_number, path)


def read_box(group: Any, n_frames: int, path: Path) -> Box:
    """Return the cell of a group: edges as three lengths or three vectors, fixed or per frame.

    Raises
    ------
    InputError
        For no box, one that is not periodic, or of another shape.
    """
    import h5py

    with refuse_damage(f"{path}", "a box with edges is needed, write box/edges"):
        box = group["box"]
        boundary = [
            b.decode() if isinstance(b, bytes) else str(b)
            for b in np.ravel(box.attrs.get("boundary", []))
        ]
        edges = box["edges"]
        changes = isinstance(edges, h5py.Group)
        dataset = edges["value"] if changes else edges
        shape = tuple(dataset.shape)
        fixed = None if changes else np.asarray(dataset[()], dtype=np.float64)
    if any(word != "periodic" for word in boundary):
        raise InputError(
            f"{path} has a box with boundaries {', '.join(boundary)}; only cells periodic in all "
            "directions are read: give a bulk simulation"
        )
    allowed = [(n_frames, 3), (n_frames, 3, 3)] if changes else [(3,), (3, 3)]
    if shape not in allowed:
        raise InputError(
            f"{path} holds box edges of shape {shape}; {allowed[0]} or {allowed[1]} is needed: "
            "write the box with every frame, or once"
        )
    length_A = read_unit(dataset, path, kind="length")
    if length_A is None:
        length_A = read_unit(group["position/value"], path, kind="length") or 1.0
    if fixed is not None:
        fixed = (fixed if fixed.ndim == 2 else np.diag(fixed)) * length_A
    return Box(fixed_A=fixed, length_A=length_A)


def read_times(position: Any, n_frames: int, path: Path) -> Times:
    """Return the interval of the frames, and see that it is the same throughout.

    Raises
    ------
    InputError
        For frames at unequal intervals.
    """
    steps = _read_spacing(position, "step", n_frames, path)
    interval = _read_spacing(position, "time", n_frames, path)
    unit_fs = read_unit(position["time"], path, kind="time") if interval is not None else None
    return Times(
        interval_fs=None if interval is None or unit_fs is None else interval * unit_fs,
        steps_per_frame=steps,
    )


def _read_spacing(position: Any, name: str, n_frames: int, path: Path) -> float | None:
    """Return the spacing of ``step`` or ``time``: a scalar is the spacing, a list is looked at."""
    with refuse_damage(f"{path}", f"position/{name} must be numbers, write it again"):
        if name not in position:
            return None
        values = np.asarray(position[name][()], dtype=np.float64)
    if values.ndim == 0:
        return float(values)
    if values.shape != (n_frames,):
        raise InputError(
            f"{path} holds {values.size} entries of position/{name} for {n_frames} frames; one for "
            "each is needed: write them together"
        )
    if n_frames < 2:
        return None
    spacing = np.diff(values)
    if not (np.isfinite(values).all() and np.allclose(spacing, spacing[0], rtol=1e-4, atol=0)):
        watch = StepWatch(path, f"units of position/{name}")
        for value in values.tolist():
            watch.follow(value)
    return float(spacing[0])
