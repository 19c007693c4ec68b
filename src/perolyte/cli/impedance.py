"""``perolyte impedance``: spectra in, conductivities of bulk and boundaries out."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from perolyte.cli.impedance_files import write_impedance
from perolyte.cli.impedance_store import keep_documents, name_document
from perolyte.cli.impedance_table import print_documents
from perolyte.cli.outputs import make_console
from perolyte.cli.transport_files import check_folder
from perolyte.errors import InputError
from perolyte.jobs import describe_impedance
from perolyte.schemas import ImpedanceDoc
from perolyte.spectra import IMAGINARY_NAMES, read_spectrum
from perolyte.spectra.reading import ImaginaryName

__all__ = ["ImpedanceOptions", "analyse_spectra"]


@dataclass(frozen=True)
class ImpedanceOptions:
    """Options of the command.

    Parameters
    ----------
    sample
        Fields of :class:`~perolyte.schemas.SampleDescription`, None for what is not given.
    temperatures_K
        None, one for all files, or one for each.
    imaginary
        What the imaginary column holds.
    max_arcs
        1 to 4.
    """

    sample: dict[str, Any]
    temperatures_K: tuple[float, ...] = ()
    imaginary: str = "auto"
    max_arcs: int = 3


def analyse_spectra(
    paths: Sequence[Path],
    options: ImpedanceOptions,
    *,
    output: Path | None,
    as_json: bool,
    store: str | None,
) -> None:
    """Analyse each file, print, write and keep.

    Raises
    ------
    InputError
        For options that do not fit, or files that cannot be read; with several files after the
        others are shown.
    StoreError
        When the output or the store cannot be written.
    """
    if options.imaginary not in IMAGINARY_NAMES:
        raise InputError(
            f"--imaginary {options.imaginary!r} is not allowed; give {', '.join(IMAGINARY_NAMES)}"
        )
    n_given = len(options.temperatures_K)
    if n_given not in {0, 1, len(paths)}:
        raise InputError(
            f"--temperature is given {n_given} times for {len(paths)} files; give it once, or once "
            "for each file in their order"
        )
    if output is not None:
        check_folder(output)
    given = options.temperatures_K or (None,)
    temperatures = given * len(paths) if len(given) == 1 else given
    documents: list[ImpedanceDoc] = []
    failed: list[tuple[Path, str]] = []
    notes = Console(stderr=True)
    for path, temperature_K in zip(paths, temperatures, strict=True):
        try:
            with notes.status(f"fitting {path.name}"):
                documents.append(_analyse(path, temperature_K, options))
        except InputError as err:
            if len(paths) == 1:
                raise
            failed.append((path, " ".join(str(err).split())))
    if store is not None:
        keep_documents(documents, store)
    written = [] if output is None else write_impedance(documents, output)
    if as_json:
        records = {
            "spectra": [document.model_dump(mode="json") for document in documents],
            "failed": [{"file": str(path), "reason": reason} for path, reason in failed],
        }
        sys.stdout.write(json.dumps(records, indent=2, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    else:
        print_documents(make_console(), documents, failed, written)
    if failed:
        raise InputError(
            f"{len(failed)} of {len(paths)} files could not be analysed; their rows say why: "
            "correct them and give the same command again"
        )


def _analyse(path: Path, temperature_K: float | None, options: ImpedanceOptions) -> ImpedanceDoc:
    spectrum = read_spectrum(path, imaginary=cast(ImaginaryName, options.imaginary))
    sample = {**options.sample, "temperature_K": temperature_K}
    document = describe_impedance(
        spectrum, name=path.name, sample=sample, max_arcs=options.max_arcs
    )
    uuid = name_document(document, imaginary=options.imaginary, max_arcs=options.max_arcs)
    return document.model_copy(update={"uuid": uuid})
