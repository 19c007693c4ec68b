"""Electronic-structure codes: calculators, settings, checks of what they return.

:class:`GpawCalculator` and :func:`build_vasp_static_maker` are the engines of labels,
:func:`check_evaluation` judges what they say, :func:`read_label_files` reads labels from files,
:func:`split_frames` divides a set, :func:`write_extxyz` writes it. The makers
(``perolyte.dft.makers``) import atomate2 and are imported from there.
"""

from __future__ import annotations

from typing import Any

_PLACES = {
    "Evaluation": "evaluation",
    "FrameGroup": "labels",
    "GpawCalculator": "gpaw",
    "GpawSettings": "gpaw",
    "LabelVerdict": "checks",
    "LevelOfTheory": "theory",
    "RawLabel": "labels",
    "ReadingChoices": "reading",
    "SplitFrame": "splitting",
    "build_label": "labels",
    "build_vasp_static_maker": "vasp",
    "check_evaluation": "checks",
    "check_gpaw": "gpaw",
    "count_kpoints": "gpaw",
    "evaluate_structure": "evaluation",
    "find_conflicts": "theory",
    "find_duplicates": "duplicates",
    "find_mp2020_correction_eV": "compatibility",
    "list_label_files": "reading",
    "read_extxyz": "extxyz",
    "read_label_files": "reading",
    "read_task": "tasks",
    "read_vasprun": "vasprun",
    "split_frames": "splitting",
    "write_extxyz": "extxyz",
}

__all__ = [
    "Evaluation",
    "FrameGroup",
    "GpawCalculator",
    "GpawSettings",
    "LabelVerdict",
    "LevelOfTheory",
    "RawLabel",
    "ReadingChoices",
    "SplitFrame",
    "build_label",
    "build_vasp_static_maker",
    "check_evaluation",
    "check_gpaw",
    "count_kpoints",
    "evaluate_structure",
    "find_conflicts",
    "find_duplicates",
    "find_mp2020_correction_eV",
    "list_label_files",
    "read_extxyz",
    "read_label_files",
    "read_task",
    "read_vasprun",
    "split_frames",
    "write_extxyz",
]


def __getattr__(name: str) -> Any:
    """Import each part when it is first asked for: documents and ASE take their time."""
    if name in _PLACES:
        from importlib import import_module

        return getattr(import_module(f"perolyte.dft.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
