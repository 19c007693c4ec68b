"""``perolyte rebuild``: stored conductivities by the present analysis."""

from __future__ import annotations

from perolyte.builders import ConductivityBuilder
from perolyte.cli.outputs import make_console
from perolyte.cli.show import locate_store
from perolyte.errors import ExecutionError
from perolyte.stores import open_store

__all__ = ["rebuild_conductivities"]


def rebuild_conductivities(campaign: str | None, location: str, *, everything: bool) -> None:
    """Run the builder on a store and say what it did.

    Raises
    ------
    ExecutionError
        When some were left as they were; each has a line that says why.
    """
    store = open_store(locate_store(location), create=False)
    console = make_console()
    try:
        builder = ConductivityBuilder(store, campaign=campaign, rebuild_all=everything)
        with console.status("analysing stored trajectories"):
            builder.run()
    finally:
        store.close()
    for name, reason in builder.skipped:
        console.print(f"{name}: left as it was: {reason}", highlight=False, soft_wrap=True)
    console.print(
        f"{builder.n_rebuilt} conductivities rebuilt, {len(builder.skipped)} left as they were",
        highlight=False,
    )
    if builder.skipped:
        raise ExecutionError(
            f"{len(builder.skipped)} conductivities could not be rebuilt; the lines above say why"
        )
