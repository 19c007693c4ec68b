"""Every test that takes `address` or `store` runs on each kind of store there is."""

from __future__ import annotations

import os
import uuid

import pytest

from perolyte.stores import open_store

MONGODB_VARIABLE = "PEROLYTE_TEST_MONGODB_URI"


@pytest.fixture(params=["embedded", "mongodb"])
def address(request, tmp_path):
    if request.param == "embedded":
        yield str(tmp_path / "run")
        return
    uri = os.environ.get(MONGODB_VARIABLE)
    if not uri:
        pytest.skip(f"{MONGODB_VARIABLE} names no MongoDB server")
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
