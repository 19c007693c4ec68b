"""``perolyte provenance``: what a document was made from."""

from __future__ import annotations

from typing import Annotated

import typer

from perolyte.errors import InputError

__all__ = ["provenance"]

_FORMATS = ("text", "json", "mermaid", "csv")


def provenance(
    uuid: Annotated[str, typer.Argument(help="of a document, as in 'perolyte results --csv'")],
    store: Annotated[str, typer.Option("--store", help="output directory, path or address")] = ".",
    output_format: Annotated[
        str, typer.Option("--format", help="text, json, mermaid or csv")
    ] = "text",
) -> None:
    """Show what a document was made from, back to the structure file and the campaign."""
    import json

    from perolyte.cli.show import locate_store
    from perolyte.stores import Results, open_store

    if output_format not in _FORMATS:
        raise InputError(f"--format {output_format!r} is not known; use {', '.join(_FORMATS)}")
    job_store = open_store(locate_store(store), create=False)
    try:
        graph = Results(job_store).provenance(uuid)
    finally:
        job_store.close()
    if output_format == "json":
        typer.echo(json.dumps(graph.to_dict(), indent=2, ensure_ascii=False))
    elif output_format == "mermaid":
        typer.echo(graph.to_mermaid())
    elif output_format == "csv":
        typer.echo(graph.to_frame().to_csv(index=False), nl=False)
    else:
        typer.echo(graph.to_text())
