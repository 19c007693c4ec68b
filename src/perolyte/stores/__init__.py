"""Where results live: a JobStore in one local file or on a MongoDB server, and a view of it."""

from perolyte.stores.blobs import BlobStore
from perolyte.stores.completeness import find_complete_output
from perolyte.stores.embedded import EmbeddedStore
from perolyte.stores.opening import open_store
from perolyte.stores.orphans import OrphanReport, remove_orphans
from perolyte.stores.results import Results

__all__ = [
    "BlobStore",
    "EmbeddedStore",
    "OrphanReport",
    "Results",
    "find_complete_output",
    "open_store",
    "remove_orphans",
]
