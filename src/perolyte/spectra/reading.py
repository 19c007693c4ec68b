"""Read an impedance spectrum from a text table."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.spectra.table import SpectrumTable, read_table

__all__ = ["IMAGINARY_NAMES", "ImaginaryName", "ImpedanceSpectrum", "read_spectrum"]

ImaginaryName = Literal["auto", "Z''", "-Z''"]
IMAGINARY_NAMES = get_args(ImaginaryName)
_MAX_BYTES = 20_000_000


@dataclass(frozen=True, eq=False)
class ImpedanceSpectrum:
    """A measured spectrum.

    Attributes
    ----------
    frequency_Hz
        (n_frequencies,) Hz, falling.
    impedance_ohm
        (n_frequencies,) complex, Ω, Im Z below zero for capacitive samples.
    path, sha256
        Of the file.
    length_cm, area_cm2, temperature_K
        As comment lines of the file state them (``# length_cm = 0.1``), else None.
    notes
        How the table was read, where there was a choice.
    """

    frequency_Hz: NDArray[np.float64]
    impedance_ohm: NDArray[np.complex128]
    path: Path
    sha256: str
    length_cm: float | None
    area_cm2: float | None
    temperature_K: float | None
    notes: tuple[str, ...]


def read_spectrum(path: str | Path, *, imaginary: ImaginaryName = "auto") -> ImpedanceSpectrum:
    r"""Read frequency, real and imaginary part from a table of numbers.

    Columns are separated by tabs, semicolons, commas or spaces; decimal commas are understood where
    commas do not separate. A line of titles names the columns (``freq/Hz, Re(Z)/Ohm,
    -Im(Z)/Ohm``, ``Z'``, ``Zreal`` and the like) and their units; without one there must be
    exactly three columns, Hz and Ω. Lines before the titles are passed over; one as wide as the
    table, right above it, is always its titles.

    Parameters
    ----------
    path
        Text file, at most 20 MB.
    imaginary
        What the imaginary column holds: "Z''", "-Z''", or "auto": as its title says, turned round
        (with a note) when the sample would be inductive at most frequencies.

    Returns
    -------
    ImpedanceSpectrum
        Sorted by falling frequency.

    Raises
    ------
    InputError
        In one line with the name of the file, for whatever cannot be read: no table, other
        columns or units, text among numbers, a frequency that is not above zero or appears twice,
        fewer than five rows.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "sample.csv")
    ...     _ = file.write_text("f,Z',-Z''\n" + "".join(f"{10**k},100,{k}\n" for k in range(5)))
    ...     read_spectrum(file).impedance_ohm[0]
    np.complex128(100-4j)
    """
    path = Path(path)
    if imaginary not in IMAGINARY_NAMES:
        raise InputError(
            f"imaginary is {imaginary!r}; it must be one of {', '.join(IMAGINARY_NAMES)}"
        )
    data = _read_bytes(path)
    try:
        table = read_table(_decode(data).splitlines())
        real, turned, notes = _choose_sign(table, imaginary)
        order = np.argsort(-table.frequency, kind="stable")
        return ImpedanceSpectrum(
            frequency_Hz=table.frequency[order],
            impedance_ohm=(real + 1j * turned)[order],
            path=path,
            sha256=hashlib.sha256(data).hexdigest(),
            length_cm=table.stated.get("length_cm"),
            area_cm2=table.stated.get("area_cm2"),
            temperature_K=table.stated.get("temperature_K"),
            notes=notes,
        )
    except InputError as err:
        raise InputError(f"{path.name}: {err}") from err


def _read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(
                f"{path.name}: {path.stat().st_size / 1e6:.0f} MB is no impedance table; at most "
                f"{_MAX_BYTES / 1e6:.0f} MB are read: check the file"
            )
        return path.read_bytes()
    except (OSError, ValueError) as err:
        reason = getattr(err, "strerror", None) or str(err)
        raise InputError(f"{path} cannot be read ({reason}): check the path") from err


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    if "\0" in text:
        raise InputError("the file is not text; export the spectrum as a table (csv)")
    return text


def _choose_sign(
    table: SpectrumTable, imaginary: ImaginaryName
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, ...]]:
    """Return the real part, Im Z, and what was decided."""
    notes = []
    if not table.has_titles:
        notes.append("no titles: columns read as frequency (Hz), real and imaginary part (Ω)")
    is_negated = table.is_negated if imaginary == "auto" else imaginary == "-Z''"
    part = -table.imaginary if is_negated else table.imaginary
    if imaginary == "auto" and float(np.mean(part > 0)) > 0.5:
        part, was = -part, "-Z''" if is_negated else "Z''"
        notes.append(
            f"the imaginary column is named {was}, with which the sample would be inductive at "
            "most frequencies: its sign is turned"
        )
    return table.real, part, tuple(notes)
