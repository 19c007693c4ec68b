"""``perolyte labels``: files and stores in, one row for each and a set of sound labels out."""

from __future__ import annotations

import json
import sys
import uuid as uuid_module
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from monty.json import jsanitize
from rich.console import Console

from perolyte import __version__
from perolyte.cli.labels_table import as_records, print_sources
from perolyte.cli.outputs import make_console
from perolyte.dft.duplicates import find_duplicates
from perolyte.dft.extxyz import write_extxyz
from perolyte.dft.labels import build_label
from perolyte.dft.reading import ReadingChoices, list_label_files, read_label_files
from perolyte.dft.theory import LevelOfTheory, find_conflicts
from perolyte.dft.vasp import EnergyCorrection
from perolyte.errors import InputError, StoreError
from perolyte.jobs.provenance import make_provenance
from perolyte.jobs.stored_labels import read_stored_labels
from perolyte.schemas import LabelDoc, RefusedLabel
from perolyte.sources import hash_file
from perolyte.stores import open_store

__all__ = ["LabelOptions", "LabelSource", "list_labels"]

_NAMESPACE = uuid_module.UUID("a1f7d2b6-5a34-5d7b-8a55-2f0f5a7c9e10")


@dataclass(frozen=True)
class LabelOptions:
    """Options of the command, as they were given."""

    tasks: str | None = None
    steps: Literal["all", "last"] = "all"
    correction: EnergyCorrection | None = "MP2020"
    engine: str | None = None
    functional: str | None = None
    cutoff_eV: float | None = None

    @property
    def stated(self) -> LevelOfTheory | None:
        """What is said of frames that do not say it themselves."""
        if self.engine is None and self.functional is None and self.cutoff_eV is None:
            return None
        if self.cutoff_eV is not None and not 0 < self.cutoff_eV < float("inf"):
            raise InputError(f"--cutoff-ev is {self.cutoff_eV} eV; give a number above 0")
        return LevelOfTheory(
            engine=self.engine or LevelOfTheory.engine,
            functional=self.functional,
            cutoff_eV=self.cutoff_eV,
        )


@dataclass
class LabelSource:
    """A file or store, and what it gave.

    Parameters
    ----------
    name
        As it was given.
    format
        "store", that of the file, or "unknown".
    labels
        Sound and unsound ones.
    refused
        Of its labels: unsound, said twice, or not readable.
    reason
        Why there is no label.
    """

    name: str
    format: str
    labels: list[LabelDoc] = field(default_factory=list)
    refused: list[RefusedLabel] = field(default_factory=list)
    reason: str | None = None


def list_labels(
    paths: Sequence[Path],
    options: LabelOptions,
    *,
    output: Path | None,
    as_json: bool,
    store: str | None,
) -> None:
    """Read, judge, show, write and keep.

    Raises
    ------
    InputError
        Without any source, and, where labels shall be written, without a sound one or for labels
        of different levels of theory.
    StoreError
        When the output or the store cannot be written.
    """
    if not paths and options.tasks is None:
        raise InputError("no source is given; give files or folders of labels, or --tasks STORE")
    sources = _read(paths, options)
    sound = _find_sound(sources)
    conflicts = find_conflicts(
        (label.name, LevelOfTheory.from_settings(label.settings)) for label in sound
    )
    if as_json:
        records = as_records(sources, sound, conflicts)
        sys.stdout.write(json.dumps(records, indent=2, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    else:
        print_sources(make_console(), sources, sound, conflicts)
    if output is not None:
        _write(sound, conflicts, output)
    if store is not None:
        _keep([label for source in sources for label in source.labels], store)
    if output is not None or store is not None:
        notes = Console(stderr=True) if as_json else make_console()
        kept = f"{len(sound)} labels in {output}" if output is not None else ""
        documents = sum(len(source.labels) for source in sources)
        stored = f"{documents} documents in {store}" if store is not None else ""
        notes.print("; ".join(filter(None, [kept, stored])), highlight=False, soft_wrap=True)


def _read(paths: Sequence[Path], options: LabelOptions) -> list[LabelSource]:
    choices = ReadingChoices(options.stated, options.steps, options.correction)
    sources = []
    for file in read_label_files(list_label_files(paths) if paths else [], choices):
        sha256 = hash_file(file.path)
        provenance = make_provenance(input_hash=sha256)
        asked = f"{__version__}/{sha256}/{choices}"
        labels = [
            build_label(
                raw,
                provenance=provenance,
                uuid=str(uuid_module.uuid5(_NAMESPACE, f"{asked}/{index}")),
            )
            for index, raw in enumerate(file.labels)
        ]
        name = str(file.path)
        sources.append(LabelSource(name, file.format or "unknown", labels, reason=file.reason))
    if options.tasks is not None:
        opened = open_store(options.tasks)
        try:
            found, refused = read_stored_labels(
                opened, stated=options.stated, correction=options.correction
            )
        finally:
            opened.close()
        reason = None if found or refused else "the store holds no labels and no calculations"
        sources.append(LabelSource(options.tasks, "store", found, refused, reason))
    return sources


def _find_sound(sources: Sequence[LabelSource]) -> list[LabelDoc]:
    """Return the labels that can be used, each structure once; note the others as refused."""
    sound: list[tuple[LabelSource, LabelDoc]] = []
    for source in sources:
        for label in source.labels:
            if label.status == "converged":
                sound.append((source, label))
            else:
                source.refused.append(
                    RefusedLabel(name=label.name, reason="; ".join(label.reasons))
                )
    same = find_duplicates([label.structure for _, label in sound])
    kept = []
    for (source, label), other in zip(sound, same, strict=True):
        if other is None:
            kept.append(label)
        else:
            reason = f"same structure as {sound[other][1].name!r}"
            source.refused.append(RefusedLabel(name=label.name, reason=reason))
    return kept


def _write(sound: Sequence[LabelDoc], conflicts: Sequence[str], output: Path) -> None:
    if not sound:
        raise InputError(f"no label is sound: {output} is not written; the rows say why")
    if conflicts:
        raise InputError(
            f"labels lie on different energy surfaces ({conflicts[0]}): {output} is not written; "
            "give the sources of one level of theory"
        )
    try:
        write_extxyz(sound, output)
    except OSError as err:
        raise StoreError(
            f"cannot write {output} ({err.strerror}); choose another file with -o"
        ) from err


def _keep(labels: Sequence[LabelDoc], location: str) -> None:
    store = open_store(location)
    try:
        entries = [
            {
                "uuid": label.uuid,
                "index": 1,
                "name": f"label {label.name}",
                "output": jsanitize(label, strict=True, enum_values=True, allow_bson=True),
                "completed_at": datetime.now(UTC).replace(tzinfo=None).isoformat(),
                "metadata": {},
                "hosts": [],
            }
            for label in labels
            if label.uuid is not None
        ]
        if entries:
            store.docs_store.update(entries, key=["uuid", "index"])
    finally:
        store.close()
