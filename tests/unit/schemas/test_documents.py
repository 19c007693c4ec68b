"""Every document survives the store, and refuses what it does not know."""

from __future__ import annotations

import json
from typing import Any

import bson
import numpy as np
import pytest
from monty.json import MontyDecoder, MontyEncoder, jsanitize
from pydantic import BaseModel, ValidationError

import perolyte.schemas
from perolyte.jobs import build_recipe
from perolyte.schemas import (
    ArcDescription,
    ArrangementDescription,
    ArrheniusFit,
    BindingEnergy,
    BoundaryCellDescription,
    BoundaryEnergy,
    BoundaryProfile,
    BoundaryScreenDoc,
    BoundarySetDoc,
    BoundaryValue,
    BvseDoc,
    BvseSetDoc,
    BvseSettings,
    CellDescription,
    ChargeTransport,
    CheckDescription,
    CheckNumber,
    CircuitDescription,
    CircuitParameter,
    ConductivityDoc,
    ConductivityPoint,
    CooperationDescription,
    CorrelationDescription,
    Document,
    DopantDescription,
    DopingDescription,
    FrameErrorsDescription,
    FreeEnergyDescription,
    GivenSpaceCharge,
    GrainBoundaryDoc,
    GrainMapDescription,
    GrainSizeDescription,
    GrainSizeMap,
    HopDescription,
    ImpedanceDoc,
    IonDensity,
    IonPathsDoc,
    JumpDescription,
    KramersKronigDescription,
    LabelConvergenceDoc,
    LabelDifference,
    MeanCellDescription,
    MeasuredQuantity,
    MicrostructureDoc,
    MicrostructureSettings,
    NonGaussianDescription,
    PairDescription,
    PercolationDescription,
    PerovskiteDescription,
    PotentialDoc,
    PotentialProvenance,
    Provenance,
    Quantity,
    RadialDistributionDescription,
    RankedCandidate,
    RankingDoc,
    ReferenceShiftsDescription,
    RefusedLabel,
    RegimeChange,
    RegimeSegment,
    ResultRow,
    RoomTemperatureConductivity,
    RunFile,
    SampleDescription,
    ScreeningSummaryDoc,
    SegregationDescription,
    SegregationSite,
    SimulatedBoundary,
    SiteDescription,
    SiteKindDescription,
    SpaceGroupDescription,
    StructureDoc,
    StructureSetDoc,
    TensorBounds,
    ToleranceDescription,
    TrainingEpoch,
    TrajectoryDoc,
    TrajectorySetDoc,
    ValidationDoc,
    VanHoveDescription,
    VogelFit,
)
from support.ceramics import make_map_document, make_settings
from support.documents import (
    PROVENANCE,
    make_candidate,
    make_candidate_set,
    make_conductivity,
    make_diffusion,
    make_oxide,
    make_relaxed,
    make_structure,
)
from support.learning_documents import (
    CALIBRATION,
    DIFFUSIVITY,
    SELECTED,
    make_exploration,
    make_loop_document,
    make_round,
    make_run,
)
from support.made_labels import make_label, make_training_set

POTENTIAL = PotentialProvenance(
    name="CHGNet", version="0.3.0", weights_sha256="ab", dtype="float32", device="cpu"
)
FULL_PROVENANCE = Provenance(
    perolyte_version="1",
    created_at=PROVENANCE.created_at,
    seed=3,
    potential=POTENTIAL,
    parent_uuids=["a"],
    input_hash="cd",
)
QUANTITY = Quantity(name="thickness", value=1.0, unit="nm", label="assumed", source="here")
MAP = GrainSizeMap(
    temperature_K=300.0,
    grain_size_nm=[10.0],
    total_S_cm=[1e-5],
    lower_S_cm=[1e-6],
    upper_S_cm=[1e-4],
    blocking_factor=[0.9],
    model="brick layer",
    parameters=[QUANTITY],
)
LINE = ArrheniusFit(
    activation_energy_eV=0.3,
    activation_energy_std_eV=0.02,
    ln_prefactor=10.0,
    covariance=[[1.0, 0.1], [0.1, 0.02]],
    chi2_reduced=None,
    n_points=3,
    temperature_min_K=800.0,
    temperature_max_K=1200.0,
    model_error=0.1,
)
CHARGE = ChargeTransport(
    status="converged",
    diffusivity_cm2_s=2e-5,
    diffusivity_std_cm2_s=4e-6,
    diffusivity_lower_cm2_s=1.3e-5,
    diffusivity_upper_cm2_s=3e-5,
    conductivity_S_cm=0.2,
    conductivity_std_S_cm=0.04,
    relative_error=0.2,
    haven_ratio=0.5,
    haven_ratio_std=0.1,
)
MEAN_CELL = MeanCellDescription(
    cell_A=[[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]],
    cell_error_A=[[0.01] * 3] * 3,
    volume_A3=64.0,
    volume_error_A3=0.3,
    temperature_K=790.0,
    n_samples=40,
)
RUN_FILE = RunFile(name="frames_000000.h5", sha256="ab", n_bytes=3, chunk_data="YWJj")
TRAJECTORY = TrajectoryDoc(
    name="x 800K-1",
    status="converged",
    provenance=PROVENANCE,
    formula="LiF",
    structure=make_structure(Li=1, F=1),
    mobile_ion="Li",
    temperature_K=800.0,
    mean_temperature_K=801.0,
    replica="800K-1",
    replica_seed=3,
    ensemble={"kind": "NVE"},
    time_step_fs=2.0,
    frame_interval_fs=100.0,
    framework_interval=10,
    equilibration_ps=1.0,
    run_length_ps=11.0,
    n_steps=5500,
    n_frames=111,
    md_status="finished",
    stopped_by="target",
    relative_error=0.09,
    mean_cell=MEAN_CELL,
    files=[RUN_FILE],
    computed_on={"device": "cpu"},
)
SEGMENT = RegimeSegment(
    temperature_min_K=800.0,
    temperature_max_K=900.0,
    activation_energy_eV=0.4,
    activation_energy_std_eV=0.02,
    n_points=3,
)
CHANGE = RegimeChange(form="kink", temperature_K=950.0, below=SEGMENT, above=SEGMENT)
VOGEL = VogelFit(
    ln_prefactor=8.0,
    pseudo_energy_eV=0.1,
    pseudo_energy_std_eV=0.01,
    vogel_temperature_K=200.0,
    vogel_temperature_std_K=20.0,
    bic_minus_line=-8.0,
    is_preferred=True,
)
POINT = ConductivityPoint(
    **make_diffusion(1000, 0.1, charge_transport=CHARGE).model_dump(
        include=set(ConductivityPoint.model_fields) - {"diffusion_uuids"}
    ),
    diffusion_uuids=["d"],
)
DOPED = make_candidate("Sr2-S3", "doping", change={"Sr": 2, "La": -1, "Li": -1})
RANKED = RankedCandidate(name="Sr2-S3", relax_uuid="r", reaction_energy_eV=0.5, reaction="x")
CONDUCTIVITY = make_conductivity(
    "Sr2-S3",
    1e-4,
    points=[POINT],
    arrhenius=LINE,
    regime_change=CHANGE,
    vogel=VOGEL,
    charge_arrhenius=LINE,
    grain_size_map=MAP,
    md_settings={"seed": 1},
)
PERCOLATION = PercolationDescription(
    dimensions=3,
    barrier_eV=0.4,
    barrier_from_cell_minimum_eV=0.5,
    bottleneck_frac=(0.0, 0.5, 0.5),
    directions=[(1, 0, 0), (0, 1, 0), (0, 0, 1)],
)
HOP = HopDescription(
    start_frac=(0.0, 0.0, 0.0),
    end_frac=(1.0, 0.0, 0.0),
    forward_eV=0.4,
    reverse_eV=0.4,
    length_A=3.9,
    bottleneck_frac=(0.5, 0.0, 0.0),
    bottleneck_radius_A=0.6,
    n_equivalent=3,
)
BVSE = BvseDoc(
    name="LLTO",
    status="converged",
    provenance=PROVENANCE,
    formula="LiLaTiO3",
    structure=DOPED.structure,
    ion="Li+",
    settings=BvseSettings(),
    percolation=[PERCOLATION],
    percolation_status="percolates",
    hops=[HOP],
)
BOUNDARY_CELL = BoundaryCellDescription(
    name="sigma5_310-ABO-s00-00",
    termination="SrTiO",
    shift_frac=(0.0, 0.2),
    n_equivalent_shifts=2,
    gap_A=0.4,
    separation_A=37.0,
    area_A2=48.0,
    n_removed={"X": 2},
    charge_before_e=4,
    mobile_ions_added=-4,
    excess={"Li": -4, "O": -2},
    min_distance_A=1.7,
    formula="LiF",
    structure=make_structure(Li=1, F=1),
)
BOUNDARY_ENERGY = BoundaryEnergy(
    name=BOUNDARY_CELL.name,
    stage="relaxed",
    energy_J_m2=1.1,
    cell_energy_eV=-500.0,
    max_force_eV_A=0.04,
    is_converged=True,
)
RESISTANCE = BoundaryValue(status="converged", value=1e-5, error=2e-6)
SEGREGATION_SITE = SegregationSite(distance_A=1.2, energy_eV=-0.3)
SEGREGATION = SegregationDescription(
    dopant="Sr",
    host="La",
    compensation="one Li added",
    sites=[SEGREGATION_SITE],
    reference_scatter_eV=0.1,
    mean_eV=-0.3,
    std_eV=None,
    lowest_eV=-0.3,
    bulk_fraction=0.05,
    temperature_K=1500.0,
    boundary_fraction=0.3,
)
PROFILE = BoundaryProfile(
    temperature_K=1000.0,
    position_A=[0.5],
    density_per_A3=[0.01],
    boundary_diffusivity_cm2_s=RESISTANCE,
    grain_diffusivity_cm2_s=RESISTANCE,
)
PAIR = PairDescription(first="Al", second="vacancy_X", shell=1, n_shells=3, distance_A=1.9)
BINDING = BindingEnergy(
    name="Al2-A3-n1",
    relax_uuid="r",
    first="Al",
    second="vacancy_X",
    shell=1,
    distance_A=1.9,
    energy_eV=-0.4,
    reference="Al2-A3-n3",
    reference_distance_A=5.8,
)
ARRANGEMENT = ArrangementDescription(
    method="enumerated",
    reason="all 11",
    kept_as="lowest energy",
    rank=0,
    degeneracy=24,
    n_compared=11,
    n_distinct=11,
    log10_n_distinct=1.04,
    pairs=[PAIR],
)
DOPANT = DopantDescription(
    element="Sr", oxidation_state=2, n_dopants=2, basis="A_sites", fraction_achieved=0.1
)
ROW = ResultRow(
    rank=1,
    ranked_by="conductivity",
    name="Sr2-S3",
    kind="doping",
    formula="X",
    n_atoms=58,
    doping=DOPED.doping,
    relax_status="converged",
    relaxed_energy_per_atom_eV=-8.0,
    reaction_energy_eV_per_dopant=0.2,
    reaction=None,
    status="converged",
    reasons=[],
    conductivity=CONDUCTIVITY,
    warnings=[],
    uuids={"relaxation": None},
)
CELL = CellDescription(
    a_A=1.0, b_A=2.0, c_A=3.0, alpha_deg=90.0, beta_deg=90.0, gamma_deg=90.0, volume_A3=6.0
)
GROUP = SpaceGroupDescription(
    symbol="Pm-3m", number=221, symprec_A=0.01, by_symprec={"0.01": 221, "0.1": 221}, is_stable=True
)
FACTORS = ToleranceDescription(
    goldschmidt=1.0,
    octahedral=0.4,
    tau=None,
    goldschmidt_is_perovskite=True,
    tau_is_perovskite=False,
    ions={"A": ["Sr2+"]},
    radii_A={"A": 1.44},
    coordinations={"A": {"Sr2+": 12}},
    oxidation_states={"Sr": 2.0},
    oxidation_method="composition",
    is_extrapolated=False,
    warnings=[],
)
VERDICT = PerovskiteDescription(
    is_perovskite="yes",
    family="simple",
    sites={"A": ["Sr"], "B": ["Ti"], "X": ["O"]},
    a_occupancy=1.0,
    framework_dimension=3,
    mobile_ion=None,
    mobile_ion_dimension=None,
    tilt_system="a0a0a0",
    a_order=None,
    b_order=None,
    evidence=["six corners"],
    warnings=["w"],
    tolerance=FACTORS,
)
SITE = SiteDescription(
    index=0,
    label="Li1",
    fractional=(0.0, 0.5, 0.5),
    core_radius_A=1.5,
    occupation=0.5,
    occupation_std=None,
    n_ions=1,
    n_departures=0,
    residence_ps=None,
    residence_lower_ps=3.0,
    residence_upper_ps=None,
)
SITE_KIND = SiteKindDescription(
    label="Li1",
    n_sites=1,
    occupation=0.5,
    occupation_std=0.1,
    n_departures=20,
    residence_ps=5.0,
    residence_lower_ps=3.0,
    residence_upper_ps=8.0,
    survival_time_ps=[1.0],
    survival=[0.9],
    survival_std=[0.1],
)
JUMP = JumpDescription(
    origin=0,
    destination=0,
    image=(1, 0, 0),
    vector_A=(3.9, 0.0, 0.0),
    origin_label="Li1",
    destination_label="Li1",
    distance_A=3.9,
    n_paths=1,
    n_jumps=2,
    exposure_ps=100.0,
    rate_per_ps=None,
    rate_lower_per_ps=0.002,
    rate_upper_per_ps=0.07,
    barrier_eV=None,
    barrier_lower_eV=None,
    barrier_upper_eV=None,
    reasons=["2 jumps"],
)
CORRELATION = CorrelationDescription(
    status="not_converged",
    reasons=["2 jumps"],
    factor=None,
    factor_std=None,
    random_walk_diffusivity_cm2_s=1e-6,
    n_pairs=1,
    back_jump_fraction=None,
    back_jump_fraction_std=None,
    expected_back_jump_fraction=None,
    mean_cosine=None,
    mean_cosine_std=None,
    factor_from_angles=None,
    factor_from_angles_std=None,
)
COOPERATION = CooperationDescription(
    status="converged",
    reasons=[],
    n_pairs=4,
    expected_pairs=2.0,
    enhancement=2.0,
    enhancement_lower=0.5,
    enhancement_upper=5.0,
    cooperative_share=0.5,
    cooperative_share_lower=0.0,
    cooperative_share_upper=0.8,
    p_value=0.1,
    window_ps=1.0,
    distance_A=4.9,
)
NON_GAUSSIAN = NonGaussianDescription(
    maximum=0.5,
    maximum_std=None,
    maximum_lag_ps=2.0,
    reason=None,
    lag_ps=[2.0, 4.0],
    alpha2=[0.5, None],
    alpha2_std=[None, None],
)
VAN_HOVE = VanHoveDescription(
    lag_ps=[1.0], distance_A=[0.05], self_part=[[1.0]], distinct_part=[[0.0]], n_origins=[3]
)
NEIGHBOURS = RadialDistributionDescription(
    neighbour="O", distance_A=[2.0], values=[3.0], coordination=[6.0], n_frames=3
)
FREE_ENERGY = FreeEnergyDescription(
    dimensions=1,
    barrier_eV=None,
    barrier_std_eV=None,
    lower_bound_eV=0.2,
    bottleneck_frac=None,
    directions=[],
    reason="no ion was seen",
)
DENSITY = IonDensity(
    cell_A=((4.0, 0.0, 0.0), (0.0, 4.0, 0.0), (0.0, 0.0, 4.0)),
    divisions=(1, 1, 2),
    counts=[3, 0],
    n_frames=3,
    n_ions=1.0,
)
PATHS = IonPathsDoc(
    name="LLTO",
    status="not_converged",
    reasons=["2 jumps"],
    provenance=PROVENANCE,
    mobile_ion="Li",
    temperature_K=600.0,
    site_source="crystal",
    cell_A=DENSITY.cell_A,
    framework=DOPED.structure,
    attempt_frequency_THz=10.0,
    sites=[SITE],
    site_kinds=[SITE_KIND],
    jumps=[JUMP],
    jump_kinds=[JUMP],
    correlation=CORRELATION,
    cooperation=COOPERATION,
    non_gaussian=NON_GAUSSIAN,
    van_hove=VAN_HOVE,
    radial_distributions=[NEIGHBOURS],
    free_energy=[FREE_ENERGY],
    density=DENSITY,
)
COMMON = {"name": "x", "status": "converged", "provenance": FULL_PROVENANCE, "uuid": "u"}
FRAME_ERRORS = FrameErrorsDescription(
    n_frames=2,
    n_atoms=20,
    energy_mae_meV_atom=4.0,
    energy_bias_meV_atom=-1.0,
    force_mae_meV_A=50.0,
    force_rmse_meV_A=80.0,
    softening_slope=0.98,
    force_mae_by_element_meV_A={"Ti": 60.0},
)
EPOCH = TrainingEpoch(
    epoch=1,
    stage=1,
    learning_rate=1e-3,
    train_energy_meV_atom=5.0,
    train_force_meV_A=60.0,
    validation_energy_meV_atom=6.0,
    validation_force_meV_A=70.0,
)
SHIFTS = ReferenceShiftsDescription(
    shifts_eV={"Ti": 0.5},
    errors_eV={"Ti": 0.1},
    unknown_combinations=[{"Ti": 0.9, "O": -0.4}],
    residual_meV_atom=3.0,
)
POTENTIAL_DOC = PotentialDoc(
    start={"name": "CHGNet", "version": "0.3.0", "weights_sha256": "a"},
    data_sha256="b",
    elements=["Ti"],
    settings={"batch_size": 4},
    errors={"train": FRAME_ERRORS},
    errors_before={},
    curve=[EPOCH],
    best_epoch=1,
    stopped_by="length",
    reference_shifts=SHIFTS,
    weights_sha256="c",
    n_bytes=3,
    weights_data="AAAA",
    **COMMON,
)
STRUCTURE = StructureDoc(
    row_status="warning",
    warnings=["w"],
    warning_codes=["c"],
    source="file",
    dois=["10.1/x"],
    path="x.cif",
    formula="SrTiO3",
    structure=DOPED.structure,
    cell=CELL,
    space_group=GROUP,
    oxidation_states={"Sr": 2.0},
    oxidation_method="declared",
    perovskite=VERDICT,
    **COMMON,
)
REJECTED = StructureDoc(
    row_status="rejected",
    rejection="unreadable",
    reasons=["empty"],
    source="file",
    **{**COMMON, "status": "rejected"},
)
ARC = ArcDescription(
    role="bulk",
    resistance_ohm=1e3,
    cpe_coefficient=1e-10,
    cpe_exponent=0.95,
    capacitance_F=4e-11,
    peak_frequency_Hz=4e6,
)
PARAMETER = CircuitParameter(name="ln R1", value=6.9, std=0.01, is_at_limit=False)
CIRCUIT = CircuitDescription(
    label="p(R1,CPE1)",
    arcs=[ARC],
    series_resistance_ohm=0.0,
    parameters=[PARAMETER],
    covariance=[[1e-4]],
    correlated=[("ln R1", "n1", -0.96)],
    relative_noise=0.01,
    autocorrelation=0.1,
    tried=[("p(R1,CPE1)", 3, 0.0)],
)
TESTED = KramersKronigDescription(
    is_consistent=True, systematic=0.002, noise=0.001, n_elements=20, mu=0.8
)
MEASURED = MeasuredQuantity(
    name="bulk conductivity",
    value=1e-4,
    unit="S/cm",
    relative_std=0.01,
    lower=0.98e-4,
    upper=1.02e-4,
    label="fitted",
    assumption="",
)
SAMPLE = SampleDescription(length_cm=0.1, area_cm2=0.5, temperature_K=300.0)
IMPEDANCE = ImpedanceDoc(
    name="sample",
    status="converged",
    provenance=PROVENANCE,
    sample=SAMPLE,
    frequency_Hz=[1e3, 1.0],
    real_ohm=[10.0, 1000.0],
    imaginary_ohm=[-100.0, -1.0],
    circuit=CIRCUIT,
    kramers_kronig=TESTED,
    values=[MEASURED],
)
CHECK_NUMBER = CheckNumber(
    name="C11",
    value=282.5,
    unit="GPa",
    error=8.1,
    reference=315.6,
    reference_error=2.7,
    source="a paper",
    limit="within 15 %",
    verdict="pass",
)
CHECK = CheckDescription(
    name="elasticity",
    title="Elastic constants",
    subject="SrTiO3",
    verdict="pass",
    numbers=[CHECK_NUMBER],
    settings={"strains": "+1 %"},
    curves={"volume (Å³)": [58.0, 60.0]},
    seconds=4.1,
)
VALIDATION = ValidationDoc(
    name="validation",
    status="converged",
    provenance=FULL_PROVENANCE,
    potential="chgnet",
    verdict="pass",
    quick=True,
    checks=[CHECK],
    seconds=4.1,
)
LABEL_DIFFERENCE = LabelDifference(
    value=7.5,
    n_frames=2,
    energy_meV_atom=60.0,
    relative_energy_meV_atom=3.0,
    force_meV_A=360.0,
    stress_GPa=0.4,
    within_tolerance=False,
)
LABEL_CONVERGENCE = LabelConvergenceDoc(
    name="label convergence",
    status="not_converged",
    reasons=["they differ"],
    provenance=PROVENANCE,
    engine="gpaw",
    option="kpoint_length_A",
    frames=["hot", "hotter"],
    differences=[
        LABEL_DIFFERENCE,
        LABEL_DIFFERENCE.model_copy(update={"energy_meV_atom": None, "reasons": ["no numbers"]}),
    ],
    energy_tolerance_meV_atom=3.0,
    force_tolerance_meV_A=15.0,
)
LABEL = make_label(temperature_K=300.0, strain=0.01).model_copy(
    update={"provenance": PROVENANCE, "magmoms_muB": [0.0, 0.1, 0.0, 0.0]}
)
TRAINING_SET = make_training_set().model_copy(
    update={"provenance": PROVENANCE, "refused": [RefusedLabel(name="x", reason="too hot")]}
)
CERAMICS = make_map_document().model_copy(update={"provenance": PROVENANCE})
SETTINGS = make_settings(
    space_charge=GivenSpaceCharge(potential_V=-0.1, concentration_cm3=1e21, source="a guess")
)
MATERIAL = CERAMICS.maps.materials[0]
RECIPE = build_recipe("Li1/3La5/9TiO3").model_copy(update={"provenance": PROVENANCE})
BOUNDARY_SET = BoundarySetDoc(
    sigma_value=5,
    miller=(3, 1, 0),
    axis=(0, 0, 1),
    angle_degrees=36.87,
    formula="LiF",
    mobile_ion="Li",
    template="cubic",
    n_shifts_sampled=25,
    cells=[BOUNDARY_CELL],
    rejected={"s01-00": "charged"},
    bulk=make_structure(Li=1, F=1),
    **COMMON,
)
BOUNDARY = GrainBoundaryDoc(
    sigma_value=5,
    miller=(3, 1, 0),
    axis=(0, 0, 1),
    candidate="Sr2-S3",
    dopant="Sr",
    formula="LiF",
    mobile_ion="Li",
    temperatures_K=[1000.0],
    bulk_conductivity_S_cm=[RESISTANCE],
    cell_conductivity_S_cm=[RESISTANCE],
    asr_ohm_cm2=[RESISTANCE],
    specific_conductivity_S_cm=[
        BoundaryValue(status="not_converged", lower_bound=1e-4, reasons=["not resolved"])
    ],
    thickness_A=10.0,
    arrhenius=LINE,
    boundary_energy_J_m2=1.1,
    boundary_energies=[BOUNDARY_ENERGY],
    segregation=[SEGREGATION],
    profiles=[PROFILE],
    separation_A=37.0,
    structure=make_structure(Li=1, F=1),
    is_poor_proxy=True,
    **COMMON,
)
SIMULATED = SimulatedBoundary(
    **{name: getattr(BOUNDARY, name) for name in SimulatedBoundary.model_fields}
)
GRAIN_SIZES = GrainSizeDescription(
    n_grains=2, mean_nm=45.0, mean_std_nm=1.0, log_std=0.1, intercept_size_nm=50.0
)
BOUNDS = TensorBounds(
    wiener_lower_S_cm=[[1.0, 0.0], [0.0, 1.0]],
    wiener_upper_S_cm=[[2.0, 0.0], [0.0, 2.0]],
    hashin_shtrikman_lower_S_cm=[[1.2, 0.0], [0.0, 1.2]],
    hashin_shtrikman_upper_S_cm=[[1.8, 0.0], [0.0, 1.8]],
)
GRAIN_MAP = GrainMapDescription.from_labels(np.array([[0, 1], [1, 1]]), 10.0)
MICROSTRUCTURE = MicrostructureDoc(
    source="voronoi",
    settings=MicrostructureSettings(n_dimensions=2),
    grains=GRAIN_MAP,
    sizes=GRAIN_SIZES,
    conductivity_S_cm=[[1.5, 0.0], [0.0, 1.6]],
    mean_S_cm=1.55,
    error_bound=1e-5,
    bounds=BOUNDS,
    brick_layer_S_cm=1.4,
    n_iterations=[5, 6],
    contrast=10.0,
    scheme="rotated",
    parameters=[QUANTITY],
    **COMMON,
)
DOCUMENTS: list[Document] = [
    make_exploration(selected=[SELECTED]),
    make_exploration(calibration=None, warnings=["not calibrated"]),
    make_round(),
    make_loop_document(),
    VALIDATION,
    LABEL,
    LABEL_CONVERGENCE,
    LABEL.model_copy(update={"status": "rejected", "energy_eV": None, "forces_eV_A": None}),
    TRAINING_SET,
    BOUNDARY_SET,
    BOUNDARY,
    MICROSTRUCTURE,
    BoundaryScreenDoc(
        sigma_value=5,
        miller=(3, 1, 0),
        axis=(0, 0, 1),
        formula="LiF",
        mobile_ion="Li",
        energies=[BOUNDARY_ENERGY],
        chosen=BOUNDARY_ENERGY.name,
        chosen_stage="relaxed",
        boundary_energy_J_m2=1.1,
        bulk_energy_eV=-510.0,
        structure=make_structure(Li=1, F=1),
        separation_A=37.0,
        segregation=[SEGREGATION],
        **COMMON,
    ),
    IMPEDANCE,
    RECIPE,
    CERAMICS,
    DOPED,
    make_candidate_set(DOPED, make_candidate("parent")),
    make_relaxed(DOPED, -500.0),
    make_relaxed(DOPED, None, "rejected", structure=None, reasons=["failed"]),
    make_oxide("Sr", -12.0),
    POTENTIAL_DOC,
    RankingDoc(ranked=[RANKED], selected=[make_relaxed(DOPED, -500.0)], **COMMON),
    make_diffusion(1000, 0.1),
    make_diffusion(1000, None, fit_window_ps=None, warnings=["w"]),
    CONDUCTIVITY,
    make_conductivity("parent", None),
    ScreeningSummaryDoc(
        parent_formula="X",
        candidates=[ROW],
        reference_map=MAP,
        ceramic_maps=CERAMICS.maps,
        simulated_boundaries=[SIMULATED],
        campaign="c",
        **COMMON,
    ),
    STRUCTURE,
    REJECTED,
    StructureSetDoc(structures=[STRUCTURE, REJECTED], **COMMON),
    TRAJECTORY,
    TrajectorySetDoc(trajectories=[TRAJECTORY], **COMMON),
    BVSE,
    BvseSetDoc(documents=[BVSE], **COMMON),
    PATHS,
]
PARTS: list[BaseModel] = [
    CALIBRATION,
    CALIBRATION.reliability[0],
    DIFFUSIVITY,
    SELECTED,
    make_run(last_structure=None),
    CHECK,
    CHECK_NUMBER,
    LABEL_DIFFERENCE,
    BOUNDARY_CELL,
    BOUNDARY_ENERGY,
    RESISTANCE,
    SEGREGATION_SITE,
    SEGREGATION,
    PROFILE,
    SIMULATED,
    BOUNDS,
    GRAIN_MAP,
    GRAIN_SIZES,
    MICROSTRUCTURE.settings,
    SITE,
    SITE_KIND,
    JUMP,
    CORRELATION,
    COOPERATION,
    NON_GAUSSIAN,
    VAN_HOVE,
    NEIGHBOURS,
    FREE_ENERGY,
    DENSITY,
    POTENTIAL,
    FULL_PROVENANCE,
    ARC,
    PARAMETER,
    CIRCUIT,
    TESTED,
    MEASURED,
    SAMPLE,
    EPOCH,
    FRAME_ERRORS,
    QUANTITY,
    MAP,
    CERAMICS.maps,
    CERAMICS.maps.boundaries[0],
    MATERIAL,
    MATERIAL.total_S_cm,
    MATERIAL.bulk_S_cm,
    RECIPE.powders[0],
    RECIPE.sections[0],
    RECIPE.sections[0].lines[0],
    SETTINGS,
    SETTINGS.values[0],
    SETTINGS.bulk[0],
    SETTINGS.space_charge,
    LINE,
    POINT,
    CHARGE,
    MEAN_CELL,
    RUN_FILE,
    SEGMENT,
    CHANGE,
    VOGEL,
    RANKED,
    SHIFTS,
    ROW,
    CELL,
    GROUP,
    FACTORS,
    VERDICT,
    DOPED.doping,
    DOPANT,
    BVSE.settings,
    PERCOLATION,
    HOP,
    PAIR,
    ARRANGEMENT,
    BINDING,
    CONDUCTIVITY.room_temperature,
    TRAINING_SET.frames[0],
    TRAINING_SET.refused[0],
]


def plain(document: BaseModel) -> dict[str, Any]:
    """What jobflow writes into the store."""
    return jsanitize(document, strict=True, enum_values=True, allow_bson=True)


def label(item: BaseModel) -> str:
    return type(item).__name__


every = pytest.mark.parametrize("document", DOCUMENTS, ids=label)


def test_every_public_model_is_tested():
    public = {getattr(perolyte.schemas, name) for name in perolyte.schemas.__all__}
    models = {item for item in public if isinstance(item, type) and issubclass(item, BaseModel)}
    assert models - {Document} == {type(item) for item in [*DOCUMENTS, *PARTS]}


@every
def test_round_trip_through_the_store(document: Document):
    again = MontyDecoder().process_decoded(plain(document))
    assert type(again) is type(document)
    assert again == document


@every
def test_round_trip_as_json_text(document: Document):
    again = json.loads(json.dumps(document, cls=MontyEncoder), cls=MontyDecoder)
    assert again == document


@every
def test_validation_of_what_a_query_returns(document: Document):
    """A query gives plain dictionaries, with monty's keys in them, and times without a zone."""
    found = bson.decode(bson.encode(plain(document)))
    assert type(document).model_validate(found) == document


@every
def test_name_and_version_are_written(document: Document):
    written = plain(document)
    assert written["schema_name"] == label(document)
    assert written["schema_version"] == type(document).current_version


@every
def test_unknown_fields_are_refused(document: Document):
    with pytest.raises(ValidationError, match=r"colour\n.*not permitted"):
        type(document).model_validate({**plain(document), "colour": "red"})


@pytest.mark.parametrize("part", PARTS, ids=label)
def test_unknown_fields_of_parts_are_refused(part: BaseModel):
    assert type(part).model_validate(part.model_dump()) == part
    with pytest.raises(ValidationError, match=r"colour\n.*not permitted"):
        type(part).model_validate({**part.model_dump(), "colour": "red"})


@every
def test_newer_versions_are_refused(document: Document):
    newer = {**plain(document), "schema_version": type(document).current_version + 1}
    with pytest.raises(
        ValidationError, match=f"reads up to {newer['schema_version'] - 1}; upgrade perolyte"
    ):
        type(document).model_validate(newer)


@every
def test_documents_of_another_kind_are_refused(document: Document):
    other = {**plain(document), "schema_name": "OtherDoc"}
    with pytest.raises(ValidationError, match="'OtherDoc', expected"):
        type(document).model_validate(other)


@pytest.mark.parametrize("field", ["name", "status", "provenance"])
@every
def test_required_fields(document: Document, field: str):
    content = {key: value for key, value in plain(document).items() if key != field}
    with pytest.raises(ValidationError, match=field):
        type(document).model_validate(content)


def test_statuses():
    with pytest.raises(ValidationError, match="status"):
        make_relaxed(DOPED, -1.0, "fine")


def test_times_have_a_time_zone():
    assert FULL_PROVENANCE.created_at.utcoffset().total_seconds() == 0
    again = MontyDecoder().process_decoded(plain(make_relaxed(DOPED, -1.0)))
    assert again.provenance.created_at == PROVENANCE.created_at
    assert isinstance(again.candidate.doping, DopingDescription)
    assert isinstance(CONDUCTIVITY.room_temperature, RoomTemperatureConductivity)
    assert isinstance(CONDUCTIVITY, ConductivityDoc)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"warning_codes": []}, "1 warnings need as many codes"),
        ({"status": "rejected"}, "contradicts status"),
        ({"rejection": "crash"}, "contradicts rejection"),
        ({"row_status": "fine"}, "row_status"),
    ],
)
def test_rows_agree_with_their_documents(changes: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        StructureDoc.model_validate({**plain(STRUCTURE), **changes})


def test_a_reference_to_a_density_in_the_store_is_read_as_none():
    reference = {"@class": "IonDensity", "blob_uuid": "b", "store": "data"}
    assert IonPathsDoc.model_validate({**plain(PATHS), "density": reference}).density is None


def test_a_reference_to_grains_in_the_store_is_read_as_none():
    reference = {"@class": "GrainMapDescription", "blob_uuid": "b", "store": "data"}
    found = MicrostructureDoc.model_validate({**plain(MICROSTRUCTURE), "grains": reference})
    assert found.grains is None


def test_labels_of_grains_are_those_that_were_written():
    assert GRAIN_MAP.labels().tolist() == [[0, 1], [1, 1]]
    other = GrainMapDescription.from_labels(np.array([[0, 1], [1, 0]]), 10.0)
    damaged = GRAIN_MAP.model_copy(update={"labels_base64": other.labels_base64})
    with pytest.raises(ValueError, match="are damaged; run the job again"):
        damaged.labels()


def test_a_density_is_a_grid():
    assert DENSITY.grid().tolist() == [[[3, 0]]]


def test_a_spectrum_has_one_impedance_for_each_frequency():
    with pytest.raises(ValidationError, match=r"\[1, 2\] entries; one each"):
        ImpedanceDoc.model_validate({**plain(IMPEDANCE), "real_ohm": [1.0]})


def test_a_boundary_has_one_resistance_for_each_temperature():
    with pytest.raises(ValidationError, match="asr_ohm_cm2 has 0 entries for 1 temperatures"):
        GrainBoundaryDoc.model_validate({**plain(BOUNDARY), "asr_ohm_cm2": []})


def test_a_boundary_in_a_summary_has_one_resistance_for_each_temperature():
    with pytest.raises(ValidationError, match="asr_ohm_cm2 has 0 entries for 1 temperatures"):
        SimulatedBoundary.model_validate({**SIMULATED.model_dump(), "asr_ohm_cm2": []})


def test_summaries_from_before_simulated_boundaries_are_read():
    summary = next(item for item in DOCUMENTS if isinstance(item, ScreeningSummaryDoc))
    written = plain(summary)
    assert written.pop("simulated_boundaries")
    again = ScreeningSummaryDoc.model_validate(written)
    assert again == summary.model_copy(update={"simulated_boundaries": []})


def test_many_boundaries_of_a_summary_are_written_apart():
    summary = next(item for item in DOCUMENTS if isinstance(item, ScreeningSummaryDoc))
    large = summary.model_copy(update={"simulated_boundaries": [SIMULATED] * 501})
    written = plain(large)
    assert "simulated_boundaries" not in written
    assert ScreeningSummaryDoc.model_validate(written) == large


def test_structures_of_many_boundary_cells_are_written_as_arrays():
    large = BOUNDARY_CELL.structure * (5, 5, 50)
    cell = BOUNDARY_CELL.model_copy(update={"structure": large})
    document = BOUNDARY_SET.model_copy(update={"cells": [cell]})
    written = plain(document)
    assert "structure" not in written["cells"][0]
    assert "bulk" not in written
    again = MontyDecoder().process_decoded(written)
    found = again.cells[0].structure
    # `found == large` looks for each of thousands of atoms among all of the other
    assert (found.lattice, found.species) == (large.lattice, large.species)
    np.testing.assert_array_equal(found.frac_coords, large.frac_coords)
    assert again.bulk == BOUNDARY_SET.bulk
