"""Servers, and a cache of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbalabel.data.images.remote import places

from .buckets import Buckets
from .web import Server


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is allowed, and nothing is kept, when a test begins."""
    monkeypatch.setattr(places, "_ALLOWED", [])
    monkeypatch.setenv("NBALABEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NBALABEL_CACHE_GB", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def server() -> Iterator[Server]:
    """A web server with two pictures."""
    server = Server()
    server.answers["/a.png"] = server.answers["/in/a b.png"] = server.image
    yield server
    server.close()


@pytest.fixture(scope="session")
def _storage() -> Iterator[Buckets]:
    storage = Buckets()
    yield storage
    storage.close()


@pytest.fixture
def buckets(_storage: Buckets, monkeypatch: pytest.MonkeyPatch) -> Buckets:
    """An S3 server of the tests' own with an empty bucket, which fsspec is configured for."""
    _storage.begin(monkeypatch)
    return _storage
