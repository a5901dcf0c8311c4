"""Fetch images by URL: only from allowed places, by default not from private addresses, with limits.

A kernel that fetched every URL of a dataset could be directed to services of its own machine and network
(server-side request forgery), or be kept busy forever. So nothing is fetched from places that nobody allowed
(``places.py``); every redirect and every resolved address is checked, and the connection goes to the checked
address. A server that is overloaded, or that hangs up in the middle of an answer, is asked again.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote, urljoin

from ....core.errors import ImageError, MissingExtraError
from . import places
from .addresses import is_public
from .places import Place

MAX_BYTES = 256 << 20
"""Larger files are not fetched."""

MAX_SECONDS = 60.0
"""Time limit of a download, from the name lookup to the last byte."""

_MAX_REDIRECTS = 5
_CHUNK = 1 << 16
_SAFE = "/%:=&?~#+!$,;'@()*[]"  # characters of a URL that are not quoted
_BUSY = (429, 500, 502, 503, 504)  # answers after which a server may be asked again
_MD5 = re.compile("[0-9a-f]{32}")
_PAUSES = (0.2, 0.8)  # seconds before each further try


class Got(NamedTuple):
    """An answer.

    Attributes:
        data: the bytes; None where they are those of the mark that was sent along.
        mark: what tells these bytes from later ones at the same URL; None where the server has nothing.
    """

    data: bytes | None
    mark: str | None


class Wanted(NamedTuple):
    """What is asked for.

    Attributes:
        most: largest size, bytes.
        mark: of the bytes that are here already; None for none.
        only_start: the first ``most`` bytes are enough, of whatever there is.
    """

    most: int
    mark: str | None = None
    only_start: bool = False


def fetch(url: str, max_bytes: int | None = None, max_seconds: float | None = None) -> bytes:
    """The bytes at a URL, from an allowed place.

    Args:
        url: a URL of http, https or another scheme of fsspec.
        max_bytes: largest size, bytes; default :data:`MAX_BYTES`.
        max_seconds: time limit, seconds; default :data:`MAX_SECONDS`.

    Raises:
        ImageError: the place is not allowed, the address is private, the file is too large or too slow, or
            the server returns an error.
        MissingExtraError: fsspec, or the package that it needs for this scheme, is not installed.
    """
    got = ask(url, Wanted(MAX_BYTES if max_bytes is None else max_bytes), max_seconds)
    assert got.data is not None, "no mark was sent"
    return got.data


def ask(url: str, wanted: Wanted, max_seconds: float | None = None) -> Got:
    """What is at a URL now, from an allowed place.

    Raises:
        ImageError, MissingExtraError: as :func:`fetch` does.
    """
    deadline = time.monotonic() + (MAX_SECONDS if max_seconds is None else max_seconds)
    for _ in range(_MAX_REDIRECTS + 1):
        parts = places.split(url)
        place = places.allowing(parts, url)
        if parts.scheme not in ("http", "https"):
            stored: Got = _within(deadline, url, partial(_stored, url, parts, place, wanted))
            return stored
        got = _patiently(partial(_asked, url, parts, place, wanted, deadline), deadline)
        if isinstance(got, Got):
            return got
        url = urljoin(url, got)
    raise ImageError(f"{url} is redirected more than {_MAX_REDIRECTS} times")


class UnreachableError(ImageError):
    """There was no answer; what was there before may be there still."""


class _BusyError(UnreachableError):
    """The server may have an answer a little later."""


def _patiently(work: Callable[[], Got | str], deadline: float) -> Got | str:
    """Ask again after a pause where the server is busy, or has hung up."""
    for pause in _PAUSES:
        try:
            return work()
        except _BusyError:
            if time.monotonic() + pause >= deadline:
                raise
            time.sleep(pause)
    return work()


def _asked(url: str, parts: SplitResult, place: Place, wanted: Wanted, deadline: float) -> Got | str:
    """Send a GET request; returns what came, or the URL of a redirect."""
    line = _Line(parts, place, url, deadline)
    path = quote(parts.path, safe=_SAFE) or "/"
    path += f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    with _ended_at(deadline, line, url):
        line.connection.request("GET", path, headers={"User-Agent": "nbalabel", **_conditions(wanted)})
        answer = line.connection.getresponse()
        if answer.status in (301, 302, 303, 307, 308) and answer.headers["Location"]:
            return str(answer.headers["Location"])
        if answer.status == 304 and wanted.mark is not None:
            return Got(None, wanted.mark)
        if answer.status != (206 if wanted.only_start and answer.status == 206 else 200):
            said = f"{url} cannot be read: the server answers {answer.status} {answer.reason}"
            raise _BusyError(said) if answer.status in _BUSY else ImageError(said)
        data = _limited(answer.read1, url, wanted, answer.length)
        if answer.length and not (wanted.only_start and len(data) == wanted.most):
            raise http.client.IncompleteRead(data, answer.length)  # read1 says nothing of a short answer
        return Got(data, _mark(answer.headers))


def _conditions(wanted: Wanted) -> dict[str, str]:
    asked = {"Range": f"bytes=0-{wanted.most - 1}"} if wanted.only_start else {}
    kind, _, value = (wanted.mark or "").partition(" ")
    name = {"etag": "If-None-Match", "date": "If-Modified-Since"}.get(kind)
    return asked if name is None else {**asked, name: value}


def _mark(headers: http.client.HTTPMessage) -> str | None:
    for kind, name in (("etag", "ETag"), ("date", "Last-Modified")):
        if headers[name] and str(headers[name]).isprintable():
            return f"{kind} {headers[name]}"
    return None


def _limited(read: Callable[[int], bytes], url: str, wanted: Wanted, told: int | None = None) -> bytes:
    """Read all bytes, or those wanted; an ImageError if there are, or ``told`` announces, too many."""
    data = bytearray()
    while wanted.only_start or max(told or 0, len(data)) <= wanted.most:
        part = read(_CHUNK)
        data += part
        if not part or (wanted.only_start and len(data) >= wanted.most):
            return bytes(data[: wanted.most])
    raise ImageError(f"{url} has more than {wanted.most:,} bytes and is not fetched")


class _Line:
    """A connection to a checked address; the name is not resolved a second time."""

    def __init__(self, parts: SplitResult, place: Place, url: str, deadline: float) -> None:
        _, host, self._port = places.origin(parts)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._deadline = deadline
        self._addresses = _within(deadline, url, lambda: _addresses(host, self._port, place, url))
        self._handle: socket.socket | None = None
        self.connection = kind(host, self._port)
        self.connection._create_connection = self._connect  # type: ignore[attr-defined]  # its sockets

    def _connect(self, *_: Any) -> socket.socket:
        error = OSError("it has no address")
        for address in self._addresses:
            left = max(self._deadline - time.monotonic(), 0.001)
            try:
                found = socket.create_connection((address, self._port or 0), left)
            except OSError as failed:
                error = failed
                continue
            self._handle = found.dup()  # TLS takes the socket over
            return found
        raise error

    def end(self) -> None:
        """Shut the socket down, so that a waiting read or write ends."""
        if self._handle is not None:
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.connection.close()
        if self._handle is not None:
            self._handle.close()


def _addresses(host: str, port: int | None, place: Place, url: str) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    inside = [address for address in addresses if not is_public(address)]
    if inside and not place.private:
        raise ImageError(
            f"{url} is not fetched: {host} is at the private address {inside[0]}. If that server is "
            f"yours, run nl.allow_images_from({places.written(place)!r}, private=True)"
        )
    return addresses


@contextmanager
def _ended_at(deadline: float, line: _Line, url: str) -> Iterator[None]:
    """Shut a connection down at the deadline; every failure within the block becomes an ImageError."""
    timer = threading.Timer(max(deadline - time.monotonic(), 0), line.end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except ImageError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= deadline:
            raise ImageError(_slow(url)) from error
        if isinstance(error, (ConnectionResetError, http.client.IncompleteRead)):  # the answer was lost
            raise _BusyError(f"{url} cannot be read: {error or type(error).__name__}") from error
        raise UnreachableError(f"{url} cannot be read: {error or type(error).__name__}") from error
    finally:
        timer.cancel()
        line.close()
    if time.monotonic() >= deadline:  # a connection shut down looks like the end of the data
        raise ImageError(_slow(url))


def _slow(url: str) -> str:
    return f"{url} took longer than it may, and was given up"


def _within(deadline: float, url: str, work: Callable[[], Any]) -> Any:
    """The result of a call in a thread; raises an ImageError at the deadline, and the thread is abandoned."""
    result: list[Any] = []

    def run() -> None:
        try:
            result.append((work(), None))
        except BaseException as error:  # noqa: BLE001  # raised again in the waiting thread
            result.append((None, error))

    thread = threading.Thread(target=run, daemon=True, name="nbalabel image")
    thread.start()
    thread.join(max(deadline - time.monotonic(), 0))
    if not result:
        raise ImageError(_slow(url))
    value, error = result[0]
    if error is not None:
        raise error
    return value


def _stored(url: str, parts: SplitResult, place: Place, wanted: Wanted) -> Got:
    """What is at a URL of object storage, or of another file system that fsspec knows; one request."""
    fsspec = opener(url)
    if parts.scheme in places.PORTS:
        _addresses(str(parts.hostname), places.origin(parts)[2], place, url)
    try:
        system, path = fsspec.core.url_to_fs(url)
        if wanted.mark is not None and md5_of(system.info(path)) == wanted.mark:
            return Got(None, wanted.mark)
        data = bytes(system.cat_file(path, start=0, end=wanted.most + (not wanted.only_start)))
    except ImportError as error:  # fsspec names the missing package
        raise MissingExtraError(f"{url} cannot be read yet: {error}") from error
    except FileNotFoundError as error:
        raise ImageError(f"{url} is missing") from error
    except Exception as error:  # every file system has its own
        raise UnreachableError(f"{url} cannot be read: {error or type(error).__name__}") from error
    if len(data) > wanted.most:
        raise ImageError(f"{url} has more than {wanted.most:,} bytes and is not fetched")
    return Got(data, f"md5 {hashlib.md5(data, usedforsecurity=False).hexdigest()}")


def md5_of(info: Mapping[str, Any]) -> str | None:
    """The mark of an object as a listing tells it; None where it does not tell the MD5 of its bytes.

    The entity tag of S3 is the MD5 of an object that was put in one piece; Google writes it in base64.
    """
    tag = str(info.get("ETag") or "").strip('"').lower()
    if _MD5.fullmatch(tag):
        return f"md5 {tag}"
    with suppress(ValueError):
        found = base64.b64decode(str(info.get("md5Hash") or ""), validate=True)
        return f"md5 {found.hex()}" if len(found) == 16 else None
    return None


def opener(url: str) -> Any:
    """The package fsspec.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import fsspec  # type: ignore[import-untyped]  # ships no types
    except ImportError as error:
        raise MissingExtraError(f"{url} needs fsspec: pip install 'nbalabel[cloud]'") from error
    return fsspec
