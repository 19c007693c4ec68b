"""The table of numbers in the lines of a file, and which of its columns is what."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.spectra.columns import Column, find_columns, names_frequency

__all__ = ["SpectrumTable", "read_table"]

_LEAST_ROWS = 5
_FORMATS = (("\t", "."), ("\t", ","), (";", "."), (";", ","), (",", "."), (None, "."), (None, ","))
"""Separator (None for white space) and decimal sign, as they are tried."""
_COMMENT = "#%!"
_NOTE = re.compile(r"(length_cm|area_cm2|temperature_K)\s*[=:]\s*(\S+)")


@dataclass(frozen=True, eq=False)
class SpectrumTable:
    """Columns in Hz and Ω, the imaginary one as it stands."""

    frequency: NDArray[np.float64]
    real: NDArray[np.float64]
    imaginary: NDArray[np.float64]
    is_negated: bool
    has_titles: bool
    stated: dict[str, float]


def read_table(lines: Sequence[str]) -> SpectrumTable:
    """Return the columns of the first table of numbers in the lines of a file.

    Raises
    ------
    InputError
        Naming the line, for what is no spectrum.
    """
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
) -> SpectrumTable:
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
    return SpectrumTable(
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
