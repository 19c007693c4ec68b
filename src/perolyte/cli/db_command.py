"""``perolyte db``: serve a store to several launchers of this machine."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from perolyte.stores.server import ServerAddress

__all__ = ["db"]

EXIT_STORE = 3

db = typer.Typer(
    name="db", no_args_is_help=True, help="Serve a store to several processes of this machine."
)


class Engine(StrEnum):
    """What serves the store."""

    auto = "auto"
    perolyte = "perolyte"
    mongod = "mongod"


StorePath = Annotated[Path, typer.Argument(help="store: its folder or file [default: here]")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


@db.command()
def start(
    path: StorePath = Path(),
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="port; 0: the last one, or any free one")
    ] = 0,
    host: Annotated[
        str, typer.Option(help="address to listen on; any but loopback lets other machines in")
    ] = "127.0.0.1",
    engine: Annotated[
        Engine, typer.Option(help="auto: mongod for a new store where it is installed")
    ] = Engine.auto,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="stay in this terminal until Ctrl-C")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start the server of a store and print its address."""
    from perolyte.stores.locating import locate_store_file
    from perolyte.stores.server import start_server
    from perolyte.stores.server.daemon import LOOPBACK_HOSTS, run_server

    if host not in LOOPBACK_HOSTS:
        typer.echo(
            f"perolyte: warning: listening on {host} lets other machines in, unencrypted; the "
            "token in the address is all that protects the store",
            err=True,
        )
    if foreground:
        file = locate_store_file(path)
        run_server(
            file,
            host=host,
            port=port,
            engine=engine.value,
            announce=lambda address: _show_address(address, as_json=as_json),
        )
        return
    _show_address(start_server(path, port, host=host, engine=engine.value), as_json=as_json)


@db.command()
def stop(path: StorePath = Path(), as_json: AsJson = False) -> None:
    """Stop the server of a store; all that it acknowledged is on disk."""
    from perolyte.stores.server import stop_server

    stopped = stop_server(path)
    if as_json:
        _print_json({"stopped": stopped})
    else:
        typer.echo("stopped" if stopped else "no server was running")


@db.command()
def status(path: StorePath = Path(), as_json: AsJson = False) -> None:
    """Say whether a store is served, and where; exit code 3 when it is not."""
    from perolyte.stores.server import find_server

    address = find_server(path)
    if address is None:
        if as_json:
            _print_json({"running": False})
        else:
            typer.echo(f"no server runs for {path}; start one with 'perolyte db start {path}'")
        raise typer.Exit(EXIT_STORE)
    _show_address(address, as_json=as_json)


def _show_address(address: ServerAddress, *, as_json: bool) -> None:
    if as_json:
        facts = {"running": True, "uri": address.uri, "port": address.port, "pid": address.pid}
        _print_json({**facts, "path": address.path, "engine": address.engine})
        return
    typer.echo(f"serving    {address.path} ({address.engine}, process {address.pid})")
    typer.echo(f"for this   perolyte://127.0.0.1:{address.port}   (jobs of this user)")
    typer.echo(f"for all    {address.uri}   (contains the secret)")


def _print_json(content: dict[str, Any]) -> None:
    import json

    typer.echo(json.dumps(content))
