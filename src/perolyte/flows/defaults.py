"""Child makers that the flows use when none is given."""

from __future__ import annotations

from typing import Any

from atomate2.ase.md import MDEnsemble
from atomate2.forcefields.jobs import ForceFieldRelaxMaker
from atomate2.forcefields.md import ForceFieldMDMaker

from perolyte.potentials import resolve_potential

__all__ = ["build_md_maker", "build_relax_maker"]


def build_relax_maker(
    potential: str = "chgnet",
    *,
    calculator_kwargs: dict[str, Any] | None = None,
    force_limit_eV_A: float = 0.05,
    max_steps: int = 500,
    relax_cell: bool = True,
) -> ForceFieldRelaxMaker:
    """Build atomate2's force-field relaxation with one of perolyte's potentials.

    The optimizer is L-BFGS instead of atomate2's FIRE. The step-by-step structures are not stored.

    Parameters
    ----------
    potential
        A registered name or the import path of an ASE calculator class.
    calculator_kwargs
        Handed unread to the calculator.
    """
    spec = resolve_potential(potential, calculator_kwargs)
    return ForceFieldRelaxMaker(
        name="relax",
        force_field_name=spec.calculator_meta,
        calculator_kwargs=spec.kwargs,
        relax_cell=relax_cell,
        steps=max_steps,
        relax_kwargs={"fmax": force_limit_eV_A},
        optimizer_kwargs={"optimizer": "LBFGS"},
        ionic_step_data=("energy",),
    )


def build_md_maker(
    potential: str = "chgnet", *, calculator_kwargs: dict[str, Any] | None = None
) -> ForceFieldMDMaker:
    """Build atomate2's force-field MD for transport: NVT with a Nosé-Hoover thermostat.

    atomate2's default, Langevin with a friction of 10/ps, slows ions down and so lowers the
    diffusivity; its random numbers cannot be seeded either. Nosé-Hoover with a period of 100 time
    steps does neither. Temperature, lengths and seed are set by
    :class:`~perolyte.flows.conductivity.ConductivityMaker`.
    """
    spec = resolve_potential(potential, calculator_kwargs)
    return ForceFieldMDMaker(
        name="MD",
        force_field_name=spec.calculator_meta,
        calculator_kwargs=spec.kwargs,
        ensemble=MDEnsemble.nvt,
        dynamics="nose-hoover",
        zero_linear_momentum=True,
        ionic_step_data=("energy",),
    )
