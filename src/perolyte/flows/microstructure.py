"""Conductivity of a ceramic from its microstructure, one job for each grain size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobflow import Flow, Job, Maker, OutputReference
from pydantic import ValidationError

from perolyte.errors import InputError
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.microstructure import homogenise_microstructure
from perolyte.schemas import MicrostructureSettings

__all__ = ["MicrostructureMaker"]


@dataclass
class MicrostructureMaker(Maker):
    """Make polycrystals and compute their conductivity tensors, with bounds.

    Parameters
    ----------
    settings
        Fields of :class:`~perolyte.schemas.MicrostructureSettings`: dimensions, voxels, grains,
        spread of sizes, growth, tolerance.
    seed
        Of grains and their orientations.
    campaign
        Name that the documents carry.

    Examples
    --------
    >>> flow = MicrostructureMaker().make(
    ...     1e-3, boundary_S_cm=4e-8, boundary_thickness_nm=1.0, grain_sizes_nm=[500.0, 2000.0])
    >>> [job.name for job in flow.jobs]
    ['microstructure 500 nm', 'microstructure 2000 nm']
    """

    name: str = "microstructure"
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    campaign: str | None = None

    def make(
        self,
        bulk_S_cm: float | list[list[float]] | OutputReference,
        *,
        boundary_S_cm: float | OutputReference,
        boundary_thickness_nm: float,
        grain_sizes_nm: Sequence[float],
        boundary_along_S_cm: float | None = None,
        labels: Mapping[str, str] | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> Flow:
        """Build the flow; its output is a list of :class:`~perolyte.schemas.MicrostructureDoc`.

        Parameters
        ----------
        bulk_S_cm
            S/cm, a number or a symmetric tensor of the crystal, also the output of a job.
        boundary_S_cm, boundary_along_S_cm
            S/cm, specific, across and along the boundary.
        boundary_thickness_nm
            nm.
        grain_sizes_nm
            nm, one job for each.
        labels, sources
            By the name of a parameter: how it is known, and from where
            (:func:`~perolyte.jobs.homogenise_microstructure`).

        Raises
        ------
        InputError
            For no grain size, one that is not larger than the boundary, or settings out of range.
        """
        try:
            settings = MicrostructureSettings.model_validate(self.settings)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise InputError(
                f"settings.{place} is {first['input']!r:.40}: {first['msg']}; see "
                "MicrostructureSettings"
            ) from error
        sizes = list(grain_sizes_nm)
        if not sizes:
            raise InputError("no grain size is given; give one or more, in nm")
        for size in sizes:
            if not size > boundary_thickness_nm > 0:
                raise InputError(
                    f"a grain of {size:g} nm has a boundary of {boundary_thickness_nm:g} nm; the "
                    "boundary must be above 0 nm and the grain larger: correct the sizes"
                )
        jobs: list[Flow | Job] = []
        for size in sizes:
            job = homogenise_microstructure(
                bulk_S_cm,
                boundary_S_cm=boundary_S_cm,
                boundary_thickness_nm=boundary_thickness_nm,
                grain_size_nm=size,
                boundary_along_S_cm=boundary_along_S_cm,
                name=f"{self.name} {size:g} nm",
                settings=settings.model_dump(),
                labels=dict(labels) if labels else None,
                sources=dict(sources) if sources else None,
                parent_uuids=[
                    given.uuid
                    for given in (bulk_S_cm, boundary_S_cm)
                    if isinstance(given, OutputReference)
                ],
                seed=self.seed,
                campaign=self.campaign,
            )
            job.name = f"{self.name} {size:g} nm"
            jobs.append(job)
        return assign_identities(Flow(jobs, output=[job.output for job in jobs], name=self.name))
