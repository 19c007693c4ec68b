"""Where the ions of a stored run go."""

from __future__ import annotations

from typing import Any

from jobflow import job
from pymatgen.core import Structure

from perolyte.jobs.paths_document import PathSettings, SiteSource, describe_paths
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.jobs.stored_run import Run, UnusableRunError, open_stored_run
from perolyte.schemas import IonPathsDoc
from perolyte.trajectories import read_thinned

__all__ = ["PathSettings", "analyse_paths", "describe_paths"]


@job(output_schema=IonPathsDoc, data="density")
def analyse_paths(
    run: Run,
    *,
    name: str,
    mobile_ion: str,
    temperature_K: float,
    frame_interval_fs: float | None = None,
    equilibration_ps: float = 0.0,
    sites: SiteSource = "density",
    structure: Structure | None = None,
    spacing_A: float = 0.2,
    attempt_frequency_THz: float = 10.0,
    max_frames: int | None = None,
    position: int | None = None,
    trajectory_uuid: str | None = None,
    campaign: str | None = None,
) -> IonPathsDoc:
    """Analyse where the ions of a run go.

    Parameters
    ----------
    run
        Where it is: :data:`perolyte.jobs.stored_run.Run`.
    position, frame_interval_fs
        As :func:`perolyte.jobs.stored_run.open_stored_run`.
    equilibration_ps
        Discarded at the start.
    name, mobile_ion, temperature_K, structure
        As :func:`describe_paths`.
    sites, spacing_A, attempt_frequency_THz, max_frames
        As :class:`PathSettings`.
    trajectory_uuid, campaign
        For the document.

    Returns
    -------
    IonPathsDoc
        "rejected" without a run, "unphysical" for an own run that exploded or melted.

    Raises
    ------
    InputError
        For a file that cannot be read, or a crystal that does not fit the run.
    """
    settings = PathSettings(
        sites=sites,
        spacing_A=spacing_A,
        attempt_frequency_THz=attempt_frequency_THz,
        max_frames=max_frames,
    )
    known: dict[str, Any] = {
        "uuid": current_uuid(),
        "campaign": campaign,
        "trajectory_uuid": trajectory_uuid,
        "provenance": make_provenance(parent_uuids=[trajectory_uuid]),
    }
    try:
        with open_stored_run(run, position=position, frame_interval_fs=frame_interval_fs) as source:
            mobile, every = read_thinned(
                source, mobile_ion, skip_ps=equilibration_ps, max_frames=max_frames
            )
    except UnusableRunError as err:
        return IonPathsDoc(
            name=name,
            status=err.status,
            reasons=[err.reason],
            mobile_ion=mobile_ion,
            temperature_K=temperature_K,
            site_source=sites,
            equilibration_ps=equilibration_ps,
            attempt_frequency_THz=attempt_frequency_THz,
            **known,
        )
    found = describe_paths(
        mobile,
        name=name,
        mobile_ion=mobile_ion,
        temperature_K=temperature_K,
        settings=settings,
        structure=structure,
        kept_every=every,
    )
    return found.model_copy(update={**known, "warnings": [*source.warnings, *found.warnings]})
