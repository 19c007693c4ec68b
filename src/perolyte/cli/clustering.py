"""What ``perolyte cluster init`` does."""

from __future__ import annotations

from pathlib import Path

from perolyte.cli.console import make_console
from perolyte.errors import InputError
from perolyte.execution.cluster import write_cluster_files
from perolyte.stores.server import find_server

__all__ = ["init_cluster"]


def init_cluster(folder: Path, *, scheduler: str, location: str, force: bool) -> None:
    """Write the files of a cluster and print what comes next.

    Raises
    ------
    InputError
        When a path is given that no server serves.
    """
    if "://" in location:
        uri = location
    else:
        server = find_server(location)
        if server is None:
            raise InputError(
                f"no server serves the store {location}; start one with 'perolyte db start "
                f"{location}', or give the mongodb:// address of a database with --store"
            )
        uri = server.uri
    files = write_cluster_files(folder, scheduler=scheduler, uri=uri, force=force)
    console = make_console()
    for word, names in (("wrote", files.written), ("unchanged", files.unchanged)):
        if names:
            console.print(f"{word} in {files.folder}: {', '.join(names)}", highlight=False)
    console.print("next:")
    for command in files.next_commands():
        console.print(f"  {command}", markup=False, highlight=False, soft_wrap=True)
