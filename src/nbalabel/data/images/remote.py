"""Fetch images by URL: only from allowed places, by default not from private addresses, with limits.

``images.file`` may be a URL from an untrusted dataset. A kernel that fetched every URL could be directed to
services of its own machine and network (server-side request forgery), or be kept busy forever. So nothing is
fetched until :func:`allow_images_from` names the place; every redirect and every resolved address is checked,
and the connection goes to the checked address.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from ...core.carried import carry
from ...core.errors import DataError, ImageError, MissingExtraError
from .addresses import is_public

MAX_BYTES = 256 << 20
"""Larger files are not fetched."""

MAX_SECONDS = 60.0
"""Time limit of a download, from the name lookup to the last byte."""

_MAX_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443, "ftp": 21, "sftp": 22}
_CONTAINERS = ("abfs", "abfss")  # container@account
_CHUNK = 1 << 16
_SAFE = "/%:=&?~#+!$,;'@()*[]"  # characters of a URL that are not quoted


class _Place(NamedTuple):
    scheme: str
    host: str
    port: int | None
    path: str
    private: bool

    def holds(self, url: SplitResult) -> bool:
        path = unquote(url.path) or "/"
        inside = path == self.path or path.startswith(self.path.rstrip("/") + "/")
        return inside and self[:3] == _origin(url) and ".." not in path.split("/")


_ALLOWED: list[_Place] = []


def _take_over(places: list[tuple[Any, ...]]) -> None:
    """Allow what the session allows that a worker works for."""
    _ALLOWED[:] = [_Place(*place) for place in places]


carry(f"{__name__}:_take_over", lambda: [tuple(place) for place in _ALLOWED])


def allow_images_from(*places: str, private: bool = False) -> tuple[str, ...]:
    """Allow downloads of images from these places, in this process, for every dataset.

    By default no image is fetched: a dataset may come from somebody else, and your machine would request its
    URLs from inside your network. Redirects are followed only to allowed places.

    Args:
        places: a server (``"https://example.org"``), a folder on one (``"https://example.org/reef/"``), or a
            bucket of object storage that fsspec can open (``"s3://bucket"``, ``"gs://bucket/folder"``).
        private: also allow private addresses of these servers: this machine, the local network.

    Returns:
        All places allowed so far.

    Raises:
        DataError: a place is not a URL, or has a user, a query or a fragment.

    Example:
        >>> allow_images_from("https://example.org/reef/")
        ('https://example.org/reef/',)
    """
    _ALLOWED.extend([place for place in [_place(text, private) for text in places] if place not in _ALLOWED])
    return tuple(map(_written, _ALLOWED))


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
    most = MAX_BYTES if max_bytes is None else max_bytes
    deadline = time.monotonic() + (MAX_SECONDS if max_seconds is None else max_seconds)
    for _ in range(_MAX_REDIRECTS + 1):
        parts = _split(url)
        place = _allowing(parts, url)
        if parts.scheme not in ("http", "https"):
            stored: bytes = _within(deadline, url, partial(_stored, url, parts, place, most))
            return stored
        got = _asked(url, parts, place, most, deadline)
        if isinstance(got, bytes):
            return got
        url = urljoin(url, got)
    raise ImageError(f"{url} is redirected more than {_MAX_REDIRECTS} times")


def _place(text: str, private: bool) -> _Place:
    try:
        parts = _split(text)
    except ImageError as error:
        raise DataError(f"{error}: write https://host, https://host/folder/ or s3://bucket") from error
    if parts.query or parts.fragment:
        raise DataError(
            f"a place to allow has no query or fragment, got {text!r}: write https://host/folder/"
        )
    return _Place(*_origin(parts), unquote(parts.path) or "/", private)


def _written(place: _Place) -> str:
    port = "" if place.port == _PORTS.get(place.scheme) else f":{place.port}"
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{place.scheme}://{host}{port}{'' if place.path == '/' else place.path}"


def _split(url: str) -> SplitResult:
    """The parts of a URL, which must be unambiguous for all parsers.

    Raises:
        ImageError: the URL is malformed or ambiguous.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ImageError(f"{url!r} is no URL: {error}") from error
    if not parts.scheme or not parts.hostname:
        raise ImageError(f"{url!r} must be a URL with a scheme and a host")
    if parts.username is not None and parts.scheme not in _CONTAINERS:
        raise ImageError(f"{url!r} must be a URL without a user")
    if "\\" in url or not url.isprintable():
        raise ImageError(f"{url!r} must not hold backslashes or control characters")
    return parts


def _origin(url: SplitResult) -> tuple[str, str, int | None]:
    scheme = url.scheme.lower()
    host = (url.hostname or "").rstrip(".").lower()
    host = f"{url.username}@{host}" if url.username else host
    return scheme, host, url.port or _PORTS.get(scheme)


def _allowing(parts: SplitResult, url: str) -> _Place:
    found = [place for place in _ALLOWED if place.holds(parts)]
    if not found:
        origin = f"{parts.scheme}://{parts.netloc}"
        raise ImageError(
            f"{url} is not fetched: images from {origin} are not allowed. If you trust this dataset and the "
            f"place, run nl.allow_images_from({origin!r})"
        )
    return max(found, key=lambda place: place.private)


def _asked(url: str, parts: SplitResult, place: _Place, most: int, deadline: float) -> bytes | str:
    """Send a GET request; returns the bytes, or the URL of a redirect."""
    line = _Line(parts, place, url, deadline)
    path = quote(parts.path, safe=_SAFE) or "/"
    path += f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    with _ended_at(deadline, line, url):
        line.connection.request("GET", path, headers={"User-Agent": "nbalabel"})
        answer = line.connection.getresponse()
        if answer.status in (301, 302, 303, 307, 308) and answer.headers["Location"]:
            return str(answer.headers["Location"])
        if answer.status != 200:
            raise ImageError(f"{url} cannot be read: the server answers {answer.status} {answer.reason}")
        return _limited(answer.read1, url, most, answer.length)


def _limited(read: Callable[[int], bytes], url: str, most: int, told: int | None = None) -> bytes:
    """Read all bytes; raises an ImageError if there are, or ``told`` announces, more than ``most`` bytes."""
    data = bytearray()
    while max(told or 0, len(data)) <= most:
        part = read(_CHUNK)
        if not part:
            return bytes(data)
        data += part
    raise ImageError(f"{url} has more than {most:,} bytes and is not fetched")


class _Line:
    """A connection to a checked address; the name is not resolved a second time."""

    def __init__(self, parts: SplitResult, place: _Place, url: str, deadline: float) -> None:
        _, host, self._port = _origin(parts)
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


def _addresses(host: str, port: int | None, place: _Place, url: str) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    inside = [address for address in addresses if not is_public(address)]
    if inside and not place.private:
        raise ImageError(
            f"{url} is not fetched: {host} is at the private address {inside[0]}. If that server is "
            f"yours, run nl.allow_images_from({_written(place)!r}, private=True)"
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
        raise ImageError(f"{url} cannot be read: {error or type(error).__name__}") from error
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


def _stored(url: str, parts: SplitResult, place: _Place, most: int) -> bytes:
    try:
        import fsspec  # type: ignore[import-untyped]  # ships no types
    except ImportError as error:
        raise MissingExtraError(f"{url} needs fsspec: pip install fsspec") from error
    if parts.scheme in _PORTS:
        _addresses(str(parts.hostname), _origin(parts)[2], place, url)
    try:
        with fsspec.open(url, "rb") as stream:
            return _limited(stream.read, url, most)
    except ImportError as error:  # fsspec names the missing package
        raise MissingExtraError(f"{url} cannot be read yet: {error}") from error
