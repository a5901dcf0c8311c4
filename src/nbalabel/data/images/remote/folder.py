"""A folder of pictures that lies elsewhere: a bucket of object storage, or a part of a web server."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import quote, unquote

import pandas as pd

from ....core.errors import DataError, FormatError, ImageError, first
from ....core.tables.image_files import problem
from ....core.urls import is_url
from . import places
from .fetching import md5_of, opener

_ODD = re.compile(r"[?#*:<>|\x00-\x1f\\]")
_WEB = ("http://", "https://")


@dataclass(frozen=True)
class RemoteFolder:
    """A folder at a URL, which the user named, so that pictures may be fetched from it in this session.

    Attributes:
        url: it ends with "/".
    """

    url: str

    @classmethod
    def of(cls, url: str) -> RemoteFolder:
        """The folder at a URL.

        Raises:
            FormatError: it is no URL that pictures can come from.
        """
        found = cls(url.rstrip("/") + "/")
        wrong = problem(found.file("a.png"))
        if wrong is None:
            try:
                parts = places.split(url)
            except ImageError as error:
                raise FormatError(str(error)) from error
            wrong = "it has a query" if parts.query or parts.fragment else None
        if wrong is not None:
            raise FormatError(f"{url!r} cannot be a folder of pictures: {wrong}")
        places.allow_images_from(found.url)
        return found

    def file(self, name: str) -> str:
        """The URL of a file below the folder; a name that is a URL stays what it is.

        Example:
            >>> RemoteFolder("https://example.org/reef/").file("day 1/a#1.jpg")
            'https://example.org/reef/day%201/a%231.jpg'
            >>> RemoteFolder("s3://bucket/").file("day 1/a.jpg")
            's3://bucket/day 1/a.jpg'
        """
        if is_url(name):
            return name
        return self.url + (quote(name) if _is_web(self.url) else name)

    def list(self, suffixes: Collection[str]) -> dict[str, str | None]:
        """Files with these suffixes below the folder, by relative name; hidden ones are left out.

        Returns:
            The MD5 of each file, in hexadecimal digits, where the storage tells it; in the storage's order.

        Raises:
            FormatError: the place cannot be listed, or has no such folder.
            MissingExtraError: fsspec, or the package that it needs for this scheme, is not installed.
        """
        if _is_web(self.url):
            raise FormatError(
                f"{self.url} cannot be listed: a web server does not say which files it has. Read a file "
                f"that names them: nl.read_coco(FILE, images={self.url!r})"
            )
        fsspec = opener(self.url)
        try:
            system, path = fsspec.core.url_to_fs(self.url)
            found = system.find(path, detail=True)
        except ImportError as error:  # fsspec names the missing package
            raise FormatError(f"{self.url} cannot be listed yet: {error}") from error
        except Exception as error:  # every file system has its own
            raise FormatError(f"{self.url} cannot be listed: {error or type(error).__name__}") from error
        inside = path.rstrip("/") + "/"
        names = {name.removeprefix(inside): md5_of(info) for name, info in found.items() if name != inside}
        wanted = {name: mark for name, mark in names.items() if _is_wanted(name, suffixes)}
        if not names:
            raise FormatError(f"there is no folder {self.url}, or nothing in it")
        odd = [name for name in wanted if problem(self.file(name)) is not None or problem(name) is not None]
        if odd:
            raise FormatError(f"{len(odd)} names below {self.url} cannot be used: {first(odd)}")
        return wanted

    def __str__(self) -> str:
        return self.url


Root: TypeAlias = Path | RemoteFolder
"""Where pictures are: a folder of this machine, or one elsewhere."""


def at_urls(images: pd.DataFrame, folder: RemoteFolder) -> pd.DataFrame:
    """Images named by where they are: the column ``file`` with URLs below the folder."""
    return images.assign(file=[folder.file(str(file)) for file in images["file"]])


def names_here(files: Sequence[str]) -> list[str]:
    """Names that pictures get in a folder here: of a URL what comes after the folder that all share.

    Raises:
        DataError: two images would have the same name.

    Example:
        >>> names_here(["s3://bucket/dives/1/a.png", "s3://bucket/dives/2/a.png", "here.png"])
        ['1/a.png', '2/a.png', 'here.png']
        >>> names_here(["https://example.org/a%20b.png?size=2", "s3://bucket/a%20b.png"])
        ['example.org/a b.png', 'bucket/a%20b.png']
    """
    remote = [file for file in files if is_url(file)]
    folders = zip(*(file.split("/")[:-1] for file in remote), strict=False)
    shared = takewhile(lambda parts: len(set(parts)) == 1, folders)
    folder = "".join(f"{parts[0]}/" for parts in shared)
    named = [_plain(file, folder) if is_url(file) else file for file in files]
    twice = [name for name, n in Counter(named).items() if n > 1] if remote else []
    if twice:
        raise DataError(f"{len(twice)} names would be those of several images: {first(twice)}")
    return named


def _plain(url: str, folder: str) -> str:
    """What comes after the folder, as a name that every file system takes."""
    rest = url.removeprefix(folder).rpartition("://")[2]
    return _ODD.sub("_", unquote(rest.partition("?")[0]) if _is_web(url) else rest)


def _is_web(url: str) -> bool:
    """Whether names are quoted in a URL; those of objects in a bucket are as they are."""
    return url.lower().startswith(_WEB)


def name_of(root: Root) -> str:
    """The last part of a folder's path."""
    return PurePosixPath(root.url).name if isinstance(root, RemoteFolder) else root.resolve().name


def is_there(root: Root) -> bool:
    """Whether there is such a folder here; one elsewhere was named by the user, and is not looked for."""
    return isinstance(root, RemoteFolder) or root.is_dir()


def _is_wanted(name: str, suffixes: Collection[str]) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in suffixes and not any(part.startswith(".") for part in path.parts)
