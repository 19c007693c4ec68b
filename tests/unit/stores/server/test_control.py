"""Starting, finding and stopping a server; opening what it serves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import stat
import time
from pathlib import Path

import pytest
from pymongo import MongoClient

from perolyte.errors import StoreError
from perolyte.stores import EmbeddedStore, open_store
from perolyte.stores.server import ServerAddress, find_server, start_server, stop_server
from perolyte.stores.server.address import ServerFiles
from perolyte.stores.server.mongod import find_mongod


@pytest.fixture(autouse=True)
def own_registry(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def start(tmp_path):
    """Start servers that end with the test."""
    started = []

    def start(path=tmp_path / "run", **options):
        address = start_server(path, engine="perolyte", **options)
        started.append(address)
        return address

    yield start
    for address in started:
        stop_server(address.path)


def files_of(address):
    return ServerFiles(Path(address.path))


class TestAddress:
    def test_it_can_be_read_and_its_secret_is_not_shown(self, start, tmp_path):
        address = start()
        assert address == find_server(tmp_path / "run") == find_server(address.path)
        assert address.path == str(tmp_path / "run" / "perolyte.sqlite")
        assert address.token not in repr(address)
        assert f"127.0.0.1:{address.port}/perolyte?authSource=admin" in address.uri
        files = files_of(address)
        assert stat.S_IMODE(files.token.stat().st_mode) == 0o600
        assert address.token not in files.description.read_text()
        assert address.token not in files.log.read_text()
        with MongoClient(address.uri) as client:
            assert client.get_default_database().name == "perolyte"

    def test_it_listens_on_loopback_only(self, start):
        address = start()
        listening = Path("/proc/net/tcp").read_text()
        ends = [
            line.split()[1] for line in listening.splitlines() if f":{address.port:04X} " in line
        ]
        assert f"0100007F:{address.port:04X}" in ends
        assert f"00000000:{address.port:04X}" not in ends

    def test_hosts_in_addresses(self):
        for host, shown in (("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("node1", "node1")):
            assert f"@{shown}:5/" in ServerAddress("p", host, 5, 1, token="t").uri


class TestLife:
    def test_stop_and_start_keep_port_token_and_documents(self, start, tmp_path):
        first = start()
        with MongoClient(first.uri) as client:
            client.db.c.insert_one({"_id": 1})
        assert stop_server(tmp_path / "run") is True
        assert find_server(tmp_path / "run") is None
        assert stop_server(tmp_path / "run") is False
        second = start()
        assert (second.port, second.token) == (first.port, first.token)
        assert second.pid != first.pid
        with MongoClient(second.uri) as client:
            assert client.db.c.find_one() == {"_id": 1}

    def test_the_files_of_a_killed_server_are_recognised(self, start, tmp_path):
        address = start()
        os.kill(address.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while find_server(tmp_path / "run") is not None:
            assert time.monotonic() < deadline
        assert files_of(address).description.exists()
        assert start().port == address.port

    def test_two_on_one_path(self, start):
        address = start()
        with pytest.raises(StoreError, match="is served already; see 'perolyte db status"):
            start(address.path)
        assert find_server(address.path) == address

    def test_two_at_once(self, tmp_path):
        from concurrent.futures import ThreadPoolExecutor

        def attempt(_):
            try:
                return start_server(tmp_path / "run", engine="perolyte")
            except StoreError as error:
                return str(error)

        try:
            with ThreadPoolExecutor(3) as pool:
                outcomes = list(pool.map(attempt, range(3)))
            assert sum(isinstance(outcome, ServerAddress) for outcome in outcomes) == 1
            refusals = [outcome for outcome in outcomes if isinstance(outcome, str)]
            assert all("is served already" in refusal for refusal in refusals)
        finally:
            stop_server(tmp_path / "run")

    def test_a_port_that_is_taken(self, start):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(StoreError, match=f"Port {port} .*name another with --port"):
                start(port=port)

    def test_what_is_no_store(self, start, tmp_path):
        text = tmp_path / "notes.txt"
        text.write_text("these are notes\n" * 100)
        with pytest.raises(StoreError, match="not a database"):
            start(text)
        newer = tmp_path / "newer.sqlite"
        open_store(newer).close()
        connection = sqlite3.connect(newer)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
        with pytest.raises(StoreError, match=r"format 99.*update perolyte"):
            start(newer)
        with pytest.raises(StoreError, match="writable folder"):
            start("/proc/perolyte/run")
        assert find_server(text) is None

    def test_a_damaged_token(self, start):
        address = start()
        stop_server(address.path)
        files_of(address).token.write_text("short")
        with pytest.raises(StoreError, match=r"token in .* is damaged; .*remove the file"):
            start()

    def test_a_damaged_description_is_not_believed(self, tmp_path):
        files = ServerFiles(tmp_path / "perolyte.sqlite")
        for text in ("", "[]", "{", '{"pid": 1}', '{"port": "x", "other": 2}'):
            files.description.write_text(text)
            assert find_server(tmp_path) is None


class TestOpening:
    def test_a_served_path_is_opened_through_its_server(self, start, tmp_path):
        before = open_store(tmp_path / "run")
        before.update({"uuid": "before", "index": 1, "output": 1})
        before.close()
        address = start()
        for place in (
            tmp_path / "run",
            address.path,
            address.uri,
            f"perolyte://127.0.0.1:{address.port}",
            f"perolyte://localhost:{address.port}/",
        ):
            store = open_store(place)
            assert not isinstance(store.docs_store, EmbeddedStore)
            assert store.query_one({"uuid": "before"})["output"] == 1
            store.update({"uuid": str(place), "index": 1, "output": 2})
            store.close()
        stop_server(address.path)
        after = open_store(tmp_path / "run")
        assert isinstance(after.docs_store, EmbeddedStore)
        assert after.count() == 6
        after.close()

    def test_a_store_that_was_open_before_is_not_ignored(self, start, tmp_path):
        early = open_store(tmp_path / "run")
        early.update({"uuid": "a", "index": 1})
        start()
        late = open_store(tmp_path / "run")
        early.update({"uuid": "b", "index": 1})
        assert late.count() == 2
        late.update({"uuid": "c", "index": 1})
        assert early.count() == 3
        early.close()
        late.close()

    def test_no_server_on_that_port(self, start):
        address = start()
        stop_server(address.path)
        for port in (address.port, 9):
            with pytest.raises(StoreError, match=f"listens on port {port}.*perolyte db start"):
                open_store(f"perolyte://127.0.0.1:{port}")

    @pytest.mark.parametrize(
        "uri", ["perolyte://", "perolyte://node1:27017", "perolyte://127.0.0.1:x"]
    )
    def test_addresses_that_are_not_local(self, uri):
        with pytest.raises(StoreError, match=r"write perolyte://127\.0\.0\.1:PORT"):
            open_store(uri)

    def test_a_path_of_mongod(self, tmp_path):
        ServerFiles(tmp_path / "perolyte.sqlite").mongod_data.mkdir()
        with pytest.raises(StoreError, match=r"kept by mongod.*perolyte db start"):
            open_store(tmp_path)


class TestMongod:
    def test_which_program_serves(self, tmp_path, monkeypatch):
        path = tmp_path / "perolyte.sqlite"
        monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/mongod")
        assert find_mongod(path, "auto") == "/usr/bin/mongod"
        assert find_mongod(path, "perolyte") is None
        path.touch()
        assert find_mongod(path, "auto") is None  # its documents are in its own file
        with pytest.raises(StoreError, match="mongod would not show"):
            find_mongod(path, "mongod")
        path.unlink()
        ServerFiles(path).mongod_data.mkdir()
        with pytest.raises(StoreError, match="is kept by mongod"):
            find_mongod(path, "perolyte")
        monkeypatch.setattr(shutil, "which", lambda _: None)
        with pytest.raises(StoreError, match="not installed"):
            find_mongod(path, "mongod")
        with pytest.raises(StoreError, match="mongod is not installed"):
            find_mongod(path, "auto")

    @pytest.mark.skipif(shutil.which("mongod") is None, reason="mongod is not installed")
    def test_a_real_mongod(self, tmp_path):
        try:
            address = start_server(tmp_path, engine="mongod")
            store = open_store(tmp_path)
            store.update({"uuid": "a", "index": 1, "output": 1})
            store.close()
            assert stop_server(tmp_path)
            assert start_server(tmp_path).engine == "mongod"
            store = open_store(address.uri)
            assert store.count() == 1
            store.close()
        finally:
            stop_server(tmp_path)


def test_the_log_says_who_is_let_in(start):
    address = start(host="0.0.0.0")
    assert "other machines reach it, unencrypted" in files_of(address).log.read_text()
    with MongoClient(address.uri) as client:
        assert client.admin.command("ping") == {"ok": 1.0}


def test_json_in_the_description_is_written_at_once(start):
    address = start()
    content = json.loads(files_of(address).description.read_text())
    assert content == {
        "path": address.path,
        "host": "127.0.0.1",
        "port": address.port,
        "pid": address.pid,
        "engine": "perolyte",
    }
