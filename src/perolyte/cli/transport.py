"""``perolyte transport``: trajectories in, diffusivities and conductivities out."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from perolyte.cli.outputs import make_console
from perolyte.cli.transport_files import check_folder, write_transport
from perolyte.cli.transport_paths import (
    FoundPaths,
    PathsReport,
    add_paths,
    analyse_run_paths,
    write_paths,
)
from perolyte.cli.transport_paths_table import print_paths
from perolyte.cli.transport_records import TransportReport, format_json
from perolyte.cli.transport_table import print_report
from perolyte.errors import InputError, StoreError
from perolyte.structures.cif import read_structure
from perolyte.trajectories import RunTransport, analyse_run, open_trajectory
from perolyte.transport import ArrheniusResult, fit_arrhenius
from perolyte.transport.checks import check_positive
from perolyte.transport.selection import parse_ion, parse_sites

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = ["TransportOptions", "analyse_files"]

_USUAL_CHARGES = dict.fromkeys(("H", "Li", "Na", "K", "Rb", "Cs", "Ag"), 1.0)
_USUAL_CHARGES |= dict.fromkeys(("Mg", "Ca", "Sr", "Ba", "Zn"), 2.0)
_USUAL_CHARGES |= dict.fromkeys(("F", "Cl", "Br", "I"), -1.0) | {"O": -2.0}
_TYPE = re.compile(r"\s*(\d{1,6})\s*=\s*([A-Za-z]+)\s*")


@dataclass(frozen=True)
class TransportOptions:
    """Options of the command, as the command line gives them."""

    ion: str
    temperatures_K: tuple[float, ...] = ()
    charge: float | None = None
    time_step_fs: float | None = None
    frame_interval_fs: float | None = None
    skip_ps: float = 0.0
    hop_distance_A: float = 3.0
    sites: str | None = None
    species: str | None = None
    file_format: str | None = None
    keep_drift: bool = False
    drop_cut_frame: bool = False
    extrapolate_to_K: float = 300.0
    paths: bool = False
    crystal: Path | None = None


def analyse_files(
    paths: Sequence[Path], options: TransportOptions, *, output: Path | None, as_json: bool
) -> None:
    """Analyse each file, fit the temperatures, print and write.

    Raises
    ------
    InputError
        For options that do not fit, or files that cannot be analysed; with several files after
        the others are shown.
    StoreError
        When the output cannot be written.
    """
    temperatures = _spread_temperatures(options.temperatures_K, len(paths))
    charge = _find_charge(options)
    check_positive(
        [options.hop_distance_A], name="--hop-distance", unit="Å", hint="give the site distance"
    )
    check_positive(
        [options.extrapolate_to_K], name="--extrapolate-to", unit="K", hint="give kelvin"
    )
    crystal = _read_crystal(options)
    if output is not None:
        check_folder(output)
    runs: list[RunTransport | tuple[Path, str]] = []
    notes = Console(stderr=True)
    for path, temperature_K in zip(paths, temperatures, strict=True):
        try:
            with notes.status(f"reading {path.name}"):
                runs.append(_analyse(path, temperature_K, charge, options))
        except InputError as err:
            if len(paths) == 1:
                raise
            runs.append((path, " ".join(str(err).split())))
    arrhenius = _fit([run for run in runs if isinstance(run, RunTransport)])
    report = TransportReport(
        ion=options.ion,
        charge=charge,
        hop_distance_A=options.hop_distance_A,
        runs=tuple(runs),
        arrhenius=arrhenius,
        extrapolate_to_K=options.extrapolate_to_K,
    )
    found = _find_paths(report, options, crystal, notes)
    written = [] if output is None else write_transport(report, output)
    of_paths = [] if output is None else write_paths(found, output)
    _show(report, written, found, of_paths, as_json=as_json)
    n_bad = len(report.rejected) + len(found.failed)
    if n_bad:
        raise InputError(
            f"{n_bad} of {len(paths)} files could not be analysed; their rows say why: correct "
            "them and give the same command again"
        )


def _read_crystal(options: TransportOptions) -> Structure | None:
    if options.crystal is None:
        return None
    if not options.paths:
        raise InputError(
            "--crystal gives the sites of --paths, which is not given: give both or neither"
        )
    return read_structure(options.crystal).structure


def _find_paths(
    report: TransportReport, options: TransportOptions, crystal: Structure | None, notes: Console
) -> PathsReport:
    found: list[FoundPaths] = []
    failed: list[tuple[Path, str]] = []
    for run in report.analysed if options.paths else ():
        path = run.mobile.source.path
        try:
            with notes.status(f"following the ions of {path.name}"):
                found.append(
                    analyse_run_paths(
                        run,
                        options.ion,
                        sites=None if options.sites is None else parse_sites(options.sites),
                        skip_ps=options.skip_ps,
                        keep_drift=options.keep_drift,
                        crystal=crystal,
                    )
                )
        except InputError as err:
            if len(report.runs) == 1:
                raise
            failed.append((path, " ".join(str(err).split())))
    return PathsReport(tuple(found), tuple(failed))


def _show(
    report: TransportReport,
    written: Sequence[Path],
    found: PathsReport,
    of_paths: Sequence[Path],
    *,
    as_json: bool,
) -> None:
    try:
        if as_json:
            text = format_json(report)
            sys.stdout.write(add_paths(text, found) if found else text)
            sys.stdout.flush()
        else:
            console = make_console()
            print_report(console, report, written)
            if found:
                print_paths(console, found, of_paths)
    except BrokenPipeError:  # whoever reads has seen enough
        raise
    except OSError as err:
        raise StoreError(f"cannot print the results ({err.strerror}); free some space") from err


def _analyse(
    path: Path, temperature_K: float | None, charge: float, options: TransportOptions
) -> RunTransport:
    source = open_trajectory(
        path,
        format=options.file_format,
        time_step_fs=options.time_step_fs,
        frame_interval_fs=options.frame_interval_fs,
        species_of_type=_parse_types(options.species),
        drop_cut_frame=options.drop_cut_frame,
    )
    return analyse_run(
        source,
        options.ion,
        charge=charge,
        hop_distance_A=options.hop_distance_A,
        temperature_K=temperature_K,
        sites=None if options.sites is None else parse_sites(options.sites),
        skip_ps=options.skip_ps,
        keep_drift=options.keep_drift,
    )


def _fit(runs: Sequence[RunTransport]) -> ArrheniusResult | None:
    """Fit the Nernst-Einstein conductivities of the runs that converged, against all bounds."""
    points, bounds = [], []
    for run in runs:
        fit = run.diffusivity
        sigma = run.to_conductivity(fit.diffusivity_cm2_s)
        bound = run.to_conductivity(fit.diffusivity_upper_bound_cm2_s)
        if sigma is not None and fit.relative_error is not None:
            points.append((run.temperature_K, sigma, fit.relative_error))
        elif bound is not None:
            bounds.append((run.temperature_K, bound))
    if len({run.temperature_K for run in runs}) < 2 or not points:
        return None
    temperatures_K, conductivities_S_cm, relative_errors = zip(*points, strict=True)
    return fit_arrhenius(
        temperatures_K, conductivities_S_cm, relative_errors, upper_bounds=bounds or None
    )


def _spread_temperatures(given_K: tuple[float, ...], n_files: int) -> list[float | None]:
    if len(given_K) not in {0, 1, n_files}:
        raise InputError(
            f"--temperature is given {len(given_K)} times for {n_files} files; give it once, or "
            "once for each file in their order"
        )
    return [*(given_K or (None,))] * (n_files if len(given_K) < 2 else 1)


def _find_charge(options: TransportOptions) -> float:
    """Return the charge as given, as the name of the ion says, or the usual one."""
    element, state = parse_ion(options.ion)
    if options.charge is not None:
        return options.charge
    usual = _USUAL_CHARGES.get(element) if state is None else state
    if usual is None:
        raise InputError(
            f"the charge of {options.ion!r} is not known: give it in elementary charges, e.g. "
            "--charge 1"
        )
    return usual


def _parse_types(text: str | None) -> dict[int, str]:
    if text is None:
        return {}
    matches = [_TYPE.fullmatch(part) for part in text.split(",")]
    types = {int(match[1]): match[2] for match in matches if match is not None}
    if None in matches or len(types) < len(matches):
        raise InputError(f"--species {text!r} is not understood; write e.g. --species 1=Li,2=O")
    return types
