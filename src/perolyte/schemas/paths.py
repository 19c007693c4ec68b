"""Where ions go: sites, jumps between them, and how one depends on the other."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator
from pymatgen.core import Structure

from perolyte.schemas.base import Document
from perolyte.status import Status

__all__ = [
    "CooperationDescription",
    "CorrelationDescription",
    "FreeEnergyDescription",
    "IonDensity",
    "IonPathsDoc",
    "JumpDescription",
    "NonGaussianDescription",
    "RadialDistributionDescription",
    "SiteDescription",
    "SiteKindDescription",
    "VanHoveDescription",
]

Vector = tuple[float, float, float]


class _Part(BaseModel):
    """Of an :class:`IonPathsDoc`; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class SiteDescription(_Part):
    """One site of the cell of the run."""

    index: int
    label: str
    fractional: Vector
    core_radius_A: float
    occupation: float = Field(description="ions on the site, mean over all frames")
    occupation_std: float | None = Field(
        description="from blocks of the run; None where nothing came or went"
    )
    n_ions: int = Field(description="different ions that were seen on it")
    n_departures: int
    residence_ps: float | None = Field(description="None below 10 departures")
    residence_lower_ps: float | None = Field(description="95 % interval; None without visits")
    residence_upper_ps: float | None = Field(description="None where no ion left")


class SiteKindDescription(_Part):
    """All sites of one label."""

    label: str
    n_sites: int
    occupation: float = Field(description="ions per site")
    occupation_std: float | None
    n_departures: int
    residence_ps: float | None = Field(description="None below 10 departures")
    residence_lower_ps: float | None = Field(description="95 % interval; None without visits")
    residence_upper_ps: float | None = Field(description="None where no ion left")
    survival_time_ps: list[float] = Field(description="thinned")
    survival: list[float] = Field(description="probability that a stay lasts longer")
    survival_std: list[float]


class JumpDescription(_Part):
    """Jumps along one way, or along all ways of one kind.

    The rate is per ion on the origin and per way. Without a value, ``reasons`` say why; the 95 %
    interval is that of the number of jumps seen, whatever their number.
    """

    origin: int | None = Field(description="index of the site; None for a kind of way")
    destination: int | None
    image: tuple[int, int, int] | None = Field(description="cell of the destination")
    vector_A: Vector | None
    origin_label: str
    destination_label: str
    distance_A: float
    n_paths: int = Field(description="different ways that were used")
    n_jumps: int
    exposure_ps: float = Field(description="time on the origin, summed over ions and ways")
    rate_per_ps: float | None
    rate_lower_per_ps: float
    rate_upper_per_ps: float
    barrier_eV: float | None = Field(description="kB T ln(attempt frequency/rate)")
    barrier_lower_eV: float | None
    barrier_upper_eV: float | None
    free_energy_barrier_eV: float | None = Field(
        default=None, description="at the bottleneck of the density, above the origin"
    )
    free_energy_reason: str | None = Field(default=None, description="why there is none")
    reasons: list[str] = Field(default_factory=list, description="why there is no rate")


class CorrelationDescription(_Part):
    """How much less, or more, ions get ahead than the same jumps in random order would."""

    status: Status
    reasons: list[str]
    factor: float | None = Field(description="tracer diffusivity over that of independent jumps")
    factor_std: float | None
    random_walk_diffusivity_cm2_s: float
    n_pairs: int = Field(description="successive jumps of one ion")
    back_jump_fraction: float | None = Field(description="of n_pairs; None below 100")
    back_jump_fraction_std: float | None
    expected_back_jump_fraction: float | None = Field(description="of ions without memory")
    mean_cosine: float | None
    mean_cosine_std: float | None
    factor_from_angles: float | None = Field(description="(1 + <cos>)/(1 - <cos>)")
    factor_from_angles_std: float | None


class CooperationDescription(_Part):
    """Jumps of different ions that are near in time and place, against chance."""

    status: Status
    reasons: list[str]
    n_pairs: int
    expected_pairs: float
    enhancement: float | None = Field(description="pairs seen over expected")
    enhancement_lower: float | None = Field(description="95 % interval")
    enhancement_upper: float | None
    cooperative_share: float | None = Field(
        description="of the pairs, those that chance does not explain: 1 - 1/enhancement"
    )
    cooperative_share_lower: float | None
    cooperative_share_upper: float | None
    p_value: float | None
    window_ps: float
    distance_A: float


class NonGaussianDescription(_Part):
    """Non-Gaussian parameter over time; its maximum marks the time that ions spend in cages."""

    maximum: float | None
    maximum_std: float | None
    maximum_lag_ps: float | None
    reason: str | None = Field(description="why there is no maximum")
    lag_ps: list[float]
    alpha2: list[float | None]
    alpha2_std: list[float | None]


class VanHoveDescription(_Part):
    """Van Hove functions, a row per lag."""

    lag_ps: list[float]
    distance_A: list[float]
    self_part: list[list[float]] = Field(description="1/Å, with 4 pi r^2")
    distinct_part: list[list[float]] = Field(description="over the mean density of the others")
    n_origins: list[int]


class RadialDistributionDescription(_Part):
    """Neighbours of one element around the mobile ions."""

    neighbour: str
    distance_A: list[float]
    values: list[float]
    coordination: list[float] = Field(description="neighbours up to the end of each bin")
    n_frames: int


class FreeEnergyDescription(_Part):
    """Endless motion in one number of dimensions over -kB T ln(density)."""

    dimensions: Literal[1, 2, 3]
    barrier_eV: float | None = Field(description="above the lowest voxel of what percolates")
    barrier_std_eV: float | None
    lower_bound_eV: float | None = Field(description="95 %, where there is no barrier")
    bottleneck_frac: Vector | None
    directions: list[tuple[int, int, int]]
    reason: str | None = Field(description="why there is no barrier, or no error of it")


class IonDensity(_Part):
    """Visits to the voxels of a periodic grid, whole: of the size of megabytes."""

    cell_A: tuple[Vector, Vector, Vector] = Field(description="rows are the lattice vectors")
    divisions: tuple[int, int, int]
    counts: list[int] = Field(description="the last index runs fastest")
    n_frames: int
    n_ions: float

    def grid(self) -> NDArray[np.int64]:
        """Return the visits as (n_a, n_b, n_c)."""
        return np.array(self.counts, dtype=np.int64).reshape(self.divisions)


class IonPathsDoc(Document):
    """Where the mobile ions of one run were, and how they went from site to site.

    ``status`` is "converged" from 100 jumps on; below, the tables hold what was seen, with
    intervals and without rates. A store keeps ``density`` apart from the rest: it is None in what
    a query returns without it.
    """

    mobile_ion: str
    temperature_K: float
    site_source: Literal["density", "crystal"]
    trajectory_uuid: str | None = None
    trajectory_sha256: str | None = None
    n_ions: int = 0
    n_frames: int = Field(default=0, description="analysed")
    frame_interval_fs: float | None = Field(default=None, description="of the frames analysed")
    kept_every: int = Field(default=1, description="1: all frames of the run")
    equilibration_ps: float = Field(default=0.0, description="discarded at the start")
    run_length_ps: float = Field(default=0.0, description="analysed")
    cell_A: tuple[Vector, Vector, Vector] | None = None
    framework: Structure | None = Field(
        default=None, description="mean positions of all other atoms"
    )
    attempt_frequency_THz: float = Field(description="assumed, for barriers from rates")
    unassigned_fraction: float | None = Field(
        default=None, description="of the time in transit, or never on a site"
    )
    n_jumps: int = 0
    jump_rate_per_ps: float | None = Field(default=None, description="per ion, of the whole run")
    jump_rate_lower_per_ps: float | None = None
    jump_rate_upper_per_ps: float | None = None
    mean_jump_distance_A: float | None = None
    sites: list[SiteDescription] = Field(default_factory=list)
    site_kinds: list[SiteKindDescription] = Field(default_factory=list)
    jumps: list[JumpDescription] = Field(default_factory=list, description="from site to site")
    jump_kinds: list[JumpDescription] = Field(
        default_factory=list, description="pooled over the sites of two labels"
    )
    correlation: CorrelationDescription | None = None
    cooperation: CooperationDescription | None = None
    non_gaussian: NonGaussianDescription | None = None
    van_hove: VanHoveDescription | None = None
    radial_distributions: list[RadialDistributionDescription] = Field(default_factory=list)
    free_energy: list[FreeEnergyDescription] = Field(default_factory=list)
    density: IonDensity | None = None

    @field_validator("density", mode="before")
    @classmethod
    def _leave_out_reference(cls, value: Any) -> Any:
        """Read the store's reference to a density that was not asked for as none."""
        return None if isinstance(value, dict) and "blob_uuid" in value else value
