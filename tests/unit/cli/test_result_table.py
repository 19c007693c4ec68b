"""``perolyte results --table`` and ``perolyte provenance``."""

from __future__ import annotations

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from perolyte.cli.app import app
from perolyte.cli.result_table import TABLES, parse_range
from perolyte.errors import InputError, StoreError
from perolyte.stores import open_store
from perolyte.stores.lineage import INPUT_KEY


@pytest.fixture
def folder(tmp_path):
    store = open_store(tmp_path / "store")
    common = {"schema_name": "DiffusionDoc", "campaign": "llto", "status": "converged"}
    for number, temperature_K in enumerate((600.0, 700.0, 900.0)):
        output = {**common, "name": "LLTO", "temperature_K": temperature_K}
        uuid = f"0000000{number}-aaaa"
        store.update({"uuid": uuid, "index": 1, "name": "d", "output": output})
    output = {"schema_name": "ConductivityDoc", "name": "LLTO", "campaign": "llto"}
    document = {"uuid": "11111111-bbbb", "index": 1, "name": "c", "output": output}
    store.update({**document, "metadata": {INPUT_KEY: ["00000000-aaaa"]}})
    store.close()
    return str(tmp_path)


def run(*arguments):
    done = CliRunner().invoke(app, list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_filters_and_formats(folder):
    table = ("results", "--store", folder, "--table", "diffusivities", "--temperature", "650:")
    rows = json.loads(run(*table, "--json"))
    assert [row["temperature_K"] for row in rows] == [700.0, 900.0]
    rows = list(csv.DictReader(io.StringIO(run(*table, "--csv"))))
    assert [row["uuid"] for row in rows] == ["00000001-aaaa", "00000002-aaaa"]
    shown = run(*table)
    assert "2 diffusivities" in shown
    assert "900" in shown


def test_a_filter_alone_asks_for_conductivities(folder):
    store = open_store(f"{folder}/store")
    output = {"schema_name": "ConductivityDoc", "name": "x", "status": "rejected"}
    store.update({"uuid": "2", "index": 1, "name": "c", "output": output})
    store.close()
    assert "1 conductivities" in run("results", "--store", folder, "--status", "rejected")
    with pytest.raises(InputError, match="dopant 'Xx' is not among these results"):
        run("results", "--store", folder, "--dopant", "Xx")


@pytest.mark.parametrize("table", TABLES)
def test_every_table_can_be_shown(folder, table):
    assert table in run("results", "--store", folder, "--table", table)


def test_unknown_table(folder):
    with pytest.raises(InputError, match="no table 'colours'; use conductivities"):
        run("results", "--store", folder, "--table", "colours")


@pytest.mark.parametrize("text", ["much", "1:2:3", ":", "a:b"])
def test_ranges_that_are_none(text):
    with pytest.raises(InputError, match=r"--fraction .* 0\.01:0\.05"):
        parse_range(text, "--fraction")


class TestProvenance:
    def test_forms(self, folder):
        call = ("provenance", "11111111", "--store", folder)
        assert run(*call).splitlines()[1].startswith("└─ used DiffusionDoc LLTO")
        graph = json.loads(run(*call, "--format", "json"))
        assert [node["schema"] for node in graph["nodes"]] == [
            "ConductivityDoc",
            "DiffusionDoc",
            None,
        ]
        assert run(*call, "--format", "mermaid").startswith("flowchart TD")
        assert run(*call, "--format", "csv").startswith("key,kind,name")

    def test_refusals(self, folder):
        with pytest.raises(StoreError, match="no document of job nobody"):
            run("provenance", "nobody", "--store", folder)
        with pytest.raises(InputError, match="--format 'xml'"):
            run("provenance", "11111111", "--store", folder, "--format", "xml")
