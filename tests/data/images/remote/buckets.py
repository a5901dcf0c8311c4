"""Object storage of the tests' own: moto's S3 server on this machine, as slow and moody as a test wants."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest


class Buckets:
    """An S3 server: what it was asked, how long it takes, and how often it says that it is busy."""

    def __init__(self) -> None:
        pytest.importorskip("s3fs")
        server = pytest.importorskip("moto.server")
        serving = pytest.importorskip("werkzeug.serving")
        self.asked: list[tuple[str, str]] = []
        self.seconds, self.busy, self.most, self._now = 0.0, 0, 0, 0
        self._lock = threading.Lock()
        self._app = server.DomainDispatcherApplication(server.create_backend_app)
        self._server = serving.make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()

    def begin(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An empty bucket, and an fsspec that finds it."""
        import fsspec

        keys = {"key": "test", "secret": "test", "endpoint_url": self.endpoint}
        monkeypatch.setitem(fsspec.config.conf, "s3", keys)
        self.seconds, self.busy, self.most = 0.0, 0, 0
        self.system = fsspec.filesystem("s3")
        self.system.invalidate_cache()
        if self.system.exists("reef"):
            self.system.rm("reef", recursive=True)
        self.system.mkdir("reef")
        self.asked.clear()

    def put(self, name: str, data: bytes) -> str:
        """Store an object; returns its URL."""
        self.system.pipe_file(f"reef/{name}", data)
        self.asked.clear()
        return f"s3://reef/{name}"

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            self.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
            self._now += 1
            self.most = max(self.most, self._now)
            is_busy, self.busy = self.busy > 0, max(self.busy - 1, 0)
        try:
            time.sleep(self.seconds)
            if is_busy:
                start("503 Slow Down", [("Content-Type", "application/xml")])
                return [b"<Error><Code>SlowDown</Code><Message>slow down</Message></Error>"]
            answer: Iterable[bytes] = self._app(environ, start)
            return answer
        finally:
            with self._lock:
                self._now -= 1
