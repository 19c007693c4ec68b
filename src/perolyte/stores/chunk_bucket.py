"""Chunks as objects of an S3 bucket (AWS, MinIO, Ceph), named by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from perolyte.errors import StoreError
from perolyte.stores.chunks import ChunkPlace, StoredChunk

__all__ = ["BucketChunks"]

_REFUSALS = ("AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch")
_ABSENT = ("NoSuchKey", "404")


class BucketChunks(ChunkPlace):
    """Chunks in objects ``prefix/abcdef...`` named by the SHA-256 of their content.

    User and password come from where boto3 looks for them: ``AWS_ACCESS_KEY_ID`` and
    ``AWS_SECRET_ACCESS_KEY``, or its own files. They are never kept in the store.

    Parameters
    ----------
    bucket : str
        It must exist.
    prefix : str
        Of the keys.
    endpoint : str, optional
        Address of a server other than AWS.
    region : str, optional
        Where the configuration of boto3 names none.
    """

    def __init__(
        self, bucket: str, prefix: str, endpoint: str | None = None, region: str | None = None
    ) -> None:
        self.bucket = bucket
        self.prefix = prefix
        self.endpoint = endpoint
        self.region = region
        self._client: Any = None

    @property
    def description(self) -> str:
        """Where it is."""
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def shares_chunks(self) -> bool:
        """Chunks are named by their content."""
        return True

    def connect(self) -> None:
        """Open the place."""
        if self._client is not None:
            return
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise StoreError(
                f"Large data of this store lie in {self.description}, which needs boto3; "
                "pip install 'perolyte[s3]'"
            ) from error
        retries = Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 4})
        with self._translated_errors():
            client = boto3.client(
                "s3", endpoint_url=self.endpoint, region_name=self.region, config=retries
            )
            client.head_bucket(Bucket=self.bucket)
        self._client = client

    def close(self) -> None:
        """Close the place."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def name_chunk(self, payload_id: str, position: int, content: bytes) -> str:
        """Name a chunk."""
        return hashlib.sha256(content).hexdigest()

    def write(self, chunks: Sequence[tuple[str, bytes]]) -> None:
        """Write chunks by name."""
        with self._translated_errors():
            for name, content in chunks:
                self._open_client().put_object(
                    Bucket=self.bucket, Key=self._key(name), Body=content
                )

    def read(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """Yield the content of each chunk, None for one that is not there."""
        from botocore.exceptions import ClientError

        for name in names:
            content: bytes | None
            with self._translated_errors():
                try:
                    found = self._open_client().get_object(Bucket=self.bucket, Key=self._key(name))
                    with found["Body"] as body:
                        content = body.read()
                except ClientError as error:
                    if _code(error) not in _ABSENT:
                        raise
                    content = None
            yield content

    def remove(self, names: Iterable[str]) -> None:
        """Remove chunks."""
        with self._translated_errors():
            for name in names:
                self._open_client().delete_object(Bucket=self.bucket, Key=self._key(name))

    def list_chunks(self) -> Iterator[StoredChunk]:
        """Yield all chunks."""
        with self._translated_errors():
            pages = self._open_client().get_paginator("list_objects_v2")
            found = [
                StoredChunk(entry["Key"].rpartition("/")[2], entry["LastModified"])
                for page in pages.paginate(Bucket=self.bucket, Prefix=f"{self.prefix}/")
                for entry in page.get("Contents", [])
            ]
        yield from found

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}"

    def _open_client(self) -> Any:
        if self._client is None:
            raise StoreError(f"Blobs in {self.description} are not connected; call connect() first")
        return self._client

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        from botocore.exceptions import (
            BotoCoreError,
            ClientError,
            NoCredentialsError,
            PartialCredentialsError,
        )

        where = self.endpoint or "AWS"
        try:
            yield
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise StoreError(
                f"Bucket {self.bucket} at {where} needs a user; set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY"
            ) from error
        except ClientError as error:
            if _code(error) in _REFUSALS:
                advice = "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy"
            else:
                advice = "make the bucket, or correct its name"
            raise StoreError(
                f"Bucket {self.bucket} at {where} failed ({_code(error)}); {advice}"
            ) from error
        except (BotoCoreError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise StoreError(
                f"Bucket {self.bucket} at {where} cannot be reached ({reason}); check the endpoint"
            ) from error


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", "no code"))
