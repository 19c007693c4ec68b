"""The answer of a campaign in a few sentences."""

from __future__ import annotations

from typing import Final

from perolyte.reports.selection import (
    candidates_with_md,
    describe_status,
    find_target_temperature,
    resolved_fit,
    resolved_room,
    short_reason,
)
from perolyte.reports.text import finite_or_none, format_energy, format_interval, format_with_error
from perolyte.schemas import ResultRow, ScreeningSummaryDoc

__all__ = ["write_headline"]

_N_NAMES: Final = 4


def write_headline(summary: ScreeningSummaryDoc) -> list[str]:
    """Say what is resolved, what is not and why.

    Parameters
    ----------
    summary
        Of one campaign.

    Returns
    -------
    list of str
        Sentences: the answer first, then what is not resolved, then what else is known.
    """
    rows = sorted(summary.candidates, key=lambda row: row.rank)
    resolved = [row for row in rows if resolved_room(row)]
    resolved.sort(key=_conductivity, reverse=True)
    unresolved = [row for row in candidates_with_md(summary) if row not in resolved]
    target = f"{find_target_temperature(summary):g} K"
    if not candidates_with_md(summary):
        sentences = ["No conductivity was calculated: no molecular dynamics was run."]
    elif not resolved:
        sentences = [f"No conductivity at {target} is resolved, and none is extrapolated."]
    else:
        sentences = _state_best(resolved, target)
    sentences += _state_unresolved(unresolved)
    sentences += _state_energies(rows)
    return sentences


def _conductivity(row: ResultRow) -> float:
    room = resolved_room(row)
    return room.conductivity_S_cm if room else 0.0


def _state_best(resolved: list[ResultRow], target: str) -> list[str]:
    best, fit, room = resolved[0], resolved_fit(resolved[0]), resolved_room(resolved[0])
    if room is None:
        return []
    sigma = format_interval(room.conductivity_S_cm, room.lower_S_cm, room.upper_S_cm)
    claim = (
        f"{best.name} conducts best of {len(resolved)} resolved candidates"
        if len(resolved) > 1
        else f"{best.name} is the only candidate with a resolved conductivity"
    )
    sentence = f"{claim}: σ({target}) = {sigma} S/cm with its 95 % interval"
    if fit is not None:
        energy = format_with_error(fit.activation_energy_eV, fit.activation_energy_std_eV)
        sentence += (
            f", extrapolated from {fit.temperature_min_K:g}–{fit.temperature_max_K:g} K with an "
            f"activation energy of {energy} eV"
        )
    sentences = [sentence + "."]
    rivals = [row.name for row in resolved[1:] if _reaches(row, room.lower_S_cm)]
    if rivals:
        sentences.append(
            f"Its interval overlaps with that of {_join(rivals)}, so that their order is not "
            "settled."
        )
    return sentences


def _reaches(row: ResultRow, lower_S_cm: float) -> bool:
    room = resolved_room(row)
    return room is not None and room.upper_S_cm >= lower_S_cm


def _state_unresolved(rows: list[ResultRow]) -> list[str]:
    if not rows:
        return []
    names = _join([f"{row.name} ({describe_status(row)})" for row in rows])
    sentence = f"Not resolved: {names}."
    reason = short_reason(rows[0])
    return [sentence, f"{rows[0].name}: {reason}."] if reason else [sentence]


def _state_energies(rows: list[ResultRow]) -> list[str]:
    failed = [row.name for row in rows if row.relax_status != "converged"]
    known = [
        (energy, row.name)
        for row in rows
        if row.kind == "doping"
        and (energy := finite_or_none(row.reaction_energy_eV_per_dopant)) is not None
    ]
    sentences = []
    if known:
        energy, name = min(known)
        sentences.append(
            f"{name} has the lowest reaction energy of {len(known)} "
            f"doping{'s' if len(known) > 1 else ''} ({format_energy(energy)} eV per dopant), which "
            "says nothing about conduction."
        )
    if failed:
        sentences.append(f"The relaxation gave no usable structure for {_join(failed)}.")
    return sentences


def _join(names: list[str]) -> str:
    more = len(names) - _N_NAMES
    tail = f" and {more} more" if more > 0 else ""
    return ", ".join(names[:_N_NAMES]) + tail
