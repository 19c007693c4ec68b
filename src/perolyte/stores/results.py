"""What was computed, as tables and documents: a view that never writes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from perolyte.errors import StoreError
from perolyte.stores.completeness import (
    BlobReference,
    find_additional_store,
    find_blob_references,
)

if TYPE_CHECKING:
    from jobflow.core.store import JobStore
    from pandas import DataFrame

__all__ = ["Results"]

_SCALARS = (str, int, float, bool, datetime, type(None))
_JOB_COLUMNS = ("uuid", "index", "name", "campaign")


class Results:
    """Read-only view of a store.

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

    def summaries(self, campaign: str | None = None) -> DataFrame:
        """Return the summaries of finished screenings (``ScreeningSummaryDoc``)."""
        return self._of_campaign("ScreeningSummaryDoc", campaign)

    def candidates(self, campaign: str | None = None) -> DataFrame:
        """Return the candidate structures, one row per ``CandidateDoc`` of every candidate set."""
        from pandas import DataFrame

        criteria = {"output.schema_name": "CandidateSetDoc"}
        if campaign is not None:
            criteria["output.campaign"] = campaign
        sets = self.store.docs_store.query(criteria, ["uuid", "index", "name", "output"])
        rows = [
            _to_row({**document, "output": candidate})
            for document in sets
            for candidate in document["output"]["candidates"]
        ]
        return DataFrame(rows, columns=None if rows else list(_JOB_COLUMNS))

    def relaxations(self, campaign: str | None = None) -> DataFrame:
        """Return the relaxations (``RelaxDoc``)."""
        return self._of_campaign("RelaxDoc", campaign)

    def conductivities(self, campaign: str | None = None) -> DataFrame:
        """Return the conductivities (``ConductivityDoc``)."""
        return self._of_campaign("ConductivityDoc", campaign)

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
            by name and uuid. Of a job that ran several times, only the newest document counts.
        """
        from pandas import DataFrame

        criteria: dict[str, Any] = {
            "$or": [{"output.schema_name": schema_name}, {"output.@class": schema_name}]
        }
        criteria |= {f"output.{field}": value for field, value in filters.items()}
        found = self.store.docs_store.query(
            criteria, ["uuid", "index", "name", "output"], sort={"index": 1}
        )
        newest = {document["uuid"]: _to_row(document) for document in found}
        rows = sorted(newest.values(), key=lambda row: (str(row["name"]), row["uuid"]))
        return DataFrame(rows, columns=None if rows else list(_JOB_COLUMNS))

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

    def _of_campaign(self, schema_name: str, campaign: str | None) -> DataFrame:
        filters = {} if campaign is None else {"campaign": campaign}
        return self.documents(schema_name, **filters)


def _to_row(document: dict[str, Any]) -> dict[str, Any]:
    output = document["output"]
    scalars = _flatten(output)
    first = {
        "uuid": document["uuid"],
        "index": document["index"],
        "name": output.get("name", document.get("name")),
        "campaign": output.get("campaign"),
    }
    return {**first, **scalars, **first}


def _flatten(part: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Collect scalars; go into nested parts, but not into serialised objects or references."""
    found: dict[str, Any] = {}
    for name, value in part.items():
        if isinstance(value, dict) and not {"@class", "blob_uuid"} & value.keys():
            found |= _flatten(value, f"{prefix}{name}.")
        elif isinstance(value, _SCALARS) and not name.startswith("@"):
            found[f"{prefix}{name}"] = value
    return found


def _describe(store: JobStore) -> str:
    docs: Any = store.docs_store
    # the name of a MongoDB store is its address with the password
    place = getattr(docs, "path", None) or getattr(docs, "database", None)
    return str(place or "in memory")
