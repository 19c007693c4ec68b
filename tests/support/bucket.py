"""An S3 server on this machine, for tests: moto answers over HTTP as AWS and MinIO do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

USER = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "secret"}


@contextmanager
def serve_bucket(name: str = "perolyte") -> Iterator[str]:
    """Run a server with one bucket; give its address."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    saved = {key: os.environ.get(key) for key in (*USER, "AWS_DEFAULT_REGION")}
    os.environ.update(USER, AWS_DEFAULT_REGION="us-east-1")
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client("s3", endpoint_url=endpoint)
        client.create_bucket(Bucket=name)
        client.close()
        yield endpoint
    finally:
        server.stop()
        for key, value in saved.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
