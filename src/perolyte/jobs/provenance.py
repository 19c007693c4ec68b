"""Where the documents of the running job come from."""

from __future__ import annotations

from typing import Any

from jobflow import CURRENT_JOB

from perolyte import __version__
from perolyte.potentials import describe_potential, name_of_potential
from perolyte.schemas import PotentialProvenance, Provenance

__all__ = ["current_uuid", "describe_maker", "make_provenance"]


def current_uuid() -> str | None:
    """Return the uuid of the running job, None outside a job."""
    running = CURRENT_JOB.job
    return None if running is None else str(running.uuid)


def describe_maker(maker: Any) -> PotentialProvenance:
    """Say which potential or engine a child maker uses.

    perolyte's own makers name it in ``potential`` or describe it in ``describe_engine``, atomate2's
    force-field makers name it in ``calculator_meta``; any other maker is named by its class, and
    its own task document says the rest.
    """
    describe = getattr(maker, "describe_engine", None)
    if describe is not None:
        engine: PotentialProvenance = describe()
        return engine
    kwargs = getattr(maker, "calculator_kwargs", None) or {}
    path = getattr(maker, "potential", None) or getattr(maker, "calculator_meta", None)
    if path is None:
        return PotentialProvenance(name=f"{type(maker).__module__}.{type(maker).__qualname__}")
    described = describe_potential(name_of_potential(str(path)), kwargs)
    dtype = "float32" if described["weights_sha256"] else "float64"
    return PotentialProvenance(
        name=str(described["name"]),
        version=described["version"],
        weights_sha256=described["weights_sha256"],
        dtype=str(kwargs.get("dtype") or dtype),
        device=str(kwargs.get("device") or "automatic"),
    )


def make_provenance(
    *,
    seed: int | None = None,
    potential: PotentialProvenance | None = None,
    parent_uuids: list[str | None] | None = None,
    input_hash: str | None = None,
) -> Provenance:
    """Build the provenance of a document made now, by this version."""
    return Provenance(
        perolyte_version=__version__,
        seed=seed,
        potential=potential,
        parent_uuids=[uuid for uuid in parent_uuids or [] if uuid is not None],
        input_hash=input_hash,
    )
