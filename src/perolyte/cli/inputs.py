"""``perolyte inputs``: the inputs of a whole campaign in folders, and nothing is run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer
from pymatgen.core import Structure

from perolyte.cli.inputs_folder import InputsFolder
from perolyte.cli.interruption import CommandInterruptedError
from perolyte.dft.input_files import INPUT_KINDS, InputKind, InputSettings, make_input_files
from perolyte.errors import InputError
from perolyte.potentials import resolve_potential

__all__ = ["InputsOptions", "write_inputs"]

_CAMPAIGN_SUFFIXES = (".yaml", ".yml")
_USUAL_TEMPERATURE_K = 1000.0


@dataclass(frozen=True)
class InputsOptions:
    """Options of the command; None and empty where they were not given."""

    output: Path
    kinds: tuple[str, ...]
    engine: str | None
    settings: str | None
    temperatures_K: tuple[float, ...]
    mobile_ion: str | None
    production_ps: float | None
    as_json: bool


@dataclass(frozen=True)
class _Plan:
    """Named structures, and what is asked for them."""

    structures: list[tuple[str, Structure]]
    asked: InputSettings
    temperatures_K: list[float]


def write_inputs(paths: Sequence[Path], options: InputsOptions) -> None:
    """Write the inputs of a campaign or of structures.

    Raises
    ------
    InputError
        For options that do not fit, files that cannot be read, and a directory with other data.
    StoreError
        Where it cannot be written.
    CommandInterruptedError
        After Ctrl-C; the same command goes on.
    """
    wrong = [kind for kind in options.kinds if kind not in INPUT_KINDS]
    if wrong:
        raise InputError(f"--kind {wrong[0]!r} is not known; use {', '.join(INPUT_KINDS)}")
    is_campaign = [path.suffix.lower() in _CAMPAIGN_SUFFIXES for path in paths]
    if any(is_campaign) and len(paths) > 1:
        raise InputError(
            f"{paths[is_campaign.index(True)]} is a campaign file beside {len(paths) - 1} other "
            "paths; give one campaign, or structures only"
        )
    plan = _plan_campaign(paths[0]) if is_campaign[0] else _plan_files(paths)
    plan = _apply(plan, options)
    kinds = [kind for kind in INPUT_KINDS if not options.kinds or kind in options.kinds]
    _check(plan, kinds)
    with InputsFolder(options.output) as folder:
        try:
            for name, files in _make_all(plan, kinds):
                folder.add(name, files)
        except KeyboardInterrupt:
            raise CommandInterruptedError(
                f"interrupted after {folder.n_seen} folders in {options.output}; the same command "
                "goes on"
            ) from None
        manifest = folder.finish(plan.asked.engine, kinds)
    if options.as_json:
        typer.echo(json.dumps(manifest))
        return
    calculations = f"{len(manifest['calculations'])} calculations of {plan.asked.engine}"
    typer.echo(
        f"{calculations} in {options.output}: {folder.n_written} written, "
        f"{folder.n_seen - folder.n_written} as they were; see {options.output / folder.MANIFEST}"
    )


def _check(plan: _Plan, kinds: Sequence[str]) -> None:
    """Refuse what can be known before anything is written."""
    cold = [T for T in plan.temperatures_K if not T > 0]
    if cold:
        raise InputError(f"--temperature is {cold[0]:g} K; give more than 0")
    ion = plan.asked.mobile_ion
    for name, structure in plan.structures:
        if not structure.is_ordered:
            raise InputError(
                f"{name} has partly occupied sites; order it first, with 'perolyte dope' or a "
                "campaign"
            )
        elements = sorted({element.symbol for element in structure.composition.elements})
        if "aimd" in kinds and ion not in elements:
            raise InputError(
                f"{name} holds no {ion}, only {', '.join(elements)}; name the mobile ion with "
                "--ion, or leave aimd out with --kind"
            )


def _make_all(plan: _Plan, kinds: Sequence[InputKind]) -> Iterator[tuple[str, dict[str, str]]]:
    for name, structure in plan.structures:
        for kind in kinds:
            if kind == "aimd":
                for T in plan.temperatures_K:
                    files = make_input_files(structure, kind, plan.asked, temperature_K=T)
                    yield f"{kind}/{name}/{T:g}K", files
            else:
                yield f"{kind}/{name}", make_input_files(structure, kind, plan.asked)


def _apply(plan: _Plan, options: InputsOptions) -> _Plan:
    """Let the options stand above what the campaign says."""
    changes: dict[str, Any] = {}
    if options.engine is not None and options.engine != plan.asked.engine:
        changes |= {"engine": options.engine, "settings": {}}  # those of another engine
    if options.settings is not None:
        changes["settings"] = _parse_settings(options.settings)
    if options.mobile_ion is not None:
        changes["mobile_ion"] = options.mobile_ion
    if options.production_ps is not None:
        if not options.production_ps > 0:
            raise InputError(f"--production is {options.production_ps} ps; give more than 0")
        changes["production_ps"] = options.production_ps
    asked = replace(plan.asked, **changes)
    if asked.engine not in ("vasp", "gpaw"):
        resolve_potential(asked.calculator, asked.settings)
    temperatures = list(options.temperatures_K) or plan.temperatures_K
    return _Plan(plan.structures, asked, temperatures)


def _parse_settings(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as err:
        raise InputError(f'--settings is no JSON ({err}); write {{"name": value}}') from err
    if not isinstance(found, dict):
        raise InputError(f'--settings is {text}; write a JSON object, {{"name": value}}')
    return found


def _plan_campaign(path: Path) -> _Plan:
    from perolyte.campaigns import load_campaign

    campaign = load_campaign(path)
    spec, found = campaign.spec, campaign.preview()
    section, aimd = spec.conductivity, spec.aimd
    lengths: dict[str, Any] = {}
    if section is not None:
        lengths = {
            "time_step_fs": section.time_step_fs,
            "frame_interval_fs": section.frame_interval_fs,
            "equilibration_ps": section.equilibration_ps,
            "production_ps": section.production_ps,
        }
    asked = InputSettings(
        engine=aimd.engine if aimd is not None else "vasp",
        settings=dict(aimd.settings) if aimd is not None else {},
        mobile_ion=spec.parent.mobile_ion,
        hop_distance_A=found.hop_distance_A,
        seed=spec.seed,
        **lengths,
    )
    structures = [(doc.name, doc.structure) for doc in found.candidates]
    temperatures = section.temperatures_K if section is not None else [_USUAL_TEMPERATURE_K]
    return _Plan(_name_all(structures), asked, list(temperatures))


def _plan_files(paths: Sequence[Path]) -> _Plan:
    from perolyte.sources import list_structure_files
    from perolyte.structures import read_structure

    files = list_structure_files(paths)
    if not files:
        raise InputError(f"no CIF or POSCAR file in {', '.join(map(str, paths))}; check the path")
    structures = [(file.stem, read_structure(file).structure) for file in files]
    return _Plan(_name_all(structures), InputSettings(), [_USUAL_TEMPERATURE_K])


def _name_all(structures: list[tuple[str, Structure]]) -> list[tuple[str, Structure]]:
    """Give each structure a folder name of its own."""
    from perolyte.cli.bvse_files import name_stems

    stems = name_stems([Path(name) for name, _ in structures])
    return [(stem, structure) for stem, (_, structure) in zip(stems, structures, strict=True)]
