"""What the server makes of bytes: messages, nonsense, and clients without the token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

import bson
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from perolyte.stores.server.address import ServerFiles
from perolyte.stores.server.frames import (
    MAX_MESSAGE_BYTES,
    FrameError,
    Request,
    frame_length,
    pack_reply,
    parse_request,
)

N_FUZZED = 150


def message(command, *, flags=0, opcode=2013, sections=b""):
    body = struct.pack("<I", flags) + b"\0" + bson.encode(command) + sections
    return struct.pack("<iiii", 16 + len(body), 7, 0, opcode) + body


def document_sequence(name, documents):
    content = name.encode() + b"\0" + b"".join(map(bson.encode, documents))
    return b"\1" + struct.pack("<i", 4 + len(content)) + content


class TestFrames:
    def test_command_with_a_list_of_documents_beside_it(self):
        command = {"insert": "c", "$db": "d"}
        frame = message(command, sections=document_sequence("documents", [{"a": 1}, {"a": 2}]))
        request = parse_request(frame)
        assert request.command == {**command, "documents": [{"a": 1}, {"a": 2}]}
        assert (request.request_id, request.is_query, request.wants_reply) == (7, False, True)

    def test_a_checksum_is_passed_over(self):
        frame = message({"ping": 1}, flags=1) + b"\xff" * 4
        frame = struct.pack("<i", len(frame)) + frame[4:]
        assert parse_request(frame).command == {"ping": 1}

    def test_an_unacknowledged_write_wants_no_answer(self):
        assert not parse_request(message({"insert": "c"}, flags=2)).wants_reply

    def test_greeting_of_an_old_style(self):
        body = struct.pack("<i", 0) + b"admin.$cmd\0" + struct.pack("<ii", 0, -1)
        body += bson.encode({"ismaster": 1})
        request = parse_request(struct.pack("<iiii", 16 + len(body), 3, 0, 2004) + body)
        assert request.is_query
        assert request.command == {"ismaster": 1, "$db": "admin"}
        reply = pack_reply(request, {"ok": 1.0}, 9)
        assert struct.unpack_from("<iiii", reply) == (len(reply), 9, 3, 1)
        assert bson.decode(reply[36:]) == {"ok": 1.0}

    def test_answer(self):
        reply = pack_reply(Request(5, {"ping": 1}), {"ok": 1.0}, 1)
        assert struct.unpack_from("<iiii", reply) == (len(reply), 1, 5, 2013)
        assert bson.decode(reply[21:]) == {"ok": 1.0}

    @pytest.mark.parametrize("length", [-1, 0, 16, MAX_MESSAGE_BYTES + 1, 2**31 - 1])
    def test_impossible_length(self, length):
        with pytest.raises(FrameError):
            frame_length(struct.pack("<i", length), MAX_MESSAGE_BYTES)

    @settings(max_examples=300, deadline=None)
    @given(
        body=st.binary(max_size=60),
        opcode=st.sampled_from([2013, 2004, 2012, 1, 0]),
        cut=st.integers(0, 60),
        flip=st.integers(0, 400),
    )
    def test_nonsense_is_a_frame_error_or_a_request(self, body, opcode, cut, flip):
        random = struct.pack("<iiii", 16 + len(body), 1, 0, opcode) + body
        good = message({"find": "c", "filter": {"a": [1, {"b": 2}]}, "$db": "d"})
        spoilt = bytearray(good[: len(good) - cut])
        if flip < len(spoilt):
            spoilt[flip] ^= 0xFF
        for frame in (random, bytes(spoilt)):
            if len(frame) <= 16:
                continue
            try:
                request = parse_request(frame)
            except FrameError:
                continue
            assert request.command

    def test_deep_nesting_is_refused(self):
        nested = b"\x05\0\0\0\0"
        for _ in range(3000):
            nested = struct.pack("<i", len(nested) + 8) + b"\x03a\0" + nested + b"\0"
        body = struct.pack("<I", 0) + b"\0" + nested
        frame = struct.pack("<iiii", 16 + len(body), 1, 0, 2013) + body
        try:
            request = parse_request(frame)
        except FrameError:
            return
        assert request.command


@pytest.fixture
def place(server):
    return "127.0.0.1", server.port


def ask(connection, command):
    connection.sendall(message(command))
    header = connection.recv(16, socket.MSG_WAITALL)
    (length,) = struct.unpack_from("<i", header)
    return bson.decode(connection.recv(length - 16, socket.MSG_WAITALL)[5:])


def is_closed(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def log_in(connection, token):
    """SCRAM-SHA-256 written out (RFC 5802, section 3)."""
    first = b"n=perolyte,r=clientnonce"
    start = {"saslStart": 1, "mechanism": "SCRAM-SHA-256", "payload": b"n,," + first}
    answer = ask(connection, {**start, "$db": "admin"})["payload"]
    fields = dict(part.split(b"=", 1) for part in answer.split(b","))
    salt, n_rounds = base64.b64decode(fields[b"s"]), int(fields[b"i"])
    salted = hashlib.pbkdf2_hmac("sha256", token.encode(), salt, n_rounds)
    key = hmac.digest(salted, b"Client Key", "sha256")
    final = b"c=biws,r=" + fields[b"r"]
    message = first + b"," + answer + b"," + final
    signature = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature, strict=True)))
    payload = final + b",p=" + proof
    answer = ask(connection, {"saslContinue": 1, "payload": payload, "$db": "admin"})
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    expected = base64.b64encode(hmac.digest(server_key, message, "sha256"))
    assert answer["payload"] == b"v=" + expected


class TestClients:
    def test_nonsense_from_a_client_that_is_logged_in(self, server, place):
        random = np.random.default_rng(5)
        good = message({"find": "c", "filter": {"a": [1, {"b": 2}]}, "$db": "db"})
        with MongoClient(server.uri) as client:
            client.db.fuzz.insert_one({"_id": 1})
            for _ in range(40):
                spoilt = bytearray(good)
                for place_in in random.integers(4, len(good), 6):
                    spoilt[place_in] = random.integers(256)
                with socket.create_connection(place, timeout=10) as connection:
                    log_in(connection, server.token)
                    connection.sendall(spoilt)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
            assert client.db.fuzz.find_one() == {"_id": 1}
            client.drop_database("db")

    @pytest.mark.parametrize(
        "command",
        [
            {"find": "c", "$db": "perolyte"},
            {"insert": "c", "documents": [{"a": 1}], "$db": "perolyte"},
            {"ping": 1, "$db": "admin"},
            {"listDatabases": 1, "$db": "admin"},
            {"saslContinue": 1, "payload": b"", "$db": "admin"},
            {"buildInfo": 1},
        ],
    )
    def test_without_the_token_nothing_but_the_greeting(self, place, command):
        with socket.create_connection(place, timeout=10) as connection:
            assert ask(connection, {"hello": 1, "$db": "admin"})["isWritablePrimary"]
            refusal = ask(connection, command)
            assert (refusal["ok"], refusal["code"]) == (0.0, 13)
            assert "authentication" in refusal["errmsg"]

    def test_a_proof_of_nothing(self, place):
        start = {"saslStart": 1, "mechanism": "SCRAM-SHA-256", "$db": "admin"}
        with socket.create_connection(place, timeout=10) as connection:
            first = ask(connection, {**start, "payload": b"n,,n=perolyte,r=abc"})
            nonce = first["payload"].split(b",")[0]
            for proof in (b"", b",p=", b",p=AAAA", b",p=" + b"A" * 44):
                payload = b"c=biws," + nonce + proof
                answer = ask(connection, {"saslContinue": 1, "payload": payload, "$db": "admin"})
                assert (answer["ok"], answer["code"]) == (0.0, 18)
            assert ask(connection, {"find": "c", "$db": "admin"})["code"] == 13
            assert ask(connection, {**start, "mechanism": "PLAIN", "payload": b""})["code"] == 18

    @pytest.mark.parametrize(("user", "change"), [("perolyte", "x"), ("root", "")])
    def test_wrong_credentials(self, server, user, change):
        client = MongoClient(
            "127.0.0.1", server.port, username=user, password=server.token + change
        )
        with client, pytest.raises(OperationFailure) as caught:
            client.admin.command("ping")
        assert caught.value.code == 18

    def test_any_database_may_be_named_for_the_login(self, server):
        for source in ("admin", "fireworks"):
            uri = server.uri.replace("authSource=admin", f"authSource={source}")
            with MongoClient(uri) as client:
                assert client.admin.command("ping") == {"ok": 1.0}

    def test_a_large_message_of_a_stranger_is_not_awaited(self, place):
        with socket.create_connection(place, timeout=10) as connection:
            connection.sendall(struct.pack("<iiii", 1_000_000, 1, 0, 2013))
            assert is_closed(connection)

    def test_nonsense_ends_one_connection_only(self, server, place):
        with MongoClient(server.uri) as client:
            client.db.fuzz.insert_one({"_id": 1})
            for number in range(N_FUZZED):
                with socket.create_connection(place, timeout=10) as connection:
                    noise = os.urandom(16 + number)
                    connection.sendall(struct.pack("<i", 16 + number)[: number % 5] + noise)
                    if number % 3 == 0:
                        connection.shutdown(socket.SHUT_WR)
                        assert is_closed(connection)
            assert client.db.fuzz.find_one() == {"_id": 1}
            client.drop_database("db")

    def test_a_client_with_the_token_that_sends_nonsense(self, server):
        with MongoClient(server.uri) as client:
            for command in (
                {"find": 1},
                {"find": "c", "filter": []},
                {"find": "c", "filter": {"$where": "1"}},
                {"find": "c", "filter": {"a": {"$regex": "("}}},
                {"find": "c", "sort": {"a": "up"}},
                {"insert": "c"},
                {"insert": "", "documents": [{}]},
                {"insert": "a$b", "documents": [{}]},
                {"update": "c", "updates": [{"q": 1, "u": {}}]},
                {"aggregate": "c", "pipeline": [{"$out": "d"}], "cursor": {}},
                {"aggregate": "c", "pipeline": [{"$facet": {"x": [{"$merge": "d"}]}}]},
                {"aggregate": 1, "pipeline": []},
                {"createIndexes": "c", "indexes": [{"key": {"a": "text"}, "name": "a"}]},
                {"createIndexes": "c", "indexes": [{"key": 3}]},
                {"getMore": 5, "collection": "c"},
                {"getMore": "x", "collection": "c"},
                {"drop": "absent"},
                {"findAndModify": "c", "query": {}},
                {"rubbish": 1},
                {"insert": "c", "documents": [{}], "autocommit": False, "txnNumber": 1},
            ):
                with suppress(OperationFailure):
                    client.db.command(command)
            deep: dict = {}
            for _ in range(90):
                deep = {"$and": [deep or {"a": 1}]}
            client.db.c.find_one(deep)
            assert client.admin.command("ping") == {"ok": 1.0}
            client.drop_database("db")
        log = ServerFiles(Path(server.path)).log.read_text()
        assert "Traceback" not in log, log
