"""Which atoms are the mobile ions."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError

__all__ = ["parse_ion", "parse_sites", "select_ions"]

_ION = re.compile(r"([A-Z][a-z]?)(?:(\d+(?:\.\d+)?)?([+-]))?")
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_STATE_TOLERANCE = 1e-3
_MAX_DIGITS = 9


def select_ions(
    species: Sequence[str],
    ion: str,
    *,
    sites: Sequence[int | str] | None = None,
    oxidation_states: Sequence[float] | None = None,
    labels: Sequence[str] | None = None,
) -> NDArray[np.bool_]:
    """Mark the mobile ions: an element, one of its oxidation states, or some of its sites.

    Parameters
    ----------
    species
        (n_atoms,), element symbols.
    ion
        Element, or element with its oxidation state: Li, Li+, Fe2+.
    sites
        Only these: numbers of atoms from 0, or labels. By default all of the ion.
    oxidation_states
        (n_atoms,), elementary charges; needed for an ion with a charge.
    labels
        (n_atoms,); by default Li1, Li2, ..., O1, ... in the order of the atoms.

    Returns
    -------
    numpy.ndarray
        (n_atoms,), bool.

    Raises
    ------
    InputError
        For an ion that is not there, or sites that are not there or of another ion.

    Examples
    --------
    >>> select_ions(["Li", "Li", "O"], "Li").tolist()
    [True, True, False]
    >>> select_ions(["Li", "Li", "O"], "Li", sites=["Li2"]).tolist()
    [False, True, False]
    """
    symbol, state = parse_ion(ion)
    chosen = np.array([name == symbol for name in species], dtype=np.bool_)
    if not chosen.any():
        raise InputError(
            f"no {symbol} among {len(species)} atoms, which are {_list_names(species)}: give one "
            "of these as the mobile ion"
        )
    if state is not None:
        chosen &= _match_state(ion, state, chosen, oxidation_states)
    if sites is None:
        return chosen
    return _choose_sites(species, sites, ion, chosen, labels)


def parse_ion(text: str) -> tuple[str, float | None]:
    """Read an element with or without its oxidation state.

    Parameters
    ----------
    text
        Such as Li, Li+, O2-.

    Returns
    -------
    tuple
        Element symbol, and oxidation state or None.

    Raises
    ------
    InputError
        For anything else.

    Examples
    --------
    >>> parse_ion("Fe2+"), parse_ion("Li")
    (('Fe', 2.0), ('Li', None))
    """
    match = _ION.fullmatch(text.strip())
    if match is None:
        raise InputError(
            f"ion {text!r} is not understood; give an element with or without its oxidation state, "
            "such as Li, Li+ or O2-"
        )
    symbol, number, sign = match.groups()
    if sign is None:
        return symbol, None
    return symbol, float(number or 1) * (1 if sign == "+" else -1)


def parse_sites(text: str) -> tuple[int | str, ...]:
    """Read a list of sites: numbers from 0, ranges with both ends, and labels.

    Parameters
    ----------
    text
        Separated by commas.

    Returns
    -------
    tuple
        Numbers and labels, for :func:`select_ions`.

    Raises
    ------
    InputError
        For an empty list, or a range that runs backwards.

    Examples
    --------
    >>> parse_sites("0-3, 7, Li12")
    (0, 1, 2, 3, 7, 'Li12')
    """
    sites: list[int | str] = []
    for part in (piece.strip() for piece in text.split(",")):
        match = _RANGE.fullmatch(part)
        if match is None:
            sites.append(part)
            continue
        first, last = match[1], match[2] or match[1]
        if max(len(first), len(last)) > _MAX_DIGITS or int(last) < int(first):
            raise InputError(f"sites {part!r} is no range of atoms; write such as 0-19")
        if int(last) - int(first) > 10_000_000:
            raise InputError(
                f"sites {part!r} names more atoms than any run has; write such as 0-19"
            )
        sites.extend(range(int(first), int(last) + 1))
    if "" in sites:
        raise InputError(f"sites {text!r} holds an empty entry; write such as 0-19,24 or Li1,Li2")
    return tuple(sites)


def _list_names(species: Sequence[str]) -> str:
    names = list(dict.fromkeys(species))
    return ", ".join(names[:10]) + (" and others" if len(names) > 10 else "")


def _match_state(
    ion: str, state: float, chosen: NDArray[np.bool_], states: Sequence[float] | None
) -> NDArray[np.bool_]:
    if states is None:
        raise InputError(
            f"the trajectory has no oxidation states, so that {ion!r} cannot be told apart: give "
            "the element alone, or the sites"
        )
    values = np.asarray(states, dtype=np.float64)
    found = chosen & (np.abs(values - state) < _STATE_TOLERANCE)
    if not found.any():
        held = ", ".join(f"{value:+g}" for value in np.unique(values[chosen]))
        raise InputError(f"no atom is {ion!r}; its oxidation states are {held}: give one of these")
    return found


def _choose_sites(
    species: Sequence[str],
    sites: Sequence[int | str],
    ion: str,
    of_ion: NDArray[np.bool_],
    labels: Sequence[str] | None,
) -> NDArray[np.bool_]:
    by_label: dict[str, list[int]] = {}
    for index, label in enumerate(labels if labels is not None else _number_species(species)):
        by_label.setdefault(label, []).append(index)
    chosen = np.zeros(len(species), dtype=np.bool_)
    for site in sites:
        indices = by_label.get(site, []) if isinstance(site, str) else [site]
        if not indices or not all(0 <= index < len(species) for index in indices):
            raise InputError(
                f"site {site!r} is not there; atoms are numbered from 0 to {len(species) - 1} or "
                f"labelled such as {next(iter(by_label))!r}: correct the sites"
            )
        chosen[indices] = True
    others = np.flatnonzero(chosen & ~of_ion)
    if others.size:
        raise InputError(
            f"site {others[0]} is {species[others[0]]} and not {ion!r}: leave it out of the sites"
        )
    if not chosen.any():
        raise InputError(f"sites is empty; at least one site of {ion!r} is needed: name some")
    return chosen


def _number_species(species: Sequence[str]) -> list[str]:
    """Return Li1, Li2, O1, ... for atoms without labels."""
    counts: dict[str, int] = {}
    labels = []
    for name in species:
        counts[name] = counts.get(name, 0) + 1
        labels.append(f"{name}{counts[name]}")
    return labels
