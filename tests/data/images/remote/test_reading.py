"""Pictures from elsewhere are kept on this disk, asked for again after a day, and fetched ahead."""

import os
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, ImageError
from nbalabel.data.images.files import image_size, read_image
from nbalabel.data.images.remote import fetching, reading

from .web import Server, png


@pytest.fixture(autouse=True)
def allowed(server: Server) -> None:
    nl.allow_images_from(server.origin, private=True)


def later(cache: Path, days: float = 2) -> None:
    """Let time pass for all files of the cache."""
    then = time.time() - days * 86_400
    for path in cache.rglob("*"):
        os.utime(path, (then, then))


def tagged(server: Server, data: bytes, tag: str | None) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answers with these bytes; with 304 to whoever has them, if it has a tag."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if tag is not None and handler.headers["If-None-Match"] == tag:
            handler.send_response(304)
            handler.end_headers()
            return
        handler.send_response(200)
        if tag is not None:
            handler.send_header("ETag", tag)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def test_the_next_session_fetches_nothing(server: Server) -> None:
    url = f"{server.origin}/a.png"
    first = read_image(url)
    reading._DISKS.clear()
    assert (read_image(url) == first).all()
    assert server.asked == ["/a.png"]


def test_what_is_kept_is_for_those_only_who_may_fetch_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_image(f"{server.origin}/a.png")
    monkeypatch.setattr("nbalabel.data.images.remote.places._ALLOWED", [])
    with pytest.raises(ImageError, match="not allowed"):
        read_image(f"{server.origin}/a.png")


def test_after_a_day_the_server_is_asked_whether_there_is_something_new(server: Server, cache: Path) -> None:
    url = f"{server.origin}/b"
    server.answers["/b"] = tagged(server, b"one", '"1"')
    assert reading.content(url) == b"one"
    later(cache)
    assert reading.content(url) == b"one"
    assert reading.content(url) == b"one"
    assert len(server.asked) == 2, "nothing new: that holds for another day"
    server.answers["/b"] = tagged(server, b"two", '"2"')
    assert reading.content(url) == b"one"
    later(cache)
    assert reading.content(url) == b"two"


def test_without_a_tag_the_picture_is_fetched_again_after_a_day(server: Server, cache: Path) -> None:
    server.answers["/b"] = tagged(server, b"one", None)
    assert reading.content(f"{server.origin}/b") == b"one"
    server.answers["/b"] = tagged(server, b"two", None)
    later(cache)
    assert reading.content(f"{server.origin}/b") == b"two"


def test_without_a_network_what_is_kept_is_shown(server: Server, cache: Path) -> None:
    url = f"{server.origin}/a.png"
    read_image(url)
    later(cache)
    server.close()
    assert read_image(url).shape == (3, 4, 3)
    with pytest.raises(ImageError, match="cannot be read"):
        read_image(f"{server.origin}/b.png")


def test_a_picture_that_is_gone_is_gone(server: Server, cache: Path) -> None:
    read_image(f"{server.origin}/a.png")
    later(cache)
    server.answers["/a.png"] = lambda handler: handler.send_error(404)
    with pytest.raises(ImageError, match="404"):
        read_image(f"{server.origin}/a.png")


def test_a_damaged_file_of_the_cache_is_fetched_again(server: Server, cache: Path) -> None:
    url = f"{server.origin}/a.png"
    read_image(url)
    (path,) = (path for path in cache.rglob("*") if path.is_file())
    path.write_bytes(path.read_bytes()[:-3] + b"???")
    assert read_image(url).shape == (3, 4, 3)
    path.write_bytes(b"")
    assert read_image(url).shape == (3, 4, 3)
    assert len(server.asked) == 3


def test_a_busy_server_and_a_lost_answer_are_asked_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_PAUSES", (0.0, 0.0))
    moods = iter(["busy", "lost", "well"])

    def answer(handler: BaseHTTPRequestHandler) -> None:
        mood = next(moods)
        if mood == "busy":
            handler.send_error(503)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(png())))
        handler.end_headers()
        handler.wfile.write(png()[:10] if mood == "lost" else png())

    server.answers["/b.png"] = answer
    assert read_image(f"{server.origin}/b.png").shape == (3, 4, 3)
    assert len(server.asked) == 3


def test_a_server_that_stays_busy_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_PAUSES", (0.0, 0.0))
    server.answers["/b.png"] = lambda handler: handler.send_error(503)
    with pytest.raises(ImageError, match="503"):
        read_image(f"{server.origin}/b.png")
    assert len(server.asked) == 3


def test_a_size_takes_the_start_of_a_file(server: Server) -> None:
    big = png() + bytes(1 << 20)
    given: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        given.append(handler.headers["Range"])
        handler.send_response(206)
        handler.end_headers()
        handler.wfile.write(big[: 1 << 16])

    server.answers["/b.png"] = answer
    assert image_size(f"{server.origin}/b.png") == (4, 3)
    assert given == ["bytes=0-65535"]


def test_a_server_that_knows_no_parts_is_not_read_to_the_end(server: Server) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(png())
        while not server.over.is_set():
            handler.wfile.write(bytes(1 << 16))

    server.answers["/b.png"] = answer
    assert image_size(f"{server.origin}/b.png") == (4, 3)


def test_pictures_asked_for_ahead_come_side_by_side(server: Server) -> None:
    together = threading.Barrier(reading.THREADS, timeout=30)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        together.wait()
        server.image(handler)

    urls = [f"{server.origin}/{i}.png" for i in range(reading.THREADS)]
    for i in range(reading.THREADS):
        server.answers[f"/{i}.png"] = answer
    reading.ahead(urls)
    assert [read_image(url).shape for url in urls] == [(3, 4, 3)] * len(urls)
    assert len(server.asked) == len(urls), "each once"


def test_what_fails_ahead_is_told_where_it_is_read(server: Server) -> None:
    reading.ahead(["https://elsewhere.example/a.png", f"{server.origin}/none.png"])
    with pytest.raises(ImageError, match="not allowed"):
        read_image("https://elsewhere.example/a.png")
    server.answers["/none.png"] = lambda handler: handler.send_error(404)
    with pytest.raises(ImageError, match="cannot be read"):
        read_image(f"{server.origin}/none.png")


def test_pictures_that_nobody_takes_do_not_pile_up(server: Server) -> None:
    for i in range(100):
        server.answers[f"/{i}"] = tagged(server, b"%d" % i, None)
    reading.ahead([f"{server.origin}/{i}" for i in range(100)])
    assert len(reading._AHEAD._coming) == 64
    assert reading.content(f"{server.origin}/99") == b"99"
    assert reading.content(f"{server.origin}/0") == b"0"


@pytest.mark.parametrize("room", ["1", "0"])
def test_what_comes_ahead_does_not_fill_the_memory(
    server: Server, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    monkeypatch.setenv("NBALABEL_CACHE_GB", room)
    monkeypatch.setattr(reading, "_HELD", 2500)
    urls = [f"{server.origin}/{i}" for i in range(10)]
    for i in range(10):
        server.answers[f"/{i}"] = tagged(server, bytes([i]) * 1000, None)
    reading.ahead(urls)
    futures = [reading._AHEAD._coming[url] for url in urls]
    assert sum(len(future.result(30) or b"") for future in futures) <= 2500
    assert [reading.content(url) for url in urls] == [bytes([i]) * 1000 for i in range(10)]


def test_the_room_on_the_disk_is_kept(server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBALABEL_CACHE_GB", str(10_000 / 2**30))
    for i in range(20):
        server.answers[f"/{i}"] = tagged(server, bytes(1000), None)
        reading.content(f"{server.origin}/{i}")
        assert sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) <= 10_000
    server.asked.clear()
    assert reading.content(f"{server.origin}/19") == bytes(1000)
    assert server.asked == [], "the newest are there"
    reading.content(f"{server.origin}/0")
    assert server.asked == ["/0"]


def test_nothing_is_kept_where_there_is_to_be_no_room(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBALABEL_CACHE_GB", "0")
    read_image(f"{server.origin}/a.png")
    read_image(f"{server.origin}/a.png")
    assert len(server.asked) == 2
    assert not cache.exists()
    monkeypatch.setenv("NBALABEL_CACHE_GB", "1")
    read_image(f"{server.origin}/a.png")
    monkeypatch.setenv("NBALABEL_CACHE_GB", "0")
    read_image(f"{server.origin}/a.png")
    assert len(server.asked) == 4, "what was kept before is not taken"
    monkeypatch.setenv("NBALABEL_CACHE_GB", "much")
    with pytest.raises(DataError, match="must be a number of gigabytes"):
        read_image(f"{server.origin}/a.png")


def test_a_disk_that_cannot_be_written_keeps_nothing(server: Server, cache: Path) -> None:
    cache.write_text("not a folder")
    assert read_image(f"{server.origin}/a.png").shape == (3, 4, 3)
