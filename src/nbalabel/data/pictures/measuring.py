"""Sizes and content hashes of many image files, by several threads, without decoding pixels."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ...core.cores import cores
from ...core.errors import NbalabelError
from ..formats.records.files import progress
from ..images.files import Below, image_size

T = TypeVar("T")
R = TypeVar("R")

_CHUNK = 1 << 20


def sizes_of_files(root: Path, files: Sequence[str]) -> tuple[dict[str, tuple[int, int]], dict[str, str]]:
    """File -> width and height of the images; and file -> reason for files that cannot be read."""
    below = Below(root)

    def size(file: str) -> tuple[int, int] | str:
        try:
            return image_size(below.path(file))
        except NbalabelError as error:
            return str(error)

    found = dict(zip(files, _each(size, files, "image sizes"), strict=True))
    sizes = {file: size for file, size in found.items() if not isinstance(size, str)}
    return sizes, {file: said for file, said in found.items() if isinstance(said, str)}


def copies(paths: Mapping[str, Path], earlier: Mapping[str, Path] | None = None) -> dict[str, str]:
    """Find files with the same bytes as an earlier file: name -> the first file with these bytes.

    Only files of equal length are read.

    Args:
        paths: the files to check, by name, in order.
        earlier: files that come before all of ``paths``.
    """
    ordered = [*(earlier or {}).items(), *paths.items()]
    lengths = _each(_length, [path for _, path in ordered], "file sizes")
    alike: dict[int, list[int]] = defaultdict(list)
    for i, length in enumerate(lengths):
        if length is not None:
            alike[length].append(i)
    n_earlier = len(ordered) - len(paths)
    at = sorted(i for same in alike.values() if len(same) > 1 and same[-1] >= n_earlier for i in same)
    digests = _each(_digest, [ordered[i][1] for i in at], "looking for copies")
    known: dict[bytes, str] = {}
    out: dict[str, str] = {}
    for i, digest in zip(at, digests, strict=True):
        if digest is None:
            continue
        name = ordered[i][0]
        before = known.setdefault(digest, name)
        if i >= n_earlier and before != name:
            out[name] = before
    return out


def _each(work: Callable[[T], R], items: Sequence[T], what: str) -> list[R]:
    """``work(item)`` for each item, in order, by several threads, which mostly wait for the disk."""
    n_threads = min(32, cores() + 4)
    with ThreadPoolExecutor(n_threads) as pool:

        def done() -> Iterator[R]:
            """Start the threads only after the bar is imported: warnings are suppressed while they read."""
            yield from pool.map(work, items)

        try:
            return list(progress(done(), what, len(items)))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _length(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _digest(path: Path) -> bytes | None:
    digest = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return digest.digest()
