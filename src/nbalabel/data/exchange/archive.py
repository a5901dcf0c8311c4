"""Zip files: written whole, and unpacked without trust."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from ...core.errors import FormatError, StorageError, UnsafePathError, first, short
from ..disk.atomic import gone_if_failed, publish
from ..disk.errors import writing
from ..formats.records.files import IMAGE_SUFFIXES
from ..formats.records.files import progress as shown

_MAX_FILES = 1_000_000
"""Most files in a package."""

_MOST_BYTES, _PER_BYTE = 1 << 30, 100
"""A package may unpack to this many bytes, and this many more for each byte of the zip file."""

_UNSAFE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|[\x00-\x1f\\]")
_BLOCK = 1 << 20
_TIME = (1980, 1, 1, 0, 0, 0)  # equal contents give equal bytes


def pack(folder: Path, target: Path) -> None:
    """Write the files of a folder as a zip file, whole or not at all.

    Args:
        folder: the folder.
        target: the zip file; must not exist.

    Raises:
        StorageError: the file exists, or cannot be written.
    """
    if target.exists():
        raise StorageError(f"{target} is there already: choose another name, or remove it first")
    partial = target.with_name(f".{target.name}.part")
    with writing(target), gone_if_failed(partial):
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w") as out:
            for path in shown(sorted(p for p in folder.rglob("*") if p.is_file()), "packing"):
                info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _TIME)
                packed = path.suffix.lower() in IMAGE_SUFFIXES
                info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
                info.external_attr = 0o644 << 16
                with path.open("rb") as source, out.open(info, "w", force_zip64=True) as member:
                    while block := source.read(_BLOCK):
                        member.write(block)
        publish(partial, target)


def unpack(source: Path, folder: Path) -> None:
    """Unpack a zip file into an empty folder.

    Args:
        source: the zip file.
        folder: the folder.

    Raises:
        UnsafePathError: a name leaves the folder, or is a link.
        FormatError: it is no zip file, is damaged or encrypted, or holds names twice, too many files or too
            many bytes.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            _check(source, members)
            for info in shown(members, "unpacking"):
                _extract(archive, info, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, FormatError | UnsafePathError):
            raise
        raise FormatError(f"{source} is no zip file that can be read: {error}") from error
    except OSError as error:
        raise FormatError(f"{source} cannot be unpacked: {error.strerror or error}") from error


def _check(source: Path, members: list[zipfile.ZipInfo]) -> None:
    names = [info.filename for info in members]
    if len(names) > _MAX_FILES:
        raise FormatError(f"{source} may hold {_MAX_FILES:,} files at most, it holds {len(names):,}")
    unsafe = [name for name in names if _UNSAFE.search(name) or len(name) > 1000]
    links = [i.filename for i in members if not _is_plain(i)]
    if unsafe or links:
        what = "names that leave its folder" if unsafe else "links or devices"
        raise UnsafePathError(f"{source} holds {what}: {first(map(short, unsafe or links))}")
    twice = _repeated(name.casefold() for name in names)
    if twice:
        raise FormatError(f"{source} holds the same name more than once: {first(map(short, twice))}")
    size, most = sum(info.file_size for info in members), _MOST_BYTES + _PER_BYTE * source.stat().st_size
    if size > most:
        raise FormatError(f"{source} may unpack to {most:,} bytes at most, it would to {size:,}")


def _is_plain(info: zipfile.ZipInfo) -> bool:
    mode = info.external_attr >> 16
    return stat.S_IFMT(mode) in (0, stat.S_IFREG)


def _repeated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path) -> None:
    """Write one file; no more bytes than its head declares."""
    path = folder / info.filename
    path.parent.mkdir(parents=True, exist_ok=True)
    left = info.file_size
    with archive.open(info) as member, path.open("xb") as out:
        while block := member.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise FormatError(f"{short(info.filename)} unpacks to more bytes than its head declares")
            out.write(block)
