"""What ``perolyte labels`` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from perolyte.dft.theory import LevelOfTheory
from perolyte.schemas import LabelDoc

if TYPE_CHECKING:
    from perolyte.cli.labels import LabelSource

__all__ = ["as_records", "print_sources"]

_SHOWN_REASONS = 3


def print_sources(
    console: Console,
    sources: Sequence[LabelSource],
    sound: Sequence[LabelDoc],
    conflicts: Sequence[str],
) -> None:
    """Print one row for each source, what was refused, and what the set holds."""
    table = Table("source", "format", "labels", "sound", "level of theory", box=None)
    for source in sources:
        levels = sorted({_describe(label) for label in source.labels})
        refused = len(source.refused)
        cells = (
            source.name,
            source.format,
            str(len(source.labels)),
            str(max(0, len(source.labels) - refused)),
            " | ".join(levels),
        )
        table.add_row(*[Text(cell, overflow="fold") for cell in cells])
    console.print(table)
    for source in sources:
        for line in _list_reasons(source):
            console.print(f"{source.name}: {line}", highlight=False, markup=False, soft_wrap=True)
    for line in conflicts:
        console.print(
            f"different energy surfaces: {line}", highlight=False, markup=False, soft_wrap=True
        )
    console.print(_summarise(sound), highlight=False, soft_wrap=True)


def as_records(
    sources: Sequence[LabelSource], sound: Sequence[LabelDoc], conflicts: Sequence[str]
) -> dict[str, Any]:
    """Return the same for machines."""
    return {
        "sources": [
            {
                "source": source.name,
                "format": source.format,
                "n_labels": len(source.labels),
                "reason": source.reason,
                "refused": [item.model_dump() for item in source.refused],
            }
            for source in sources
        ],
        "labels": [
            {
                "name": label.name,
                "formula": label.formula,
                "n_atoms": len(label.structure),
                "composition": label.composition,
                "trajectory": label.trajectory,
                "temperature_K": label.temperature_K,
                "kind": label.kind,
                "energy_eV": label.energy_eV,
                "energy_correction_eV": label.energy_correction_eV,
                "max_force_eV_A": label.max_force_eV_A,
                "net_force_eV_A": label.net_force_eV_A,
                "pressure_GPa": label.pressure_GPa,
                "settings_sha256": label.settings_sha256,
                "warnings": label.warnings,
            }
            for label in sound
        ],
        "conflicts": list(conflicts),
    }


def _list_reasons(source: LabelSource) -> list[str]:
    lines = [] if source.reason is None else [source.reason.removeprefix(f"{source.name} ")]
    groups: dict[str, list[str]] = {}
    for item in source.refused:
        groups.setdefault(item.reason, []).append(item.name)
    for reason, names in list(groups.items())[:_SHOWN_REASONS]:
        others = f" and {len(names) - 1} others" if len(names) > 1 else ""
        lines.append(f"{names[0]}{others} refused: {reason}")
    rest = sum(len(names) for names in list(groups.values())[_SHOWN_REASONS:])
    if rest:
        lines.append(f"{rest} more refused for other reasons; --json names them all")
    return lines


def _summarise(sound: Sequence[LabelDoc]) -> str:
    counts = Counter(label.composition for label in sound)
    listed = ", ".join(f"{name} {n}" for name, n in sorted(counts.items()))
    trajectories = len({label.trajectory for label in sound})
    word = "trajectory" if trajectories == 1 else "trajectories"
    text = f"{len(sound)} sound labels of {trajectories} {word}"
    return f"{text}: {listed}" if listed else text


def _describe(label: LabelDoc) -> str:
    return LevelOfTheory.from_settings(label.settings).describe()
