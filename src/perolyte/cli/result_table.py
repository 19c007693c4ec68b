"""``perolyte results --table``: any table of a store, filtered, for people and for machines."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from rich.table import Table

from perolyte.cli.outputs import make_console
from perolyte.cli.show import locate_store
from perolyte.errors import InputError
from perolyte.stores import Results, open_store

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["TABLES", "parse_range", "show_table"]

TABLES = (
    "conductivities",
    "candidates",
    "relaxations",
    "barriers",
    "trajectories",
    "diffusivities",
    "boundaries",
    "potentials",
    "summaries",
)

_SHOWN = (
    "name",
    "campaign",
    "status",
    "family",
    "dopant",
    "fraction",
    "scheme",
    "formula",
    "temperature_K",
    "diffusivity_cm2_s",
    "conductivity_S_cm",
    "boundary_energy_J_m2",
    "asr_ohm_cm2",
    "specific_conductivity_S_cm",
    "room_temperature.conductivity_S_cm",
    "arrhenius.activation_energy_eV",
    "energy_per_atom_eV",
    "barrier_3d_eV",
    "md_status",
    "version",
    "n_documents",
    "uuid",
)
"""Columns for people, in this order; CSV and JSON have all of them."""


def show_table(
    table: str, campaign: str | None, store: str, *, output_format: str, filters: dict[str, Any]
) -> None:
    """Print a table of a store.

    Raises
    ------
    InputError
        When there is no such table, or a filter names what is not there.
    """
    if table not in TABLES:
        raise InputError(f"there is no table {table!r}; use {', '.join(TABLES)}")
    wanted = {name: value for name, value in filters.items() if value}
    if table == "potentials" and wanted:
        raise InputError("the table of potentials is filtered by campaign alone")
    job_store = open_store(locate_store(store), create=False)
    try:
        found = getattr(Results(job_store), table)(campaign, **wanted)
    finally:
        job_store.close()
    if output_format == "csv":
        print(found.to_csv(index=False), end="")  # noqa: T201 (for machines)
    elif output_format == "json":
        # pandas writes times and missing numbers as JSON has them
        text = found.to_json(orient="records", date_format="iso", double_precision=15)
        print(json.dumps(json.loads(text), indent=2, ensure_ascii=False))  # noqa: T201
    else:
        _print(table, found)


def parse_range(text: str | None, name: str) -> float | tuple[float | None, float | None] | None:
    """Read ``0.02``, ``0.01:0.05``, ``0.01:`` or ``:0.05``.

    Raises
    ------
    InputError
        When it is none of these.

    Examples
    --------
    >>> parse_range("600:", "--temperature")
    (600.0, None)
    """
    if text is None:
        return None
    low, colon, high = text.partition(":")
    try:
        if not colon:
            return float(low)
        ends = (float(low) if low else None, float(high) if high else None)
    except ValueError:
        ends = (None, None)
    if ends == (None, None):
        raise InputError(
            f"{name} {text!r} is not a number or a range; write for example 0.02, 0.01:0.05 "
            "or 0.01:"
        )
    return ends


def _print(title: str, found: DataFrame) -> None:
    console = make_console()
    if found.empty:
        console.print(f"0 {title}", highlight=False)
        return
    shown = ("schema_name", *_SHOWN) if title == "potentials" else _SHOWN
    columns = [name for name in shown if name in found and found[name].notna().any()]
    table = Table(title=f"{len(found)} {title}")
    for name in columns:
        table.add_column(name.rpartition(".")[2], overflow="fold")
    short = found[columns].assign(**({"uuid": found["uuid"].str[:8]} if "uuid" in columns else {}))
    for row in short.itertuples(index=False):
        table.add_row(*(_write(value) for value in row))
    console.print(table)


def _write(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
