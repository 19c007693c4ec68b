"""Folder, ASE database, Materials Project and OPTIMADE behind one protocol."""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import ase.db
import pytest
from ase.spacegroup import crystal
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.sources import (
    AseDatabaseSource,
    FolderSource,
    MaterialsProjectSource,
    OptimadeSource,
    StructureSource,
    ingest_source,
    list_structure_files,
)

ANSWERS = Path(__file__).parent / "answers"
A = 3.905


@pytest.fixture
def folder(tmp_path: Path, repository: Path) -> Path:
    source = repository / "examples" / "structures" / "srtio3.cif"
    for name in ["b.cif", "deep/a.CIF", ".hidden/c.cif", ".d.cif", "notes.txt"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(source.read_bytes())
    return tmp_path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "a.db"
    places = [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0)]
    atoms = crystal(["Sr", "Ti", "O"], places, spacegroup=221, cellpar=[A, A, A, 90, 90, 90])
    slab = atoms.copy()
    slab.pbc = (True, True, False)
    crowded = atoms.copy()
    crowded.positions[1] = crowded.positions[0] + 0.1
    with ase.db.connect(path) as connection:
        for item in (atoms, slab, crowded):
            connection.write(item)
    return path


def read_answer(name: str) -> dict:
    return json.loads((ANSWERS / name).read_text())


def test_every_source_keeps_to_the_protocol(folder):
    sources = [
        FolderSource(folder),
        AseDatabaseSource("a.db"),
        MaterialsProjectSource({"chemsys": "Sr-Ti-O"}),
        OptimadeSource("http://localhost"),
    ]
    assert all(isinstance(source, StructureSource) for source in sources)


def test_folder(folder):
    items = {item.name: item for item in FolderSource(folder)}
    assert list(items) == ["b.cif", "deep/a.CIF"]
    loaded = items["b.cif"].load()
    assert loaded.structure.composition.reduced_formula == "SrTiO3"
    assert (loaded.source, loaded.path) == ("file", str(folder / "b.cif"))


def test_listing_of_paths(folder):
    (folder / "broken.cif").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.cif")
    named = [folder / "notes.txt", folder / "b.cif", folder]
    found = [str(path.relative_to(folder)) for path in list_structure_files(named)]
    assert found == ["notes.txt", "b.cif", "broken.cif", "deep/a.CIF"]
    with pytest.raises(InputError, match=r"missing.cif does not exist; check the path"):
        list_structure_files([folder / "missing.cif"])
    with pytest.raises(InputError, match="neither a file nor a folder"):
        list_structure_files([folder / "pipe.cif"])


def test_large_files_are_not_read(folder):
    with (folder / "b.cif").open("ab") as file:
        file.truncate(60_000_000)
    documents = {document.name: document for document in ingest_source(FolderSource(folder))}
    assert "has 60 MB, allowed are 50 MB" in documents["b.cif"].reasons[0]


def test_ase_database(database):
    perovskite, slab, _ = AseDatabaseSource(database)
    assert (perovskite.name, slab.name) == ("a.db#1", "a.db#2")
    loaded = perovskite.load()
    assert loaded.structure.composition.reduced_formula == "SrTiO3"
    assert loaded.source_id == ase.db.connect(database).get(id=1).unique_id
    with pytest.raises(InputError, match="row 2 is periodic along 2 directions only"):
        slab.load()
    assert [item.name for item in AseDatabaseSource(database, "id=2")] == ["a.db#2"]


def test_ase_database_that_cannot_be_read(database, tmp_path):
    with pytest.raises(InputError, match="there is no ASE database at"):
        list(AseDatabaseSource(tmp_path / "missing.db"))
    (tmp_path / "other.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match=r"other.db cannot be read"):
        list(AseDatabaseSource(tmp_path / "other.db"))


class RecordedClient:
    """Answers as mp-api's MPRester does, from a file."""

    def __init__(self, as_objects: bool) -> None:
        self.as_objects = as_objects
        self.asked: dict = {}
        self.materials = SimpleNamespace(summary=SimpleNamespace(search=self.search))

    def search(self, *, fields, **criteria):
        self.asked = {"fields": fields, **criteria}
        found = []
        for entry in read_answer("materials_project_summary.json")["data"]:
            if self.as_objects:  # with its document models, mp-api gives objects with Structures
                structure = entry["structure"] and Structure.from_dict(entry["structure"])
                found.append(SimpleNamespace(**{**entry, "structure": structure}))
            else:
                found.append(entry)
        return found


@pytest.mark.parametrize("as_objects", [True, False])
def test_materials_project(as_objects):
    client = RecordedClient(as_objects)
    items = list(MaterialsProjectSource({"chemsys": "O-Sr-Ti"}, client))
    assert client.asked["chemsys"] == "O-Sr-Ti"
    assert {"material_id", "structure"} <= set(client.asked["fields"])
    assert [item.name for item in items] == ["mp-5229", "mp-0"]
    loaded = items[0].load()
    assert (loaded.source, loaded.source_id) == ("materials_project", "mp-5229")
    assert loaded.structure.composition.reduced_formula == loaded.stated_formula == "SrTiO3"
    assert loaded.structure.site_properties == {}
    with pytest.raises(InputError, match="mp-0 came without a structure"):
        items[1].load()


def test_materials_project_that_refuses():
    def refuse(**_: object) -> None:
        raise ValueError("unknown\nkeyword")

    client = SimpleNamespace(materials=SimpleNamespace(summary=SimpleNamespace(search=refuse)))
    with pytest.raises(InputError, match=r"did not answer .*unknown keyword.*; check the criteria"):
        list(MaterialsProjectSource({"colour": "red"}, client))
    with pytest.raises(InputError, match="needs a criterion"):
        list(MaterialsProjectSource({}, client))


def test_materials_project_without_package_or_key(monkeypatch):
    source = MaterialsProjectSource({"chemsys": "O-Sr-Ti"})
    monkeypatch.setitem(sys.modules, "mp_api", None)
    monkeypatch.setitem(sys.modules, "mp_api.client", None)
    with pytest.raises(InputError, match=r"pip install 'perolyte\[mp\]'"):
        list(source)
    monkeypatch.setitem(sys.modules, "mp_api.client", SimpleNamespace(MPRester=None))
    monkeypatch.delenv("MP_API_KEY", raising=False)
    with pytest.raises(InputError, match="MP_API_KEY is not set"):
        list(source)


class Handler(BaseHTTPRequestHandler):
    """A small OPTIMADE server."""

    queries: ClassVar[list[dict]] = []

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.queries.append(query)
        if url.path == "/plain/v1/structures":
            code, body = 200, "<html>a portal</html>"
        elif query.get("filter") == "nonsense":
            detail = {"errors": [{"status": "400", "detail": "cannot parse nonsense"}]}
            code, body = 400, json.dumps(detail)
        else:
            page = "optimade_page_2.json" if query.get("page_offset") else "optimade_page_1.json"
            host = self.headers["Host"]
            code, body = 200, (ANSWERS / page).read_text().replace("HOST", host)
        self.send_response(code)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server():
    Handler.queries.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http_server:
        thread = threading.Thread(target=http_server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http_server.server_port}"
        http_server.shutdown()
        thread.join()


def test_optimade(server):
    source = OptimadeSource(server, filter='elements HAS "Ti"')
    items = {item.name.split("/")[1]: item for item in source}
    assert list(items) == ["1000", "1001", "1002", "1003"], "both pages"
    assert Handler.queries[0]["filter"] == 'elements HAS "Ti"'
    loaded = items["1000"].load()
    assert loaded.structure.composition.reduced_formula == "SrTiO3"
    assert loaded.stated_formula == "O3SrTi", "as the server writes it"
    expected = Structure.from_spacegroup(
        "Pm-3m", Lattice.cubic(A), ["Sr", "Ti", "O"], [[0, 0, 0], [0.5] * 3, [0.5, 0.5, 0]]
    )
    assert loaded.structure.matches(expected)
    mixed = items["1001"].load()
    assert mixed.structure.composition.get_el_amt_dict() == pytest.approx(
        {"Li": 0.33, "La": 0.56, "Ti": 1, "O": 3}
    )
    assert mixed.warnings[0][0] == "implicit_atoms"
    with pytest.raises(InputError, match="1002 is not periodic in 3 directions"):
        items["1002"].load()
    with pytest.raises(InputError, match="1003 is incomplete or malformed"):
        items["1003"].load()
    assert len(list(OptimadeSource(server, max_entries=3))) == 3


def test_optimade_servers_that_fail(server):
    with pytest.raises(InputError, match=r"answered 400 \(cannot parse nonsense\)"):
        list(OptimadeSource(server, filter="nonsense"))
    with pytest.raises(InputError, match="did not answer in JSON"):
        list(OptimadeSource(f"{server}/plain"))
    with pytest.raises(InputError, match=r"cannot be reached .*check the address"):
        list(OptimadeSource("http://127.0.0.1:9"))
    with pytest.raises(InputError, match="is no web address"):
        list(OptimadeSource("file:///etc"))
    with pytest.raises(InputError, match="does not answer in the form of OPTIMADE"):
        list(OptimadeSource("http://x", get=lambda _: {"data": None}))


def test_a_source_as_documents(database):
    perovskite, slab, crowded = ingest_source(AseDatabaseSource(database))
    assert perovskite.formula == "SrTiO3"
    assert perovskite.space_group.number == 221
    assert perovskite.perovskite.is_perovskite == "yes"
    assert perovskite.source == "ase"
    assert (slab.row_status, slab.source) == ("rejected", "ase")
    assert crowded.row_status != "ok", "atoms on top of each other are not passed over"
