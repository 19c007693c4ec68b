"""Where results live: a JobStore in one local file or on a MongoDB server, and a view of it."""

from perolyte.stores.blobs import EmbeddedBlobStore
from perolyte.stores.completeness import find_complete_output
from perolyte.stores.embedded import EmbeddedStore
from perolyte.stores.opening import open_store
from perolyte.stores.results import Results

__all__ = [
    "EmbeddedBlobStore",
    "EmbeddedStore",
    "Results",
    "find_complete_output",
    "open_store",
]
