"""``python -m perolyte.stores.server PATH``: the process that ``perolyte db start`` starts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from perolyte.errors import StoreError
from perolyte.stores.server.address import ServerAddress
from perolyte.stores.server.daemon import run_in_background, run_server


def main() -> None:
    """Serve a store."""
    parser = argparse.ArgumentParser(prog="perolyte.stores.server")
    parser.add_argument("path", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--engine", choices=["auto", "perolyte", "mongod"], default="auto")
    parser.add_argument("--background", action="store_true")
    given = parser.parse_args()
    path = given.path.absolute()

    def announce(address: ServerAddress) -> None:
        sys.stdout.write(f"{address.uri}\n")
        sys.stdout.flush()

    options = {"host": given.host, "port": given.port, "engine": given.engine}
    try:
        if given.background:
            run_in_background(path, **options)
        run_server(path, announce=announce, **options)
    except StoreError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
