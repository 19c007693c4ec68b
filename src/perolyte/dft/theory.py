"""The level of theory of a label, and the hash by which labels of one level are known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from perolyte.errors import InputError

__all__ = ["UNKNOWN", "LevelOfTheory", "find_conflicts"]

UNKNOWN = "unknown"


@dataclass(frozen=True)
class LevelOfTheory:
    """What decides the energy surface that a label lies on.

    Parameters
    ----------
    engine
        "gpaw", "vasp", the import path of a calculator, or "unknown".
    functional
        As "PBE" or "PBE+U"; None where the source does not say.
    cutoff_eV
        Of the plane waves, eV; None without them or where it is not stated.
    energy_correction
        "MP2020" where energies carry it, else None.
    pseudopotentials
        Name for each element, or the name of a family for all elements under the key "*".
    hubbard_U_eV
        eV, by element; elements without one are left out.
    options
        Of a calculator, where they are all that is known of its level: part of :attr:`sha256`.
    numerics
        k-points, smearing, tolerances and the like. They move a label by much less than the rest,
        so that they are kept, and are not part of :attr:`sha256`.

    Examples
    --------
    >>> coarse = LevelOfTheory("gpaw", "PBE", 400.0)
    >>> coarse.sha256 == LevelOfTheory("gpaw", "PBE", 600.0).sha256
    False
    >>> coarse.sha256 == LevelOfTheory("gpaw", "PBE", 400.0, numerics={"smearing_eV": 0.1}).sha256
    True
    """

    engine: str = UNKNOWN
    functional: str | None = None
    cutoff_eV: float | None = None
    energy_correction: str | None = None
    pseudopotentials: dict[str, str] = field(default_factory=dict)
    hubbard_U_eV: dict[str, float] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    numerics: dict[str, Any] = field(default_factory=dict)

    def as_settings(self) -> dict[str, Any]:
        """Return the fields as a document keeps them."""
        return asdict(self)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> LevelOfTheory:
        """Read them back.

        Raises
        ------
        InputError
            For keys that are none of its fields, or values that cannot be theirs.
        """
        unknown = sorted(set(settings) - set(cls.__dataclass_fields__))
        if unknown:
            raise InputError(
                f"settings of a label have the keys {', '.join(unknown)}; known are "
                f"{', '.join(cls.__dataclass_fields__)}"
            )
        theory = cls(**settings)
        for name, kind in (
            ("engine", str),
            ("functional", str | None),
            ("cutoff_eV", int | float | None),
            ("energy_correction", str | None),
            ("pseudopotentials", dict),
            ("hubbard_U_eV", dict),
            ("options", dict),
            ("numerics", dict),
        ):
            if not isinstance(getattr(theory, name), kind):
                raise InputError(
                    f"settings of a label have {name} = {getattr(theory, name)!r}; correct the file"
                )
        return theory

    @property
    def sha256(self) -> str:
        """Of engine, functional, cutoff, correction and family of pseudopotentials.

        Names that differ from element to element are compared by :func:`find_conflicts`: labels of
        other elements belong to the same set.
        """
        shared = {
            "engine": self.engine,
            "functional": _without_u(self.functional),
            "cutoff_eV": self.cutoff_eV,
            "energy_correction": self.energy_correction,
            "family": self.pseudopotentials.get("*"),
            "options": self.options,
        }
        return hashlib.sha256(json.dumps(shared, sort_keys=True).encode()).hexdigest()

    def describe(self) -> str:
        """Return it in a few words, for messages.

        Examples
        --------
        >>> LevelOfTheory("gpaw", "PBE", 600.0).describe()
        'gpaw, PBE, 600 eV'
        """
        cutoff = "cutoff not stated" if self.cutoff_eV is None else f"{self.cutoff_eV:g} eV"
        words = [self.engine, self.functional or "functional not stated", cutoff]
        if self.energy_correction:
            words.append(f"{self.energy_correction}-corrected")
        if "*" in self.pseudopotentials:
            words.append(self.pseudopotentials["*"])
        return ", ".join(words)


def _without_u(functional: str | None) -> str | None:
    # MP adds U to oxides of some elements only: U is compared element by element
    return functional.removesuffix("+U") if functional else functional


def find_conflicts(theories: Iterable[tuple[str, LevelOfTheory]]) -> list[str]:
    """Say where labels lie on different energy surfaces.

    Parameters
    ----------
    theories
        Name of each label, and its level.

    Returns
    -------
    list of str
        One line for each difference, with a label of each kind; empty where all fit together. A
        Hubbard U on an element in some labels only is allowed where energies carry the MP2020
        correction, which joins the two.

    Examples
    --------
    >>> find_conflicts([("a", LevelOfTheory("gpaw", "PBE", 600.0)),
    ...                 ("b", LevelOfTheory("gpaw", "PBE", 400.0))])
    ["'b' is gpaw, PBE, 400 eV and 'a' gpaw, PBE, 600 eV"]
    """
    first: dict[str, tuple[str, LevelOfTheory]] = {}
    names: dict[str, tuple[str, str]] = {}
    hubbards: dict[str, tuple[str, float]] = {}
    lines: list[str] = []
    for name, theory in theories:
        if first and theory.sha256 not in first:
            other, level = next(iter(first.values()))
            lines.append(f"{name!r} is {theory.describe()} and {other!r} {level.describe()}")
        first.setdefault(theory.sha256, (name, theory))
        for element, used in theory.pseudopotentials.items():
            if element == "*":  # told by the hash
                continue
            other, known = names.setdefault(element, (name, used))
            if known != used:
                lines.append(f"{name!r} has {used!r} for {element} and {other!r} {known!r}")
        if theory.energy_correction is None:
            for element in theory.pseudopotentials:
                u_eV = theory.hubbard_U_eV.get(element, 0.0)
                other, known_eV = hubbards.setdefault(element, (name, u_eV))
                if known_eV != u_eV:
                    lines.append(
                        f"{name!r} has U = {u_eV:g} eV on {element} and {other!r} {known_eV:g} eV"
                    )
    return list(dict.fromkeys(lines))
