"""Rows of the documents of a store, by schema: newest document of each job, sorted by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from perolyte.errors import InputError
from perolyte.stores.completeness import find_additional_store, find_blob_references
from perolyte.stores.result_rows import CandidateIndex, describe_candidate, flatten, make_row

if TYPE_CHECKING:
    from jobflow.core.store import JobStore

__all__ = [
    "POTENTIAL_COLUMNS",
    "barrier_columns",
    "boundary_rows",
    "count_potentials",
    "find_candidates",
    "find_documents",
    "find_members",
    "find_rows",
    "join_candidates",
    "point_row",
]

Row = dict[str, Any]

POTENTIAL_COLUMNS = (
    "name",
    "version",
    "weights_sha256",
    "campaign",
    "schema_name",
    "n_documents",
)

_BOUNDARY_VALUES = {
    "bulk_conductivity": "S_cm",
    "cell_conductivity": "S_cm",
    "asr": "ohm_cm2",
    "specific_conductivity": "S_cm",
}
"""Lists of a GrainBoundaryDoc with one value for each temperature, and their units."""

_HEAVY = (
    "structure",
    "first_velocities_A_fs",
    "files",
    "points",
    "hops",
    "lag_ps",
    "msd_A2",
    "msd_std_A2",
)
"""Parts of documents that no table shows: they need not leave the store."""

_HEAVY_OF = {
    # in documents whose candidate is a name, the embedded store would leave out the name with it
    "RelaxDoc": ("candidate.structure",),
    "GrainBoundaryDoc": ("boundary_energies", "segregation", "profiles"),
}
"""The same, for one schema only."""


def find_rows(
    store: JobStore, schema_name: str, filters: Mapping[str, Any] | None = None
) -> list[Row]:
    """Return one row per document of a schema.

    Raises
    ------
    InputError
        When no document of the schema has a field that is asked for.
    """
    criteria = {f"output.{name}": value for name, value in (filters or {}).items()}
    heavy = _find_heavy(schema_name)
    left_out = [path for path in heavy if path.partition(".")[0] not in (filters or {})]
    found = _query(store, schema_name, criteria, left_out)
    rows = [make_row(document) for document in found]
    if not rows and filters:
        _refuse_unknown_fields(store, schema_name, filters)
    return sorted(rows, key=_row_order)


def find_documents(store: JobStore, schema_name: str) -> list[Row]:
    """Return the newest document of each job whose output is of a schema."""
    return _query(store, schema_name, {}, [])


def find_members(store: JobStore, schema_name: str, list_name: str) -> Iterator[tuple[Row, Row]]:
    """Yield the parts of documents that hold lists, each with the document that it is in."""
    for document in _query(store, schema_name, {}, []):
        for part in _find_parts(store, document["output"], list_name):
            yield document, part


def _find_parts(store: JobStore, output: Row, list_name: str) -> list[Row]:
    found = output.get(list_name)
    return _load_large(store, output).get(list_name, []) if found is None else found


def find_candidates(store: JobStore, known: dict[Any, list[Row]] | None = None) -> list[Row]:
    """Return one row per candidate of every candidate set, without the structures.

    Parameters
    ----------
    store : JobStore
        Connected.
    known : dict, optional
        Rows that were read before, by document; the sets that are read now are added.
    """
    known = {} if known is None else known
    rows = []
    for document in _query(store, "CandidateSetDoc", {}, ["candidates.structure"]):
        key = (document["_id"], document.get("completed_at"))
        if key not in known:
            known[key] = _describe_candidates(store, document)
        rows += known[key]
    return [dict(row) for row in rows]


def _describe_candidates(store: JobStore, document: Row) -> list[Row]:
    rows = []
    output = document["output"]
    for part in _find_parts(store, output, "candidates"):
        shared = {"provenance": part.get("provenance", output.get("provenance"))}
        row = make_row({**document, "output": {**shared, **part}})
        campaign = row["campaign"] or output.get("campaign")
        described = {"family": output.get("family"), **describe_candidate(row)}
        rows.append({**row, "campaign": campaign, **described})
    return rows


def join_candidates(
    store: JobStore, rows: list[Row], known: dict[Any, list[Row]] | None = None
) -> list[Row]:
    """Add to each row what its candidate is; ``known`` as in `find_candidates`."""
    if not rows:
        return rows
    index = CandidateIndex()
    index.add(find_candidates(store, known))
    return [{**row, **index.describe(row)} for row in sorted(rows, key=_row_order)]


def barrier_columns(part: Mapping[str, Any]) -> Row:
    """Return the percolation barriers of a BvseDoc in columns, and its convention."""
    barriers = {
        f"barrier_{entry['dimensions']}d_eV": entry["barrier_eV"]
        for entry in part.get("percolation", [])
    }
    return {**dict.fromkeys(("barrier_1d_eV", "barrier_2d_eV", "barrier_3d_eV")), **barriers}


def point_row(document: Mapping[str, Any], point: Mapping[str, Any]) -> Row:
    """Return the row of one temperature of a ConductivityDoc."""
    output = document["output"]
    kept = {name: output.get(name) for name in ("name", "campaign", "formula", "mobile_ion")}
    return make_row({**document, "output": {**point, **kept}})


def boundary_rows(store: JobStore, *, by_temperature: bool) -> list[Row]:
    """Return one row per GrainBoundaryDoc, or per temperature of it."""
    found = _query(store, "GrainBoundaryDoc", {}, _find_heavy("GrainBoundaryDoc"))
    rows = []
    for document in found:
        row = make_row(document)
        row["plane"] = " ".join(str(index) for index in document["output"].get("miller", []))
        rows += _split_temperatures(row, document["output"]) if by_temperature else [row]
    return rows


def _split_temperatures(row: Row, output: Mapping[str, Any]) -> list[Row]:
    """Return a row for each temperature: what holds for all, its values, the status of its ASR."""
    shared = {name: value for name, value in row.items() if not name.startswith("arrhenius.")}
    rows = []
    for index, temperature_K in enumerate(output["temperatures_K"]):
        own: Row = {"temperature_K": temperature_K}
        for name, unit in _BOUNDARY_VALUES.items():
            value = output[f"{name}_{unit}"][index]
            own |= {
                f"{name}_{unit}": value["value"],
                f"{name}_std_{unit}": value["error"],
                f"{name}_lower_bound_{unit}": value["lower_bound"],
                f"{name}_upper_bound_{unit}": value["upper_bound"],
            }
        rows.append({**shared, **own, "status": output["asr_ohm_cm2"][index]["status"]})
    return rows


def count_potentials(store: JobStore) -> list[Row]:
    """Return the potentials named in documents, with the number of jobs that used them."""
    path = "output.provenance.potential"
    found = store.docs_store.query(
        {f"{path}.name": {"$exists": True}},
        [path, "output.schema_name", "output.campaign", "uuid"],
    )
    used: dict[tuple[Any, ...], set[str]] = {}
    for document in found:
        output = document["output"]
        potential = output["provenance"]["potential"]
        key = (
            *(potential.get(name) for name in POTENTIAL_COLUMNS[:3]),
            output.get("campaign"),
            output.get("schema_name"),
        )
        used.setdefault(key, set()).add(document["uuid"])
    return [
        dict(zip(POTENTIAL_COLUMNS, (*key, len(uuids)), strict=True))
        for key, uuids in sorted(used.items(), key=lambda item: tuple(map(str, item[0])))
    ]


def _find_heavy(schema_name: str) -> tuple[str, ...]:
    return _HEAVY + _HEAVY_OF.get(schema_name, ())


def _query(
    store: JobStore, schema_name: str, criteria: Mapping[str, Any], left_out: Iterable[str]
) -> list[Row]:
    """Return the newest documents of the jobs; the ones of old releases have only a class name."""
    newest: dict[str, Row] = {}
    for kind in ("output.schema_name", "output.@class"):
        found = store.docs_store.query(
            {kind: schema_name, **criteria},
            {f"output.{path}": 0 for path in left_out} or None,
            sort={"index": 1},
        )
        for document in found:
            known = newest.get(document["uuid"])
            if known is None or known["index"] <= document["index"]:
                newest[document["uuid"]] = document
    return list(newest.values())


def _load_large(store: JobStore, output: Mapping[str, Any]) -> Row:
    """Return what a document has among the large data, see `perolyte.schemas.large`."""
    large: Any = output.get("large_data", {})
    for reference in find_blob_references(large):
        blobs = find_additional_store(store, reference.store_name)
        blob = (
            None
            if blobs is None
            else blobs.query_one({"blob_uuid": reference.blob_uuid}, ["blob_uuid", "data"])
        )
        return {} if blob is None else dict(blob["data"])
    return dict(large)


def _refuse_unknown_fields(store: JobStore, schema_name: str, filters: Mapping[str, Any]) -> None:
    documents = _query(store, schema_name, {}, _find_heavy(schema_name))
    known = {name for document in documents[:200] for name in flatten(document["output"])}
    unknown = [name for name in filters if not any(_is_part(name, path) for path in known)]
    if known and unknown:
        raise InputError(
            f"no {schema_name} has a field {unknown[0]!r}; there is {', '.join(sorted(known))}"
        )


def _is_part(name: str, path: str) -> bool:
    return path == name or path.startswith(f"{name}.")


def _row_order(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["name"]), str(row["uuid"])
