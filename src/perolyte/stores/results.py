"""What was computed, as tables and documents: a view that never writes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from perolyte.errors import StoreError
from perolyte.stores.completeness import (
    BlobReference,
    find_additional_store,
    find_blob_references,
)
from perolyte.stores.provenance_graph import ProvenanceGraph
from perolyte.stores.provenance_search import trace
from perolyte.stores.result_filters import Choice, FilterOptions, RowFilter
from perolyte.stores.result_rows import JOB_COLUMNS, make_row
from perolyte.stores.result_tables import (
    POTENTIAL_COLUMNS,
    barrier_columns,
    boundary_rows,
    count_potentials,
    find_candidates,
    find_documents,
    find_members,
    find_rows,
    join_candidates,
    point_row,
)

if TYPE_CHECKING:
    from jobflow.core.store import JobStore
    from pandas import DataFrame

__all__ = ["Results"]


_UUID_LENGTH = 36
_MIN_UUID = 8


class Results:
    """Read-only view of a store.

    Every table takes the same filters, see
    :class:`~perolyte.stores.result_filters.RowFilter`; a value that occurs nowhere is refused with
    those that do. Of a job that ran several times, only the newest document counts.

    Parameters
    ----------
    store : jobflow.JobStore
        Connected store, as `perolyte.stores.open_store` returns it.

    Examples
    --------
    >>> import tempfile
    >>> from perolyte.stores import open_store
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = open_store(folder.name)
    >>> output = {"schema_name": "ConductivityDoc", "name": "LLTO", "conductivity_S_cm": 1e-3}
    >>> store.update({"uuid": "u1", "index": 1, "output": output})
    >>> Results(store).conductivities()["conductivity_S_cm"].tolist()
    [0.001]
    >>> store.close()
    >>> folder.cleanup()
    """

    def __init__(self, store: JobStore) -> None:
        self.store = store
        self._candidates: dict[Any, list[dict[str, Any]]] = {}

    def summaries(self, campaign: Choice = None, **filters: Unpack[FilterOptions]) -> DataFrame:
        """Return the summaries of finished screenings (``ScreeningSummaryDoc``)."""
        rows = find_rows(self.store, "ScreeningSummaryDoc")
        return _frame(RowFilter.from_options(campaign, filters).apply(rows))

    def candidates(self, campaign: Choice = None, **filters: Unpack[FilterOptions]) -> DataFrame:
        """Return the candidate structures, one row per ``CandidateDoc`` of every candidate set."""
        wanted = RowFilter.from_options(campaign, filters)
        return _frame(wanted.apply(find_candidates(self.store, self._candidates)))

    def relaxations(self, campaign: Choice = None, **filters: Unpack[FilterOptions]) -> DataFrame:
        """Return the relaxations (``RelaxDoc``), reference oxides included."""
        return self._describe(find_rows(self.store, "RelaxDoc"), campaign, filters)

    def barriers(self, campaign: Choice = None, **filters: Unpack[FilterOptions]) -> DataFrame:
        """Return bond valence barriers (``BvseDoc``, also those of a ``BvseSetDoc``).

        ``barrier_1d_eV`` to ``barrier_3d_eV`` are missing where nothing percolates.
        """
        alone = find_documents(self.store, "BvseDoc")
        parts = [(document, document["output"]) for document in alone]
        parts += find_members(self.store, "BvseSetDoc", "documents")
        rows = [
            make_row({**document, "output": part}) | barrier_columns(part)
            for document, part in parts
        ]
        return self._describe(rows, campaign, filters)

    def trajectories(self, campaign: Choice = None, **filters: Unpack[FilterOptions]) -> DataFrame:
        """Return MD runs (``TrajectoryDoc``, also those of a ``TrajectorySetDoc``)."""
        rows = find_rows(self.store, "TrajectoryDoc")
        for document, part in find_members(self.store, "TrajectorySetDoc", "trajectories"):
            rows.append(make_row({**document, "output": part}))
        return self._describe(rows, campaign, filters)

    def diffusivities(self, campaign: Choice = None, **filters: Unpack[FilterOptions]) -> DataFrame:
        """Return diffusivities (``DiffusionDoc``), one row per temperature."""
        return self._describe(find_rows(self.store, "DiffusionDoc"), campaign, filters)

    def conductivities(
        self, campaign: Choice = None, **filters: Unpack[FilterOptions]
    ) -> DataFrame:
        """Return the conductivities (``ConductivityDoc``), one row per structure.

        With ``temperature_K`` there is one row for each temperature that was simulated, with the
        numbers and the status of that point.
        """
        if filters.get("temperature_K") is None:
            return self._describe(find_rows(self.store, "ConductivityDoc"), campaign, filters)
        points = find_members(self.store, "ConductivityDoc", "points")
        rows = [point_row(document, point) for document, point in points]
        return self._describe(rows, campaign, filters)

    def boundaries(self, campaign: Choice = None, **filters: Unpack[FilterOptions]) -> DataFrame:
        """Return simulated boundaries (``GrainBoundaryDoc``), one row per boundary.

        With ``temperature_K`` there is one row for each temperature, with the area resistance, the
        conductivities, their standard errors and bounds, and the status of the resistance.
        """
        by_temperature = filters.get("temperature_K") is not None
        rows = boundary_rows(self.store, by_temperature=by_temperature)
        return self._describe(rows, campaign, filters)

    def potentials(self, campaign: Choice = None) -> DataFrame:
        """Return the potentials that documents were computed with, and how many documents.

        Columns: ``name``, ``version``, ``weights_sha256``, ``campaign``, ``schema_name``,
        ``n_documents``.
        """
        rows = RowFilter(campaign=campaign).apply(count_potentials(self.store))
        return _frame(rows, empty=POTENTIAL_COLUMNS)

    def documents(self, schema_name: str, **filters: Any) -> DataFrame:
        """Return one row per document of a schema.

        Parameters
        ----------
        schema_name : str
            Class name of the documents, such as ``"ConductivityDoc"``.
        **filters
            Fields of the document and the value each must have, or a condition in the language of
            MongoDB: ``documents("RelaxDoc", status="converged", energy_eV={"$lt": -30.0})``.

        Returns
        -------
        pandas.DataFrame
            Columns ``uuid``, ``index``, ``name`` and ``campaign``, then every field of the
            documents that is a number, a text, a truth value or a time; those of a nested part
            are named with a dot, such as ``room_temperature.conductivity_S_cm``. Rows are sorted
            by name and uuid.

        Raises
        ------
        InputError
            When no document of the schema has a field that is asked for.
        """
        return _frame(find_rows(self.store, schema_name, filters))

    def document(self, uuid: str, *, load: bool = False) -> Any:
        """Return the newest output document of a job: a dict, or what else the job returned.

        Parameters
        ----------
        uuid : str
            The job.
        load : bool
            Put the large data in place of the references to them.

        Raises
        ------
        StoreError
            When the store has no document of this job.
        """
        found = self.store.query_one({"uuid": uuid}, ["output"], sort={"index": -1}, load=load)
        if found is None:
            raise StoreError(
                f"Store {_describe(self.store)} has no document of job {uuid}; "
                "take a uuid from a table of Results, or wait until the job has finished"
            )
        return found["output"]

    def provenance(self, uuid: str) -> ProvenanceGraph:
        """Return what a document was made from, back to the structure file and the campaign.

        Parameters
        ----------
        uuid : str
            The job of the document, as in the column ``uuid`` of every table; its first eight
            characters or more will do.

        Raises
        ------
        StoreError
            When the store has no document of this job, or several jobs begin so.
        """
        return trace(self.store, self._complete(uuid))

    def _complete(self, uuid: str) -> str:
        """Return the uuid of which this is the beginning."""
        docs = self.store.docs_store
        if (
            _MIN_UUID <= len(uuid) < _UUID_LENGTH
            and docs.query_one({"uuid": uuid}, ["uuid"]) is None
        ):
            found = docs.distinct("uuid", {"uuid": {"$regex": f"^{re.escape(uuid)}"}})
            if len(found) > 1:
                raise StoreError(
                    f"{len(found)} jobs begin with {uuid}; give more of the uuid, for example "
                    f"{min(found)}"
                )
            uuid = found[0] if found else uuid
        self.document(uuid)
        return uuid

    def trajectory(self, uuid: str, *, field: str = "trajectory") -> Any:
        """Return the large data of one field of the newest document of a job.

        Parameters
        ----------
        uuid : str
            The job.
        field : str
            Name of the field, wherever in the document it sits.

        Raises
        ------
        StoreError
            When there is no such job, no such field, or its data are not in the store.
        """
        references = list(find_blob_references(self.document(uuid)))
        chosen = [reference for reference in references if field in reference.path]
        if len(chosen) != 1:
            names = sorted({".".join(map(str, reference.path)) for reference in references})
            raise StoreError(
                f"Document of job {uuid} has {len(chosen)} large fields {field!r}, not one; "
                f"it has {', '.join(names) or 'none at all'}; pass field=..."
            )
        return self._load(chosen[0], uuid)

    def _load(self, reference: BlobReference, uuid: str) -> Any:
        blobs = find_additional_store(self.store, reference.store_name)
        criteria = {"blob_uuid": reference.blob_uuid}
        blob = None if blobs is None else blobs.query_one(criteria, ["blob_uuid", "data"])
        if blob is None:
            raise StoreError(
                f"Blob {reference.blob_uuid} of job {uuid} is not in the additional store "
                f"{reference.store_name!r}; its job was killed while writing: run it again"
            )
        return blob["data"]

    def _describe(
        self, rows: list[dict[str, Any]], campaign: Choice, filters: Mapping[str, Any]
    ) -> DataFrame:
        """Add what the candidates are, and keep the rows that are asked for."""
        wanted = RowFilter.from_options(campaign, filters)
        return _frame(wanted.apply(join_candidates(self.store, rows, self._candidates)))


def _frame(rows: list[dict[str, Any]], *, empty: Sequence[str] = JOB_COLUMNS) -> DataFrame:
    from pandas import DataFrame

    return DataFrame(rows, columns=None if rows else list(empty))


def _describe(store: JobStore) -> str:
    docs: Any = store.docs_store
    # the name of a MongoDB store is its address with the password
    place = getattr(docs, "path", None) or getattr(docs, "database", None)
    return str(place or "in memory")
