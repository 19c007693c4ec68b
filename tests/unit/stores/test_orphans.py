"""What killed and repeated jobs leave behind."""

from __future__ import annotations

import pytest

from perolyte.stores import open_store, remove_orphans
from support.bucket import serve_bucket


@pytest.fixture(params=["documents", "folder", "bucket"])
def store(request, tmp_path):
    if request.param == "bucket":
        with serve_bucket() as endpoint:
            opened = open_store(tmp_path / "s", blobs=f"s3://perolyte/x?endpoint={endpoint}")
            yield opened
            opened.close()
        return
    place = f"folder:{tmp_path / 'chunks'}" if request.param == "folder" else "documents"
    opened = open_store(tmp_path / "s", blobs=place)
    yield opened
    opened.close()


def save(store, value, uuid="u"):
    store.update({"uuid": uuid, "index": 1, "output": {"x": value}}, save={"data": "x"})


def count(store):
    blobs = store.additional_stores["data"]
    return blobs.count(), len(list(blobs.chunks.list_chunks()))


def test_blobs_of_a_first_run_are_removed(store):
    save(store, "first")
    save(store, "second")
    save(store, "other", uuid="v")
    assert count(store) == (3, 3)
    seen = remove_orphans(store, older_than_s=-5, dry_run=True)
    assert (seen.n_blobs, seen.n_chunks) == (1, 1)
    assert count(store) == (3, 3)
    assert remove_orphans(store, older_than_s=-5) == seen
    assert count(store) == (2, 2)
    assert store.query_one({"uuid": "u"}, load=True)["output"]["x"] == "second"
    assert store.query_one({"uuid": "v"}, load=True)["output"]["x"] == "other"


def test_chunks_without_a_header_are_removed(store):
    blobs = store.additional_stores["data"]
    save(store, "kept")
    save(store, "lost", uuid="v")
    blobs.headers.remove_docs({"job_uuid": "v"})
    assert remove_orphans(store, older_than_s=-5).n_chunks == 1
    assert count(store) == (1, 1)


def test_shared_chunk_stays_while_one_blob_has_it(store):
    save(store, "the same", uuid="u")
    save(store, "the same", uuid="v")
    store.remove_docs({"uuid": "u"})
    remove_orphans(store, older_than_s=-5)
    assert store.query_one({"uuid": "v"}, load=True)["output"]["x"] == "the same"


def test_young_ones_are_left_alone(store):
    save(store, "first")
    save(store, "second")
    assert remove_orphans(store).n_blobs == 0
    assert count(store) == (2, 2)


def test_half_a_file_of_a_killed_writer_is_removed(tmp_path):
    """It has the name that the file has until it is whole."""
    store = open_store(tmp_path / "s", blobs=f"folder:{tmp_path / 'chunks'}")
    save(store, "kept")
    (chunk,) = (path for path in (tmp_path / "chunks").rglob("*") if path.is_file())
    half = chunk.with_name(f".{chunk.name}.3ea43e6d9860489687c4ae589339979f.tmp")
    half.write_bytes(b"hal")
    assert remove_orphans(store, older_than_s=3600).n_chunks == 0
    assert half.exists()
    assert remove_orphans(store, older_than_s=-5).n_chunks == 1
    assert [path.name for path in chunk.parent.iterdir()] == [chunk.name]
    assert store.query_one({"uuid": "u"}, load=True)["output"]["x"] == "kept"
    store.close()
