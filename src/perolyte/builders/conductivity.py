"""Rebuild conductivities from the trajectories in a store, where the analysis has changed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jobflow import JobStore
from maggma.core import Builder
from maggma.utils import grouper

from perolyte.builders.newest import find_newest, make_successor
from perolyte.errors import PerolyteError
from perolyte.jobs import analyse_diffusion, build_conductivity, refresh_summary
from perolyte.jobs.stored_run import Run
from perolyte.schemas import (
    LARGE_KEY,
    ConductivityDoc,
    DiffusionDoc,
    ScreeningSummaryDoc,
    TrajectorySetDoc,
)
from perolyte.stores import Results
from perolyte.transport import ANALYSIS_VERSION

__all__ = ["ConductivityBuilder"]

JobDocument = dict[str, Any]

_SETTINGS = (
    *("name", "campaign", "mobile_ion", "charge", "hop_distance_A", "temperature_K"),
    *("equilibration_ps", "time_step_fs", "frame_interval_fs", "sites", "reading"),
    *("trajectory_uuid", "trajectory_sha256"),
)
"""Fields of a DiffusionDoc that say how it was made."""


@dataclass
class _Work:
    """One conductivity with the runs behind it, as stored."""

    conductivity: JobDocument
    runs: list[JobDocument]
    missing: list[str] = field(default_factory=list)


class ConductivityBuilder(Builder):
    """Bring every ``ConductivityDoc`` of a store up to the present analysis.

    A document whose :data:`perolyte.transport.ANALYSIS_VERSION` is the present one is left alone,
    so that running it again does nothing. New documents are written beside the old ones, under the
    same uuid with the next index, which is what :class:`perolyte.stores.Results` and jobflow read;
    the old numbers stay in the store. Runs are written before the conductivity that rests on them,
    and that before the summary of its campaign, so that a builder that is killed goes on where it
    was.

    Parameters
    ----------
    store
        jobflow store with the documents, and the trajectories in its additional stores.
    campaign
        Only this one.
    rebuild_all
        Also what is up to date, for example after the options of a fit were changed by hand.
    chunk_size
        Conductivities held in memory at once.

    Attributes
    ----------
    n_rebuilt
        Conductivities written by the last run.
    skipped
        Name of a conductivity and why it was left as it is.

    Examples
    --------
    >>> import tempfile
    >>> from perolyte.stores import open_store
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     builder = ConductivityBuilder(open_store(folder))
    ...     builder.run()
    ...     builder.n_rebuilt
    0
    """

    def __init__(
        self,
        store: JobStore,
        *,
        campaign: str | None = None,
        rebuild_all: bool = False,
        chunk_size: int = 20,
    ) -> None:
        self.store = store
        self.campaign = campaign
        self.rebuild_all = rebuild_all
        self.n_rebuilt = 0
        self.skipped: list[tuple[str, str]] = []
        super().__init__(sources=[store], targets=[store], chunk_size=chunk_size)

    def run(self, log_level: int = logging.WARNING) -> None:
        """Run in this process; unlike maggma's own, it leaves the root logger alone."""
        self.logger.setLevel(log_level)
        self.connect()
        for chunk in grouper(self.get_items(), self.chunk_size):
            self.update_targets([self.process_item(item) for item in chunk])
        self.finalize()

    def get_items(self) -> Iterator[_Work]:
        """Yield conductivities that an older analysis made, with their runs."""
        self.n_rebuilt, self.skipped = 0, []
        found = find_newest(self.store, "ConductivityDoc", campaign=self.campaign)
        stale = [doc for doc in found if self.rebuild_all or _is_stale(doc["output"])]
        self.total = len(stale)
        for conductivity in stale:
            points = conductivity["output"]["points"]
            uuids = [uuid for point in points for uuid in point["diffusion_uuids"]]
            known = {
                doc["uuid"]: doc for doc in find_newest(self.store, "DiffusionDoc", uuids=uuids)
            }
            missing = [str(uuid) for uuid in uuids if uuid not in known]
            yield _Work(conductivity, [known[u] for u in uuids if u in known], missing)

    def process_item(self, item: _Work) -> list[JobDocument]:
        """Analyse the trajectories again; return the documents to write, runs first."""
        name = item.conductivity["output"]["name"]
        if item.missing:
            reason = f"the store has no DiffusionDoc {', '.join(item.missing)}"
            self.skipped.append((name, reason))
            return []
        written: list[JobDocument] = []
        runs: list[DiffusionDoc] = []
        try:
            for stored in item.runs:
                document = DiffusionDoc.model_validate(stored["output"])
                if self.rebuild_all or document.analysis_version != ANALYSIS_VERSION:
                    document = self._measure(document)
                    written.append(make_successor(stored, document))
                runs.append(document)
            old = ConductivityDoc.model_validate(item.conductivity["output"])
            new = build_conductivity(
                runs,
                name=old.name,
                formula=old.formula,
                mobile_ion=old.mobile_ion,
                extrapolate_to_K=_find_target(old),
                md_settings=old.md_settings,
                campaign=old.campaign,
            )
        except PerolyteError as err:
            self.skipped.append((name, str(err)))
            return []
        new = new.model_copy(update={"uuid": old.uuid})
        return [*written, make_successor(item.conductivity, new)]

    def update_targets(self, items: list[list[JobDocument]]) -> None:
        """Write runs, then conductivities, then the summaries that hold them."""
        documents = [document for item in items for document in item]
        runs = [doc for doc in documents if doc["output"]["schema_name"] == "DiffusionDoc"]
        lines = [doc for doc in documents if doc["output"]["schema_name"] == "ConductivityDoc"]
        for group in (runs, lines):
            if group:
                self.store.docs_store.update(group, key=["uuid", "index"])
        self.n_rebuilt += len(lines)

    def finalize(self) -> None:
        """Put the new conductivities into the summaries of their campaigns.

        The store stays open, because whoever opened it goes on with it.
        """
        for stored in find_newest(self.store, "ScreeningSummaryDoc", campaign=self.campaign):
            loaded = Results(self.store).document(stored["uuid"], load=True)
            summary = ScreeningSummaryDoc.model_validate(loaded)
            newer = self._find_newer(summary)
            if newer:
                document = refresh_summary(summary, newer)
                successor = make_successor(stored, document)
                self.store.update(successor, key=["uuid", "index"], save={"data": LARGE_KEY})

    def _find_newer(self, summary: ScreeningSummaryDoc) -> dict[str, ConductivityDoc]:
        held = {
            row.conductivity.uuid: row.conductivity
            for row in summary.candidates
            if row.conductivity is not None and row.conductivity.uuid is not None
        }
        found = find_newest(self.store, "ConductivityDoc", uuids=sorted(held))
        stored = {doc["uuid"]: ConductivityDoc.model_validate(doc["output"]) for doc in found}
        return {
            uuid: doc
            for uuid, doc in stored.items()
            if doc.provenance.created_at > held[uuid].provenance.created_at
        }

    def _measure(self, document: DiffusionDoc) -> DiffusionDoc:
        """Analyse one run again, from where its document says that the trajectory is."""
        settings = {key: getattr(document, key) for key in _SETTINGS}
        analyse: Any = analyse_diffusion  # jobflow keeps the bare function as `original`
        new: DiffusionDoc = analyse.original(
            self._load_run(document),
            **settings,
            position=document.trajectory_position,
            seed=document.provenance.seed,
            potential=document.provenance.potential,
        )
        return new.model_copy(update={"uuid": document.uuid})

    def _load_run(self, document: DiffusionDoc) -> Run:
        """Return the run of a document, None where its MD job failed."""
        if document.source is not None:
            return document.source
        if document.trajectory_uuid is None or document.status == "rejected":
            return None
        results = Results(self.store)
        if document.trajectory_position is not None:
            runs = results.document(document.trajectory_uuid, load=True)
            return TrajectorySetDoc.model_validate(runs)
        from pymatgen.core.trajectory import Trajectory

        data: Any = results.trajectory(document.trajectory_uuid)
        run: Any = Trajectory.from_dict(data) if isinstance(data, dict) else data
        return run


def _is_stale(output: dict[str, Any]) -> bool:
    return output.get("analysis_version") != ANALYSIS_VERSION


def _find_target(document: ConductivityDoc) -> float:
    if document.extrapolate_to_K is not None:
        return document.extrapolate_to_K
    return float(document.md_settings.get("extrapolate_to_K", 300.0))
