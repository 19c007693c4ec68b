"""Build the document of one structure, or of the reason why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from perolyte import __version__
from perolyte.errors import InputError
from perolyte.schemas import Provenance, StructureDoc
from perolyte.schemas.structure import (
    CellDescription,
    PerovskiteDescription,
    SpaceGroupDescription,
    ToleranceDescription,
)
from perolyte.sources.space_group import find_space_group

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from perolyte.sources.base import LoadedStructure
    from perolyte.structures import PerovskiteResult, ToleranceFactors

__all__ = ["build_structure_document", "reject_structure"]


def build_structure_document(
    loaded: LoadedStructure, name: str, *, keep_structure: bool = True
) -> StructureDoc:
    """Describe and classify a structure.

    Parameters
    ----------
    loaded : LoadedStructure
        As a source loads it.
    name : str
        How the document is called.
    keep_structure : bool
        Put the structure itself into the document.

    Returns
    -------
    StructureDoc
        ``row_status`` is "warning" as soon as there is one warning.
    """
    from perolyte.structures import classify_perovskite, guess_oxidation_states

    structure = loaded.structure
    warnings = dict.fromkeys(loaded.warnings)
    oxidation = loaded.oxidation or guess_oxidation_states(structure)
    perovskite = None
    try:
        perovskite = _describe_perovskite(classify_perovskite(structure))
    except InputError as error:
        warnings["not_classified", " ".join(str(error).split())] = None
    return StructureDoc(
        name=name,
        status="converged",
        row_status="warning" if warnings else "ok",
        warnings=[text for _, text in warnings],
        warning_codes=[code for code, _ in warnings],
        provenance=Provenance(perolyte_version=__version__, input_hash=loaded.sha256),
        notes=[f"{code}: {text}" for code, text in loaded.notes],
        source=loaded.source,
        source_id=loaded.source_id,
        dois=list(loaded.dois),
        path=loaded.path,
        stated_formula=loaded.stated_formula,
        formula=structure.composition.element_composition.reduced_formula,
        structure=structure if keep_structure else None,
        cell=_describe_cell(structure),
        density_g_cm3=float(structure.density),
        n_sites=len(structure),
        is_disordered=not structure.is_ordered,
        space_group=_describe_space_group(structure),
        oxidation_states=oxidation.states,
        oxidation_method=oxidation.method,
        oxidation_warnings=list(oxidation.warnings),
        perovskite=perovskite,
    )


def reject_structure(
    name: str,
    reason: str,
    *,
    source: str = "file",
    path: str | None = None,
    sha256: str | None = None,
    rejection: Literal["unreadable", "timeout", "crash"] = "unreadable",
) -> StructureDoc:
    """Build the document of something that gave no structure; ``reason`` is one line."""
    return StructureDoc(
        name=name,
        status="rejected",
        row_status="rejected",
        rejection=rejection,
        reasons=[" ".join(reason.split())],
        provenance=Provenance(perolyte_version=__version__, input_hash=sha256),
        source=source,
        path=path,
    )


def _describe_cell(structure: Structure) -> CellDescription:
    a, b, c = structure.lattice.abc
    alpha, beta, gamma = structure.lattice.angles
    return CellDescription(
        a_A=a,
        b_A=b,
        c_A=c,
        alpha_deg=alpha,
        beta_deg=beta,
        gamma_deg=gamma,
        volume_A3=structure.volume,
    )


def _describe_space_group(structure: Structure) -> SpaceGroupDescription | None:
    found = find_space_group(structure)
    if found is None:
        return None
    return SpaceGroupDescription(
        symbol=found.symbol,
        number=found.number,
        symprec_A=found.symprec_A,
        by_symprec={f"{tolerance_A:g}": n for tolerance_A, n in found.by_symprec.items()},
        is_stable=found.is_stable,
    )


def _describe_perovskite(result: PerovskiteResult) -> PerovskiteDescription:
    return PerovskiteDescription(
        is_perovskite=result.is_perovskite,
        family=result.family,
        sites={site: list(elements) for site, elements in result.sites.items()},
        a_occupancy=result.a_occupancy,
        framework_dimension=result.octahedral_network_dimension,
        mobile_ion=result.mobile_ion,
        mobile_ion_dimension=result.mobile_ion_dimension,
        tilt_system=result.tilt_system,
        a_order=result.a_order,
        b_order=result.b_order,
        evidence=list(result.evidence),
        warnings=list(result.warnings),
        tolerance=None if result.tolerance is None else _describe_factors(result.tolerance),
    )


def _describe_factors(factors: ToleranceFactors) -> ToleranceDescription:
    return ToleranceDescription(
        goldschmidt=factors.goldschmidt,
        octahedral=factors.octahedral,
        tau=factors.tau,
        goldschmidt_is_perovskite=factors.goldschmidt_is_perovskite,
        tau_is_perovskite=factors.tau_is_perovskite,
        ions={"A": list(factors.A), "B": list(factors.B), "X": list(factors.X)},
        radii_A=dict(factors.radii_A),
        coordinations=factors.coordinations,
        oxidation_states=dict(factors.oxidation_states),
        oxidation_method=factors.oxidation_method,
        is_extrapolated=factors.is_extrapolated,
        warnings=list(factors.warnings),
    )
