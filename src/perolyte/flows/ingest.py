"""Read folders of structure files in batches, one job each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jobflow import Flow, Job, Maker

from perolyte.errors import InputError
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.ingest import ingest_files
from perolyte.sources import hash_file, list_structure_files

__all__ = ["IngestMaker"]


@dataclass
class IngestMaker(Maker):
    """Read CIF and POSCAR files, classify them, and keep every one as a document.

    Parameters
    ----------
    batch_size
        Files in one job, which reads them over all cores.
    campaign
        Name that the documents carry.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for index in range(5):
    ...         _ = Path(folder, f"{index}.cif").write_text(f"data_{index}")
    ...     [job.name for job in IngestMaker(batch_size=2).make([folder]).jobs]
    ['ingest files 1 to 2', 'ingest files 3 to 4', 'ingest files 5 to 5']
    """

    name: str = "ingest"
    batch_size: int = 250
    campaign: str | None = None

    def make(self, paths: Sequence[str | Path]) -> Flow:
        """Build the flow; its output is a list of :class:`~perolyte.schemas.StructureSetDoc`.

        Parameters
        ----------
        paths
            Files, and folders that are searched with everything below them.

        Raises
        ------
        InputError
            When a path does not exist, or nothing is found.
        """
        if self.batch_size < 1:
            raise InputError(f"batch_size {self.batch_size} is not allowed; give at least 1")
        files = [path.absolute() for path in list_structure_files(paths)]
        if not files:
            listed = ", ".join(map(str, paths)) or "no path at all"
            raise InputError(f"no CIF or POSCAR file in {listed}; check the path")
        jobs: list[Flow | Job] = []
        for start in range(0, len(files), self.batch_size):
            batch = files[start : start + self.batch_size]
            job = ingest_files(
                [str(path) for path in batch],
                sha256=[hash_file(path) for path in batch],
                campaign=self.campaign,
            )
            job.name = f"ingest files {start + 1} to {start + len(batch)}"
            jobs.append(job)
        flow = Flow(jobs, output=[job.output for job in jobs], name=self.name)
        return assign_identities(flow)
