"""What an exploring run became, as part of a document."""

from __future__ import annotations

from perolyte.errors import InputError
from perolyte.jobs.exploration_frames import read_last_frame
from perolyte.potentials.dynamics import Replica, ReplicaOutcome
from perolyte.schemas import ExploredRun, RunDiffusivity
from perolyte.trajectories import analyse_run, open_trajectory
from perolyte.trajectories.observables import read_observable
from perolyte.units import FS_PER_PS

__all__ = ["describe_run"]


def describe_run(
    replica: Replica,
    outcome: ReplicaOutcome,
    trajectory: str,
    n_doubtful: int,
    ion: tuple[str, float, float],
    skip_ps: float,
) -> ExploredRun:
    """Return the description of a run.

    Parameters
    ----------
    replica, outcome
        What was run, and how it ended.
    trajectory
        Name that its frames bear.
    n_doubtful
        Frames above the limit of selection.
    ion
        Element, charge in elementary charges, hop distance in Å: for the diffusivity.
    skip_ps
        ps at the start that the diffusivity leaves out.
    """
    doubts = read_observable(outcome.folder, "force_uncertainty")
    # nothing goes on from a melt, nor from where the committee stopped at once
    is_sound = outcome.status in ("finished", "left_domain") and outcome.n_steps > 0
    return ExploredRun(
        name=replica.name,
        trajectory=trajectory,
        temperature_K=replica.temperature_K,
        seed=replica.seed,
        md_status=outcome.status,
        reason=outcome.reason,
        n_frames=outcome.n_frames,
        length_ps=outcome.n_steps * replica.time_step_fs / FS_PER_PS,
        n_doubtful=n_doubtful,
        mean_uncertainty_eV_A=float(doubts.mean()) if len(doubts) else 0.0,
        largest_uncertainty_eV_A=float(doubts.max()) if len(doubts) else 0.0,
        uncertainties_eV_A=doubts.tolist(),
        diffusivity=_find_diffusivity(replica, outcome, ion, skip_ps),
        last_structure=read_last_frame(outcome.folder) if is_sound else None,
    )


def _find_diffusivity(
    replica: Replica, outcome: ReplicaOutcome, ion: tuple[str, float, float], skip_ps: float
) -> RunDiffusivity:
    if outcome.status != "finished":
        reason = f"the run was stopped ({outcome.status})"
        return RunDiffusivity(status="not_converged", reason=reason)
    try:
        fit = analyse_run(
            open_trajectory(outcome.folder),
            ion[0],
            charge=ion[1],
            hop_distance_A=ion[2],
            temperature_K=replica.temperature_K,
            skip_ps=skip_ps,
        ).diffusivity
    except InputError as err:
        return RunDiffusivity(status="not_converged", reason=str(err))
    return RunDiffusivity(
        status=fit.status,
        value_cm2_s=fit.diffusivity_cm2_s,
        error_cm2_s=fit.diffusivity_std_cm2_s,
        reason="; ".join(fit.reasons),
    )
