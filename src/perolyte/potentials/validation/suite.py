"""All checks of a potential, one after the other; one that fails does not stop the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from perolyte.errors import InputError, PerolyteError
from perolyte.potentials.batch import BrokenSystemError
from perolyte.potentials.validation.barrier import BandSettings
from perolyte.potentials.validation.conservation import DynamicsSettings, check_conservation
from perolyte.potentials.validation.elasticity import check_elasticity
from perolyte.potentials.validation.equation_of_state import check_equation_of_state
from perolyte.potentials.validation.hops import (
    LITHIUM_HOP,
    OXYGEN_HOP,
    check_lithium_hop,
    check_oxygen_hop,
    relax_llto,
)
from perolyte.potentials.validation.lattice import check_lattice
from perolyte.potentials.validation.names import CHECKS
from perolyte.potentials.validation.references import (
    SRTIO3_BULK_MODULUS_GPA,
    SRTIO3_ELASTIC_GPA,
    SRTIO3_LENGTH_A,
    SRTIO3_LENGTH_SOURCE,
    ReferenceCrystal,
    build_perovskite,
    reference_crystals,
)
from perolyte.potentials.validation.result import (
    CheckOutcome,
    Reference,
    judge_check,
    skip_check,
)

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from perolyte.potentials.batch import BatchPotential
    from perolyte.potentials.relaxation_batch import RelaxOutcome
    from perolyte.potentials.validation.labels import LabelledSplit

__all__ = ["SuiteSettings", "run_validation"]

Check = tuple[str, str, Callable[[], CheckOutcome]]
"""Name, subject, and what makes it."""

_REFUSALS: Final = (PerolyteError, ArithmeticError, LookupError, RuntimeError, ValueError)
"""What a potential of any origin raises for what it cannot do."""
_QUICK_CRYSTALS: Final = 1
_QUICK_PS: Final = 0.5


@dataclass(frozen=True)
class SuiteSettings:
    """What is checked and how long.

    Attributes
    ----------
    checks
        Names of :data:`CHECKS`, in any order.
    quick
        Leave out the hops, check the lattice of SrTiO3 alone, and follow dynamics for 0.5 ps.
    seed
        Of first velocities and displacements.
    dynamics, band
        Of the run at constant energy and of the hops.
    """

    checks: tuple[str, ...] = CHECKS
    quick: bool = False
    seed: int = 0
    dynamics: DynamicsSettings = field(default_factory=DynamicsSettings)
    band: BandSettings = field(default_factory=BandSettings)

    def __post_init__(self) -> None:
        unknown = [name for name in self.checks if name not in CHECKS]
        if unknown or not self.checks:
            raise InputError(
                f"checks {list(self.checks)} hold {unknown or 'nothing'}; use some of "
                f"{', '.join(CHECKS)}"
            )


def run_validation(
    potential: BatchPotential,
    settings: SuiteSettings | None = None,
    *,
    splits: Mapping[str, LabelledSplit] | None = None,
    structures: Mapping[str, Structure] | None = None,
    on_start: Callable[[str], None] | None = None,
) -> list[CheckOutcome]:
    """Run the checks, and say of each what it found or why it was not run.

    Parameters
    ----------
    potential
        From :func:`perolyte.potentials.load_potential`, or any other.
    settings
        Default :class:`SuiteSettings`.
    splits
        Labels to compare with, by the name of the split.
    structures
        Ordered cells of the user's, by name: their lattice parameters are compared with
        themselves as given, and their equation of state is told.
    on_start
        Called with what begins now.

    Returns
    -------
    list of CheckOutcome
        In the order of :data:`CHECKS`; those that were not asked for are there, ``"not run"``.
    """
    chosen = settings or SuiteSettings()
    plan = _Plan(potential, chosen, splits or {}, structures or {})
    outcomes = []
    for name, subject, make in plan.list_checks():
        if name not in chosen.checks:
            outcomes.append(skip_check(name, subject, "not asked for"))
            continue
        if on_start is not None:
            on_start(f"{name}: {subject}")
        outcomes.append(_run_one(name, subject, make))
    return outcomes


def _run_one(name: str, subject: str, make: Callable[[], CheckOutcome]) -> CheckOutcome:
    begin = time.perf_counter()
    try:
        outcome = make()
    except _REFUSALS as err:
        reason = " ".join(str(err).split()) or type(err).__name__
        if isinstance(err, BrokenSystemError) or isinstance(err.__cause__, BrokenSystemError):
            outcome = judge_check(name, subject, (), failures=[reason])
        else:
            outcome = skip_check(name, subject, f"it could not be made: {reason}")
    return replace(outcome, name=name, seconds=time.perf_counter() - begin)


@dataclass(frozen=True)
class _Plan:
    potential: BatchPotential
    settings: SuiteSettings
    splits: Mapping[str, LabelledSplit]
    structures: Mapping[str, Structure]

    def list_checks(self) -> Iterator[Check]:
        """Yield every check that there is, cheap ones first."""
        yield from self._list_labels()
        yield from self._list_crystals()
        yield from self._list_hops()
        dynamics = "Li0.125La0.625TiO3" if not self.settings.quick else "SrTiO3"
        yield "conservation", dynamics, self._follow

    def _list_labels(self) -> Iterator[Check]:
        if not self.splits:
            make = partial(skip_check, "labels", "", "no labels were given")
            yield "labels", "labels", make
        for name, split in self.splits.items():
            yield "labels", name, partial(_check_labels, self.potential, split, name)

    def _list_crystals(self) -> Iterator[Check]:
        crystals = reference_crystals()[: _QUICK_CRYSTALS if self.settings.quick else None]
        names = ", ".join(crystal.name for crystal in crystals)
        yield "lattice", names, partial(check_lattice, self.potential, crystals)
        for name, structure in self.structures.items():
            own = [_describe_own(name, structure)]
            yield "lattice", name, partial(check_lattice, self.potential, own)
        cubic = build_perovskite(SRTIO3_LENGTH_A, "Sr", "Ti", "O")
        yield (
            "equation_of_state",
            "SrTiO3",
            partial(
                check_equation_of_state,
                self.potential,
                cubic,
                subject="SrTiO3",
                volume=Reference(SRTIO3_LENGTH_A**3, SRTIO3_LENGTH_SOURCE),
                bulk_modulus=SRTIO3_BULK_MODULUS_GPA,
            ),
        )
        for name, structure in self.structures.items():
            check = partial(check_equation_of_state, self.potential, structure, subject=name)
            yield "equation_of_state", name, check
        constants: Any = {"subject": "SrTiO3", "constants": SRTIO3_ELASTIC_GPA}
        yield (
            "elasticity",
            "SrTiO3",
            partial(check_elasticity, self.potential, cubic, **constants),
        )

    def _list_hops(self) -> Iterator[Check]:
        hops = (
            ("lithium_hop", LITHIUM_HOP, self._hop_lithium),
            ("oxygen_hop", OXYGEN_HOP, self._hop_oxygen),
        )
        for name, subject, make in hops:
            if self.settings.quick:
                reason = "left out of a quick validation"
                yield name, subject, partial(skip_check, name, subject, reason)
            else:
                yield name, subject, make

    @cached_property
    def _llto(self) -> RelaxOutcome:
        return relax_llto(self.potential, seed=self.settings.seed)

    def _hop_lithium(self) -> CheckOutcome:
        return check_lithium_hop(self.potential, self._llto, settings=self.settings.band)

    def _hop_oxygen(self) -> CheckOutcome:
        return check_oxygen_hop(self.potential, settings=self.settings.band)

    def _follow(self) -> CheckOutcome:
        dynamics = replace(self.settings.dynamics, seed=self.settings.seed)
        if self.settings.quick:
            cubic = build_perovskite(SRTIO3_LENGTH_A, "Sr", "Ti", "O") * (2, 2, 2)
            dynamics = replace(dynamics, time_ps=min(dynamics.time_ps, _QUICK_PS))
            return check_conservation(
                self.potential, cubic, subject="SrTiO3", mobile_ion="O", settings=dynamics
            )
        cell: Any = self._llto.structure
        return check_conservation(
            self.potential,
            cell,
            subject="Li0.125La0.625TiO3",
            mobile_ion="Li",
            settings=dynamics,
        )


def _check_labels(potential: BatchPotential, split: LabelledSplit, name: str) -> CheckOutcome:
    from perolyte.potentials.validation.labels import check_labels

    return check_labels(potential, split, name=name)


def _describe_own(name: str, structure: Structure) -> ReferenceCrystal:
    lengths = dict(zip("abc", structure.lattice.abc, strict=True))
    return ReferenceCrystal(name, structure.copy, lengths, "the structure as it was given")
