"""Read a batch of structure files into documents."""

from __future__ import annotations

from jobflow import job

from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import LARGE_KEY, StructureDoc, StructureSetDoc
from perolyte.sources import ingest_batch

__all__ = ["ingest_files"]


@job(output_schema=StructureSetDoc, data=LARGE_KEY)
def ingest_files(
    paths: list[str], *, sha256: list[str | None], campaign: str | None = None
) -> StructureSetDoc:
    """Read files over the cores of this machine; every file gives a document.

    Parameters
    ----------
    paths
        Absolute paths.
    sha256
        Of each file when the flow was built, None where it could not be read then. They make the
        job's identity that of the contents; a file that has changed since carries a warning.
    campaign
        Name that the documents carry.

    Returns
    -------
    StructureSetDoc
        The documents in the order of the files; files that cannot be used are rejected ones.
    """
    documents = [
        _mark(document, expected, campaign)
        for document, expected in zip(ingest_batch(paths), sha256, strict=True)
    ]
    n_rejected = sum(document.row_status == "rejected" for document in documents)
    return StructureSetDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name="structures",
        status="converged",
        warnings=[f"{n_rejected} of {len(documents)} files were rejected"] if n_rejected else [],
        provenance=make_provenance(),
        structures=documents,
    )


def _mark(document: StructureDoc, expected: str | None, campaign: str | None) -> StructureDoc:
    """Say where the document belongs, and whether the file is still the one it was."""
    changes: dict[str, object] = {"uuid": current_uuid(), "campaign": campaign}
    if document.provenance.input_hash != expected:
        changes["warnings"] = [*document.warnings, "the file has changed since the flow was built"]
        changes["warning_codes"] = [*document.warning_codes, "file_changed"]
        if document.row_status == "ok":
            changes["row_status"] = "warning"
    return document.model_copy(update=changes)
