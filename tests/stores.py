"""A real S3 server on this machine: moto's, which can be told to refuse or to hang up, by what is asked of it."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",  # nobody is asked for credentials
    "AWS_CONFIG_FILE": "/nowhere/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere/credentials",
}
BUCKET = "sales"
_DENIED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"

Ask = tuple[str, str]
"""A method and a path, as ``("PUT", "/sales/inbox/a.csv")``."""


@dataclass
class Store:
    """The server, and what it holds."""

    url: str = ""
    asked: list[Ask] = field(default_factory=list)  # in order
    denies: Callable[[Ask], bool] = lambda _: False  # whether it says no to something
    before: Callable[[Ask], None] = lambda _: None  # happens before something is answered
    stop: Callable[[], None] = lambda: None  # makes it go away for good; whoever is being answered still is
    _client: Any = None

    def begin(self) -> None:
        """An empty bucket, and a server that behaves."""
        self.before = lambda _: None
        self.denies = lambda _: False
        for each in self._client.list_buckets()["Buckets"]:
            for key in self.keys(each["Name"]):
                self._client.delete_object(Bucket=each["Name"], Key=key)
            self._client.delete_bucket(Bucket=each["Name"])
        self._client.create_bucket(Bucket=BUCKET)
        self.asked.clear()

    def put(self, key: str, text: str | bytes) -> str:
        """Put a file there as somebody else would; its URL."""
        content = text.encode() if isinstance(text, str) else text
        self._client.put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"s3://{BUCKET}/{key}"

    def read(self, key: str) -> bytes:
        return bytes(self._client.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def keys(self, bucket: str = BUCKET) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def names(self, folder: str) -> list[str]:
        return [PurePosixPath(key).name for key in self.keys() if key.startswith(f"{folder}/")]


@contextmanager
def serving() -> Iterator[Store]:
    import boto3  # noqa: PLC0415 - only where S3 is served is it worth a second
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415
    from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415

    store = Store()
    app: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]] = DomainDispatcherApplication(create_backend_app)

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        ask = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if environ.get("HTTP_USER_AGENT", "").startswith("aiobotocore"):
            store.asked.append(ask)
            store.before(ask)
            if store.denies(ask):
                start_response("403 Forbidden", [("Content-Type", "application/xml")])
                return [_DENIED]
        return app(environ, start_response)

    class Quiet(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            """Nothing is said."""

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    store.stop = stop
    store.url = f"http://127.0.0.1:{server.server_port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ACCOUNT.items():
            patch.setenv(name, value)
        store._client = boto3.client("s3", endpoint_url=store.url)
        try:
            yield store
        finally:
            store._client.close()
            stop()
