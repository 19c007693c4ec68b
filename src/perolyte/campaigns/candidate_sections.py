"""What a campaign file says of the parent and of the candidates made from it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from perolyte.campaigns.fields import Count, Number, OxidationState, Section, Whole

__all__ = ["BvseSpec", "DopantSpec", "DopingSpec", "ParentSpec", "VacancySpec"]

MAX_REPEATS = 100


class ParentSpec(Section):
    """The parent structure, and the ordered cell that is made from it."""

    structure: str = Field(min_length=1, description="CIF or POSCAR; relative to the campaign file")
    supercell: tuple[Whole, Whole, Whole] | Literal["auto"] = Field(
        default=(1, 1, 1), description="auto: the smallest near-cubic cell that the dopings fit"
    )
    max_atoms: Whole = Field(default=600, ge=1, le=10_000, description="of an automatic cell")
    fraction_tolerance: Number = Field(
        default=0.1, ge=0, le=1, description="relative, of the dopant fractions in such a cell"
    )
    composition: dict[str, Count] | None = Field(
        None, description="atoms per supercell on the disordered sites; default: nearest neutral"
    )
    oxidation_states: dict[str, OxidationState] | None = None
    roles: dict[str, list[str] | str] | None = Field(
        default=None,
        min_length=1,
        description="elements of each sublattice, A, B and X in a perovskite; 'mobile' and 'host' "
        "where charges do not tell; default: found from the structure",
    )
    mobile_ion: str
    ordering: Literal["ewald", "monte_carlo", "sqs", "random"] = Field(
        default="ewald", description="how the disordered sites are filled"
    )
    n_cells: Whole = Field(default=1, ge=1, le=100, description="independent ordered cells")
    n_samples: Whole = Field(
        default=200, ge=1, le=100_000, description="arrangements tried where there are too many"
    )
    n_ordering_samples: Whole | None = Field(
        default=None, ge=1, le=1_000_000, description="effort of the ordering; default: its own"
    )
    n_keep: Whole = Field(default=1, ge=1, le=1000, description="of lowest point-charge energy")
    n_random: Whole = Field(default=0, ge=0, le=1000, description="and random ones, per candidate")
    max_enumerated: Whole = Field(
        default=5000, ge=0, le=100_000, description="compare all arrangements up to this number"
    )

    @field_validator("supercell")
    @classmethod
    def _positive(
        cls, value: tuple[int, int, int] | Literal["auto"]
    ) -> tuple[int, int, int] | Literal["auto"]:
        if value == "auto":
            return value
        if min(value) < 1 or max(value) > MAX_REPEATS:
            message = f"use whole numbers from 1 to {MAX_REPEATS}, for example [2, 2, 3]"
            raise ValueError(message)
        return value


class DopantSpec(Section):
    """One element that enters, and how much of it."""

    element: str
    oxidation_state: OxidationState | None = None
    host: str | None = None
    count: Whole | None = Field(default=None, ge=1, description="dopant atoms per supercell")
    fraction: Number | None = Field(default=None, gt=0, le=1)
    basis: Literal["A_sites", "B_sites", "element", "formula_unit"] | None = None

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        if (self.count is None) == (self.fraction is None):
            message = f"{self.element} needs either 'count' or 'fraction' with 'basis', not both"
            raise ValueError(message)
        if self.fraction is not None and self.basis is None:
            message = (
                f"{self.element} has fraction {self.fraction:g} without 'basis'; use A_sites, "
                "B_sites, element or formula_unit"
            )
            raise ValueError(message)
        return self


class DopingSpec(Section):
    """One doping: dopants that enter together, and how their charge is compensated.

    A single dopant may be written without the list: its keys then stand beside ``scheme``.
    """

    dopants: list[DopantSpec] = Field(min_length=1, max_length=6)
    scheme: str = Field(description="a compensation scheme, or 'all'")
    pair: tuple[str, str] | None = Field(
        default=None, description="two defects: the best cell of every distance is kept"
    )

    @model_validator(mode="before")
    @classmethod
    def _single(cls, values: Any) -> Any:
        if not isinstance(values, dict) or "dopants" in values:
            return values
        own = {"scheme", "pair"}
        dopant = {key: value for key, value in values.items() if key not in own}
        return {**{key: values[key] for key in own & set(values)}, "dopants": [dopant]}


class VacancySpec(Section):
    """One vacancy candidate, with the atoms removed along with it to stay neutral."""

    element: str
    count: Whole = Field(default=1, ge=1)
    compensation: dict[str, Count] | Literal["all"] = Field(default_factory=dict)
    interstitials: dict[str, Count] = Field(default_factory=dict)
    pair: tuple[str, str] | None = None


class BvseSpec(Section):
    """Bond valence barriers of every candidate, before anything is relaxed."""

    convention: Literal["softbv", "bvlain"] = "softbv"
    spacing_A: Number = Field(default=0.2, ge=0.05, le=1)
    energy_limit_eV: Number = Field(default=10.0, gt=0, le=100)
    n_best: Whole | None = Field(
        default=None, ge=1, description="dopings of lowest barrier that go on; default: all"
    )
    dimensions: Literal[1, 2, 3] = Field(default=3, description="of the barrier that orders them")
