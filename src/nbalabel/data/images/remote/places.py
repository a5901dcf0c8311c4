"""Places that pictures may be fetched from: none, until :func:`allow_images_from` names it.

``images.file`` may be a URL from an untrusted dataset. A kernel that fetched every URL could be directed to
services of its own machine and network (server-side request forgery).
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from ....core.carried import carry
from ....core.errors import DataError, ImageError

PORTS = {"http": 80, "https": 443, "ftp": 21, "sftp": 22}
_CONTAINERS = ("abfs", "abfss")  # container@account


class Place(NamedTuple):
    """A server, or a folder on one.

    Attributes:
        scheme: in small letters.
        host: likewise.
        port: None where the scheme has none.
        path: that every file must begin with.
        private: whether private addresses of the host are allowed.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    private: bool

    def holds(self, url: SplitResult) -> bool:
        """Whether a URL is inside."""
        path = unquote(url.path) or "/"
        inside = path == self.path or path.startswith(self.path.rstrip("/") + "/")
        return inside and self[:3] == origin(url) and ".." not in path.split("/")


_ALLOWED: list[Place] = []


def _take_over(places: list[tuple[Any, ...]]) -> None:
    """Allow what the session allows that a worker works for."""
    _ALLOWED[:] = [Place(*place) for place in places]


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
    return tuple(map(written, _ALLOWED))


def _place(text: str, private: bool) -> Place:
    try:
        parts = split(text)
    except ImageError as error:
        raise DataError(f"{error}: write https://host, https://host/folder/ or s3://bucket") from error
    if parts.query or parts.fragment:
        raise DataError(
            f"a place to allow has no query or fragment, got {text!r}: write https://host/folder/"
        )
    return Place(*origin(parts), unquote(parts.path) or "/", private)


def written(place: Place) -> str:
    """The place as a URL."""
    port = "" if place.port == PORTS.get(place.scheme) else f":{place.port}"
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{place.scheme}://{host}{port}{'' if place.path == '/' else place.path}"


def split(url: str) -> SplitResult:
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


def origin(url: SplitResult) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL."""
    scheme = url.scheme.lower()
    host = (url.hostname or "").rstrip(".").lower()
    host = f"{url.username}@{host}" if url.username else host
    return scheme, host, url.port or PORTS.get(scheme)


def allowing(parts: SplitResult, url: str) -> Place:
    """The place that allows a URL.

    Raises:
        ImageError: there is none.
    """
    found = [place for place in _ALLOWED if place.holds(parts)]
    if not found:
        origin = f"{parts.scheme}://{parts.netloc}"
        raise ImageError(
            f"{url} is not fetched: images from {origin} are not allowed. If you trust this dataset and the "
            f"place, run nl.allow_images_from({origin!r})"
        )
    return max(found, key=lambda place: place.private)
