"""Where the ions of a stored run go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jobflow import job
from pymatgen.core import Structure
from pymatgen.core.trajectory import Trajectory

from perolyte.errors import InputError, PathError
from perolyte.jobs.paths_document import PathSettings, SiteSource, describe_paths
from perolyte.jobs.paths_input import read_thinned
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import IonPathsDoc
from perolyte.trajectories import TrajectorySource, open_trajectory, wrap_trajectory

__all__ = ["PathSettings", "analyse_paths", "describe_paths"]


@job(output_schema=IonPathsDoc, data="density")
def analyse_paths(
    trajectory: Trajectory | str | None,
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
    trajectory_uuid: str | None = None,
    campaign: str | None = None,
) -> IonPathsDoc:
    """Analyse where the ions of a stored trajectory go.

    Parameters
    ----------
    trajectory
        A pymatgen Trajectory, a file of any format that
        :func:`perolyte.trajectories.open_trajectory` knows, or None where the MD job failed.
    frame_interval_fs
        fs; needed for a pymatgen Trajectory, and for files that do not say it.
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
        "rejected" without a trajectory, "unphysical" for one that cannot be followed.

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
    nothing = IonPathsDoc(
        name=name,
        status="rejected",
        reasons=["the MD job failed; its error is in the run's log"],
        mobile_ion=mobile_ion,
        temperature_K=temperature_K,
        site_source=sites,
        equilibration_ps=equilibration_ps,
        attempt_frequency_THz=attempt_frequency_THz,
        **known,
    )
    if trajectory is None:
        return nothing
    source = _open(trajectory, frame_interval_fs)
    try:
        mobile, every = read_thinned(
            source, mobile_ion, skip_ps=equilibration_ps, max_frames=max_frames
        )
    except PathError as err:
        # with frames as close together as MD writes them the run has exploded, which is a result
        reason = f"the MD run cannot be followed: {err}"
        return nothing.model_copy(update={"status": "unphysical", "reasons": [reason]})
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


def _open(trajectory: Trajectory | str, frame_interval_fs: float | None) -> TrajectorySource:
    if isinstance(trajectory, str):
        return open_trajectory(Path(trajectory), frame_interval_fs=frame_interval_fs)
    if frame_interval_fs is None:
        raise InputError(
            "frame_interval_fs is not given; a stored trajectory does not say it: give the time "
            "between its frames in fs"
        )
    return wrap_trajectory(trajectory, frame_interval_fs=frame_interval_fs)
