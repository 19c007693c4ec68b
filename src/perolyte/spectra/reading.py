"""Read an impedance spectrum from a text table."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.spectra.columns import Column, find_columns, names_frequency

__all__ = ["IMAGINARY_NAMES", "ImaginaryName", "ImpedanceSpectrum", "read_spectrum"]

ImaginaryName = Literal["auto", "Z''", "-Z''"]
IMAGINARY_NAMES = get_args(ImaginaryName)
_MAX_BYTES = 20_000_000
_LEAST_ROWS = 5
_FORMATS = (("\t", "."), ("\t", ","), (";", "."), (";", ","), (",", "."), (None, "."), (None, ","))
"""Separator (None for white space) and decimal sign, as they are tried."""
_COMMENT = "#%!"
_NOTE = re.compile(r"(length_cm|area_cm2|temperature_K)\s*[=:]\s*(\S+)")


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
        table = _read_table(_decode(data).splitlines())
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


@dataclass(frozen=True, eq=False)
class _Table:
    """Columns in Hz and Ω, the imaginary one as it stands."""

    frequency: NDArray[np.float64]
    real: NDArray[np.float64]
    imaginary: NDArray[np.float64]
    is_negated: bool
    has_titles: bool
    stated: dict[str, float]


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


def _read_table(lines: Sequence[str]) -> _Table:
    separator, decimal = _find_format(lines)
    rows: list[tuple[int, list[float]]] = []
    titles: list[str] | None = None
    above: list[str] = []
    stated: dict[str, float] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text:
            continue
        values = None if text[0] in _COMMENT else _to_numbers(text, separator, decimal)
        if values is not None:
            rows.append((number, values))
            continue
        stated |= _read_statement(text)
        fields = _split_titles(text.lstrip(_COMMENT), separator)
        if not rows:
            titles, above = (fields if names_frequency(fields) else titles), fields
        elif text[0] not in _COMMENT:
            raise InputError(
                f"line {number}, {text[:40]!r}, is no row of numbers like those before it; one "
                "file holds one spectrum: remove the line, or split the file"
            )
    if len(rows) < _LEAST_ROWS:
        raise InputError(
            f"{len(rows)} rows of at least three numbers; a spectrum needs {_LEAST_ROWS}: export "
            "frequency, real and imaginary part as a table"
        )
    if titles is None and len(above) == len(rows[0][1]):
        titles = above  # names of other things: said by name, instead of taken for Hz and Ω
    return _build(rows, titles, stated)


def _find_format(lines: Sequence[str]) -> tuple[str | None, str]:
    """Return separator and decimal sign that make most lines into numbers."""

    def count(form: tuple[str | None, str]) -> int:
        return sum(_to_numbers(line.strip(), *form) is not None for line in lines)

    return max(_FORMATS, key=count)  # the first of equals


def _split(text: str, separator: str | None) -> list[str]:
    fields = [field.strip() for field in text.split(separator)]
    while fields and not fields[-1]:  # a separator at the end of the line
        fields.pop()
    return fields


def _split_titles(text: str, separator: str | None) -> list[str]:
    """Keep a unit in brackets with its name where white space separates."""
    return _split(re.sub(r"\s+(?=[\[(])", "", text) if separator is None else text, separator)


def _to_numbers(text: str, separator: str | None, decimal: str) -> list[float] | None:
    """Return the numbers of a line, None where it is not three numbers or more."""
    fields = _split(text, separator)
    if len(fields) < 3:
        return None
    if decimal == ",":
        fields = [field.replace(",", ".") for field in fields]
    try:
        return [float(field.strip('"')) for field in fields]
    except ValueError:
        return None


def _read_statement(text: str) -> dict[str, float]:
    match = _NOTE.search(text) if text[0] in _COMMENT else None
    if match is None:
        return {}
    try:
        value = float(match[2])
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise InputError(
            f"the file states {match[1]} = {match[2][:20]}; it must be a number above 0: correct it"
        )
    return {match[1]: value}


def _build(
    rows: Sequence[tuple[int, list[float]]],
    titles: list[str] | None,
    stated: dict[str, float],
) -> _Table:
    width = len(titles) if titles is not None else len(rows[0][1])
    for number, values in rows:
        if len(values) != width:
            raise InputError(
                f"line {number} has {len(values)} numbers, the table {width} columns; every row "
                "needs all of them: correct the line"
            )
    if titles is None:
        if width != 3:
            raise InputError(
                f"{width} columns without titles; write a line with freq, Z' and Z'' above them, "
                "or leave only these three"
            )
        titles = ["freq", "Z'", "Z''"]
        has_titles = False
    else:
        has_titles = True
    columns = find_columns(titles)
    array = np.array([values for _, values in rows])
    picked = {role: array[:, column.index] * column.factor for role, column in columns.items()}
    _check_rows(picked["frequency"], np.stack([picked["real"], picked["imaginary"]]), rows)
    imaginary: Column = columns["imaginary"]
    return _Table(
        frequency=picked["frequency"],
        real=picked["real"],
        imaginary=picked["imaginary"],
        is_negated=imaginary.is_negated,
        has_titles=has_titles,
        stated=stated,
    )


def _check_rows(
    frequency: NDArray[np.float64],
    parts: NDArray[np.float64],
    rows: Sequence[tuple[int, list[float]]],
) -> None:
    lines = [number for number, _ in rows]
    wrong = np.flatnonzero(~(np.isfinite(frequency) & (frequency > 0)))
    if wrong.size:
        raise InputError(
            f"line {lines[wrong[0]]} has the frequency {frequency[wrong[0]]:g} Hz; all must be "
            "finite and above 0: remove the line"
        )
    size = np.hypot(*parts)
    wrong = np.flatnonzero(~(np.isfinite(size) & (size > 0)))
    if wrong.size:
        raise InputError(
            f"line {lines[wrong[0]]} has the impedance {parts[0, wrong[0]]:g}, "
            f"{parts[1, wrong[0]]:g} Ω; it must be finite and not 0: remove the line"
        )
    values, counts = np.unique(frequency, return_counts=True)
    if counts.max() > 1:
        raise InputError(
            f"{values[counts.argmax()]:g} Hz appears {counts.max()} times; one file holds one "
            "sweep: split the file, or average repeated points"
        )


def _choose_sign(
    table: _Table, imaginary: ImaginaryName
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
