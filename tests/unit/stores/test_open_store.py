"""Opening by path or address, and the one line that says why not."""

from __future__ import annotations

import socket
import sqlite3
import threading

import pytest

from perolyte.errors import StoreError
from perolyte.stores import open_store
from perolyte.stores.opening import DATA_STORE_NAME

PASSWORD = "s3cr3t%2Fw0rd"


def failure(address, **options):
    with pytest.raises(StoreError) as caught:
        open_store(address, **options).close()
    message = str(caught.value)
    assert "\n" not in message
    return message


class TestPaths:
    @pytest.mark.parametrize(
        ("given", "file"),
        [
            ("run", "run/perolyte.sqlite"),
            ("runs/a.b/", "runs/a.b/perolyte.sqlite"),
            ("x/y/z.sqlite", "x/y/z.sqlite"),
            ("archive.db", "archive.db"),
            (".", "perolyte.sqlite"),
        ],
    )
    def test_which_file(self, tmp_path, monkeypatch, given, file):
        monkeypatch.chdir(tmp_path)
        store = open_store(given)
        store.update({"uuid": "a", "index": 1, "output": {"x": 1}}, save={DATA_STORE_NAME: "x"})
        store.close()
        assert (tmp_path / file).is_file()
        again = open_store(tmp_path / file, create=False)
        assert again.query_one({"uuid": "a"}, load=True)["output"] == {"x": 1}
        again.close()

    def test_existing_file_without_suffix(self, tmp_path):
        open_store(tmp_path / "store.sqlite").close()
        (tmp_path / "store.sqlite").rename(tmp_path / "store")
        store = open_store(tmp_path / "store")
        assert store.docs_store.path == str(tmp_path / "store")
        store.close()

    @pytest.mark.parametrize("given", ["nowhere", "nowhere.sqlite"])
    def test_missing_is_not_made_unless_asked(self, tmp_path, given):
        message = failure(tmp_path / given, create=False)
        assert str(tmp_path / given) in message
        assert "make one" in message
        assert list(tmp_path.iterdir()) == []

    def test_empty_file_becomes_a_store(self, tmp_path):
        (tmp_path / "empty.sqlite").touch()
        store = open_store(tmp_path / "empty.sqlite")
        assert store.count() == 0
        store.close()


class TestUnusablePaths:
    def test_folder_under_a_file(self, tmp_path):
        (tmp_path / "file").write_text("x")
        message = failure(tmp_path / "file" / "run")
        assert str(tmp_path / "file" / "run") in message
        assert "writable folder" in message

    @pytest.mark.parametrize("path", ["/proc/perolyte/run", "/proc/perolyte.sqlite"])
    def test_nothing_can_be_made_there(self, path):
        message = failure(path)
        assert path in message
        assert "writable" in message

    def test_read_only_file(self, tmp_path):
        # root may write to a file without write permission: an immutable connection cannot
        path = tmp_path / "store.sqlite"
        open_store(path).close()
        from perolyte.stores.sqlite_file import SqliteFile

        file = SqliteFile(path, 0.1)
        file._connect(mode="ro")
        refused = pytest.raises(StoreError, match="not writable; change its permissions")
        with refused, file.transaction() as connection:
            connection.execute("DELETE FROM collection_docs")
        file.close()

    def test_not_a_database(self, tmp_path):
        path = tmp_path / "notes.txt"
        text = "these are notes, not a database\n" * 50
        path.write_text(text)
        message = failure(path)
        assert str(path) in message
        assert "not a database" in message
        assert path.read_text() == text

    def test_database_of_another_program(self, tmp_path):
        path = tmp_path / "other.sqlite"
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE t (x)")
        connection.commit()
        connection.close()
        before = path.read_bytes()
        assert "of another program" in failure(path)
        assert path.read_bytes() == before

    def test_newer_format(self, tmp_path):
        path = tmp_path / "store.sqlite"
        open_store(path).close()
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
        message = failure(path)
        assert "format 99" in message
        assert "update perolyte" in message


class TestAddresses:
    def test_unknown_scheme(self):
        message = failure("postgresql://user:pw@host/db")
        assert "postgresql://" in message
        assert "pw" not in message

    def test_no_server(self, monkeypatch):
        monkeypatch.setattr("perolyte.stores.opening._ANSWER_TIMEOUT_MS", 200)
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            message = failure(f"mongodb://me:{PASSWORD}@127.0.0.1:{port}/db")
        assert f"127.0.0.1:{port} does not answer within 0.2 s" in message
        assert "s3cr3t" not in message

    @pytest.mark.parametrize(
        "address",
        [
            f"mongodb://me:{PASSWORD}@127.0.0.1:notaport/db",
            "mongodb://me:s3cr3t/w0rd@127.0.0.1/db",
            "mongodb://me:s3cr3t?w0rd@127.0.0.1/db",
            "mongodb://me:s3cr3t@w0rd@127.0.0.1/db",
            "mongodb://me:s3cr3t:w0rd@127.0.0.1/db",
        ],
    )
    def test_malformed(self, address):
        message = failure(address)
        assert "127.0.0.1" in message
        assert "percent-encoded" in message
        assert "s3cr3t" not in message
        assert "w0rd" not in message

    def test_empty_address(self):
        assert "unnamed host" in failure("mongodb://")

    def test_wrong_password(self):
        """A server that answers the greeting and refuses every login."""
        with RefusingServer() as port:
            message = failure(f"mongodb://me:{PASSWORD}@127.0.0.1:{port}/db")
        assert f"127.0.0.1:{port} refuses the user" in message
        assert "authSource" in message
        assert "s3cr3t" not in message


class RefusingServer:
    """Speaks just enough of the MongoDB wire protocol (OP_MSG) to say no."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.accept)
        self.thread.start()
        return self.socket.getsockname()[1]

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()

    def accept(self):
        clients = []
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                break
            clients.append(threading.Thread(target=self.serve, args=(connection,)))
            clients[-1].start()
        for client in clients:
            client.join()

    def serve(self, connection):
        import struct

        import bson

        greeting = {"ok": 1.0, "isWritablePrimary": True, "ismaster": True, "helloOk": True}
        greeting |= {"minWireVersion": 0, "maxWireVersion": 21, "maxBsonObjectSize": 16777216}
        greeting |= {"maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 100000}
        refusal = {"ok": 0.0, "code": 18, "codeName": "AuthenticationFailed"}
        refusal["errmsg"] = "Authentication failed."
        with connection, connection.makefile("rb") as stream:
            while len(header := stream.read(16)) == 16:
                length, request, _, opcode = struct.unpack("<iiii", header)
                body = stream.read(length - 16)
                if opcode == 2004:  # OP_QUERY greeting of a new connection
                    document = bson.encode(greeting)
                    answer = struct.pack("<iqii", 8, 0, 0, 1) + document
                    connection.sendall(
                        struct.pack("<iiii", 16 + len(answer), 0, request, 1) + answer
                    )
                    continue
                command = next(iter(bson.decode(body[5:])))
                reply = greeting if command.lower() in ("hello", "ismaster") else refusal
                answer = b"\0\0\0\0\0" + bson.encode(reply)
                connection.sendall(
                    struct.pack("<iiii", 16 + len(answer), 0, request, 2013) + answer
                )
