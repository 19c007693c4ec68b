"""Where a worker finds the store: addresses with passwords never go into a firework."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from perolyte.stores.opening import DEFAULT_DATABASE

if TYPE_CHECKING:
    from fireworks import LaunchPad

__all__ = ["STORE_VARIABLE", "describe_store", "find_worker_store", "hide_password"]

STORE_VARIABLE = "PEROLYTE_STORE"
"""Environment variable, and key of a FWorker's ``env``, with the address of the store."""

_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^@/]*@)?(?P<rest>.*)", re.IGNORECASE)


def hide_password(address: str) -> str:
    """Return an address without user and password; a path as it is.

    Examples
    --------
    >>> hide_password("mongodb://me:secret@db.site:27017/perolyte?authSource=admin")
    'mongodb://db.site:27017/perolyte'
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return address
    return f"{found['scheme']}://{found['rest'].partition('?')[0]}"


def describe_store(location: str | None, launchpad: LaunchPad) -> str | None:
    """Return what a firework says about its store; None for the LaunchPad's own server.

    Parameters
    ----------
    location
        Path or address of the store.
    launchpad
        Whose server it may be on.
    """
    if location is None:
        return None
    if "://" not in location:
        return str(Path(location).expanduser().absolute())
    hidden = hide_password(location)
    return None if hidden == hide_password(_address_of(launchpad)) else hidden


def find_worker_store(wanted: str | None, env: dict[str, Any], launchpad: LaunchPad) -> str:
    """Return the address of the store with the password that this worker has for it.

    ``PEROLYTE_STORE`` in the environment, ``PEROLYTE_STORE`` in the FWorker's ``env`` and the
    LaunchPad's own address are looked at in this order.

    Parameters
    ----------
    wanted
        What the firework says: path, address without password, or None.
    env
        Of the FWorker.
    """
    given = [os.environ.get(STORE_VARIABLE), env.get(STORE_VARIABLE)]
    known = [str(item) for item in given if item]
    own = _address_of(launchpad)
    if wanted is None:
        return known[0] if known else own
    if "://" not in wanted:
        return wanted
    for address in [*known, own]:
        if hide_password(address).rpartition("/")[0] == wanted.rpartition("/")[0]:
            return _replace_database(address, wanted.rpartition("/")[2])
    return wanted  # a server without passwords


def _replace_database(address: str, database: str) -> str:
    head, question, options = address.partition("?")
    return f"{head.rpartition('/')[0]}/{database}{question}{options}"


def _address_of(launchpad: LaunchPad) -> str:
    """Return the MongoDB address of the store on a LaunchPad's server."""
    if launchpad.uri_mode or "://" in str(launchpad.host):
        return str(launchpad.host)
    user = ""
    if launchpad.username:
        user = f"{quote_plus(launchpad.username)}:{quote_plus(launchpad.password or '')}@"
    options = f"?authSource={launchpad.authsource}" if user else ""
    return f"mongodb://{user}{launchpad.host}:{launchpad.port}/{DEFAULT_DATABASE}{options}"
