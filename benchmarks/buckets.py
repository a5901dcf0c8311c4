"""What pictures in object storage cost: ``python benchmarks/buckets.py`` (two cores; some minutes).

An S3 server (moto's) in a process of its own answers every request after 50 ms. The same pictures of the
generated reef are read and predicted on from four places:

- disk: files of this machine;
- bucket, one by one: each picture is asked for when it is needed, as a plain loop does (the control);
- bucket, ahead: what `predict` and `ahead` do; nothing is kept on disk;
- bucket, next session: the pictures were kept on disk.

Wall seconds, medians; the ways alternate. The server shares the two cores with what is measured.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest import mock

import fsspec

import nbalabel as nl
from nbalabel.core.tables.ahead import ahead

WAYS = ("disk", "bucket, one by one", "bucket, ahead", "bucket, next session")
BUCKET = "s3://reef/"


def serve(seconds: float, said: Connection) -> None:
    """Answer until the process is ended; every answer comes ``seconds`` late."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_request(self, *_: Any) -> None:
            pass

    app = DomainDispatcherApplication(create_backend_app)

    def late(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "PUT":
            time.sleep(seconds)
        answer: Iterable[bytes] = app(environ, start)
        return answer

    server = make_server("127.0.0.1", 0, late, threaded=True, request_handler=Quiet)
    said.send(server.server_port)
    server.serve_forever()


@contextmanager
def storage(seconds: float) -> Iterator[Any]:
    """The file system of an S3 server."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(seconds, there), daemon=True)
    process.start()
    try:
        endpoint = f"http://127.0.0.1:{here.recv()}"
        fsspec.config.conf["s3"] = {"key": "a", "secret": "b", "endpoint_url": endpoint}
        yield fsspec.filesystem("s3")
    finally:
        process.terminate()


@contextmanager
def place(way: str, cache: Path) -> Iterator[None]:
    """The settings of one way."""
    room = "10" if way == "bucket, next session" else "0"
    with mock.patch.dict(os.environ, {"NBALABEL_CACHE_GB": room, "NBALABEL_CACHE": str(cache)}):
        if way == "bucket, one by one":
            with mock.patch("nbalabel.data.images.remote.reading.ahead", return_value=None):
                yield
        else:
            yield


def read(tables: nl.Tables) -> None:
    """The pixels of every image."""
    for image_id in ahead(tables, tables.images.index.tolist()):
        tables.read_image(image_id)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=192)
    parser.add_argument("--size", type=int, default=640, help="of the pictures, pixels")
    parser.add_argument("--imgsz", type=int, default=320, help="of the predictions, pixels")
    parser.add_argument("--latency", type=float, default=0.05, help="of the storage, seconds")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    reef = nl.demo.reef(folder / "reef.nbal", n_images=given.images, n_labeled=4, n_test=2, size=given.size)
    root = reef.image_root
    assert root is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = nl.Yolo("yolo11n-seg.yaml")
        model.train(reef, steps=2, imgsz=given.imgsz)
    with storage(given.latency) as system:
        system.mkdir("reef")
        for file in reef.images["file"]:
            system.put_file(str(root / file), f"reef/{file}")
        began = time.perf_counter()
        there = nl.read_images(BUCKET, labels=reef.labels)
        print(f"{len(there.images)} sizes from headers in {time.perf_counter() - began:.2f} s")
        here = nl.read_images(root, labels=reef.labels)
        seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
        found: dict[str, int] = {}
        for run in range(given.runs + 1):  # the first is not counted: it fills the disk, loads code
            for way in WAYS:
                tables = here if way == "disk" else there
                with place(way, folder / "cache"):
                    began = time.perf_counter()
                    read(tables)
                    middle = time.perf_counter()
                    rows = model.predict(tables, imgsz=given.imgsz, score=0.001, max_detections=20)
                    ended = time.perf_counter()
                found[way] = len(rows.predictions)
                if run:
                    seconds["read", way].append(middle - began)
                    seconds["predict", way].append(ended - middle)
        assert len(set(found.values())) == 1, found
    print(f"{given.images} pictures of {given.size} px, {given.latency * 1000:.0f} ms a request, seconds:")
    for what in ("read", "predict"):
        disk = statistics.median(seconds[what, "disk"])
        for way in WAYS:
            median = statistics.median(seconds[what, way])
            print(f"{what:8} {way:22} {median:7.2f}  {median / disk:5.2f} of disk")


if __name__ == "__main__":
    main()
