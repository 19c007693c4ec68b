"""Labels that a store holds: documents of labels, and of atomate2's VASP and ASE calculations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perolyte.dft.labels import FrameGroup, build_label
from perolyte.dft.tasks import read_task
from perolyte.errors import InputError
from perolyte.jobs.provenance import make_provenance
from perolyte.parsing import PARSER_ERRORS, shorten_error
from perolyte.schemas import LabelDoc, RefusedLabel

if TYPE_CHECKING:
    from jobflow import JobStore

    from perolyte.dft.theory import LevelOfTheory
    from perolyte.dft.vasp import EnergyCorrection

__all__ = ["read_stored_labels"]

_TASKS = ("TaskDoc", "AseStructureTaskDoc")


def read_stored_labels(
    store: JobStore,
    *,
    stated: LevelOfTheory | None = None,
    correction: EnergyCorrection | None = "MP2020",
) -> tuple[list[LabelDoc], list[RefusedLabel]]:
    """Read every label of a store, and make one of each calculation that has none yet.

    Parameters
    ----------
    store
        Connected.
    stated
        Level of theory of calculations of ASE, whose documents do not say.
    correction
        Of VASP's energies.

    Returns
    -------
    list of LabelDoc, list of RefusedLabel
        In the order of their uuids; the second are documents that cannot be read.
    """
    labels: dict[str, LabelDoc] = {}
    refused: list[RefusedLabel] = []
    for entry in _find(store, {"output.schema_name": "LabelDoc"}):
        try:
            labels[entry["uuid"]] = LabelDoc.model_validate(entry["output"])
        except ValueError as err:
            refused.append(_refuse(entry, err))
    used = {label.task_uuid for label in labels.values()}
    for entry in _find(store, {"output.@class": {"$in": list(_TASKS)}}):
        if entry["uuid"] in used:
            continue
        name = f"{entry.get('name') or 'task'} {entry['uuid'][:8]}"
        try:
            raw = read_task(
                entry["output"],
                name=name,
                group=FrameGroup(trajectory=name),
                theory=stated,
                correction=correction,
            )
        except (InputError, *PARSER_ERRORS) as err:
            refused.append(_refuse(entry, err))
            continue
        labels[entry["uuid"]] = build_label(
            raw, provenance=make_provenance(parent_uuids=[entry["uuid"]]), task_uuid=entry["uuid"]
        )
    return [labels[uuid] for uuid in sorted(labels)], refused


def _find(store: JobStore, criteria: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the newest document of each job; large data stay where they are."""
    newest: dict[str, dict[str, Any]] = {}
    for entry in store.query(criteria, load=False):
        known = newest.get(entry["uuid"])
        if known is None or entry.get("index", 1) > known.get("index", 1):
            newest[entry["uuid"]] = entry
    return [newest[uuid] for uuid in sorted(newest)]


def _refuse(entry: dict[str, Any], err: BaseException) -> RefusedLabel:
    return RefusedLabel(
        name=f"{entry.get('name') or 'task'} {entry['uuid']}", reason=shorten_error(err)
    )
