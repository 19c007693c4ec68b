"""Where crystal structures come from, and how each becomes a document."""

from perolyte.sources.ase_database import AseDatabaseSource
from perolyte.sources.base import LoadedStructure, SourceItem, StructureSource
from perolyte.sources.documents import build_structure_document, reject_structure
from perolyte.sources.folder import FolderSource, is_poscar, list_structure_files
from perolyte.sources.ingest import hash_file, ingest_batch, ingest_one, ingest_source
from perolyte.sources.materials_project import MaterialsProjectSource
from perolyte.sources.optimade import OptimadeSource
from perolyte.sources.space_group import SpaceGroupResult, find_space_group

__all__ = [
    "AseDatabaseSource",
    "FolderSource",
    "LoadedStructure",
    "MaterialsProjectSource",
    "OptimadeSource",
    "SourceItem",
    "SpaceGroupResult",
    "StructureSource",
    "build_structure_document",
    "find_space_group",
    "hash_file",
    "ingest_batch",
    "ingest_one",
    "ingest_source",
    "is_poscar",
    "list_structure_files",
    "reject_structure",
]
