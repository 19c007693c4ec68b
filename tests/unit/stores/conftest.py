"""Every test that takes `address` or `store` runs on each kind of store there is."""

from __future__ import annotations

import os
import uuid

import pytest

from perolyte.stores import open_store
from perolyte.stores.server import start_server, stop_server

MONGODB_VARIABLE = "PEROLYTE_TEST_MONGODB_URI"


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A local server, for all tests that make databases of their own in it."""
    path = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(path / "state"))
        yield start_server(path, engine="perolyte")
        stop_server(path)


@pytest.fixture(params=["embedded", "server", "mongodb"])
def address(request, tmp_path):
    if request.param == "embedded":
        yield str(tmp_path / "run")
        return
    if request.param == "server":
        uri = request.getfixturevalue("server").uri
        yield from _database_of_its_own(uri)
        return
    uri = os.environ.get(MONGODB_VARIABLE)
    if not uri:
        pytest.skip(f"{MONGODB_VARIABLE} names no MongoDB server")
    yield from _database_of_its_own(uri)


def _database_of_its_own(uri):
    from pymongo import MongoClient

    database = f"perolyte_test_{uuid.uuid4().hex}"
    head, question, options = uri.partition("?")
    scheme, _, rest = head.partition("://")
    yield f"{scheme}://{rest.partition('/')[0]}/{database}{question}{options}"
    with MongoClient(uri) as client:
        client.drop_database(database)


@pytest.fixture
def store(address):
    opened = open_store(address)
    yield opened
    opened.close()
