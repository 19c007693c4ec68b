"""``perolyte validate``: a potential in, verdicts and a trust card out."""

from __future__ import annotations

import json
import sys
import uuid as uuid_module
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monty.json import jsanitize
from rich.console import Console

from perolyte import __version__
from perolyte.cli.bvse_files import name_stems
from perolyte.cli.outputs import make_console
from perolyte.cli.transport_files import check_folder
from perolyte.cli.validate_files import write_validation
from perolyte.cli.validate_table import print_validation
from perolyte.errors import InputError
from perolyte.jobs.validation import describe_engine, describe_validation, run_checks
from perolyte.potentials.choosing import build_batch_potential
from perolyte.potentials.registry import is_potential_uuid, resolve_potential
from perolyte.potentials.stored import fetch_potential
from perolyte.potentials.validation.names import CHECKS
from perolyte.schemas import PotentialDoc, ValidationDoc
from perolyte.sources import hash_file
from perolyte.stores import open_store
from perolyte.structures import read_structure

if TYPE_CHECKING:
    from jobflow import JobStore
    from pymatgen.core import Structure

    from perolyte.potentials.validation.labels import LabelledSplit

__all__ = ["ValidateOptions", "validate_on_files"]

_NAMESPACE = uuid_module.UUID("0c4e1f57-93b1-5b60-9c51-4f0f86e3d7a2")


@dataclass(frozen=True)
class ValidateOptions:
    """Options of the command, as they were given."""

    potential: str = "chgnet"
    labels: tuple[Path, ...] = ()
    structures: tuple[Path, ...] = ()
    checks: tuple[str, ...] = ()
    quick: bool = False
    seed: int = 0
    device: str | None = None


def validate_on_files(
    options: ValidateOptions, *, output: Path | None, as_json: bool, store: str | None
) -> None:
    """Run the checks, print, write and keep. A failed check is a result, no error.

    Raises
    ------
    InputError
        For a potential, a check, a structure or labels that cannot be used.
    PotentialError
        Where the potential cannot be loaded.
    StoreError
        When the output or the store cannot be written.
    """
    unknown = [name for name in options.checks if name not in CHECKS]
    if unknown:
        raise InputError(f"--check {unknown[0]!r} is not known; use {', '.join(CHECKS)}")
    if output is not None:
        check_folder(output)
    opened = None if store is None else open_store(store)
    try:
        trained, potential = _find_potential(options.potential, opened)
        document = _validate(options, potential, trained)
        if opened is not None:
            _keep(document, opened)
    finally:
        if opened is not None:
            opened.close()
    written = [] if output is None else write_validation(document, output, training=trained)
    if as_json:
        text = json.dumps(document.model_dump(mode="json"), indent=2, ensure_ascii=False)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    else:
        print_validation(make_console(), document, written)


def _find_potential(name: str, store: JobStore | None) -> tuple[PotentialDoc | None, str]:
    """Return the document of a trained potential, and what is loaded."""
    if not is_potential_uuid(name):
        resolve_potential(name)
        return None, name
    if store is None:
        raise InputError(f"potential {name!r} is a uuid; give the store that holds it with --store")
    path = fetch_potential(name, store)
    query = {"uuid": name, "output.schema_name": "PotentialDoc"}
    found: Any = store.query_one(query, sort={"index": -1})
    return PotentialDoc.model_validate(found["output"]), str(path)


def _validate(
    options: ValidateOptions, potential: str, trained: PotentialDoc | None
) -> ValidationDoc:
    splits = _read_labels(options.labels)
    structures = _read_structures(options.structures)
    kwargs = {} if options.device is None else {"device": options.device}
    engine = build_batch_potential(potential, kwargs)
    with Console(stderr=True).status("checking") as status:
        outcomes = run_checks(
            engine,
            splits=splits,
            structures=structures,
            checks=options.checks or CHECKS,
            quick=options.quick,
            seed=options.seed,
            on_start=status.update,
        )
    document = describe_validation(
        outcomes,
        potential=options.potential,
        engine=describe_engine(engine),
        quick=options.quick,
        seed=options.seed,
        name=f"validation of {Path(options.potential).name if trained is None else trained.name}",
        trained=trained,
        labels=", ".join(path.name for path in options.labels) or None,
        labels_sha256=hash_file(options.labels[0]) if len(options.labels) == 1 else None,
    )
    return document.model_copy(update={"uuid": _name_document(document, options)})


def _read_structures(paths: Sequence[Path]) -> dict[str, Structure]:
    read = [read_structure(path).structure for path in paths]
    for path, structure in zip(paths, read, strict=True):
        if not structure.is_ordered:
            raise InputError(
                f"{path} has partly occupied sites; order it first, for example with "
                "'perolyte dope', and give the ordered cell"
            )
    bare = [structure.copy().remove_oxidation_states() for structure in read]
    return dict(zip(name_stems(list(paths)), bare, strict=True))


def _read_labels(paths: Sequence[Path]) -> dict[str, LabelledSplit]:
    """Return one split for each kind of label in the files; unsound labels are left out."""
    if not paths:
        return {}
    from perolyte.dft import build_label, read_label_files
    from perolyte.potentials.validation.labels import LabelledSplit

    files = read_label_files(paths)
    for file in files:
        if file.reason is not None:
            raise InputError(file.reason)
    found = [build_label(raw) for file in files for raw in file.labels]
    sound = [label for label in found if label.status == "converged"]
    if not sound:
        raise InputError(
            f"none of {len(found)} labels is sound; 'perolyte labels' says why of each"
        )
    kinds = sorted({label.kind for label in sound})
    return {
        kind: LabelledSplit(
            [label.to_frame() for label in sound if label.kind == kind],
            [label.trajectory for label in sound if label.kind == kind],
        )
        for kind in kinds
    }


def _name_document(document: ValidationDoc, options: ValidateOptions) -> str:
    """Return the uuid that the potential and the question give: the same replaces the same."""
    engine = document.provenance.potential
    asked = {
        "version": __version__,
        "potential": None if engine is None else engine.model_dump(exclude={"device"}),
        "files": {str(path.name): hash_file(path) for path in options.labels + options.structures},
        "options": {key: str(value) for key, value in asdict(options).items() if key != "device"},
    }
    return str(uuid_module.uuid5(_NAMESPACE, json.dumps(asked, sort_keys=True)))


def _keep(document: ValidationDoc, store: JobStore) -> None:
    entry = {
        "uuid": document.uuid,
        "index": 1,
        "name": document.name,
        "output": jsanitize(document, strict=True, enum_values=True, allow_bson=True),
        "completed_at": datetime.now(UTC).replace(tzinfo=None).isoformat(),
        "metadata": {},
        "hosts": [],
    }
    store.docs_store.update([entry], key=["uuid", "index"])
