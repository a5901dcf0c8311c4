"""Sizes and content hashes of many image files, by several threads, without decoding pixels."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ...core.errors import NbalabelError
from ..images.files import below, has_pages, image_size
from ..images.many import each
from ..images.remote.folder import Root
from .listing import Found

_CHUNK = 1 << 20


def sizes_of_files(root: Root, files: Sequence[str]) -> tuple[dict[str, tuple[int, int]], dict[str, str]]:
    """File -> width and height of the images; and file -> reason for files that cannot be read."""
    place = below(root)

    def size(file: str) -> tuple[int, int] | str:
        try:
            return image_size(place(file))
        except NbalabelError as error:
            return str(error)

    found = dict(zip(files, each(size, files, "image sizes"), strict=True))
    sizes = {file: size for file, size in found.items() if not isinstance(size, str)}
    return sizes, {file: said for file, said in found.items() if isinstance(said, str)}


def stacks(paths: Mapping[str, Path]) -> list[str]:
    """Names of the TIFF files with several pictures, such as the layers of a microscope."""
    tiffs = [name for name in paths if name.lower().endswith((".tif", ".tiff"))]

    def several(name: str) -> bool:
        with suppress(NbalabelError):  # it went away since its size was read: found when it is shown
            return has_pages(paths[name])
        return False

    found = each(several, tiffs, "pages")
    return [name for name, is_stack in zip(tiffs, found, strict=True) if is_stack]


def same_bytes(found: Found, files: Iterable[str]) -> dict[str, str]:
    """Of files found, those with the bytes of an earlier one: name -> the first with these bytes."""
    if isinstance(found.root, Path):
        return copies({file: found.root / file for file in files})
    first: dict[str, str] = {}
    marks = {file: found.marks.get(file) for file in files}
    return {
        file: first[mark]
        for file, mark in marks.items()
        if mark is not None and first.setdefault(mark, file) != file
    }


def copies(paths: Mapping[str, Path], earlier: Mapping[str, Path] | None = None) -> dict[str, str]:
    """Find files with the same bytes as an earlier file: name -> the first file with these bytes.

    Only files of equal length are read.

    Args:
        paths: the files to check, by name, in order.
        earlier: files that come before all of ``paths``.
    """
    ordered = [*(earlier or {}).items(), *paths.items()]
    lengths = each(_length, [path for _, path in ordered], "file sizes")
    alike: dict[int, list[int]] = defaultdict(list)
    for i, length in enumerate(lengths):
        if length is not None:
            alike[length].append(i)
    n_earlier = len(ordered) - len(paths)
    at = sorted(i for same in alike.values() if len(same) > 1 and same[-1] >= n_earlier for i in same)
    digests = each(_digest, [ordered[i][1] for i in at], "looking for copies")
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
