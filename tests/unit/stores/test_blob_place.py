"""The place of large data: chosen once, found again, never contradicted."""

from __future__ import annotations

import shutil
import threading

import pytest

from perolyte.errors import StoreError
from perolyte.stores import open_store
from support.bucket import serve_bucket


def save(store, uuid="u"):
    store.update({"uuid": uuid, "index": 1, "output": {"x": [1.5] * 50}}, save={"data": "x"})


def load(store, uuid="u"):
    return store.query_one({"uuid": uuid}, load=True)["output"]["x"]


def fail(address, place):
    with pytest.raises(StoreError) as caught:
        open_store(address, blobs=place).close()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path):
    if request.param == "folder":
        yield f"folder:{tmp_path / 'chunks'}"
        return
    with serve_bucket() as endpoint:
        yield f"s3://perolyte/large?endpoint={endpoint}"


def test_store_remembers_its_place(address, place):
    store = open_store(address, blobs=place)
    save(store)
    store.close()
    again = open_store(address)
    assert load(again) == [1.5] * 50
    header = again.additional_stores["data"].query_one({}, ["place", "chunks"])
    assert header["place"].startswith(place.partition("?")[0])
    assert len(header["chunks"]) == 1
    again.close()
    open_store(address, blobs=place).close()


def test_documents_are_the_default(address):
    store = open_store(address)
    save(store)
    assert store.additional_stores["data"].chunks.description == "documents"
    store.close()
    open_store(address, blobs="documents").close()


def test_contradiction(address, tmp_path):
    open_store(address).close()
    message = fail(address, f"folder:{tmp_path / 'elsewhere'}")
    assert f"lie in documents, not in folder:{tmp_path / 'elsewhere'}" in message
    assert not (tmp_path / "elsewhere").exists()


def test_two_stores_share_a_folder(tmp_path):
    place = f"folder:{tmp_path / 'chunks'}"
    first, second = (open_store(tmp_path / name, blobs=place) for name in ("a", "b"))
    save(first)
    save(second)
    shutil.rmtree(first.additional_stores["data"].chunks.folder)
    assert load(second) == [1.5] * 50
    first.close()
    second.close()


def test_folder_that_is_away(tmp_path):
    store = open_store(tmp_path / "s", blobs=f"folder:{tmp_path / 'chunks'}")
    save(store)
    store.close()
    (tmp_path / "chunks").rename(tmp_path / "moved")
    assert "not on this machine; mount it" in fail(tmp_path / "s", None)
    assert not (tmp_path / "chunks").exists()
    (tmp_path / "moved").rename(tmp_path / "chunks")
    store = open_store(tmp_path / "s")
    assert load(store) == [1.5] * 50
    store.close()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("folder:", "folder:/path"),
        ("dropbox", "folder:/path"),
        ("s3://", "s3://bucket"),
        ("s3://user:pw@bucket/x", "names a user"),
        ("s3://bucket/x?password=pw", "option 'password'"),
        ("folder:/proc/nowhere", "cannot be made"),
    ],
)
def test_unusable_places(tmp_path, place, said):
    message = fail(tmp_path / "s", place)
    assert said in message
    assert "pw" not in message or "password" in message


class TestBuckets:
    def test_no_such_bucket(self, tmp_path):
        with serve_bucket() as endpoint:
            message = fail(tmp_path / "s", f"s3://missing/x?endpoint={endpoint}")
        assert "Bucket missing" in message
        assert "make the bucket" in message
        open_store(tmp_path / "s", blobs="documents").close()  # nothing was remembered

    def test_nobody_answers(self, tmp_path, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "topsecret")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        message = fail(tmp_path / "s", "s3://perolyte/x?endpoint=http://127.0.0.1:9")
        assert "http://127.0.0.1:9 cannot be reached" in message
        assert "topsecret" not in message


def test_two_processes_choose_at_once(tmp_path):
    """One choice wins; whoever made the other one is told."""
    outcomes = []

    def choose(name):
        try:
            store = open_store(tmp_path / "s", blobs=f"folder:{tmp_path / name}")
            outcomes.append(store.additional_stores["data"].chunks.folder)
            store.close()
        except StoreError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=choose, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [text for text in outcomes if "lie in folder:" in text]
    assert len(told) == 1
    assert len({text for text in outcomes if text not in told}) == 1
