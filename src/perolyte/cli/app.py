"""The ``perolyte`` command: parse, call, print, exit code.

Exit codes: 0 done; 1 a job failed; 2 bad input; 3 store or database; 4 something that is needed is
missing; 130 interrupted. Imports of the layers below sit inside the commands, so that ``perolyte
--help`` answers at once.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from perolyte import __version__
from perolyte.cli.boundary_command import boundary
from perolyte.cli.bvse_command import bvse
from perolyte.cli.candidate_commands import dope, vacancies
from perolyte.cli.cluster_command import cluster
from perolyte.cli.db_command import db
from perolyte.cli.doctor_command import doctor
from perolyte.cli.impedance_command import impedance
from perolyte.cli.inputs_command import inputs
from perolyte.cli.interruption import CommandInterruptedError
from perolyte.cli.labels_command import labels
from perolyte.cli.provenance_command import provenance
from perolyte.cli.recipe_command import recipe
from perolyte.cli.repair_command import repair
from perolyte.cli.status_command import status
from perolyte.cli.submit_command import submit
from perolyte.cli.transport_command import transport
from perolyte.cli.validate_command import validate
from perolyte.errors import InputError, PerolyteError, StoreError

__all__ = ["app", "main"]

EXIT_JOB_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_STORE = 3
EXIT_INTERRUPTED = 130

_UsageError: Any = typer.BadParameter.__base__
"""Of every wrong option or argument; typer has no public name for it."""

app = typer.Typer(
    name="perolyte",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From a crystal structure to an ionic conductivity with an honest error bar.",
)

CampaignFile = Annotated[Path, typer.Argument(help="campaign file (YAML)")]
OutputFolder = Annotated[
    Path | None, typer.Option("--output", "-o", help="output directory [default: runs/NAME]")
]
StoreOption = Annotated[
    str | None,
    typer.Option("--store", help="path or mongodb:// address [default: inside the directory]"),
]
CampaignName = Annotated[
    str | None, typer.Argument(help="campaign name [default: the only one in the store]")
]


def main() -> None:
    """Run the command line; every expected error becomes one line and an exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = app(standalone_mode=False)
    except _UsageError as err:
        if not err.format_message():  # nothing was asked for: the help is the answer
            err.show()
            sys.exit(EXIT_BAD_INPUT)
        help_call = err.ctx.command_path if err.ctx else "perolyte"
        text = " ".join(err.format_message().split())
        _fail(f"{text.rstrip('.')}; see '{help_call} --help'", EXIT_BAD_INPUT)
    except CommandInterruptedError as err:
        _fail(str(err), EXIT_INTERRUPTED)
    except StoreError as err:
        _fail(str(err), EXIT_STORE)
    except InputError as err:
        _fail(str(err), EXIT_BAD_INPUT)
    except PerolyteError as err:
        _fail(str(err), EXIT_JOB_FAILED)
    if code == EXIT_INTERRUPTED:  # typer ends so on Ctrl-C, without a word
        _fail("interrupted; the same command goes on from what is done", EXIT_INTERRUPTED)
    sys.exit(code)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="print the version and end")] = False,
) -> None:
    if version:
        typer.echo(f"perolyte {__version__}")
        raise typer.Exit


@app.command()
def run(
    campaign_file: CampaignFile,
    output: OutputFolder = None,
    store: StoreOption = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="worker processes [default: cores, to 4]")
    ] = None,
) -> None:
    """Run a whole campaign on this machine; the same command again resumes it."""
    from perolyte.cli.run import run_campaign

    if not run_campaign(campaign_file, output=output, store=store, n_workers=workers):
        raise typer.Exit(EXIT_JOB_FAILED)


@app.command()
def check(campaign_file: CampaignFile) -> None:
    """Read a campaign file, make its candidates and show them; run nothing."""
    from perolyte.cli.show import show_candidates

    show_candidates(campaign_file)


@app.command()
def results(
    campaign: CampaignName = None,
    store: Annotated[str, typer.Option("--store", help="output directory, path or address")] = ".",
    as_csv: Annotated[bool, typer.Option("--csv", help="print CSV")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            help="conductivities, candidates, relaxations, barriers, trajectories, diffusivities, "
            "boundaries, potentials or summaries [default: the ranked table]",
        ),
    ] = None,
    dopant: Annotated[
        list[str] | None, typer.Option(help="element; may be given several times")
    ] = None,
    fraction: Annotated[str | None, typer.Option(help="0.02 or a range, 0.01:0.05")] = None,
    temperature: Annotated[str | None, typer.Option(help="K: 600 or a range, 600:900")] = None,
    family: Annotated[str | None, typer.Option(help="perovskite family of the parent")] = None,
    status: Annotated[str | None, typer.Option(help="converged, not_converged, ...")] = None,
) -> None:
    """Print the ranked table of a campaign from its store, or any other table, filtered."""
    if as_csv and as_json:
        raise InputError("--csv and --json exclude each other; give one")
    output_format = "csv" if as_csv else "json" if as_json else "table"
    if table is None and not any((dopant, fraction, temperature, family, status)):
        from perolyte.cli.show import show_results

        show_results(campaign, store, output_format=output_format)
        return
    from perolyte.cli.result_table import parse_range, show_table

    filters = {
        "dopant": dopant,
        "fraction": parse_range(fraction, "--fraction"),
        "temperature_K": parse_range(temperature, "--temperature"),
        "family": family,
        "status": status,
    }
    show_table(
        table or "conductivities", campaign, store, output_format=output_format, filters=filters
    )


@app.command()
def report(
    campaign: CampaignName = None,
    store: Annotated[str, typer.Option("--store", help="output directory, path or address")] = ".",
    output: Annotated[Path, typer.Option("--output", "-o", help="directory to write")] = Path(),
) -> None:
    """Write results.csv, results.json, report.html and figures/ of a campaign from its store."""
    from perolyte.cli.show import write_outputs_from_store

    write_outputs_from_store(campaign, store, output)


@app.command()
def rebuild(
    campaign: CampaignName = None,
    store: Annotated[str, typer.Option("--store", help="output directory, path or address")] = ".",
    everything: Annotated[
        bool, typer.Option("--all", help="also what the present analysis made")
    ] = False,
) -> None:
    """Make conductivities anew from stored trajectories, where the analysis has changed."""
    from perolyte.cli.rebuild import rebuild_conductivities

    rebuild_conductivities(campaign, store, everything=everything)


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="CIF or POSCAR files, and folders of them")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="CSV file to write the table to")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    store: Annotated[
        str | None, typer.Option("--store", help="keep the documents: path or mongodb:// address")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="processes [default: cores, to 4]")
    ] = None,
) -> None:
    """Read structure files, recognise perovskites; one row per file, bad files included."""
    from perolyte.cli.ingest import ingest_paths

    ingest_paths(paths, output=output, as_json=as_json, store=store, n_workers=workers)


app.command()(dope)
app.command()(vacancies)
app.command()(boundary)
app.command()(bvse)
app.command()(transport)
app.command()(provenance)
app.command()(submit)
app.command()(repair)
app.command()(status)
app.command()(doctor)
app.add_typer(db)
app.add_typer(cluster)
app.command()(impedance)
app.command()(inputs)
app.command()(labels)
app.command()(validate)
app.command()(recipe)


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(f"perolyte: {' '.join(message.split())}", err=True)
    sys.exit(code)


def _interrupt(signum: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
