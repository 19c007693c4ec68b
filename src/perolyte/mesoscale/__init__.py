"""From grains and their boundaries to the conductivity of a polycrystal."""

from typing import TYPE_CHECKING, Any

from perolyte.mesoscale.activation_volume import ActivationVolumeResult, fit_activation_volume
from perolyte.mesoscale.arc_roles import ArcRole, RolesResult, assign_roles
from perolyte.mesoscale.boundary_conversions import (
    apparent_boundary_conductivity,
    arc_frequency_Hz,
    complex_conductivity,
    conductivity_from_resistance,
    specific_boundary_conductivity,
    thickness_ratio_from_capacitances,
)
from perolyte.mesoscale.brick_layer import (
    BrickLayerModel,
    blocking_factor,
    boundary_fraction,
    brick_layer_conductivity,
)
from perolyte.mesoscale.ceramic_circuit import CeramicConstants, ceramic_circuit
from perolyte.mesoscale.ceramic_parameters import CeramicParameters
from perolyte.mesoscale.charged_boundary import (
    ChargedBoundaryResult,
    charged_boundary_conductivity,
)
from perolyte.mesoscale.circuit import Arc, Circuit, ConstantPhaseElement, impedance_spectrum
from perolyte.mesoscale.circuit_choice import CircuitChoiceResult, choose_circuit
from perolyte.mesoscale.conductivity_law import (
    ConductivityLaw,
    LognormalValue,
    law_from_value,
)
from perolyte.mesoscale.effective_media import (
    bruggeman_conductivity,
    hashin_shtrikman_bounds,
    maxwell_garnett_conductivity,
    wiener_bounds,
)
from perolyte.mesoscale.grain_size_map import (
    Band,
    GrainSizeMapResult,
    grain_size_map,
)
from perolyte.mesoscale.screening import debye_length_nm
from perolyte.mesoscale.space_charge import (
    SpaceChargeModel,
    SpaceChargeProfile,
    mott_schottky_potential_V,
    space_charge_profile,
)
from perolyte.mesoscale.space_charge_term import SpaceChargeTerm
from perolyte.mesoscale.spectrum_conductivities import (
    CeramicResult,
    MeasuredValue,
    SampleGeometry,
    derive_conductivities,
)
from perolyte.mesoscale.spectrum_fit import SpectrumFitResult, fit_circuit
from perolyte.mesoscale.stress import (
    activation_energy_shift_eV,
    migration_volume_tensor_A3,
    stress_factor,
    thermal_misfit_stress_GPa,
)

if TYPE_CHECKING:
    from perolyte.mesoscale.microstructure import (
        BoundaryKinetics,
        EffectiveConductivityResult,
        GrainGrowthResult,
        GrainGrowthState,
        GrainMap,
        VoxelConductivity,
        assign_conductivity,
        effective_conductivity,
        generate_polycrystal,
        grain_size_after_schedule,
        measure_grain_sizes,
        simulate_grain_growth,
    )

__all__ = [
    "ActivationVolumeResult",
    "Arc",
    "ArcRole",
    "Band",
    "BoundaryKinetics",
    "BrickLayerModel",
    "CeramicConstants",
    "CeramicParameters",
    "CeramicResult",
    "ChargedBoundaryResult",
    "Circuit",
    "CircuitChoiceResult",
    "ConductivityLaw",
    "ConstantPhaseElement",
    "EffectiveConductivityResult",
    "GrainGrowthResult",
    "GrainGrowthState",
    "GrainMap",
    "GrainSizeMapResult",
    "LognormalValue",
    "MeasuredValue",
    "RolesResult",
    "SampleGeometry",
    "SpaceChargeModel",
    "SpaceChargeProfile",
    "SpaceChargeTerm",
    "SpectrumFitResult",
    "VoxelConductivity",
    "activation_energy_shift_eV",
    "apparent_boundary_conductivity",
    "arc_frequency_Hz",
    "assign_conductivity",
    "assign_roles",
    "blocking_factor",
    "boundary_fraction",
    "brick_layer_conductivity",
    "bruggeman_conductivity",
    "ceramic_circuit",
    "charged_boundary_conductivity",
    "choose_circuit",
    "complex_conductivity",
    "conductivity_from_resistance",
    "debye_length_nm",
    "derive_conductivities",
    "effective_conductivity",
    "fit_activation_volume",
    "fit_circuit",
    "generate_polycrystal",
    "grain_size_after_schedule",
    "grain_size_map",
    "hashin_shtrikman_bounds",
    "impedance_spectrum",
    "law_from_value",
    "maxwell_garnett_conductivity",
    "measure_grain_sizes",
    "migration_volume_tensor_A3",
    "mott_schottky_potential_V",
    "simulate_grain_growth",
    "space_charge_profile",
    "specific_boundary_conductivity",
    "stress_factor",
    "thermal_misfit_stress_GPa",
    "thickness_ratio_from_capacitances",
    "wiener_bounds",
]

_LAZY = frozenset(
    {
        "BoundaryKinetics",
        "EffectiveConductivityResult",
        "GrainGrowthResult",
        "GrainGrowthState",
        "GrainMap",
        "VoxelConductivity",
        "assign_conductivity",
        "effective_conductivity",
        "generate_polycrystal",
        "grain_size_after_schedule",
        "measure_grain_sizes",
        "simulate_grain_growth",
    }
)


def __getattr__(name: str) -> Any:
    """Import what needs compiled code when it is first asked for."""
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module("perolyte.mesoscale.microstructure"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
