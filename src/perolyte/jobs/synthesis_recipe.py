"""A recipe from a composition, and a grain size from the map of its ceramic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from perolyte.errors import InputError
from perolyte.jobs.provenance import make_provenance
from perolyte.schemas import (
    CeramicMaps,
    MaterialMap,
    PowderLine,
    RecipeDoc,
    RecipeLine,
    RecipeSection,
)
from perolyte.synthesis import (
    FiringStep,
    FiringWindow,
    MassBalance,
    TargetComposition,
    balance_powders,
    estimate_lithium_loss,
    find_firing,
    is_lithium_lanthanum_titanate,
    plan_characterisation,
    read_target,
    xray_density_g_cm3,
)
from perolyte.units import NM_PER_UM

__all__ = ["RecipeSettings", "build_recipe"]

_LITHIUM_EXCESS = 0.10
_USUAL_LARGEST_UM = 20.0
_ROOM_K = 300.0
_SHOWN_UM = (1.0, 10.0)


@dataclass(frozen=True)
class RecipeSettings:
    """What a user decides.

    Parameters
    ----------
    mass_g
        Of product, g.
    lithium_excess
        0.1 for 10 %; None for that, where the product holds lithium.
    assay, ignition_loss
        By cation, shares of the powder.
    precursors
        By cation, in place of the usual powders.
    calcination, sintering
        In place of the proposed holds.
    """

    mass_g: float = 10.0
    lithium_excess: float | None = None
    assay: Mapping[str, float] = field(default_factory=dict)
    ignition_loss: Mapping[str, float] = field(default_factory=dict)
    precursors: Mapping[str, str] = field(default_factory=dict)
    calcination: FiringStep | None = None
    sintering: FiringStep | None = None


def build_recipe(
    formula: str,
    settings: RecipeSettings | None = None,
    *,
    volume_A3: float | None = None,
    candidate: str | None = None,
    maps: CeramicMaps | None = None,
    parent_uuids: list[str | None] | None = None,
    warnings: list[str] | None = None,
) -> RecipeDoc:
    """Propose how a composition is made.

    Parameters
    ----------
    formula
        Of the product; a multiple of the formula unit is as good.
    settings
        By default 10 g with 10 % excess of lithium.
    volume_A3
        Å³ of what the formula counts, for the X-ray density.
    candidate
        Name of the material in ``maps``.
    maps
        Over grain size, for a target of it.
    parent_uuids
        Of the documents behind formula and maps.
    warnings
        About them.

    Returns
    -------
    RecipeDoc

    Raises
    ------
    InputError
        As :func:`~perolyte.synthesis.read_target` and
        :func:`~perolyte.synthesis.balance_powders`.

    Examples
    --------
    >>> recipe = build_recipe("Li1/3La5/9TiO3")
    >>> [f"{line.formula} {line.weighed_g:.4f} g" for line in recipe.powders]
    ['Li2CO3 0.7725 g', 'La2O3 5.1613 g', 'TiO2 4.5547 g']
    """
    asked = settings or RecipeSettings()
    target = read_target(formula)
    batch = balance_powders(
        target,
        mass_g=asked.mass_g,
        excess=_choose_excess(target, asked.lithium_excess),
        assay=asked.assay,
        ignition_loss=asked.ignition_loss,
        precursors=asked.precursors,
    )
    density = None
    if volume_A3 is not None:
        density = xray_density_g_cm3(molar_mass_g=target.molar_mass_g, volume_A3=volume_A3)
    window = find_firing(target)
    sections = [
        _describe_weighing(target, batch),
        _describe_firing(target, window, asked),
        _describe_grains(candidate, maps),
        RecipeSection(
            title="Characterisation",
            lines=_describe_density(density)
            + [
                RecipeLine(**asdict(line))
                for line in plan_characterisation(target, density_g_cm3=density)
            ],
        ),
    ]
    advice = "advisory, not a validated procedure: every line says what it rests on"
    return RecipeDoc(
        name=f"recipe {candidate or formula}",
        status="converged",
        warnings=[advice, *batch.warnings, *(warnings or [])],
        provenance=make_provenance(parent_uuids=parent_uuids),
        formula=target.formula,
        candidate=candidate,
        mass_g=asked.mass_g,
        molar_mass_g=target.molar_mass_g,
        powders=[PowderLine(**asdict(powder)) for powder in batch.powders],
        total_weighed_g=batch.total_weighed_g,
        carbon_dioxide_g=batch.carbon_dioxide_g,
        density_g_cm3=density,
        sections=[section for section in sections if section.lines],
    )


def _choose_excess(target: TargetComposition, given: float | None) -> dict[str, float]:
    if given is not None:
        return {"Li": given}
    return {"Li": _LITHIUM_EXCESS} if "Li" in target.amounts else {}


def _describe_weighing(target: TargetComposition, batch: MassBalance) -> RecipeSection:
    lines = [
        RecipeLine(
            text=f"{batch.mass_g:g} g of product are {batch.amount_mmol:.4g} mmol of "
            f"{target.formula} ({target.molar_mass_g:.3f} g/mol); {batch.carbon_dioxide_g:.3f} g "
            "of CO2 leave on firing",
            label="computed",
            source="standard atomic weights, doi 10.1515/pac-2016-0402",
        )
    ]
    rare = [p.formula for p in batch.powders if p.formula in ("La2O3", "Nd2O3", "Pr6O11")]
    if rare:
        lines.append(
            RecipeLine(
                text=f"fire {' and '.join(rare)} at about 900 °C just before weighing, or give "
                "what it loses: in air it turns into hydroxide and carbonate",
                label="empirical rule",
                source="common practice for rare-earth oxides, no single source",
            )
        )
    lithium = next((p for p in batch.powders if p.element == "Li"), None)
    if lithium is not None:
        lines.append(
            RecipeLine(
                text=f"{100 * lithium.excess:g} % excess of lithium; 5 to 15 % are usual, and the "
                "right one depends on atmosphere, bed powder and time",
                label="empirical rule",
                source="common practice for lithium titanates, no single source",
            )
        )
    return RecipeSection(title="Weighing", lines=lines)


def _describe_firing(
    target: TargetComposition, window: FiringWindow, asked: RecipeSettings
) -> RecipeSection:
    holds = {
        "calcination": asked.calcination or window.calcination,
        "sintering": asked.sintering or window.sintering,
    }
    chosen = ", ".join(
        f"{name} {step.temperature_C:g} °C for {step.time_h:g} h" for name, step in holds.items()
    )
    is_own = asked.calcination is not None or asked.sintering is not None
    lines = [
        RecipeLine(
            text=f"schedule of this recipe: {chosen}",
            label="empirical rule" if window.is_known and not is_own else "hypothesis",
            source="as asked for" if is_own else "from the lines below",
        )
    ]
    lines += [RecipeLine(**asdict(line)) for line in window.lines]
    if "Li" in target.amounts:
        lines.append(_describe_loss(target, [*holds.values()]))
    return RecipeSection(title="Firing", lines=lines)


def _describe_loss(target: TargetComposition, steps: list[FiringStep]) -> RecipeLine:
    loss = estimate_lithium_loss(steps)
    lost, excess = (
        f"{100 * middle:.0f} % ({100 * low:.0f} to {100 * high:.0f} %)"
        for middle, low, high in (
            (loss.lost, loss.lost_low, loss.lost_high),
            (loss.excess, loss.excess_low, loss.excess_high),
        )
    )
    return RecipeLine(
        text=f"a first-order loss as large as the largest reported takes {lost} of the lithium at "
        f"these holds, which an excess of {excess} would make up for; cover and bed powder lower "
        "it",
        label="empirical rule" if is_lithium_lanthanum_titanate(target) else "hypothesis",
        source="23 % in 12 h at 1200 °C (doi 10.1007/s10853-012-6650-5); its activation energy of "
        "3 eV and a factor of 3 either way are assumed",
    )


def _describe_density(density_g_cm3: float | None) -> list[RecipeLine]:
    if density_g_cm3 is None:
        return []
    return [
        RecipeLine(
            text=f"X-ray density of the perfect crystal: {density_g_cm3:.2f} g/cm³",
            label="computed",
            source="mass of the formula over the volume of the cell",
        )
    ]


def _describe_grains(candidate: str | None, maps: CeramicMaps | None) -> RecipeSection:
    title = "Grain size"
    if maps is None:
        line = RecipeLine(
            text="no map over grain size: larger grains conduct better where boundaries block; a "
            "campaign with a 'boundaries' section gives a size to aim for",
            label="hypothesis",
            source="series model of grains and boundaries",
        )
        return RecipeSection(title=title, lines=[line])
    found = [material for material in maps.materials if material.name == candidate]
    if not found:
        names = sorted({material.name for material in maps.materials})
        reason = maps.left_out.get(candidate or "")
        raise InputError(
            f"the map holds no {candidate!r}; it holds {', '.join(names) or 'no material'}"
            + (f" ({candidate}: {reason})" if reason else "")
            + ": name one of these"
        )
    lines = [line for material in found for line in _aim_for_grains(maps, material)]
    return RecipeSection(title=title, lines=lines)


def _aim_for_grains(maps: CeramicMaps, material: MaterialMap) -> list[RecipeLine]:
    at = int(np.argmin(np.abs(np.array(maps.temperatures_K) - _ROOM_K)))
    kelvin = maps.temperatures_K[at]
    boundary = next(q for q in material.parameters if q.name.startswith("boundary conductivity"))
    half = material.half_blocking_nm
    middle, low, high = (values[at] / NM_PER_UM for values in (half.value, half.lower, half.upper))
    is_assumed = boundary.label == "assumed" or material.extrapolated[at] is not None
    given = {
        "label": "hypothesis" if is_assumed else "computed",
        "source": f"map over grain size, {maps.model}; boundary {boundary.label}: "
        f"{boundary.source}",
    }
    outside = material.extrapolated[at]
    caveat = "" if outside is None else f"; {outside} outside of the fitted range"
    advice = (
        f"aim above it: {2 * middle:.2g} µm leave a third of the resistance to boundaries"
        if middle <= _USUAL_LARGEST_UM
        else "which usual sintering does not reach: aim for the largest grains without abnormal "
        "growth"
    )
    lines = [
        RecipeLine(
            text=f"{material.boundary}: bulk and boundaries resist alike at grains of "
            f"{middle:.2g} µm ({low:.2g} to {high:.2g} µm, 95 %) at {kelvin:g} K; {advice}{caveat}",
            **given,  # type: ignore[arg-type]
        )
    ]
    total, alpha = material.total_S_cm, material.blocking_factor
    sizes_um = np.array(maps.grain_sizes_nm) / NM_PER_UM
    for size_um in _SHOWN_UM:
        if not sizes_um[0] <= size_um <= sizes_um[-1]:
            continue

        def read(rows: list[list[float]], size_um: float = size_um) -> float:
            logs = np.log([row[at] for row in rows])
            return float(np.exp(np.interp(np.log(size_um), np.log(sizes_um), logs)))

        lines.append(
            RecipeLine(
                text=f"{material.boundary}: at {size_um:g} µm and {kelvin:g} K expect "
                f"{read(total.value):.1e} S/cm ({read(total.lower):.0e} to "
                f"{read(total.upper):.0e}) with a blocking factor of {read(alpha.value):.2f}"
                f"{caveat}",
                **given,  # type: ignore[arg-type]
            )
        )
    lines.append(
        RecipeLine(
            text=f"{material.boundary}: at {kelvin:g} K the arcs have their tops at "
            f"{material.bulk_peak_Hz.value[at]:.1e} Hz (bulk) and "
            f"{material.boundary_peak_Hz.value[at]:.1e} Hz (boundary)"
            + (
                "; cool the sample to see the bulk arc below 10 MHz"
                if material.bulk_peak_Hz.value[at] > 1e7
                else ""
            )
            + caveat,
            **given,  # type: ignore[arg-type]
        )
    )
    return lines
